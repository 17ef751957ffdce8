"""UDP, ICMP and every other transport: nothing to follow but who spoke, when and how much.

Source: Zeek's packet_analysis/protocol/{udp,icmp,unknown_ip_transport}.
"""

from __future__ import annotations

from parsers.kernel import Words, kernel
from parsers.packets.fields import (
    CAPTURED,
    IP_BYTES,
    PAYLOAD_AT,
    PAYLOAD_BYTES,
    TIME,
    TRANSPORT_AT,
    TRANSPORT_BYTES,
)  # fmt: skip
from parsers.packets.octets import u16
from sensor.flows.begin import NAME_SERVICE_PORTS, responder_port
from sensor.flows.history import FLIP, LETTER_D, SAW_DATA, append, note_limit, note_once
from sensor.flows.row import (
    BAD_CHECKSUMS,
    FLAGS,
    IP_OCTETS,
    KEY_A_HIGH,
    KEY_A_LOW,
    KEY_B_HIGH,
    KEY_B_LOW,
    LAST,
    ORIGINATOR,
    PACKETS,
    PAYLOAD,
    ROLES_KNOWN,
    SIDE,
    SIDES,
)  # fmt: skip

NETBIOS_NAMES = 137
OPCODES = (0, 4, 5)  # of DNS: query, notify, update; at others Zeek's analyzer gives up
NTP_PORT = 123
NTP_CLIENT, NTP_SERVER = 3, 4
NTP_LENGTHS = (48, 68, 72)  # bytes of a message: alone, with an MD5, with a SHA-1 code (RFC 5905)


@kernel
def udp(flows: Words, b: Words, p: Words, row: int, side: int) -> None:
    """Count a datagram by the length that its UDP header states, captured or not."""
    p[PAYLOAD_AT] = p[TRANSPORT_AT] + 8
    p[PAYLOAD_BYTES] = u16(b, p[TRANSPORT_AT] + 4) - 8
    flows[row, LAST] = p[TIME]
    note_once(flows, row, side, SAW_DATA, LETTER_D)
    add_payload(flows, row, side, p[PAYLOAD_BYTES])
    count(flows, p, row, side)
    if not flows[row, FLAGS] & ROLES_KNOWN:
        tell_roles(flows, b, p, row, side)


@kernel
def icmp(flows: Words, p: Words, row: int, side: int) -> None:
    """Count a message; one that was cut by the capture counts its payload, but is no packet."""
    length = p[TRANSPORT_BYTES] if p[TRANSPORT_BYTES] else p[CAPTURED]
    p[PAYLOAD_AT] = p[TRANSPORT_AT] + 8
    p[PAYLOAD_BYTES] = length - 8
    flows[row, LAST] = p[TIME]
    add_payload(flows, row, side, length - 8)
    if p[CAPTURED] >= length:
        count(flows, p, row, side)


@kernel
def unknown(flows: Words, p: Words, row: int, side: int) -> None:
    """Count a packet of a protocol that has no ports."""
    p[PAYLOAD_AT] = p[TRANSPORT_AT]
    p[PAYLOAD_BYTES] = 0
    flows[row, LAST] = p[TIME]
    count(flows, p, row, side)


@kernel
def count(flows: Words, p: Words, row: int, side: int) -> None:
    """Count a packet and the length that its IP header states."""
    flows[row, SIDES + side * SIDE + PACKETS] += 1
    flows[row, SIDES + side * SIDE + IP_OCTETS] += p[IP_BYTES]


@kernel
def add_payload(flows: Words, row: int, side: int, octets: int) -> None:
    """A length below 8 in a UDP header adds a negative number: that side then stays inactive."""
    word = SIDES + side * SIDE + PAYLOAD
    flows[row, word] = octets if flows[row, word] < 0 else flows[row, word] + octets


@kernel
def tell_roles(flows: Words, b: Words, p: Words, row: int, side: int) -> None:
    """DNS and NTP say who asks. If the "originator" answers, the flow was seen from the middle.

    What was counted so far stays with the role, as in Zeek: addresses change, counters do not.
    """
    port = responder_port(flows, row)
    at = p[PAYLOAD_AT]
    here = min(p[CAPTURED] - 8, p[PAYLOAD_BYTES])
    from_originator = flows[row, FLAGS] & ORIGINATOR == side
    if port in NAME_SERVICE_PORTS and here >= 12:
        flows[row, FLAGS] |= ROLES_KNOWN
        if port != NETBIOS_NAMES and b[at + 2] // 8 % 16 not in OPCODES:
            note_limit(flows, row)
        elif b[at + 2] >= 128 and from_originator and not to_multicast(flows, row, side):
            exchange_addresses(flows, row)
    elif port == NTP_PORT and here in NTP_LENGTHS:
        mode = b[at] % 8
        if (mode == NTP_SERVER and from_originator) or (mode == NTP_CLIENT and not from_originator):
            flows[row, FLAGS] |= ROLES_KNOWN
            exchange_addresses(flows, row)


@kernel
def to_multicast(flows: Words, row: int, side: int) -> bool:
    """Whether the endpoint opposite `side` is a multicast address (RFC 5771, RFC 4291)."""
    high = flows[row, KEY_A_HIGH] if side else flows[row, KEY_B_HIGH]
    low = flows[row, KEY_A_LOW] if side else flows[row, KEY_B_LOW]
    if high == 0 and low >> 32 == 0xFFFF:
        return (low >> 28) & 15 == 14
    return (high >> 56) & 0xFF == 0xFF


@kernel
def exchange_addresses(flows: Words, row: int) -> None:
    """Exchange the roles, and what was counted with them."""
    flows[row, FLAGS] ^= ORIGINATOR
    append(flows, row, FLIP)
    for word in (SIDES + PACKETS, SIDES + IP_OCTETS, SIDES + PAYLOAD, SIDES + BAD_CHECKSUMS):
        kept = flows[row, word]
        flows[row, word] = flows[row, word + SIDE]
        flows[row, word + SIDE] = kept
