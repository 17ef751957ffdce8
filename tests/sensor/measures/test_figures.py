from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from polars import col

from sensor.measures import Count, Max, Min, Sum
from tests.measuring import SCHEMA, cuts, frame, of, pieces, rows, values


@given(rows(), cuts)
def test_figures_of_pieces_are_those_of_the_whole(some, places):
    flagged = col("flag")
    parts = pieces(some, places)

    for key in {row[0] for row in some}:
        numbers = [row[3] for row in of(key, some) if row[3] is not None]
        chosen = [row[3] for row in of(key, some) if row[3] is not None and row[5]]
        assert values(Count(), *parts)[key] == len(of(key, some))
        assert values(Count(where=flagged), *parts)[key] == sum(bool(r[5]) for r in of(key, some))
        assert values(Sum("n"), *parts)[key] == sum(numbers)
        assert values(Sum("n", where=flagged), *parts)[key] == sum(chosen)
        assert values(Min("n"), *parts)[key] == min(numbers, default=None)
        assert values(Max("n", where=flagged), *parts)[key] == max(chosen, default=None)


def test_nothing_sums_to_zero_and_has_no_extremes():
    unset = frame([(0, 0, "Ca", None, None, None)])

    assert values(Sum("n"), unset) == {0: 0}
    assert values(Min("n"), unset) == {0: None}
    assert values(Max("n"), unset) == {0: None}
    assert (Sum("n").value(None), Min("n").value(None), Count().value(None)) == (0, None, 0)


@pytest.mark.parametrize(
    ("measure", "name"),
    [
        (Count(), "count"),
        (Sum("n"), "sum_n"),
        (Min("n"), "min_n"),
        (Max("n"), "max_n"),
        (Max("n", name="most"), "most"),
    ],
)
def test_a_measure_has_a_name(measure, name):
    assert measure.name == name
    assert frame([(0, 0, "Ca", 1, None, None)]).select(measure.first).columns == [name]


def test_figures_are_whole_numbers():
    one = frame([(0, 5, "Ca", 1, None, True)]).with_columns(
        share=pl.lit(2.9), took=pl.duration(seconds=2, time_unit="ns")
    )

    for measure in (Count(), Sum("flag"), Sum("n"), Min("ts"), Max("took"), Sum("share")):
        assert one.select(measure.first).dtypes == [pl.Int64]
    assert values(Min("ts"), one) == {0: 5}
    assert values(Max("took"), one) == {0: 2 * 10**9}
    assert values(Max(col("share") * 100, name="percent"), one) == {0: 290}
    assert values(Sum("share"), one) == {0: 2}


def test_a_measure_tells_what_it_reads():
    assert Count().reads == {"ts"}
    assert Count(where=col("flag")).reads == {"ts", "flag"}
    assert Sum("n", where=col("flag") & (col("k") > 1)).reads == {"n", "flag", "k"}


def test_a_literal_where_counts_each_row():
    two = frame([(0, 0, "Ca", 1, None, None), (0, 0, "Cb", 1, None, None)])

    assert values(Count(where=pl.lit(value=True)), two) == {0: 2}
    assert values(Sum("n", where=pl.lit(value=False)), two) == {0: 0}


def test_no_rows_give_no_state():
    assert pl.DataFrame(schema=SCHEMA).group_by("k").agg(Count().first, Sum("n").first).height == 0
