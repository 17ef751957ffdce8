"""JSON logs, an object a line: blocks of lines -> rows, of one table or of any mixture.

A block is parsed whole, as the text of each key that is wanted. Only a block that does not parse
so is looked at line by line, to leave out what is broken.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import msgspec
import polars as pl

from parsers.schema import TABLES, Column, element_type
from parsers.zeek.header import RENAMED, spellings
from parsers.zeek.lines import Lines, Part, as_utf8
from parsers.zeek.names import table_of
from parsers.zeek.notes import count_unread
from parsers.zeek.rows import Rows
from parsers.zeek.values import wrapped

PATHS = ("_path", "@stream")  # the keys under which exporters name the log
NESTED = "id"  # {"id": {"orig_h": …}} instead of "id.orig_h"
SAMPLE = 1 << 16  # bytes of a block in which columns that are not parsed are looked for
Table = tuple[str, pl.DataFrame]


class Ndjson:
    """Reads JSON. `unread`: rows of logs that are not wanted, by their name."""

    def __init__(self, path: str, rows: Rows, unread: Counter[str]) -> None:
        self._path, self._rows, self._unread = path, rows, unread
        self._unnamed = ""  # the log of lines that do not name theirs; "" until there is one
        self._last = (
            ""  # the log of the last block; "" if it was of several, or of none that is known
        )
        self._others: set[str] = set()  # keys besides Zeek's own that this file has

    def read(self, lines: Lines) -> Iterator[Table]:
        """Yield the rows of a block."""
        numbers = pl.int_range(lines.first, lines.first + lines.count, eager=True)
        part = Part(as_utf8(lines.data, b"\\\\x"), numbers, lines.cut)
        log = self._last
        frame = self._parsed(part, self._keys(log)) if log else None
        if frame is None or (self._names(part, frame) != log).any():
            yield from self._by_log(part)
        else:
            yield from self._made(log, part, frame)

    def _by_log(self, part: Part) -> Iterator[Table]:
        """Find out of which logs the lines are, and read each log's by themselves."""
        part, frame = self._sound(part)
        if frame is None or not frame.height:
            return
        names = self._names(part, frame)
        known = names.is_in(list(TABLES))
        # The names of logs that are not known may be as many as there are lines.
        for log, rows in names.filter(~known).value_counts().iter_rows():
            count_unread(self._unread, log, rows)
        found = names.filter(known).unique(maintain_order=True).to_list()
        alone = len(found) == 1 and known.all()
        self._last = found[0] if alone else ""
        for log in found:
            yield from self._of_log(log, part if alone else part.only(names == log))

    def _sound(self, part: Part) -> tuple[Part, pl.DataFrame | None]:
        """Leave out the lines that are no JSON objects; None if nothing can be read then."""
        frame = self._parsed(part, {})
        if frame is None:
            part = self._kept(part, [_trouble(line) for line in part.lines()])
            frame = self._parsed(part, {})
        if frame is None:
            part = self._kept(part, self._unparsed(part, {}))
            frame = self._parsed(part, {})
        return part, frame

    def _of_log(self, log: str, part: Part) -> Iterator[Table]:
        """Read lines of one log, without those whose values cannot be read."""
        frame = self._parsed(part, self._keys(log))
        if frame is None:
            part = self._kept(part, self._wrong_lists(log, part))
            frame = self._parsed(part, self._keys(log))
        if frame is None:
            part = self._kept(part, self._unparsed(part, self._keys(log)))
            frame = self._parsed(part, self._keys(log))
        if frame is not None:
            yield from self._made(log, part, frame)

    def _parsed(self, part: Part, keys: dict[str, pl.DataType]) -> pl.DataFrame | None:
        """The keys of each line; None if a line is blank or broken, or a list is none."""
        schema = keys | dict.fromkeys(PATHS[: 1 + (PATHS[1] in self._others)], pl.String())
        try:
            frame = pl.read_ndjson(part.data, schema=schema)
        except pl.exceptions.PolarsError:
            return None
        return frame if frame.height == len(part.numbers) else None

    def _names(self, part: Part, frame: pl.DataFrame) -> pl.Series:
        """Of which log each line is."""
        names = frame[PATHS[0]]
        if not names.null_count():
            return names
        if PATHS[1] not in frame.columns and b'"@stream"' in part.data[:SAMPLE]:
            self._others.add(PATHS[1])
            named = self._parsed(part, {})
            frame = frame if named is None else named
        if PATHS[1] in frame.columns:
            names = names.zip_with(names.is_not_null(), frame[PATHS[1]])
        if names.null_count():
            self._unnamed = self._unnamed or table_of(
                self._path, _first_keys(part.data), self._rows.notes
            )
            names = names.fill_null(self._unnamed)
        return names

    def _keys(self, log: str) -> dict[str, pl.DataType]:
        """What to parse of a log's lines: keys and types."""
        keys: dict[str, pl.DataType] = {}
        if not self._rows.wants(log):
            return keys
        nested: list[pl.Field] = []
        for column in self._rows.columns(log):
            kind = pl.List(pl.String()) if element_type(column) else pl.String()
            keys[column.zeek] = kind
            for key in _others(log, column):
                if key in self._others:
                    keys[key] = pl.String() if key in RENAMED.get(log, {}) else kind
            if column.zeek.startswith(f"{NESTED}."):
                nested.append(pl.Field(column.name, pl.String()))
        if nested and NESTED in self._others:
            keys[NESTED] = pl.Struct(nested)
        return keys

    def _made(self, log: str, part: Part, frame: pl.DataFrame) -> Iterator[Table]:
        """Deliver lines of one log of the schema."""
        self._look_for_columns(log, part.data[:SAMPLE])
        if not self._rows.wants(log):
            count_unread(self._unread, log, len(part.numbers))
            return
        if self._has_others(log, part, frame):
            frame = _or_same(self._parsed(part, self._keys(log)), frame)
        texts = pl.DataFrame(
            [_text(log, column, frame).alias(column.name) for column in self._rows.columns(log)]
        )
        self._rows.saw(log, {text.name for text in texts if text.null_count() < len(text)})
        rows = self._rows.made(log, texts, part.numbers, cut=part.cut)
        if len(rows):
            yield log, rows

    def _has_others(self, log: str, part: Part, frame: pl.DataFrame) -> bool:
        """Whether some of what is missing is there under another key, one not known so far."""
        missing = [
            column
            for column in self._rows.columns(log)
            if frame[column.zeek].null_count() and _others(log, column)
        ]
        keys = {key for column in missing for key in _others(log, column)}
        if any(column.zeek.startswith(f"{NESTED}.") for column in missing):
            keys.add(NESTED)
        found = {key for key in keys - self._others if f'"{key}"'.encode() in part.data}
        self._others |= found
        return bool(found)

    def _look_for_columns(self, log: str, sample: bytes) -> None:
        seen = self._rows.seen.get(log, set())
        self._rows.saw(
            log,
            {
                column.name
                for column in TABLES[log]
                if column.zeek and column.name not in seen
                for key in (column.zeek, *_others(log, column), *_nested(column))
                if f'"{key}":'.encode() in sample or f'"{key}" :'.encode() in sample
            },
        )

    def _kept(self, part: Part, troubles: Sequence[str | None]) -> Part:
        """Count lines by what is wrong with them; return those with which nothing is."""
        wrong = pl.Series(troubles, dtype=pl.String)
        for weird in wrong.drop_nulls().unique(maintain_order=True):
            rows = wrong.eq_missing(weird)
            if weird:  # blank lines are no rows
                at = int(rows.arg_max() or 0)
                name = "cut_off_row" if part.cut else weird
                self._rows.notes.passed_over(name, int(rows.sum()), int(part.numbers[at]))
        return part.only(wrong.is_null())

    def _wrong_lists(self, log: str, part: Part) -> list[str | None]:
        lists = [column.zeek for column in self._rows.columns(log) if element_type(column)]
        return [
            None if all(isinstance(row.get(key), list | None) for key in lists) else "bad_list"
            for row in map(_row, part.lines())
        ]

    def _unparsed(self, part: Part, keys: dict[str, pl.DataType]) -> list[str | None]:
        """Which lines the parser of blocks refuses, found by halving: hardly any is left here."""
        if self._parsed(part, keys) is not None:
            return [None] * len(part.numbers)
        if len(part.numbers) == 1:
            return ["broken_json_line"]
        first = pl.int_range(len(part.numbers), eager=True) < len(part.numbers) // 2
        halves = (part.only(first), part.only(~first))
        return [trouble for half in halves for trouble in self._unparsed(half, keys)]


