"""IPv4 (RFC 791) and IPv6 (RFC 8200) headers, options and extension chain included.

Order of the checks and their names: Zeek's `src/packet_analysis/protocol/ip/IP.cc`, since a
packet that two of them would refuse is counted under the first.
"""

from __future__ import annotations

from parsers.kernel import Words, kernel
from parsers.packets.checksums import fold, ones_sum
from parsers.packets.fields import (
    CAPTURED,
    CARRIER_KIND,
    DATAGRAM_ID,
    FRAGMENT_AT,
    FRAGMENT_MORE,
    HEADER_BYTES,
    IP_BYTES,
    IP_VERSION,
    PROTOCOL,
    REDIRECTED,
    SOURCE_HIGH,
    SOURCE_LOW,
    TARGET_HIGH,
    TARGET_LOW,
    TEREDO_KIND,
    TRANSPORT_AT,
    TRANSPORT_BYTES,
)  # fmt: skip
from parsers.packets.octets import signed64, u16, u32
from parsers.weirds import CODES

OK = -1
FRAGMENT = -2  # a whole fragment: see fragments.py
BUBBLE = -6  # a Teredo packet without content (RFC 4380, section 2.8): nothing is wrong with it
TRUNCATED = CODES["truncated_IP"]
VERSION = CODES["unknown_ip_version"]
HEADER_SIZE = CODES["invalid_IP_header_size"]
LENGTH_ZERO = CODES["ip_hdr_len_zero"]
LENGTH = CODES["truncated_IP_len"]
CUT_HEADER = CODES["internally_truncated_header"]
CHECKSUM = CODES["bad_IP_checksum"]
CUT_FRAGMENT = CODES["incompletely_captured_fragment"]
NO_NEXT = CODES["ipv6_no_next_header"]
ESP_HIDES = CODES["ipv6_ESP"]

MAPPED = 0xFFFF << 32  # an IPv4 address in the low word: ::ffff:a.b.c.d
HOP_BY_HOP, ROUTING, FRAGMENT_HEADER, ESP, AH, NO_NEXT_HEADER, DESTINATION, MOBILITY = (
    0, 43, 44, 50, 51, 59, 60, 135,
)  # fmt: skip
EXTENSIONS = (HOP_BY_HOP, ROUTING, FRAGMENT_HEADER, AH, DESTINATION)
TARGET, SOURCE = 1, 2  # bits of REDIRECTED; the first header that says so counts
HOME_ADDRESS = 201  # RFC 6275, section 6.3


@kernel
def ip_header(b: Words, at: int, end: int, wire: int, verify: int, p: Words) -> int:
    """Read the IP header at `at` of a packet captured up to `end`.

    `wire`: bytes on the wire from `at` on; `verify`: whether a wrong IPv4 header checksum drops
    the packet. Fills addresses, protocol, lengths and the transport's place in `p`.
    Returns OK, FRAGMENT, or the code of the weird.
    """
    if at + 20 > end:
        return TRUNCATED
    version = b[at] // 16
    if version == 4:
        return ipv4(b, at, end, wire, verify, p)
    if version == 6:
        return ipv6(b, at, end, wire, p)
    return VERSION


@kernel
def ipv4(b: Words, at: int, end: int, wire: int, verify: int, p: Words) -> int:
    """Read an IPv4 header; see `ip_header`."""
    header = (b[at] & 15) * 4
    total = u16(b, at + 2)
    p[IP_BYTES] = total
    if total == 0:
        # Segmentation offload leaves the length to the hardware; so does the checksum.
        if verify:
            return LENGTH_ZERO
        total = end - at
    if wire < total:
        return LENGTH
    if header > total or header < 20:
        return HEADER_SIZE
    if at + header > end:
        return CUT_HEADER
    if verify and fold(ones_sum(b, at, at + header, 0)) != 0xFFFF:
        return CHECKSUM
    p[IP_VERSION] = 4
    p[SOURCE_HIGH] = 0
    p[SOURCE_LOW] = MAPPED + u32(b, at + 12)
    p[TARGET_HIGH] = 0
    p[TARGET_LOW] = MAPPED + u32(b, at + 16)
    p[PROTOCOL] = b[at + 9] + 0
    p[TRANSPORT_AT] = at + header
    p[TRANSPORT_BYTES] = total - header
    p[CAPTURED] = end - at - header
    fragment = u16(b, at + 6)
    if fragment & 0x3FFF == 0:
        return OK
    p[DATAGRAM_ID] = u16(b, at + 4)
    p[FRAGMENT_AT] = (fragment & 0x1FFF) * 8
    p[FRAGMENT_MORE] = fragment & 0x2000
    p[HEADER_BYTES] = header
    return whole_fragment(end - at, total, p)


