from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.packets.transport import TCP
from parsers.services.parser import NOTHING, ORIG, RESP
from parsers.services.recognition import recognise
from parsers.services.shell import HEAD_MAX, Shell, begins
from tests.parsers.services.terminal_talk import commands, cut, read

BASH = b"bash: no job control in this shell\n"
PROMPT = b"root@host:/# "
REVERSE = (
    (ORIG, BASH),
    (ORIG, PROMPT),
    (RESP, b"id\n"),
    (ORIG, b"id\nuid=0(root) gid=0(root)\n" + PROMPT),
    (RESP, b"cat /etc/shadow\n"),
    (ORIG, b"cat /etc/shadow\nroot:*:\n" + PROMPT),
)
SHELLS = (
    PROMPT,
    b"$ ",
    b"/ # ",
    b"bash-5.1$ ",
    b"[bob@host tmp]$ ",
    b"\r\nC:\\WINNT\\system32>",
    b"Microsoft Windows [Version 10.0.1]\r\n(c) Microsoft\r\n\r\nC:\\>",
    b"/bin/sh: 0: can't access tty; job control turned off\n$ ",
    b"PS C:\\Users\\bob> ",
)


def test_a_reverse_shell_is_typed_into_by_the_responder():
    parser = read(Shell(), REVERSE)

    assert commands(parser.rows) == [
        ("id", "uid=0(root) gid=0(root)"),
        ("cat /etc/shadow", "root:*:"),
    ]
    assert {row["typed_by"] for _, row in parser.rows} == {"resp"}
    assert parser.rows[1][1]["tells"] == ["credentials"]
    assert parser.confirmed_names() == []


@pytest.mark.parametrize("shown", SHELLS)
def test_a_shell_that_listens_is_typed_into_by_the_originator(shown):
    found, _ = recognise(b"dir\n", shown, TCP, 4444)
    assert found
    parser = read(found.parser(), ((RESP, shown), (ORIG, b"dir\n"), (RESP, b"a b\r\n" + shown)))

    assert [command for command, _ in commands(parser.rows)] == ["dir"]
    assert parser.rows[0][1]["typed_by"] == "orig"


def test_who_types_before_the_shell_speaks_is_found_by_its_words():
    said = ((RESP, b"id\n"), (ORIG, b"uid=33(www) gid=33(www)\n"))
    assert commands(read(Shell(), said).rows) == [("id", "uid=33(www) gid=33(www)")]


@given(cut(REVERSE))
def test_the_same_bytes_cut_otherwise_give_the_same_rows(pieces):
    assert read(Shell(), pieces).rows == read(Shell(), REVERSE).rows


@pytest.mark.parametrize(
    "said",
    [
        ((RESP, PROMPT), (ORIG, b"\x01\x02\x03\n")),
        ((RESP, PROMPT), (ORIG, b"GET / HTTP/1.1\n")),
        ((RESP, b"# A title\n"), (ORIG, b"next\n")),
        ((RESP, b"220 host ready\r\n$ "), (ORIG, b"USER x\r\n")),
        ((RESP, b"+OK ready\r\n"), (ORIG, b"USER x\r\n")),
        ((RESP, b"cost: 5$ "), (ORIG, b"ok\n")),
        ((RESP, PROMPT), (ORIG, b"x" * 600 + b"\n")),
        ((RESP, PROMPT),),
        ((ORIG, b"id\n"),),
    ],
)
def test_unless_both_sides_agree_nothing_is_said(said):
    assert read(Shell(), said).rows == []


def test_what_does_not_turn_out_as_a_shell_is_read_no_more():
    parser = Shell()
    parser.data(RESP, b"text\n" * HEAD_MAX, 1)
    assert parser.wants == [NOTHING, NOTHING]
    assert not parser._waiting


@pytest.mark.parametrize(
    ("orig", "resp", "is_shell"),
    [
        (BASH, b"id\n", True),
        (b"id\n", PROMPT, True),
        (b"ba", b"", None),
        (b"", PROMPT, None),
        (b"", b"", None),
        (b"\x16\x03", b"", False),
        (b"SSH-2.0-x\r\n", b"SSH-2.0-y\r\n", False),
        (b"a" * 100, b"b" * 100, None),
        (b"a" * 300, b"b" * 300, False),
    ],
)
def test_a_prompt_and_a_line_begin_it(orig, resp, is_shell):
    assert begins(orig, resp) is is_shell


@given(st.lists(st.tuples(st.sampled_from((ORIG, RESP)), st.binary(max_size=40)), max_size=12))
def test_whatever_comes_is_met(pieces):
    read(Shell(), [*REVERSE[:4], *pieces])
    read(Shell(), pieces)
