"""Link layers: the IP header is found behind every header, and no cut frame leads outside it."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.packets.link import network_header
from parsers.weirds import WEIRDS
from tests.frames import ethernet, ipv4, ipv6

NULL, ETHERNET, PPP, RAW, LOOP, PPP_HDLC, PPPOE = 0, 1, 9, 101, 108, 50, 51
COOKED, COOKED_2, IPV4, IPV6, RAW_BSD, RAW_OPENBSD, FDDI = 113, 276, 228, 229, 12, 14, 10
LINKS = (NULL, ETHERNET, PPP, RAW, LOOP, PPP_HDLC, PPPOE, COOKED, COOKED_2, IPV4, IPV6, FDDI)
NAMES = list(WEIRDS)
FOUR, SIX = ipv4(b"12345678", protocol=99), ipv6(b"12345678", protocol=99)
SHORT, NOT_IP, UNKNOWN = "truncated_link_header", "unknown_network_protocol", "unknown_link_type"


def find(data: bytes, link: int = ETHERNET) -> int | str:
    """Where the IP header is, from the frame's start; or the name of the weird.

    Asked three times, with nothing, zeros and ones around the frame: what is beyond it must
    neither be read nor matter.
    """
    answers = set()
    for around in (b"", bytes(40), b"\xff" * 40):
        at, block = len(around), memoryview(around + data + around)
        answer = network_header(block, at, at + len(data), link)
        answers.add(NAMES[-1 - answer] if answer < 0 else answer - at)
    (only,) = answers
    return only


def tag(kind: int, following: int) -> bytes:
    """The part of a header from its control word on; `kind` is the EtherType before it."""
    size = {0x8926: 4, 0x88E7: 16}.get(kind, 2)
    return bytes(size) + struct.pack(">H", following)


def label(bottom: bool) -> bytes:
    return struct.pack(">I", 77 << 12 | bottom << 8 | 64)


MACS = b"\x02\0\0\0\0\x01\x02\0\0\0\0\x02"
SNAP = b"\xaa\xaa\x03\0\0\0\x08\x00"
SESSION = b"\x11\x00\x00\x05\x00\x20"  # PPPoE: version, code, session, length
HEADERS = {
    "ethernet": (ETHERNET, ethernet(b"", 0x0800)),
    "802.1Q": (ETHERNET, ethernet(b"", 0x0800, [(0x8100, 5)])),
    "QinQ": (ETHERNET, ethernet(b"", 0x0800, [(0x88A8, 5), (0x8100, 6)])),
    "old QinQ": (ETHERNET, ethernet(b"", 0x0800, [(0x9100, 5), (0x8100, 6)])),
    "three tags": (ETHERNET, ethernet(b"", 0x0800, [(0x8100, 5)] * 3)),
    "VN-Tag": (ETHERNET, MACS + b"\x89\x26" + tag(0x8926, 0x0800)),
    "VN-Tag and 802.1Q": (ETHERNET, MACS + b"\x89\x26" + tag(0x8926, 0x8100) + tag(0x8100, 0x0800)),
    "backbone": (ETHERNET, MACS + b"\x88\xe7" + tag(0x88E7, 0x0800)),
    "backbone in 802.1Q": (
        ETHERNET, MACS + b"\x81\x00" + tag(0x8100, 0x88E7) + tag(0x88E7, 0x0800)
    ),
    "PPPoE": (ETHERNET, MACS + b"\x88\x64" + SESSION + b"\x00\x21"),
    "PPPoE in 802.1Q": (ETHERNET, ethernet(SESSION + b"\x00\x21", 0x8864, [(0x8100, 5)])),
    "MPLS": (ETHERNET, MACS + b"\x88\x47" + label(True)),
    "MPLS multicast": (ETHERNET, MACS + b"\x88\x48" + label(True)),
    "three labels": (ETHERNET, MACS + b"\x88\x47" + label(False) * 2 + label(True)),
    "MPLS in PPPoE": (ETHERNET, MACS + b"\x88\x64" + SESSION + b"\x02\x81" + label(True)),
    "LLC and SNAP": (ETHERNET, MACS + b"\x00\x28" + SNAP),
    "SNAP and 802.1Q": (
        ETHERNET, MACS + b"\x00\x28" + SNAP[:6] + b"\x81\x00" + tag(0x8100, 0x0800)
    ),
    "FabricPath": (ETHERNET, MACS + b"\x89\x03\x12\x34" + ethernet(b"", 0x0800)),
    "FabricPath and 802.1Q": (
        ETHERNET, MACS + b"\x89\x03\x12\x34" + ethernet(b"", 0x0800, [(0x8100, 5)])
    ),
    "FDDI": (FDDI, bytes(13) + SNAP),
    "cooked": (COOKED, bytes(14) + b"\x08\x00"),
    "cooked and 802.1Q": (COOKED, bytes(14) + b"\x81\x00" + tag(0x8100, 0x0800)),
    "cooked 2": (COOKED_2, b"\x08\x00" + bytes(18)),
    "null, little-endian": (NULL, b"\x02\0\0\0"),
    "null, big-endian": (NULL, b"\0\0\0\x02"),
    "loop": (LOOP, b"\0\0\0\x02"),
    "PPP": (PPP, b"\x00\x21"),
    "PPP with HDLC framing": (PPP, b"\xff\x03\x00\x21"),
    "PPP link of HDLC": (PPP_HDLC, b"\xff\x03\x00\x21"),
    "MPLS in PPP": (PPP, b"\xff\x03\x02\x81" + label(True)),
    "PPPoE link": (PPPOE, SESSION + b"\x00\x21"),
    "raw": (RAW, b""),
    "raw of BSD": (RAW_BSD, b""),
    "raw of OpenBSD": (RAW_OPENBSD, b""),
    "IPv4 link": (IPV4, b""),
    "IPv6 link": (IPV6, b""),
}  # fmt: skip
# Where a cut header cannot be told from another protocol's whole one.
AMBIGUOUS = {"LLC and SNAP", "SNAP and 802.1Q", "FDDI"}


@pytest.mark.parametrize("name", HEADERS)
def test_the_ip_header_is_behind_the_link_header(name: str) -> None:
    link, header = HEADERS[name]
    assert find(header + FOUR, link) == len(header)


@pytest.mark.parametrize("name", HEADERS)
def test_a_frame_cut_at_any_length_gives_an_offset_or_a_weird(name: str) -> None:
    link, header = HEADERS[name]
    for length in range(len(header) + len(FOUR) + 1):
        answer = find((header + FOUR)[:length], link)
        assert answer in (SHORT, NOT_IP) or answer == len(header) <= length


@pytest.mark.parametrize("name", [name for name in HEADERS if name not in AMBIGUOUS])
def test_a_frame_cut_within_its_link_header_is_counted_as_such(name: str) -> None:
    link, header = HEADERS[name]
    answers = {length: find(header[:length], link) for length in range(len(header))}
    assert answers == dict.fromkeys(answers, SHORT)


@pytest.mark.parametrize(
    ("link", "header"),
    [
        (ETHERNET, ethernet(b"", 0x86DD)),
        (ETHERNET, ethernet(b"", 0x86DD, [(0x8100, 5)])),
        (ETHERNET, MACS + b"\x88\x47" + label(True)),
        (ETHERNET, MACS + b"\x88\x64" + SESSION + b"\x00\x57"),
        (COOKED, bytes(14) + b"\x86\xdd"),
        (PPP, b"\xff\x03\x00\x57"),
    ],
)
def test_ipv6_is_found_like_ipv4(link: int, header: bytes) -> None:
    assert find(header + SIX, link) == len(header)


@pytest.mark.parametrize("family", [10, 24, 28, 30])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("link", [NULL, LOOP])
def test_each_systems_number_for_ipv6_is_known_in_both_byte_orders(
    family: int, order: str, link: int
) -> None:
    assert find(struct.pack(order + "I", family) + SIX, link) == 4


@pytest.mark.parametrize("word", [b"\x07\0\0\0", b"\0\x02\0\0", b"\x01\0\0\x01", b"\0\0\0\0"])
def test_other_families_are_no_ip(word: bytes) -> None:
    assert find(word + FOUR, NULL) == NOT_IP


@pytest.mark.parametrize("kind", [0x0806, 0x88CC, 0x8863, 0x0842, 0x0600, 0xFFFF])
def test_other_ethertypes_are_no_ip(kind: int) -> None:
    assert find(ethernet(FOUR, kind)) == NOT_IP
    assert find(ethernet(FOUR, kind, [(0x8100, 5)])) == NOT_IP


@pytest.mark.parametrize("start", [b"\x42\x42\x03", b"\xff\xff\x00", b"\xaa\xab\x03"])
def test_llc_without_snap_is_no_ip(start: bytes) -> None:
    assert find(MACS + b"\x00\x26" + start + FOUR) == NOT_IP


def test_a_length_field_of_1500_is_none_of_the_ethertypes_and_1536_is_one() -> None:
    assert find(MACS + struct.pack(">H", 1500) + SNAP + FOUR) == 22
    assert find(MACS + struct.pack(">H", 1536) + SNAP + FOUR) == NOT_IP


def test_ppp_control_protocols_are_no_ip() -> None:
    assert find(b"\xff\x03\xc0\x21" + FOUR, PPP) == NOT_IP
    assert find(MACS + b"\x88\x64" + SESSION + b"\xc0\x21" + FOUR) == NOT_IP


def test_what_follows_labels_and_does_not_look_like_ip_is_none() -> None:
    assert find(MACS + b"\x88\x47" + label(True) + ethernet(FOUR)) == NOT_IP
    assert find(MACS + b"\x88\x47" + label(True) + b"\x65") == 18


def test_labels_without_a_bottom_are_a_cut_header() -> None:
    assert find(MACS + b"\x88\x47" + label(False) * 9) == SHORT


def test_a_thousand_tags_are_followed() -> None:
    tags = [(0x8100, 1)] * 1000
    assert find(ethernet(FOUR, tags=tags)) == 14 + 4 * 1000
    assert find(ethernet(b"", 0x8100, tags)) == SHORT


@pytest.mark.parametrize("link", [2, 6, 105, 127, 147, 195, 239, 65535])
def test_other_link_types_are_said_to_be_unknown(link: int) -> None:
    assert find(ethernet(FOUR), link) == UNKNOWN


@given(st.sampled_from(LINKS), st.binary(max_size=80))
def test_no_bytes_lead_out_of_the_frame(link: int, data: bytes) -> None:
    answer = find(data, link)
    assert answer in (SHORT, NOT_IP) or 0 <= int(answer) <= len(data)


KINDS = (0x0800, 0x8100, 0x88A8, 0x8847, 0x8864, 0x8926, 0x88E7, 0x8903, 0x0028)


@given(st.lists(st.sampled_from(KINDS), max_size=6), st.binary(max_size=30), st.booleans())
def test_no_nesting_of_headers_leads_out_of_the_frame(
    kinds: list[int], rest: bytes, snap: bool
) -> None:
    between = SNAP[:6] if snap else b"\0\0"
    data = MACS + b"".join(struct.pack(">H", kind) + between for kind in kinds)
    answer = find(data + rest)
    assert answer in (SHORT, NOT_IP) or 0 <= int(answer) <= len(data + rest)


def test_fddi_carries_ip_behind_llc_and_snap() -> None:
    head = b"\x50" + bytes(12) + b"\xaa\xaa\x03\0\0\0\x08\0"
    assert find(head + FOUR, 10) == len(head)
