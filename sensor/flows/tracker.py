"""From frames to the conn table: drives the compiled pass and hands out flows that ended.

State is carried over blocks and files, so one tracker reads any number of captures as one
network on one timeline. It begins plain; when the work is worth it, it goes on compiled.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import polars as pl

from parsers.addresses import Networks
from parsers.capture.frames import Frames
from parsers.kernel import compiled
from parsers.weirds import by_name
from sensor.flows.conn import conn_table, payload_table
from sensor.flows.key import rebuild
from sensor.flows.memory import HEAD, Arrays, Frame, allocate, grow, release
from sensor.flows.payloads import PayloadSizes
from sensor.flows.row import (
    BYTES, CLOSED_ROWS, COLUMN, FRAME, FRAMES, HEAD_BYTES, PAYLOADS, SIDE, SIDES, USED_ROWS, VERIFY,
)  # fmt: skip
from sensor.flows.walk import DONE, GROW, end_open_flows, walk

WORTH_COMPILING = 25_000  # frames: below, plain Python is done before Numba is imported


class FlowTracker:
    """Follows every connection of the captures that it is fed.

    verify: whether packets with wrong checksums are dropped.
    payloads: whether payload sizes and first payload bytes are wanted beside Zeek's columns.
    compiled: whether to run compiled from the start; else after WORTH_COMPILING frames.
    """

    def __init__(
        self, local: Networks, *, verify: bool = False, payloads: bool = True, compiled: bool = False
    ) -> None:
        self.local = local
        self.compiled = compiled
        self._arrays = allocate(payloads)
        self._arrays.numbers[VERIFY] = verify
        self._arrays.numbers[PAYLOADS] = payloads
        self._sizes = PayloadSizes(len(self._arrays.flows)) if payloads else None
        self._files: list[tuple[int, str]] = []

    @property
    def frames(self) -> int:
        """Frames read so far."""
        return int(self._arrays.numbers[FRAMES])

    @property
    def octets(self) -> int:
        """Bytes on the wire of the frames read so far."""
        return int(self._arrays.numbers[BYTES])

    @property
    def weirds(self) -> Counter[str]:
        """What was passed over so far, by reason."""
        return by_name(self._arrays.weirds)

    def begin_file(self, path: str) -> None:
        """Say that the frames from here on come from `path`."""
        self._files.append((self.frames, path))

    def feed(self, frames: Frames) -> Iterator[pl.DataFrame]:
        """Process the frames of a block; yields conn rows of flows that ended on the way."""
        done, count = 0, len(frames.at)
        while done < count:
            self.compiled = self.compiled or self.frames >= WORTH_COMPILING
            stop = count if self.compiled else min(count, done + WORTH_COMPILING)
            done, lacking = self._run(walk, self._frame(frames), done, stop)
            if lacking == GROW:
                self._arrays = grow(self._arrays, self._kernel(rebuild))
            elif lacking != DONE:
                yield from self._drain()

    def finish(self) -> Iterator[pl.DataFrame]:
        """End every open flow in the state that it is in; yields their conn rows."""
        row = 1
        while row <= self._arrays.numbers[USED_ROWS]:
            row = self._run(end_open_flows, row)
            yield from self._drain()
        yield from self._drain()

    def _kernel(self, function: Callable[..., Any]) -> Callable[..., Any]:
        return compiled(function) if self.compiled else function

    def _frame(self, frames: Frames) -> Frame:
        return Frame(frames.block, frames.at, frames.captured, frames.wire, frames.ts, frames.link)

    def _run(self, function: Callable[..., Any], *given: Any) -> Any:
        """Call a kernel with what it is given and the arrays; plain, with memoryviews of them."""
        if self.compiled:
            first, *rest = given
            if isinstance(first, Frame):
                return compiled(function)(first, self._arrays, *rest)
            return compiled(function)(self._arrays, *given)
        arrays = Arrays(*(array.data for array in self._arrays))
        first, *rest = given
        if isinstance(first, Frame):
            return function(Frame(*(array.data for array in first)), arrays, *rest)
        return function(arrays, *given)

    def _drain(self) -> Iterator[pl.DataFrame]:
        """Add up the packet columns, hand out the flows that ended, free their rows."""
        arrays = self._arrays
        self._add_payloads()
        count = int(arrays.numbers[CLOSED_ROWS])
        if not count:
            return
        closed = arrays.closed[:count].copy()
        rows = arrays.flows[closed]
        table = self._placed(conn_table(rows, self.local), rows[:, FRAME])
        if self._sizes is not None:
            held = rows[:, [SIDES + HEAD_BYTES, SIDES + SIDE + HEAD_BYTES]]
            payloads = payload_table(rows, self._sizes.take(closed), arrays.heads[closed], held)
            table = table.hstack(payloads)
        release(arrays, closed)
        arrays.numbers[CLOSED_ROWS] = 0
        yield table

    def _add_payloads(self) -> None:
        arrays, count = self._arrays, int(self._arrays.numbers[COLUMN])
        if self._sizes is None or not count:
            return
        self._sizes.make_room(len(arrays.flows))
        columns = (arrays.rows, arrays.sides, arrays.times, arrays.lengths)
        self._sizes.add(*(column[:count] for column in columns))
        arrays.numbers[COLUMN] = 0

    def _placed(self, table: pl.DataFrame, ordinals: np.ndarray[Any, np.dtype[np.int64]]) -> pl.DataFrame:
        """Name the file of each flow's first packet, and the packet's number in it."""
        begins = np.array([begin for begin, _ in self._files] or [0])
        paths = pl.Series([path for _, path in self._files] or [None], dtype=pl.String)
        which = np.searchsorted(begins, ordinals - 1, side="right") - 1
        return table.with_columns(
            paths.gather(which).alias("file"), pl.Series("frame", ordinals - begins[which])
        )
