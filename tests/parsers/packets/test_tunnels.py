"""Tunnels: the packet inside is found to the byte, and what only resembles a tunnel is none.

Expected answers are those of the RFCs and of Zeek's analyzers, not of the code: which near miss
is counted as what, and whether a flow is still asked for tunnels after it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.packets import fields
from parsers.packets.fields import (
    AYIYA_KIND,
    GENEVE_KIND,
    GRE_KIND,
    GTP_KIND,
    IP_KIND,
    TEREDO_KIND,
    VXLAN_KIND,
)
from parsers.packets.ip import ip_header
from parsers.packets.transport import ports
from parsers.packets.tunnels import (
    MAX_DEPTH,
    NO_TUNNEL,
    NOT_OF_THIS_KIND,
    OK,
    ip_tunnel,
    is_ip_tunnel,
    udp_tunnel,
)
from parsers.weirds import WEIRDS
from tests.frames import (
    CLIENT,
    ETHERNET,
    RAW,
    START,
    UDP_ENDS,
    Ends,
    Packet,
    ethernet,
    flows,
    ip,
    ipv4,
    ipv6,
    timed,
    track,
    udp_datagram,
)

Run = Callable[..., Any]
NAMES = list(WEIRDS)
SHORT, UNKNOWN, NOT_IP, MISMATCH = (
    "truncated_tunnel", "unknown_tunnel_header", "non_ip_packet_in_tunnel",
    "inner_IP_length_mismatch",
)  # fmt: skip
NONE, NO_MORE = "none", "none, and the flow carries nothing"
ANSWERS = {OK: "ok", NO_TUNNEL: NONE, NOT_OF_THIS_KIND: NO_MORE}
UDP, GRE = 17, 47
VXLAN, GENEVE, TEREDO, GTP, GTP_CONTROL, AYIYA, GRE_IN_UDP, OTHER = (
    4789, 6081, 3544, 2152, 2123, 5072, 4754, 9999,
)  # fmt: skip

GATES, GATES6 = ("10.9.0.1", "10.9.0.2"), ("2001:db8:9::1", "2001:db8:9::2")
FOUR = ipv4(udp_datagram(UDP_ENDS, b"12345"), protocol=UDP)
SIX_ENDS: Ends = ("fd00::1", 40000, "2001:db8::2", 9999)
SIX = ipv6(udp_datagram(SIX_ENDS, b"12345"), *SIX_ENDS[::2], UDP)
FRAME = ethernet(FOUR)
TO_TEREDO = ("fe80::1", "2001:0:5ef5:79fd::1")


class Inner(NamedTuple):
    """What was found: the bytes of the inner frame, its link type, what was cut, depth, kind."""

    status: str
    data: bytes = b""
    link: int = 0
    cut: int = 0
    depth: int = 0
    kind: int = 0


def unwrap(
    run: Run, packet: bytes, *, captured: int | None = None, cut: int = 0, depth: int = 0,
    kind: int = 0,
) -> Inner:  # fmt: skip
    """What is inside an IP packet; asked thrice, with nothing, zeros and ones around it.

    What is beyond the packet must not matter, and without an answer no frame may be named.
    """
    here, answers = packet[:captured], set()
    for around in (b"", bytes(64), b"\xff" * 64):
        at, block = len(around), np.array(bytearray(around + here + around), np.uint8)
        p = np.zeros(fields.FIELDS, np.int64)
        assert ip_header(block.data, at, at + len(here), len(packet), 0, p.data) == OK
        frame = (fields.FRAME_AT, fields.FRAME_END, fields.FRAME_LINK, fields.FRAME_CUT)
        for word in frame:
            p[word] = 1_000_000
        p[fields.FRAME_CUT] = cut
        p[fields.DEPTH], p[fields.CARRIER_KIND] = depth, kind
        before = p[[*frame, fields.DEPTH]].tolist()
        if p[fields.PROTOCOL] == UDP:
            assert ports(block.data, p.data) == OK
            p[fields.PAYLOAD_AT] = p[fields.TRANSPORT_AT] + 8
            stated = int.from_bytes(here[p[fields.TRANSPORT_AT] - at + 4 :][:2])
            p[fields.PAYLOAD_BYTES] = stated - 8
            status = run(udp_tunnel, block, int(p[fields.TARGET_PORT]), p)
        else:
            assert is_ip_tunnel(p[fields.PROTOCOL])
            status = run(ip_tunnel, block, p)
        name = ANSWERS.get(status) or NAMES[status]
        begin, end = p[fields.FRAME_AT], p[fields.FRAME_END]
        if name == "ok":
            assert at <= begin <= end <= at + len(here)
            answers.add(
                Inner(
                    name, block[begin:end].tobytes(), int(p[fields.FRAME_LINK]),
                    int(p[fields.FRAME_CUT]), int(p[fields.DEPTH]), int(p[fields.CARRIER_KIND]),
                )
            )  # fmt: skip
        else:
            assert p[[*frame, fields.DEPTH]].tolist() == before
            answers.add(Inner(name))
    (only,) = answers
    return only


def over_udp(port: int, payload: bytes, ends: tuple[str, str] = GATES, **options: Any) -> bytes:
    """An IP packet with a datagram to `port`."""
    datagram = udp_datagram((ends[0], 40000, ends[1], port), payload, **options)
    return ip(datagram, *ends, UDP)


def over_ip(protocol: int, payload: bytes, ends: tuple[str, str] = GATES) -> bytes:
    return ip(payload, *ends, protocol)


def gre_header(kind: int, *, bits: int = 0, version: int = 0) -> bytes:
    """A GRE header with a field of ones for each bit of its flags that announces one."""
    words = sum(bool(bits & bit) for bit in (0x8000, 0x2000, 0x1000, 0x0080))
    return struct.pack(">HH", bits | version, kind) + b"\xff" * 4 * words


def geneve_header(kind: int, options: int = 0) -> bytes:
    return struct.pack(">BBHI", options, 0x40, kind, 77 << 8) + b"\xff" * 4 * options


def gtp_header(octets: int, flags: int = 0, rest: bytes = b"", *, kind: int = 255) -> bytes:
    """GTP version 1 with its length field; `rest`: from the sequence number on."""
    return struct.pack(">BBHI", 0x30 | flags, kind, octets + len(rest), 77) + rest


def authentication(identifier: int = 0, value: int = 0) -> bytes:
    return bytes([0, 1, identifier, value]) + b"\xff" * (identifier + value + 9)


def ayiya_header(kind: int = 41, identity: int = 4, signature: int = 5, code: int = 1) -> bytes:
    start = bytes([identity << 4 | 2, signature << 4 | 2, 0x10 | code, kind])
    return start + b"\xff" * (4 + 2**identity + 4 * signature)


ORIGIN = b"\0\0" + b"\xff" * 6
PPP_4, PPP_6 = b"\xff\x03\x00\x21", b"\xff\x03\x00\x57"


class Kind(NamedTuple):
    """A way to carry a packet: header and what is inside, and what becomes of near misses.

    carrier: port if `udp`, else IP protocol. cut: of a header without its last byte; empty: of
    a header alone; short, long: of an inner packet of one byte less or more than it should have,
    None where that is not the tunnel's business.
    """

    carrier: int
    header: bytes
    inner: bytes
    link: int = RAW
    cut: str | None = SHORT
    empty: str = SHORT
    short: str | None = None
    long: str | None = None
    kind: int = IP_KIND
    keeps_cut: bool = False

    @property
    def udp(self) -> bool:
        return self.carrier > 255

    def packet(self, payload: bytes, ends: tuple[str, str] = GATES) -> bytes:
        make = over_udp if self.udp else over_ip
        return make(self.carrier, payload, ends)


def exact(carrier: int, header: bytes, inner: bytes, cut: str | None = SHORT) -> Kind:
    kind = GRE_KIND if carrier == GRE else IP_KIND
    return Kind(carrier, header, inner, cut=cut, short=MISMATCH, long=MISMATCH, kind=kind)


LOOSE = {VXLAN: VXLAN_KIND, GENEVE: GENEVE_KIND, AYIYA: AYIYA_KIND, OTHER: AYIYA_KIND}


def loose(carrier: int, header: bytes, inner: bytes, link: int = RAW) -> Kind:
    return Kind(carrier, header, inner, link, cut=NO_MORE, kind=LOOSE[carrier], keeps_cut=True)


def teredo(header: bytes, inner: bytes = SIX, port: int = TEREDO, no: str = NO_MORE) -> Kind:
    kind = TEREDO_KIND
    return Kind(port, header, inner, RAW, no, no, NO_MORE, NO_MORE, kind, keeps_cut=True)


def gtp(flags: int = 0, rest: bytes = b"", inner: bytes = FOUR, port: int = GTP) -> Kind:
    header = gtp_header(len(inner), flags, rest)
    return Kind(port, header, inner, RAW, NONE, NONE, NONE, NONE, GTP_KIND, keeps_cut=True)


def erspan(kind: int, header: bytes, bits: int = 0) -> Kind:
    return Kind(GRE, gre_header(kind, bits=bits) + header, FRAME, ETHERNET, kind=GRE_KIND)


ERSPAN_3 = b"\xff" * 11
KINDS = {
    "IPv4 in IP": exact(4, b"", FOUR, None),
    "IPv6 in IP": exact(41, b"", SIX, None),
    "GRE and IPv4": Kind(GRE, gre_header(0x0800), FOUR, kind=GRE_KIND),
    "GRE and IPv6": Kind(GRE, gre_header(0x86DD), SIX, kind=GRE_KIND),
    "GRE and Ethernet": erspan(0x6558, b""),
    "GRE with a key and Ethernet": erspan(0x6558, b"", 0x2000),
    "GRE with a sequence and Ethernet": erspan(0x6558, b"", 0x1000),
    "ERSPAN I": erspan(0x88BE, b""),
    "ERSPAN I with a key": erspan(0x88BE, b"", 0x2000),
    "ERSPAN II": erspan(0x88BE, b"\xff" * 8, 0x1000),
    "ERSPAN III": erspan(0x22EB, ERSPAN_3 + b"\xfe"),
    "ERSPAN III with a sequence": erspan(0x22EB, ERSPAN_3 + b"\0", 0x1000),
    "ERSPAN III with a subheader": erspan(0x22EB, ERSPAN_3 + b"\x01" + b"\xff" * 8, 0x1000),
    "PPTP and IPv4": exact(GRE, gre_header(0x880B, bits=0x2000, version=1) + PPP_4, FOUR),
    "PPTP and IPv6": exact(GRE, gre_header(0x880B, bits=0x2000, version=1) + PPP_6, SIX),
    "PPTP with a sequence": exact(
        GRE, gre_header(0x880B, bits=0x3000, version=1) + PPP_4, FOUR
    ),
    "PPTP with an acknowledgement": exact(
        GRE, gre_header(0x880B, bits=0x3080, version=1) + PPP_4, FOUR
    ),
    "GRE in UDP": Kind(GRE_IN_UDP, gre_header(0x0800), FOUR, kind=GRE_KIND),
    "GRE in UDP with a key": Kind(
        GRE_IN_UDP, gre_header(0x86DD, bits=0x2000), SIX, kind=GRE_KIND
    ),
    "VXLAN": loose(VXLAN, b"\x08" + b"\xff" * 7, FRAME, ETHERNET),
    "VXLAN with all flags": loose(VXLAN, b"\xff" * 8, FRAME, ETHERNET),
    "Geneve and Ethernet": loose(GENEVE, geneve_header(0x6558), FRAME, ETHERNET),
    "Geneve and IPv4": loose(GENEVE, geneve_header(0x0800), FOUR),
    "Geneve and IPv6": loose(GENEVE, geneve_header(0x86DD), SIX),
    "Geneve with an option": loose(GENEVE, geneve_header(0x0800, 1), FOUR),
    "Geneve with all options": loose(GENEVE, geneve_header(0x6558, 63), FRAME, ETHERNET),
    "Teredo": teredo(b""),
    "Teredo with origin": teredo(ORIGIN),
    "Teredo with authentication": teredo(authentication()),
    "Teredo with long authentication": teredo(authentication(7, 20)),
    "Teredo with the longest authentication": teredo(authentication(255, 255)),
    "Teredo with both": teredo(authentication(3, 0) + ORIGIN),
    "Teredo by its target": teredo(b"", ipv6(b"12345", *TO_TEREDO, 99), OTHER, NONE),
    "Teredo by its source": teredo(b"", ipv6(b"12345", *TO_TEREDO[::-1], 99), OTHER, NONE),
    "Teredo by origin": teredo(ORIGIN, SIX, OTHER, NONE),
    "Teredo by both headers": teredo(authentication(3, 2) + ORIGIN, SIX, OTHER, NONE),
    "GTP": gtp(),
    "GTP on its control port": gtp(port=GTP_CONTROL),
    "GTP and IPv6": gtp(inner=SIX),
    "GTP with a sequence number": gtp(2, b"\xff\xff\xff\0"),
    "GTP with an N-PDU number": gtp(1, b"\xff\xff\xff\0"),
    "GTP with both numbers": gtp(3, b"\xff\xff\xff\xff"),
    "GTP with no extension": gtp(4, b"\xff\xff\xff\0"),
    "GTP with an extension": gtp(4, b"\xff\xff\xff\x85\x01\xff\xff\0"),
    "GTP with a longer extension": gtp(7, b"\xff\xff\xff\x85\x02" + b"\xff" * 6 + b"\0"),
    "GTP with a long extension": gtp(4, b"\xff\xff\xff\x85\x28" + b"\xff" * 158 + b"\0"),
    "GTP with two extensions": gtp(4, b"\xff\xff\xff\x85\x01\xff\xff\x40\x02" + bytes(7)),
    "AYIYA and IPv6": loose(AYIYA, ayiya_header(), SIX),
    "AYIYA and IPv4": loose(AYIYA, ayiya_header(4), FOUR),
    "AYIYA without signature": loose(AYIYA, ayiya_header(41, 2, 0), SIX),
    "AYIYA with the longest signature": loose(AYIYA, ayiya_header(41, 7, 15), SIX),
    "AYIYA by its content": loose(OTHER, ayiya_header(), SIX),
}  # fmt: skip
ALL = pytest.mark.parametrize("name", KINDS)


@ALL
@pytest.mark.parametrize("ends", [GATES, GATES6])
def test_the_packet_inside_is_found(run: Run, name: str, ends: tuple[str, str]) -> None:
    one = KINDS[name]
    found = unwrap(run, one.packet(one.header + one.inner, ends), depth=2)
    assert found == Inner("ok", one.inner, one.link, 0, 3, one.kind)


@pytest.mark.parametrize("name", [name for name, one in KINDS.items() if one.header])
def test_a_header_cut_by_one_byte_is_none(run: Run, name: str) -> None:
    one = KINDS[name]
    assert unwrap(run, one.packet(one.header[:-1])).status == one.cut


@ALL
def test_no_header_cut_anywhere_leads_to_a_packet(run: Run, name: str) -> None:
    one = KINDS[name]
    for length in range(len(one.header)):
        assert unwrap(run, one.packet(one.header[:length])).status != "ok"


@ALL
def test_a_header_with_nothing_behind_it_carries_nothing(run: Run, name: str) -> None:
    one = KINDS[name]
    assert unwrap(run, one.packet(one.header)).status == one.empty


@ALL
def test_an_inner_packet_cut_by_one_byte(run: Run, name: str) -> None:
    one = KINDS[name]
    found = unwrap(run, one.packet(one.header + one.inner[:-1]))
    if one.short:
        assert found.status == one.short
    else:
        assert (found.status, found.data) == ("ok", one.inner[:-1])


@ALL
def test_a_byte_behind_the_inner_packet(run: Run, name: str) -> None:
    one = KINDS[name]
    found = unwrap(run, one.packet(one.header + one.inner + b"\0"))
    if one.long:
        assert found.status == one.long
    else:
        assert (found.status, found.data) == ("ok", one.inner + b"\0")


@ALL
def test_what_the_capture_cut_off_is_known_inside_udp_and_not_inside_ip(
    run: Run, name: str
) -> None:
    one = KINDS[name]
    found = unwrap(run, one.packet(one.header + one.inner), cut=5)
    assert (found.status, found.cut) == ("ok", 5 if one.keeps_cut else 0)


@ALL
def test_a_packet_that_was_cut_by_the_capture_never_leads_beyond_it(run: Run, name: str) -> None:
    one = KINDS[name]
    packet = one.packet(one.header + one.inner)
    start = 28 if one.udp else 20
    for captured in range(start, len(packet)):
        found = unwrap(run, packet, captured=captured)
        expected = packet[start + len(one.header) : captured]
        if one.short:
            assert found.status != "ok"
        elif found.status == "ok":
            assert found.data == expected
        else:
            least = 14 if one.link == ETHERNET and not one.udp else 1
            assert len(expected) < least


@pytest.mark.parametrize("name", [name for name, one in KINDS.items() if one.udp])
def test_a_tunnel_ends_with_its_datagram_and_not_with_the_frame(run: Run, name: str) -> None:
    one = KINDS[name]
    found = unwrap(run, one.packet(one.header + one.inner) + b"\xff" * 6)
    assert (found.status, found.data) == ("ok", one.inner)


EXACT = [name for name, one in KINDS.items() if one.short]
BRIDGED = [name for name, one in KINDS.items() if one.link == ETHERNET and not one.udp]


@pytest.mark.parametrize("name", EXACT)
def test_the_stated_length_of_the_inner_packet_must_be_right(run: Run, name: str) -> None:
    one = KINDS[name]
    place = 2 if one.inner[0] >> 4 == 4 else 4
    for change in (-1, 1, 256):
        inner = bytearray(one.inner)
        struct.pack_into(">H", inner, place, struct.unpack_from(">H", inner, place)[0] + change)
        assert unwrap(run, one.packet(one.header + bytes(inner))).status == one.short


@pytest.mark.parametrize("name", EXACT)
@pytest.mark.parametrize("version", [0, 4, 5, 6, 7, 15])
def test_an_inner_packet_of_another_version_is_none(run: Run, name: str, version: int) -> None:
    one = KINDS[name]
    inner = bytes([version << 4 | one.inner[0] & 15]) + one.inner[1:]
    answer = unwrap(run, one.packet(one.header + inner)).status
    if version == one.inner[0] >> 4:
        assert answer == "ok"
    elif one.carrier == OTHER:
        assert answer == NONE  # it is not recognised
    else:
        assert answer == (one.short if one.udp else NOT_IP)


@pytest.mark.parametrize(("protocol", "size"), [(4, 20), (41, 40)])
def test_an_inner_ip_packet_may_be_its_header_alone(run: Run, protocol: int, size: int) -> None:
    inner = ipv4(b"") if protocol == 4 else ipv6(b"")
    assert unwrap(run, over_ip(protocol, inner)).data == inner
    assert len(inner) == size
    assert unwrap(run, over_ip(protocol, inner[:-1])).status == SHORT


def test_the_protocol_says_which_version_is_inside(run: Run) -> None:
    assert unwrap(run, over_ip(4, SIX)).status == NOT_IP
    assert unwrap(run, over_ip(41, FOUR)).status == SHORT
    assert unwrap(run, over_ip(41, ipv4(bytes(40)))).status == NOT_IP


def test_only_three_ip_protocols_are_tunnels(run: Run) -> None:
    assert [protocol for protocol in range(256) if run(is_ip_tunnel, protocol)] == [4, 41, 47]


BITS = [sum(bits) for bits in product((0, 0x8000), (0, 0x2000), (0, 0x1000), (0, 0x0080))]


@pytest.mark.parametrize("bits", BITS)
@pytest.mark.parametrize(
    ("kind", "version", "behind", "link"),
    [(0x0800, 0, b"", RAW), (0x6558, 0, b"", ETHERNET), (0x880B, 1, PPP_4, RAW)],
)
def test_each_flag_of_gre_adds_its_field(
    run: Run, bits: int, kind: int, version: int, behind: bytes, link: int
) -> None:
    inner = FRAME if link == ETHERNET else FOUR
    header = gre_header(kind, bits=bits, version=version) + behind
    assert len(header) == 4 + len(behind) + 4 * bits.bit_count()
    found = unwrap(run, over_ip(GRE, header + inner))
    assert (found.status, found.data, found.link) == ("ok", inner, link)
    assert unwrap(run, over_ip(GRE, header[:-1])).status == SHORT
    assert unwrap(run, over_ip(GRE, header)).status == SHORT


@pytest.mark.parametrize("bit", [0x4000, 0x0040, 0x0020, 0x0010, 0x0008])
@pytest.mark.parametrize(("kind", "version"), [(0x0800, 0), (0x6558, 0), (0x880B, 1)])
def test_gre_with_routing_or_unknown_flags_is_not_read(
    run: Run, bit: int, kind: int, version: int
) -> None:
    packet = over_ip(GRE, struct.pack(">HH", bit | version, kind) + PPP_4 + FOUR)
    assert unwrap(run, packet).status == UNKNOWN


@pytest.mark.parametrize("bit", [0x0800, 0x0400, 0x0200, 0x0100])
def test_bits_of_gre_without_meaning_for_its_length_are_passed_over(run: Run, bit: int) -> None:
    packet = over_ip(GRE, struct.pack(">HH", bit, 0x0800) + FOUR)
    assert unwrap(run, packet).data == FOUR


@pytest.mark.parametrize("version", range(2, 8))
def test_later_versions_of_gre_are_not_read(run: Run, version: int) -> None:
    for kind in (0x0800, 0x880B):
        packet = over_ip(GRE, struct.pack(">HH", version, kind) + PPP_4 + FOUR)
        assert unwrap(run, packet).status == UNKNOWN


@pytest.mark.parametrize("kind", [0x0800, 0x86DD, 0x6558, 0x880A, 0x880C])
def test_gre_version_1_carries_ppp_and_nothing_else(run: Run, kind: int) -> None:
    packet = over_ip(GRE, gre_header(kind, version=1) + PPP_4 + FOUR)
    assert unwrap(run, packet).status == UNKNOWN


@pytest.mark.parametrize("kind", [0x0020, 0x0022, 0x0121, 0x0056, 0x0157, 0xC021, 0x00FD])
def test_control_and_compressed_ppp_is_no_ip(run: Run, kind: int) -> None:
    header = gre_header(0x880B, version=1) + struct.pack(">HH", 0xFF03, kind)
    assert unwrap(run, over_ip(GRE, header + FOUR)).status == NOT_IP


def test_ppp_says_which_version_is_inside(run: Run) -> None:
    header = gre_header(0x880B, version=1)
    assert unwrap(run, over_ip(GRE, header + PPP_4 + SIX)).status == NOT_IP
    assert unwrap(run, over_ip(GRE, header + PPP_6 + ipv4(bytes(40)))).status == NOT_IP


@pytest.mark.parametrize("name", BRIDGED)
def test_a_bridged_frame_needs_its_ethernet_header_inside_ip(run: Run, name: str) -> None:
    one = KINDS[name]
    assert unwrap(run, one.packet(one.header + FRAME[:13])).status == SHORT
    assert unwrap(run, one.packet(one.header + FRAME[:15])).data == FRAME[:15]


def test_vxlan_needs_the_flag_of_a_valid_network_number(run: Run) -> None:
    for flags in range(256):
        found = unwrap(run, over_udp(VXLAN, bytes([flags]) + bytes(7) + FRAME))
        assert found.status == ("ok" if flags & 8 else NO_MORE)


@pytest.mark.parametrize("start", [0x40, 0x41, 0x80, 0xC0, 0xFF])
def test_later_versions_of_geneve_are_not_read(run: Run, start: int) -> None:
    packet = over_udp(GENEVE, bytes([start]) + geneve_header(0x0800)[1:] + bytes(300))
    assert unwrap(run, packet).status == UNKNOWN


@pytest.mark.parametrize("kind", [0, 0x0806, 0x0801, 0x86DC, 0x6559, 0x8847])
def test_geneve_with_something_else_inside_is_no_ip(run: Run, kind: int) -> None:
    assert unwrap(run, over_udp(GENEVE, geneve_header(kind, 2) + FOUR)).status == NOT_IP


def test_options_of_geneve_beyond_the_datagram_are_no_geneve(run: Run) -> None:
    header = geneve_header(0x0800, 63)
    assert unwrap(run, over_udp(GENEVE, header[:-1])).status == NO_MORE
    assert unwrap(run, over_udp(GENEVE, header)).status == SHORT


@pytest.mark.parametrize("code", range(16))
def test_ayiya_only_forwards_with_one_code(run: Run, code: int) -> None:
    found = unwrap(run, over_udp(AYIYA, ayiya_header(code=code) + SIX))
    assert found.status == ("ok" if code == 1 else NONE)


@pytest.mark.parametrize("kind", [0, 3, 5, 17, 40, 42, 59, 255])
def test_ayiya_with_something_else_inside_is_no_ip(run: Run, kind: int) -> None:
    assert unwrap(run, over_udp(AYIYA, ayiya_header(kind) + SIX)).status == NOT_IP


@pytest.mark.parametrize("identity", range(8))
@pytest.mark.parametrize("signature", [0, 1, 15])
def test_lengths_in_the_ayiya_header_are_followed(run: Run, identity: int, signature: int) -> None:
    header = ayiya_header(41, identity, signature)
    assert len(header) == 8 + 2**identity + 4 * signature
    assert unwrap(run, over_udp(AYIYA, header + SIX)).data == SIX


@pytest.mark.parametrize("change", [(1, 0x51), (1, 0x53), (2, 0x10), (2, 0x21)])
def test_on_other_ports_two_bytes_tell_ayiya(run: Run, change: tuple[int, int]) -> None:
    header = bytearray(ayiya_header())
    header[change[0]] = change[1]
    assert unwrap(run, over_udp(OTHER, bytes(header) + SIX)).status == NONE
    assert unwrap(run, over_udp(OTHER, b"\x40\x52\x11")).status == NO_MORE
    assert unwrap(run, over_udp(OTHER, b"\x40\x52")).status == NONE


def test_gtp_is_never_carried_by_gtp_but_by_others(run: Run) -> None:
    one = KINDS["GTP"]
    packet = one.packet(one.header + one.inner)
    assert unwrap(run, packet, kind=GTP_KIND).status == NONE
    for kind in (GRE_KIND, TEREDO_KIND, IP_KIND):
        assert unwrap(run, packet, kind=kind).status == "ok"


@pytest.mark.parametrize("start", [0x10, 0x20, 0x27, 0x50, 0x70, 0xF0])
def test_other_versions_and_gtp_prime_are_no_gtp(run: Run, start: int) -> None:
    rest = bytes(4) if start & 7 else b""
    header = bytes([start]) + gtp_header(len(FOUR), rest=rest)[1:]
    assert unwrap(run, over_udp(GTP, header + FOUR)).status == NONE


@pytest.mark.parametrize("kind", [0, 1, 2, 26, 254])
def test_only_one_message_of_gtp_carries_packets(run: Run, kind: int) -> None:
    assert unwrap(run, over_udp(GTP, gtp_header(len(FOUR), kind=kind) + FOUR)).status == NONE


@pytest.mark.parametrize(
    "rest",
    [
        b"\xff\xff\xff\x85" + b"\0" + bytes(3),  # an extension of length 0
        b"\xff\xff\xff\x85" + b"\xff" + bytes(3),  # beyond the datagram
        b"\xff\xff\xff\x85" + b"\x01\0\0\x85",  # followed by another, which is none
        b"\xff\xff\xff\x85" + b"\x01\0\0\0" + b"\x01\0\0\0",  # followed by none, but there is one
    ],
)
def test_extensions_of_gtp_that_do_not_fit_lead_nowhere(run: Run, rest: bytes) -> None:
    packet = over_udp(GTP, gtp_header(len(FOUR), 4, rest) + FOUR)
    assert unwrap(run, packet).status == NONE


def test_an_extension_of_gtp_counts_only_with_its_flag(run: Run) -> None:
    rest = b"\xff\xff\xff\x85"
    assert unwrap(run, over_udp(GTP, gtp_header(len(FOUR), 2, rest) + FOUR)).data == FOUR


def test_an_extension_of_gtp_may_reach_to_the_end_and_carry_nothing(run: Run) -> None:
    rest = b"\xff\xff\xff\x85\x01\0\0"
    for last in (b"\0", b"\x85"):
        assert unwrap(run, over_udp(GTP, gtp_header(0, 4, rest + last))).status == NONE


@pytest.mark.parametrize("payload", [b"", b"\x01", b"\x01" * 100])
def test_a_teredo_bubble_may_have_data_behind_it_and_no_other_packet_may(
    run: Run, payload: bytes
) -> None:
    bubble = ipv6(b"", *TO_TEREDO, 59)
    assert unwrap(run, over_udp(TEREDO, bubble + payload)).data == bubble + payload
    other = ipv6(b"", *TO_TEREDO, 99)
    assert unwrap(run, over_udp(TEREDO, other + payload)).status == (NO_MORE if payload else "ok")
    inner = ipv6(b"x", *TO_TEREDO, 59)
    assert unwrap(run, over_udp(TEREDO, inner + payload)).status == (NO_MORE if payload else "ok")


def test_a_bubble_of_40_bytes_is_recognised_by_its_content(run: Run) -> None:
    bubble = ipv6(b"", *TO_TEREDO, 59)
    assert len(bubble) == 40
    for header in (b"", ORIGIN, authentication() + ORIGIN):
        assert unwrap(run, over_udp(OTHER, header + bubble)).data == bubble


def test_nothing_is_wrong_with_a_bubble_but_with_other_packets_without_content() -> None:
    bubble = ipv6(b"", *TO_TEREDO, 59)
    _, tracker = track([Packet(START, ethernet(over_udp(TEREDO, bubble)))])
    assert tracker.weirds == {}
    _, tracker = track([Packet(START, ethernet(bubble))])
    assert tracker.weirds == {"ipv6_no_next_header": 1}


@pytest.mark.parametrize("second", [0x00, 0x01, 0x02, 0x10, 0xFF])
def test_traffic_class_and_flow_label_are_no_headers_of_teredo(run: Run, second: int) -> None:
    inner = bytes([0x60, second]) + SIX[2:]
    assert unwrap(run, over_udp(TEREDO, inner)).data == inner


@pytest.mark.parametrize("inner", [ipv4(b""), ipv6(b"")])
def test_gtp_may_carry_an_ip_header_alone(run: Run, inner: bytes) -> None:
    assert unwrap(run, over_udp(GTP, gtp_header(len(inner)) + inner)).data == inner
    assert unwrap(run, over_udp(GTP, gtp_header(len(inner)) + inner[:-1])).status == NONE


def test_the_headers_of_teredo_come_in_one_order_and_once(run: Run) -> None:
    for header in (ORIGIN * 2, authentication() * 2, ORIGIN + authentication()):
        assert unwrap(run, over_udp(TEREDO, header + SIX)).status == NO_MORE


@pytest.mark.parametrize("header", [b"\0\x02", b"\x01\0", b"\x01\x01"])
def test_other_headers_before_ipv6_are_no_teredo(run: Run, header: bytes) -> None:
    rest = bytes(6) + SIX
    assert unwrap(run, over_udp(TEREDO, header + rest)).status == NO_MORE
    assert unwrap(run, over_udp(OTHER, header + rest)).status == NONE


NOT_TEREDO = {
    "IPv6 of other networks": SIX,
    "a source that looks like IPv6": b"\x60\x20" + ipv6(bytes(9), "6000::1", "fe80::1", 99)[2:],
    "a source one bit off": ipv6(b"x", "2001:1::1", "fe80::1", 99),
    "a target one bit off": ipv6(b"x", "fe80::1", "2001:1::1", 99),
    "Teredo's network in IPv4": ipv4(bytes(4) + b"\x20\x01\0\0" + bytes(30)),
    "authentication alone": authentication(3, 2) + SIX,
    "origin and IPv4": ORIGIN + ipv4(bytes(40)),
    "origin and 39 bytes": ORIGIN + ipv6(b"")[:-1],
    "both headers and 39 bytes": authentication(3, 2) + ORIGIN + ipv6(b"")[:-1],
    "39 bytes": ipv6(b"", *TO_TEREDO)[:-1],
    "authentication beyond the datagram": b"\0\x01\xff\xff" + bytes(60),
    "authentication cut": authentication(40, 10)[:-3],
    "zeros": bytes(100),
    "nothing": b"",
}  # fmt: skip


@pytest.mark.parametrize("name", NOT_TEREDO)
def test_what_only_resembles_teredo_is_none_on_other_ports(run: Run, name: str) -> None:
    assert unwrap(run, over_udp(OTHER, NOT_TEREDO[name])).status == NONE


def test_a_port_says_which_tunnel_it_is_whatever_the_content(run: Run) -> None:
    content = ipv6(b"x", *TO_TEREDO, 99)
    expected = {VXLAN: NO_MORE, GRE_IN_UDP: UNKNOWN, GTP: NONE, GTP_CONTROL: NONE, GENEVE: UNKNOWN}
    expected |= {TEREDO: "ok", OTHER: "ok", AYIYA: NO_MORE}
    found = {port: unwrap(run, over_udp(port, content)).status for port in expected}
    assert found == expected


@pytest.mark.parametrize("port", [VXLAN, GENEVE, GRE_IN_UDP, GTP, AYIYA, TEREDO, OTHER])
@pytest.mark.parametrize("length", [0, 7, 8, 9, 11, 27])
def test_a_udp_length_bounds_what_is_read_however_small(run: Run, port: int, length: int) -> None:
    """In front of what would be a whole tunnel on every port."""
    content = {one.carrier: one.header + one.inner for one in KINDS.values() if one.udp}[port]
    found = unwrap(run, over_udp(port, content, length=length))
    assert found == unwrap(run, over_udp(port, content[: max(0, length - 8)]))
    assert length > 11 or found.status != "ok"


@given(st.sampled_from(sorted(KINDS)), st.data())
def test_no_changed_bytes_lead_out_of_the_packet(run: Run, name: str, data: st.DataObject) -> None:
    one = KINDS[name]
    payload = bytearray(one.header + one.inner)
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(payload) - 1))
        payload[place] = data.draw(st.sampled_from([0, 1, 4, 0x45, 0x60, 0x7F, 0x80, 255]))
    packet = one.packet(bytes(payload[: data.draw(st.integers(0, len(payload)))]))
    captured = data.draw(st.integers(28, max(28, len(packet))))
    unwrap(run, packet, captured=captured)


def nested(name: str, depth: int) -> bytes:
    """An IP packet inside so many tunnels of a kind, each between two other hosts."""
    one = KINDS[name]
    packet = FOUR if one.inner in (FOUR, FRAME) else SIX
    for level in range(depth):
        inner = ethernet(packet) if one.link == ETHERNET else packet
        header = one.header
        if one.kind == GTP_KIND:
            header = header[:2] + struct.pack(">H", len(header) - 8 + len(inner)) + header[4:]
        ends = (f"10.{100 + level}.0.1", "10.99.0.2")
        if packet[0] >> 4 == 6:
            ends = (f"2001:0:{100 + level}::1", "2001:0:99::2")
        packet = one.packet(header + inner, ends)
    return packet


NESTING = [
    name for name, one in KINDS.items() if one.kind != GTP_KIND and one.inner in (FOUR, SIX, FRAME)
]


@pytest.mark.parametrize("name", NESTING)
def test_packets_are_followed_into_four_tunnels_and_not_into_a_fifth(name: str) -> None:
    inside = {CLIENT, SIX_ENDS[0]}
    assert MAX_DEPTH == 4
    for depth in (1, MAX_DEPTH, MAX_DEPTH + 1):
        table, tracker = track(timed(ethernet(nested(name, depth))))
        found = inside & set(table["orig_h"].to_list()) if len(table) else set()
        assert len(found) == (depth <= MAX_DEPTH)
        weirds = {} if depth <= MAX_DEPTH else {"exceeded_tunnel_max_depth": 1}
        assert dict(tracker.weirds) == weirds


def test_a_flow_at_the_depth_limit_notes_that_it_was_cut_short() -> None:
    rows = flows(timed(ethernet(nested("VXLAN", MAX_DEPTH + 1))))
    assert [row["history"] for row in rows] == ["D"] * MAX_DEPTH + ["DX"]


def test_inside_gtp_gtp_is_an_ordinary_datagram_and_inside_others_it_is_not() -> None:
    once = flows(timed(ethernet(nested("GTP", 1))))
    twice = flows(timed(ethernet(nested("GTP", 2))))
    assert [row["orig_h"] for row in once] == ["10.100.0.1", CLIENT]
    assert [row["orig_h"] for row in twice] == ["10.101.0.1", "10.100.0.1"]


@pytest.mark.parametrize("name", KINDS)
def test_what_a_short_capture_left_of_an_inner_packet_still_counts_in_some_tunnels(
    name: str,
) -> None:
    one = KINDS[name]
    frame = ethernet(one.packet(one.header + one.inner))
    table, tracker = track([Packet(START, frame[:-3], len(frame))])
    inside = {CLIENT, SIX_ENDS[0]} & set(table["orig_h"].to_list() if len(table) else [])
    carries_the_cut = one.keeps_cut and one.short is None
    assert len(inside) == carries_the_cut
    if not one.udp or one.kind == GRE_KIND:
        reason = MISMATCH if one.short else "truncated_IP_len"
        assert dict(tracker.weirds) == {reason: 1}
    else:
        assert not tracker.weirds
