from __future__ import annotations

import pytest

from parsers.services.ftp import ANY_COMMAND, Ftp, begins
from parsers.services.parser import ORIG, RESP

GREETING = (RESP, b"220 ready\r\n")


def replay(*said: tuple[int, bytes]) -> Ftp:
    parser = Ftp()
    for side, octets in said:
        parser.data(side, octets, 0)
    return parser


def test_a_command_of_the_client_confirms_it():
    assert not replay(GREETING).confirmed
    assert replay(GREETING, (ORIG, b"USER me\r\n")).confirmed
    assert replay(GREETING, (ORIG, b"  PWD\r\n")).confirmed


@pytest.mark.parametrize(
    "line", [b"US\r\n", b"\xff\xfe\xfd\xfc me\r\n", b"U" * 101 + b"\r\n", b"\n"]
)
def test_what_is_no_command_confirms_nothing(line):
    assert not replay(GREETING, (ORIG, line)).confirmed


@pytest.mark.parametrize("reply", [b"hello\r\n", b"099 x\r\n", b"2200\r\n", b"22\r\n"])
def test_a_reply_without_a_number_takes_it_back(reply):
    parser = replay(GREETING, (ORIG, b"USER me\r\n"), (RESP, reply))
    assert (parser.confirmed, parser.failed) == (False, "unknown_reply")


def test_a_reply_of_several_lines_may_say_anything():
    reply = b"230-hello\r\nwhat?\r\n\r\n230-more\r\n999 x\r\n230 done\r\n\r\n200\r\n"
    assert not replay(GREETING, (ORIG, b"USER me\r\n"), (RESP, reply)).failed


def test_a_transfer_is_answered_twice():
    said = (GREETING, (ORIG, b"LIST\r\n"), (RESP, b"150 wait\r\n226 done\r\n"))
    assert replay(*said, (ORIG, b"AUTH TLS\r\n"), (RESP, b"234 go\r\n")).tls_begins


def test_the_answers_are_counted_where_the_client_does_not_wait():
    said = ((ORIG, b"FEAT\r\nAUTH TLS\r\n"), GREETING, (RESP, b"234 feat?\r\n"))
    assert not replay(*said).tls_begins
    assert replay(*said, (RESP, b"234 go\r\n")).tls_begins


def test_other_mechanisms_are_no_tls():
    said = (GREETING, (ORIG, b"AUTH GSSAPI\r\n"), (RESP, b"234 go\r\n"))
    assert not replay(*said).tls_begins


def test_it_begins_with_a_greeting_and_a_command():
    assert begins(b"USER me\r\n", b"220 ready\r\n") is True
    assert begins(b"AUTH TLS\r\n", b"220-ready\r\n") is True
    assert begins(b"user me\r\n", b"120 wait\r\n") is True
    assert begins(b"", b"220 ready\r\n") is None
    assert begins(b"USE", b"") is None


@pytest.mark.parametrize("end", range(4, 11))
def test_auth_names_a_mechanism_of_ftp_and_not_of_smtp(end):
    greeting = b"220 ready\r\n"
    assert begins(b"AUTH TLS\r\n"[:end], greeting) is (True if end > 8 else None)
    assert begins(b"AUTH LOGIN\r\n", greeting) is False
    assert begins(b"auth gssapi\r\n", greeting) is True


def test_on_its_port_any_command_may_come_first():
    assert ANY_COMMAND.match(b"PASV\r\n")
    assert ANY_COMMAND.match(b"retr file\r\n")
    assert not ANY_COMMAND.match(b"EHLO me\r\n")
    assert not ANY_COMMAND.match(b"PASSE\r\n")


@pytest.mark.parametrize(
    ("orig", "resp"),
    [
        (b"USER me\r\n", b"221 ready\r\n"),
        (b"USER me\r\n", b"220: ready\r\n"),
        (b"USES me\r\n", b"220 ready\r\n"),
        (b"EHLO me\r\n", b"220 ready\r\n"),
        (b"USER me\r\n", b"+OK ready\r\n"),
    ],
)
def test_near_misses_are_refused(orig, resp):
    assert begins(orig, resp) is False


def expected(*said: tuple[int, bytes]) -> list[tuple[int, bytes, int]]:
    return [(one.opener, one.host, one.port) for one in replay(GREETING, *said).expects]


@pytest.mark.parametrize(
    ("argument", "host"),
    [
        (b"PORT 10,0,0,1,4,1", b"\x0a\0\0\1"),
        (b"EPRT |1|10.0.0.1|1025|", b"\x0a\0\0\1"),
        (b"EPRT !2!::1!1025!", bytes(15) + b"\1"),
    ],
)
def test_the_client_says_where_the_server_connects_to(argument, host):
    assert expected((ORIG, argument + b"\r\n")) == [(RESP, host, 1025)]


@pytest.mark.parametrize(
    ("command", "reply", "host"),
    [
        (b"PASV", b"227 Entering (10,0,0,1,4,1).", b"\x0a\0\0\1"),
        (b"PASV", b"227 10,0,0,1,4,1", b"\x0a\0\0\1"),
        (b"EPSV", b"229 Extended (|||1025|)", b""),
    ],
)
def test_the_server_says_where_the_client_connects_to(command, reply, host):
    assert expected((ORIG, command + b"\r\n"), (RESP, reply + b"\r\n")) == [(ORIG, host, 1025)]
    assert expected((RESP, reply + b"\r\n")) == []


@pytest.mark.parametrize(
    "argument",
    [
        *(b"PORT 10,0,0,1,4", b"PORT 10,0,0,1,4,256", b"PORT", b"EPRT |1|10.0.0.1|1025"),
        *(b"EPRT |1|10.0.0|1025|", b"EPRT |1|10.0.0.1|65536|", b"EPRT |1|10.0.0.1!1025|"),
    ],
)
def test_what_is_no_address_is_not_expected(argument):
    assert expected((ORIG, argument + b"\r\n")) == []
