"""UDP, ICMP and other transports: who spoke, how much, and what their applications tell."""

from __future__ import annotations

import pytest

from tests.frames import (
    CLIENT,
    SERVER,
    SERVER6,
    START,
    UDP_ENDS,
    Ends,
    Packet,
    back,
    ethernet,
    flow,
    flows,
    icmp,
    icmp_message,
    ipv4,
    ipv6,
    timed,
    udp,
    udp_datagram,
)

QUERY = bytes([0, 1, 1, 0]) + bytes(8) + b"\x01x\0\0\x01\0\x01"
ANSWER = bytes([0, 1, 0x81, 0x80]) + bytes(8) + b"\x01x\0\0\x01\0\x01"
NAME_PORTS = (53, 137, 5353, 5355)


def roles(row: dict) -> tuple[str, int, str, int]:
    return row["orig_h"], row["orig_p"], row["resp_h"], row["resp_p"]


def test_datagrams_count_for_who_sent_them() -> None:
    row = flow(timed(udp(UDP_ENDS, b"12345"), udp(back(UDP_ENDS), b"1"), udp(UDP_ENDS, b"12")))
    assert (row["conn_state"], row["history"]) == ("SF", "Dd")
    assert (row["orig_bytes"], row["resp_bytes"]) == (7, 1)
    assert (row["orig_ip_bytes"], row["resp_ip_bytes"]) == (2 * 28 + 7, 28 + 1)


def test_only_one_side_spoke() -> None:
    row = flow(timed(udp(UDP_ENDS, b"12345"), udp(UDP_ENDS, b"1")))
    assert (row["conn_state"], row["history"], row["resp_bytes"]) == ("S0", "D", 0)


def test_only_the_responder_spoke() -> None:
    ends = (SERVER, 443, CLIENT, 40000)
    row = flow(timed(udp(ends, b"12345"), udp(ends, b"1")))
    assert (row["conn_state"], row["history"]) == ("SHR", "^d")
    assert (row["orig_bytes"], row["resp_bytes"]) == (0, 6)


def test_an_empty_datagram_is_speech() -> None:
    row = flow(timed(udp(UDP_ENDS), udp(UDP_ENDS)))
    assert (row["conn_state"], row["orig_bytes"]) == ("S0", 0)


def test_a_datagram_counts_by_its_header_though_it_was_cut() -> None:
    packets = timed(udp(UDP_ENDS, bytes(1000)), udp(UDP_ENDS, bytes(1000)))
    cut = [one._replace(data=one.data[:42], wire=len(one.data)) for one in packets]
    row = flow(cut)
    assert (row["orig_bytes"], row["orig_ip_bytes"], row["orig_pkts"]) == (2000, 2056, 2)
    assert row["orig_head"] is None


@pytest.mark.parametrize("length", [0, 4, 7])
def test_a_length_below_8_leaves_its_side_inactive(length: int) -> None:
    bad = udp(UDP_ENDS, b"12345", length=length)
    row = flow(timed(bad, bad))
    assert (row["conn_state"], row["history"]) == ("OTH", "D")
    assert (row["orig_bytes"], row["orig_pkts"], row["orig_ip_bytes"]) == (0, 2, 2 * 33)


def test_a_length_of_8_is_an_empty_datagram() -> None:
    row = flow(timed(*[udp(UDP_ENDS, b"12345", length=8)] * 2))
    assert (row["conn_state"], row["orig_bytes"]) == ("S0", 0)


def test_a_wrong_checksum_leaves_a_letter_and_counts_nowhere() -> None:
    frames = [udp(UDP_ENDS, b"1", wrong=1)] * 10 + [udp(back(UDP_ENDS), b"12", wrong=1)]
    row = flow(timed(*frames, udp(UDP_ENDS, b"123")), verify=True)
    assert (row["history"], row["conn_state"]) == ("CCcD", "S0")
    assert (row["orig_bytes"], row["orig_pkts"], row["resp_pkts"]) == (3, 1, 0)


