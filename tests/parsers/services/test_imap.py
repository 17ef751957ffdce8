from __future__ import annotations

import pytest

from parsers.services.imap import Imap, begins
from parsers.services.parser import NOTHING, ORIG, RESP

GREETING = (RESP, b"* OK ready\r\n")


def replay(*said: tuple[int, bytes]) -> Imap:
    parser = Imap()
    for side, octets in said:
        parser.data(side, octets, 0)
    return parser


def test_the_greeting_confirms_it():
    assert replay(GREETING).confirmed
    assert not replay((RESP, b"* BYE busy\r\n")).confirmed


def test_a_client_that_asks_confirms_it():
    assert replay((ORIG, b"a1 CAPABILITY\r\n")).confirmed
    assert not replay((ORIG, b"a1 NOOP\r\n")).confirmed


@pytest.mark.parametrize("line", [b"AHNlY3JldA==\r\n", b"+ \r\n", b"+\r\n", b" a1 NOOP\r\n"])
def test_a_line_of_one_word_takes_it_back(line):
    parser = replay(GREETING, (ORIG, line))
    assert (parser.confirmed, parser.failed) == (False, "unknown_line")


def test_behind_a_login_in_small_letters_nothing_is_wanted():
    assert replay(GREETING, (ORIG, b"a1 LOGIN me secret\r\n")).wants == [0, 0]
    parser = replay((ORIG, b"a1 login me secret\r\n"))
    assert parser.wants == [NOTHING, NOTHING]
    assert parser.confirmed


def test_only_the_answer_with_its_tag_accepts_tls():
    asks = (GREETING, (ORIG, b"a1 starttls\r\n"), (RESP, b"* OK wait\r\na2 OK what\r\n"))
    assert not replay(*asks).tls_begins
    assert replay(*asks, (RESP, b"a1 ok go\r\n")).tls_begins


def test_it_begins_with_the_greeting():
    assert begins(b"", b"* OK ready\r\n") is True
    assert begins(b". CAPABILITY\r\n", b"* OK ready\r\n") is True
    assert begins(b".", b"* OK ready\r\n") is True
    assert begins(b"", b"* O") is None
    assert begins(b"a1 CAPABILITY\r\n", b"") is None


@pytest.mark.parametrize(
    ("orig", "resp"),
    [
        (b"", b"* OL ready\r\n"),
        (b"", b"*  OK ready\r\n"),
        (b"", b"* OKAY\r\n"),
        (b"", b"+OK ready\r\n"),
        (b"CAPABILITY\r\n", b"* OK ready\r\n"),
        (b"\x16\x03\x01", b"* OK ready\r\n"),
    ],
)
def test_near_misses_are_refused(orig, resp):
    assert begins(orig, resp) is False
