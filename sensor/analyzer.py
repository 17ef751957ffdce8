"""The contract of an analyzer: observe, add, judge (Zeek's SumStats, in columns).

An analyzer declares which rows of which tables it observes and what their key is, what it adds up
for each key and UTC day (`sensor.measures`), and how it judges one key's totals. What lies between
is declared and not programmed, so any engine does it in its own way, on any split of the data.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from difflib import get_close_matches
from typing import Any, Literal

import polars as pl

from sensor.findings import Attack, Judgement
from sensor.measures import (
    Bins,
    Count,
    Distinct,
    DistinctCount,
    Histogram,
    Max,
    Measure,
    Min,
    Rows,
    Sum,
    Values,
)
from sensor.measures.measure import roots

__all__ = [
    "CONNECTION",
    "Analyzer",
    "AnalyzerError",
    "Bins",
    "Count",
    "Distinct",
    "DistinctCount",
    "From",
    "Histogram",
    "Judge",
    "Max",
    "Measure",
    "Min",
    "Rows",
    "Stage",
    "Sum",
    "Values",
    "check",
    "columns_read",
]

Judge = Callable[[Mapping[str, Any], Mapping[str, Any]], Judgement | None]
"""Key and totals of one key and day -> a judgement, or None when there is nothing to say.

The totals hold each measure's value by its name, and `first_seen` and `last_seen`, the first and
the last `ts` (datetime, UTC) of all rows that count for the key and day.
"""

FED = ("first_seen", "last_seen", "ts", "uid")  # what a second stage is fed beside the figures
CONNECTION = ("ts", "uid", "community_id", "file", "frame", "line")
"""What names a connection in evidence: for the log, for other tools, and where it was read."""
_RESERVED = frozenset(("day", "own", *FED))
_LONGEST_REACH = timedelta(days=1)


class AnalyzerError(ValueError):
    """An analyzer cannot work as it is declared; the message names it and what to change."""


@dataclass(frozen=True, slots=True, eq=False)
class From:
    """Rows of one table to observe: those for which `where` is true, by `key` (name -> value).

    `first`, if given, is a cheap condition that most rows fail: `where` is then asked of few.
    A key value that is null is kept as null. Every table that is observed has a column `ts`.
    """

    table: str
    where: pl.Expr
    key: Mapping[str, pl.Expr]
    first: pl.Expr | None = None

    def reads(self) -> frozenset[str]:
        """Return the columns that the table must have."""
        return roots(pl.col("ts"), self.first, self.where, *self.key.values())


@dataclass(frozen=True, slots=True, eq=False)
class Stage:
    """What compares the keys of the first stage with one another.

    It is fed one row for each of their keys and days: the key's columns, the first stage's figures
    by their names (Count, Sum, Min, Max; Distinct as its count, Rows as the first of them),
    `first_seen` and `last_seen`, and so that Rows and Bins work, `ts` (which is first_seen) and
    `uid` (the key as canonical text). `key` is a part of the first stage's key. `worth` is as an
    analyzer's, over the second stage's key and figures.
    """

    key: tuple[str, ...]
    measures: tuple[Measure, ...]
    judge: Judge
    worth: pl.Expr | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Analyzer:
    """One analyzer with its settings worked in.

    `judge` may be None where only `then` speaks. `speaks` is "at close" for an analyzer that judges
    an absence: it is heard when nothing more can come. `reach` (at most a day) is how far apart
    related rows may lie: rows so shortly before midnight (UTC) also count for the day that follows.
    `reads` are the enrichment columns that the analyzer needs. `worth`, an expression over the key
    and the first stage's figures, says for which keys `judge` can say anything: it spares an engine
    the others, which may be millions, and where it is false `judge` must return None. `after` are
    tables without a row of which the analyzer has nothing to say: an engine that gets them first
    may then leave the others out.
    """

    name: str
    title: str
    observes: tuple[From, ...]
    measures: tuple[Measure, ...]
    judge: Judge | None
    attack: Attack
    then: Stage | None = None
    speaks: Literal["at once", "at close"] = "at once"
    reach: timedelta = timedelta(hours=1)
    reads: tuple[str, ...] = ()
    worth: pl.Expr | None = None
    after: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        problem = next(_problems(self), None)
        if problem is not None:
            raise AnalyzerError(f'analyzer "{self.name}": {problem}')

    @property
    def key(self) -> tuple[str, ...]:
        """Names of the key's values, in the order that the first `From` gives."""
        return tuple(self.observes[0].key)