def test_pings_are_one_flow_without_state_or_history() -> None:
    frames = [icmp(CLIENT, SERVER, 8, 0, bytes(56)), icmp(SERVER, CLIENT, 0, 0, bytes(56))]
    row = flow(timed(*frames * 2))
    assert (row["conn_state"], row["history"]) == ("OTH", None)
    assert roles(row) == (CLIENT, 8, SERVER, 0)
    assert (row["orig_bytes"], row["resp_bytes"], row["resp_pkts"]) == (112, 112, 2)
    assert row["orig_ip_bytes"] == 2 * 84


def test_a_reply_seen_first_is_of_its_sender() -> None:
    row = flow(timed(icmp(SERVER, CLIENT, 0), icmp(CLIENT, SERVER, 8)))
    assert roles(row) == (SERVER, 0, CLIENT, 8)


def test_a_message_that_was_cut_counts_its_payload_but_is_no_packet() -> None:
    whole = icmp(CLIENT, SERVER, 8, 0, bytes(56))
    packets = timed(whole, whole, whole)
    packets[1] = packets[1]._replace(data=whole[:60], wire=len(whole))
    row = flow(packets)
    assert (row["orig_bytes"], row["orig_pkts"], row["orig_ip_bytes"]) == (168, 2, 168)


def test_a_wrong_icmp_checksum_leaves_no_letter() -> None:
    bad = ethernet(ipv4(icmp_message(8, wrong=1), CLIENT, SERVER, 1))
    row = flow(timed(bad, icmp(CLIENT, SERVER, 8)), verify=True)
    assert (row["history"], row["orig_pkts"]) == (None, 1)


def test_an_errors_inner_packet_is_no_flow() -> None:
    inner = ipv4(udp_datagram(UDP_ENDS, b"12345"), protocol=17)
    row = flow(timed(icmp(SERVER, CLIENT, 3, 3, inner)))
    assert roles(row) == (SERVER, 3, CLIENT, 3)


def test_an_unknown_transport_counts_packets_and_no_payload() -> None:
    frame = ethernet(ipv4(bytes(100), CLIENT, SERVER, 132))
    row = flow(timed(frame, ethernet(ipv4(bytes(50), SERVER, CLIENT, 132))))
    assert (row["proto"], row["ip_proto"], row["conn_state"]) == ("unknown_transport", 132, "OTH")
    assert (row["orig_bytes"], row["resp_bytes"]) == (0, 0)
    assert (row["orig_ip_bytes"], row["resp_ip_bytes"]) == (120, 70)
    assert row["payload_sizes"] == []


def test_an_unknown_transport_of_ipv6_is_named_by_the_last_header() -> None:
    headers = [(60, bytes([0, 1, 4, 0, 0, 0, 0]))]
    row = flow(timed(ethernet(ipv6(bytes(9), protocol=132, headers=headers))))
    assert (row["ip_proto"], row["orig_ip_bytes"]) == (132, 57)


@pytest.mark.parametrize("port", NAME_PORTS)
def test_an_answer_seen_first_is_the_responders(port: int) -> None:
    # From a port of the same kind, so that ports tell nothing.
    ends: Ends = (SERVER, 53, CLIENT, port)
    row = flow(timed(udp(ends, ANSWER)))
    assert roles(row) == (CLIENT, port, SERVER, 53)
    assert (row["history"], row["conn_state"]) == ("D^", "S0")
    # As in Zeek, what was counted so far stays with the role.
    assert (row["orig_pkts"], row["resp_pkts"]) == (1, 0)
    assert (row["orig_ip_bytes"], row["resp_ip_bytes"]) == (28 + len(ANSWER), 0)


