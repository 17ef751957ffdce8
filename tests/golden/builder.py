"""Captures of the golden matrix: conversations as lists of segments, carried in many ways.

A conversation says who sends what; its sequence numbers follow from that. A carriage turns each
of its segments into the frames that the wire would have, with right lengths and checksums.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from tests.frames import Ends, Packet, back, ethernet, ip, ipv4, ipv6, tcp_segment, udp_datagram

CLIENT, SERVER = 0, 1  # sides
MICROSECOND, MILLISECOND = 1_000, 1_000_000  # nanoseconds
EVERY = 100 * MILLISECOND  # between two segments of a conversation
OPTIONS = b"\x01" * 12  # of every segment
HEADER = 20 + len(OPTIONS)
STREAM = bytes(range(256)) * 4  # what each side says: the payload at any place of its stream

Frame = tuple[int, bytes]  # how long before its segment's time it is seen, and the frame
Carriage = Callable[[int, Ends, bytes, int], list[Frame]]


class Segment(NamedTuple):
    """One TCP segment. `at`: place of its payload in the stream, if not where the stream ended."""

    side: int
    flags: str
    size: int = 0
    at: int | None = None


class Conversation(NamedTuple):
    """Segments of one connection. `first`: initial sequence numbers of client and server."""

    number: int
    port: int
    segments: tuple[Segment, ...]
    first: tuple[int, int]
    start: int


def numbered(conversation: Conversation) -> Iterator[tuple[Segment, int, int]]:
    """Segments with their sequence and acknowledgement numbers.

    A side acknowledges all that the other has sent until then, also what was lost on the way.
    """
    following = [1, 1]  # relative to the initial sequence numbers; the SYN has 0
    for segment in conversation.segments:
        side = segment.side
        seq = 0 if "S" in segment.flags else following[side]
        if segment.at is not None:
            seq = 1 + segment.at
        end = seq + segment.size + ("S" in segment.flags) + ("F" in segment.flags)
        following[side] = max(following[side], end)
        ack = conversation.first[1 - side] + following[1 - side] if "A" in segment.flags else 0
        yield segment, conversation.first[side] + seq, ack


def addresses(number: int, version: int) -> tuple[str, str]:
    """Client and server of a conversation; of every other one, the server's address is lower."""
    if version == 6:
        return f"fd00::{number + 1:x}", "2001:db8::2" if number % 2 else "fe80::2"
    return f"10.{number // 256}.{number % 256}.1", "9.9.9.9" if number % 2 else "192.0.2.1"


def packets(conversation: Conversation, carriage: Carriage, version: int) -> list[Packet]:
    """A conversation as frames with their times."""
    client, server = addresses(conversation.number, version)
    there: Ends = (client, 40000, server, conversation.port)
    made, now = [], conversation.start
    for ordinal, (segment, seq, ack) in enumerate(numbered(conversation)):
        ends = there if segment.side == CLIENT else back(there)
        place = (seq - conversation.first[segment.side] - 1) % len(STREAM)
        payload = STREAM[place : place + segment.size]
        data = tcp_segment(ends, segment.flags, seq, ack, payload, options=OPTIONS)
        frames = carriage(conversation.number, ends, data, ordinal)
        made += [Packet(now - before, frame) for before, frame in frames]
        now += EVERY
    return made


def whole(_: int, ends: Ends, data: bytes, _ordinal: int) -> list[Frame]:
    """IPv4 or IPv6 in Ethernet."""
    return [(0, ethernet(ip(data, ends[0], ends[2], 6)))]


def extended(_: int, ends: Ends, data: bytes, _ordinal: int) -> list[Frame]:
    """IPv6 with hop-by-hop options, a routing header that was passed, destination options."""
    padding = bytes([0, 1, 4, 0, 0, 0, 0])
    routing = bytes([2, 2, 0]) + bytes(20)  # length, type, segments left; an address
    chain = [(0, padding), (43, routing), (60, padding)]
    return [(0, ethernet(ipv6(data, ends[0], ends[2], headers=chain)))]


def vlan(_: int, ends: Ends, data: bytes, _ordinal: int) -> list[Frame]:
    return [(0, ethernet(ipv4(data, ends[0], ends[2]), tags=[(0x8100, 0x6007)]))]


