"""Histogram: how many values of a column lie between given edges."""

from __future__ import annotations

from itertools import pairwise

import polars as pl

from sensor.measures.measure import Measure, chosen, roots


class Histogram(Measure):
    """Counts below the first edge, from each edge to below the next, and from the last edge on.

    `edges` rise strictly; the state and the value are a list of len(edges) + 1 counts (Int64).
    """

    def __init__(
        self,
        column: str,
        edges: tuple[int | float, ...],
        where: pl.Expr | None = None,
        name: str = "",
    ) -> None:
        if not edges or any(low >= high for low, high in pairwise(edges)):
            raise ValueError(f"the edges of a Histogram rise strictly, not {edges}")
        name = name or f"histogram_{column}"
        values = chosen(pl.col(column), where)
        places = range(len(edges) + 1)
        super().__init__(
            name=name,
            reads=roots(values),
            first=_counts(values, edges).alias(name),
            merge=pl.concat_list(*(pl.col(name).list.get(place).sum() for place in places)),
            value=lambda state: [0 for _ in places] if state is None else state,
            limit=len(places),
        )


def _counts(values: pl.Expr, edges: tuple[int | float, ...]) -> pl.Expr:
    reached = [values.count(), *((values >= edge).sum() for edge in edges)]
    at_least = [count.cast(pl.Int64) for count in reached]
    return pl.concat_list(*(low - high for low, high in pairwise(at_least)), at_least[-1])
