"""Does the cost grow linearly? Packets a second for more and more packets, and more and more flows.

    python bench/growth.py [--packets 1e6,1e7,1e8] [--flows 1e3,1e5,1e6]

Makes captures of small TCP conversations of equal length, a thousand of them open at once, and
prints for each the seconds and the peak memory of `sensor logs --only conn`: first for a thousand
flows of ever more packets, then for ten million packets in ever more flows.
"""

from __future__ import annotations

import argparse
import struct
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parent.parent))
from bench.run import LOGS, Program, run

TOGETHER = 1000  # flows open at once
START = 1_780_000_000_000_000  # microseconds since the epoch
PAYLOAD = 20
SYN, FIN, PSH, ACK = 2, 1, 8, 16
RECORD = 16 + 14 + 20 + 20 + PAYLOAD
ETHERNET = bytes.fromhex("0200000000010200000000020800")
IPV4 = bytes.fromhex("45000000000040004006000000000000") + bytes(4)
PLACES = {"source": (42, 4), "target": (46, 4), "sport": (50, 2), "dport": (52, 2), "seq": (54, 4)}


def put(records: NDArray[np.uint8], at: int, size: int, value: NDArray[np.int64]) -> None:
    """Write numbers in network byte order at offset `at` of each record."""
    for k in range(size):
        records[:, at + k] = value >> 8 * (size - 1 - k)


def group(first: int, rounds: int, microsecond: int) -> Iterator[NDArray[np.uint8]]:
    """The packets of TOGETHER flows from number `first` on: `rounds` of each, in turn."""
    flow = first + np.arange(TOGETHER, dtype=np.int64)
    client, port = (10 << 24) + flow, 1024 + flow % 60_000
    server, service = np.full(TOGETHER, 0xC0A80101), np.full(TOGETHER, 22)
    seq = [np.zeros(TOGETHER, np.int64), np.zeros(TOGETHER, np.int64)]
    steps = [(0, SYN), (1, SYN | ACK), (0, ACK)]
    steps += [(number % 2, PSH | ACK) for number in range(rounds - 6)]
    steps += [(0, FIN | ACK), (1, FIN | ACK), (0, ACK)]
    for number, (side, flags) in enumerate(steps):
        payload = PAYLOAD if flags & PSH else 0
        records = np.zeros((TOGETHER, RECORD - PAYLOAD + payload), np.uint8)
        time = microsecond + number * TOGETHER + np.arange(TOGETHER)
        records[:, 0:4] = (time // 1_000_000).astype("<u4").view(np.uint8).reshape(-1, 4)
        records[:, 4:8] = (time % 1_000_000).astype("<u4").view(np.uint8).reshape(-1, 4)
        records[:, 8] = records[:, 12] = 54 + payload
        records[:, 16:30] = np.frombuffer(ETHERNET, np.uint8)
        records[:, 30:50] = np.frombuffer(IPV4, np.uint8)
        records[:, 33] = 40 + payload
        ends = ((client, port), (server, service))
        for name, value in (
            ("source", ends[side][0]), ("target", ends[1 - side][0]),
            ("sport", ends[side][1]), ("dport", ends[1 - side][1]), ("seq", seq[side]),
        ):  # fmt: skip
            put(records, *PLACES[name], value)
        if flags & ACK:
            put(records, 58, 4, seq[1 - side])
        records[:, 62:64] = (0x50, flags)
        records[:, 64] = 0xFF
        seq[side] = seq[side] + payload + (1 if flags & (SYN | FIN) else 0)
        yield records


def make(path: Path, packets: int, flows: int) -> int:
    """Write a capture; returns its packets."""
    rounds, groups = packets // flows, flows // TOGETHER
    with path.open("wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65_535, 1))
        for number in range(groups):
            begin = START + number * rounds * TOGETHER
            for records in group(number * TOGETHER, rounds, begin):
                records.tofile(file)
    return groups * rounds * TOGETHER


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--packets", default="1e6,1e7,1e8")
    parser.add_argument("--flows", default="1e3,1e5,1e6")
    given = parser.parse_args()
    packets = [int(float(word)) for word in given.packets.split(",")]
    flows = [int(float(word)) for word in given.flows.split(",")]
    runs = [(count, 1000) for count in packets] + [(10_000_000, count) for count in flows]
    print("| packets | flows | s | million/s | peak MB |\n|---:|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for count, of_flows in runs:
            capture = folder / "made.pcap"
            made = make(capture, count, of_flows)
            program = Program("sensor logs", [*LOGS, "-o", "{out}", "{capture}"])
            seconds = sorted(run(program, capture, folder) for _ in range(2))[0]
            print(
                f"| {made:,} | {of_flows:,} | {seconds:.2f} | {made / seconds / 1e6:.2f} "
                f"| {program.memory / 1e6:.0f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
