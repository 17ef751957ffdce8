from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from io import BytesIO

import polars as pl
from polars import col
from polars.testing import assert_frame_equal

from sensor.analyzer import Analyzer, Bins, Count, Distinct, From, Histogram, Rows
from sensor.findings import Attack
from sensor.totals import judge, merge, observe

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
CONN = pl.DataFrame(
    {"ts": [NOON, NOON], "uid": ["C1", "C2"], "resp_h": ["x", "y"], "orig_bytes": [5, None]},
    schema_overrides={"ts": pl.Datetime("ns", "UTC")},
)


def toy(*measures) -> Analyzer:
    observes = (From("conn", pl.lit(value=True), {"target": col("resp_h")}),)
    return Analyzer("toy", "Toy", observes, measures, lambda key, totals: None, Attack((), (), ()))


def test_totals_have_a_row_for_each_key_and_day():
    [totals] = observe(toy(Count()), "conn", CONN[:1])

    assert totals.to_dicts() == [
        {
            "target": "x",
            "day": date(2026, 3, 1),
            "own": 1,
            "first_seen": NOON,
            "last_seen": NOON,
            "count": 1,
        }
    ]


def test_rows_within_reach_of_the_next_day_make_totals_of_their_own():
    late = CONN.with_columns(col("ts") + timedelta(hours=11, minutes=30))

    today, tomorrow = observe(toy(Count()), "conn", late)

    assert today["own"].to_list() == [1, 1]
    assert tomorrow["own"].to_list() == [0, 0]
    assert tomorrow["day"].to_list() == [date(2026, 3, 2)] * 2


def test_nothing_observed_is_nothing():
    assert observe(toy(Count()), "dns", CONN) == []
    assert observe(toy(Count()), "conn", CONN.clear()) == []
    assert merge(toy(Count()), []).is_empty()
    assert judge(toy(Count()), merge(toy(Count()), [])) == []


def test_partial_totals_survive_arrow_and_parquet():
    minute = timedelta(minutes=1)
    measures = (Count(), Distinct("uid"), Rows(("orig_bytes",), largest="orig_bytes"))
    [totals] = observe(toy(*measures, Bins(minute), Histogram("orig_bytes", (1,))), "conn", CONN)
    arrow, parquet = BytesIO(), BytesIO()

    totals.write_ipc(arrow)
    totals.write_parquet(parquet)

    assert_frame_equal(pl.read_ipc(BytesIO(arrow.getvalue())), totals)
    assert_frame_equal(pl.read_parquet(BytesIO(parquet.getvalue())), totals)
