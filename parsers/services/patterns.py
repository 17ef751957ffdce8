"""Byte patterns: first payload bytes as the protocol's own documents write them, as expressions.

A pattern starts at the first byte of a side. Its tokens stand apart by spaces:

    'SSH-'      these characters
    03 [45]? ?? a byte in hex, half a byte free (`?`), one of a few (`[45]`), or any byte (`??`)
    ??{8} 3?+   so many of it, one or more of it
    ( a | b )   one of these
    *           any bytes, also none
    $           nothing follows

It becomes a regular expression over the bytes in hex (two lower-case digits a byte), which is
linear in time whatever the packet holds.
"""

from __future__ import annotations

import re

import polars as pl

_TOKEN = re.compile(r"'([^']*)'|([()|*$])|((?:[0-9a-f?]|\[[0-9a-f-]+\]){2})(\{\d+\}|\+)?|\s+")
_AS_IT_IS = {"(": "(?:", ")": ")", "|": "|", "$": "$", "*": "(?:..)*?"}


def regex(pattern: str) -> str:
    """Return the pattern as a regular expression over hex text; ValueError where it is none."""
    parts, at = ["^(?:"], 0
    while at < len(pattern):
        token = _TOKEN.match(pattern, at)
        if token is None:
            raise ValueError(f"no token of a byte pattern at {pattern[at:]!r}")
        parts.append(_part(*token.groups()))
        at = token.end()
    return "".join([*parts, ")"])


def in_hex(column: str) -> pl.Expr:
    """Return a column of bytes (Binary) as hex text, "" for null."""
    return pl.col(column).bin.encode("hex").fill_null("")


def shows(pattern: str, side: pl.Expr) -> pl.Expr:
    """Return whether a side, given as hex text, begins with the pattern; never null."""
    return side.str.contains(regex(pattern)).fill_null(value=False)


def _part(text: str | None, mark: str | None, byte: str | None, many: str | None) -> str:
    if text is not None:
        return text.encode("ascii").hex()
    if mark is not None:
        return _AS_IT_IS[mark]
    if byte is not None:
        return "(?:" + byte.replace("?", "[0-9a-f]") + ")" + (many or "")
    return ""
