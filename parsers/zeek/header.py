"""The header lines of a TSV log: how its rows are written, and what their columns are."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, replace

from parsers.schema import TABLES, Column, element_type

ESCAPED = re.compile(r"\\\\|(?:\\x[0-9A-Fa-f]{2})+")

# Columns that have another name today, by table. Only where both mean the same.
RENAMED: dict[str, dict[str, str]] = {"http": {"filename": "resp_filenames"}}
OLD_NAMES = {old for names in RENAMED.values() for old in names}


@dataclass(frozen=True, slots=True)
class Header:
    """What the header lines said so far; a log may bring others in the middle."""

    separator: str = "\t"
    set_separator: str = ","
    empty: str = "(empty)"
    unset: str = "-"
    path: str = ""
    fields: tuple[str, ...] = ()
    types: tuple[str, ...] = ()

    def with_line(self, line: bytes) -> Header:
        """Return the header with one more line; lines that say nothing of the rows are ignored."""
        text = line.decode(errors="backslashreplace").rstrip("\r\n")
        if text.startswith("#separator "):
            return Header(separator=plain(text.removeprefix("#separator ")) or "\t")
        name, _, value = text.partition(self.separator)
        if name in ("#fields", "#types"):
            values = tuple(plain(part) for part in value.split(self.separator))
            if name == "#types":
                return replace(self, types=values)
            return replace(self, fields=values, types=())
        match name:
            case "#set_separator":
                return replace(self, set_separator=plain(value))
            case "#empty_field":
                return replace(self, empty=plain(value))
            case "#unset_field":
                return replace(self, unset=plain(value))
            case "#path":
                return replace(self, path=plain(value))
        return self

    def columns(self, table: str) -> dict[int, Column]:
        """The columns that a table has of the fields, by the place of the field.

        Where a field is there under an old name too, it is the one under today's name.
        """
        known = spellings(table)
        fields = [(place, name) for place, name in enumerate(self.fields) if name in known]
        places = {known[name].name: place for place, name in fields}
        places |= {known[name].name: place for place, name in fields if known[name].zeek == name}
        return {place: known[self.fields[place]] for place in places.values()}

    def is_list(self, place: int, column: Column) -> bool:
        """Whether a column is written as a set or a vector: as the log says, if it says so."""
        if place < len(self.types):
            return "[" in self.types[place]
        return bool(element_type(column)) and self.fields[place] not in OLD_NAMES


def plain(text: str) -> str:
    r"""Undo Zeek's escapes: `\xHH`, several for a letter of several bytes, and `\\`.

    Bytes that are no UTF-8 stay as they are written.
    """
    return ESCAPED.sub(_letter, text)


def _letter(match: re.Match[str]) -> str:
    if match[0] == "\\\\":
        return "\\"
    return bytes.fromhex(match[0].replace("\\x", "")).decode(errors="backslashreplace")


@functools.cache
def spellings(table: str) -> dict[str, Column]:
    """The columns of a table by every name that logs have for them.

    Some exporters write `id_orig_h` for `id.orig_h`.
    """
    columns = {column.zeek: column for column in TABLES[table] if column.zeek}
    renamed = {old: columns[new] for old, new in RENAMED.get(table, {}).items()}
    dotless = {name.replace(".", "_"): column for name, column in columns.items()}
    return renamed | dotless | columns
