"""Where a setting stands in the text of a TOML file, so that an error can name the line.

`tomllib` keeps no places. The text that it has accepted is walked a second time, line by line, for
table headers and keys alone; what stands inside an inline table has the line of its outer key.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

KeyPath = tuple[str, ...]

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_PART = rf"""(?:"(?:[^"\\]|\\.)*"|'[^']*'|{_BARE.pattern})"""
_DOTTED = rf"{_PART}(?:\s*\.\s*{_PART})*"
_HEADER = re.compile(rf"\s*\[\[?\s*({_DOTTED})\s*\]")
_KEY = re.compile(rf"\s*({_DOTTED})\s*=")


class SettingsError(ValueError):
    """A setting that cannot be used; one line with file, line, key and what is allowed."""


class Origin(NamedTuple):
    """The file that settings were read from: its path as given, its text. Both empty: no file."""

    path: str = ""
    text: str = ""

    def error(
        self, key: KeyPath, said: str, element: tuple[int, str] | None = None
    ) -> SettingsError:
        """Make the error about one setting, or about one element (index and text) of its list."""
        name = ".".join(part if _BARE.fullmatch(part) else f'"{part}"' for part in key)
        if element is not None:
            name += f"[{element[0]}]"
        line = _line_of(self.text, key, element[1] if element else "")
        place = f"{self.path}:{line}: " if line else f"{self.path}: " if self.path else ""
        return SettingsError(f"{place}{name} {said}")


def _line_of(text: str, key: KeyPath, element: str) -> int | None:
    """Return the line, from 1, of a key or of the nearest table around it, or None.

    Lists of networks are written over many lines: `element` is looked for from the key on.
    """
    best, line = 0, None
    for number, found in _places(text):
        if found == key[: len(found)] and len(found) > best:
            best, line = len(found), number
    if line is None:  # only a table within it is written
        inner = (number for number, found in _places(text) if found[: len(key)] == key)
        line = next(inner, None)
    if line is None:
        return None
    lines = text.splitlines()
    return next((at for at in range(line, len(lines) + 1) if element in lines[at - 1]), line)


def _places(text: str) -> Iterator[tuple[int, KeyPath]]:
    """Yield line and path of each table header and key, in the order of the file."""
    table: KeyPath = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            table = _parts(header[1])
            yield number, table
        elif key := _KEY.match(line):
            yield number, table + _parts(key[1])


def _parts(dotted: str) -> KeyPath:
    return tuple(part[1:-1] if part[0] in "\"'" else part for part in re.findall(_PART, dotted))
