"""IP headers: what is read of a packet, and under which name a bad one is counted."""

from __future__ import annotations

import struct
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.packets import fields
from parsers.packets.ip import FRAGMENT, OK, ip_header
from parsers.weirds import WEIRDS
from tests.frames import CLIENT6, SERVER6, ipv4, ipv6, packed

NAMES = list(WEIRDS)
HOP_BY_HOP, ROUTING, FRAGMENT_HEADER, ESP, AH, NO_NEXT, DESTINATION, MOBILITY = (
    0, 43, 44, 50, 51, 59, 60, 135,
)  # fmt: skip
MORE, OFFSET_8 = 0x2000, 1  # of the IPv4 fragment word
EMPTY = bytes([0, 1, 4, 0, 0, 0, 0])  # an extension header of 8 bytes: length, then PadN
THERE, HOME = "2001:db8::77", "2001:db8::99"


class Read(NamedTuple):
    status: str
    source: bytes
    target: bytes
    protocol: int
    octets: int
    at: int
    transport: int
    captured: int


def read(
    packet: bytes, *, captured: int | None = None, wire: int = 0, verify: bool = False
) -> Read:
    """Read a packet of which `captured` bytes are there; on the wire it had `wire` more.

    Read three times, with nothing, zeros and ones around it: what is beyond must not matter.
    """
    here = packet[:captured]
    results = set()
    for around in (b"", bytes(64), b"\xff" * 64):
        at, block = len(around), memoryview(around + here + around)
        p = [0] * fields.FIELDS
        status = ip_header(block, at, at + len(here), len(packet) + wire, int(verify), p)
        words = [p[word].to_bytes(8, signed=True) for word in range(1, 5)]
        name = {OK: "ok", FRAGMENT: "fragment"}.get(status) or NAMES[status]
        transport_at = p[fields.TRANSPORT_AT] - at if p[fields.TRANSPORT_AT] else 0
        results.add(
            Read(
                name, words[0] + words[1], words[2] + words[3], p[fields.PROTOCOL],
                p[fields.IP_BYTES], transport_at, p[fields.TRANSPORT_BYTES], p[fields.CAPTURED],
            )
        )  # fmt: skip
    (only,) = results
    return only


def mapped(address: str) -> bytes:
    return bytes(10) + b"\xff\xff" + packed(address)


def test_an_ipv4_packet_is_read() -> None:
    packet = ipv4(b"12345", "10.1.2.3", "255.254.253.252", 17)
    source, target = mapped("10.1.2.3"), mapped("255.254.253.252")
    assert read(packet, verify=True) == Read("ok", source, target, 17, 25, 20, 5, 5)


def test_an_ipv6_packet_is_read() -> None:
    source, target = packed("2001:db8::1"), packed("fe80::ffff")
    packet = ipv6(b"12345", "2001:db8::1", "fe80::ffff", 17)
    assert read(packet, verify=True) == Read("ok", source, target, 17, 45, 40, 5, 5)


@pytest.mark.parametrize("make", [ipv4, ipv6])
def test_a_packet_may_be_nothing_but_headers(make: object) -> None:
    result = read(make(b"", protocol=99) + bytes(9))  # type: ignore[operator]
    assert (result.status, result.transport, result.captured) == ("ok", 0, 9)


@pytest.mark.parametrize("size", [4, 8, 40])
def test_ipv4_options_are_skipped(size: int) -> None:
    result = read(ipv4(b"12345", options=b"\x01" * size), verify=True)
    assert (result.status, result.at, result.transport) == ("ok", 20 + size, 5)
    assert result.octets == 25 + size


def test_padding_behind_the_packet_is_not_of_it() -> None:
    result = read(ipv4(b"12345") + bytes(21))
    assert (result.octets, result.transport, result.captured) == (25, 5, 26)


def test_a_packet_cut_by_the_capture_keeps_its_length_on_the_wire() -> None:
    result = read(ipv4(b"x" * 1000), captured=60)
    assert (result.status, result.octets, result.transport, result.captured) == (
        "ok",
        1020,
        1000,
        40,
    )


