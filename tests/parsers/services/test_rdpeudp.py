from __future__ import annotations

import pytest

from parsers.packets.transport import UDP
from parsers.services.parser import NOTHING, ORIG, RESP
from parsers.services.rdpeudp import PADDED, Rdpeudp, begins
from parsers.services.recognition import recognise

ASKS = (b"\xff\xff\xff\xff\x00\x40\x10\x01" + b"\x12\x34\x56\x78").ljust(PADDED, b"\0")
ANSWERS = (b"\x12\x34\x56\x78\x00\x40\x00\x05").ljust(PADDED, b"\0")


def replay(*said: tuple[int, bytes]) -> Rdpeudp:
    parser = Rdpeudp()
    for side, octets in said:
        parser.data(side, octets, 0)
    return parser


def test_the_answer_to_a_syn_confirms_it():
    assert not replay((ORIG, ASKS)).confirmed
    parser = replay((ORIG, ASKS), (ORIG, ASKS), (RESP, ANSWERS))
    assert (parser.confirmed, parser.wants) == (True, [NOTHING, NOTHING])


@pytest.mark.parametrize("said", [[(RESP, ANSWERS)], [(RESP, ASKS), (ORIG, ANSWERS)]])
def test_without_a_syn_of_the_client_nothing_is_confirmed(said):
    assert not replay(*said).confirmed


def test_an_answer_without_the_flags_confirms_nothing():
    assert not replay((ORIG, ASKS), (RESP, ANSWERS[:7] + b"\x08" + ANSWERS[8:])).confirmed


@pytest.mark.parametrize(
    "octets",
    [ASKS[:-1], b"\xfe" + ASKS[1:], ASKS[:7] + b"\x00" + ASKS[8:]],
    ids=["not padded", "acknowledges", "no SYN"],
)
def test_near_misses_do_not_begin_it(octets):
    assert begins(ASKS, b"")
    assert not begins(octets, b"")


def test_it_is_found_on_any_port():
    for port in (3389, 31337):
        found, _ = recognise(ASKS, b"", UDP, port)
        assert found
        assert found.parser is Rdpeudp


def test_what_is_cut_fails_or_is_met():
    for length in range(len(ANSWERS[:12])):
        parser = replay((ORIG, ASKS), (RESP, ANSWERS[:length]))
        assert bool(parser.failed) == (length < 8)
