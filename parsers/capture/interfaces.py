"""The interfaces that a pcapng section declares, as a table of numbers for the record walk.

Source: draft-ietf-opsawg-pcapng, section 4.2.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from parsers.capture.clock import clock

LINKTYPE, SNAPLEN, FCS, CLOCK = 0, 1, 2, 3  # columns; a clock is four numbers
COLUMNS = 7
MOST = 65_536  # interfaces that are kept; packets of further ones count as of an unknown one

END, TSRESOL, FCSLEN, TSOFFSET = 0, 9, 13, 14  # options
SIZES = {TSRESOL: 1, FCSLEN: 1, TSOFFSET: 8}  # bytes of those that are read
MICROSECONDS = 6

Order: TypeAlias = Literal["big", "little"]


class Interfaces:
    """What packets need of each interface: `table`, shape (capacity, 7), int64."""

    def __init__(self) -> None:
        self.table: NDArray[np.int64] = np.zeros((4, COLUMNS), np.int64)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def clear(self) -> None:
        """Forget all: a new section begins."""
        self._count = 0

    def declare(self, body: memoryview, order: Order) -> None:
        """Add one, from a description block without its frame; ValueError says what is wrong."""
        link, snaplen = int.from_bytes(body[0:2], order), int.from_bytes(body[4:8], order)
        found = options(body[8:], order)
        resolution = int.from_bytes(found.get(TSRESOL, bytes([MICROSECONDS])), order)
        offset = int.from_bytes(found.get(TSOFFSET, b"\0"), order, signed=True)
        fcs = int.from_bytes(found.get(FCSLEN, b"\0"), order)
        if self._count == MOST:
            return
        if self._count == len(self.table):
            self.table = np.concatenate((self.table, np.zeros_like(self.table)))
        self.table[self._count] = (link, snaplen, fcs, *clock(resolution, offset))
        self._count += 1


def options(data: memoryview, order: Order) -> dict[int, bytes]:
    """Read the list of options at the end of a block; of a code that comes twice, the last."""
    found, at = {}, 0
    while at + 4 <= len(data):
        code, size = (int.from_bytes(data[i : i + 2], order) for i in (at, at + 2))
        if code == END:
            break
        value = bytes(data[at + 4 : at + 4 + size])
        if len(value) < size or size != SIZES.get(code, size):
            raise ValueError(f"option {code} of {size} bytes with {len(value)} left")
        found[code] = value
        at += 4 + (size + 3) // 4 * 4
    return found
