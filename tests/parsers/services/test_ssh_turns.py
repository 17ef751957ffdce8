"""Encrypted bytes become turns, until the client is let in."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.services.parser import ORIG, RESP
from parsers.services.ssh_sizes import sizes
from parsers.services.ssh_turns import MOST_BYTES, MOST_PARTS, MOST_TURNS, PAUSE, Stop, Turns

MS = 1_000_000
CHACHA = ("chacha20-poly1305@openssh.com", "")
GCM = ("aes128-gcm@openssh.com", "")
PASSWORD = [(RESP, 316), (ORIG, 44), (RESP, 44), (ORIG, 60), (RESP, 52), (ORIG, 148), (RESP, 28)]


def begun(suite: tuple[str, str]) -> Turns:
    of = sizes(*suite)
    assert of is not None
    return Turns((of, of))


def said(suite: tuple[str, str], pieces: list[tuple[int, int]], apart: int = 50 * MS) -> Turns:
    """Turns of pieces of these sizes."""
    turns = begun(suite)
    for number, (side, size) in enumerate(pieces):
        turns.add(side, bytes(size), number * apart)
    return turns


def in_clear(*wire: int) -> bytes:
    """Packets of AES-GCM of these sizes."""
    return b"".join((size - 20).to_bytes(4, "big") + bytes(size - 4) for size in wire)


def test_turns_alternate_and_what_the_server_says_before_is_no_answer():
    turns = said(CHACHA, PASSWORD)
    assert [turn.total for turn in turns.turns] == [size for _, size in PASSWORD]
    assert [(a.total, b and b.total) for a, b in turns.exchanges()] == [
        (44, 44),
        (60, 52),
        (148, 28),
    ]
    assert turns.stop is None


def test_it_stops_when_a_client_that_was_let_in_goes_on():
    turns = said(CHACHA, [*PASSWORD, (ORIG, 112)])
    assert turns.stop is Stop.LOGGED_IN
    assert len(turns.turns) == len(PASSWORD)


def test_what_the_server_says_after_a_pause_is_apart():
    turns = said(CHACHA, [*PASSWORD, (RESP, 628), (ORIG, 112)], PAUSE + 1)
    assert turns.turns[-1].parts == [28, 628]
    assert turns.stop is Stop.LOGGED_IN


def test_without_a_pause_it_is_one():
    turns = said(CHACHA, [*PASSWORD, (RESP, 24), (ORIG, 112)], PAUSE)
    assert turns.turns[6].parts == [52]
    assert turns.stop is None


def test_where_lengths_are_in_clear_it_stops_at_once():
    turns = begun(GCM)
    for number, (side, *wire) in enumerate(
        [(RESP, 324), (ORIG, 52), (RESP, 52), (ORIG, 68), (RESP, 52), (ORIG, 148), (RESP, 36, 644)]
    ):
        turns.add(side, in_clear(*wire), number)
    assert turns.turns[-1].parts == [36, 644]
    assert turns.stop is Stop.LOGGED_IN


@given(st.lists(st.integers(0, 1000), max_size=10))
def test_packets_in_clear_are_the_same_however_they_are_cut(cuts):
    stream = in_clear(324, 84, 52)
    turns = begun(GCM)
    places = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    for begin, end in pairwise(places):
        turns.add(RESP, stream[begin:end], 0)
    assert [turn.parts for turn in turns.turns] == [[324, 84, 52]]


@pytest.mark.parametrize(
    ("accept", "shift"), [(44, 0), (52, 8), (76, 32), (316 + 44, 0), (45, None), (36, None)]
)
def test_the_acceptance_tells_how_much_a_server_pads(accept, shift):
    turns = said(CHACHA, [(ORIG, 44), (RESP, accept)])
    assert turns.shift() == shift


def test_it_stops_where_the_first_answer_is_no_acceptance():
    turns = said(CHACHA, [(ORIG, 44), (RESP, 20), (ORIG, 60)])
    assert turns.stop is Stop.NOT_ACCEPTED


def test_lengths_that_cannot_be_stop_it():
    turns = begun(GCM)
    turns.add(RESP, b"\xff" * 8, 0)
    assert turns.stop is Stop.UNREADABLE


def test_everything_is_bounded():
    many = said(CHACHA, [(ORIG, 44), (RESP, 44), *[(ORIG, 148), (RESP, 52)] * 100])
    assert many.stop is Stop.MANY
    assert len(many.turns) == MOST_TURNS
    paused = said(CHACHA, [(ORIG, 44), (RESP, 44), (ORIG, 60), *[(RESP, 52)] * 1000])
    assert len(paused.turns[-1].parts) == MOST_PARTS
    endless = said(CHACHA, [(ORIG, 44), (RESP, 44), *[(ORIG, 1460)] * (MOST_BYTES // 1460 + 1)])
    assert endless.stop is Stop.ENDLESS
