"""Distinct: how many different values a column has, exactly up to a limit.

Counts of partial inputs do not add, so what is kept is the smallest hashes: of any two states, the
`keep` smallest of both are the state of their union. The hash is our own choice, so that every
engine, run and platform agrees: BLAKE2b (RFC 7693) with a digest of 8 bytes over the value's
canonical text in UTF-8 (`sensor.findings.canonical`), read as a signed big-endian number. It is a
cryptographic one because the values are the sender's, who must not be able to make them collide.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from hashlib import blake2b

import numpy as np
import polars as pl

from sensor.findings import canonical
from sensor.measures.measure import Measure, chosen, roots, unpacked


@dataclass(frozen=True, slots=True)
class DistinctCount:
    """A number of different values: `count` of them where `exact`, otherwise at least `count`."""

    count: int
    exact: bool

    def __str__(self) -> str:
        return str(self.count) if self.exact else f"at least {self.count}"


class Distinct(Measure):
    """The different values of a column of text, whole numbers or truth values; null is none.

    The state is a List(Int64) of the `keep` smallest hashes, sorted; the value is a DistinctCount;
    a second stage is fed the count.
    """

    def __init__(
        self, column: str, keep: int = 1024, where: pl.Expr | None = None, name: str = ""
    ) -> None:
        name = name or f"distinct_{column}"
        values = chosen(pl.col(column), where)
        hashes = values.map_batches(hash64, return_dtype=pl.Int64, is_elementwise=True)
        super().__init__(
            name=name,
            reads=roots(values),
            first=_smallest(hashes.drop_nulls(), keep).alias(name),
            merge=_smallest(unpacked(name), keep),
            value=partial(_counted, keep),
            figure=pl.col(name).list.len().cast(pl.Int64),
            nothing=0,
            limit=keep,
        )


def hash64(values: pl.Series) -> pl.Series:
    """Return the hash of each value (Int64, null for null); a value is hashed once, not per row."""
    known = values.drop_nulls().unique()
    digests = b"".join(
        blake2b(canonical((value,)).encode(), digest_size=8).digest() for value in known
    )
    hashes = pl.Series(np.frombuffer(digests, dtype=">i8").astype(np.int64))
    return values.replace_strict(known, hashes, default=None, return_dtype=pl.Int64)


def _smallest(hashes: pl.Expr, keep: int) -> pl.Expr:
    return hashes.unique().sort().head(keep)


def _counted(keep: int, state: list[int] | None) -> DistinctCount:
    count = len(state or ())
    return DistinctCount(count, exact=count < keep)
