"""Columns of text -> the rows that are delivered: typed, complete, without those that are bad."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import polars as pl

from parsers.schema import TABLES, Column, polars_schema
from parsers.zeek.notes import Notes
from parsers.zeek.values import first_of_each, typed

PLACE: dict[str, pl.DataType] = {"file": pl.String(), "line": pl.Int64()}
SHOWN = 60  # letters of a bad value


class Rows:
    """Makes rows of the tables that are wanted. `wanted`: columns by table, None for all."""

    def __init__(
        self, path: str, wanted: Mapping[str, Collection[str]] | None, notes: Notes
    ) -> None:
        self.notes = notes
        self.seen: dict[str, set[str]] = {}
        self._path = path
        if wanted is None:
            wanted = {table: polars_schema(columns) for table, columns in TABLES.items()}
        self._wanted = {table: set(names) for table, names in wanted.items() if table in TABLES}
        self._schema = {
            table: {
                name: dtype
                for name, dtype in (polars_schema(TABLES[table]) | PLACE).items()
                if name in names
            }
            for table, names in self._wanted.items()
        }

    def wants(self, table: str) -> bool:
        """Whether rows of a table are to be read at all."""
        return table in self._wanted

    def columns(self, table: str) -> list[Column]:
        """The columns of a table that are wanted, of those that logs have."""
        wanted = self._wanted[table]
        return [column for column in TABLES[table] if column.zeek and column.name in wanted]

    def saw(self, table: str, names: Collection[str]) -> None:
        """Remember that the log has these columns of the schema."""
        self.seen.setdefault(table, set()).update(names)

    def made(
        self, table: str, texts: pl.DataFrame, lines: pl.Series, *, cut: bool = False
    ) -> pl.DataFrame:
        """Make rows.

        Parameters
        ----------
        table
            Which table it is.
        texts
            Those of its wanted columns that the log has, as text; null where unset.
        lines
            The number of each row's line (Int64).
        cut
            Whether the input ended within the row, so that a bad value is what is left of it.
        """
        columns = [column for column in self.columns(table) if column.name in texts.columns]
        values, bad = typed(texts, columns)
        kept = pl.repeat(True, len(lines), eager=True) if bad else None
        for found, rows in first_of_each(bad, len(lines)):
            at = int(rows.arg_max() or 0)
            value = str(texts[found.column.name][at])[:SHOWN]
            weird = "cut_off_row" if cut else found.weird
            detail = f"{found.column.zeek} {value!r}"
            self.notes.passed_over(weird, int(rows.sum()), int(lines[at]), detail)
            kept &= ~rows
        if kept is not None:
            values, lines = values.filter(kept), lines.filter(kept)
        return self._complete(table, values, lines)

    def _complete(self, table: str, values: pl.DataFrame, lines: pl.Series) -> pl.DataFrame:
        """Add the columns that the log lacks, and where each row comes from."""
        found = {series.name: series for series in values}
        found["line"] = lines.alias("line")
        height = len(lines)
        columns = []
        for name, dtype in self._schema[table].items():
            column = found.get(name)
            if column is None:
                value = self._path if name == "file" else None
                column = pl.repeat(value, height, dtype=dtype, eager=True).alias(name)
            columns.append(column)
        return pl.DataFrame(columns) if columns else pl.DataFrame(height=height)
