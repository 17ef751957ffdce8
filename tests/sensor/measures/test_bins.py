from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars import col

from sensor.measures import Bins, Count, Sum
from tests.measuring import cuts, frame, of, pieces, rows, values

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def slices(every: timedelta, moments: list[tuple[int, int]]) -> list[tuple[datetime, int]]:
    """Amounts summed in slices, from (nanoseconds, amount); amounts of 0 add no slice."""
    sums: Counter[int] = Counter()
    for nanoseconds, amount in moments:
        if amount:
            sums[nanoseconds // 1000 // (every // timedelta(microseconds=1))] += amount
    return [(EPOCH + number * every, sums[number]) for number in sorted(sums)]


@given(rows(), cuts, st.sampled_from((MINUTE, timedelta(seconds=90), timedelta(hours=1))))
def test_pieces_add_up_to_the_figures_of_each_slice(some, places, every):
    parts = pieces(some, places)
    counts = values(Bins(every), *parts)
    sums = values(Bins(every, of=Sum("n", where=col("flag"))), *parts)

    for key in counts:
        mine = of(key, some)
        assert counts[key] == slices(every, [(row[1], 1) for row in mine])
        assert sums[key] == slices(every, [(row[1], (row[3] or 0) * bool(row[5])) for row in mine])


def test_both_conditions_choose_the_rows():
    three = frame([(0, 0, "C", 1, "a", True), (0, 0, "C", 0, "b", True), (0, 0, "C", 1, "c", None)])
    measure = Bins(MINUTE, of=Count(where=col("flag")), where=col("n") > 0)

    assert values(measure, three) == {0: [(EPOCH, 1)]}


def test_a_slice_begins_at_a_multiple_of_its_length_since_1970():
    last = 7 * 60 * 10**9 - 1
    two = frame([(0, last, "Ca", 1, None, None), (0, last + 1, "Cb", 1, None, None)])

    got = values(Bins(timedelta(minutes=7)), two)

    assert got == {0: [(EPOCH, 1), (EPOCH + timedelta(minutes=7), 1)]}


def test_the_slices_of_a_day_and_the_longest_reach_are_the_limit():
    every = timedelta(hours=7)
    start = 5 * 3600 * 10**9  # not at the start of a slice
    ticks = frame([(0, start + 60 * 10**9 * minute, "C", 1, None, None) for minute in range(2880)])
    measure = Bins(every)

    assert len(ticks.group_by("k").agg(measure.first)["bins"].item()) <= measure.limit <= 8


def test_no_row_is_no_slice():
    assert Bins(MINUTE).value(None) == []
    assert Bins(MINUTE, of=Sum("n"), where=col("flag")).reads == {"ts", "n", "flag"}
    assert values(Bins(MINUTE, of=Sum("n")), frame([(0, 0, "C", None, None, None)])) == {0: []}


def test_a_slice_is_no_shorter_than_a_minute():
    with pytest.raises(ValueError, match="a slice of Bins lasts 0:01:00 or more, not 0:00:59"):
        Bins(timedelta(seconds=59))


def test_time_in_other_units_falls_into_the_same_slices():
    one = frame([(0, 61 * 10**9, "C", 1, None, None)])
    coarse = one.with_columns(col("ts").cast(pl.Datetime("ms", "UTC")))

    assert values(Bins(MINUTE), coarse) == values(Bins(MINUTE), one)
