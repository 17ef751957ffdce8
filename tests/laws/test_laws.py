"""Laws that hold for every analyzer. One that is new is found and tested unasked.

The toys use every measure and both stages, so that the laws are not only as strict as the
analyzers happen to need.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from polars import col

from parsers.schema import SPOKEN_TABLES
from sensor import analyzers
from sensor.analyzer import (
    Analyzer,
    AnalyzerError,
    Bins,
    Count,
    Distinct,
    From,
    Histogram,
    Max,
    Min,
    Rows,
    Stage,
    Sum,
    check,
)
from sensor.engines.batch import Batch
from sensor.findings import Attack, Finding, Judgement, Severity, Verdict, finding_id
from sensor.totals import judge, merge, observe
from tests.strategies import (
    SCHEMAS,
    TABLES,
    command_row,
    conn_frame,
    conn_row,
    container_row,
    logon_row,
    spoken_frame,
    spoken_row,
)

ATTACK = Attack(("T1133",), ("TA0001",), ("M1035",))
HEADINGS = ("What it finds", "How it decides", "What it cannot see", "False alarms")
NUMBERS = ("flow_count", "bytes_sent", "bytes_received", "data_size")
few = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def judge_everything(key: Mapping[str, Any], totals: Mapping[str, Any]) -> Judgement | None:
    names = [row["orig_h"] for row in totals["rows"]]
    return Judgement(
        severity=Severity.MEDIUM if totals["sum_orig_bytes"] > 1_000_000 else Severity.LOW,
        verdict=Verdict.USED if totals["max_resp_bytes"] else Verdict.PROBED,
        message=f"{totals['distinct_orig_h']} hosts, {totals['histogram_orig_pkts']}",
        evidence=({"first": names, "largest": totals["large"]}, {"slices": totals["bins"]}),
        flow_count=totals["count"],
        bytes_sent=totals["sum_orig_bytes"],
        bytes_received=totals["answered"],
    )


EVERYTHING = Analyzer(
    name="toy-everything",
    title="Every measure",
    observes=(
        From("conn", col("orig_pkts") > 0, {"target": col("resp_h"), "service": col("service")}),
        From("conn", col("resp_inside"), {"service": pl.lit("any"), "target": col("orig_h")}),
    ),
    measures=(
        Count(),
        Count(where=col("conn_state") == "SF", name="answered"),
        Sum("orig_bytes"),
        Min("orig_bytes", where=col("proto") == "tcp"),
        Max("resp_bytes"),
        Distinct("orig_h", keep=3),
        Distinct("uid", keep=4, where=col("orig_inside")),
        Rows(("orig_h", "payload_sizes", "orig_head", "tunnel_parents"), keep=3),
        Rows(("ts", "uid"), keep=2, largest="orig_bytes", where=~col("resp_inside"), name="large"),
        Bins(timedelta(minutes=7), of=Sum("orig_bytes", where=col("resp_pkts") > 0)),
        Bins(timedelta(minutes=1), where=col("orig_allowed"), name="allowed"),
        Histogram("orig_pkts", (1, 4, 50), where=col("service").is_not_null()),
    ),
    judge=judge_everything,
    attack=ATTACK,
    reach=timedelta(minutes=90),
)


def judge_pair(key: Mapping[str, Any], totals: Mapping[str, Any]) -> Judgement | None:
    if totals["sum_orig_bytes"] < 25_000:
        return None
    count = totals["count"]
    return Judgement(Severity.LOW, Verdict.USED, f"{count} used it", flow_count=count)


def judge_target(key: Mapping[str, Any], totals: Mapping[str, Any]) -> Judgement | None:
    if not totals["answering"]:
        return None
    return Judgement(
        Severity.HIGH if totals["distinct_source"].count > 2 else Severity.MEDIUM,
        Verdict.EXPOSED,
        f"{totals['distinct_source']} sources",
        evidence=tuple(totals["rows"]),
        flow_count=totals["sum_count"],
    )


TWO_STAGES = Analyzer(
    name="toy-two-stages",
    title="Two stages",
    observes=(
        From(
            "conn",
            col("resp_inside") & ~col("orig_inside"),
            {"source": col("orig_h"), "target": col("resp_h"), "port": col("resp_p")},
        ),
    ),
    measures=(Count(), Sum("orig_bytes"), Sum("resp_pkts"), Distinct("uid", keep=2)),
    judge=judge_pair,
    then=Stage(
        ("target", "port"),
        (
            Sum("count"),
            Count(where=col("sum_resp_pkts") > 0, name="answering"),
            Distinct("source", keep=2),
            Max("distinct_uid"),
            Rows(("source", "count", "first_seen"), keep=2, largest="count"),
        ),
        judge_target,
        worth=col("answering") > 0,
    ),
    attack=ATTACK,
)

ONLY_THEN = Analyzer(
    name="toy-only-then",
    title="Only the second stage speaks",
    observes=TWO_STAGES.observes,
    measures=TWO_STAGES.measures,
    judge=None,
    then=TWO_STAGES.then,
    attack=ATTACK,
    reach=timedelta(0),
)

SHIPPED = analyzers.load({})
ALL = [EVERYTHING, TWO_STAGES, ONLY_THEN, *SHIPPED]
every_analyzer = pytest.mark.parametrize("analyzer", ALL, ids=lambda analyzer: analyzer.name)
heard_at_once = pytest.mark.parametrize(
    "analyzer",
    [analyzer for analyzer in ALL if analyzer.speaks == "at once"],
    ids=lambda analyzer: analyzer.name,
)

Tables = Mapping[str, pl.DataFrame]


def tables_of(analyzer: Analyzer) -> st.SearchStrategy[Tables]:
    """Rows of each table that the analyzer observes."""
    names = sorted({source.table for source in analyzer.observes})
    return st.fixed_dictionaries({name: TABLES[name]() for name in names})


def partials(analyzer: Analyzer, tables: Tables) -> list[pl.DataFrame]:
    return [part for name, rows in tables.items() for part in observe(analyzer, name, rows)]


def found(analyzer: Analyzer, *pieces: Tables, batch_rows: int = 65_536) -> list[Finding]:
    engine = Batch([analyzer], batch_rows=batch_rows)
    for piece in pieces:
        for name, rows in piece.items():
            engine.add(name, rows)
    return engine.findings()


def shuffled(data: st.DataObject, rows: pl.DataFrame) -> list[pl.DataFrame]:
    """The rows in a drawn order, in two pieces or more where there are two rows or more."""
    order = data.draw(st.permutations(range(rows.height)))
    places = st.sets(st.integers(1, max(rows.height - 1, 1)), min_size=1, max_size=4)
    cuts = [0, *sorted(data.draw(places)), rows.height]
    mixed = rows[order]
    return [mixed[start:stop] for start, stop in pairwise(cuts)]


@every_analyzer
@given(data=st.data())
@few
def test_any_split_and_order_of_rows_gives_the_same_totals(analyzer, data):
    tables = data.draw(tables_of(analyzer))
    pieces = [(name, piece) for name, rows in tables.items() for piece in shuffled(data, rows)]
    split = [part for name, piece in pieces for part in observe(analyzer, name, piece)]
    split = data.draw(st.permutations(split))

    one_by_one = merge(analyzer, split[:1])
    for part in split[1:]:
        one_by_one = merge(analyzer, [part, one_by_one])

    whole = seen(analyzer, merge(analyzer, partials(analyzer, tables)))
    assert seen(analyzer, one_by_one) == whole
    assert seen(analyzer, merge(analyzer, split)) == whole


def seen(analyzer: Analyzer, totals: pl.DataFrame) -> dict[tuple[Any, ...], list[Any]]:
    """What judge sees, by key and day."""
    engines = ("own", "first_seen", "last_seen")
    return {
        tuple(row[name] for name in (*analyzer.key, "day")): [
            *(measure.value(row.get(measure.name)) for measure in analyzer.measures),
            *(row[name] for name in engines),
        ]
        for row in totals.iter_rows(named=True)
    }


@every_analyzer
@given(data=st.data())
@few
def test_any_split_and_order_of_rows_gives_the_same_findings(analyzer, data):
    tables = data.draw(tables_of(analyzer))
    pieces = [{name: piece} for name, rows in tables.items() for piece in shuffled(data, rows)]

    split = found(analyzer, *data.draw(st.permutations(pieces)), batch_rows=3)

    assert split == found(analyzer, tables)


@every_analyzer
@given(data=st.data())
@few
def test_keys_that_are_not_worth_judging_have_no_findings(analyzer, data):
    tables = data.draw(tables_of(analyzer))

    then = replace(analyzer.then, worth=None) if analyzer.then else None

    assert found(analyzer, tables) == found(replace(analyzer, worth=None, then=then), tables)


@heard_at_once
@given(data=st.data())
@few
def test_more_rows_keep_every_finding_and_never_lower_it(analyzer, data):
    tables = data.draw(tables_of(analyzer))
    some = {name: rows[: data.draw(st.integers(0, rows.height))] for name, rows in tables.items()}

    after = {finding.id: finding for finding in found(analyzer, tables)}

    for before in found(analyzer, some):
        later = after[before.id]
        assert later.severity >= before.severity
        assert later.verdict >= before.verdict
        assert later.first_seen <= before.first_seen
        assert later.last_seen >= before.last_seen
        for name in NUMBERS:
            assert (getattr(later, name) or 0) >= (getattr(before, name) or 0), name


@every_analyzer
@given(data=st.data())
@few
def test_a_part_of_the_keys_gives_the_findings_of_that_part(analyzer, data):
    totals = merge(analyzer, partials(analyzer, data.draw(tables_of(analyzer))))
    assume(totals.height)
    stages = [analyzer] + ([analyzer.then] if analyzer.then else [])
    groups = totals.select(*stages[-1].key, "day").unique(maintain_order=True)
    chosen = groups.filter(pl.Series(data.draw(lists_of_truth(groups.height))))

    part = totals.join(chosen, on=chosen.columns, how="semi", nulls_equal=True)

    ids = {
        finding_id(analyzer.name, row["day"], {name: row[name] for name in stage.key})
        for stage in stages
        for row in part.iter_rows(named=True)
    }
    expected = [finding for finding in judge(analyzer, totals) if finding.id in ids]
    by_id = {finding.id: finding for finding in judge(analyzer, part)}
    assert by_id == {finding.id: finding for finding in expected}


def lists_of_truth(length: int) -> st.SearchStrategy[list[bool]]:
    return st.lists(st.booleans(), min_size=length, max_size=length)


@every_analyzer
def test_state_is_bounded_whatever_the_number_of_rows(analyzer):
    totals = merge(
        analyzer,
        partials(analyzer, {source.table: MANY[source.table] for source in analyzer.observes}),
    )

    assert totals.height
    for measure in analyzer.measures:
        if isinstance(totals.schema[measure.name], pl.List):
            assert (totals[measure.name].list.len().max() or 0) <= measure.limit


def many_conversations(table: str) -> pl.DataFrame:
    """20,000 rows of a protocol's log, each with other words, for the same host."""
    rows = 20_000
    place = pl.int_range(rows, dtype=pl.Int64)
    one = spoken_frame(table, logon_row() if table == "logon" else spoken_row())
    said = pl.format("version {}", place)
    tiled = pl.concat([one] * rows, rechunk=True)
    tiled = tiled.with_columns(uid="C" + place.cast(pl.String), says=said, offers=said)
    if table != "logon":
        return tiled
    outcome = pl.when(place % 2 == 0).then(pl.lit("failed")).otherwise(pl.lit("success"))
    return tiled.with_columns(outcome.alias("outcome"), user=said)


