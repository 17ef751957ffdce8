from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from polars import col

from sensor.measures import Distinct, DistinctCount
from sensor.measures.distinct import hash64
from tests.measuring import cuts, frame, of, pieces, rows, values


@given(rows(), cuts)
def test_the_count_is_exact_below_keep_and_a_lower_bound_from_there(some, places):
    got = values(Distinct("n", keep=4), *pieces(some, places))

    for key in got:
        count = len({row[3] for row in of(key, some)} - {None})
        assert got[key] == DistinctCount(min(count, 4), exact=count < 4)


def test_where_chooses_the_rows():
    three = frame([(0, 0, "Ca", 1, "a", True), (0, 0, "Ca", 1, "b", None), (0, 0, "Ca", 1, "c", 0)])

    assert values(Distinct("host", where=col("flag")), three) == {0: DistinctCount(1, exact=True)}


def test_a_count_says_whether_it_is_exact():
    assert str(DistinctCount(12, exact=True)) == "12"
    assert str(DistinctCount(1024, exact=False)) == "at least 1024"
    assert Distinct("host").value(None) == DistinctCount(0, exact=True)


# Computed apart, with hashlib alone: an engine that hashes otherwise cannot share its states.
@pytest.mark.parametrize(
    ("value", "dtype", "digest"),
    [
        ("198.51.100.7", pl.String, 8608436383545754927),
        ("", pl.String, -1970711489451281740),
        ("a|b", pl.String, -1600349389198650844),
        (22, pl.Int32, 6125574002232610732),
        (22, pl.Int64, 6125574002232610732),
        (True, pl.Boolean, 6782255648145153959),
    ],
)
def test_the_hash_never_changes(value, dtype, digest):
    assert hash64(pl.Series([value], dtype=dtype)).to_list() == [digest]


def test_each_row_has_the_hash_of_its_value():
    one, other = (hash64(pl.Series([text])).item() for text in ("a", "b"))

    assert hash64(pl.Series(["b", None, "a", "b"])).to_list() == [other, None, one, other]
    assert hash64(pl.Series([None], dtype=pl.String)).to_list() == [None]
    assert hash64(pl.Series([], dtype=pl.String)).dtype == pl.Int64


def test_the_state_is_sorted_and_bounded():
    many = frame([(0, 0, "Ca", number, None, None) for number in range(5000)])

    state = many.select(Distinct("n", keep=100).first).to_series()

    assert state.to_list() == hash64(many["n"]).sort().head(100).to_list()
