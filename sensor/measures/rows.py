"""Rows: the evidence, a bounded number of rows in an order that does not depend on their arrival.

The order is total: by `ts`, by `uid`, then by the other columns, so rows that still tie are equal
and it makes no difference which of them is kept.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import polars as pl

from sensor.measures.measure import Measure, roots, unpacked

_RANK = "_rank"  # a field before all others, where rows are ordered by size


class Rows(Measure):
    """The first `keep` rows by (ts, uid), or the `keep` rows with the largest whole numbers.

    The state is a List(Struct), in that order; the value is a list of dicts with the columns asked
    for. Rows where the column `largest` is null come last. A second stage is fed the first row, as
    a struct of the columns asked for: the sample that its evidence can name.
    """

    def __init__(
        self,
        columns: tuple[str, ...],
        keep: int = 64,
        largest: str | None = None,
        where: pl.Expr | None = None,
        name: str = "rows",
    ) -> None:
        fields = [pl.col(column) for column in dict.fromkeys(("ts", "uid", *columns))]
        row = pl.struct(*_rank(largest), *fields)
        super().__init__(
            name=name,
            reads=roots(row, where),
            first=_leading(row if where is None else row.filter(where), keep).alias(name),
            order=row,
            where=where,
            merge=_leading(unpacked(name), keep),
            value=partial(_asked, columns),
            figure=pl.struct(pl.col(name).list.first().struct.field(*columns)).alias(name),
            limit=keep,
        )


def _leading(rows: pl.Expr, keep: int) -> pl.Expr:
    """The first rows in the order of the struct's fields, one after the other."""
    return rows.sort().head(keep)


def _rank(largest: str | None) -> tuple[pl.Expr, ...]:
    """A whole number that is the smaller the larger the column is, and the largest for null."""
    if largest is None:
        return ()
    size = pl.col(largest).cast(pl.Int64, strict=False)
    return ((-size).fill_null(2**63 - 1).alias(_RANK),)


def _asked(columns: tuple[str, ...], state: list[dict[str, Any]] | None) -> list[dict[str, Any]]:
    return [{column: row[column] for column in columns} for row in state or ()]
