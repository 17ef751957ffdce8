"""Count, Sum, Min, Max: one whole number (Int64) for each key."""

from __future__ import annotations

import polars as pl

from sensor.measures.measure import Measure, chosen, roots


class _Total(Measure):
    amount: pl.Expr  # Int64, over rows: what each adds

    def __init__(self, name: str, amount: pl.Expr) -> None:
        super().__init__(
            name=name,
            reads=roots(amount),
            first=amount.sum().alias(name),
            merge=pl.col(name).sum(),
            value=lambda state: state or 0,
            figure=pl.col(name),
            nothing=0,
        )
        object.__setattr__(self, "amount", amount)


class Count(_Total):
    """How many rows there are, or for how many `where` is true; 0 without any."""

    def __init__(self, where: pl.Expr | None = None, name: str = "count") -> None:
        # Read from `ts`, which every row has: a literal 1 would be one value, not one for each row.
        one = pl.col("ts").is_not_null().cast(pl.Int64)
        super().__init__(name, chosen(one, where))


class Sum(_Total):
    """The sum of a column's whole numbers (durations: nanoseconds); nulls add nothing."""

    def __init__(self, column: str, where: pl.Expr | None = None, name: str = "") -> None:
        super().__init__(name or f"sum_{column}", chosen(_whole(column), where))


class _Extreme(Measure):
    def __init__(self, name: str, first: pl.Expr, merge: pl.Expr) -> None:
        super().__init__(
            name=name,
            reads=roots(first),
            first=first.alias(name),
            merge=merge,
            value=lambda state: state,
            figure=pl.col(name),
        )


class Min(_Extreme):
    """The smallest whole number of a column (times: nanoseconds since the epoch), or None.

    A share is given as an expression in whole percent, since fractions are cut off.
    """

    def __init__(self, column: str | pl.Expr, where: pl.Expr | None = None, name: str = "") -> None:
        name = name or f"min_{column}"
        super().__init__(name, chosen(_whole(column), where).min(), pl.col(name).min())


class Max(_Extreme):
    """The largest whole number of a column (times: nanoseconds since the epoch), or None.

    A share is given as an expression in whole percent, since fractions are cut off.
    """

    def __init__(self, column: str | pl.Expr, where: pl.Expr | None = None, name: str = "") -> None:
        name = name or f"max_{column}"
        super().__init__(name, chosen(_whole(column), where).max(), pl.col(name).max())


def _whole(column: str | pl.Expr) -> pl.Expr:
    """The column as Int64. Sums of fractions would depend on their order, so they are cut off."""
    values = pl.col(column) if isinstance(column, str) else column
    return values.cast(pl.Int64, strict=False)
