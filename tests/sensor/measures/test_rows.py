from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
from hypothesis import given
from hypothesis import strategies as st
from polars import col

from sensor.measures import Rows
from sensor.totals import measured
from tests.measuring import SCHEMA, cuts, frame, of, pieces, rows, values

COLUMNS = ("n", "host", "uid", "ts", "flag")


def lowest(value: object) -> tuple[bool, object]:
    """Nulls before everything else, as in the order of the rows."""
    return (value is not None, value)


def as_dict(row) -> dict[str, object]:
    named = dict(zip(SCHEMA, row, strict=True))
    named["ts"] = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=row[1] // 1000)
    return {name: named[name] for name in COLUMNS}


@given(rows(), cuts)
def test_the_first_rows_are_kept_by_time_uid_and_what_they_hold(some, places):
    got = values(Rows(COLUMNS, keep=3), *pieces(some, places))

    for key in got:
        order = sorted(of(key, some), key=lambda row: (*row[1:3], *map(lowest, row[3:])))
        assert got[key] == [as_dict(row) for row in order[:3]]


@given(rows(), cuts)
def test_the_largest_rows_are_kept_with_nulls_last(some, places):
    got = values(Rows(COLUMNS, keep=3, largest="n"), *pieces(some, places))

    for key in got:
        order = sorted(
            of(key, some),
            key=lambda row: (row[3] is None, -(row[3] or 0), *row[1:3], *map(lowest, row[4:])),
        )
        assert got[key] == [as_dict(row) for row in order[:3]]


def test_only_the_columns_asked_for_are_shown():
    one = frame([(0, 0, "Ca", 5, "a", None)])

    assert values(Rows(("host",)), one) == {0: [{"host": "a"}]}
    assert values(Rows(("host",), largest="n"), one) == {0: [{"host": "a"}]}


def test_where_chooses_the_rows():
    two = frame([(0, 0, "Ca", 5, "a", None), (0, 0, "Cb", 5, "b", True)])

    assert values(Rows(("uid",), where=col("flag")), two) == {0: [{"uid": "Cb"}]}
    assert values(Rows(("uid",), where=col("n") > 9), two) == {0: []}


def test_lists_and_bytes_are_kept_as_they_are():
    extra = pl.DataFrame({"sizes": [[3, -4], None], "head": [b"\xff\x00", None]})
    two = frame([(0, 2, "Ca", 1, None, None), (0, 1, "Ca", 1, None, None)]).hstack(extra)

    got = values(Rows(("sizes", "head")), two[:1], two[1:])

    assert got == {0: [{"sizes": None, "head": None}, {"sizes": [3, -4], "head": b"\xff\x00"}]}


def test_rows_read_time_and_uid_too():
    assert Rows(("n",), largest="k", where=col("flag")).reads == {"ts", "uid", "n", "k", "flag"}
    assert Rows(("n",)).name == "rows"
    assert Rows(("n",)).limit == 64
    assert Rows(("n",)).value(None) == []


@given(
    rows(),
    st.sampled_from((1, 3)),
    st.sampled_from((None, "n")),
    st.sampled_from((None, col("flag"), col("n") > 2)),
)
def test_engines_order_all_groups_at_once_to_the_same_states(some, keep, largest, where):
    measure, table = Rows(COLUMNS, keep=keep, largest=largest, where=where), frame(some)

    at_once = measured(table, [col("k")], (), [measure])

    one_by_one = table.group_by("k").agg(measure.first)
    states = [dict(each.sort("k").iter_rows()) for each in (at_once, one_by_one)]
    assert {k: state or [] for k, state in states[0].items()} == states[1]
