"""Which tunnel did a flow come through: the uids for `tunnel_parents`.

A flow remembers its tunnel's serial number and row. While the tunnel is open its uid is read
from that row; when it ended before the flow did, it is remembered here.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sensor.flows.identity import uids
from sensor.flows.row import (
    CARRIER,
    FIRST_SEQ,
    FLAGS,
    IS_CARRIER,
    KEY_A_HIGH,
    KEY_REST,
    SERIAL,
    SIDE,
    SIDES,
    START,
    TUNNEL_NOW,
)  # fmt: skip

Rows = NDArray[np.int64]

REMEMBERED = 100_000  # tunnels that ended; beyond, the first ones are forgotten


def flow_uids(rows: Rows) -> pl.Series:
    """uid of each flow, from what does not change in its life: key, first time, first numbers."""
    key = [rows[:, word] for word in range(KEY_A_HIGH, KEY_REST + 1)]
    first = [rows[:, side + FIRST_SEQ] for side in (SIDES, SIDES + SIDE)]
    return uids([rows[:, START], *key, *first])


class Carriers:
    """The uids of tunnels, by their serial numbers, and which flows changed between them."""

    def __init__(self) -> None:
        self._ended: dict[int, str] = {}
        self._later: dict[int, list[str]] = {}

    def remember(self, rows: Rows) -> None:
        """Note the tunnels among flows that ended."""
        tunnels = rows[(rows[:, FLAGS] & IS_CARRIER) != 0]
        self._ended.update(zip(tunnels[:, SERIAL].tolist(), flow_uids(tunnels), strict=True))
        for serial in list(self._ended)[: max(0, len(self._ended) - REMEMBERED)]:
            del self._ended[serial]

    def change(self, changes: Rows, flows: Rows) -> None:
        """Note that flows came through further tunnels: rows as in memory.py; 0 is a new flow."""
        for flow, tunnel, place, _ in changes[changes[:, 0] != 0].tolist():
            name = self._name(tunnel, flows[place])
            if name is not None:
                self._later.setdefault(flow, []).append(name)

    def parents(self, rows: Rows, flows: Rows) -> pl.Series:
        """`tunnel_parents` of flows that ended: uids of their tunnels, null for none.

        `rows`: the ended flows; `flows`: all rows, among them the tunnels that are open.
        """
        serials, places = rows[:, SIDES + CARRIER], rows[:, SIDES + SIDE + CARRIER]
        distinct, first = np.unique(serials, return_index=True)
        names = {
            int(serial): self._name(int(serial), flows[places[at]])
            for serial, at in zip(distinct, first, strict=True)
            if serial
        }
        named = pl.Series(serials).replace_strict(names, default=None, return_dtype=pl.String)
        lists = pl.select(pl.when(named.is_not_null()).then(pl.concat_list(named))).to_series()
        changed = np.flatnonzero(rows[:, SIDES + SIDE + TUNNEL_NOW])
        return self._with_later(lists, changed, rows[changed, SERIAL]) if len(changed) else lists

    def _with_later(self, lists: pl.Series, changed: Rows, serials: Rows) -> pl.Series:
        """Add the further tunnels of the few flows that changed theirs, each once."""
        values = lists.to_list()
        for at, serial in zip(changed.tolist(), serials.tolist(), strict=True):
            later = self._later.pop(serial, [])
            values[at] = list(dict.fromkeys([*(values[at] or []), *later])) or None
        return pl.Series(values, dtype=pl.List(pl.String))

    def _name(self, serial: int, row: NDArray[np.int64]) -> str | None:
        if row[SERIAL] == serial:
            return str(flow_uids(row[None])[0])
        return self._ended.get(serial)
