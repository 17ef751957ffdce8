"""Lines of a product, given to its reader as the frame of syslog leaves them."""

from __future__ import annotations

from contextlib import suppress
from types import ModuleType
from typing import Any

from parsers.logons.message import Message, Unreadable

SECOND = 1_000_000_000
NOON = 1_700_000_000 * SECOND


def message(text: str, line: int = 1, *, host: str = "gateway", program: str = "") -> Message:
    """A line at `line` seconds past NOON."""
    return Message(NOON + line * SECOND, host, program, None, text, line)


def rows_of(product: ModuleType, *texts: str) -> list[dict[str, Any]]:
    """Read lines, a second apart, that are all the product's."""
    reader = product.Reader()
    rows = []
    for line, text in enumerate(texts, 1):
        assert product.is_of(message(text, line)), text
        rows += reader.read(message(text, line))
    return rows + reader.end()


def said(rows: list[dict[str, Any]], *columns: str) -> list[tuple[Any, ...]]:
    """The values of some columns of each row."""
    return [tuple(row[column] for column in columns) for row in rows]


def survives(product: ModuleType, text: str) -> None:
    """Give a line to a product's reader, which may say that it cannot read it and nothing else."""
    if product.is_of(message(text)):
        reader = product.Reader()
        with suppress(Unreadable):
            reader.read(message(text))
        reader.end()