def _trouble(line: bytes) -> str | None:
    """What is wrong with a line; "" if it is blank."""
    if not line.strip():
        return ""
    try:
        return None if isinstance(msgspec.json.decode(line), dict) else "json_no_object"
    except (msgspec.MsgspecError, RecursionError):
        return "broken_json_line"


def _row(line: bytes) -> dict[str, object]:
    row = msgspec.json.decode(line)
    return row if isinstance(row, dict) else {}


def _first_keys(data: bytes) -> set[str]:
    """The keys of the first lines: JSON leaves out what is unset, so one line is too few."""
    return {
        key
        for line in data[:SAMPLE].split(b"\n")[:100]
        if _trouble(line) is None
        for key in _row(line)
    }


def _others(log: str, column: Column) -> list[str]:
    """The keys besides Zeek's own that exporters have for a column."""
    return [key for key, found in spellings(log).items() if found is column and key != column.zeek]


def _nested(column: Column) -> tuple[str, ...]:
    return (column.name,) if column.zeek.startswith(f"{NESTED}.") else ()


def _text(log: str, column: Column, frame: pl.DataFrame) -> pl.Series:
    """A column under whichever of its keys each line has it."""
    text = frame[column.zeek]
    for key in _others(log, column):
        if key in frame.columns and text.null_count():
            other = frame[key]
            if element_type(column) and other.dtype == pl.String:
                other = wrapped(other)
            text = text.zip_with(text.is_not_null(), other)
    if _nested(column) and NESTED in frame.columns and text.null_count():
        text = text.zip_with(text.is_not_null(), frame[NESTED].struct.field(column.name))
    return text


def _or_same(parsed: pl.DataFrame | None, frame: pl.DataFrame) -> pl.DataFrame:
    return frame if parsed is None else parsed