@pytest.mark.parametrize("make", [ipv4, ipv6])
def test_fewer_bytes_than_a_fixed_header_are_truncated_at_every_length(make: object) -> None:
    packet = make(b"12345")  # type: ignore[operator]
    size = len(packet) - 5
    for captured in range(size):
        assert read(packet, captured=captured).status == "truncated_IP"
    assert read(packet, captured=size).status == "ok"


@pytest.mark.parametrize("version", [0, 1, 2, 3, 5, 7, 8, 15])
def test_other_versions_are_unknown(version: int) -> None:
    assert read(bytes([version * 16 + 5]) + ipv4(b"12345")[1:]).status == "unknown_ip_version"


# Each packet breaks its own rule and, where one can, all the rules that are asked after it.
IN_ORDER = {
    "truncated_IP": (ipv4(b"", words=15, length=0, wrong=1)[:19], 0),
    "unknown_ip_version": (b"\x5f" + ipv4(b"", words=15, length=0, wrong=1)[1:], 0),
    "ip_hdr_len_zero": (ipv4(b"", words=15, length=0, wrong=1), 0),
    "truncated_IP_len": (ipv4(b"", words=15, length=50, wrong=1), 0),
    "invalid_IP_header_size": (ipv4(b"", words=15, length=50, wrong=1), 40),
    "internally_truncated_header": (ipv4(b"", words=15, length=60, wrong=1), 40),
    "bad_IP_checksum": (ipv4(b"12345678", fragment=MORE, wrong=1), 0),
    "fragment": (ipv4(b"12345678", fragment=MORE), 0),
}


@pytest.mark.parametrize("status", IN_ORDER)
def test_a_bad_packet_is_counted_under_the_first_rule_that_it_breaks(status: str) -> None:
    packet, wire = IN_ORDER[status]
    assert read(packet, wire=wire, verify=True).status == status


@pytest.mark.parametrize("words", [0, 1, 4])
def test_an_ipv4_header_below_20_bytes_is_none(words: int) -> None:
    assert read(ipv4(b"12345", words=words)).status == "invalid_IP_header_size"


def test_the_length_is_compared_with_the_wire_and_not_with_what_was_captured() -> None:
    packet = ipv4(b"12345")
    assert read(packet, captured=20).status == "ok"
    assert read(packet, wire=-1).status == "truncated_IP_len"
    assert read(ipv6(b"12345"), wire=-1).status == "truncated_IP_len"


def test_a_total_length_of_zero_means_what_was_captured_unless_checksums_are_verified() -> None:
    packet = ipv4(b"x" * 100, length=0)
    assert read(packet, verify=True).status == "ip_hdr_len_zero"
    result = read(packet)
    assert (result.status, result.octets, result.transport) == ("ok", 0, 100)


@pytest.mark.parametrize("bit", [1, 0x80, 0x8000])
def test_a_wrong_header_checksum_matters_only_when_verified(bit: int) -> None:
    packet = ipv4(b"12345", options=b"\x01" * 4, wrong=bit)
    assert read(packet, verify=True).status == "bad_IP_checksum"
    assert read(packet).status == "ok"


@pytest.mark.parametrize(
    ("word", "status"),
    [
        (0x4000, "ok"), (0x8000, "ok"), (MORE, "fragment"), (OFFSET_8, "fragment"),
        (0x1FFF, "fragment"), (0x4000 | MORE, "fragment"),
    ],
)  # fmt: skip
def test_more_fragments_or_an_offset_make_a_fragment(word: int, status: str) -> None:
    assert read(ipv4(b"12345678", fragment=word)).status == status


def test_of_fragments_that_were_cut_only_the_first_is_of_use() -> None:
    first, later = (ipv4(b"x" * 800, fragment=word) for word in (MORE, MORE | OFFSET_8))
    assert read(first, captured=60).status == "ok"
    assert read(later, captured=60).status == "incompletely_captured_fragment"


