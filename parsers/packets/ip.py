"""IPv4 (RFC 791) and IPv6 (RFC 8200) headers, options and extension chain included.

Order of the checks and their names: Zeek's `src/packet_analysis/protocol/ip/IP.cc`, since a
packet that two of them would refuse is counted under the first.
"""

from __future__ import annotations

from typing import Any

from parsers.kernel import kernel
from parsers.packets.checksums import fold, ones_sum
from parsers.packets.fields import (
    CAPTURED, IP_BYTES, IP_VERSION, PROTOCOL, SOURCE_HIGH, SOURCE_LOW, TARGET_HIGH,
    TARGET_LOW, TRANSPORT_AT, TRANSPORT_BYTES,
)  # fmt: skip
from parsers.packets.octets import Octets, signed64, u16, u32
from parsers.weirds import CODES

Fields = Any

OK = -1
TRUNCATED = CODES["truncated_IP"]
VERSION = CODES["unknown_ip_version"]
HEADER_SIZE = CODES["invalid_IP_header_size"]
LENGTH_ZERO = CODES["ip_hdr_len_zero"]
LENGTH = CODES["truncated_IP_len"]
CUT_HEADER = CODES["internally_truncated_header"]
CHECKSUM = CODES["bad_IP_checksum"]
FRAGMENT = CODES["fragment"]
NO_NEXT = CODES["ipv6_no_next_header"]
ESP_HIDES = CODES["ipv6_ESP"]

MAPPED = 0xFFFF << 32  # an IPv4 address in the low word: ::ffff:a.b.c.d
HOP_BY_HOP, ROUTING, FRAGMENT_HEADER, ESP, AH, NO_NEXT_HEADER, DESTINATION, MOBILITY = (
    0, 43, 44, 50, 51, 59, 60, 135,
)  # fmt: skip
HOME_ADDRESS = 201  # RFC 6275, section 6.3


@kernel
def ip_header(b: Octets, at: int, end: int, wire: int, verify: int, p: Fields) -> int:
    """Read the IP header at `at` of a packet captured up to `end`.

    `wire`: bytes on the wire from `at` on; `verify`: whether a wrong IPv4 header checksum drops
    the packet. Fills addresses, protocol, lengths and the transport's place in `p`.
    Returns OK, or the code of the weird.
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
def ipv4(b: Octets, at: int, end: int, wire: int, verify: int, p: Fields) -> int:
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
    if (u16(b, at + 6) & 0x3FFF) != 0:
        # The first fragment of a header-only capture still tells its ports.
        if end - at >= total or (u16(b, at + 6) & 0x1FFF) != 0:
            return FRAGMENT
    return OK


@kernel
def ipv6(b: Octets, at: int, end: int, wire: int, p: Fields) -> int:
    if at + 40 > end:
        return TRUNCATED
    total = u16(b, at + 4) + 40
    p[IP_BYTES] = total
    if wire < total:
        return LENGTH
    p[IP_VERSION] = 6
    p[SOURCE_HIGH] = signed64(b, at + 8)
    p[SOURCE_LOW] = signed64(b, at + 16)
    p[TARGET_HIGH] = signed64(b, at + 24)
    p[TARGET_LOW] = signed64(b, at + 32)
    return extension_chain(b, at, end, at + total, p)


@kernel
def extension_chain(b: Octets, at: int, end: int, total_end: int, p: Fields) -> int:
    """Walk the extension headers behind the fixed header at `at`.

    A header that does not fit what was captured ends the chain and is itself the protocol.
    """
    protocol = b[at + 6] + 0
    place = at + 40
    result = OK
    while protocol in (HOP_BY_HOP, ROUTING, FRAGMENT_HEADER, AH, DESTINATION) and place + 2 <= end:
        size = extension_size(b, place, protocol)
        if place + size > end:
            break
        if protocol == FRAGMENT_HEADER:
            # An atomic fragment (RFC 6946) is whole; its 8 bytes do not count, as if put together.
            if u16(b, place + 2) & 0xFFF9 != 0:
                result = FRAGMENT
            p[IP_BYTES] -= 8
        elif protocol == ROUTING:
            routing(b, place, size, p)
        elif protocol == DESTINATION:
            home_address(b, place, size, p)
        stop = protocol == FRAGMENT_HEADER
        protocol = b[place] + 0
        place += size
        if stop:
            break
    p[PROTOCOL] = protocol
    p[TRANSPORT_AT] = place
    p[TRANSPORT_BYTES] = total_end - place
    p[CAPTURED] = end - place
    if result != OK:
        return result
    if protocol == NO_NEXT_HEADER:
        return NO_NEXT
    if protocol in (ESP, MOBILITY):
        return ESP_HIDES
    if place > total_end:
        return HEADER_SIZE
    return OK


@kernel
def extension_size(b: Octets, place: int, protocol: int) -> int:
    """Length of an extension header, bytes (RFC 8200, section 4; AH: RFC 4302, section 2.2)."""
    if protocol == FRAGMENT_HEADER:
        return 8
    if protocol == AH:
        return (b[place + 1] + 2) * 4
    return (b[place + 1] + 1) * 8


@kernel
def routing(b: Octets, place: int, size: int, p: Fields) -> None:
    """Types 0 and 2 with segments left: the last address listed is where the packet goes."""
    if size < 24 or b[place + 3] == 0 or b[place + 2] not in (0, 2):
        return
    last = place + 8 + ((size - 8) // 16 - 1) * 16
    p[TARGET_HIGH] = signed64(b, last)
    p[TARGET_LOW] = signed64(b, last + 8)


@kernel
def home_address(b: Octets, place: int, size: int, p: Fields) -> None:
    """The Home Address option names the packet's real source (RFC 6275, section 6.3)."""
    option = place + 2
    while option + 2 <= place + size:
        if b[option] == 0:
            option += 1
            continue
        if b[option] == HOME_ADDRESS and b[option + 1] == 16 and option + 18 <= place + size:
            p[SOURCE_HIGH] = signed64(b, option + 2)
            p[SOURCE_LOW] = signed64(b, option + 10)
            return
        option += 2 + b[option + 1]
