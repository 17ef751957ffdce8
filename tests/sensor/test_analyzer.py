from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import polars as pl
import pytest
from polars import col

from sensor.analyzer import (
    Analyzer,
    AnalyzerError,
    Bins,
    Count,
    Distinct,
    From,
    Rows,
    Stage,
    Sum,
    check,
)
from sensor.findings import Attack

KEY = {"source": col("orig_h"), "target": col("resp_h")}
COLUMNS = {
    "conn": ("ts", "uid", "orig_h", "resp_h", "resp_p", "orig_bytes", "resp_bytes", "orig_pkts"),
    "http": ("ts", "uid", "orig_h", "resp_h", "method"),
}


def analyzer(**changes) -> Analyzer:
    fields = {
        "name": "toy",
        "title": "Toy",
        "observes": (From("conn", col("resp_p") == 22, KEY),),
        "measures": (Count(), Sum("orig_bytes")),
        "judge": lambda key, totals: None,
        "attack": Attack((), (), ()),
    }
    return Analyzer(**(fields | changes))


def stage(*measures, key=("target",)) -> Stage:
    return Stage(key, measures, lambda key, totals: None)


def test_an_analyzer_whose_columns_exist_is_accepted():
    check(analyzer(reads=("resp_p",)), COLUMNS)
    check(analyzer(then=stage(Sum("count"), Distinct("source"), Rows(("first_seen",)))), COLUMNS)


def test_the_key_is_in_the_order_of_the_first_table():
    turned = {"target": col("resp_h"), "source": col("orig_h")}
    both = (From("conn", col("resp_p") == 22, KEY), From("http", col("method") == "GET", turned))

    assert analyzer(observes=both).key == ("source", "target")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"observes": (From("con", col("resp_p") == 22, KEY),)},
            'analyzer "toy" observes table "con", but there is no such table; the closest are conn',
        ),
        (
            {"observes": (From("conn", col("resp_port") == 22, KEY),)},
            (
                'analyzer "toy" reads column "resp_port", but table "conn" has no such column; the '
                "closest are resp_p, resp_pkts"
            ),
        ),
        (
            {"observes": (From("conn", col("resp_p") == 22, {"user": col("nobody")}),)},
            'analyzer "toy" reads column "nobody", but table "conn" has no such column',
        ),
        (
            {"measures": (Sum("orig_byts"),)},
            (
                'analyzer "toy" reads column "orig_byts", but table "conn" has no such column; '
                "the closest are orig_bytes"
            ),
        ),
        (
            {"measures": (Count(where=col("methud") == "GET"),)},
            'analyzer "toy" reads column "methud", but table "conn" has no such column',
        ),
        (
            {"reads": ("orig_inside",)},
            'analyzer "toy" reads column "orig_inside", but table "conn" has no such column',
        ),
    ],
)
def test_an_unknown_name_is_refused_with_the_closest_ones(changes, message):
    known = {**COLUMNS, "conn": [*COLUMNS["conn"], "resp_pkts"]}

    with pytest.raises(AnalyzerError) as refused:
        check(analyzer(**changes), known)

    assert str(refused.value).startswith(message)


def test_a_measure_may_be_of_one_of_the_tables():
    both = (From("conn", col("resp_p") == 22, KEY), From("http", col("method") == "GET", KEY))

    check(analyzer(observes=both, measures=(Sum("orig_bytes"), Distinct("method"))), COLUMNS)
    with pytest.raises(AnalyzerError, match='"method", but table "conn" has no such column'):
        check(analyzer(observes=both, measures=(Sum("orig_bytes", col("method") == "x"),)), COLUMNS)


def test_a_table_without_time_cannot_be_observed():
    with pytest.raises(AnalyzerError, match='reads column "ts"'):
        check(analyzer(), {"conn": [name for name in COLUMNS["conn"] if name != "ts"]})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"observes": ()}, "observes no table"),
        (
            {"observes": (From("a", col("x"), KEY), From("b", col("x"), {"source": col("x")}))},
            "its keys differ: source, target and source",
        ),
        ({"judge": None}, "it has no judge"),
        ({"reach": timedelta(hours=25)}, "its reach lies between 0 and 1 day, 0:00:00, not"),
        ({"reach": timedelta(seconds=-1)}, "its reach lies between"),
        (
            {"measures": (Count(), Count(where=col("orig_bytes") > 0))},
            'two of its keys and measures are called "count"; set name=',
        ),
        ({"measures": (Count(name="source"),)}, 'two of its keys and measures are called "source"'),
        ({"measures": (Count(name="day"),)}, '"day" is the name of a column of the engines'),
        ({"then": stage(Count(), key=("port",))}, "the second stage's key is not a part of the"),
        (
            {"then": stage(Count(), key=("source", "target"))},
            "the second stage's key is not a part",
        ),
        ({"then": stage(Count(), key=())}, "the second stage's key is not a part of the first's"),
        (
            {"then": stage(Sum("sum_orig_byts"))},
            'the first stage gives no figure "sum_orig_byts"; the closest are sum_orig_bytes',
        ),
        ({"worth": pl.col("cont") > 0}, '"worth" asks for "cont", which is neither key nor figure'),
        (
            {"then": replace(stage(Count()), worth=pl.col("cont") > 0)},
            '"worth" asks for "cont", which is neither key nor figure',
        ),
        ({"then": stage(Count(), Count())}, 'two of its keys and measures are called "count"'),
        (
            {"measures": (Bins(timedelta(hours=1)),), "then": stage(Rows(("bins",)))},
            'the first stage gives no figure "bins"',
        ),
    ],
)
def test_what_cannot_work_is_refused_by_name(changes, message):
    with pytest.raises(AnalyzerError) as refused:
        analyzer(**changes)

    assert str(refused.value).startswith(f'analyzer "toy": {message}')


def test_judge_may_be_left_to_the_second_stage():
    assert analyzer(judge=None, then=stage(Count())).judge is None
