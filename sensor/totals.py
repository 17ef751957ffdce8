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
    # The states of keys that are in one partial alone are ready: a scan has millions of them.
    several = gathered.select(pl.struct(*key).is_duplicated()).to_series()
    few_alone = several.sum() > several.len() / 2
    alone, parts = gathered.clear(), gathered
    if not few_alone:
        alone, parts = gathered.filter(~several), gathered.filter(several)
    ordered = [each for each in measures if each.order is not None]
    singles = [each for each in ordered if each.limit == 1]
    merged = (
        parts.with_columns(_places(pl.col(each.name).list.first(), each.name) for each in singles)
        .group_by(*key)
        .agg(
            *_SEEN,
            *(each.merge for each in measures if each.order is None),
            *(pl.col(each.name).get(pl.col(_place(each.name)).arg_min()) for each in singles),
        )
    )
    for measure in ordered:
        if measure.limit > 1:
            with_any = parts.select(*key, measure.name).filter(pl.col(measure.name).list.len() > 0)
            merged = _with_leading(merged, with_any.explode(measure.name), measure)
    return pl.concat((alone, merged), how="diagonal_relaxed")


def measured(
    rows: pl.DataFrame, key: Sequence[pl.Expr], seen: Sequence[pl.Expr], measures: Sequence[Measure]
) -> pl.DataFrame:
    """Return the key's columns, what was `seen` of each group, and the measures' first states."""
    plain = [each.first for each in measures if each.order is None]
    ordered = [(each, each.order) for each in measures if each.order is not None]
    of_all = [(each, order) for each, order in ordered if each.where is None]
    of_some = [(each, order, each.where) for each, order in ordered if each.where is not None]
    rows = rows.with_columns(_places(order, each.name) for each, order in of_all)
    leading = (_leading(order, each).alias(each.name) for each, order in of_all)
    totals = rows.group_by(*key).agg(*seen, *plain, *leading)
    # Those that some rows are asked for, by themselves: mostly they are few.
    for each, order, where in of_some:
        elements = rows.filter(where).select(*key, order.alias(each.name))
        totals = _with_leading(totals, elements, each)
    return totals


def _with_leading(totals: pl.DataFrame, elements: pl.DataFrame, measure: Measure) -> pl.DataFrame:
    """Add the state of an ordered measure, from its elements with the key's columns before them."""
    key, element = elements.columns[:-1], pl.col(measure.name)
    ordered = elements.with_columns(_places(element, measure.name))
    leading = ordered.group_by(*key).agg(_leading(element, measure))
    return totals.join(leading, on=key, how="left", nulls_equal=True)


def _leading(elements: pl.Expr, measure: Measure) -> pl.Expr:
    """What an ordered measure keeps of a group's elements, by their places.

    It is what `first` and `merge` say, but to sort a group by what the places stand for would take
    ten times as long.
    """
    place = pl.col(_place(measure.name))
    if measure.limit == 1:
        return elements.get(place.arg_min()).implode()
    return elements.sort_by(place).head(measure.limit)


def _places(elements: pl.Expr, name: str) -> pl.Expr:
    """Each element's place in the order of all."""
    return elements.rank("ordinal").alias(_place(name))


def _place(name: str) -> str:
    return f"_place_{name}"


def judge(analyzer: Analyzer, totals: pl.DataFrame) -> list[Finding]:
    """Return what both stages of the analyzer say of its totals, in no particular order."""
    findings = list(_judged(analyzer, analyzer, _worth(analyzer, totals)))
    if analyzer.then is not None and totals.height:
        compared = _compared(analyzer, analyzer.then, totals)
        findings += _judged(analyzer, analyzer.then, _worth(analyzer.then, compared))
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
    key = [source.key[name].alias(name) for name in analyzer.key]
    day, next_day = _TS.dt.date(), (_TS + analyzer.reach).dt.date()
    own = pl.col("ts").len().cast(pl.Int64)
    if seen.is_empty():
        return
    span = (_TS.min().alias("first_seen"), _TS.max().alias("last_seen"))
    yield measured(seen, [*key, day.alias("day")], (own.alias("own"), *span), measures)
    # Rows within reach before midnight count for the next day too, but are none of its own.
    late = seen.filter(day != next_day)
    if late.height:
        yield measured(
            late, [*key, next_day.alias("day")], ((own * 0).alias("own"), *span), measures
        )


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
    key = [pl.col(name) for name in (*then.key, "day")]
    return measured(fed, key, _SEEN, then.measures)


def _figure(measure: Measure, columns: Iterable[str]) -> pl.Expr | None:
    """What the second stage is fed of a measure, also where no table had what it reads."""
    nothing = pl.lit(measure.nothing, dtype=measure.kind)
    if measure.figure is None:
        return None
    if measure.name not in columns:
        return nothing.alias(measure.name)
    return measure.figure if measure.nothing is None else measure.figure.fill_null(nothing)


def _worth(stage: Analyzer | Stage, totals: pl.DataFrame) -> pl.DataFrame:
    """The totals of the keys that the stage can say anything of."""
    if stage.worth is None or not totals.height:
        return totals
    figures = (_figure(measure, totals.columns) for measure in stage.measures)
    shown = totals.select(*stage.key, *(figure for figure in figures if figure is not None))
    return totals.filter(shown.select(stage.worth.fill_null(value=True)).to_series())


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
