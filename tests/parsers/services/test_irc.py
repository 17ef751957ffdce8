from __future__ import annotations

import pytest

from parsers.services.irc import (
    COMMAND_MAX,
    FIRST_COMMAND,
    INVALID_MAX,
    MESSAGE_MAX,
    Irc,
    begins,
)
from parsers.services.parser import ORIG, RESP

REGISTERS = b"NICK me\r\nUSER me 0 * :me\r\n"


def replay(*said: tuple[int, bytes]) -> Irc:
    parser = Irc()
    for side, octets in said:
        parser.data(side, octets, 0)
    return parser


def test_a_message_of_the_client_confirms_it():
    assert not replay((RESP, b":irc.example 001 me :hello\r\n")).confirmed
    assert replay((ORIG, b"NICK me\r\n")).confirmed
    assert replay((ORIG, b":me JOIN #it\r\n")).confirmed
    assert replay((ORIG, b"@id=1 :me join #it\r\n")).confirmed
    assert not replay((ORIG, b"353 \r\nHELLO it\r\n")).confirmed


@pytest.mark.parametrize(
    "line", [b"ab\r\n", b":prefix\r\n", b"@tags\r\n", b"x" * (MESSAGE_MAX + 1) + b"\r\n", b"\n"]
)
def test_lines_that_are_too_short_or_too_long_are_not_read(line):
    parser = replay((ORIG, line))
    assert (parser.confirmed, parser.failed) == (False, "")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b":irc.example 1 me\r\n", "unknown_reply"),
        (b"0011 me\r\n", "unknown_reply"),
        (b"001\r\n", "unknown_reply"),
        (b":irc.example ab\r\n", "line_too_short"),
    ],
)
def test_what_is_misread_takes_it_back(line, reason):
    parser = replay((ORIG, b"NICK me\r\n"), (RESP, line))
    assert (parser.confirmed, parser.failed) == (False, reason)


def test_a_few_commands_may_be_too_long():
    line = b"x" * (COMMAND_MAX + 1) + b" a\r\n"
    assert not replay((RESP, line * INVALID_MAX)).failed
    assert replay((RESP, line * (INVALID_MAX + 1))).failed == "commands_too_long"


def test_tls_is_not_accepted_for_who_has_not_asked():
    assert not replay((RESP, b":irc.example 670 me :go\r\n")).tls_begins


@pytest.mark.parametrize(
    "resp",
    [b":irc.example 001 me :hello\r\n", b"NOTICE AUTH :*** hello\r\n", b":irc NOTICE * :hello\r\n"],
)
def test_it_begins_once_the_client_registers(resp):
    assert begins(REGISTERS, resp) is True
    assert begins(b"user me 0 * :me\nnick me\n", resp) is True
    assert begins(b"CAP LS 302\r\n" + REGISTERS, resp) is True
    assert begins(b"NICK me\r\n", resp) is None
    assert begins(b"", resp) is None
    assert begins(REGISTERS, b"") is None
    assert begins(REGISTERS, resp[:4]) is None


def test_on_its_ports_it_begins_with_any_of_the_first_commands():
    assert FIRST_COMMAND.match(b"nick me\r\n")
    assert not FIRST_COMMAND.match(b"NICKED me\r\n")
    assert not FIRST_COMMAND.match(b"JOIN #x\r\n")


def test_servers_speak_to_each_other():
    line = b"SERVER a.example 1 :me\r\n"
    assert begins(b"PASS x\r\n" + line, line) is True


@pytest.mark.parametrize(
    ("orig", "resp"),
    [
        (REGISTERS, b":irc.example 01 me\r\n"),
        (REGISTERS, b"; 001 me :hello\r\n"),
        (REGISTERS, b"220-x\r\n"),
        (b"NICL me\r\nUSER me\r\n", b":irc.example 001 me :hello\r\n"),
        (b"USER me\r\n", b"+OK ready\r\n"),
    ],
)
def test_near_misses_are_refused(orig, resp):
    assert begins(orig, resp) is False
