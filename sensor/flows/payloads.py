"""Payload sizes: how many payload packets a flow had each way, and how large they were.

Made by NumPy from the packet columns that the compiled pass leaves behind: packets are sorted
by flow, reduced group by group, and added to the open flows' running figures, which lie in
arrays by row. A row is handed out again only after its figures were read and cleared, so a row
number means one flow as long as packets of it wait.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BINS = 16  # of the histogram: bin k counts sizes from 2**k up to, not including, 2**(k + 1)
FIRST = 20  # payload packets whose size, direction and gap are kept
BIN_OF = np.minimum(np.frexp(np.arange(65_536))[1] - 1, BINS - 1).astype(np.int8)


@dataclass(slots=True)
class Sizes:
    """Figures of some flows: arrays of shape (flows, 2), a column a side, unless said otherwise."""

    packets: NDArray[np.int64]
    octets: NDArray[np.int64]
    squares: NDArray[np.float64]
    smallest: NDArray[np.int64]
    largest: NDArray[np.int64]
    bins: NDArray[np.int32]  # (flows, 2, BINS)
    sizes: NDArray[np.int32]  # (flows, FIRST): positive from side 0, negative from side 1, 0: none
    gaps: NDArray[np.int64]  # (flows, FIRST): nanoseconds since the payload packet before
    last: NDArray[np.int64]  # (flows,): time of the last payload packet


def empty(flows: int) -> Sizes:
    """Return the figures of flows that had no payload packet."""
    return Sizes(
        packets=np.zeros((flows, 2), np.int64),
        octets=np.zeros((flows, 2), np.int64),
        squares=np.zeros((flows, 2)),
        smallest=np.full((flows, 2), np.iinfo(np.int64).max),
        largest=np.zeros((flows, 2), np.int64),
        bins=np.zeros((flows, 2, BINS), np.int32),
        sizes=np.zeros((flows, FIRST), np.int32),
        gaps=np.zeros((flows, FIRST), np.int64),
        last=np.zeros(flows, np.int64),
    )


class PayloadSizes:
    """The running figures of all open flows."""

    def __init__(self, rows: int) -> None:
        self.open = empty(rows)

    def make_room(self, rows: int) -> None:
        """Grow to at least this many rows."""
        if rows <= len(self.open.last):
            return
        larger = empty(rows)
        for name in Sizes.__slots__:
            getattr(larger, name)[: len(self.open.last)] = getattr(self.open, name)
        self.open = larger

    def add(
        self, rows: NDArray[np.int32], sides: NDArray[np.uint8], times: NDArray[np.int64],
        lengths: NDArray[np.int32],
    ) -> None:  # fmt: skip
        """Add payload packets in the order of their arrival; all arrays have shape (packets,)."""
        if not len(rows):
            return
        order = np.argsort(rows, kind="stable")
        rows, sides, times, lengths = rows[order], sides[order], times[order], lengths[order]
        begins = np.flatnonzero(np.concatenate(([True], rows[1:] != rows[:-1])))
        flows = rows[begins]
        counts = np.diff(begins, append=len(rows))
        self._keep_first(flows, begins, counts, sides, times, lengths)
        self._reduce(flows, counts, sides, lengths)

    def _keep_first(
        self, flows: NDArray[np.int32], begins: NDArray[np.int64], counts: NDArray[np.int64],
        sides: NDArray[np.uint8], times: NDArray[np.int64], lengths: NDArray[np.int32],
    ) -> None:  # fmt: skip
        """Keep size, direction and gap of each flow's first payload packets."""
        figures = self.open
        before = figures.packets[flows].sum(axis=1)
        gaps = np.diff(times, prepend=times[:1])
        gaps[begins] = np.where(before > 0, times[begins] - figures.last[flows], 0)
        figures.last[flows] = times[begins + counts - 1]
        wanted = np.minimum(np.maximum(FIRST - before, 0), counts)
        if not wanted.any():
            return
        group = np.repeat(np.arange(len(flows)), wanted)
        place = np.arange(len(group)) - np.repeat(np.cumsum(wanted) - wanted, wanted)
        packet, slot = begins[group] + place, before[group] + place
        signed = np.where(sides[packet] == 0, lengths[packet], -lengths[packet])
        figures.sizes[flows[group], slot] = signed
        figures.gaps[flows[group], slot] = gaps[packet]

    def _reduce(
        self, flows: NDArray[np.int32], counts: NDArray[np.int64], sides: NDArray[np.uint8],
        lengths: NDArray[np.int32],
    ) -> None:  # fmt: skip
        """Count, sum, sum of squares, extremes and histogram per flow and side."""
        figures, groups = self.open, 2 * len(flows)
        code = np.repeat(np.arange(0, groups, 2), counts) + sides
        octets = lengths.astype(np.float64)
        figures.packets[flows] += np.bincount(code, minlength=groups).reshape(-1, 2)
        sums = np.bincount(code, octets, groups).astype(np.int64)
        figures.octets[flows] += sums.reshape(-1, 2)
        figures.squares[flows] += np.bincount(code, octets * octets, groups).reshape(-1, 2)
        bins = code * BINS + BIN_OF[np.minimum(lengths, 65_535)]
        counted = np.bincount(bins, minlength=groups * BINS)
        figures.bins[flows] += counted.reshape(-1, 2, BINS).astype(np.int32)
        smallest = np.full(groups, np.iinfo(np.int64).max)
        largest = np.zeros(groups, np.int64)
        np.minimum.at(smallest, code, lengths)
        np.maximum.at(largest, code, lengths)
        figures.smallest[flows] = np.minimum(figures.smallest[flows], smallest.reshape(-1, 2))
        figures.largest[flows] = np.maximum(figures.largest[flows], largest.reshape(-1, 2))

    def take(self, rows: NDArray[np.int64]) -> Sizes:
        """Read the figures of these rows and clear them for the next flow."""
        taken = Sizes(*(getattr(self.open, name)[rows] for name in Sizes.__slots__))
        fresh = empty(1)
        for name in Sizes.__slots__:
            getattr(self.open, name)[rows] = getattr(fresh, name)[0]
        return taken


def median(
    bins: NDArray[np.int32], smallest: NDArray[np.int64], largest: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Median size read from the histogram: interpolated inside its bin, within the extremes.

    `bins`: (n, BINS); the others (n,). NaN where there is no packet.
    """
    total = bins.sum(axis=1)
    reached = np.cumsum(bins, axis=1)
    k = np.argmax(reached * 2 >= total[:, None], axis=1)
    each = np.arange(len(bins))
    inside = np.maximum(bins[each, k], 1)
    part = (total / 2 - (reached[each, k] - bins[each, k])) / inside
    value = np.clip(2.0**k * (1 + part), smallest, largest)
    return np.where(total > 0, value, np.nan)
