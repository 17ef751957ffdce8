"""Tunnels: where does the packet inside a packet begin?

IP in IP (RFC 2003, 4213), GRE version 0 (RFC 2784, 2890) with Ethernet, ERSPAN I to III inside,
GRE version 1 (RFC 2637), VXLAN (RFC 7348), Geneve (RFC 8926), Teredo (RFC 4380), GTPv1-U (3GPP
TS 29.281) and AYIYA (draft-massar-v6ops-ayiya). Each function answers OK when it has set the
fields FRAME_… to the inner packet, NO_TUNNEL when there is none, or the code of the weird.
Checks as in Zeek's packet_analysis/protocol/{iptunnel,gre,vxlan,geneve,teredo,gtpv1,ayiya}.
"""

from __future__ import annotations

from parsers.kernel import Words, kernel
from parsers.packets.fields import (
    AYIYA_KIND,
    CAPTURED,
    CARRIER_KIND,
    DEPTH,
    FRAME_AT,
    FRAME_CUT,
    FRAME_END,
    FRAME_LINK,
    GENEVE_KIND,
    GRE_KIND,
    GTP_KIND,
    IP_KIND,
    PAYLOAD_AT,
    PAYLOAD_BYTES,
    PROTOCOL,
    TEREDO_KIND,
    TRANSPORT_AT,
    VXLAN_KIND,
)  # fmt: skip
from parsers.packets.ip import OK
from parsers.packets.link import IPV4, IPV6, LINK_ETHERNET, LINK_RAW
from parsers.packets.octets import u16, u32
from parsers.packets.transport import VXLAN_PORT
from parsers.weirds import CODES

NO_TUNNEL = -4
NOT_OF_THIS_KIND = -5  # looked like it by port or first bytes; this flow carries nothing
SHORT = CODES["truncated_tunnel"]
UNKNOWN = CODES["unknown_tunnel_header"]
NOT_IP = CODES["non_ip_packet_in_tunnel"]
MISMATCH = CODES["inner_IP_length_mismatch"]

IP_IN_IP, IPV6_IN_IP, GRE = 4, 41, 47  # IP protocol numbers
MAX_DEPTH = 4  # Tunnel::max_depth

GENEVE_PORT, TEREDO_PORT, AYIYA_PORT, GRE_PORT = 6081, 3544, 5072, 4754
GTP_PORTS = (2152, 2123)
BRIDGED, ERSPAN, ERSPAN_III, PPP_IN_GRE = 0x6558, 0x88BE, 0x22EB, 0x880B  # in GRE's protocol field
TEREDO_PREFIX = 0x20010000


@kernel
def is_ip_tunnel(protocol: int) -> bool:
    """Whether packets of this IP protocol are tunnels that belong to no connection."""
    return protocol == IP_IN_IP or protocol == IPV6_IN_IP or protocol == GRE


@kernel
def ip_tunnel(b: Words, p: Words) -> int:
    """The packet behind an IP header of a tunnel protocol."""
    at, end = p[TRANSPORT_AT], p[TRANSPORT_AT] + p[CAPTURED]
    if p[PROTOCOL] == GRE:
        return gre(b, at, end, p)
    return exact_ip(b, at, end, 4 if p[PROTOCOL] == IP_IN_IP else 6, IP_KIND, p)


@kernel
def udp_tunnel(b: Words, port: int, p: Words) -> int:
    """The packet inside a UDP datagram to a responder's `port`, or recognised by its content."""
    at = p[PAYLOAD_AT]
    end = at + min(p[PAYLOAD_BYTES], p[CAPTURED] - 8)
    if port == VXLAN_PORT:
        return vxlan(b, at, end, p)
    if port == GENEVE_PORT:
        return geneve(b, at, end, p)
    if port == GRE_PORT:
        return gre(b, at, end, p)
    if port in GTP_PORTS:
        return gtp(b, at, end, p)
    if port == AYIYA_PORT:
        return ayiya(b, at, end, p)
    if port == TEREDO_PORT or looks_like_teredo(b, at, end):
        return teredo(b, at, end, p)
    if end - at >= 3 and b[at + 1] == 0x52 and b[at + 2] == 0x11:
        return ayiya(b, at, end, p)
    return NO_TUNNEL


