"""From frames to the conn table: drives the compiled pass and hands out flows that ended.

State is carried over blocks and files, so one tracker reads any number of captures as one
network on one timeline. It begins plain; when the work is worth it, it goes on compiled.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from parsers.addresses import Networks
from parsers.capture.frames import Frames
from parsers.kernel import compiled
from parsers.packets.fields import ZEEK_COMPAT
from parsers.packets.fragments import give_up
from parsers.weirds import CODES, by_name
from sensor.flows.begin import TUNNEL
from sensor.flows.carriers import Carriers
from sensor.flows.history import KEPT
from sensor.flows.key import rebuild
from sensor.flows.memory import Frame, allocate, grow, lend, open_places, release, slices
from sensor.flows.row import (
    BYTES,
    CHANGES,
    CLOSED_ROWS,
    COLUMN,
    FRAMES,
    KEY_REST,
    LETTERS,
    PAYLOADS,
    STREAMS,
    VERIFY,
)  # fmt: skip
from sensor.flows.tables import ConnTables, Ended
from sensor.flows.tunnels import Tunnels
from sensor.flows.walk import DONE, GROW, LOOK, end_flows, walk

if TYPE_CHECKING:
    from sensor.flows.streams import Streams

OVERFLOW = CODES["history_overflow"]
RECORDS_AT_MOST = 4096  # rows of other tables that wait for flows to end
WORTH_COMPILING = 25_000  # frames: below, plain Python is done before Numba is imported


def _streams(servers: Networks | None) -> Streams:
    from sensor.flows.streams import Streams  # with all protocols: 50 ms that conn alone need not

    return Streams(servers)


class FlowTracker:
    """Follows every connection of the captures that it is fed.

    verify: whether packets with wrong checksums are dropped.
    streams: whether protocols are read: for `service` in conn, and for tables beside conn.
    servers: of which protocols are read, if they are: connections to these networks; None: all.
    payloads: whether payload sizes and first payload bytes are wanted beside Zeek's columns.
    zeek_compat: whether Zeek's answer is given where it is known to be wrong: which side of a
        connection seen from the middle is the server, and bogus acknowledgements.
    fast: whether to run compiled from the start; else after WORTH_COMPILING frames.
    build: makes the compiled form of a kernel; tests give `parsers.kernel.checked`.

    `follow` and `end` may run in one thread while `tables` works in another.
    """

    def __init__(
        self, local: Networks, *, verify: bool = False, payloads: bool = True,
        streams: bool = False, servers: Networks | None = None, zeek_compat: bool = True,
        fast: bool = False, build: Callable[[Any], Any] = compiled,
    ) -> None:  # fmt: skip
        self.fast = fast
        self._build = build
        self._arrays = allocate(payloads, streams)
        self._arrays.numbers[VERIFY] = verify
        self._arrays.numbers[PAYLOADS] = payloads
        self._arrays.numbers[STREAMS] = streams
        self._streams = _streams(servers) if streams else None
        self._arrays.packet[ZEEK_COMPAT] = zeek_compat
        self._carriers = Carriers()
        self._tunnels = Tunnels() if streams else None
        self._files: list[tuple[int, str]] = []
        self.tables = ConnTables(local, payloads, self._files)

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
        readers = [reader for reader in (self._streams, self._tunnels) if reader is not None]
        return sum((reader.weirds for reader in readers), by_name(self._arrays.weirds))

    def begin_file(self, path: str) -> None:
        """Say that the frames from here on come from `path`, escaped where it is no UTF-8."""
        name = os.fsencode(path).decode("utf-8", "backslashreplace")
        self._files.append((self.frames, name))

    def will_compile(self, frames: Frames) -> bool:
        """Whether compiled code will run on these frames."""
        return self.fast or self.frames + len(frames.at) > WORTH_COMPILING

    def feed(self, frames: Frames) -> Iterator[pl.DataFrame]:
        """Process the frames of a block; yields conn rows of flows that ended on the way."""
        yield from self._made(self.follow(frames))

    def finish(self) -> Iterator[pl.DataFrame]:
        """End every open flow in the state that it is in; yields their conn rows."""
        yield from self._made(self.end())

    def _made(self, batches: Iterator[Ended]) -> Iterator[pl.DataFrame]:
        tables = (self.tables.table(ended) for ended in batches)
        return (table for table in tables if len(table))

    def follow(self, frames: Frames) -> Iterator[Ended]:
        """Process the frames of a block; yields what `tables` makes conn rows of."""
        index = Frame(frames.block, frames.at, frames.captured, frames.wire, frames.ts, frames.link)
        done, count = 0, len(frames.at)
        while done < count:
            self.fast = self.fast or self.frames >= WORTH_COMPILING
            stop = count if self.fast else min(count, done + WORTH_COMPILING)
            done, lacking = self._run(walk, index, done, stop)
            if lacking == GROW:
                self._grow()
            elif lacking == LOOK and self._streams:
                self._streams.look(self._arrays)
                if len(self._streams.records) > RECORDS_AT_MOST:
                    yield self._drain()
            elif lacking != DONE:
                yield self._drain()
        if self._tunnels is not None and self._has_tunnels():
            yield self._drain()
            self._tunnels.settle(frames.ts)

    def end(self) -> Iterator[Ended]:
        """End every open flow; yields as `follow` does."""
        core = lend(self._arrays, fast=False)
        give_up(core.datagrams, core.blocks, core.weirds)
        for begin in slices(self._arrays):
            places, done = open_places(self._arrays, begin), 0
            while done < len(places):
                done, lacking = self._run(end_flows, places, done)
                if lacking == GROW:
                    self._grow()
                elif lacking != DONE:
                    yield self._drain()
        yield self._drain()
        if self._tunnels:
            self._tunnels.settle(np.zeros(0, np.int64))
            yield self._drain()

    def _kernel(self, function: Callable[..., Any]) -> Callable[..., Any]:
        return self._build(function) if self.fast else function

    def _run(self, function: Callable[..., Any], *given: Any) -> Any:
        """Call a kernel on frames, if given, on the core's arrays, and on what else is given.

        Compiled it gets the arrays, plain memoryviews of them (see `parsers.kernel`).
        """
        frames = [lend(one, self.fast) for one in given if isinstance(one, Frame)]
        others = [one for one in given if not isinstance(one, Frame)]
        if not self.fast:
            others = [one.data if isinstance(one, np.ndarray) else one for one in others]
        return self._kernel(function)(*frames, lend(self._arrays, self.fast), *others)

    def _grow(self) -> None:
        self._arrays = grow(self._arrays, self._kernel(rebuild))

    def _drain(self) -> Ended:
        """Take the flows that ended and the payload packets that wait, and free their places."""
        arrays, numbers = self._arrays, self._arrays.numbers
        changes = arrays.changes[: numbers[CHANGES]]
        self._carriers.change(changes, arrays.flows)
        ended = arrays.closed[: numbers[CLOSED_ROWS]].copy()
        self._carriers.remember(arrays.flows[ended])
        if self._tunnels is not None:
            self._tunnels.note(changes, arrays.flows[ended], arrays.flows)
        arrays.weirds[OVERFLOW] += np.count_nonzero(arrays.flows[ended, LETTERS] > KEPT)
        if self._streams:
            self._streams.look(arrays)
        is_logged = arrays.flows[ended, KEY_REST] >> 33 != TUNNEL
        logged = ended[is_logged]
        rows = arrays.flows[logged]
        packets = (arrays.rows, arrays.sides, arrays.times, arrays.lengths)
        batch = Ended(
            rows=rows,
            places=logged,
            parents=self._carriers.parents(rows, arrays.flows),
            heads=arrays.heads[logged] if numbers[PAYLOADS] else arrays.heads[:0],
            packets=tuple(column[: numbers[COLUMN]].copy() for column in packets),
            capacity=len(arrays.flows),
            services=self._services(ended).filter(pl.Series(is_logged)),
            records=self._records(),
        )
        release(arrays, ended)
        numbers[CHANGES] = numbers[CLOSED_ROWS] = numbers[COLUMN] = 0
        return batch

    def _has_tunnels(self) -> bool:
        """Whether tunnels are open, or were used in what was read last."""
        if self._streams is None or self._tunnels or self._arrays.numbers[CHANGES]:
            return True
        self._streams.look(self._arrays)
        return any(table == "tunnel" for _, table, _ in self._streams.records)

    def _services(self, ended: NDArray[np.int64]) -> pl.Series:
        found = self._streams.end(self._arrays, ended) if self._streams else [None] * len(ended)
        return pl.Series(found, dtype=pl.String)

    def _records(self) -> tuple[list[tuple[str, dict[str, Any]]], NDArray[np.int64]]:
        """Rows of other tables, with their flows; those of `tunnel` once they are in order."""
        if self._streams is None or self._tunnels is None:
            return [], self._arrays.flows[:0]
        flows = self._arrays.flows
        made: list[tuple[int, str, dict[str, Any]]] = []
        for row, table, values in self._streams.take():
            if table == "tunnel":
                self._tunnels.note_proxy(values, flows[row])
            else:
                made.append((row, table, values))
        tunnels = self._tunnels.take()
        rows = flows[np.array([row for row, _, _ in made], np.int64)]
        records = [(table, values) for _, table, values in made]
        records += [("tunnel", values) for values, _ in tunnels]
        return records, np.vstack([rows, *(row for _, row in tunnels)])
