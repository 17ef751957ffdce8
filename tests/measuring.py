"""Measures on their own: rows with a group `k`, in pieces, as the engines treat them."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import polars as pl
from hypothesis import strategies as st

from sensor.measures import Measure

SCHEMA = {
    "k": pl.Int64,
    "ts": pl.Datetime("ns", "UTC"),
    "uid": pl.String,
    "n": pl.Int64,
    "host": pl.String,
    "flag": pl.Boolean,
}
Row = tuple[int, int, str, int | None, str | None, bool | None]


def values(measure: Measure, *pieces: pl.DataFrame) -> dict[int, Any]:
    """What `judge` would see for each group when the pieces are measured one by one."""
    states = [piece.group_by("k").agg(measure.first) for piece in pieces]
    merged = pl.concat(states).group_by("k").agg(measure.merge)
    return {k: measure.value(state) for k, state in merged.iter_rows()}


def frame(rows: list[Row]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def of(key: int, rows: list[Row]) -> list[Row]:
    return [row for row in rows if row[0] == key]


def rows(most: int = 20) -> st.SearchStrategy[list[Row]]:
    """Rows of two groups, with ties in time and uid, and nulls."""
    row = st.tuples(
        st.integers(0, 1),
        st.integers(-3, 3).map(lambda minutes: minutes * 60 * 10**9 + 7),
        st.sampled_from(("Ca", "Cb", "Cc")),
        st.none() | st.integers(-5, 5),
        st.none() | st.sampled_from(("a", "b", "c", "")),
        st.none() | st.booleans(),
    )
    return st.lists(row, min_size=1, max_size=most)


def pieces(rows: list[Row], cuts: list[int]) -> list[pl.DataFrame]:
    """The rows cut at the given places (modulo their number)."""
    places = [0, *sorted({cut % (len(rows) + 1) for cut in cuts}), len(rows)]
    return [frame(rows[at:to]) for at, to in pairwise(places)]


cuts = st.lists(st.integers(0, 100), max_size=4)
