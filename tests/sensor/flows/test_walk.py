"""The pass over the frames: what each frame comes to, and that none is lost silently."""

from __future__ import annotations

import struct

import pytest

from tests.frames import (
    CLIENT,
    CLIENT6,
    RAW,
    SECOND,
    SERVER,
    SERVER6,
    START,
    UDP_ENDS,
    Ends,
    Packet,
    Talk,
    conn,
    ethernet,
    flow,
    flows,
    icmp_message,
    ipv4,
    ipv6,
    tcp,
    tcp_segment,
    timed,
    track,
    udp,
    udp_datagram,
)

DATAGRAM = udp_datagram(UDP_ENDS, b"12345")
ENDS6: Ends = (CLIENT6, 40000, SERVER6, 9999)
DATAGRAM6 = udp_datagram(ENDS6, b"12345")
BAD_HEADER = bytearray(tcp_segment(UDP_ENDS, "S"))
BAD_HEADER[12] = 0x40
GOOD = udp(UDP_ENDS, b"12345")

# Name: a frame, and the weird that it is counted under. Checksums are verified.
BAD = {
    "a cut Ethernet header": (GOOD[:13], "truncated_link_header"),
    "ARP": (ethernet(bytes(28), 0x0806), "unknown_network_protocol"),
    "a cut IP header": (GOOD[:33], "truncated_IP"),
    "another IP version": (ethernet(b"\x50" + bytes(40), 0x0800), "unknown_ip_version"),
    "no IP length": (ethernet(ipv4(DATAGRAM, protocol=17, length=0)), "ip_hdr_len_zero"),
    "more than the wire had": (ethernet(ipv4(b"", length=99)), "truncated_IP_len"),
    "a short IP header": (ethernet(ipv4(DATAGRAM, words=4)), "invalid_IP_header_size"),
    "a wrong IP checksum": (ethernet(ipv4(DATAGRAM, wrong=1)), "bad_IP_checksum"),
    "a short UDP header": (ethernet(ipv4(DATAGRAM[:7], protocol=17)), "truncated_header"),
    "a short TCP header": (ethernet(ipv4(bytes(19), protocol=6)), "truncated_header"),
    "a short ICMP header": (ethernet(ipv4(bytes(7), protocol=1)), "truncated_header"),
    "a bad TCP header": (ethernet(ipv4(bytes(BAD_HEADER))), "bad_TCP_header_len"),
    "a wrong TCP checksum": (tcp(UDP_ENDS, "S", wrong=1), "bad_TCP_checksum"),
    "a wrong UDP checksum": (udp(UDP_ENDS, b"1", wrong=1), "bad_UDP_checksum"),
    "a wrong ICMP checksum": (
        ethernet(ipv4(icmp_message(8, wrong=1), protocol=1)), "bad_ICMP_checksum",
    ),
    "nothing behind IPv6": (ethernet(ipv6(b"", protocol=59)), "ipv6_no_next_header"),
    "ESP in IPv6": (ethernet(ipv6(bytes(30), protocol=50)), "ipv6_ESP"),
}  # fmt: skip
BEGIN_A_FLOW = {
    "a bad TCP header", "a wrong TCP checksum", "a wrong UDP checksum", "a wrong ICMP checksum",
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_bad_frame_is_counted_once_and_by_its_reason(name: str) -> None:
    frame, reason = BAD[name]
    packets = timed(frame, GOOD, frame, frame)
    table, tracker = track(packets, verify=True)
    assert dict(tracker.weirds) == {reason: 3}
    assert tracker.frames == 4
    assert tracker.octets == sum(len(one.data) for one in packets)
    rows = table.filter(table["orig_pkts"] > 0).to_dicts()
    assert [(row["orig_h"], row["orig_p"], row["orig_pkts"]) for row in rows] == [
        (CLIENT, 40000, 1)
    ]


@pytest.mark.parametrize("name", BAD)
def test_only_a_frame_with_ports_begins_a_flow(name: str) -> None:
    rows = flows(timed(BAD[name][0]), verify=True)
    assert len(rows) == (name in BEGIN_A_FLOW)
    for row in rows:
        assert (row["orig_pkts"], row["orig_ip_bytes"], row["conn_state"]) == (0, 0, "OTH")
        assert (row["duration"], row["payload_sizes"]) == (None, [])


@pytest.mark.parametrize("link", [2, 105, 195, 65_535])
def test_frames_of_other_link_types_are_counted(link: int) -> None:
    table, tracker = track([Packet(START, GOOD, None, link)])
    assert len(table) == 0
    assert dict(tracker.weirds) == {"unknown_link_type": 1}


@pytest.mark.parametrize("time", [-1, -(2**31) * SECOND, -(2**63)])
def test_a_time_before_1970_is_skipped_without_state_or_timers(time: int) -> None:
    packets = [Packet(START, GOOD), Packet(time, GOOD), Packet(START + 59 * SECOND, GOOD)]
    table, tracker = track(packets)
    assert table["orig_pkts"].to_list() == [2]
    assert dict(tracker.weirds) == {"negative_packet_timestamp": 1}
    assert tracker.frames == 3


def test_the_first_instant_of_1970_is_a_time() -> None:
    row = flow([Packet(0, GOOD), Packet(SECOND, GOOD)])
    assert (row["orig_pkts"], row["duration"].total_seconds()) == (2, 1)


def test_nothing_is_wrong_with_good_frames() -> None:
    packets = [*Talk().handshake().client("PA", b"x").packets, *timed(GOOD)]
    assert not track(packets, verify=True)[1].weirds


def test_no_frames_are_no_flows() -> None:
    table, tracker = track([])
    assert len(table) == 0
    assert (tracker.frames, tracker.octets) == (0, 0)


def test_bytes_are_counted_as_they_were_on_the_wire() -> None:
    tracker = track([Packet(START, GOOD[:40], 1500), Packet(START, b"", 70)])[1]
    assert tracker.octets == 1570


def test_vlan_tags_and_padding_make_no_other_flow_and_count_nowhere() -> None:
    inner = ipv4(DATAGRAM, protocol=17)
    frames = [ethernet(inner), ethernet(inner, tags=[(0x8100, 7)]), ethernet(inner) + bytes(20)]
    frames.append(ethernet(inner, tags=[(0x88A8, 7), (0x8100, 8)]))
    packets = [*timed(*frames), Packet(START + SECOND, inner, None, RAW)]
    row = flow(packets, verify=True)
    assert (row["orig_pkts"], row["orig_ip_bytes"], row["orig_bytes"]) == (5, 5 * 33, 25)


def test_segmentation_offload_leaves_no_length_and_what_was_captured_counts() -> None:
    segment = tcp_segment(UDP_ENDS, "PA", 1000, 1, bytes(20_000), wrong=1)
    frames = [ethernet(ipv4(segment, length=0)), tcp(UDP_ENDS, "A", 21_000, 1)]
    row = flow(timed(*frames))
    assert (row["orig_bytes"], row["orig_pkts"], row["orig_ip_bytes"]) == (20_000, 2, 40)


def test_several_flows_are_kept_apart_while_they_are_mixed() -> None:
    talks = [Talk((CLIENT, 40000 + k, SERVER, 9999)).handshake() for k in range(5)]
    for k, talk in enumerate(talks):
        talk.client("PA", bytes(k + 1)).server("PA", bytes(10 * k)).client("R")
    packets = [
        one for group in zip(*(talk.packets for talk in talks), strict=True) for one in group
    ]
    rows = sorted(flows(packets), key=lambda row: row["orig_p"])
    assert [row["orig_bytes"] for row in rows] == [1, 2, 3, 4, 5]
    assert [row["resp_bytes"] for row in rows] == [0, 10, 20, 30, 40]


def fragments(payload: bytes, size: int, identifier: int = 7) -> list[bytes]:
    """The fragments of an IPv4 datagram, of `size` bytes of data each."""
    found = []
    for at in range(0, len(payload), size):
        more = 0x2000 if at + size < len(payload) else 0
        word = more | at // 8
        part = payload[at : at + size]
        found.append(
            ethernet(ipv4(part, protocol=17, identifier=identifier, fragment=word)),
        )
    return found


def fragments6(payload: bytes, size: int, identifier: int = 7) -> list[bytes]:
    """The fragments of an IPv6 datagram; of one fragment, an atomic one."""
    found = []
    for at in range(0, len(payload), size):
        rest = struct.pack(">BHI", 0, at | (at + size < len(payload)), identifier)
        part = payload[at : at + size]
        found.append(ethernet(ipv6(part, protocol=17, headers=[(44, rest)])))
    return found


BIG = udp_datagram(UDP_ENDS, bytes(range(256)) * 8)  # 2048 bytes and a header
BIG6 = udp_datagram(ENDS6, bytes(range(256)) * 8)
SPLIT = {"IPv4": (fragments, BIG, 20), "IPv6": (fragments6, BIG6, 40)}


@pytest.mark.parametrize("version", SPLIT)
@pytest.mark.parametrize("order", ["as sent", "reversed", "each twice", "first last"])
def test_a_datagram_in_fragments_is_one_packet_of_its_whole_length(
    version: str, order: str
) -> None:
    split, datagram, header = SPLIT[version]
    parts = split(datagram, 512)
    assert len(parts) == 5
    sent = {
        "as sent": parts,
        "reversed": parts[::-1],
        "each twice": [part for part in parts for _ in range(2)],
        "first last": parts[1:] + parts[:1],
    }[order]
    table, tracker = track(timed(*sent), verify=True)
    (row,) = table.to_dicts()
    assert (row["orig_pkts"], row["orig_ip_bytes"]) == (1, header + len(datagram))
    assert row["payload_sizes"] == [2048]
    assert row["orig_head"] == bytes(range(128))
    assert not set(tracker.weirds) - {"incomplete_datagram"}
    # The time is that of the fragment that made it whole.
    completing = 8 if order == "each twice" else 4
    assert row["ts"].timestamp() == pytest.approx(START / 1e9 + completing * 0.1)


@pytest.mark.parametrize("version", SPLIT)
def test_a_datagram_of_which_a_fragment_is_missing_is_no_packet(version: str) -> None:
    split, datagram, _ = SPLIT[version]
    parts = split(datagram, 512)
    for missing in range(5):
        assert flows(timed(*parts[:missing], *parts[missing + 1 :])) == []


def test_fragments_of_another_datagram_do_not_complete_it() -> None:
    one, other = fragments(BIG, 512, 7), fragments(BIG, 512, 8)
    assert flows(timed(*one[:2], *other[2:])) == []
    assert flow(timed(*one[:2], *other[:1], *one[2:], *other[1:]))["orig_pkts"] == 2


def test_fragments_may_come_in_different_blocks() -> None:
    packets = timed(*fragments(BIG, 512))
    assert conn(packets, cuts=range(1, 5))["orig_pkts"].to_list() == [1]


def test_of_overlapping_fragments_the_first_data_counts() -> None:
    parts = fragments(BIG, 512)
    again = ethernet(ipv4(b"\xff" * 1024, protocol=17, identifier=7, fragment=0x2000 | 64))
    row = flow(timed(parts[0], parts[1], again, *parts[3:]), verify=False)
    assert (row["orig_pkts"], row["orig_ip_bytes"]) == (1, 20 + len(BIG))


def test_a_first_fragment_that_was_cut_still_tells_its_ports() -> None:
    first, second, *_ = fragments(BIG, 1024)
    packets = [Packet(START, one[:60], len(one)) for one in (first, second)]
    table, tracker = track(packets)
    assert table["orig_pkts"].to_list() == [1]
    assert dict(tracker.weirds) == {"incompletely_captured_fragment": 1}


@pytest.mark.parametrize("headers", [[], [(0, bytes([0, 1, 4, 0, 0, 0, 0]))]])
def test_an_atomic_fragment_counts_without_its_fragment_header(headers: list) -> None:
    rest = (44, struct.pack(">BHI", 0, 0, 7))
    frame = ethernet(ipv6(DATAGRAM6, protocol=17, headers=[*headers, rest]))
    row = flow(timed(frame, frame), verify=True)
    assert (row["proto"], row["orig_p"]) == ("udp", 40000)
    assert (row["orig_pkts"], row["orig_ip_bytes"]) == (2, 2 * (40 + 8 * len(headers) + 13))


def test_the_chain_goes_on_behind_an_atomic_fragment() -> None:
    # Zeek puts it together like any other and walks the chain of what it got (Frag.cc, IP.cc).
    headers = [(44, struct.pack(">BHI", 0, 0, 7)), (60, bytes([0, 1, 4, 0, 0, 0, 0]))]
    row = flow(timed(ethernet(ipv6(DATAGRAM6, protocol=17, headers=headers))))
    assert (row["proto"], row["orig_ip_bytes"]) == ("udp", 40 + 8 + 13)


def test_the_longest_datagram_is_put_together_and_a_longer_one_is_not() -> None:
    payload = udp_datagram(UDP_ENDS, bytes(65_507 - 8))
    assert flow(timed(*fragments(payload, 1480)))["orig_pkts"] == 1
    beyond = ethernet(ipv4(bytes(16), protocol=17, identifier=7, fragment=0x1FFF))
    table, tracker = track(timed(beyond))
    assert len(table) == 0
    assert dict(tracker.weirds) == {"excessively_large_fragment": 1}


INNER = ipv4(DATAGRAM, protocol=17)
WRAPPINGS = {
    "IP in IP": lambda inner, ends: ipv4(inner, *ends, 4),
    "GRE": lambda inner, ends: ipv4(b"\0\0\x08\0" + inner, *ends, 47),
    "GRE and Ethernet": lambda inner, ends: ipv4(b"\0\0\x65\x58" + ethernet(inner), *ends, 47),
    "VXLAN": lambda inner, ends: ipv4(
        udp_datagram((ends[0], 1, ends[1], 4789), b"\x08" + bytes(7) + ethernet(inner)), *ends, 17
    ),
    "Geneve": lambda inner, ends: ipv4(
        udp_datagram((ends[0], 1, ends[1], 6081), b"\0\0\x08\0" + bytes(4) + inner), *ends, 17
    ),
}


def wrapped(name: str, depth: int) -> bytes:
    """A datagram inside so many tunnels, each between two other hosts."""
    packet = INNER
    for level in range(depth):
        ends = (f"10.{100 + (level >> 8)}.{level & 255}.1", "192.0.2.1")
        packet = WRAPPINGS[name](packet, ends)
    return ethernet(packet)


@pytest.mark.parametrize("name", WRAPPINGS)
def test_packets_are_followed_through_four_tunnels_and_no_further(name: str) -> None:
    for depth in range(1, 7):
        table, tracker = track(timed(wrapped(name, depth)))
        found = table.filter(table["orig_h"] == CLIENT) if len(table) else table
        assert len(found) == (depth <= 4)
        assert dict(tracker.weirds) == ({} if depth <= 4 else {"exceeded_tunnel_max_depth": 1})


@pytest.mark.parametrize(("name", "most"), [("IP in IP", 3000), ("GRE", 2500), ("VXLAN", 1200)])
def test_a_packet_inside_thousands_of_tunnels_does_no_harm(name: str, most: int) -> None:
    """Each of them might be a flow of its own: more than there is room for."""
    packets = timed(wrapped(name, most), GOOD)
    table, tracker = track(packets)
    assert tracker.weirds["exceeded_tunnel_max_depth"] == 1
    assert CLIENT in table["orig_h"].to_list()
    assert len(table) <= 1 + 5
