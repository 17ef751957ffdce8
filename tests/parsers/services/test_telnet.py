from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.services.parser import NOTHING, ORIG, RESP
from parsers.services.telnet import Telnet, begins
from tests.parsers.services.terminal_talk import commands, cut, logons, read

DO, DONT_ECHO = b"\xff\xfd\x18", b"\xff\xfe\x01"
SESSION = (
    (RESP, b"\xff\xfd\x18\xff\xfd\x20"),
    (ORIG, b"\xff\xfb\x18\xff\xfc\x20"),
    (RESP, b"\xff\xfa\x18\x01\xff\xf0"),
    (ORIG, b"\xff\xfa\x18\x00xterm\xff\xff\xff\xf0"),
    (RESP, b"\xff\xfb\x01\r\nhost login: "),
    (ORIG, b"root\r\x00"),
    (RESP, b"root\r\nPassword: "),
    (ORIG, b"hunter2\r\x00"),
    (RESP, b"\r\nLogin incorrect\r\nhost login: "),
    (ORIG, b"root\r\x00"),
    (RESP, b"root\r\nPassword: "),
    (ORIG, b"hunter3\r\x00"),
    (RESP, b"\r\nLast login: Mon Nov 23\r\nroot@host:~# "),
    (ORIG, b"uname -n\r\x00"),
    (RESP, b"uname -n\r\nhost\r\nroot@host:~# "),
)


def test_a_session_gives_its_logons_and_commands():
    parser = read(Telnet(), SESSION)

    assert logons(parser.rows) == [
        ("root", "password", "failed"),
        ("root", "password", "success"),
    ]
    assert commands(parser.rows) == [("uname -n", "host")]
    assert "hunter" not in str(parser.rows)


@given(cut(SESSION))
def test_the_same_bytes_cut_otherwise_give_the_same_rows(pieces):
    assert read(Telnet(), pieces).rows == read(Telnet(), SESSION).rows


def test_what_is_typed_key_by_key_is_a_line():
    keys = [(side, bytes((key,))) for key in b"id" for side in (ORIG, RESP)]
    said = (*SESSION[:13], *keys, (ORIG, b"\r\x00"), (RESP, b"\r\nuid=0(root)\r\nroot@host:~# "))

    assert commands(read(Telnet(), said).rows) == [("id", "uid=0(root)")]


def test_zeek_has_no_name_for_it():
    assert read(Telnet(), SESSION).confirmed_names() == []


def test_an_escaped_byte_is_text():
    said = (*SESSION[:13], (ORIG, b"echo \xff\xff\r\n"), (RESP, b"\r\n# "))
    assert commands(read(Telnet(), said).rows) == [("echo \\xff", None)]


@pytest.mark.parametrize(
    "leaves",
    [b"\xff\xfa\x26\x03\x00\xff\xf0", b"\xff\xfa\x2e\x01\xff\xf0", b"\xff\xef"],
    ids=["encrypted", "TLS", "block terminal"],
)
def test_where_text_ends_the_reading_ends(leaves):
    parser = Telnet()
    for side, octets in (*SESSION, (RESP, leaves), (ORIG, b"id\r\n")):
        parser.data(side, octets, 1)

    assert parser.wants == [NOTHING, NOTHING]
    assert commands(parser.rows) == [("uname -n", "host")]


def test_a_hole_ends_the_reading_since_a_prompt_may_be_in_it():
    parser = Telnet()
    for side, octets in SESSION:
        parser.data(side, octets, 1)
    parser.gap(RESP, 10, 2)

    assert parser.failed == "content_gap"
    assert commands(parser.rows) == [("uname -n", "host")]


@pytest.mark.parametrize(
    ("orig", "resp", "is_telnet"),
    [
        (DO, DO, True),
        (DO, b"login: ", True),
        (b"root\r\n", b"\r\nhost login: ", True),
        (b"root\r\n", b"User name:", True),
        (b"", b"\r\nwelcome", None),
        (b"\xff", b"", None),
        (b"\xff\xf0", b"", False),
        (b"\xff\xfd\x18", b"\x00\x01\x02", False),
        (b"GET /\r\n", b"\x16\x03\x01", False),
        (b"root\r\n", b"x" * 256, False),
    ],
)
def test_options_or_a_prompt_begin_it(orig, resp, is_telnet):
    assert begins(orig, resp) is is_telnet


@given(st.lists(st.tuples(st.sampled_from((ORIG, RESP)), st.binary(max_size=40)), max_size=12))
def test_whatever_comes_is_met(pieces):
    read(Telnet(), [*SESSION[:13], *pieces])
    read(Telnet(), pieces)


@pytest.mark.parametrize("end", range(len(SESSION)))
def test_a_session_may_end_anywhere(end):
    assert not read(Telnet(), [*SESSION[:end], (SESSION[end][0], SESSION[end][1][:3])]).failed
