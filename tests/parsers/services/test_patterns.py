from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.services.patterns import in_hex, regex, shows


def matches(pattern: str, *heads: bytes | None) -> list[bool]:
    frame = pl.DataFrame({"head": pl.Series(heads, dtype=pl.Binary)})
    return frame.select(shows(pattern, in_hex("head"))).to_series().to_list()


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("'SSH-'", b"SSH-2.0", b"ssh-2.0"),
        ("03 00", b"\x03\x00\x13", b"\x03\x01\x13"),
        ("03 ?? 13", b"\x03\xff\x13", b"\x03\x13"),
        ("[12]0 0?", b"\x20\x0f", b"\x30\x0f"),
        ("??{3} 01", b"abc\x01", b"ab\x01"),
        ("3[0-9]+ 2f", b"38400/", b"/"),
        ("( 'a' | 62 ) 'c'", b"bc", b"cc"),
        ("'a' * 'b'", b"a--b", b"a--c"),
        ("'a' $", b"a", b"ab"),
    ],
)
def test_a_token_means_what_is_documented(pattern, yes, no):
    assert matches(pattern, yes, no) == [True, False]


def test_a_pattern_begins_at_the_first_byte():
    assert matches("'SSH-'", b" SSH-") == [False]


def test_a_run_of_any_bytes_keeps_to_whole_bytes():
    # In hex, 12 34 holds "23", which is no byte of it.
    assert matches("* 23", b"\x12\x34", b"\x12\x23") == [False, True]


def test_nothing_and_null_match_only_the_empty_pattern():
    assert matches("'a'", b"", None) == [False, False]
    assert matches("", b"", None) == [True, True]


@pytest.mark.parametrize("pattern", ["SSH", "3", "'open", "0g", "{3}"])
def test_what_is_no_pattern_is_refused(pattern):
    with pytest.raises(ValueError, match="no token of a byte pattern"):
        regex(pattern)


@given(st.binary(min_size=1, max_size=128))
def test_bytes_match_themselves_and_not_others(head):
    changed = bytes([head[0] ^ 1]) + head[1:]

    assert matches(head.hex(" "), head, changed) == [True, False]
