"""Make a mixed capture of any size: synthetic flows, recorded captures of pcaps/ in between.

    python bench/capture.py OUT.pcap [--packets 5e6] [--flows 60000] [--seed 7]

Four fifths are TCP and UDP flows of heavy-tailed length: handshake, data both ways, teardown,
valid sequence numbers and checksums, payloads of zeros. One fifth are copies of the recorded
captures, each with addresses of its own and its own start within the hour. In time order.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parent.parent))
from parsers.capture.source import open_capture
from parsers.errors import ParseError

START = 1_780_000_000  # seconds since the epoch
SPAN = 3600.0  # seconds over which flows begin
RECORDED = 0.2  # share of the packets
CHUNK = 100_000  # packets written at once
HEADERS = 16 + 14 + 20 + 20  # record, Ethernet, IPv4, TCP; UDP leaves 12 bytes of the last unused
PORTS = np.array([443, 80, 22, 3389, 53, 8443, 2375, 6443, 10250, 5900, 123, 445])
SHARES = np.array([0.50, 0.15, 0.05, 0.03, 0.10, 0.02, 0.01, 0.02, 0.02, 0.02, 0.03, 0.05])
SYN, FIN, PSH, ACK = 0x02, 0x01, 0x08, 0x10
Column = NDArray[np.int64]


@dataclass
class Packets:
    """Synthetic packets in time order; every array has shape (packets,)."""

    time: NDArray[np.float64]  # seconds since the epoch
    source: Column
    target: Column
    source_port: Column
    target_port: Column
    is_udp: NDArray[np.bool_]
    flags: Column
    size: Column  # payload bytes
    seq: Column
    ack: Column

    def take(self, order: Column) -> Packets:
        return Packets(*(getattr(self, name)[order] for name in self.__annotations__))


def synthetic(packets: int, flows: int, rng: np.random.Generator) -> Packets:
    """Flows of heavy-tailed length, `packets` in all (about)."""
    data = np.minimum(rng.pareto(1.1, flows) * 4 + 1, 200_000)
    data = np.maximum(1, data * (packets - 7 * flows) / data.sum()).astype(np.int64)
    udp = rng.random(flows) < 0.15
    count = np.where(udp, data, data + 7)
    flow = np.repeat(np.arange(flows), count)
    first = np.concatenate([[0], np.cumsum(count)[:-1]])
    place = np.arange(len(flow)) - first[flow]
    is_udp = udp[flow]
    answers, size, flags = exchange(place, count[flow] - place - 1, is_udp, rng)
    gap = np.where(place == 0, 0, rng.exponential(0.02, len(flow)))
    elapsed = np.cumsum(gap)
    time = START + (rng.random(flows) * SPAN)[flow] + elapsed - elapsed[first][flow]
    seq, ack = numbers(flow, first, answers, size + ((flags & (SYN | FIN)) != 0), rng)
    ends = ends_of(flow, flows, rng)
    made = Packets(
        time,
        *(np.where(answers, b, a) for a, b in (ends[0], ends[0][::-1], ends[1], ends[1][::-1])),
        is_udp, flags, size, seq, np.where(flags == SYN, 0, ack),
    )  # fmt: skip
    return made.take(np.argsort(time, kind="stable"))


def exchange(
    place: Column, left: Column, is_udp: NDArray[np.bool_], rng: np.random.Generator
) -> tuple[NDArray[np.bool_], Column, Column]:
    """Who sends each packet, how much, and its TCP flags."""
    answers = rng.random(len(place)) < 0.6
    full = np.where(rng.random(len(place)) < 0.6, 1460, rng.integers(1, 1400, len(place)))
    size = np.where(rng.random(len(place)) < 0.4, 0, full)
    flags = np.where(size > 0, PSH | ACK, ACK)
    handshake = [(SYN, False), (SYN | ACK, True), (ACK, False)]
    teardown = [(ACK, False), (FIN | ACK, True), (ACK, True), (FIN | ACK, False)]
    for at, steps in ((place, handshake), (left, teardown)):
        for step, (value, answer) in enumerate(steps):
            here = ~is_udp & (at == step)
            flags[here], answers[here], size[here] = value, answer, 0
    size[is_udp] = np.maximum(size[is_udp], 1)
    answers[is_udp & (place == 0)] = False
    return answers, size, flags


def numbers(
    flow: Column,
    first: Column,
    answers: NDArray[np.bool_],
    advance: Column,
    rng: np.random.Generator,
) -> tuple[Column, Column]:
    """Sequence and acknowledgement numbers of each packet."""
    start = rng.integers(0, 2**32, (int(flow[-1]) + 1, 2))
    seq, ack = np.zeros(len(flow), np.int64), np.zeros(len(flow), np.int64)
    for side in (0, 1):
        mine = answers == bool(side)
        before = np.cumsum(np.where(mine, advance, 0)) - np.where(mine, advance, 0)
        reached = before - before[first][flow] + start[flow, side]
        seq[mine], ack[~mine] = reached[mine], reached[~mine]
    return seq & 0xFFFFFFFF, ack & 0xFFFFFFFF


def ends_of(
    flow: Column, flows: int, rng: np.random.Generator
) -> tuple[list[Column], list[Column]]:
    """Addresses (client, server) and ports of each packet's flow."""
    inside = 0x0A140000 + rng.integers(0, 65_000, flows)
    outside = rng.integers(0x0B000000, 0x64000000, flows)
    ports = rng.integers(1024, 65_535, flows), rng.choice(PORTS, flows, p=SHARES)
    return [inside[flow], outside[flow]], [port[flow] for port in ports]


