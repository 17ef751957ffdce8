from __future__ import annotations

from bisect import bisect_right

import pytest
from hypothesis import given
from polars import col

from sensor.measures import Histogram
from tests.measuring import cuts, frame, of, pieces, rows, values


@given(rows(), cuts)
def test_pieces_add_up_to_the_counts_between_the_edges(some, places):
    edges = (-2, 0, 3)

    got = values(Histogram("n", edges), *pieces(some, places))

    for key in got:
        expected = [0] * 4
        for row in of(key, some):
            if row[3] is not None:
                expected[bisect_right(edges, row[3])] += 1
        assert got[key] == expected


def test_where_chooses_the_rows():
    two = frame([(0, 0, "Ca", 1, None, True), (0, 0, "Ca", 9, None, None)])

    assert values(Histogram("n", (5,), where=col("flag")), two) == {0: [1, 0]}


def test_no_value_is_no_count():
    measure = Histogram("n", (1, 2))

    assert values(measure, frame([(0, 0, "Ca", None, None, None)])) == {0: [0, 0, 0]}
    assert measure.value(None) == [0, 0, 0]
    assert measure.limit == 3


@pytest.mark.parametrize("edges", [(), (1, 1), (2, 1)])
def test_edges_must_rise(edges):
    with pytest.raises(ValueError, match="the edges of a Histogram rise strictly"):
        Histogram("n", edges)
