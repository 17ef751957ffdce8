from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.services.parser import ORIG, RESP
from parsers.services.rlogin import Rlogin, begins
from tests.parsers.services.terminal_talk import commands, cut, logons, read

NAMES = b"\0alice\0root\0xterm/38400\0"
WINDOW = b"\xff\xffss" + bytes(8)
SESSION = (
    (ORIG, NAMES),
    (RESP, b"\0"),
    (ORIG, WINDOW),
    (RESP, b"Password: "),
    (ORIG, b"hunter2\r"),
    (RESP, b"\r\nLast login: Mon\r\nroot@host:~# "),
    (ORIG, b"i" + WINDOW + b"d\r"),
    (RESP, b"id\r\nuid=0(root)\r\nroot@host:~# "),
)


def test_a_session_gives_its_logon_and_commands():
    parser = read(Rlogin(), SESSION)

    assert logons(parser.rows) == [("root", "password", "success")]
    assert commands(parser.rows) == [("id", "uid=0(root)")]
    assert "hunter" not in str(parser.rows)
    assert parser.confirmed_names() == []


@given(cut(SESSION))
def test_the_same_bytes_cut_otherwise_give_the_same_rows(pieces):
    assert read(Rlogin(), pieces).rows == read(Rlogin(), SESSION).rows


def test_a_client_that_is_trusted_needs_no_password():
    said = (*SESSION[:2], (RESP, b"root@host:~# "), (ORIG, b"ls\r"))
    parser = read(Rlogin(), said)

    assert logons(parser.rows) == [("root", "none", "success")]
    assert commands(parser.rows) == [("ls", None)]


@pytest.mark.parametrize(
    ("orig", "resp", "is_rlogin"),
    [
        (NAMES, b"\0", True),
        (NAMES, b"", None),
        (NAMES[:9], b"", None),
        (b"", b"", None),
        (NAMES, b"\1", False),
        (NAMES.replace(b"/", b"-"), b"\0", None),
        (b"\1" + NAMES, b"\0", False),
        (b"\0" + b"a" * 200, b"\0", False),
    ],
)
def test_names_and_a_zero_begin_it(orig, resp, is_rlogin):
    assert begins(orig, resp) is is_rlogin


@given(st.lists(st.tuples(st.sampled_from((ORIG, RESP)), st.binary(max_size=40)), max_size=12))
def test_whatever_comes_is_met(pieces):
    read(Rlogin(), [*SESSION[:2], *pieces])
    read(Rlogin(), pieces)
