from __future__ import annotations

import pytest

from parsers.services import terminal
from parsers.services.parser import ORIG
from parsers.services.terminal import Terminal, edited
from tests.parsers.services.terminal_talk import commands, logons


def session(*said: tuple[str, bytes], **options) -> list:
    rows: list = []
    found = Terminal("telnet", ORIG, rows, **options)
    for who, octets in said:
        if who == "types":
            found.typed(octets, 1)
        else:
            found.printed(octets)
    found.end()
    return rows


LOGIN = (("prints", b"login: "), ("types", b"bob\r\n"), ("prints", b"bob\r\nPassword: "))
TRIES = (*LOGIN, ("types", b"secret\r\n"))
AGAIN = ("prints", b"\r\n")
ASKS = ("prints", b"Password: ")


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (b"\r\nLogin incorrect\r\n", "failed"),
        (b"\r\n% Access denied\r\n", "failed"),
        (b"\r\nlogin: ", "failed"),
        (b"\r\nPassword: ", "failed"),
        (b"\r\nLast login: today\r\n", "success"),
        (b"\r\nRouter>", "success"),
        (b"\r\n[bob@host ~]$ ", "success"),
        (b"\r\nwelcome to the host", "unknown"),
        (b"", "unknown"),
    ],
)
def test_the_answer_decides_the_logon(answer, outcome):
    assert logons(session(*TRIES, ("prints", answer))) == [("bob", "password", outcome)]


def test_a_second_question_that_differs_is_no_refusal():
    said = (
        *TRIES,
        ("prints", b"\r\nVerification code: "),
        ("types", b"1\r\n"),
        ("prints", b"\n$ "),
    )
    assert logons(session(*said)) == [("bob", "password", "success")]


def test_a_name_alone_is_a_logon_where_it_is_let_in():
    assert logons(session(*LOGIN[:2], ("prints", b"bob\r\n$ "))) == [("bob", "none", "success")]
    assert logons(session(*LOGIN[:2], ("prints", b"bob\r\n"))) == []


def test_a_password_without_a_name_is_of_nobody():
    said = (("prints", b"Password: "), ("types", b"x\r\n"), ("prints", b"\r\nRouter>"))
    assert logons(session(*said)) == [(None, "password", "success")]


@pytest.mark.parametrize(
    "said",
    [
        (*TRIES, ("prints", b"\n$ ")),
        (("prints", b"login: "), ("types", b"bob\r\nsecret\r\n"), ("prints", b"\n$ ")),
        (("types", b"bob\r\nsecret\r\n"), ("prints", b"login: Password: \n$ ")),
        (*LOGIN[:2], ("prints", b"bob\r\n"), ("types", b"secret\r\n"), ("prints", b"\n$ ")),
        (("prints", b"$ "), ("types", b"sudo id\nsecret\n")),
        (("prints", b"$ "), ("types", b"su -\n"), ASKS, ("types", b"secret\n")),
        (("prints", b"$ "), ("types", b"x\n"), ("prints", b"Contrase\xc3\xb1a: "),
         ("types", b"secret\n")),
    ],
)  # fmt: skip
def test_a_password_is_never_kept(said):
    rows = session(*said, ("types", b"id\n"))
    assert "secret" not in str(rows)


def test_lines_before_anybody_is_let_in_are_no_commands():
    assert session(("prints", b"hello\r\n"), ("types", b"one\r\ntwo\r\n")) == []


def test_commands_that_are_typed_ahead_are_told():
    rows = session(("prints", b"# "), ("types", b"cd /tmp\nls\n"), ("prints", b"a b\n# "))
    assert commands(rows) == [("cd /tmp", None), ("ls", "a b")]


def test_a_line_that_the_server_completed_is_taken_from_its_echo():
    said = (("prints", b"bob@host:~$ "), ("types", b"cat fi\t"), ("prints", b"cat file.txt"),
            ("types", b"\r"), ("prints", b"\r\nhello\r\n"))  # fmt: skip
    assert commands(session(*said)) == [("cat file.txt", "hello")]


def test_keys_that_erase_do_so():
    assert edited(b"lx\x7fs") == b"ls"
    assert edited(b"rm all\x15id") == b"id"
    assert edited(b"one two\x17three") == b"one three"
    assert edited(b"\x7f\x08a") == b"a"
    assert edited(b"plain") == b"plain"


def test_colours_and_titles_are_no_text():
    said = (("prints", b"\x1b]0;title\x07\x1b[1;32mbob@host\x1b[0m:~$ "), ("types", b"ls\r"),
            ("prints", b"ls\r\n\x1b[34mdir\x1b[0m\r\n\x1b[1mbob@host:~$ "))  # fmt: skip
    assert commands(session(*said)) == [("ls", "dir")]


def test_attempts_are_bounded(monkeypatch):
    monkeypatch.setattr(terminal, "LOGONS_MAX", 3)
    assert len(logons(session(*(each for _ in range(9) for each in (*TRIES, AGAIN))))) == 3


def test_reading_is_bounded(monkeypatch):
    monkeypatch.setattr(terminal, "READ_MAX", 10)
    found = Terminal("telnet", ORIG, [], is_in=True)
    found.printed(b"x" * 9)
    assert not found.is_enough
    found.typed(b"ls\nid\n", 1)
    assert found.is_enough
    assert len(found._line) <= 1
