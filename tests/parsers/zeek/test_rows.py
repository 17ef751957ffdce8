"""Rows that are delivered: which columns, and what is left out."""

from __future__ import annotations

import polars as pl

from parsers.schema import TABLES, polars_schema
from parsers.zeek.notes import Notes
from parsers.zeek.rows import Rows

LINES = pl.Series([7, 9], dtype=pl.Int64)


def test_only_what_logs_have_is_parsed() -> None:
    rows = Rows(
        "x", {"conn": ["file", "ts", "orig_head", "nothing"], "no table": ["ts"]}, Notes("x")
    )
    assert [column.name for column in rows.columns("conn")] == ["ts"]
    assert rows.wants("conn")
    assert not rows.wants("ssh")
    assert not rows.wants("no table")


def test_missing_columns_are_null_and_the_place_is_told() -> None:
    rows = Rows("a.log", {"ssh": ["client", "line", "auth_attempts", "file"]}, Notes("a.log"))
    made = rows.made("ssh", pl.DataFrame({"client": ["SSH-2.0-x", None]}), LINES)
    assert made.columns == ["auth_attempts", "client", "file", "line"]
    assert made.rows() == [(None, "SSH-2.0-x", "a.log", 7), (None, None, "a.log", 9)]
    assert made.schema["auth_attempts"] == pl.Int64


def test_everything_of_a_table() -> None:
    made = Rows("x", None, Notes("x")).made("dns", pl.DataFrame({"ts": ["1", "2"]}), LINES)
    assert dict(made.schema) == polars_schema(TABLES["dns"])


def test_a_bad_row_is_left_out_with_its_line() -> None:
    notes = Notes("x")
    rows = Rows("x", {"ssh": ["ts", "line"]}, notes)
    made = rows.made("ssh", pl.DataFrame({"ts": ["never", "2"]}), LINES)
    assert made["line"].to_list() == [9]
    assert notes.weirds == {"bad_time": 1}
    assert "line 7" in notes.warnings[0]
    assert "'never'" in notes.warnings[0]
    rows.made("ssh", pl.DataFrame({"ts": ["2", "never"]}), LINES, cut=True)
    assert notes.weirds == {"bad_time": 1, "cut_off_row": 1}


def test_columns_that_were_seen_add_up() -> None:
    rows = Rows("x", None, Notes("x"))
    rows.saw("ssh", {"ts"})
    rows.saw("ssh", {"client"})
    assert rows.seen == {"ssh": {"ts", "client"}}
