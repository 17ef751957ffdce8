"""Errors: one line that says where, what was expected, what was found."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.errors import CutOff, Damaged, NotACapture, ParseError, looks_like, printable
from parsers.weirds import WEIRDS

LEAVES = [ParseError, NotACapture, CutOff, Damaged]


def test_an_error_is_one_line_with_place_expectation_and_finding() -> None:
    assert str(NotACapture("a.pcap", "a capture", "a zip archive")) == (
        "a.pcap: expected a capture, found a zip archive"
    )
    assert str(CutOff("a.pcap", "a whole record", "the end of the file", 40)) == (
        "a.pcap, byte offset 40: cut off in the middle: "
        "expected a whole record, found the end of the file"
    )


@pytest.mark.parametrize("leaf", LEAVES)
def test_errors_are_values_that_survive_pickling(leaf: type[ParseError]) -> None:
    error = leaf("a", "b", "c", 1)
    again = pickle.loads(pickle.dumps(error))
    assert again == error
    assert hash(again) == hash(error)
    assert (again.path, again.expected, again.found, again.offset) == ("a", "b", "c", 1)
    assert error != leaf("a", "b", "c", 2)
    assert len({other("a", "b", "c", 1) for other in LEAVES}) == len(LEAVES)


@pytest.mark.parametrize("leaf", [CutOff, Damaged])
def test_what_ends_the_reading_has_a_weird(leaf: type[ParseError]) -> None:
    assert leaf.weird in WEIRDS


def test_a_path_is_shown_without_acting_on_the_terminal() -> None:
    error = NotACapture("a\x1b[31m\nb\udcff é.pcap", "a capture", "text")
    assert str(error).startswith("a\\x1b[31m\\nb\\udcff é.pcap: expected")


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"", "nothing (it is empty)"),
        (b"\x1f\x8b\x08\x00rest", "gzip data (1f 8b 08 00 72 65 73 74)"),
        (b"\x28\xb5\x2f\xfd", "zstd data (28 b5 2f fd)"),
        (b"PK\x03\x04", "a zip archive (50 4b 03 04)"),
        (b"\x7fELF\x02", "an ELF program (7f 45 4c 46 02)"),
        (b"#separator \\x09\n\tx", 'text "#separator \\\\x09\\n\\tx"'),
        (b"a" * 100, f'text "{"a" * 32}"'),
        (b"\x00\x01\xffabcdefgh", "the bytes 00 01 ff 61 62 63 64 65"),
        (b"text and \x1b[31m", "the bytes 74 65 78 74 20 61 6e 64"),
    ],
)
def test_what_data_looks_like_is_said(data: bytes, found: str) -> None:
    assert looks_like(data) == found


@given(data=st.binary(max_size=50))
def test_whatever_is_found_is_short_and_safe_to_show(data: bytes) -> None:
    shown = looks_like(data)
    assert shown.isprintable()
    assert len(shown) <= 140


@given(text=st.text(max_size=50))
def test_printable_text_is_kept_and_all_other_is_escaped(text: str) -> None:
    assert printable(text).isprintable()
    assert not text.isprintable() or printable(text) == text
