"""Transport headers: ports, ICMP's pairs, TCP's fields, and checksums."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.packets import fields
from parsers.packets.ip import OK, ip_header
from parsers.packets.transport import checksum_is_wrong, icmp_counterpart, ports, tcp_header
from parsers.weirds import WEIRDS
from tests.frames import (
    CLIENT,
    CLIENT6,
    SERVER,
    SERVER6,
    Ends,
    icmp_message,
    ip,
    ipv4,
    ipv6,
    tcp_segment,
    udp_datagram,
)  # fmt: skip

NAMES = list(WEIRDS)
ICMP, TCP, UDP, ICMPV6 = 1, 6, 17, 58
ENDS: Ends = (CLIENT, 1234, SERVER, 65535)
ENDS6: Ends = (CLIENT6, 1234, SERVER6, 65535)


def read(packet: bytes, captured: int | None = None) -> tuple[str, list[int]]:
    """Status of the headers of an IP packet down to the transport, and the packet's fields.

    Read three times, with nothing, zeros and ones around it: what is beyond must not matter.
    """
    here, results = packet[:captured], []
    for around in (b"", bytes(64), b"\xff" * 64):
        at, block = len(around), memoryview(around + here + around)
        p = [0] * fields.FIELDS
        status = ip_header(block, at, at + len(here), len(packet), 0, p)
        if status == OK:
            status = ports(block, p)
        if status == OK and p[fields.PROTOCOL] == TCP:
            status = tcp_header(block, p)
        for word in (fields.TRANSPORT_AT, fields.PAYLOAD_AT):
            p[word] -= at if p[word] else 0
        results.append(("ok" if status == OK else NAMES[status], p))
    assert results[0] == results[1] == results[2]
    return results[0]


def is_wrong(packet: bytes, captured: int | None = None) -> bool:
    """Whether the transport's checksum is wrong; asked thrice, like `read`."""
    here, answers = packet[:captured], set()
    for around in (b"", bytes(64), b"\xff" * 64):
        at, block = len(around), memoryview(around + here + around)
        p = [0] * fields.FIELDS
        assert ip_header(block, at, at + len(here), len(packet), 0, p) == OK
        assert ports(block, p) == OK
        answers.add(bool(checksum_is_wrong(block, p)))
    (only,) = answers
    return only


def identity(p: list[int]) -> tuple[int, int, int]:
    return p[fields.SOURCE_PORT], p[fields.TARGET_PORT], p[fields.ONE_WAY]


def test_a_segment_is_read() -> None:
    segment = tcp_segment(ENDS, "SFRPAU", 2**32 - 1, 2**31, b"12345", window=65535)
    status, p = read(ipv4(segment))
    assert status == "ok"
    assert identity(p) == (1234, 65535, 0)
    assert (p[fields.SEQUENCE], p[fields.ACKNOWLEDGED]) == (2**32 - 1, 2**31)
    assert (p[fields.FLAGS], p[fields.WINDOW]) == (0x3F, 65535)
    assert (p[fields.PAYLOAD_AT], p[fields.PAYLOAD_BYTES]) == (40, 5)


@pytest.mark.parametrize("size", [4, 40])
def test_tcp_options_are_no_payload(size: int) -> None:
    segment = tcp_segment(ENDS, "A", payload=b"12345", options=b"\x01" * size)
    status, p = read(ipv4(segment) + bytes(6))
    assert (status, p[fields.PAYLOAD_AT], p[fields.PAYLOAD_BYTES]) == ("ok", 40 + size, 5)


@pytest.mark.parametrize("words", [0, 1, 4, 8, 15])
def test_a_tcp_header_below_20_bytes_or_beyond_the_packet_is_bad(words: int) -> None:
    segment = bytearray(tcp_segment(ENDS, "S", payload=b"12345"))
    segment[12] = words * 16
    status, p = read(ipv4(bytes(segment)))
    assert status == "bad_TCP_header_len"
    assert identity(p) == (1234, 65535, 0)


def test_a_tcp_header_that_reaches_to_the_end_is_good() -> None:
    segment = bytearray(tcp_segment(ENDS, "S", payload=bytes(20)))
    segment[12] = 10 * 16
    status, p = read(ipv4(bytes(segment)))
    assert (status, p[fields.PAYLOAD_BYTES]) == ("ok", 0)