@kernel
def enter(p: Words, at: int, end: int, link: int, kind: int) -> int:
    """Make the inner packet at [at, end) of a tunnel of that kind the one at hand."""
    p[FRAME_AT] = at
    p[FRAME_END] = end
    p[FRAME_LINK] = link
    p[DEPTH] += 1
    p[CARRIER_KIND] = kind
    return OK


@kernel
def exact_ip(b: Words, at: int, end: int, version: int, kind: int, p: Words) -> int:
    """An inner IP packet that must fill its tunnel's payload to the byte."""
    here = end - at
    if here < (20 if version == 4 else 40):
        return SHORT
    if b[at] // 16 != version:
        return NOT_IP
    stated = u16(b, at + 2) if version == 4 else u16(b, at + 4) + 40
    if stated != here:
        return MISMATCH
    p[FRAME_CUT] = 0
    return enter(p, at, end, LINK_RAW, kind)


@kernel
def gre(b: Words, at: int, end: int, p: Words) -> int:
    """Read a GRE header (RFC 2784, 2890, 2637) with what may follow it."""
    if at + 4 > end:
        return SHORT
    flags, kind = u16(b, at), u16(b, at + 2)
    version = flags & 7
    header = 4
    for bit in (0x8000, 0x2000, 0x1000, 0x0080):  # checksum, key, sequence, acknowledgement
        if flags & bit:
            header += 4
    if version > 1 or flags & 0x4000 or flags & 0x0078 or (version == 1 and kind != PPP_IN_GRE):
        return UNKNOWN
    if version == 1:
        return gre_ppp(b, at + header, end, p)
    inner = at + header
    if kind in (BRIDGED, ERSPAN, ERSPAN_III):
        inner += erspan_header(b, inner, end, kind, flags)
        if inner + 14 > end:
            return SHORT
        p[FRAME_CUT] = 0
        return enter(p, inner, end, LINK_ETHERNET, GRE_KIND)
    if inner >= end:
        return SHORT
    p[FRAME_CUT] = 0
    return enter(p, inner, end, LINK_RAW, GRE_KIND)


@kernel
def erspan_header(b: Words, at: int, end: int, kind: int, flags: int) -> int:
    """Return the length of the ERSPAN header (draft-foschiano-erspan-03).

    There is none before bridged Ethernet and in type I.
    """
    if kind == ERSPAN and flags & 0x1000:
        return 8
    if kind == ERSPAN_III and at + 12 <= end:
        return 20 if b[at + 11] & 1 else 12
    return 0


@kernel
def gre_ppp(b: Words, at: int, end: int, p: Words) -> int:
    """PPP in enhanced GRE: address, control, protocol, then IP."""
    if at + 4 > end:
        return SHORT
    kind = u16(b, at + 2)
    if kind != 0x0021 and kind != 0x0057:
        return NOT_IP
    return exact_ip(b, at + 4, end, 4 if kind == 0x0021 else 6, GRE_KIND, p)


@kernel
def vxlan(b: Words, at: int, end: int, p: Words) -> int:
    """Read a VXLAN header (RFC 7348, section 5)."""
    if at + 8 > end or not b[at] & 8:
        return NOT_OF_THIS_KIND
    return SHORT if at + 8 == end else enter(p, at + 8, end, LINK_ETHERNET, VXLAN_KIND)


