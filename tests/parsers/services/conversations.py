"""Conversations made in a test, fed to a parser."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from parsers.services.parser import Parser

SECOND = 1_000_000_000
P = TypeVar("P", bound=Parser)


def fed(parser: P, said: Sequence[tuple[int, bytes]]) -> P:
    """Feed a parser, a second for each piece, the first at second 1, and end it then."""
    for second, (side, octets) in enumerate(said, 1):
        parser.data(side, octets, second * SECOND)
    if not parser.failed:
        parser.end((len(said) + 1) * SECOND)
    return parser


def without_logons(parser: P) -> P:
    """Leave out the rows of `logon`, which have tests of their own."""
    parser.rows = [row for row in parser.rows if row[0] != "logon"]
    return parser