def routing(kind: int, left: int, *addresses: str) -> tuple[int, bytes]:
    listed = b"".join(packed(address) for address in addresses)
    return ROUTING, bytes([len(listed) // 8, kind, left]) + bytes(4) + listed


def destination(*options: tuple[int, bytes]) -> tuple[int, bytes]:
    """Destination options; what is missing to a multiple of eight bytes is Pad1."""
    body = b"".join(bytes([kind, len(value)]) + value for kind, value in options)
    body += bytes(-(len(body) + 2) % 8)
    return DESTINATION, bytes([(len(body) + 2) // 8 - 1]) + body


def fragment_header(offset: int = 0, more: int = 0) -> tuple[int, bytes]:
    return FRAGMENT_HEADER, struct.pack(">BHI", 0, offset * 8 | more, 7)


AUTHENTICATION = (AH, bytes([4]) + bytes(22))  # 24 bytes: (4 + 2) * 4
CHAINS = {
    "none": [],
    "hop by hop": [(HOP_BY_HOP, EMPTY)],
    "long hop by hop": [(HOP_BY_HOP, bytes([2]) + bytes(22))],
    "destination": [(DESTINATION, EMPTY)],
    "routing": [routing(0, 0, THERE)],
    "authentication": [AUTHENTICATION],
    "all": [
        (HOP_BY_HOP, EMPTY), (DESTINATION, EMPTY), routing(0, 0), AUTHENTICATION,
        (DESTINATION, EMPTY),
    ],
    "a hundred": [(DESTINATION, EMPTY)] * 100,
}  # fmt: skip


@pytest.mark.parametrize("name", CHAINS)
def test_extension_headers_lead_to_the_transport(name: str) -> None:
    headers = CHAINS[name]
    size = sum(1 + len(rest) for _, rest in headers)
    result = read(ipv6(b"12345", headers=headers, protocol=17))
    source, target = packed(CLIENT6), packed(SERVER6)
    assert result == Read("ok", source, target, 17, 45 + size, 40 + size, 5, 5)


@pytest.mark.parametrize(
    "header",
    [
        (HOP_BY_HOP, EMPTY), (DESTINATION, EMPTY), routing(2, 1, THERE), fragment_header(),
        AUTHENTICATION,
    ],
)  # fmt: skip
def test_a_header_that_was_cut_is_itself_the_protocol(header: tuple[int, bytes]) -> None:
    packet = ipv6(b"12345", headers=[(HOP_BY_HOP, EMPTY), header])
    for captured in range(48, 48 + 1 + len(header[1])):
        result = read(packet, captured=captured)
        assert (result.status, result.protocol, result.at) == ("ok", header[0], 48)
        assert result.target == packed(SERVER6)
        assert result.octets == len(packet)


@pytest.mark.parametrize("kind", [0, 2])
def test_the_last_address_of_a_routing_header_is_the_target_while_segments_are_left(
    kind: int,
) -> None:
    assert read(ipv6(b"12345", headers=[routing(kind, 1, THERE)])).target == packed(THERE)
    assert read(ipv6(b"12345", headers=[routing(kind, 0, THERE)])).target == packed(SERVER6)


def test_of_several_addresses_in_a_routing_header_the_last_is_the_target() -> None:
    headers = [routing(0, 3, "2001:db8::a", "2001:db8::b", THERE)]
    assert read(ipv6(b"12345", headers=headers)).target == packed(THERE)


@pytest.mark.parametrize("kind", [1, 3, 5, 253])
def test_routing_headers_of_other_types_do_not_change_the_target(kind: int) -> None:
    assert read(ipv6(b"12345", headers=[routing(kind, 1, THERE)])).target == packed(SERVER6)


def test_a_routing_header_without_an_address_does_not_change_the_target() -> None:
    assert read(ipv6(b"12345", headers=[routing(0, 1)])).target == packed(SERVER6)


def test_of_two_routing_headers_the_first_names_the_target() -> None:
    # Zeek: "Routing should occur at most once" (IP.cc, ProcessRoutingHeader).
    headers = [routing(0, 1, THERE), routing(0, 1, HOME)]
    assert read(ipv6(b"12345", headers=headers)).target == packed(THERE)


def test_the_home_address_is_the_source() -> None:
    option = (201, packed(HOME))
    for options in ([option], [(1, b""), option], [(1, b"\0\0\0"), option], [option, (4, b"abc")]):
        result = read(ipv6(b"12345", headers=[destination(*options)]))
        assert (result.status, result.source) == ("ok", packed(HOME))
        assert result.target == packed(SERVER6)


def test_a_home_address_behind_single_bytes_of_padding_is_found() -> None:
    body = bytes(4) + bytes([201, 16]) + packed(HOME)
    assert read(ipv6(b"1", headers=[(DESTINATION, b"\x02" + body)])).source == packed(HOME)


def test_a_home_address_of_another_length_or_beyond_its_header_is_none() -> None:
    for option in (bytes([201, 15]), bytes([201, 17]), bytes([201, 16])):
        whole = option + packed(HOME)[: 16 - (option[1] == 16)]
        headers = [(DESTINATION, b"\x02" + b"\x01\x02\0\0" + whole.ljust(18, b"\0"))]
        if option[1] == 16:
            headers = [(DESTINATION, b"\x02" + b"\x01\x06" + bytes(6) + whole[:14])]
        assert read(ipv6(b"1", headers=headers)).source == packed(CLIENT6)


def test_of_two_home_addresses_the_first_is_the_source() -> None:
    # Zeek counts the second as a weird (IP.cc, ProcessDstOpts).
    headers = [destination((201, packed(HOME))), destination((201, packed(THERE)))]
    assert read(ipv6(b"12345", headers=headers)).source == packed(HOME)


def test_a_fragment_of_ipv6_is_one() -> None:
    for header in (fragment_header(more=1), fragment_header(offset=1), fragment_header(8000, 1)):
        assert read(ipv6(b"12345678", headers=[header])).status == "fragment"


def test_no_next_header_ends_a_packet() -> None:
    assert read(ipv6(b"", protocol=NO_NEXT)).status == "ipv6_no_next_header"
    headers = [(DESTINATION, EMPTY)]
    assert read(ipv6(b"123", protocol=NO_NEXT, headers=headers)).status == "ipv6_no_next_header"


def test_esp_hides_the_rest_of_an_ipv6_packet_but_is_a_protocol_of_ipv4() -> None:
    assert read(ipv6(bytes(40), protocol=ESP)).status == "ipv6_ESP"
    assert read(ipv6(bytes(40), protocol=ESP, headers=[(HOP_BY_HOP, EMPTY)])).status == "ipv6_ESP"
    result = read(ipv4(bytes(40), protocol=ESP))
    assert (result.status, result.protocol) == ("ok", ESP)


def test_ah_is_a_protocol_of_ipv4() -> None:
    assert read(ipv4(bytes(40), protocol=AH)).protocol == AH


def test_a_chain_beyond_the_packets_length_is_invalid() -> None:
    packet = ipv6(b"", headers=[(HOP_BY_HOP, EMPTY)], length=7)
    assert read(packet).status == "invalid_IP_header_size"


FIRST = st.sampled_from(
    [ipv4(b"12345678"), ipv6(b"12345678"), *(ipv6(b"1", headers=one) for one in CHAINS.values())]
)


@given(FIRST, st.data(), st.booleans())
def test_no_bytes_lead_out_of_the_packet(packet: bytes, draw: st.DataObject, verify: bool) -> None:
    changed = bytearray(packet[:400])
    for place, value in draw.draw(
        st.lists(st.tuples(st.integers(0, len(changed) - 1), st.integers(0, 255)), max_size=6)
    ):
        changed[place] = value
    captured = draw.draw(st.integers(0, len(changed)))
    result = read(bytes(changed), captured=captured, verify=verify)
    if result.status == "ok":
        assert 20 <= result.at <= captured
        assert result.captured == captured - result.at
        assert result.transport >= 0
