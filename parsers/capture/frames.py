"""The block that captures are read through, and the index of the packets that lie in it.

A block is one buffer, reused for the whole file, so that its bytes stay in the processor's cache
while they are worked on. Each format brings one kernel, its record walk, which goes over the
records that are whole in the buffer and writes for each packet where it lies and when it was
seen. What is left at the end, a part of a record, moves to the front before the next read.

A record walk is called `walk(octets, start, end, index, count, *tables)`: records lie in
`octets[start:end]`, packets are written to `index[:, count:]`. It returns the new count, where it
stopped, and why (`MORE`, `FULL` or `OTHER`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from parsers.kernel import compiled, kernel

BLOCK = 1 << 21  # bytes asked for at once: fits the cache, and few enough calls
LARGEST = 1 << 24  # bytes of the largest record that is looked at as a whole
ROOM = LARGEST + 32  # never touched, and so no memory, unless a record is that large
CAPACITY = 32_768  # packets of one index

AT, CAPTURED, WIRE, TS, LINK = 0, 1, 2, 3, 4  # rows of the index

MORE = 0  # a record is not whole yet: read on
FULL = 1  # the index is full: take the packets, call again
OTHER = 2  # something that the kernel leaves to its driver: no packet, or no possible record

SECOND = 1_000_000_000  # nanoseconds

Octets: TypeAlias = "NDArray[np.uint8] | memoryview"  # compiled | plain: elements are integers
Table: TypeAlias = "NDArray[np.int64]"  # or a memoryview of such, of one or two dimensions


@dataclass(frozen=True, slots=True)
class Frames:
    """Packets of one block; all arrays are views that are valid until the next Frames is asked for.

    (With a ring of buffers, until as many Frames were asked for; see `Block`.)

    block: shape (bytes,), uint8: what was read.
    at: shape (n,), int64: offset of the packet's first byte in `block`.
    captured: shape (n,), int64: bytes of it that are present, from `at` on.
    wire: shape (n,), int64: bytes that it had on the wire (the format's original length).
    ts: shape (n,), int64: nanoseconds since the epoch; may be negative, may go back.
    link: shape (n,), int64: LINKTYPE_ number.
    """

    block: NDArray[np.uint8]
    at: NDArray[np.int64]
    captured: NDArray[np.int64]
    wire: NDArray[np.int64]
    ts: NDArray[np.int64]
    link: NDArray[np.int64]


class Block:
    """The buffer, the index, and how far both are used.

    start, end: what is read and not walked yet lies in `octets[start:end]`; a start beyond the
        end means that as many of the bytes that come next are passed over.
    count: packets in the index.
    offset: where `octets[0]` lies in the capture's content.
    ring: how many buffers take turns; Frames stay valid until as many others were asked for.
    """

    def __init__(self, ring: int = 1) -> None:
        self._ring = [
            (np.empty(BLOCK + ROOM, np.uint8), np.empty((5, CAPACITY), np.int64))
            for _ in range(ring)
        ]
        self.octets: NDArray[np.uint8] = self._ring[0][0]
        self.index: NDArray[np.int64] = self._ring[0][1]
        self.start = self.end = self.count = self.offset = 0

    @property
    def position(self) -> int:
        """Where the next record begins in the capture's content."""
        return self.offset + self.start

    @property
    def bytes_read(self) -> int:
        """How much of the capture's content was read."""
        return self.offset + self.end

    def turn(self) -> None:
        """Begin an empty index; with a ring of buffers, in the next one, so that Frames last."""
        self.count = 0
        if len(self._ring) == 1:
            return
        self._ring.append(self._ring.pop(0))
        octets, self.index = self._ring[0]
        done = min(self.start, self.end)
        left = self.end - done
        octets[:left] = self.octets[done : self.end]
        self.octets = octets
        self.start, self.end, self.offset = self.start - done, left, self.offset + done

    def fill(self, readinto: Callable[[memoryview], int]) -> bool:
        """Move what is left to the front and read once behind it; False at the end of the input."""
        done = min(self.start, self.end)
        if done:
            left = self.end - done
            self.octets[:left] = self.octets[done : self.end]
            self.start, self.end, self.offset = self.start - done, left, self.offset + done
        got = readinto(self.octets.data[self.end : self.end + BLOCK])
        self.end += got
        return got > 0

    def walk(self, walk: Callable[..., Any], fast: bool, *tables: NDArray[np.int64]) -> int:
        """Run a record walk from `start` on, compiled if `fast`; return why it stopped."""
        arrays: tuple[Any, ...] = (self.octets, self.index, *tables)
        if not fast:
            arrays = tuple(array.data for array in arrays)
        octets, index, *rest = arrays
        run = compiled(walk) if fast else walk
        self.count, self.start, state = run(octets, self.start, self.end, index, self.count, *rest)
        return int(state)

    def frames(self) -> Frames:
        """The packets that are in the index."""
        at, captured, wire, ts, link = self.index[:, : self.count]
        return Frames(self.octets[: self.end], at, captured, wire, ts, link)


@kernel
def u32(octets: Octets, at: int, big: int) -> int:
    """Read an unsigned 32-bit number of either byte order.

    That `at` is never negative is said because Numba lets negative indices count from the end;
    knowing it, and joining by `|`, the compiler makes one load of the four, and halves the walk.
    """
    if at < 0:
        return 0
    if big:
        return (
            (octets[at] * 16777216)
            | (octets[at + 1] * 65536)
            | (octets[at + 2] * 256)
            | (octets[at + 3] + 0)
        )
    return (
        (octets[at] + 0)
        | (octets[at + 1] * 256)
        | (octets[at + 2] * 65536)
        | (octets[at + 3] * 16777216)
    )


@kernel
def without_fcs(captured: int, wire: int, fcs: int) -> tuple[int, int]:
    """Take a frame check sequence off, of `fcs` bytes at the end of what was on the wire."""
    wire = max(wire - fcs, 0)
    return min(captured, wire), wire
