"""Frames made by hand, a layer a function, without scapy: a test sees every byte that it sends.

Addresses are text, payloads bytes, times nanoseconds since the epoch. Lengths and checksums are
right unless a test says otherwise. `Talk` makes a TCP conversation, packet by packet; `track`
runs packets through the core.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple, Self

import numpy as np
import polars as pl

from parsers.addresses import Networks
from parsers.capture.frames import Frames
from sensor.flows.tracker import FlowTracker

SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND  # when the first packet of a test is seen
LOCAL = ("10.0.0.0/8", "fd00::/8")

CLIENT, SERVER = "10.0.0.1", "192.0.2.1"
CLIENT6, SERVER6 = "fd00::1", "2001:db8::2"
ETHERNET, RAW = 1, 101  # LINKTYPE_ numbers
Ends = tuple[str, int, str, int]  # address and port of the sender, address and port of the receiver
TCP_ENDS: Ends = (CLIENT, 40000, SERVER, 9999)
UDP_ENDS: Ends = (CLIENT, 40000, SERVER, 9999)
FLAGS = {"F": 1, "S": 2, "R": 4, "P": 8, "A": 16, "U": 32}


def back(ends: Ends) -> Ends:
    """The same ends for the other direction."""
    return (*ends[2:], *ends[:2])


def checksum(data: bytes) -> int:
    """The Internet checksum of data (RFC 1071)."""
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def packed(address: str) -> bytes:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return socket.inet_pton(family, address)


def ethernet(
    payload: bytes, kind: int | None = None, tags: Iterable[tuple[int, int]] = ()
) -> bytes:
    """An Ethernet frame; `tags` are (EtherType, control word), outermost first."""
    if kind is None:
        kind = 0x86DD if payload and payload[0] >> 4 == 6 else 0x0800
    tagged = b"".join(struct.pack(">HH", *tag) for tag in tags)
    return b"\x02\0\0\0\0\x01\x02\0\0\0\0\x02" + tagged + struct.pack(">H", kind) + payload


def ipv4(
    payload: bytes, source: str = CLIENT, target: str = SERVER, protocol: int = 6, *,
    options: bytes = b"", identifier: int = 1, fragment: int = 0, length: int | None = None,
    words: int | None = None, wrong: int = 0,
) -> bytes:  # fmt: skip
    """An IPv4 packet.

    `fragment`: flags and offset as the header has them; `words`: header length; `wrong`: bits of
    the checksum that are turned over.
    """
    size = 20 + len(options)
    total = size + len(payload) if length is None else length
    first = 0x40 | (size // 4 if words is None else words)
    start = struct.pack(">BBHHHBB", first, 0, total, identifier, fragment, 64, protocol)
    ends = packed(source) + packed(target) + options
    return start + struct.pack(">H", checksum(start + ends) ^ wrong) + ends + payload


def ipv6(
    payload: bytes, source: str = CLIENT6, target: str = SERVER6, protocol: int = 6, *,
    headers: Sequence[tuple[int, bytes]] = (), length: int | None = None,
) -> bytes:  # fmt: skip
    """An IPv6 packet. `headers`: (type, all but the first byte, which says what follows)."""
    kinds = [kind for kind, _ in headers] + [protocol]
    chain = b"".join(
        bytes([following]) + rest for (_, rest), following in zip(headers, kinds[1:], strict=True)
    )
    size = len(chain) + len(payload) if length is None else length
    start = struct.pack(">IHBB", 6 << 28, size, kinds[0], 64)
    return start + packed(source) + packed(target) + chain + payload


def pseudo_header(source: str, target: str, protocol: int, length: int) -> bytes:
    return packed(source) + packed(target) + struct.pack(">IHH", length, 0, protocol)


def ip(payload: bytes, source: str, target: str, protocol: int, **options: Any) -> bytes:
    """An IP packet of the version that the addresses have."""
    make = ipv6 if ":" in source else ipv4
    return make(payload, source, target, protocol, **options)


def tcp_segment(
    ends: Ends, flags: str, seq: int = 0, ack: int = 0, payload: bytes = b"", *,
    window: int = 1024, options: bytes = b"", wrong: int = 0,
) -> bytes:  # fmt: skip
    """A TCP segment with its checksum; `flags` are letters of FSRPAU."""
    source, source_port, target, target_port = ends
    bits = sum(FLAGS[letter] for letter in flags)
    start = struct.pack(
        ">HHIIBBH", source_port, target_port, seq % 2**32, ack % 2**32,
        (20 + len(options)) // 4 << 4, bits, window,
    )  # fmt: skip
    rest = b"\0\0" + options + payload
    whole = start + b"\0\0" + rest
    value = checksum(pseudo_header(source, target, 6, len(whole)) + whole) ^ wrong
    return start + struct.pack(">H", value) + rest


def udp_datagram(
    ends: Ends, payload: bytes = b"", *, length: int | None = None, value: int | None = None,
    wrong: int = 0,
) -> bytes:  # fmt: skip
    """A UDP datagram; `length` and `value` replace what its header says of length and checksum."""
    source, source_port, target, target_port = ends
    size = 8 + len(payload) if length is None else length
    start = struct.pack(">HHH", source_port, target_port, size)
    whole = start + b"\0\0" + payload
    if value is None:
        value = (checksum(pseudo_header(source, target, 17, size) + whole) or 0xFFFF) ^ wrong
    return start + struct.pack(">H", value) + payload


def icmp_message(
    kind: int, code: int = 0, payload: bytes = b"", *, ends: tuple[str, str] | None = None,
    wrong: int = 0,
) -> bytes:  # fmt: skip
    """An ICMP message of 8 bytes and payload; ICMPv6 where `ends` are given."""
    rest = b"\0\x01\0\x02" + payload
    whole = bytes([kind, code, 0, 0]) + rest
    over = pseudo_header(*ends, 58, len(whole)) if ends else b""
    return bytes([kind, code]) + struct.pack(">H", checksum(over + whole) ^ wrong) + rest


def udp(ends: Ends, payload: bytes = b"", **options: Any) -> bytes:
    """A frame with a UDP datagram."""
    return ethernet(ip(udp_datagram(ends, payload, **options), ends[0], ends[2], 17))


def tcp(
    ends: Ends, flags: str, seq: int = 0, ack: int = 0, payload: bytes = b"", **options: Any
) -> bytes:
    """A frame with a TCP segment."""
    segment = tcp_segment(ends, flags, seq, ack, payload, **options)
    return ethernet(ip(segment, ends[0], ends[2], 6))


def icmp(source: str, target: str, kind: int, code: int = 0, payload: bytes = b"") -> bytes:
    """A frame with an ICMP or ICMPv6 message."""
    if ":" in source:
        message = icmp_message(kind, code, payload, ends=(source, target))
        return ethernet(ipv6(message, source, target, 58))
    return ethernet(ipv4(icmp_message(kind, code, payload), source, target, 1))


class Packet(NamedTuple):
    """A frame as a capture has it. `wire`: its bytes on the wire, if it was cut."""

    time: int
    data: bytes
    wire: int | None = None
    link: int = ETHERNET


def timed(*data: bytes, every: float = 0.1, start: int = START) -> list[Packet]:
    """Frames as packets, `every` so many seconds."""
    return [Packet(start + round(place * every * SECOND), one) for place, one in enumerate(data)]


class Talk:
    """A TCP conversation that keeps count of both sides' sequence numbers.

    `first`: initial sequence numbers of client and server. Packets are `gap` seconds apart.
    """

    def __init__(
        self, ends: Ends = TCP_ENDS, *, first: tuple[int, int] = (1000, 500_000),
        start: int = START, gap: float = 0.1,
    ) -> None:  # fmt: skip
        self.ends = (ends, back(ends))
        self.following = list(first)
        self.packets: list[Packet] = []
        self.now = start
        self.gap = gap

    def client(self, flags: str, data: bytes = b"", **options: Any) -> Self:
        return self._send(0, flags, data, **options)

    def server(self, flags: str, data: bytes = b"", **options: Any) -> Self:
        return self._send(1, flags, data, **options)

    def handshake(self) -> Self:
        return self.client("S").server("SA").client("A")

    def _send(
        self, side: int, flags: str, data: bytes, *, seq: int | None = None,
        ack: int | None = None, after: float | None = None, lost: bool = False, **options: Any,
    ) -> Self:  # fmt: skip
        """Send. What is `lost` moves the count only; what has a `seq` of its own does not."""
        if self.packets:
            self.now += round((self.gap if after is None else after) * SECOND)
        here = self.following[side] if seq is None else seq
        if seq is None:
            self.following[side] += len(data) + ("S" in flags) + ("F" in flags)
        if ack is None:
            ack = self.following[1 - side] if "A" in flags else 0
        if not lost:
            frame = tcp(self.ends[side], flags, here, ack, data, **options)
            self.packets.append(Packet(self.now, frame))
        return self


def in_order(*groups: Iterable[Packet]) -> list[Packet]:
    """The packets of all groups, by time; those of one time in the order given."""
    return sorted((one for group in groups for one in group), key=lambda packet: packet.time)


def frames(packets: Sequence[Packet], around: bytes = b"") -> Frames:
    """Packets as a block has them, with the bytes `around` before and behind each."""
    block, at = bytearray(around), []
    for packet in packets:
        at.append(len(block))
        block += packet.data + around
    sizes = [len(packet.data) for packet in packets]
    wires = [len(one.data) if one.wire is None else one.wire for one in packets]
    columns = [at, sizes, wires, [one.time for one in packets], [one.link for one in packets]]
    return Frames(np.array(block, np.uint8), *(np.array(column, np.int64) for column in columns))


def blocks(packets: Sequence[Packet], cuts: Iterable[int], around: bytes = b"") -> list[Frames]:
    """Packets as several blocks, cut before the packets at these places."""
    places = [0, *sorted(cuts), len(packets)]
    return [frames(packets[a:b], around) for a, b in pairwise(places)]


def track(
    packets: Sequence[Packet], cuts: Iterable[int] = (), *, around: bytes = b"",
    local: Sequence[str] = LOCAL, **options: Any,
) -> tuple[pl.DataFrame, FlowTracker]:  # fmt: skip
    """Run packets through the core, which gets the `options`. Rows are in the order they came."""
    tracker = FlowTracker(Networks(local), **options)
    tracker.begin_file("made.pcap")
    tables = [table for block in blocks(packets, cuts, around) for table in tracker.feed(block)]
    tables += tracker.finish()
    return pl.concat(tables) if tables else pl.DataFrame(), tracker


def conn(packets: Sequence[Packet], cuts: Iterable[int] = (), **options: Any) -> pl.DataFrame:
    """The conn table of packets."""
    return track(packets, cuts, **options)[0]


def flows(packets: Sequence[Packet], **options: Any) -> list[dict[str, Any]]:
    """The conn rows of packets as dictionaries, in the order in which the flows began."""
    table = conn(packets, **options)
    return table.sort("frame").to_dicts() if len(table) else []


def flow(packets: Sequence[Packet], **options: Any) -> dict[str, Any]:
    """The one conn row of packets that are one flow."""
    (row,) = flows(packets, **options)
    return row
