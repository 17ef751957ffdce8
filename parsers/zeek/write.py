"""Write tables as Zeek logs: TSV with its header lines, or JSON, an object a line.

Format: Zeek's src/threading/formatters/Ascii.cc and JSON.cc. Columns are formatted as whole
columns by Polars; there is no loop over rows.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import polars as pl

from parsers.schema import LOGS, Column, element_type

UNSET, EMPTY = "-", "(empty)"
# What would break a line or a field, as Zeek escapes it, and the escape itself.
ESCAPES = {chr(code): f"\\x{code:02x}" for code in (*range(32), 127)} | {"\\": "\\\\"}
JSON_ESCAPES = {"\\": "\\\\", '"': '\\"'} | {
    chr(code): f"\\u{code:04x}" for code in (*range(32), 127)
}
ESCAPED = "\\\\x"
NO_UTF8 = r"\\\\x([89a-f][0-9a-f])"
OPENED = "%Y-%m-%d-%H-%M-%S"


class LogWriter:
    """A log of one table, written batch by batch; a context manager.

    Parameters
    ----------
    folder
        Where `NAME.log` is made; it must exist. Until it is whole the log is `NAME.log.part`, which
        is removed where it does not come to an end.
    table
        A name of `parsers.schema.LOGS`.
    json
        Zeek's JSON instead of TSV.

    Raises
    ------
    OSError
        The file cannot be made or written.
    """

    def __init__(self, folder: Path, table: str, *, json: bool = False) -> None:
        self.path = folder / f"{table}.log"
        self.columns = [column for column in LOGS[table] if column.zeek]
        self._json = json
        self._part = folder / f"{table}.log.part"
        self._file: BinaryIO = self._part.open("wb")
        if not json:
            self._file.write(header(table, self.columns, datetime.now(UTC)).encode())

    def write(self, rows: pl.DataFrame) -> None:
        """Append the table's rows; columns that are no part of Zeek's log are left out."""
        if self._json:
            lines = rows.select(json_line(self.columns).alias("line"))
        else:
            lines = unescaped_octets(rows.select(tsv_field(column) for column in self.columns))
        lines.write_csv(self._file, include_header=False, separator="\t", quote_style="never")

    def close(self) -> None:
        """End the log."""
        if not self._json:
            self._file.write(f"#close\t{datetime.now(UTC):{OPENED}}\n".encode())
        self._file.close()
        self._part.replace(self.path)

    def discard(self) -> None:
        """Leave nothing behind."""
        self._file.close()
        self._part.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.discard()


class Logs:
    """Some logs of a folder; a context manager. As in Zeek a log without rows is not made.

    folder: where they are made; it must exist. only: which of `parsers.schema.LOGS` are written;
    `conn` is made in any case if it is one of them. json: Zeek's JSON instead of TSV.
    Raises OSError where a log cannot be made or written.
    """

    def __init__(self, folder: Path, only: Collection[str], *, json: bool = False) -> None:
        self._folder, self._only, self._json = folder, only, json
        self._open = ExitStack()
        self._logs: dict[str, LogWriter] = {}

    def write(self, table: str, rows: pl.DataFrame) -> None:
        """Append rows of a table; nothing where its log is not wanted."""
        if table in self._only:
            log = self._logs.get(table) or self._begin(table)
            log.write(rows)

    def _begin(self, table: str) -> LogWriter:
        writer = LogWriter(self._folder, table, json=self._json)
        log = self._logs[table] = self._open.enter_context(writer)
        return log

    def __enter__(self) -> Self:
        self._open.__enter__()
        if "conn" in self._only:
            self._begin("conn")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open.__exit__(kind, error, trace)


def header(table: str, columns: list[Column], opened: datetime) -> str:
    """The lines before the first row."""
    lines = [
        "#separator \\x09",
        "#set_separator\t,",
        f"#empty_field\t{EMPTY}",
        f"#unset_field\t{UNSET}",
        f"#path\t{table}",
        f"#open\t{opened:{OPENED}}",
        "\t".join(["#fields", *(column.zeek for column in columns)]),
        "\t".join(["#types", *(column.type for column in columns)]),
    ]
    return "\n".join(lines) + "\n"


def tsv_field(column: Column) -> pl.Expr:
    """A column as text; null is `-`."""
    value = pl.col(column.name)
    return plain_text(column, value).fill_null(UNSET).alias(column.zeek)


def unescaped_octets(lines: pl.DataFrame) -> pl.DataFrame:
    """Undo the escape before bytes that are no UTF-8, which are numbers in our tables.

    Hardly any column has one: a look for the escape is much cheaper than the pattern.
    """
    found = [text.name for text in lines if text.str.contains(ESCAPED, literal=True).any()]
    return lines.with_columns(pl.col(found).str.replace_all(NO_UTF8, r"\x$1"))


def plain_text(column: Column, value: pl.Expr) -> pl.Expr:
    """Format a column that is set."""
    if column.type.startswith(("set[", "vector[")):
        format_one = FORMATS.get(element_type(column), escaped)
        elements = format_one(pl.element()).str.replace_all(",", "\\x2c", literal=True)
        joined = value.list.eval(elements).list.join(",")
        return pl.when(value.list.len() == 0).then(pl.lit(EMPTY)).otherwise(joined)
    return FORMATS.get(column.type, escaped)(value)


def seconds(value: pl.Expr) -> pl.Expr:
    """Nanoseconds as seconds with six decimals, rounded towards minus infinity as libpcap does."""
    microseconds = value.to_physical() // 1000
    whole, part = microseconds.abs() // 1_000_000, microseconds.abs() % 1_000_000
    sign = pl.when(microseconds < 0).then(pl.lit("-")).otherwise(pl.lit(""))
    return pl.concat_str(
        sign, whole.cast(pl.String), pl.lit("."), part.cast(pl.String).str.zfill(6)
    )


def truth(value: pl.Expr) -> pl.Expr:
    """Format booleans."""
    return pl.when(value).then(pl.lit("T")).when(~value).then(pl.lit("F"))


def number(value: pl.Expr) -> pl.Expr:
    """Format whole and real numbers."""
    return value.cast(pl.String)


def verbatim(value: pl.Expr) -> pl.Expr:
    """Leave what is safe text already."""
    return value


def escaped(value: pl.Expr) -> pl.Expr:
    """Escape what would break a line or a field."""
    text = value.str.replace_many(ESCAPES)
    # What would read as unset or empty is text here.
    text = pl.when(text == UNSET).then(pl.lit("\\x2d")).otherwise(text)
    text = pl.when(text == EMPTY).then(pl.lit("\\x28empty)")).otherwise(text)
    return pl.when(text == "").then(pl.lit(EMPTY)).otherwise(text)


FORMATS: dict[str, Callable[[pl.Expr], pl.Expr]] = {
    "time": seconds,
    "interval": seconds,
    "bool": truth,
    "count": number,
    "int": number,
    "port": number,
    "double": number,
    "addr": verbatim,
    "enum": verbatim,
}


JSON_FORMATS: dict[str, Callable[[pl.Expr], pl.Expr]] = dict.fromkeys(
    ("count", "int", "port", "double"), number
)


def json_line(columns: list[Column]) -> pl.Expr:
    """A row as a JSON object without what is unset."""
    members = pl.concat_str([json_member(column) for column in columns])
    return pl.concat_str(pl.lit("{"), members.str.strip_suffix(","), pl.lit("}"))


def json_member(column: Column) -> pl.Expr:
    """`"name":value,` of one column, or nothing where it is unset."""
    value = pl.col(column.name)
    member = pl.concat_str(pl.lit(f'"{column.zeek}":'), json_value(column, value), pl.lit(","))
    return pl.when(value.is_null()).then(pl.lit("")).otherwise(member)


def json_value(column: Column, value: pl.Expr) -> pl.Expr:
    """Format a column as a JSON value."""
    if column.type in ("time", "interval"):
        return seconds(value)
    if column.type in JSON_FORMATS:
        return JSON_FORMATS[column.type](value)
    if column.type == "bool":
        return pl.when(value).then(pl.lit("true")).otherwise(pl.lit("false"))
    if column.type.startswith(("set[", "vector[")):
        format_one = JSON_FORMATS.get(element_type(column), json_string)
        quoted = value.list.eval(format_one(pl.element()))
        return pl.concat_str(pl.lit("["), quoted.list.join(","), pl.lit("]"))
    return json_string(value)


def json_string(value: pl.Expr) -> pl.Expr:
    """Format a column as JSON strings."""
    return pl.concat_str(pl.lit('"'), value.str.replace_many(JSON_ESCAPES), pl.lit('"'))
