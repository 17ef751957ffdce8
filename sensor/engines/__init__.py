"""Engines: they move tables and nothing else; what is found does not depend on which one runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import polars as pl

    from sensor.findings import Finding


class Engine(Protocol):
    """What every engine does, whatever the split and the order of the rows that it is given."""

    def add(self, table: str, rows: pl.DataFrame) -> None:
        """Take in rows of a table (columns of the schema, already enriched), any number of them."""

    def findings(self) -> list[Finding]:
        """Return the findings on all rows so far: most severe first, then by first_seen and id."""