def qinq(_: int, ends: Ends, data: bytes, _ordinal: int) -> list[Frame]:
    tags = [(0x88A8, 100), (0x8100, 0x2007)]
    return [(0, ethernet(ipv4(data, ends[0], ends[2]), tags=tags))]


def gre(_: int, ends: Ends, data: bytes, _ordinal: int) -> list[Frame]:
    """GRE version 0 between two gateways, one tunnel for all conversations."""
    gates = ("172.16.0.1", "172.16.0.2")
    source, target = gates if ends[1] == 40000 else gates[::-1]
    inner = struct.pack(">HH", 0, 0x0800) + ipv4(data, ends[0], ends[2])
    return [(0, ethernet(ipv4(inner, source, target, 47)))]


def gateways(number: int) -> Ends:
    """Ends of the VXLAN tunnel of a conversation, the client's first."""
    return (f"172.20.{number // 256}.{number % 256}", 4789, "172.16.0.2", 4789)


def vxlan(number: int, ends: Ends, data: bytes, _ordinal: int) -> list[Frame]:
    """VXLAN, a tunnel of its own for each conversation."""
    outer = gateways(number) if ends[1] == 40000 else back(gateways(number))
    inner = b"\x08\0\0\0\0\0\x07\0" + ethernet(ipv4(data, ends[0], ends[2]))
    return [(0, ethernet(ipv4(udp_datagram(outer, inner), outer[0], outer[2], 17)))]


def pieces(data: bytes, size: int) -> list[tuple[int, bytes, bool]]:
    """Data cut into pieces: place, bytes, whether more follow."""
    places = range(0, len(data), size)
    return [(at, data[at : at + size], at + size < len(data)) for at in places]


def spread(frames: Iterable[bytes]) -> list[Frame]:
    """Frames of one datagram, 10 µs apart: its time is that of the one that completes it."""
    waiting = list(frames)
    return [(10 * MICROSECOND * (len(waiting) - k - 1), one) for k, one in enumerate(waiting)]


def fragment(ends: Ends, ordinal: int, at: int, part: bytes, more: bool) -> bytes:
    """An IPv4 fragment in Ethernet."""
    field = more << 13 | at // 8
    return ethernet(ipv4(part, ends[0], ends[2], identifier=ordinal, fragment=field))


def fragments(_: int, ends: Ends, data: bytes, ordinal: int) -> list[Frame]:
    """IPv4 fragments of the packets that carry data, in order; other packets whole."""
    parts = pieces(data, 72) if len(data) > HEADER else [(0, data, False)]
    return spread(fragment(ends, ordinal, *part) for part in parts)


def small_fragments(_: int, ends: Ends, data: bytes, ordinal: int) -> list[Frame]:
    """IPv4 fragments of all packets, the last first; the first has ports, but not all of TCP."""
    return spread(fragment(ends, ordinal, *part) for part in reversed(pieces(data, 24)))


def fragments6(_: int, ends: Ends, data: bytes, ordinal: int) -> list[Frame]:
    """IPv6 fragments of all packets, in order."""
    return spread(
        ethernet(
            ipv6(part, ends[0], ends[2], headers=[(44, struct.pack(">BHI", 0, at | more, ordinal))])
        )
        for at, part, more in pieces(data, 24)
    )


# Carriage, IP version, and octets of the headers below TCP that Zeek counts (section 8 of the
# specification: IP total length; IPv6 extension headers included, a fragment header not).
CARRIAGES: dict[str, tuple[Carriage, int, int]] = {
    "IPv4": (whole, 4, 20),
    "IPv6": (whole, 6, 40),
    "IPv6 with extensions": (extended, 6, 40 + 8 + 24 + 8),
    "VLAN": (vlan, 4, 20),
    "QinQ": (qinq, 4, 20),
    "GRE": (gre, 4, 20),
    "VXLAN": (vxlan, 4, 20),
    "fragments": (fragments, 4, 20),
    "small fragments": (small_fragments, 4, 20),
    "IPv6 fragments": (fragments6, 6, 40),
}
