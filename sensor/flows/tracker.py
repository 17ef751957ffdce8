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
from parsers.packets.fields import ZEEK_COMPAT
from parsers.weirds import CODES, by_name
from sensor.flows.begin import TUNNEL
from sensor.flows.carriers import Carriers, Rows
from sensor.flows.conn import conn_table, payload_table, trust_table
from sensor.flows.history import KEPT
from sensor.flows.key import rebuild
from sensor.flows.memory import Frame, allocate, grow, lend, release
from sensor.flows.payloads import PayloadSizes
from sensor.flows.row import (
    BYTES,
    CHANGES,
    CLOSED_ROWS,
    COLUMN,
    FRAME,
    FRAMES,
    HEAD_BYTES,
    KEY_REST,
    LETTERS,
    PAYLOADS,
    SIDE,
    SIDES,
    USED_ROWS,
    VERIFY,
)  # fmt: skip
from sensor.flows.walk import DONE, GROW, end_open_flows, walk

OVERFLOW = CODES["history_overflow"]
WORTH_COMPILING = 25_000  # frames: below, plain Python is done before Numba is imported


class FlowTracker:
    """Follows every connection of the captures that it is fed.

    verify: whether packets with wrong checksums are dropped.
    payloads: whether payload sizes and first payload bytes are wanted beside Zeek's columns.
    zeek_compat: whether Zeek's answer is given where it is known to be wrong: which side of a
        connection seen from the middle is the server, and bogus acknowledgements.
    fast: whether to run compiled from the start; else after WORTH_COMPILING frames.
    build: makes the compiled form of a kernel; tests give `parsers.kernel.checked`.
    """

    def __init__(
        self, local: Networks, *, verify: bool = False, payloads: bool = True,
        zeek_compat: bool = True, fast: bool = False, build: Callable[[Any], Any] = compiled,
    ) -> None:  # fmt: skip
        self.local = local
        self.fast = fast
        self._build = build
        self._arrays = allocate(payloads)
        self._arrays.numbers[VERIFY] = verify
        self._arrays.numbers[PAYLOADS] = payloads
        self._arrays.packet[ZEEK_COMPAT] = zeek_compat
        self._sizes = PayloadSizes(len(self._arrays.flows)) if payloads else None
        self._carriers = Carriers()
        self._files: list[tuple[int, str]] = []

    @property
    def verify(self) -> bool:
        """Whether packets with wrong checksums are dropped; may be set between two files."""
        return bool(self._arrays.numbers[VERIFY])

    @verify.setter
    def verify(self, wanted: bool) -> None:
        self._arrays.numbers[VERIFY] = wanted

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

    def will_compile(self, frames: Frames) -> bool:
        """Whether compiled code will run on these frames."""
        return self.fast or self.frames + len(frames.at) > WORTH_COMPILING

    def feed(self, frames: Frames) -> Iterator[pl.DataFrame]:
        """Process the frames of a block; yields conn rows of flows that ended on the way."""
        index = Frame(frames.block, frames.at, frames.captured, frames.wire, frames.ts, frames.link)
        done, count = 0, len(frames.at)
        while done < count:
            self.fast = self.fast or self.frames >= WORTH_COMPILING
            stop = count if self.fast else min(count, done + WORTH_COMPILING)
            done, lacking = self._run(walk, index, done, stop)
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
        return self._build(function) if self.fast else function

    def _run(self, function: Callable[..., Any], *given: Any) -> Any:
        """Call a kernel on frames, if given, on the core's arrays, and on numbers.

        Compiled it gets the arrays, plain memoryviews of them (see `parsers.kernel`).
        """
        frames = [lend(one, self.fast) for one in given if isinstance(one, Frame)]
        numbers = [one for one in given if not isinstance(one, Frame)]
        return self._kernel(function)(*frames, lend(self._arrays, self.fast), *numbers)

    def _drain(self) -> Iterator[pl.DataFrame]:
        """Add up the packet columns, hand out the flows that ended, free their rows."""
        arrays = self._arrays
        self._add_payloads()
        self._carriers.change(arrays.changes[: arrays.numbers[CHANGES]], arrays.flows)
        arrays.numbers[CHANGES] = 0
        count = int(arrays.numbers[CLOSED_ROWS])
        if not count:
            return
        ended = arrays.closed[:count].copy()
        self._carriers.remember(arrays.flows[ended])
        arrays.weirds[OVERFLOW] += np.count_nonzero(arrays.flows[ended, LETTERS] > KEPT)
        logged = ended[arrays.flows[ended, KEY_REST] >> 33 != TUNNEL]
        table = self._table(arrays.flows[logged], logged)
        release(arrays, ended)
        arrays.numbers[CLOSED_ROWS] = 0
        if len(table):
            yield table

    def _table(self, rows: Rows, places: Rows) -> pl.DataFrame:
        """The conn rows of ended flows, which lie at `places`."""
        arrays = self._arrays
        parents = self._carriers.parents(rows, arrays.flows)
        table = conn_table(rows, self.local, parents).hstack(trust_table(rows))
        table = self._placed(table, rows[:, FRAME])
        if self._sizes is None:
            return table
        held = rows[:, [SIDES + HEAD_BYTES, SIDES + SIDE + HEAD_BYTES]]
        figures = self._sizes.take(places)
        return table.hstack(payload_table(rows, figures, arrays.heads[places], held))

    def _add_payloads(self) -> None:
        """Add the payload packets that wait to the open flows' figures."""
        arrays, count = self._arrays, int(self._arrays.numbers[COLUMN])
        if self._sizes is None:
            return
        self._sizes.make_room(len(arrays.flows))
        columns = (arrays.rows, arrays.sides, arrays.times, arrays.lengths)
        self._sizes.add(*(column[:count] for column in columns))
        arrays.numbers[COLUMN] = 0

    def _placed(self, table: pl.DataFrame, ordinals: Rows) -> pl.DataFrame:
        """Name the file of each flow's first packet, and the packet's number in it."""
        begins = np.array([begin for begin, _ in self._files] or [0])
        paths = pl.Series([path for _, path in self._files] or [None], dtype=pl.String)
        which = np.searchsorted(begins, ordinals - 1, side="right") - 1
        return table.with_columns(
            paths.gather(which).alias("file"), pl.Series("frame", ordinals - begins[which])
        )
