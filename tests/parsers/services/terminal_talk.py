"""Sessions at a terminal made in a test: pieces of both sides, cut anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from hypothesis import strategies as st

from parsers.services.parser import Row
from tests.parsers.services.conversations import SECOND

Said = Sequence[tuple[int, bytes]]


@st.composite
def cut(draw: Any, said: Said) -> list[tuple[int, bytes]]:
    """The same streams in smaller pieces, in the same order."""
    pieces = []
    for side, octets in said:
        places = draw(st.lists(st.integers(0, len(octets)), max_size=3).map(sorted))
        edges = [0, *places, len(octets)]
        pieces += [(side, octets[a:b]) for a, b in pairwise(edges)]
    return pieces


def read(parser: Any, said: Said) -> Any:
    """Feed a parser, everything in the same second, and end it."""
    for side, octets in said:
        parser.data(side, octets, SECOND)
    if not parser.failed:
        parser.end(SECOND)
    return parser


def commands(rows: Sequence[Row]) -> list[tuple[str, str | None]]:
    """The commands, each with its output."""
    return [(row["command"], row["output"]) for table, row in rows if table == "command"]


def logons(rows: Sequence[Row]) -> list[tuple[str | None, str, str]]:
    """The logons: user, method, outcome."""
    return [(row["user"], row["method"], row["outcome"]) for table, row in rows if table == "logon"]