def write_synthetic(p: Packets, buffer: NDArray[np.uint8], at: Column) -> None:
    """Write records, headers and checksums at the offsets `at`; payloads are left as zeros."""
    transport = np.where(p.is_udp, 8, 20)
    total = 20 + transport + p.size
    head = np.zeros((len(at), HEADERS), np.uint8)
    whole = p.time.astype(np.int64)
    micros = ((p.time - whole) * 1e6).astype(np.int64)
    for place, value in ((0, whole), (4, micros), (8, total + 14), (12, total + 14)):
        put(head, place, value, 4, "<")
    head[:, 16:28], head[:, 28] = 2, 8
    head[:, 30], head[:, 36], head[:, 38] = 0x45, 0x40, 64
    put(head, 32, total, 2)
    head[:, 39] = np.where(p.is_udp, 17, 6)
    put(head, 42, p.source, 4)
    put(head, 46, p.target, 4)
    put(head, 40, checksum(words(head, 30, 50)), 2)
    put(head, 50, p.source_port, 2)
    put(head, 52, p.target_port, 2)
    write_tcp(head, p)
    udp = np.flatnonzero(p.is_udp)
    put(head, 54, transport + p.size, 2, rows=udp)
    pseudo = words(head, 42, 50) + head[:, 39] + transport + p.size
    put(head, 56, checksum(words(head, 50, 58) + pseudo), 2, rows=udp)
    tcp = np.flatnonzero(~p.is_udp)
    put(head, 66, checksum(words(head, 50, 70) + pseudo), 2, rows=tcp)
    for rows, width in ((udp, HEADERS - 12), (tcp, HEADERS)):
        buffer[at[rows, None] + np.arange(width)] = head[rows, :width]


def write_tcp(head: NDArray[np.uint8], p: Packets) -> None:
    rows = np.flatnonzero(~p.is_udp)
    put(head, 54, p.seq, 4, rows=rows)
    put(head, 58, p.ack, 4, rows=rows)
    head[rows, 62] = 0x50
    head[rows, 63] = p.flags[rows]
    head[rows, 64] = head[rows, 65] = 0xFF


def put(
    head: NDArray[np.uint8],
    place: int,
    values: Column,
    octets: int,
    order: str = ">",
    rows: Column | None = None,
) -> None:
    """Write numbers of some bytes into a column of `head`."""
    raw = np.broadcast_to(values, len(head)).astype(f"{order}i8").view(np.uint8).reshape(-1, 8)
    cut = raw[:, :octets] if order == "<" else raw[:, 8 - octets :]
    which = slice(None) if rows is None else rows
    head[which, place : place + octets] = cut[which]


def words(head: NDArray[np.uint8], begin: int, end: int) -> Column:
    """Sum of the 16-bit words of a range of each row."""
    pairs = head[:, begin:end].astype(np.int64)
    total: Column = (pairs[:, ::2] * 256 + pairs[:, 1::2]).sum(axis=1)
    return total


def checksum(total: Column) -> Column:
    for _ in range(2):
        total = (total >> 16) + (total & 0xFFFF)
    return 0xFFFF - total


