"""What every engine does with an analyzer: rows -> totals -> findings.

Totals are a table, one row for each key and UTC day: the key's columns, `day` (Date), `own` (how
many rows lie in the day itself and not within reach before it), `first_seen` and `last_seen`
(Datetime ns UTC) and each measure's state by its name. A table of totals may stand for a part of
the rows; `merge` makes one of several, in any order, and an engine only decides when.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import polars as pl

from sensor.analyzer import Analyzer, AnalyzerError, From, Measure, Stage
from sensor.findings import Finding, Judgement, canonical, finding_id
from sensor.measures.measure import place_of

_TS = pl.col("ts").cast(pl.Datetime("ns", "UTC"))
_SEEN = (pl.col("own").sum(), pl.col("first_seen").min(), pl.col("last_seen").max())


def observe(analyzer: Analyzer, table: str, rows: pl.DataFrame) -> list[pl.DataFrame]:
    """Return partial totals of some rows of a table; none where the analyzer observes no row."""
    sources = (source for source in analyzer.observes if source.table == table)
    partials = (part for source in sources for part in _observed(analyzer, source, rows))
    return [part for part in partials if part.height]


def merge(analyzer: Analyzer, partials: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Return one table of totals from partial ones; empty, without columns, from none."""
    if not partials:
        return pl.DataFrame()
    gathered = pl.concat(partials, how="diagonal_relaxed")
    key = (*analyzer.key, "day")
    measures = [measure for measure in analyzer.measures if measure.name in gathered.columns]
    # Most keys are in one partial alone (a scan has millions), and their states are ready.
    several = gathered.select(pl.struct(*key).is_duplicated()).to_series()
    parts = gathered.filter(several)
    states = [measure.merge for measure in measures if measure.order is None]
    merged = parts.group_by(*key).agg(*_SEEN, *states)
    for measure in measures:
        if measure.order is not None:
            merged = merged.join(
                _leading(parts, key, measure), on=key, how="left", nulls_equal=True
            )
    return pl.concat((gathered.filter(~several), merged), how="diagonal_relaxed")


def _leading(parts: pl.DataFrame, key: Sequence[str], measure: Measure) -> pl.DataFrame:
    """Merge the states of an ordered measure; columns of the key, and the state.

    The same as its `merge`, but that all elements are sorted at once: within each group it would
    take ten times as long.
    """
    state = pl.col(measure.name)
    with_any = parts.select(*key, state).filter(state.list.len() > 0)
    elements = with_any.explode(measure.name).sort(measure.name)
    return elements.group_by(*key).agg(state.head(measure.limit))


def judge(analyzer: Analyzer, totals: pl.DataFrame) -> list[Finding]:
    """Return what both stages of the analyzer say of its totals, in no particular order."""
    findings = list(_judged(analyzer, analyzer, _worth(analyzer, totals)))
    if analyzer.then is not None and totals.height:
        findings += _judged(analyzer, analyzer.then, _compared(analyzer, analyzer.then, totals))
    return findings


def _observed(analyzer: Analyzer, source: From, rows: pl.DataFrame) -> Iterator[pl.DataFrame]:
    given = set(rows.columns)
    missing = sorted(source.reads() - given)
    if missing:
        raise AnalyzerError(
            f'analyzer "{analyzer.name}" reads column "{missing[0]}", '
            f'which these rows of table "{source.table}" lack'
        )
    # A measure adds nothing where a column that it reads is missing.
    measures = [measure for measure in analyzer.measures if measure.reads <= given]
    needed = source.reads().union(*(measure.reads for measure in measures))
    seen = rows.select(needed)
    if source.first is not None:
        seen = seen.filter(source.first)
    seen = seen.filter(source.where & pl.col("ts").is_not_null())
    seen = placed(seen, measures)
    key = [source.key[name].alias(name) for name in analyzer.key]
    day, next_day = _TS.dt.date(), (_TS + analyzer.reach).dt.date()
    own = pl.col("ts").len().cast(pl.Int64)
    yield _measured(seen, [*key, day.alias("day")], own, measures)
    # Rows within reach before midnight count for the next day too, but are none of its own.
    late = seen.filter(day != next_day)
    yield _measured(late, [*key, next_day.alias("day")], own * 0, measures)


def _measured(
    rows: pl.DataFrame, key: Sequence[pl.Expr], own: pl.Expr, measures: Iterable[Measure]
) -> pl.DataFrame:
    first_seen, last_seen = _TS.min().alias("first_seen"), _TS.max().alias("last_seen")
    states = (measure.first for measure in measures)
    return rows.group_by(*key).agg(own.alias("own"), first_seen, last_seen, *states)


