"""How a flow begins: who is the originator when its beginning was not seen."""

from __future__ import annotations

import pytest

from tests.frames import (
    CLIENT,
    CLIENT6,
    SERVER,
    SERVER6,
    Ends,
    back,
    ethernet,
    flow,
    flows,
    icmp,
    ipv4,
    tcp,
    timed,
    udp,
)

# The ports that Zeek 8.2 registers an analyzer for, as it was found without Spicy.
TCP_PORTS = {
    21, 22, 25, 53, 79, 80, 81, 88, 135, 139, 143, 443, 445, 465, 502, 563, 585, 587, 614, 631, 636,
    989, 990, 992, 993, 995, 1080, 1434, 1883, 2811, 3128, 3306, 3389, 5222, 5223, 5269,
    *range(6666, 6670), 8000, 8080, 8888, 20000,
}  # fmt: skip
UDP_PORTS = {
    53, 67, 88, 123, 137, 161, 162, 443, 514, 1812, 2123, 2152, 3389, 3544, 4011, 4754, 4789, 5060,
    5072, 5353, 5355, 6081, 20000,
}  # fmt: skip
NO_PORTS = {
    1, 389, 514, 784, 853, 1194, 2375, 2598, 3268, 5432, 5900, 5985, 6379, 6443, 8443, 9999, 51820,
}  # fmt: skip


def originator(frame: bytes) -> tuple[str, int]:
    row = flow(timed(frame))
    return row["orig_h"], row["orig_p"]


def was_flipped(ends: Ends, frame: bytes) -> bool:
    """Whether the receiver of a flow's first frame is its originator; the history must say so."""
    row = flow(timed(frame))
    flipped = (row["orig_h"], row["orig_p"]) == ends[2:]
    assert flipped or (row["orig_h"], row["orig_p"]) == ends[:2]
    assert (row["history"] or "").startswith("^") == flipped
    # What was sent counts for the sender, whichever role it has.
    assert (row["orig_pkts"], row["resp_pkts"]) == ((0, 1) if flipped else (1, 0))
    return flipped


def ends_of(source_port: int, target_port: int) -> Ends:
    return (SERVER, source_port, CLIENT, target_port)


def test_who_sends_from_a_servers_port_is_the_responder() -> None:
    asked = sorted(TCP_PORTS | UDP_PORTS | NO_PORTS)
    frames = [tcp(ends_of(port, 45_678), "A", payload=b"x") for port in asked]
    frames += [udp(ends_of(port, 45_678), b"x") for port in asked]
    rows = flows(timed(*frames, every=0))
    assert len(rows) == 2 * len(asked)
    for proto, expected in (("tcp", TCP_PORTS), ("udp", UDP_PORTS)):
        found = [row for row in rows if row["proto"] == proto]
        assert {row["resp_p"] for row in found if row["resp_h"] == SERVER} == expected
        assert {row["orig_p"] for row in found if row["orig_h"] == SERVER} == set(asked) - expected
        assert all(row["history"].startswith("^") == (row["resp_h"] == SERVER) for row in found)


@pytest.mark.parametrize("flags", ["SA", "A", "PA", "FA", "R", "RA", "F", ""])
def test_every_tcp_packet_but_a_pure_syn_tells_by_its_ports(flags: str) -> None:
    ends = ends_of(80, 45_678)
    assert was_flipped(ends, tcp(ends, flags))


def test_the_sender_of_a_syn_is_the_originator_whatever_its_port() -> None:
    ends = ends_of(80, 45_678)
    assert not was_flipped(ends, tcp(ends, "S"))
    assert was_flipped(ends, tcp(ends, "SA"))


def test_between_two_servers_ports_the_higher_is_the_clients() -> None:
    for source, target, flipped in ((22, 80, True), (80, 22, False), (80, 80, False)):
        ends = ends_of(source, target)
        assert was_flipped(ends, tcp(ends, "A")) == flipped


def test_a_syn_ack_between_two_servers_ports_may_be_provoked_by_a_scan() -> None:
    for source, target in ((22, 80), (80, 22)):
        ends = ends_of(source, target)
        assert not was_flipped(ends, tcp(ends, "SA"))


def test_udp_between_two_servers_ports_tells_nothing() -> None:
    for source, target in ((53, 123), (123, 53), (5353, 5353)):
        ends = ends_of(source, target)
        assert not was_flipped(ends, udp(ends, b"x"))


@pytest.mark.parametrize("ends", [(SERVER6, 443, CLIENT6, 45_678), (CLIENT6, 443, SERVER6, 45_678)])
def test_ports_tell_in_ipv6_too(ends: Ends) -> None:
    assert was_flipped(ends, tcp(ends, "A"))
    assert was_flipped(ends, udp(ends, b"x"))


def test_broadcast_is_never_an_originator() -> None:
    for ends in ((SERVER, port, "255.255.255.255", 45_678) for port in (67, 443)):
        assert not was_flipped(ends, udp(ends, b"x"))
        assert not was_flipped(ends, tcp(ends, "A"))


def test_who_is_asked_by_broadcast_may_be_the_responder() -> None:
    # The test is on where the packet goes, before roles are exchanged.
    ends: Ends = ("255.255.255.255", 67, SERVER, 45_678)
    assert was_flipped(ends, udp(ends, b"x"))


def test_other_broadcast_addresses_are_as_good_as_any() -> None:
    for address in ("255.255.255.254", "192.0.2.255", "224.0.0.251"):
        ends: Ends = (SERVER, 67, address, 45_678)
        assert was_flipped(ends, udp(ends, b"x"))


@pytest.mark.parametrize("kind", [0, 3, 8, 80])
def test_icmp_is_never_flipped_though_its_types_look_like_ports(kind: int) -> None:
    assert originator(icmp(SERVER, CLIENT, kind)) == (SERVER, kind)


def test_unknown_protocols_are_of_the_sender() -> None:
    for source, target in ((CLIENT, SERVER), (SERVER, CLIENT)):
        row = flow(timed(ethernet(ipv4(b"\0\x50\0\x50", source, target, 89))))
        assert (row["orig_h"], row["resp_h"], row["history"]) == (source, target, None)


@pytest.mark.parametrize("flipped", [True, False])
def test_the_first_packets_time_and_number_are_the_flows(flipped: bool) -> None:
    ends = ends_of(80 if flipped else 811, 45_678)
    packets = timed(udp((CLIENT, 7, SERVER, 8)), tcp(ends, "A"), tcp(back(ends), "A"), every=1)
    _, row = flows(packets)
    assert row["ts"].timestamp() == packets[1].time / 1e9
    assert row["frame"] == 2
