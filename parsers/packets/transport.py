"""Transport headers: TCP (RFC 9293), UDP (RFC 768), ICMP (RFC 792), ICMPv6 (RFC 4443).

Every other protocol is an unknown transport without ports, as Zeek has it since 7.1.
"""

from __future__ import annotations

from parsers.kernel import Words, kernel
from parsers.packets.checksums import fold, ones_sum, word_sum
from parsers.packets.fields import (
    ACKNOWLEDGED,
    CAPTURED,
    FLAGS,
    IP_VERSION,
    ONE_WAY,
    PAYLOAD_AT,
    PAYLOAD_BYTES,
    PROTOCOL,
    SEQUENCE,
    SOURCE_HIGH,
    SOURCE_LOW,
    SOURCE_PORT,
    TARGET_HIGH,
    TARGET_LOW,
    TARGET_PORT,
    TRANSPORT_AT,
    TRANSPORT_BYTES,
    WINDOW,
)  # fmt: skip
from parsers.packets.octets import u16, u32
from parsers.weirds import CODES

OK = -1
BEYOND_LENGTH = CODES["truncated_header"]
CUT = CODES["internally_truncated_header"]
TCP_HEADER = CODES["bad_TCP_header_len"]

ICMP, TCP, UDP, ICMPV6 = 1, 6, 17, 58
VXLAN_PORT = 4789
FIN, SYN, RST, ACK = 1, 2, 4, 16

# Counterparts of two-way ICMP messages, by type; -1: a one-way message (RFC 792, 950, 1256).
ICMP_COUNTERPART = (
    8, -1, -1, -1, -1, -1, -1, -1, 0, 10, 9, -1, -1, 14, 13, 16, 15, 18, 17, -1,
)  # fmt: skip
# The same for ICMPv6, from type 128 on (RFC 4443, 2710, 4861, 4620, 4065).
ICMPV6_COUNTERPART = (
    129,
    128,
    131,
    130,
    -1,
    134,
    133,
    136,
    135,
    -1,
    -1,
    140,
    139,
    -1,
    -1,
    -1,
    145,
    144,
)


@kernel
def ports(b: Words, p: Words) -> int:
    """Read what identifies the connection: ports, or ICMP type and counterpart; and TCP's flags.

    Returns OK, or the code of the weird when the header is not there whole.
    """
    protocol = p[PROTOCOL]
    at = p[TRANSPORT_AT]
    p[ONE_WAY] = 0
    p[SOURCE_PORT] = 0
    p[TARGET_PORT] = 0
    if protocol in (TCP, UDP):
        status = header_fits(p, 20 if protocol == TCP else 8)
        if status == OK:
            p[SOURCE_PORT] = u16(b, at)
            p[TARGET_PORT] = u16(b, at + 2)
            if protocol == TCP:
                p[SEQUENCE] = u32(b, at + 4)
                p[FLAGS] = b[at + 13] + 0
        return status
    if protocol == ICMP or protocol == ICMPV6:
        status = header_fits(p, 8)
        if status == OK:
            p[SOURCE_PORT] = b[at] + 0
            counterpart = icmp_counterpart(protocol, p[SOURCE_PORT])
            p[ONE_WAY] = 1 if counterpart < 0 else 0
            p[TARGET_PORT] = b[at + 1] if counterpart < 0 else counterpart
        return status
    return OK


@kernel
def header_fits(p: Words, size: int) -> int:
    """Tell whether a header of `size` bytes is there: OK, or the code of the weird."""
    # A transport length of 0 means that offloading left the IP length to the hardware.
    if 0 < p[TRANSPORT_BYTES] < size:
        return BEYOND_LENGTH
    if p[CAPTURED] < size:
        return CUT
    return OK


@kernel
def icmp_counterpart(protocol: int, kind: int) -> int:
    """Return the type that answers an ICMP type, -1 for a one-way message."""
    if protocol == ICMP:
        return ICMP_COUNTERPART[kind] if kind < 20 else -1
    return ICMPV6_COUNTERPART[kind - 128] if 128 <= kind < 146 else -1


@kernel
def tcp_header(b: Words, p: Words) -> int:
    """Read acknowledgement, window and the payload's place of a TCP segment."""
    at = p[TRANSPORT_AT]
    header = (b[at + 12] // 16) * 4
    length = p[TRANSPORT_BYTES]
    p[PAYLOAD_AT] = at + header
    if header < 20 or header > length or header > p[CAPTURED]:
        return TCP_HEADER
    p[ACKNOWLEDGED] = u32(b, at + 8)
    p[WINDOW] = u16(b, at + 14)
    p[PAYLOAD_BYTES] = length - header
    return OK


@kernel
def checksum_is_wrong(b: Words, p: Words) -> bool:
    """Whether the TCP, UDP or ICMP checksum contradicts the packet; unknown if it was cut."""
    at, length, protocol = p[TRANSPORT_AT], p[TRANSPORT_BYTES], p[PROTOCOL]
    if protocol == UDP:
        stated = u16(b, at + 6)
        if stated == 0:
            # RFC 768: none; not so in IPv6 (RFC 8200, 8.1), but for VXLAN (RFC 6935).
            return p[IP_VERSION] != 4 and p[TARGET_PORT] != VXLAN_PORT
    if p[CAPTURED] < length:
        return False
    total = ones_sum(b, at, at + length, 0)
    if protocol != ICMP:
        # The pseudo-header has the addresses after routing headers and Home Address options.
        total += word_sum(p[SOURCE_HIGH]) + word_sum(p[SOURCE_LOW])
        total += word_sum(p[TARGET_HIGH]) + word_sum(p[TARGET_LOW]) + protocol + length
    return fold(total) != 0xFFFF