def test_after_an_answer_seen_first_the_roles_are_right() -> None:
    ends: Ends = (SERVER, 53, CLIENT, 5353)
    row = flow(timed(udp(ends, ANSWER), udp(back(ends), QUERY), udp(ends, ANSWER)))
    assert (row["history"], row["conn_state"]) == ("D^d", "SF")
    assert (row["orig_pkts"], row["resp_pkts"]) == (2, 1)
    assert (row["orig_bytes"], row["resp_bytes"]) == (len(ANSWER) + len(QUERY), len(ANSWER))


@pytest.mark.parametrize("first", [QUERY, QUERY + ANSWER])
def test_a_question_seen_first_settles_the_roles(first: bytes) -> None:
    ends: Ends = (CLIENT, 53, SERVER, 53)
    row = flow(timed(udp(ends, first), udp(ends, ANSWER), udp(back(ends), ANSWER)))
    assert (roles(row), row["history"]) == (ends, "Dd")


def test_less_than_a_dns_header_tells_nothing() -> None:
    ends: Ends = (SERVER, 53, CLIENT, 53)
    assert flow(timed(udp(ends, ANSWER[:11])))["history"] == "D"
    assert flow(timed(udp(ends, ANSWER[:11]), udp(ends, ANSWER[:12])))["history"] == "D^"


def test_an_answer_that_was_cut_within_its_header_tells_nothing() -> None:
    frame = udp((SERVER, 53, CLIENT, 53), ANSWER)
    cut = [Packet(START, frame[: 42 + size], len(frame)) for size in (11, 12)]
    assert [flow([one])["history"] for one in cut] == ["D", "D^"]


@pytest.mark.parametrize("target", ["224.0.0.251", "239.255.255.255"])
def test_an_answer_to_a_multicast_address_is_of_its_sender(target: str) -> None:
    row = flow(timed(udp((CLIENT, 5353, target, 5353), ANSWER)))
    assert (row["orig_h"], row["history"]) == (CLIENT, "D")


def test_an_answer_to_a_multicast_address_of_ipv6_is_of_its_sender() -> None:
    row = flow(timed(udp((SERVER6, 5353, "ff02::fb", 5353), ANSWER)))
    assert (row["orig_h"], row["history"]) == (SERVER6, "D")
    row = flow(timed(udp((SERVER6, 5353, "fe80::fb", 5353), ANSWER)))
    assert (row["orig_h"], row["history"]) == ("fe80::fb", "D^")


def test_on_other_ports_nothing_is_read_as_dns() -> None:
    assert flow(timed(udp((SERVER, 9999, CLIENT, 9998), ANSWER)))["history"] == "D"


def ntp(mode: int) -> bytes:
    return bytes([4 << 3 | mode]) + bytes(47)


def test_a_time_servers_answer_seen_first_is_the_responders() -> None:
    ends: Ends = (SERVER, 123, CLIENT, 123)
    row = flow(timed(udp(ends, ntp(4)), udp(back(ends), ntp(3)), udp(ends, ntp(4))))
    assert (roles(row), row["history"]) == (back(ends), "D^d")


def test_a_time_clients_question_to_the_originator_exchanges_roles_once() -> None:
    ends: Ends = (CLIENT, 123, SERVER, 123)
    frames = [udp(ends, ntp(1)), udp(back(ends), ntp(3)), udp(ends, ntp(4)), udp(ends, ntp(3))]
    row = flow(timed(*frames))
    assert roles(row) == back(ends)
    assert row["history"].count("^") == 1


@pytest.mark.parametrize("mode", [0, 1, 2, 3, 5, 6, 7])
def test_other_modes_from_the_originator_tell_nothing(mode: int) -> None:
    ends: Ends = (SERVER, 123, CLIENT, 123)
    assert flow(timed(udp(ends, ntp(mode))))["history"] == "D"
    assert flow(timed(udp(ends, ntp(4)[:47])))["history"] == "D"


def test_datagrams_of_a_flow_need_not_be_of_one_moment() -> None:
    rows = flows(timed(*[udp(UDP_ENDS, b"x")] * 5, every=59))
    assert [row["orig_pkts"] for row in rows] == [5]