class Recorded:
    """The Ethernet frames of small captures, to be copied with other addresses."""

    def __init__(self, folder: Path) -> None:
        frames: list[bytes] = []
        times: list[int] = []
        for path in sorted(folder.glob("*.pcap*")):
            try:
                capture = open_capture(str(path), compiled=False)
            except ParseError:
                continue
            first = capture.first_ts() or 0
            for block in capture:
                for at, length, wire, time, link in zip(
                    block.at, block.captured, block.wire, block.ts, block.link, strict=True
                ):
                    if link == 1 and length == wire:
                        frames.append(block.block[at : at + length].tobytes())
                        times.append(int(time) - first)
            capture.close()
        self.frames, self.times = frames, np.array(times, np.int64)

    def copies(self, packets: int, rng: np.random.Generator) -> tuple[NDArray[np.float64], Column]:
        """About `packets` times (seconds) and numbers (copy * frames + frame)."""
        if not self.frames:
            return np.empty(0), np.empty(0, np.int64)
        count = max(1, packets // len(self.frames))
        starts = START + rng.random(count) * SPAN
        times = (starts[:, None] + self.times / 1e9).ravel()
        return times, np.arange(count * len(self.frames))

    def record(self, number: int, time: float) -> bytes:
        """Make the pcap record of a copy: IPv4 addresses moved by its number, checksums kept."""
        copy, which = divmod(number, len(self.frames))
        frame = bytearray(self.frames[which])
        if frame[12:14] == b"\x08\x00" and len(frame) >= 34:
            move(frame, copy)
        size = len(frame).to_bytes(4, "little")
        seconds = int(time)
        micros = int((time - seconds) * 1e6)
        return seconds.to_bytes(4, "little") + micros.to_bytes(4, "little") + size * 2 + frame


def move(frame: bytearray, copy: int) -> None:
    """Give both IPv4 addresses a second byte of this copy's own; correct checksums (RFC 1624)."""
    change = 0
    for at in (26, 30):
        before = frame[at + 1]
        frame[at + 1] = (before + copy) & 0xFF
        change += frame[at + 1] - before
    transport = 14 + (frame[14] & 15) * 4
    places = {6: transport + 16, 17: transport + 6}
    for at in (24, places.get(frame[23], 0)):
        stated = int.from_bytes(frame[at : at + 2], "big")
        if at and at + 2 <= len(frame) and (at == 24 or stated):
            frame[at : at + 2] = ((stated - change - 1) % 0xFFFF + 1).to_bytes(2, "big")


def write(
    out: BinaryIO, made: Packets, recorded: Recorded, times: NDArray[np.float64], numbers: Column
) -> None:
    """Write both kinds of packets in the order of their times."""
    out.write(b"\xd4\xc3\xb2\xa1\x02\x00\x04\x00" + bytes(8) + b"\xff\xff\x00\x00\x01\x00\x00\x00")
    order = np.argsort(times, kind="stable")
    times, numbers = times[order], numbers[order]
    for begin in range(0, len(made.time), CHUNK):
        part = made.take(np.arange(begin, min(begin + CHUNK, len(made.time))))
        until = part.time[-1] if begin + CHUNK < len(made.time) else np.inf
        upto = int(np.searchsorted(times, until, side="right"))
        records = [
            recorded.record(int(n), float(t))
            for n, t in zip(numbers[:upto], times[:upto], strict=True)
        ]
        write_chunk(out, part, records, times[:upto])
        times, numbers = times[upto:], numbers[upto:]


def write_chunk(
    out: BinaryIO, part: Packets, records: list[bytes], times: NDArray[np.float64]
) -> None:
    lengths = np.concatenate([
        np.where(part.is_udp, HEADERS - 12, HEADERS) + part.size,
        np.array([len(record) for record in records], np.int64),
    ])  # fmt: skip
    order = np.argsort(np.concatenate([part.time, times]), kind="stable")
    ends = np.cumsum(lengths[order])
    at = np.empty(len(order), np.int64)
    at[order] = ends - lengths[order]
    buffer = np.zeros(int(ends[-1]), np.uint8)
    write_synthetic(part, buffer, at[: len(part.time)])
    for record, place in zip(records, at[len(part.time) :], strict=True):
        buffer[place : place + len(record)] = np.frombuffer(record, np.uint8)
    out.write(buffer.data)


def make(path: Path, packets: int, flows: int, seed: int = 7) -> int:
    """Write the capture; returns how many packets it has."""
    rng = np.random.default_rng(seed)
    recorded = Recorded(Path(__file__).parent.parent / "pcaps")
    times, numbers = recorded.copies(int(packets * RECORDED), rng)
    made = synthetic(packets - len(times), flows, rng)
    with path.open("wb") as out:
        write(out, made, recorded, times, numbers)
    return len(made.time) + len(times)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path)
    parser.add_argument("--packets", type=float, default=5e6)
    parser.add_argument("--flows", type=float, default=60_000)
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    packets = make(given.out, int(given.packets), int(given.flows), given.seed)
    print(f"{packets:,} packets, {given.out.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
