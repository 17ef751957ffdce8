"""Blocks of lines: numbers, long lines, and bytes that are no text."""

from __future__ import annotations

import gzip
import io
from typing import cast

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.capture.content import Content
from parsers.zeek.lines import LONGEST, LineReader, Lines, Part, as_utf8
from parsers.zeek.notes import Notes
from tests.zeek_logs import Dripping


def blocks(data: bytes, *, block: int = 64, drip: int = 64) -> tuple[list[Lines], Notes]:
    notes = Notes("x.log")
    reader = LineReader(Content("x.log", Dripping(data, drip), None), notes, block)
    return list(reader), notes


@given(
    lines=st.lists(st.binary(max_size=40).map(lambda line: line.translate(None, b"\r\n"))),
    block=st.integers(1, 200),
    drip=st.integers(1, 200),
)
def test_any_size_of_reads_gives_the_same_lines(lines: list[bytes], block: int, drip: int) -> None:
    data = b"".join(line + b"\n" for line in lines)
    if (
        data.startswith((b"\xef\xbb\xbf", b"\x1f\x8b", b"\x28\xb5\x2f\xfd"))
        or b"\x2a\x4d\x18" in data
    ):
        return
    found, notes = blocks(data, block=block, drip=drip)
    assert b"".join(part.data for part in found) == data
    assert all(part.count == part.data.count(b"\n") for part in found)
    assert [part.first for part in found] == [
        1 + sum(part.count for part in found[:place]) for place in range(len(found))
    ]
    assert not notes.weirds


@pytest.mark.parametrize("size", [LONGEST - 1, LONGEST, 5 * LONGEST, 100 * LONGEST])
@pytest.mark.parametrize("block", [1 << 16, 8 << 20])
@pytest.mark.parametrize("ended", [True, False])
def test_a_line_over_1_mib_is_passed_over_and_counted(size: int, block: int, ended: bool) -> None:
    data = b"a\n" + b"x" * size + (b"\nb\nc\n" if ended else b"")
    found, notes = blocks(data, block=block, drip=1 << 20)
    left = b"".join(part.data for part in found)
    if size < LONGEST or (size == LONGEST and not ended):
        assert not notes.weirds
        assert len(left) == len(data) + (not ended)
        return
    assert notes.weirds == {"line_too_long": 1}
    assert "line 2" in notes.warnings[0]
    assert left == (b"a\nb\nc\n" if ended else b"a\n")
    if ended:
        assert found[-1].first + found[-1].count == 5


def test_a_hundred_mib_without_an_end_takes_bounded_memory() -> None:
    import tracemalloc

    packed = gzip.compress(b"#fields\n" + b"x" * (100 << 20), 1)
    tracemalloc.start()
    content = Content("x", cast("io.RawIOBase", io.BytesIO(packed)), len(packed))
    assert [part.data for part in LineReader(content, Notes("x"), 1 << 20)] == [b"#fields\n"]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 12 << 20


def test_the_head_stays_there_for_reading() -> None:
    reader = LineReader(Content("x", Dripping(b"\xef\xbb\xbfa\nb", 2), None), Notes("x"), 1)
    assert reader.head() == b"a\nb"
    assert [(part.data, part.first, part.cut) for part in reader] == [
        (b"a\n", 1, False),
        (b"b\n", 2, True),
    ]


def test_nothing_gives_nothing() -> None:
    assert blocks(b"")[0] == []
    assert blocks(b"\xef\xbb\xbf")[0] == []


@pytest.mark.parametrize(
    ("data", "expected"),
    [(b"a", b"a"), ("ä€".encode(), "ä€".encode()), (b"\xff\xc3a", b"\\xff\\xc3a"), (b"", b"")],
)
def test_bytes_that_are_no_utf8_are_written_out(data: bytes, expected: bytes) -> None:
    assert as_utf8(data, b"\\x") == expected


def test_lines_are_picked() -> None:
    part = Part(b"a\n\nbc\nd\n", pl.Series([5, 6, 7, 9]))
    picked = part.only(pl.Series([True, False, True, False]))
    assert (picked.data, picked.numbers.to_list()) == (b"a\nbc\n", [5, 7])
    assert part.lines() == [b"a", b"", b"bc", b"d"]
