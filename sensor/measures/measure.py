"""What every measure is: the contract between an analyzer and the engines, as data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import polars as pl


@dataclass(frozen=True, kw_only=True, eq=False)
class Measure:
    """A figure, or a bounded list, that is kept for each key and UTC day.

    `first` and `merge` both give one column, called `name`: the state. A table that lacks one of
    the columns that are read adds nothing; the state is then null, for which `value` has an answer.
    """

    name: str  # of the state, and of its value in the totals that `judge` sees
    reads: frozenset[str]  # the columns that a row must have
    first: pl.Expr  # over the observed rows of a group: a state
    merge: pl.Expr  # over the states of a group: one state of them all
    value: Callable[[Any], Any]  # a state as Python holds it, or None -> what `judge` sees
    figure: pl.Expr | None = None  # over states: what a second stage is fed of them
    nothing: int | None = None  # the figure of no row
    kind: pl.DataType = field(default_factory=pl.Int64)  # of the figure
    limit: int = 1  # the most elements that a state holds
    # Of a state that is the first `limit` elements in their own order: what a row gives, for the
    # rows for which `where` is true (None: for all). `first` and `merge` say the same, but an
    # engine that knows it can order all groups at once.
    order: pl.Expr | None = None
    where: pl.Expr | None = None


def chosen(expression: pl.Expr, where: pl.Expr | None) -> pl.Expr:
    """Return the expression, null in all rows for which `where` is not true."""
    return expression if where is None else pl.when(where).then(expression)


def roots(*expressions: pl.Expr | None) -> frozenset[str]:
    """Return the columns that the expressions read."""
    given = (expression for expression in expressions if expression is not None)
    return frozenset(name for expression in given for name in expression.meta.root_names())


def unpacked(name: str) -> pl.Expr:
    """Return the elements of a group's lists as one column; empty and null lists add none."""
    return exploded(pl.col(name))


def exploded(lists: pl.Expr) -> pl.Expr:
    """Return the elements of lists as one column; empty and null lists add none."""
    return lists.list.explode(keep_nulls=False, empty_as_null=False)
