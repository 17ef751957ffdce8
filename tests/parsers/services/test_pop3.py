from __future__ import annotations

import pytest

from parsers.services.dialogue import VIOLATIONS_COUNT_UNTIL
from parsers.services.parser import NOTHING, ORIG, RESP
from parsers.services.pop3 import Pop3, begins

GREETING, OK = (RESP, b"+OK ready\r\n"), (RESP, b"+OK\r\n")
LOGIN = (GREETING, (ORIG, b"USER me\r\n"), OK, (ORIG, b"PASS secret\r\n"), OK)


def replay(*said: tuple[int, bytes]) -> Pop3:
    parser = Pop3()
    for side, octets in said:
        parser.data(side, octets, 0)
    return parser


@pytest.mark.parametrize("command", [b"USER me\r\n", b"user me\r\n", b"CAPA\r\n", b"STLS\r\n"])
def test_an_accepted_command_confirms_it(command):
    assert not replay(GREETING, (ORIG, command)).confirmed
    assert not replay(GREETING, (ORIG, command), (RESP, b"-ERR no\r\n")).confirmed
    assert replay(GREETING, (ORIG, command), OK).confirmed


def test_the_greeting_answers_no_command():
    assert not replay((ORIG, b"USER me\r\n"), GREETING).confirmed
    assert replay((ORIG, b"USER me\r\n"), GREETING, OK).confirmed
    assert not replay((ORIG, b"USER me\r\n"), (RESP, b"-ERR busy\r\n"), OK).confirmed


def test_an_unknown_reply_takes_it_back():
    parser = replay(*LOGIN, (ORIG, b"STAT\r\n"), (RESP, b"+\r\n"))
    assert (parser.confirmed, parser.failed) == (False, "unknown_reply")


@pytest.mark.parametrize("command", [b"RETR 1\r\n", b"TOP 1 1\r\n", b"LIST\r\n", b"UIDL\r\n"])
def test_a_list_may_say_anything_up_to_a_dot(command):
    said = (*LOGIN, (ORIG, command), OK, (RESP, b"what?\r\n..\r\n-ERR\r\n.\r\n"))
    assert not replay(*said).failed
    assert replay(*said, (RESP, b"what?\r\n")).failed == "unknown_reply"


def test_one_of_a_list_is_no_list():
    assert replay(*LOGIN, (ORIG, b"LIST 1\r\n"), OK, (RESP, b"what?\r\n")).failed


def test_what_is_said_while_a_client_authenticates_is_no_command():
    asks = (GREETING, (ORIG, b"AUTH PLAIN\r\n"), (RESP, b"+ \r\n"), (ORIG, b"STLS\r\n"))
    parser = replay(*asks, OK)
    assert (parser.failed, parser.tls_begins) == ("", False)


def test_after_a_login_only_a_little_is_read():
    parser = replay(*LOGIN)
    parser.data(RESP, b"x" * VIOLATIONS_COUNT_UNTIL, 0)
    assert parser.wants == [NOTHING, NOTHING]
    assert parser.confirmed


def test_it_begins_with_a_greeting_and_a_command():
    assert begins(b"USER me\r\n", b"+OK ready\r\n") is True
    assert begins(b"capa\r\n", b"+OK\r\n") is True
    assert begins(b"", b"+OK ready\r\n") is None
    assert begins(b"USE", b"+O") is None


@pytest.mark.parametrize(
    ("orig", "resp"),
    [
        (b"USER me\r\n", b"+OL ready\r\n"),
        (b"USER me\r\n", b"-OK ready\r\n"),
        (b"USES me\r\n", b"+OK ready\r\n"),
        (b"USER me\r\n", b"220 ready\r\n"),
    ],
)
def test_near_misses_are_refused(orig, resp):
    assert begins(orig, resp) is False