def check(analyzer: Analyzer, columns: Mapping[str, Collection[str]]) -> None:
    """Raise AnalyzerError unless everything that the analyzer reads is a column of its table.

    `columns` are the tables that there are, each with its columns. Of a measure, and of `reads`,
    it is enough that one of the observed tables has it: the others add nothing.
    """
    for source in analyzer.observes:
        _require(analyzer, "observes table", [source.table], columns, "there is no such table")
        missing = f'table "{source.table}" has no such column'
        _require(analyzer, "reads column", source.reads(), columns[source.table], missing)
    tables = {source.table: columns[source.table] for source in analyzer.observes}
    wanted = [measure.reads for measure in analyzer.measures]
    for names in (*wanted, *(frozenset((name,)) for name in analyzer.reads)):
        if not any(names <= set(given) for given in tables.values()):
            table = max(tables, key=lambda table: len(names & set(tables[table])))
            missing = f'table "{table}" has no such column'
            _require(analyzer, "reads column", names, tables[table], missing)


def columns_read(analyzers: Iterable[Analyzer]) -> dict[str, set[str]]:
    """Return what the analyzers read of each table that one of them observes."""
    read: dict[str, set[str]] = {}
    for analyzer in analyzers:
        for source in analyzer.observes:
            read.setdefault(source.table, set()).update(
                source.reads(), analyzer.reads, *(measure.reads for measure in analyzer.measures)
            )
    return read


def _require(
    analyzer: Analyzer, does: str, names: Iterable[str], given: Collection[str], missing: str
) -> None:
    for name in sorted(set(names) - set(given)):
        hint = _closest(name, given)
        raise AnalyzerError(f'analyzer "{analyzer.name}" {does} "{name}", but {missing}{hint}')


def _closest(name: str, given: Iterable[str]) -> str:
    close = get_close_matches(name, sorted(given), cutoff=0.5)
    return f"; the closest are {', '.join(close)}" if close else ""


def _problems(analyzer: Analyzer) -> Iterator[str]:
    """What cannot work whatever the tables are, each as the end of a sentence."""
    if not analyzer.observes:
        yield "observes no table"
        return
    for source in analyzer.observes:
        if set(source.key) != set(analyzer.key):
            yield f"its keys differ: {', '.join(analyzer.key)} and {', '.join(source.key)}"
    if analyzer.judge is None and analyzer.then is None:
        yield "it has no judge"
    if not timedelta(0) <= analyzer.reach <= _LONGEST_REACH:
        yield f"its reach lies between 0 and {_LONGEST_REACH}, not {analyzer.reach}"
    yield from _name_problems(analyzer)
    yield from _worth_problems(analyzer)
    if analyzer.then is not None:
        yield from _worth_problems(analyzer.then)
        yield from _stage_problems(analyzer, analyzer.then)
        yield from _name_problems(analyzer.then)


def _worth_problems(stage: Analyzer | Stage) -> Iterator[str]:
    known = {*stage.key, *(each.name for each in stage.measures if each.figure is not None)}
    for name in sorted(roots(stage.worth) - known):
        yield f'"worth" asks for "{name}", which is neither key nor figure{_closest(name, known)}'


def _name_problems(stage: Analyzer | Stage) -> Iterator[str]:
    names = [*stage.key, *(measure.name for measure in stage.measures)]
    for name in sorted(set(names)):
        if names.count(name) > 1:
            yield f'two of its keys and measures are called "{name}"; set name='
        if name in _RESERVED:
            yield f'"{name}" is the name of a column of the engines; use another'


def _stage_problems(analyzer: Analyzer, then: Stage) -> Iterator[str]:
    # A second key of all the names would give the first stage's ids again.
    if not then.key or not set(then.key) < set(analyzer.key):
        yield f"the second stage's key is not a part of the first's: {', '.join(analyzer.key)}"
    figures = (measure.name for measure in analyzer.measures if measure.figure is not None)
    fed = {*analyzer.key, *figures, *FED}
    for measure in then.measures:
        for name in sorted(measure.reads - fed):
            yield f'the first stage gives no figure "{name}"{_closest(name, fed)}'
