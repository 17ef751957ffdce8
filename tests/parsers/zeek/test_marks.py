"""Marks of TSV: what stands for unset, empty and escaped, and that it is looked for."""

from __future__ import annotations

import polars as pl
import pytest

from parsers.zeek.header import Header
from parsers.zeek.marks import Marks

ZEEKS, OTHER = Header(), Header(set_separator="|", empty="", unset="NIL")


@pytest.mark.parametrize(
    ("header", "data", "empty", "escaped"),
    [
        (ZEEKS, b"a\tb\n", False, False), (ZEEKS, b"(empty)\n", True, False),
        (ZEEKS, b"(emp\\x09\n", False, True), (OTHER, b"(empty)\t\n", False, False),
    ],
)  # fmt: skip
def test_what_occurs_is_told(header: Header, data: bytes, empty: bool, escaped: bool) -> None:
    assert Marks.of(header, data) == Marks(header, empty, escaped)


def test_text() -> None:
    text = pl.Series(["(empty)", None, "a\\x09", "-"])
    assert Marks(ZEEKS, empty=True, escaped=True).text(text).to_list() == ["", None, "a\t", "-"]
    assert Marks(OTHER, empty=False, escaped=False).text(text).to_list() == text.to_list()


@pytest.mark.parametrize(
    ("header", "text", "expected"),
    [
        (ZEEKS, ["a,b", None, "(empty)", "-,a"], [["a", "b"], None, [], [None, "a"]]),
        (ZEEKS, [None, None], [None, None]),
        (ZEEKS, ["(empty)"], [[]]),
        (ZEEKS, [], []),
        (OTHER, ["a|NIL", "", "a,b"], [["a", None], [], ["a,b"]]),
    ],
)
def test_lists(
    header: Header, text: list[str | None], expected: list[list[str | None] | None]
) -> None:
    series = pl.Series("x", text, dtype=pl.String)
    assert Marks(header, empty=True, escaped=True).lists(series).to_list() == expected
