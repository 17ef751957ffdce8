"""The table `tunnel`: which tunnels there are, from the first connection in them to their end.

As in Zeek (base/frameworks/tunnels/main.zeek). A tunnel is discovered when a connection begins in
it or moves into it, and so are all tunnels around it. It closes with its own connection, and
expires when nothing has begun in it for an hour; those without a connection (IP in IP, GRE) only
expire, and so do proxies, which are one tunnel for all ports of a client.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from parsers.packets.fields import (
    AYIYA_KIND,
    GENEVE_KIND,
    GRE_KIND,
    GTP_KIND,
    IP_KIND,
    TEREDO_KIND,
    VXLAN_KIND,
)  # fmt: skip
from sensor.flows.begin import TUNNEL
from sensor.flows.row import (
    CARRIER,
    ENDED_AT,
    FLAGS,
    IS_CARRIER,
    KEY_REST,
    ORIGINATOR,
    SERIAL,
    SIDE,
    SIDES,
    TUNNEL_KIND,
)  # fmt: skip

Rows = NDArray[np.int64]

EXPIRATION = 3600 * 1_000_000_000  # Tunnel::expiration_interval
OPEN_AT_MOST = 32_768  # tunnels that are remembered; beyond, those least recently used are not
GIVEN_UP = "too_many_tunnels_at_once"
TYPES = {
    IP_KIND: "Tunnel::IP",
    GRE_KIND: "Tunnel::GRE",
    VXLAN_KIND: "Tunnel::VXLAN",
    GENEVE_KIND: "Tunnel::GENEVE",
    TEREDO_KIND: "Tunnel::TEREDO",
    GTP_KIND: "Tunnel::GTPv1",
    AYIYA_KIND: "Tunnel::AYIYA",
}
PORTS = (0xFFFF << 16, 0xFFFF)  # in KEY_REST, of both sides

Key = tuple[bytes, int]  # endpoints and transport, and which of them is the originator


class Use(NamedTuple):
    """A connection began in a tunnel, or (`closes`) the tunnel's own ended; in order of time."""

    when: int
    serial: int  # of the tunnel
    closes: bool
    key: Key


@dataclass(slots=True)
class Open:
    """A tunnel: its row among the flows, what it is called, and when it was last used."""

    row: Rows
    kind: str
    used: int = 0


class Tunnels:
    """Follows the tunnels of a run.

    rows: of the table so far, each with the flow that it names; who hands them out takes them.
    weirds: what was given up, by reason.
    """

    def __init__(self) -> None:
        self.rows: list[tuple[dict[str, Any], Rows]] = []
        self.weirds: Counter[str] = Counter()
        self._open: dict[Key, Open] = {}  # the least recently used first
        self._uses: list[Use] = []  # that wait to be put in order
        self._used: dict[Key, Open] = {}  # the tunnels of those
        self._now = 0

    def __bool__(self) -> bool:
        """Whether any tunnel is there that time matters to."""
        return bool(self._open or self._uses)

    def note(self, uses: Rows, ended: Rows, flows: Rows) -> None:
        """Note which tunnels were used, and which flows have ended.

        `uses`: as `Arrays.changes` has them; `ended`: rows of flows; `flows`: all rows.
        """
        for _, tunnel, place, when in uses.tolist():
            for row in around(flows, tunnel, place):
                kind = max(int(row[SIDES + TUNNEL_KIND]), int(row[SIDES + SIDE + TUNNEL_KIND]))
                self._note(row, TYPES[kind], when)
        carriers = ended[(ended[:, FLAGS] & IS_CARRIER != 0) & (ended[:, KEY_REST] >> 33 != TUNNEL)]
        for row in carriers:
            self._uses.append(Use(int(row[ENDED_AT]), int(row[SERIAL]), True, key_of(row)))

    def note_proxy(self, values: dict[str, Any], flow: Rows) -> None:
        """Note that a proxy was asked to connect, in this flow."""
        row = flow.copy()
        row[KEY_REST] &= ~PORTS[row[FLAGS] & ORIGINATOR]
        self._note(row, values["tunnel_type"], values["ts"])

    def settle(self, times: NDArray[np.int64]) -> None:
        """Make rows of what was noted, and of what has expired: packets up to now had these times.

        Zeek looks for what has expired at most every ten seconds; here it is at the next packet.
        """
        clock = np.maximum.accumulate(np.append(self._now, times))
        for use in sorted(self._uses):
            self._expire(use.when, clock)
            if not use.closes:
                self._register(use)
            elif use.key in self._open:
                self._end(use.key, "CLOSE", use.when)
        self._uses.clear()
        self._used.clear()
        self._now = int(clock[-1])
        self._expire(self._now, clock)

    def take(self) -> list[tuple[dict[str, Any], Rows]]:
        """Take out the rows that were made."""
        made, self.rows = self.rows, []
        return made

    def _note(self, row: Rows, kind: str, when: int) -> None:
        key = key_of(row)
        if key not in self._used:
            self._used[key] = Open(row.copy(), kind)
        self._uses.append(Use(when, int(row[SERIAL]), False, key))

    def _register(self, use: Use) -> None:
        tunnel = self._open.pop(use.key, None)
        if tunnel is None:
            tunnel = self._used[use.key]
            self._tell(tunnel, "DISCOVER", use.when)
        tunnel.used = use.when
        self._open[use.key] = tunnel
        if len(self._open) > OPEN_AT_MOST:
            del self._open[next(iter(self._open))]
            self.weirds[GIVEN_UP] += 1

    def _expire(self, until: int, clock: NDArray[np.int64]) -> None:
        """Expire what was last used an hour before the packets up to a time."""
        while self._open:
            key, tunnel = next(iter(self._open.items()))
            due = tunnel.used + EXPIRATION
            if due >= until:
                return
            next_packet = clock[np.searchsorted(clock, due, side="right") :][:1]
            self._end(key, "EXPIRE", int(next_packet[0]) if len(next_packet) else until)

    def _end(self, key: Key, action: str, when: int) -> None:
        self._tell(self._open.pop(key), action, when)

    def _tell(self, tunnel: Open, action: str, when: int) -> None:
        values = {"ts": when, "tunnel_type": tunnel.kind, "action": f"Tunnel::{action}"}
        self.rows.append((values, tunnel.row))


def around(flows: Rows, tunnel: int, place: int) -> Iterator[Rows]:
    """A tunnel's row and those of the tunnels around it, by its serial number and its place."""
    while tunnel and flows[place, SERIAL] == tunnel:
        row = flows[place]
        # Zeek does not count the connection that has GRE in UDP: the hosts' tunnel is another row.
        if row[KEY_REST] >> 33 == TUNNEL or GRE_KIND not in row[SIDES + TUNNEL_KIND :: SIDE]:
            yield row
        tunnel, place = int(row[SIDES + CARRIER]), int(row[SIDES + SIDE + CARRIER])


def key_of(row: Rows) -> Key:
    """What tells a tunnel from others: its endpoints in their roles."""
    return row[: KEY_REST + 1].tobytes(), int(row[FLAGS]) & ORIGINATOR
