"""The batch engine: everything that there is, in batches that fit the cache, then one judgement.

Rows wait until a batch is full, each batch is measured on its own, and partial totals are merged
when as many have gathered as are merged already: the cost then grows with the rows, and neither
with the number of pieces that they come in nor with rows times keys. Memory grows with the keys.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Sequence
from datetime import date

import polars as pl

from sensor.analyzer import Analyzer
from sensor.findings import Finding
from sensor.totals import judge, merge, observe

BATCH_ROWS = 262_144  # a batch costs some milliseconds beside its rows
_FEW_PARTIALS = 64


class Batch:
    """Runs analyzers over tables; the rows of a table come in pieces of any size.

    conn_last: whether all rows of other tables come before those of `conn`.
    """

    def __init__(
        self,
        analyzers: Sequence[Analyzer],
        *,
        batch_rows: int = BATCH_ROWS,
        conn_last: bool = False,
    ) -> None:
        self._conn_last = conn_last
        self._seen: set[str] = set()
        self._batch_rows = batch_rows
        self._running = [(analyzer, _Totals(analyzer, batch_rows)) for analyzer in analyzers]
        self._waiting: dict[str, list[pl.DataFrame]] = {}
        self._gathered: Counter[str] = Counter()  # rows that wait, by table

    def add(self, table: str, rows: pl.DataFrame) -> None:
        """Take in rows of a table, already enriched; raises AnalyzerError where a column lacks."""
        if rows.height:
            self._seen.add(table)
        waiting = self._waiting.setdefault(table, [])
        full = self._gathered[table] + rows.height > self._batch_rows
        if full or (waiting and waiting[0].schema != rows.schema):
            self._measure(table)
        waiting.append(rows)
        self._gathered[table] += rows.height
        if self._gathered[table] >= self._batch_rows:
            self._measure(table)

    def findings(self) -> list[Finding]:
        """Return the findings so far: most severe first, then by first_seen and id."""
        for table in self._waiting:
            self._measure(table)
        found = [
            finding
            for analyzer, totals in self._running
            for finding in judge(analyzer, totals.merged())
        ]
        return sorted(found, key=lambda each: (-each.severity, each.first_seen, each.id))

    def _measure(self, table: str) -> None:
        waiting = self._waiting[table]
        if not waiting:
            return
        for batch in pl.concat(waiting, rechunk=True).iter_slices(self._batch_rows):
            for analyzer, totals in self._running:
                if not self._is_idle(analyzer, table):
                    totals.add(observe(analyzer, table, batch))
        waiting.clear()
        self._gathered[table] = 0

    def _is_idle(self, analyzer: Analyzer, table: str) -> bool:
        """Whether an analyzer will have nothing to say of `conn`: what it needs is not there."""
        waits = self._conn_last and table == "conn" and analyzer.after
        return bool(waits) and self._seen.isdisjoint(analyzer.after)


class _Totals:
    """Partial totals of one analyzer, merged now and then.

    Input is mostly in order of time: totals of days that are over are set aside, and merged again
    only if a row of theirs turns up late.
    """

    def __init__(self, analyzer: Analyzer, few_rows: int) -> None:
        self._analyzer = analyzer
        self._few_rows = few_rows
        self._over: list[pl.DataFrame] = []
        self._last_over = date.min
        self._merged = pl.DataFrame()
        self._partials: list[pl.DataFrame] = []
        self._pending = 0

    def add(self, partials: Sequence[pl.DataFrame]) -> None:
        self._partials += map(compact, partials)
        self._pending += sum(partial.height for partial in partials)
        enough = max(self._few_rows, self._merged.height)
        if len(self._partials) > _FEW_PARTIALS or self._pending > enough:
            self._merge()

    def merged(self) -> pl.DataFrame:
        """Return the totals of all rows so far."""
        self._merge()
        return pl.concat([*self._over, self._merged], how="diagonal_relaxed")

    def _merge(self) -> None:
        if not self._partials:
            return
        days = pl.concat([partial["day"] for partial in self._partials])
        first: date = days.min()  # type: ignore[assignment]
        before = [self._merged] if self._merged.height else []
        if first <= self._last_over:
            before, self._over, self._last_over = [*before, *self._over], [], date.min
        totals = merge(self._analyzer, [*before, *self._partials])
        self._partials, self._pending = [], 0
        over = totals["day"] < first
        if over.any():
            self._over.append(totals.filter(over))
            self._last_over = max(self._last_over, self._over[-1]["day"].max())  # type: ignore[type-var,assignment]
            totals = totals.filter(~over)
        self._merged = totals


def compact(rows: pl.DataFrame) -> pl.DataFrame:
    """Return a copy whose texts are its own.

    Polars' texts are views into the buffers of the frames that they come from: one piece of
    evidence would keep all the texts of its batch in memory.
    """
    copy = io.BytesIO()
    rows.write_ipc(copy, compat_level=pl.CompatLevel.oldest())
    copy.seek(0)
    return pl.read_ipc(copy)
