"""From pieces to streams: every connection that some parser reads, fed as its bytes come in.

What no parser reads is not wanted any more after a look at its first bytes. Connections that are
read at once are bounded: the oldest are given up.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from parsers.addresses import Networks
from parsers.packets.transport import TCP
from parsers.services.parser import NOTHING, ORIG
from parsers.services.recognition import may_be_shell, may_begin
from sensor.flows.begin import responder_port
from sensor.flows.expected import Expectations
from sensor.flows.memory import Arrays
from sensor.flows.pieces import AT, BEGIN, FIRST_LOOK, FROM, LENGTH, UNTIL, WHOSE
from sensor.flows.reading import Reading
from sensor.flows.row import (
    ASKED,
    FLAGS,
    KEY_A_HIGH,
    KEY_A_LOW,
    KEY_B_HIGH,
    KEY_B_LOW,
    KEY_REST,
    OCTETS,
    ORIGINATOR,
    PARTIAL_FLOW,
    PIECES,
    POSITION,
    SIDE,
    SIDES,
)

MOST_READ = 32_768  # connections that are read at once
GIVEN_UP = "too_many_connections_at_once"

Record = tuple[int, str, dict[str, Any]]
"""The row of a flow among all flows, a table, and a row of it."""


class Streams:
    """The connections that are being read.

    servers: read only connections to these networks; None: all.
    records: what parsers made; who hands flows out takes them.
    weirds: what was given up, by reason.
    """

    def __init__(self, servers: Networks | None = None) -> None:
        self.records: list[Record] = []
        self.weirds: Counter[str] = Counter()
        self._servers = servers
        self._read: dict[int, Reading] = {}
        self._services: dict[int, str] = {}  # of connections that are read no more
        self._expected = Expectations()
        self._over = np.zeros(0, np.bool_)  # by row: this flow is read no more

    def look(self, arrays: Arrays) -> None:
        """Take in the pieces that wait, and say what more is wanted."""
        numbers, octets = arrays.numbers, arrays.octets
        missing = len(arrays.flows) - len(self._over)
        self._over = np.concatenate([self._over, np.zeros(missing, np.bool_)])
        touched: dict[int, Reading] = {}
        for whose, begin, length, when, at, other in self._of_use(arrays).tolist():
            row, side = divmod(whose, 2)
            if not self._over[row]:
                reading = touched[row] = touched.get(row) or self._reading(arrays, row)
                reading.give_up_holes(1 - side, other)
                reading.piece(side, begin, octets[at : at + length].tobytes(), when)
                if reading.is_over:
                    self._close(arrays, row)
        for row, reading in touched.items():
            if not reading.is_over:
                give_up_holes(reading, arrays.flows[row])
                self._note(arrays, row, reading)
        numbers[PIECES] = numbers[OCTETS] = numbers[ASKED] = 0

    def end(self, arrays: Arrays, rows: NDArray[np.int64]) -> list[str | None]:
        """End the flows of these rows; what was confirmed of each, with commas, None for none."""
        services: list[str | None] = []
        for row in rows.tolist():
            reading = self._read.get(row)
            if reading is not None:
                give_up_holes(reading, arrays.flows[row])
                reading.end()
                self._close(arrays, row)
            expected = self._expected.name(arrays.flows[row]) if self._expected else None
            named = [name for name in (expected, self._services.pop(row, None)) if name]
            services.append(",".join(named) or None)
        self._over[rows] = False
        return services

    def take(self) -> list[Record]:
        """Take out the rows that were made."""
        made, self.records = self.records, []
        return made

    def _of_use(self, arrays: Arrays) -> NDArray[np.int64]:
        """The pieces of flows that are read, or of which nothing speaks against it."""
        pieces = arrays.pieces[: arrays.numbers[PIECES]]
        rows, sides = np.divmod(pieces[:, WHOSE], 2)
        first = np.flatnonzero((pieces[:, BEGIN] == 0) & (pieces[:, LENGTH] >= 2))
        at = pieces[first, AT]
        begins = arrays.octets[at].astype(np.int64) * 256 + arrays.octets[at + 1]
        flags = arrays.flows[rows[first], FLAGS]
        roles = sides[first] ^ (flags & ORIGINATOR)
        may, of_orig = may_begin(begins, roles), roles == ORIG
        # Once the originator may speak a protocol, its answer is for the parser to judge.
        denied = np.where(of_orig, ~may, ~may & ~np.isin(rows[first], rows[first][may & of_orig]))
        tcp = arrays.flows[rows[first], KEY_REST] >> 33 == TCP
        unasked = self._unasked(arrays.flows, rows[first], begins)
        foreign = np.unique(rows[first][tcp & denied | unasked])
        read = np.fromiter(self._read, np.int64, len(self._read))
        foreign = foreign[~np.isin(foreign, read)]
        self._over[foreign] = True
        arrays.wishes[foreign, UNTIL : UNTIL + 2] = 0
        of_use: NDArray[np.int64] = pieces[~self._over[rows]]
        return of_use

    def _unasked(
        self, flows: NDArray[np.int64], rows: NDArray[np.int64], begins: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        """Whether no answer to a host that is asked for can be in these flows, (n,).

        A host that is asked for may also open a connection and hand out its shell in it: of what
        goes to others, that is read whose first bytes may be such a shell.
        """
        if self._servers is None:
            return np.zeros(len(rows), np.bool_)
        found = flows[rows]
        sides = (KEY_A_HIGH, KEY_A_LOW), (KEY_B_HIGH, KEY_B_LOW)
        ours = [self._servers.contains(found[:, high], found[:, low]) for high, low in sides]
        flags = found[:, FLAGS]
        responder = np.where(flags & ORIGINATOR, ours[0], ours[1])
        # Seen from the middle, the two sides may turn out to be the other way round.
        partial = (flags & PARTIAL_FLOW != 0) & (ours[0] | ours[1])
        tcp = found[:, KEY_REST] >> 33 == TCP
        shell = (ours[0] | ours[1]) & tcp & may_be_shell(begins)
        return np.asarray(~(responder | partial | shell))

    def _reading(self, arrays: Arrays, row: int) -> Reading:
        reading = self._read.get(row)
        if reading is None:
            if len(self._read) >= MOST_READ:
                oldest = next(iter(self._read))
                self.weirds[GIVEN_UP] += 1
                self._read[oldest].end()
                self._close(arrays, oldest)
            port = int(responder_port(arrays.flows, row))
            transport = int(arrays.flows[row, KEY_REST]) >> 33
            flags = int(arrays.flows[row, FLAGS])
            midstream = transport == TCP and bool(flags & PARTIAL_FLOW)
            reading = Reading(flags & ORIGINATOR, port, transport, midstream=midstream)
            self._read[row] = reading
        return reading

    def _close(self, arrays: Arrays, row: int) -> None:
        """Read this flow no more, and keep what was found."""
        reading = self._read.pop(row)
        self._note(arrays, row, reading)
        self._over[row] = True
        if reading.failed:
            self.weirds[reading.failed] += 1
        if reading.services:
            self._services[row] = ",".join(reading.services)

    def _note(self, arrays: Arrays, row: int, reading: Reading) -> None:
        """Take a connection's rows, and say what more of it is wanted."""
        self.records += [(row, *made) for made in reading.take()]
        while reading.expects:
            self._expected.add(arrays.flows[row], reading.expects.pop(0))
        for side in range(2):
            wanted = reading.wants(side)
            more = max(wanted, reading.position[side]) + FIRST_LOOK
            arrays.wishes[row, FROM + side] = wanted
            arrays.wishes[row, UNTIL + side] = more if wanted < NOTHING else 0


def give_up_holes(reading: Reading, flow: NDArray[np.int64]) -> None:
    """Let a connection read on behind what its flow does not wait for any more."""
    for side in range(2):
        reading.give_up_holes(side, int(flow[SIDES + side * SIDE + POSITION]) - 1)
