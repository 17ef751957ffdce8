"""Header lines and escapes."""

from __future__ import annotations

import pytest

from parsers.schema import TABLES
from parsers.zeek.header import RENAMED, Header, plain, spellings


def read(*lines: str) -> Header:
    header = Header()
    for line in lines:
        header = header.with_line(line.encode() + b"\n")
    return header


def test_a_header_says_how_rows_are_written() -> None:
    header = read(
        "#separator \\x2c", "#set_separator,\\x3b", "#empty_field,", "#unset_field,NIL",
        "#path,conn", "#open,2026", "#fields,ts,uid", "#types,time,string", "#close,2026",
    )  # fmt: skip
    assert header == Header(",", ";", "", "NIL", "conn", ("ts", "uid"), ("time", "string"))


def test_what_is_not_said_is_as_zeek_has_it() -> None:
    assert read("#fields\tts") == Header("\t", ",", "(empty)", "-", "", ("ts",), ())


def test_a_separator_begins_a_header_anew_and_fields_forget_their_types() -> None:
    assert read("#path\tconn", "#fields\tts", "#separator \\x09") == Header()
    assert read("#fields\tts", "#types\ttime", "#fields\tuid").types == ()


@pytest.mark.parametrize("line", ["#", "##", "# fields\tts", "#fieldsx\tts", "#open", "#\xff"])
def test_other_lines_say_nothing(line: str) -> None:
    assert read(line) == Header()


def test_places_of_columns() -> None:
    header = read("#fields\tx\tid_orig_h\tts\tid.orig_h")
    assert {at: column.name for at, column in header.columns("conn").items()} == {
        2: "ts",
        3: "orig_h",
    }


@pytest.mark.parametrize("table", RENAMED)
def test_renamed_columns_are_of_today_and_old_names_are_not(table: str) -> None:
    names = {column.zeek for column in TABLES[table]}
    assert names >= set(RENAMED[table].values())
    assert not names & RENAMED[table].keys()
    assert RENAMED[table].keys() <= spellings(table).keys()


@pytest.mark.parametrize(
    ("text", "expected"),
    [("\\x09", "\t"), ("\\\\x09", "\\x09"), ("\\\\\\x09", "\\\t"), ("\\xC3\\xA4", "ä"),
     ("\\xff", "\\xff"), ("\\x0", "\\x0"), ("\\n", "\\n"), ("", "")],
)  # fmt: skip
def test_escapes(text: str, expected: str) -> None:
    assert plain(text) == expected
