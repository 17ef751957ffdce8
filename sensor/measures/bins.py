"""Bins: a figure for each slice of event time, for limits that slide ("six in any ten minutes").

A tumbling hour cuts a burst in two; short slices kept side by side let `judge` add any neighbours.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial

import polars as pl

from sensor.measures.figures import Count, Sum
from sensor.measures.measure import Measure, chosen, roots, unpacked

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SHORTEST = timedelta(seconds=60)
_SPAN = timedelta(days=2)  # a UTC day and the longest reach before it


class Bins(Measure):
    """`of` (Count or Sum) for each slice of event time, `every` (60 s or more) since 1970.

    The state is a List(Struct(slice Int64, figure Int64)) in the order of the slices, which are
    numbered from the epoch; the value is a list of (start of the slice, figure) in time order.
    Slices to which no row adds are left out.
    """

    def __init__(
        self,
        every: timedelta,
        of: Count | Sum | None = None,
        where: pl.Expr | None = None,
        name: str = "bins",
    ) -> None:
        if every < _SHORTEST:
            raise ValueError(f"a slice of Bins lasts {_SHORTEST} or more, not {every}")
        amount = chosen((of or Count()).amount, where).fill_null(0)
        length = every // timedelta(microseconds=1) * 1000
        number = pl.col("ts").cast(pl.Datetime("ns", "UTC")).cast(pl.Int64) // length
        slices = unpacked(name)
        super().__init__(
            name=name,
            reads=roots(number, amount),
            first=_summed(number.filter(amount != 0), amount.filter(amount != 0)).alias(name),
            merge=_summed(slices.struct.field("slice"), slices.struct.field("figure")).alias(name),
            value=partial(_by_time, every),
            limit=_SPAN // every + 2,  # a slice is cut at either end
        )


def _summed(number: pl.Expr, added: pl.Expr) -> pl.Expr:
    """Sum `added` for each equal `number`: the running sum at a number's end less the one before.

    A group inside a group has no expression of its own in Polars.
    """
    ordered = number.sort()
    ends = (ordered != ordered.shift(-1)).fill_null(value=True)
    running = added.sort_by(number).cum_sum().filter(ends)
    figure = running - running.shift(1, fill_value=0)
    return pl.struct(ordered.filter(ends).alias("slice"), figure.alias("figure"))


def _by_time(every: timedelta, state: list[dict[str, int]] | None) -> list[tuple[datetime, int]]:
    return [(_EPOCH + row["slice"] * every, row["figure"]) for row in state or ()]
