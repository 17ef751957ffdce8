from __future__ import annotations

from parsers.services.commands import ROWS_MAX, TEXT_MAX, Commands
from parsers.services.parser import ORIG, RESP


def test_a_row_has_what_was_typed_and_what_came_back():
    rows: list = []
    found = Commands("shell", RESP, rows)
    found.typed(b"wget http://192.0.2.1/a", 7)
    found.shown(b"wget http://192.0.2.1/a\r\nsaved\r\nroot@host:/# ")
    found.end()

    assert rows == [
        (
            "command",
            {
                "ts": 7,
                "service": "shell",
                "typed_by": "resp",
                "command": "wget http://192.0.2.1/a",
                "output": "saved",
                "tells": ["download"],
            },
        )
    ]


def test_texts_are_bounded_and_bytes_written_out():
    rows: list = []
    found = Commands("ftp", ORIG, rows)
    found.typed(b"\xff" * 5000, 7)
    found.shown(b"y" * 100_000)
    found.end()
    ((_, row),) = rows

    assert len(row["command"]) == len(row["output"]) == TEXT_MAX
    assert row["command"].startswith("\\xff")


def test_rows_are_bounded_and_the_rest_is_counted():
    rows: list = []
    found = Commands("telnet", ORIG, rows)
    for number in range(ROWS_MAX + 7):
        found.typed(b"%d" % number, number)
    found.end()

    assert len(rows) == ROWS_MAX
    assert [row.get("unlisted") for _, row in rows[-2:]] == [None, 7]