def placed(rows: pl.DataFrame, measures: Iterable[Measure]) -> pl.DataFrame:
    """Add the rows' places in the orders that measures ask for, as columns that `first` reads."""
    return rows.with_columns(
        _places(rows, measure.order, measure.where).alias(place_of(measure.name))
        for measure in measures
        if measure.order is not None
    )


def _places(rows: pl.DataFrame, order: pl.Expr, where: pl.Expr | None) -> pl.Series:
    """Each row's place in an order; 0 for rows that are not asked for, which are mostly many."""
    if where is None:
        return rows.select(order.rank("ordinal")).to_series()
    asked = rows.select(pl.arg_where(where)).to_series()
    found = rows.filter(where).select(order.rank("ordinal")).to_series()
    return pl.Series([0], dtype=found.dtype).new_from_index(0, rows.height).scatter(asked, found)


def _compared(analyzer: Analyzer, then: Stage, totals: pl.DataFrame) -> pl.DataFrame:
    """Totals of the second stage, fed with those of the first."""
    figures = (_figure(measure, totals.columns) for measure in analyzer.measures)
    uid = [canonical(key) for key in totals.select(analyzer.key).iter_rows()]
    fed = totals.select(
        *(*analyzer.key, "day", "own", "first_seen", "last_seen"),
        *(figure for figure in figures if figure is not None),
        pl.col("first_seen").alias("ts"),
        pl.Series("uid", uid, dtype=pl.String),
    )
    states = (measure.first for measure in then.measures)
    return placed(fed, then.measures).group_by(*then.key, "day").agg(*_SEEN, *states)


def _figure(measure: Measure, columns: Iterable[str]) -> pl.Expr | None:
    """What the second stage is fed of a measure, also where no table had what it reads."""
    nothing = pl.lit(measure.nothing, dtype=pl.Int64)
    if measure.figure is None:
        return None
    if measure.name not in columns:
        return nothing.alias(measure.name)
    return measure.figure if measure.nothing is None else measure.figure.fill_null(nothing)


def _worth(analyzer: Analyzer, totals: pl.DataFrame) -> pl.DataFrame:
    """The totals of the keys that the first stage can say anything of."""
    if analyzer.worth is None or not totals.height:
        return totals
    figures = (_figure(measure, totals.columns) for measure in analyzer.measures)
    shown = totals.select(*analyzer.key, *(figure for figure in figures if figure is not None))
    return totals.filter(shown.select(analyzer.worth.fill_null(value=True)).to_series())


def _judged(analyzer: Analyzer, stage: Analyzer | Stage, totals: pl.DataFrame) -> Iterator[Finding]:
    if stage.judge is None or not totals.height:
        return
    for row in totals.filter(pl.col("own") > 0).iter_rows(named=True):
        key = {name: row[name] for name in stage.key}
        values = {measure.name: measure.value(row.get(measure.name)) for measure in stage.measures}
        seen = {name: row[name].astimezone(UTC) for name in ("first_seen", "last_seen")}
        judgement = stage.judge(key, values | seen)
        if judgement is not None:
            yield _finding(analyzer, key, row["day"], seen, judgement)


def _finding(
    analyzer: Analyzer,
    key: Mapping[str, Any],
    day: date,
    seen: Mapping[str, datetime],
    judgement: Judgement,
) -> Finding:
    sent, received = judgement.bytes_sent, judgement.bytes_received
    return Finding(
        id=finding_id(analyzer.name, day, key),
        analyzer=analyzer.name,
        title=judgement.title or analyzer.title,
        message=judgement.message,
        severity=judgement.severity,
        verdict=judgement.verdict,
        confidence=judgement.confidence,
        first_seen=seen["first_seen"],
        last_seen=seen["last_seen"],
        src_ip=key.get("source"),
        dest_ip=key.get("target"),
        dest_port=key.get("port"),
        protocol=key.get("protocol"),
        service=judgement.service or key.get("service"),
        user=judgement.user or key.get("user"),
        status=judgement.status,
        flow_count=judgement.flow_count,
        bytes_sent=sent,
        bytes_received=received,
        data_size=None if sent is None or received is None else sent + received,
        evidence=judgement.evidence,
        not_seen=judgement.not_seen,
        attack=analyzer.attack,
    )
