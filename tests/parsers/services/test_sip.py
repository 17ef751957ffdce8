from __future__ import annotations

import pytest

from parsers.packets.transport import UDP
from parsers.services.parser import ORIG, RESP
from parsers.services.recognition import recognise
from parsers.services.sip import Sip, begins, is_request, is_response

ASKS = b"INVITE sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/UDP h\r\n\r\n"
ANSWERS = b"SIP/2.0 180 Ringing\r\nVia: SIP/2.0/UDP h\r\n\r\n"


def replay(*said: tuple[int, bytes]) -> Sip:
    parser = Sip()
    for side, octets in said:
        parser.data(side, octets, 0)
    return parser


@pytest.mark.parametrize("side", [ORIG, RESP])
def test_a_response_of_either_side_confirms_it(side):
    assert replay((side, ANSWERS)).confirmed
    assert replay((ORIG, ASKS), (side, ANSWERS)).confirmed


def test_requests_alone_confirm_nothing_and_are_no_failure():
    parser = replay((ORIG, ASKS), (RESP, ASKS))
    assert (parser.confirmed, parser.failed) == (False, "")


def test_what_keeps_the_way_open_is_passed_over():
    for octets in (b"\r\n\r\n", b"\0\0\0\0"):
        assert replay((ORIG, ASKS), (ORIG, octets), (RESP, ANSWERS), (ORIG, octets)).confirmed


def test_anything_else_takes_the_name_back():
    parser = replay((ORIG, ASKS), (RESP, ANSWERS), (RESP, b"\x80\0 sound"))
    assert (parser.confirmed, bool(parser.failed)) == (False, True)


@pytest.mark.parametrize(
    "octets",
    [
        *(b"INVITE sip:b SIP/2.x\r\n", b"INVITE  SIP/2.0\r\n", b"SIP/2.0 18 x\r\n"),
        *(b"SIP/2.0 780 x\r\n", b"SIP-2.0 180 x\r\n", b"GET / HTTP/1.1\r\n", b"<OK> sip:b SIP/2.0"),
    ],
)
def test_near_misses_are_refused(octets):
    assert not is_request(octets)
    assert not is_response(octets)
    assert not begins(octets, b"")


def test_one_side_is_enough_on_any_port():
    assert begins(b"", b"") is None
    for orig, resp in ((ASKS, b""), (b"", ANSWERS)):
        found, _ = recognise(orig, resp, UDP, 31337)
        assert found
        assert found.parser is Sip
