"""Lines that tell of one logon, joined to one row.

Appliances write of a logon several times: that the server of passwords agreed, that a session
began, that an address was given to it. Lines belong together if they tell of the same user, event
and outcome, not of different addresses, within WITHIN, and each in another way: a second line of
the same kind is a second attempt. The row is of the first line, with what later ones add.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from parsers.logons.rows import Row

WITHIN = 60_000_000_000  # ns
HELD_AT_MOST = 4096

Key = tuple[str | None, str, str | None]


@dataclass(slots=True)
class _Held:
    row: Row
    kinds: set[str] = field(default_factory=set)


class Attempts:
    """Holds rows back until no more lines can belong to them."""

    def __init__(self) -> None:
        self._held: OrderedDict[Key, _Held] = OrderedDict()

    def add(self, kind: str, row: Row) -> list[Row]:
        """Take a row that a line of this kind gives; return those that are whole by now."""
        whole = self._whole(row["ts"])
        key = _key(row)
        held = self._held.get(key)
        if held and _together(held.row, row) and kind not in held.kinds:
            _complete(held.row, row)
            held.kinds.add(kind)
            return whole
        if held:
            whole.append(self._held.pop(key).row)
        self._held[key] = _Held(row, {kind})
        if len(self._held) > HELD_AT_MOST:
            whole.append(self._held.popitem(last=False)[1].row)
        return whole

    def join(self, row: Row) -> bool:
        """Add what a line says to a logon that is held, if it belongs to one; say whether."""
        held = self._held.get(_key(row))
        if held is None or not _together(held.row, row):
            return False
        _complete(held.row, row)
        return True

    def end(self) -> list[Row]:
        """Return the rows that waited."""
        rows = [held.row for held in self._held.values()]
        self._held.clear()
        return rows

    def _whole(self, now: int | None) -> list[Row]:
        """Take out the oldest that are too long ago to be joined."""
        rows: list[Row] = []
        while self._held and not _near(next(iter(self._held.values())).row["ts"], now):
            rows.append(self._held.popitem(last=False)[1].row)
        return rows


def _key(row: Row) -> Key:
    return row["user"], row["event"], row["outcome"]


def _near(one: int | None, other: int | None) -> bool:
    return one is None or other is None or abs(one - other) <= WITHIN


def _together(held: Row, row: Row) -> bool:
    apart = held["orig_h"] and row["orig_h"] and held["orig_h"] != row["orig_h"]
    return not apart and held["host"] == row["host"] and _near(held["ts"], row["ts"])


def _complete(held: Row, row: Row) -> None:
    for column, value in row.items():
        if held.get(column) is None:
            held[column] = value
