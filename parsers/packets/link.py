"""Link layers: where in a frame does the IP header begin?

Read: Ethernet, 802.1Q and QinQ, LLC/SNAP, MPLS, PPPoE, PPP, VN-Tag, provider backbone bridges,
Cisco FabricPath, FDDI, Linux cooked v1 and v2, null and loopback, raw IP. Numbers of link types are
those of https://www.tcpdump.org/linktypes.html, EtherTypes those of IANA.
"""

from __future__ import annotations

from parsers.kernel import Words, kernel
from parsers.packets.octets import u16
from parsers.weirds import CODES

LINK_NULL, LINK_ETHERNET, LINK_PPP, LINK_RAW, LINK_LOOP = 0, 1, 9, 101, 108
LINK_PPP_HDLC, LINK_PPPOE, LINK_COOKED, LINK_COOKED_2 = 50, 51, 113, 276
LINK_FDDI = 10
LINK_IPV4, LINK_IPV6, LINK_RAW_BSD, LINK_RAW_OPENBSD = 228, 229, 12, 14
LINKS_READ = frozenset((
    LINK_NULL, LINK_ETHERNET, LINK_PPP, LINK_RAW, LINK_LOOP, LINK_PPP_HDLC, LINK_PPPOE, LINK_COOKED,
    LINK_COOKED_2, LINK_FDDI, LINK_IPV4, LINK_IPV6, LINK_RAW_BSD, LINK_RAW_OPENBSD,
))  # fmt: skip

IPV4, IPV6, VLAN, QINQ, QINQ_OLD = 0x0800, 0x86DD, 0x8100, 0x88A8, 0x9100
MPLS, MPLS_MULTICAST, PPPOE_SESSION, VN_TAG, BACKBONE, FABRICPATH = (
    0x8847, 0x8848, 0x8864, 0x8926, 0x88E7, 0x8903,
)  # fmt: skip
PPP_IPV4, PPP_IPV6, PPP_MPLS = 0x0021, 0x0057, 0x0281

# Answers below zero name the weird: -1 - code.
UNKNOWN_LINK = -1 - CODES["unknown_link_type"]
SHORT = -1 - CODES["truncated_link_header"]
NOT_IP = -1 - CODES["unknown_network_protocol"]


@kernel
def network_header(b: Words, at: int, end: int, link: int) -> int:
    """Find the IP header of the frame in `b[at:end]`.

    Returns its offset, or -1 - code of the weird that says why there is none.
    """
    if link == LINK_ETHERNET:
        return ethernet(b, at, end)
    if link in (LINK_RAW, LINK_RAW_BSD, LINK_RAW_OPENBSD, LINK_IPV4, LINK_IPV6):
        return at
    if link == LINK_COOKED:
        return SHORT if at + 16 > end else ether_payload(b, at + 16, end, u16(b, at + 14))
    if link == LINK_COOKED_2:
        return SHORT if at + 20 > end else ether_payload(b, at + 20, end, u16(b, at))
    if link in (LINK_NULL, LINK_LOOP):
        return loopback(b, at, end)
    if link in (LINK_PPP, LINK_PPP_HDLC):
        return ppp(b, at, end)
    if link == LINK_FDDI:
        return ether_payload(b, at + 13, end, 0)
    if link == LINK_PPPOE:
        return ether_payload(b, at, end, PPPOE_SESSION)
    return UNKNOWN_LINK


@kernel
def ethernet(b: Words, at: int, end: int) -> int:
    """Ethernet II, 802.3 with LLC/SNAP, and Cisco FabricPath around a whole inner frame."""
    if at + 14 > end:
        return SHORT
    if u16(b, at + 12) == FABRICPATH:
        at += 16
        if at + 14 > end:
            return SHORT
    return ether_payload(b, at + 14, end, u16(b, at + 12))


@kernel
def ether_payload(b: Words, at: int, end: int, kind: int) -> int:
    """Follow tags and labels from EtherType `kind`, whose payload begins at `at`, down to IP."""
    while at < end:
        if kind in (IPV4, IPV6):
            return at
        if kind in (MPLS, MPLS_MULTICAST):
            return mpls(b, at, end)
        size = tag_size(b, at, end, kind)
        if size == 0:
            return NOT_IP
        if at + size > end:
            return SHORT
        if kind == PPPOE_SESSION:
            return ppp_payload(b, at + size, end, u16(b, at + size - 2))
        # The type of what follows stands at the end of each of these headers.
        kind = u16(b, at + size - 2)
        at += size
    return SHORT


@kernel
def tag_size(b: Words, at: int, end: int, kind: int) -> int:
    """Return the length of the header that an EtherType announces, 0 for one that is not read."""
    if kind in (VLAN, QINQ, QINQ_OLD):
        return 4
    if kind == VN_TAG:
        return 6
    if kind == PPPOE_SESSION:
        return 8
    if kind == BACKBONE:
        return 18
    if kind <= 1500 and at + 2 <= end and b[at] == 0xAA and b[at + 1] == 0xAA:
        return 8  # 802.2 with SNAP
    return 0


@kernel
def mpls(b: Words, at: int, end: int) -> int:
    """Skip the label stack (RFC 3032); what follows is IP if its first four bits say so."""
    while at + 4 <= end:
        bottom = b[at + 2] & 1
        at += 4
        if bottom:
            if at < end and b[at] // 16 in (4, 6):
                return at
            return NOT_IP
    return SHORT


@kernel
def loopback(b: Words, at: int, end: int) -> int:
    """BSD null and loopback: a family word in the byte order of the host that captured."""
    if at + 4 > end:
        return SHORT
    family = b[at] + b[at + 1] + b[at + 2] + b[at + 3]
    # AF_INET is 2 everywhere; AF_INET6 is 10, 24, 28 or 30, by operating system.
    if family in (2, 10, 24, 28, 30) and (b[at] == family or b[at + 3] == family):
        return at + 4
    return NOT_IP


@kernel
def ppp(b: Words, at: int, end: int) -> int:
    """PPP (RFC 1661), with or without the address and control bytes of HDLC framing."""
    if at + 4 > end:
        return SHORT
    if b[at] == 0xFF and b[at + 1] == 0x03:
        at += 2
    return ppp_payload(b, at + 2, end, u16(b, at))


@kernel
def ppp_payload(b: Words, at: int, end: int, protocol: int) -> int:
    """Find IP behind a PPP protocol number (RFC 1661, section 2)."""
    if protocol in (PPP_IPV4, PPP_IPV6):
        return at
    if protocol == PPP_MPLS:
        return mpls(b, at, end)
    return NOT_IP
