from __future__ import annotations

import struct

import pytest

from parsers.services.ntp import Ntp, begins
from parsers.services.parser import NOTHING, ORIG, RESP
from parsers.services.recogniser import VIOLATIONS_UNTIL


def time(
    mode: int,
    version: int = 4,
    stratum: int = 2,
    poll: int = 6,
    precision: int = -20,
    dispersion: int = 0,
) -> bytes:
    first = version << 3 | mode
    head = struct.pack(">BBbbIHH", first, stratum, poll, precision, 1, dispersion, 9)
    return head + b"GPS\0" + bytes(32)


CLIENT, SERVER, BROADCAST = time(3), time(4), time(5)
CONTROL = b"\x16\2\0\1\0\0\0\0\0\0\0\0"
CONTROL_REPLY = b"\x16\x82\0\1\6\x15\0\0\0\0\0\7version\0"
MONLIST = b"\x17\0\3\x2a" + bytes(4)
MONLIST_REPLY = b"\x97\0\3\x2a\0\1\0\x48" + bytes(72)


@pytest.mark.parametrize(
    "octets",
    [
        CLIENT,
        SERVER,
        BROADCAST,
        time(1),
        time(3, version=1),
        b"\x1b" + bytes(47),
        time(3, stratum=0, precision=32),  # a client that tells little of itself
        CLIENT + bytes(20),  # an authenticator
        CONTROL,
        CONTROL_REPLY,
        MONLIST,
        MONLIST + bytes(40),
        MONLIST_REPLY,
    ],
)
def test_one_message_confirms(octets):
    parser = Ntp()
    parser.data(ORIG, octets, 0)
    assert begins(octets, b"")
    assert begins(b"", octets)
    assert parser.confirmed
    assert not parser.failed


@pytest.mark.parametrize(
    "octets",
    [
        CLIENT[:-1],
        CLIENT + b"\0",
        time(0),
        time(3, version=0),
        time(3, version=5),
        time(3, stratum=17),
        time(3, poll=18),
        time(4, precision=1),
        time(4, precision=32),
        time(3, dispersion=64),
        CONTROL[:-1],
        CONTROL_REPLY[:-2],
        CONTROL + bytes(4),
        b"\x16\x0d" + CONTROL[2:],
        b"\x16\x22" + CONTROL[2:],  # an error without a response
        MONLIST[:-1],
        MONLIST + b"\0",
        MONLIST_REPLY[:-1],
        MONLIST_REPLY + b"\0",
        b"\x17\0\1\x2a" + bytes(4),
        b"\x17\0\3\x2e" + bytes(4),
    ],
)
def test_near_misses_are_refused(octets):
    parser = Ntp()
    parser.data(ORIG, octets, 0)
    assert begins(octets, b"") is False
    assert not parser.confirmed


def test_dns_with_numbers_that_look_like_modes_is_refused():
    for identifier in range(256):
        for name in (b"\3www", b"\x13a-name-of-a-service"):
            head = bytes((identifier, 1)) + b"\1\0\0\1\0\0\0\0\0\0"
            query = head + name + b"\7example\3com\0\0\1\0\1"
            assert not begins(query + bytes(-len(query) % 4), b"")


@pytest.mark.parametrize("short", [SERVER[:47], b"\x16\2" + bytes(9), b"\x17\0\3"])
def test_a_message_too_short_for_its_mode_takes_the_name_back(short):
    parser = Ntp()
    parser.data(ORIG, CLIENT, 0)
    parser.data(RESP, short, 0)
    assert not parser.confirmed
    assert parser.failed == "ntp_violation"


def test_strange_values_do_not():
    parser = Ntp()
    parser.data(ORIG, CLIENT, 0)
    parser.data(RESP, b"\x1c" + b"\x11" * 47, 0)
    assert parser.confirmed


def test_extensions_are_read_as_autokey():
    autokey = struct.pack(">BBHIIII", 2, 1, 32, 0, 0, 0, 4) + b"host" + bytes(8)
    other = struct.pack(">HHII", 0x0104, 36, 1, 2) + b"\xff" * 24  # a unique identifier of NTS
    assert begins(CLIENT + autokey, b"")
    assert begins(CLIENT + autokey + bytes(24), b"")
    assert begins(CLIENT + other, b"") is False


def test_after_many_bytes_no_more_is_wanted():
    parser = Ntp()
    for _ in range(VIOLATIONS_UNTIL // 48 + 1):
        parser.data(ORIG, CLIENT, 0)
    assert parser.confirmed
    assert parser.wants == [NOTHING, NOTHING]
