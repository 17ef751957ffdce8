from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest
from polars import col

from sensor.analyzer import Analyzer, AnalyzerError, Count, From, Rows
from sensor.engines import batch
from sensor.engines.batch import Batch, compact
from sensor.findings import Attack, Judgement, Severity, Verdict

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def say(key, totals) -> Judgement:
    return Judgement(Severity.LOW, Verdict.USED, str(totals["rows"]), flow_count=totals["count"])


OBSERVES = (From("conn", pl.lit(value=True), {"target": col("resp_h")}),)
TOY = Analyzer("toy", "Toy", OBSERVES, (Count(), Rows(("uid",), keep=2)), say, Attack((), (), ()))


def conn(*uids: str, host: str = "x") -> pl.DataFrame:
    return pl.DataFrame({"ts": [NOON] * len(uids), "uid": uids, "resp_h": [host] * len(uids)})


@pytest.fixture
def measured(monkeypatch):
    """The numbers of rows that were measured at once."""
    heights = []

    def observe(analyzer, table, rows):
        heights.append(rows.height)
        return batch_observe(analyzer, table, rows)

    batch_observe = batch.observe
    monkeypatch.setattr(batch, "observe", observe)
    return heights


def test_many_rows_are_cut_into_batches(measured):
    running = Batch([TOY], batch_rows=4)

    running.add("conn", conn(*"abcdefghij"))
    [found] = running.findings()

    assert measured == [4, 4, 2]
    assert (found.flow_count, found.message) == (10, "[{'uid': 'a'}, {'uid': 'b'}]")


def test_few_rows_wait_until_a_batch_is_full(measured):
    running = Batch([TOY], batch_rows=4)

    for uid in "abcdef":
        running.add("conn", conn(uid))

    assert measured == [4]
    assert [found.flow_count for found in running.findings()] == [6]
    assert measured == [4, 2]


def test_rows_that_wait_are_measured_apart_where_columns_differ(measured):
    running = Batch([TOY], batch_rows=4)

    running.add("conn", conn("a"))
    running.add("conn", conn("b").with_columns(orig_bytes=5))

    assert [found.flow_count for found in running.findings()] == [2]
    assert measured == [1, 1]


@pytest.fixture
def merged(monkeypatch):
    """The heights of the partial totals that were merged at once."""
    heights = []

    def merge(analyzer, partials):
        heights.append([part.height for part in partials])
        return batch_merge(analyzer, partials)

    batch_merge = batch.merge
    monkeypatch.setattr(batch, "merge", merge)
    return heights


def test_few_keys_are_merged_once_many_partial_totals_have_gathered(merged):
    running = Batch([TOY], batch_rows=1000)

    for piece in range(200):
        running.add("conn", conn(*[f"C{piece}"] * 1000))

    assert [sum(parts) for parts in merged] == [65, 66, 66]
    assert [found.flow_count for found in running.findings()] == [200_000]


def test_many_keys_are_merged_when_as_many_have_gathered_as_are_merged(merged):
    running = Batch([TOY], batch_rows=2)

    for place in range(48):
        running.add(
            "conn", conn("a", "b").with_columns(resp_h=pl.Series([f"{place}a", f"{place}b"]))
        )

    assert [sum(parts) for parts in merged] == [4, 10, 22, 46, 94]
    assert len(running.findings()) == 96


def on(day: int, *hosts: str) -> pl.DataFrame:
    when = NOON.replace(day=day)
    return pl.concat([conn(f"C{day}", host=host) for host in hosts]).with_columns(ts=when)


def test_days_that_are_over_are_set_aside(merged):
    running = Batch([TOY], batch_rows=2)

    for day in range(1, 6):
        running.add("conn", on(day, "a", "b"))
        running.add("conn", on(day, "b", "c"))

    assert sorted(found.flow_count for found in running.findings()) == [1] * 10 + [2] * 5
    assert max(map(sum, merged)) < 8  # of 15 keys and days


def test_a_late_row_of_a_day_that_is_over_counts():
    running = Batch([TOY], batch_rows=2)

    for day in (1, 1, 2, 2, 4, 4, 2, 1, 4):
        running.add("conn", on(day, "a", "b"))

    found = running.findings()
    assert sorted((each.first_seen.day, each.flow_count) for each in found) == [
        (day, 3) for day in (1, 2, 4) for _ in "ab"
    ]
    assert len({each.id for each in found}) == 6


def test_a_row_without_a_column_that_decides_is_refused_by_name():
    running = Batch([TOY])
    running.add("conn", conn("a").drop("resp_h"))

    with pytest.raises(AnalyzerError, match='"toy" reads column "resp_h", which these rows of tab'):
        running.findings()


def test_a_compact_copy_holds_the_same() -> None:
    texts = [f"a text that is too long for a view, number {n}" for n in range(50_000)]
    whole = pl.DataFrame({"text": texts}).with_columns(
        pl.concat_list(pl.struct("text", n=pl.lit(None, pl.Int64))).alias("rows"),
        pl.lit(b"\x00\xff").alias("head"),
        pl.lit(None, pl.Duration("ns")).alias("span"),
    )
    one = whole.slice(7, 1)
    kept = compact(one)
    assert kept.equals(one)
    assert kept.schema == one.schema
    assert compact(one.clear()).schema == one.schema


WAITING = Analyzer(
    "waiting",
    "Waits",
    (*OBSERVES, From("logon", pl.lit(value=True), {"target": col("resp_h")})),
    (Count(), Rows(("uid",), keep=2)),
    say,
    Attack((), (), ()),
    after=("logon",),
)


@pytest.mark.parametrize(("conn_last", "found"), [(True, []), (False, [2])])
def test_connections_are_left_out_where_what_has_to_come_before_did_not(conn_last, found):
    running = Batch([WAITING], conn_last=conn_last)
    running.add("logon", conn().head(0))
    running.add("conn", conn("a", "b"))

    assert [finding.flow_count for finding in running.findings()] == found


def test_connections_count_behind_what_has_to_come_before():
    running = Batch([WAITING], conn_last=True)
    running.add("logon", conn("c"))
    running.add("conn", conn("a", "b"))

    assert [finding.flow_count for finding in running.findings()] == [3]