def test_padding_is_no_part_of_a_tcp_header() -> None:
    segment = bytearray(tcp_segment(ENDS, "S"))
    segment[12] = 6 * 16
    assert read(ipv4(bytes(segment)) + bytes(20))[0] == "bad_TCP_header_len"


def test_tcp_options_that_were_not_captured_are_a_bad_header() -> None:
    packet = ipv4(tcp_segment(ENDS, "S", payload=b"12345", options=b"\x01" * 8))
    assert read(packet, captured=47)[0] == "bad_TCP_header_len"
    assert read(packet, captured=48)[0] == "ok"


def transports() -> dict[str, tuple[int, bytes, int]]:
    """Protocol, whole transport, and the bytes that its fixed header takes."""
    return {
        "tcp": (TCP, tcp_segment(ENDS, "S", payload=b"1234"), 20),
        "udp": (UDP, udp_datagram(ENDS, b"1234"), 8),
        "icmp": (ICMP, icmp_message(8, payload=b"1234"), 8),
        "icmpv6": (ICMPV6, icmp_message(128, payload=b"1234"), 8),
    }


@pytest.mark.parametrize("name", transports())
def test_a_header_that_was_not_captured_whole_is_counted_as_such(name: str) -> None:
    protocol, transport, size = transports()[name]
    for make, start in ((ipv4, 20), (ipv6, 40)):
        packet = make(transport, protocol=protocol)  # type: ignore[operator]
        for captured in range(size):
            assert read(packet, start + captured)[0] == "internally_truncated_header"
        assert read(packet, start + size)[0] == "ok"


@pytest.mark.parametrize("name", transports())
def test_a_header_beyond_the_ip_length_is_counted_as_such(name: str) -> None:
    protocol, transport, size = transports()[name]
    for make, start in ((ipv4, 20), (ipv6, 0)):
        for length in range(1, size):
            packet = make(transport, protocol=protocol, length=start + length)  # type: ignore[operator]
            assert read(packet)[0] == "truncated_header"


@pytest.mark.parametrize("ends", [ENDS, ENDS6])
def test_a_datagram_is_read(ends: Ends) -> None:
    status, p = read(ip(udp_datagram(ends, b"12345"), ends[0], ends[2], UDP))
    assert (status, identity(p)) == ("ok", (1234, 65535, 0))


PAIRS = {(8, 0), (13, 14), (15, 16), (10, 9), (17, 18)}
PAIRS6 = {(128, 129), (133, 134), (135, 136), (130, 131), (139, 140), (144, 145)}


def both(pairs: set[tuple[int, int]]) -> dict[int, int]:
    return dict(pairs) | {answer: question for question, answer in pairs}


def test_two_way_icmp_messages_have_counterparts_and_no_others_have() -> None:
    for protocol, pairs in ((ICMP, both(PAIRS)), (ICMPV6, both(PAIRS6))):
        for kind in range(256):
            assert icmp_counterpart(protocol, kind) == pairs.get(kind, -1)


@pytest.mark.parametrize("kind", range(256))
def test_the_ports_of_icmp_are_type_and_counterpart_or_code(kind: int) -> None:
    for protocol, pairs in ((ICMP, both(PAIRS)), (ICMPV6, both(PAIRS6))):
        _, p = read(ipv4(icmp_message(kind, 3), protocol=protocol))
        expected = (kind, pairs[kind], 0) if kind in pairs else (kind, 3, 1)
        assert identity(p) == expected


@pytest.mark.parametrize("protocol", [0, 2, 47, 50, 89, 132, 255])
def test_other_protocols_have_no_ports_and_need_no_bytes(protocol: int) -> None:
    for payload in (b"", b"\x12\x34\x56\x78" * 5):
        status, p = read(ipv4(payload, protocol=protocol))
        assert (status, identity(p)) == ("ok", (0, 0, 0))


