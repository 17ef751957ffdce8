"""Values: the different texts of a column, a bounded number of them."""

from __future__ import annotations

import polars as pl

from sensor.measures.measure import Measure, exploded, roots, unpacked


class Values(Measure):
    """The `keep` different values of a column of text that come first in the order of text.

    `lists`: the column holds lists of them, as a second stage is fed. The state is a List(String),
    sorted; the value is a list; a second stage is fed the list. What is observed has to be of
    bounded length.
    """

    def __init__(
        self, column: str, keep: int = 8, where: pl.Expr | None = None, name: str = "",
        *, lists: bool = False,
    ) -> None:  # fmt: skip
        name = name or f"values_{column}"
        values = pl.col(column) if where is None else pl.col(column).filter(where)
        values = exploded(values) if lists else values
        super().__init__(
            name=name,
            reads=roots(values),
            first=_leading(values, keep).alias(name),
            merge=_leading(unpacked(name), keep),
            value=lambda state: list(state or ()),
            figure=pl.col(name),
            kind=pl.List(pl.String),
            limit=keep,
        )


def _leading(values: pl.Expr, keep: int) -> pl.Expr:
    return values.drop_nulls().unique().sort().head(keep)
