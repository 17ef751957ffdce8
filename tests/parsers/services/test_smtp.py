from __future__ import annotations

import pytest

from parsers.services.dialogue import VIOLATIONS_COUNT_UNTIL
from parsers.services.parser import NOTHING, ORIG, RESP
from parsers.services.smtp import Smtp, begins

GREETING = (RESP, b"220 mail.example ESMTP\r\n")
HELLO = (ORIG, b"EHLO me\r\n")


def replay(*said: tuple[int, bytes]) -> Smtp:
    parser = Smtp()
    for side, octets in said:
        parser.data(side, octets, 0)
    return parser


def test_a_command_of_the_client_confirms_it():
    assert not replay(GREETING).confirmed
    assert not replay(GREETING, (ORIG, b"GET / HTTP/1.1\r\n")).confirmed
    assert replay(GREETING, (ORIG, b"helo me\r\n")).confirmed


@pytest.mark.parametrize("reply", [b"hello\r\n", b"22 \r\n", b"099 \r\n", b"600 \r\n", b"\r\n"])
def test_a_reply_without_a_number_takes_it_back(reply):
    parser = replay(GREETING, HELLO, (RESP, reply))
    assert (parser.confirmed, parser.failed) == (False, "unknown_reply")


def test_the_answers_are_counted_where_the_client_does_not_wait():
    asks = (ORIG, b"EHLO me\r\nNOOP\r\nSTARTTLS\r\n")
    parser = replay(asks, GREETING, (RESP, b"250-me\r\n250 STARTTLS\r\n220 noop?\r\n"))
    assert not parser.tls_begins
    parser.data(RESP, b"220 go\r\n", 0)
    assert parser.tls_begins


def test_a_capture_without_the_greeting_is_read_too():
    parser = replay(HELLO, (RESP, b"250 me\r\n"), (ORIG, b"STARTTLS\r\n"), (RESP, b"220 go\r\n"))
    assert parser.tls_begins


def test_exchange_has_a_word_of_its_own():
    assert replay(GREETING, (ORIG, b"X-AnonymousTLS\r\n"), (RESP, b"220 go\r\n")).tls_begins


@pytest.mark.parametrize(
    "mail", [[(ORIG, b"DATA\r\n"), (RESP, b"354 go\r\n")], [(ORIG, b"BDAT 99999\r\n")]]
)
def test_of_a_mail_only_a_little_is_read(mail):
    parser = replay(GREETING, HELLO, (RESP, b"250 me\r\n"), *mail)
    parser.data(ORIG, b"STARTTLS\r\n", 0)
    parser.data(RESP, b"220 go\r\n", 0)
    assert not parser.tls_begins
    parser.data(ORIG, b"x" * VIOLATIONS_COUNT_UNTIL, 0)
    assert parser.wants == [NOTHING, NOTHING]
    assert parser.confirmed


def test_it_begins_with_a_greeting_of_each_side():
    assert begins(b"EHLO me\r\n", b"220 mail\r\n") is True
    assert begins(b"helo me\r\n", b"220-mail\r\n") is True
    assert begins(b"", b"220 mail\r\n") is None
    assert begins(b"EHLO me\r\n", b"") is None
    assert begins(b"EHL", b"22") is None


@pytest.mark.parametrize(
    ("orig", "resp"),
    [
        (b"EHLO me\r\n", b"221 mail\r\n"),
        (b"EHLO me\r\n", b"220x mail\r\n"),
        (b"EHLP me\r\n", b"220 mail\r\n"),
        (b"EHLOme\r\n", b"220 mail\r\n"),
        (b"USER me\r\n", b"220 ftp\r\n"),
        (b"", b"SSH-"),
    ],
)
def test_near_misses_are_refused(orig, resp):
    assert begins(orig, resp) is False
