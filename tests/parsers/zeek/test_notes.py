"""What is said about a log: everything counted, each kind said once, nothing a terminal acts on."""

from __future__ import annotations

from parsers.weirds import WEIRDS
from parsers.zeek.notes import Notes


def test_rows_are_counted_and_the_first_of_a_kind_is_said() -> None:
    notes = Notes("a.log")
    notes.passed_over("bad_time", 2, 7, "ts 'x'")
    notes.passed_over("bad_time", 3, 9)
    notes.passed_over("line_too_long", 1, 8)
    assert notes.weirds == {"bad_time": 5, "line_too_long": 1}
    assert notes.warnings == [
        f"a.log, line 7: first of the {WEIRDS['bad_time']}: ts 'x'",
        f"a.log, line 8: first of the {WEIRDS['line_too_long']}",
    ]


def test_what_is_said_is_safe_to_print() -> None:
    notes = Notes("a\x1b.log")
    notes.passed_over("bad_time", 1, 1, "\x1b[2J\n")
    assert notes.warnings[0].isprintable()
