from __future__ import annotations

import polars as pl
from hypothesis import given
from polars import col

from sensor.measures import Values
from tests.measuring import cuts, frame, of, pieces, rows, values


@given(rows(), cuts)
def test_the_first_of_the_different_texts_are_kept_on_any_split(some, places):
    got = values(Values("host", keep=2), *pieces(some, places))

    for key in got:
        assert got[key] == sorted({row[4] for row in of(key, some)} - {None})[:2]


def test_where_chooses_the_rows():
    two = frame([(0, 0, "Ca", 1, "a", True), (0, 0, "Ca", 1, "b", None)])

    assert values(Values("host", where=col("flag")), two) == {0: ["a"]}


def test_a_second_stage_reads_the_lists_of_the_first():
    lists = pl.DataFrame({"k": [0, 0, 0], "texts": [["b", "a"], None, ["a", "c"]]})

    assert values(Values("texts", lists=True), lists) == {0: ["a", "b", "c"]}


def test_of_lists_those_are_read_that_are_asked_for():
    lists = pl.DataFrame({"k": [0, 0], "texts": [["b", "a"], ["c"]], "n": [1, 2]})

    assert values(Values("texts", where=pl.col("n") == 1, lists=True), lists) == {0: ["a", "b"]}


def test_no_row_gives_no_text():
    assert Values("host").value(None) == []
