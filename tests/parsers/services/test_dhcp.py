from __future__ import annotations

import pytest

from parsers.services.dhcp import Dhcp, begins
from parsers.services.parser import ORIG, RESP

COOKIE = b"\x63\x82\x53\x63"


def message(options: bytes, operation: int = 1, cookie: bytes = COOKIE, size: int = 6) -> bytes:
    return bytes((operation, 1, size, 0)) + bytes(232) + cookie + options


DISCOVER = message(b"\x35\1\1\x32\4\x0a\0\0\1\xff")
OFFER = message(b"\0\0\x35\1\2\x33\4\0\0\x0e\x10\xff" + bytes(20), operation=2)


@pytest.mark.parametrize("octets", [DISCOVER, OFFER, message(b"\x35\1\x12\xff", size=16)])
def test_one_message_confirms(octets):
    parser = Dhcp()
    parser.data(ORIG, octets, 0)
    assert begins(octets, b"")
    assert begins(b"", octets)
    assert parser.confirmed
    assert not parser.failed


@pytest.mark.parametrize(
    "octets",
    [
        DISCOVER[:-1],  # no end
        DISCOVER[:240],
        DISCOVER[:239],
        message(b"\x35\1\1\xff", operation=3),
        message(b"\x35\1\1\xff", operation=0),
        message(b"\x35\1\1\xff", size=17),
        message(b"\x35\1\1\xff", cookie=b"\x63\x82\x53\x62"),
        message(b"\x35\1\x13\xff"),
        message(b"\x35\1\0\xff"),
        message(b"\x32\4\x0a\0\0\1\xff"),  # BOOTP
        message(b"\x35\1\1\x32\xff\x0a"),
    ],
)
def test_near_misses_are_refused(octets):
    parser = Dhcp()
    parser.data(ORIG, octets, 0)
    assert begins(octets, b"") is False
    assert not parser.confirmed


@pytest.mark.parametrize("bad", [message(b"\xff"), message(b"\x35\1\1\xff", cookie=bytes(4))])
def test_a_message_without_cookie_or_type_takes_the_name_back(bad):
    parser = Dhcp()
    parser.data(ORIG, DISCOVER, 0)
    parser.data(RESP, bad, 0)
    assert not parser.confirmed
    assert parser.failed == "dhcp_violation"