def many_requests() -> pl.DataFrame:
    """20,000 requests of one host to one API, each with words of its own."""
    rows = 20_000
    place = pl.int_range(rows, dtype=pl.Int64)
    one = spoken_frame("container_api", container_row(risks=["privileged"], mounts=["/:/host"]))
    said = pl.format("version {}", place)
    tiled = pl.concat([one] * rows, rechunk=True)
    return tiled.with_columns(uid="C" + place.cast(pl.String), command=said, user_agent=said)


def many_within_tls() -> pl.DataFrame:
    """20,000 connections to a Kubernetes API server within TLS, each of which was handed data."""
    row = {name: spoken_row()[name] for name in ("ts", "orig_h", "resp_h", "orig_inside")}
    row |= {"resp_inside": True, "orig_allowed": False, "resp_p": 6443, "service": "kubernetes"}
    row |= {
        "client_certificate": "not asked",
        "answers": 1,
        "data": 1,
        "data_bytes": 9,
        "exec": True,
    }
    tiled = pl.concat([spoken_frame("container_tls", row)] * 20_000, rechunk=True)
    return tiled.with_columns(uid="C" + pl.int_range(len(tiled)).cast(pl.String))


def many_connections() -> pl.DataFrame:
    """200,000 connections from 2,000 hosts to one service of each kind, all day long."""
    kinds = [
        conn_row(resp_p=port, remote_service=name, remote_service_by=by, resp_head=head)
        for port, name, by, head in MANY_KINDS
    ]
    rows = 200_000
    place = pl.int_range(rows, dtype=pl.Int64)
    tiled = pl.concat([conn_frame(*kinds)] * (rows // len(kinds)), rechunk=True)
    return tiled.with_columns(
        uid="C" + place.cast(pl.String),
        ts=col("ts").dt.truncate("1d") + pl.duration(milliseconds=place * 400),
        orig_h=pl.format("198.51.{}.{}", place // 5 % 8, place // 40 % 250),
        orig_bytes=place,
    )


MANY_KINDS = (
    (22, "ssh", "port", b"SSH-2.0-x\r\n"),
    (22, "ssh", "content", b"SSH-2.0-x\r\n"),
    (2375, "docker", "content", b"HTTP/1.1 200 OK\r\nApi-Version: 1.44\r\n\r\n"),
    (10250, "kubelet", "port", None),
    (443, None, None, None),
)


def many_rows(table: str, row: dict[str, Any]) -> pl.DataFrame:
    """20,000 rows like this one, each with another command."""
    place = pl.int_range(20_000, dtype=pl.Int64)
    tiled = pl.concat([spoken_frame(table, row)] * 20_000, rechunk=True)
    return tiled.with_columns(
        uid="C" + place.cast(pl.String), command=pl.format("curl 192.0.2.1/{}", place)
    )


MANY = {
    "conn": many_connections(),
    "container_api": many_requests(),
    "container_tls": many_within_tls(),
    "command": many_rows("command", command_row(tells=["download"])),
} | {table: many_conversations(table) for table in SPOKEN_TABLES}


@every_analyzer
def test_no_rows_give_no_findings(analyzer):
    empty = {
        source.table: pl.DataFrame(schema=SCHEMAS[source.table]) for source in analyzer.observes
    }

    assert found(analyzer) == []
    assert found(analyzer, empty) == []


@every_analyzer
def test_all_columns_that_are_read_are_of_the_schema(analyzer):
    check(analyzer, SCHEMAS)


@every_analyzer
def test_an_unknown_column_is_refused_by_name(analyzer):
    read = {name for source in analyzer.observes for name in source.reads()}
    for name in sorted(read.union(*(measure.reads for measure in analyzer.measures))):
        others = {table: set(schema) - {name} for table, schema in SCHEMAS.items()}
        with pytest.raises(AnalyzerError, match=rf'"{analyzer.name}" reads column "{name}"'):
            check(analyzer, others)


@every_analyzer
@given(data=st.data())
@few
def test_a_finding_is_text_and_json(analyzer, data):
    for finding in found(analyzer, data.draw(tables_of(analyzer))):
        shown = finding.to_dict()
        assert json.loads(json.dumps(shown, allow_nan=False)) == shown
        for name in ("id", "analyzer", "title", "message", "severity", "verdict"):
            assert isinstance(shown[name], str)
            assert shown[name]
        assert all(isinstance(text, str) for text in finding.not_seen)
        assert finding.analyzer == analyzer.name


@pytest.mark.parametrize("name", analyzers.names())
def test_an_analyzer_is_its_own_manual_page(name):
    page = (analyzers.module(name).__doc__ or "").splitlines()

    assert [heading for heading in HEADINGS if heading not in page] == []


def test_names_of_analyzers_are_those_of_their_files():
    assert tuple(sorted(analyzer.name for analyzer in SHIPPED)) == tuple(sorted(analyzers.names()))