@kernel
def whole_fragment(here: int, total: int, p: Words) -> int:
    """FRAGMENT if it was captured whole; of one that was cut, the first still tells its ports."""
    if here >= total:
        return FRAGMENT
    return CUT_FRAGMENT if p[FRAGMENT_AT] else OK


@kernel
def ipv6(b: Words, at: int, end: int, wire: int, p: Words) -> int:
    """Read an IPv6 header and its extension chain; see `ip_header`."""
    if at + 40 > end:
        return TRUNCATED
    total = u16(b, at + 4) + 40
    p[IP_BYTES] = total
    if wire < total:
        return LENGTH
    p[IP_VERSION] = 6
    p[REDIRECTED] = 0
    p[SOURCE_HIGH] = signed64(b, at + 8)
    p[SOURCE_LOW] = signed64(b, at + 16)
    p[TARGET_HIGH] = signed64(b, at + 24)
    p[TARGET_LOW] = signed64(b, at + 32)
    status = extension_chain(b, at + 40, end, b[at + 6] + 0, p)
    p[TRANSPORT_BYTES] = at + total - p[TRANSPORT_AT]
    if status == FRAGMENT:
        p[HEADER_BYTES] = p[TRANSPORT_AT] - 8 - at
        return whole_fragment(end - at, total, p)
    return HEADER_SIZE if status == OK and p[TRANSPORT_BYTES] < 0 else status


@kernel
def extension_chain(b: Words, place: int, end: int, protocol: int, p: Words) -> int:
    """Walk the extension headers from `place` on, the first of which is of type `protocol`.

    A header that does not fit what was captured ends the chain and is itself the protocol.
    Returns OK, FRAGMENT at a fragment header, or the code of the weird.
    """
    status = OK
    while status == OK and protocol in EXTENSIONS and place + 2 <= end:
        size = extension_size(b, place, protocol)
        if place + size > end:
            break
        if protocol == FRAGMENT_HEADER:
            p[DATAGRAM_ID] = u32(b, place + 4)
            p[FRAGMENT_AT] = u16(b, place + 2) & 0xFFF8
            p[FRAGMENT_MORE] = u16(b, place + 2) & 1
            status = FRAGMENT
        elif protocol == ROUTING:
            routing(b, place, size, p)
        elif protocol == DESTINATION:
            home_address(b, place, size, p)
        protocol = b[place] + 0
        place += size
    p[PROTOCOL] = protocol
    p[TRANSPORT_AT] = place
    p[CAPTURED] = end - place
    if status == OK and protocol == NO_NEXT_HEADER:
        return BUBBLE if p[CARRIER_KIND] == TEREDO_KIND else NO_NEXT
    if status == OK and protocol == ESP and place + 8 <= end:
        return ESP_HIDES
    if status == OK and protocol == MOBILITY and place + 2 <= end:
        return ESP_HIDES if place + extension_size(b, place, protocol) <= end else OK
    return status


@kernel
def extension_size(b: Words, place: int, protocol: int) -> int:
    """Length of an extension header, bytes (RFC 8200, section 4; AH: RFC 4302, section 2.2)."""
    if protocol == FRAGMENT_HEADER:
        return 8
    if protocol == AH:
        return (b[place + 1] + 2) * 4
    return (b[place + 1] + 1) * 8


@kernel
def routing(b: Words, place: int, size: int, p: Words) -> None:
    """Types 0 and 2 with segments left: the last address listed is where the packet goes."""
    if size < 24 or b[place + 3] == 0 or b[place + 2] not in (0, 2) or p[REDIRECTED] & TARGET:
        return
    p[REDIRECTED] |= TARGET
    last = place + 8 + ((size - 8) // 16 - 1) * 16
    p[TARGET_HIGH] = signed64(b, last)
    p[TARGET_LOW] = signed64(b, last + 8)


@kernel
def home_address(b: Words, place: int, size: int, p: Words) -> None:
    """The Home Address option names the packet's real source (RFC 6275, section 6.3)."""
    option = place + 2
    while option + 2 <= place + size and not p[REDIRECTED] & SOURCE:
        if b[option] == 0:
            option += 1
            continue
        if b[option] == HOME_ADDRESS and b[option + 1] == 16 and option + 18 <= place + size:
            p[SOURCE_HIGH] = signed64(b, option + 2)
            p[SOURCE_LOW] = signed64(b, option + 10)
            p[REDIRECTED] |= SOURCE
        option += 2 + b[option + 1]