@kernel
def geneve(b: Words, at: int, end: int, p: Words) -> int:
    """Read a Geneve header with its options (RFC 8926, section 3.4)."""
    if at + 8 > end:
        return NOT_OF_THIS_KIND
    if b[at] >= 64:
        return UNKNOWN
    inner = at + 8 + (b[at] & 63) * 4
    if inner > end:
        return NOT_OF_THIS_KIND
    kind = u16(b, at + 2)
    if inner == end:
        return SHORT
    if kind == BRIDGED:
        return enter(p, inner, end, LINK_ETHERNET, GENEVE_KIND)
    if kind != IPV4 and kind != IPV6:
        return NOT_IP
    return enter(p, inner, end, LINK_RAW, GENEVE_KIND)


@kernel
def ayiya(b: Words, at: int, end: int, p: Words) -> int:
    """Read an AYIYA header; only forwarded packets are packets."""
    if at + 8 > end:
        return NOT_OF_THIS_KIND
    # Zeek keeps the length of the identity in a byte.
    inner = at + 8 + ((1 << (b[at] // 16)) & 0xFF) + (b[at + 1] // 16) * 4
    if inner > end:
        return NOT_OF_THIS_KIND
    if b[at + 2] & 15 != 1:
        return NO_TUNNEL
    if inner == end:
        return SHORT
    kind = b[at + 3]
    if kind != IP_IN_IP and kind != IPV6_IN_IP:
        return NOT_IP
    return enter(p, inner, end, LINK_RAW, AYIYA_KIND)


@kernel
def gtp(b: Words, at: int, end: int, p: Words) -> int:
    """A G-PDU of GTPv1-U; its inner IP packet must fill it to the byte."""
    if at + 8 > end or p[CARRIER_KIND] == GTP_KIND:
        return NO_TUNNEL
    if b[at] // 32 != 1 or not b[at] & 0x10 or b[at + 1] != 255:
        return NO_TUNNEL
    inner = at + 8
    if b[at] & 7:
        inner += 4
        following = b[at + 11] if inner <= end and b[at] & 4 else 0
        while following != 0:
            if inner >= end or b[inner] == 0 or inner + b[inner] * 4 > end:
                return NO_TUNNEL
            inner += b[inner] * 4
            following = b[inner - 1]
    if inner + 20 > end:
        return NO_TUNNEL
    version = b[inner] // 16
    if version != 4 and version != 6:
        return NO_TUNNEL
    cut = p[FRAME_CUT]
    status = exact_ip(b, inner, end, version, GTP_KIND, p)
    if status == OK:
        p[FRAME_CUT] = cut
        return OK
    return NO_TUNNEL


@kernel
def looks_like_teredo(b: Words, at: int, end: int) -> bool:
    """Zeek's signature: IPv6 from or to 2001::/32, or Teredo's own headers before IPv6."""
    here = end - at
    if here < 40:
        return False
    if b[at] // 16 != 6 and (b[at] != 0 or b[at + 1] > 1):
        return False
    if b[at] // 16 == 6 and (u32(b, at + 8) == TEREDO_PREFIX or u32(b, at + 24) == TEREDO_PREFIX):
        return True
    kind = b[at + 1] + 0
    if kind == 1:
        at += 13 + b[at + 2] + b[at + 3]
        if at + 40 > end:
            return False
        kind = u16(b, at)
    return kind == 0 and at + 48 <= end and b[at + 8] // 16 == 6


@kernel
def teredo(b: Words, at: int, end: int, p: Words) -> int:
    """Skip authentication and origin indication (RFC 4380, section 5.1.1) down to IPv6."""
    if at + 4 <= end and b[at] == 0 and b[at + 1] == 1:
        at += 13 + b[at + 2] + b[at + 3]
    if at + 8 <= end and b[at] == 0 and b[at + 1] == 0:
        at += 8
    if at + 40 > end or b[at] // 16 != 6:
        return NOT_OF_THIS_KIND
    stated = u16(b, at + 4) + 40
    bubble = b[at + 6] == 59 and stated == 40
    if stated > end - at or (stated < end - at and not bubble):
        return NOT_OF_THIS_KIND
    return enter(p, at, end, LINK_RAW, TEREDO_KIND)