def test_fields_of_the_packet_before_are_not_left_over() -> None:
    block = memoryview(ipv4(b"", protocol=99))
    p = [77] * fields.FIELDS
    ip_header(block, 0, len(block), len(block), 0, p)
    assert ports(block, p) == OK
    assert identity(p) == (0, 0, 0)


PAYLOADS = (b"", b"1", b"12", b"odd", b"\xff" * 9, b"\xff" * 1000)


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("ends", [ENDS, ENDS6])
def test_right_checksums_are_right_and_a_changed_bit_makes_them_wrong(
    payload: bytes, ends: Ends
) -> None:
    six = (ends[0], ends[2]) if ":" in ends[0] else None
    for wrong in (0, 1, 0x100, 0x8000):
        transport = {
            TCP: tcp_segment(ends, "A", 1, 2, payload, wrong=wrong),
            UDP: udp_datagram(ends, payload, wrong=wrong),
            ICMPV6 if six else ICMP: icmp_message(8, 0, payload, ends=six, wrong=wrong),
        }
        for protocol, data in transport.items():
            packet = ip(data, ends[0], ends[2], protocol)
            assert is_wrong(packet) == bool(wrong)
            assert is_wrong(packet + b"\xab\xcd\xef") == bool(wrong)


@pytest.mark.parametrize("protocol", [TCP, UDP, ICMP])
def test_the_checksum_of_a_packet_that_was_cut_is_not_known(protocol: int) -> None:
    transport = {
        TCP: tcp_segment(ENDS, "A", 1, 2, b"12345", wrong=1),
        UDP: udp_datagram(ENDS, b"12345", wrong=1),
        ICMP: icmp_message(8, 0, b"12345", wrong=1),
    }
    packet = ipv4(transport[protocol], protocol=protocol)
    assert is_wrong(packet)
    assert not is_wrong(packet, len(packet) - 1)


def test_a_udp_checksum_of_zero_is_none_in_ipv4_and_wrong_in_ipv6() -> None:
    assert not is_wrong(ipv4(udp_datagram(ENDS, b"12345", value=0), protocol=UDP))
    assert is_wrong(ipv6(udp_datagram(ENDS6, b"12345", value=0), protocol=UDP))


def test_a_udp_checksum_that_comes_to_zero_is_sent_as_ones() -> None:
    for last in range(2**16):
        payload = last.to_bytes(2)
        datagram = udp_datagram(ENDS, payload)
        if datagram[6:8] == b"\xff\xff":
            assert not is_wrong(ipv4(datagram, protocol=UDP))
            break
    else:
        raise AssertionError("no payload whose checksum is zero")


def test_an_icmp_checksum_has_no_pseudo_header_and_an_icmpv6_one_has() -> None:
    bare = icmp_message(128, 0, b"12345")
    assert not is_wrong(ipv4(bare, protocol=ICMP))
    assert is_wrong(ipv6(bare, protocol=ICMPV6))


def test_the_addresses_of_routing_header_and_home_address_are_those_of_the_checksum() -> None:
    target, home = "2001:db8::77", "2001:db8::99"
    ends: Ends = (home, 1, target, 2)
    segment = tcp_segment(ends, "S")
    listed = bytes([2, 0, 1]) + bytes(4) + ipv6(b"", target, target)[8:24]
    option = bytes([2, 1, 2, 0, 0, 201, 16]) + ipv6(b"", home, home)[8:24]
    assert not is_wrong(ipv6(segment, headers=[(60, option), (43, listed)]))
    assert is_wrong(ipv6(segment))


@given(st.sampled_from([TCP, UDP, ICMP, ICMPV6]), st.binary(max_size=60), st.integers(0, 90))
def test_no_bytes_lead_out_of_the_packet(protocol: int, transport: bytes, captured: int) -> None:
    for make in (ipv4, ipv6):
        packet = make(transport, protocol=protocol)  # type: ignore[operator]
        status, p = read(packet, max(captured, 40))
        if status == "ok" and protocol == TCP:
            end = min(len(packet), max(captured, 40))
            assert 40 <= p[fields.PAYLOAD_AT] <= end
            assert 0 <= p[fields.PAYLOAD_BYTES] <= len(transport) - 20
        if status == "ok":
            is_wrong(packet, max(captured, 40))
