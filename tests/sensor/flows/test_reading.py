"""What lies behind a hole: pieces in order that do not overlap, the first of two that do."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from parsers.services.parser import NOTHING
from sensor.flows.reading import Ahead

PIECES = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 20)), max_size=30)


def taken(ahead: Ahead) -> list[tuple[int, bytes, int]]:
    found = []
    while ahead.begin < NOTHING:
        found.append(ahead.take())
    return found


@given(PIECES)
def test_each_byte_is_of_the_first_piece_that_had_it(pieces: list[tuple[int, int]]) -> None:
    ahead, expected = Ahead(), {}
    for number, (begin, size) in enumerate(pieces):
        ahead.add(begin, bytes([number]) * size, number)
        for place in range(begin, begin + size):
            expected.setdefault(place, number)
    assert ahead.octets == len(expected)
    found = taken(ahead)
    assert [begin for begin, _, _ in found] == sorted(begin for begin, _, _ in found)
    held = {
        begin + k: octet for begin, octets, when in found for k, octet in enumerate(octets)
        if octet == when
    }  # fmt: skip
    assert held == expected
    assert ahead.octets == 0


def test_too_much_is_full() -> None:
    ahead = Ahead()
    ahead.add(5, bytes(262_144), 0)
    assert not ahead.is_full
    ahead.add(0, b"x", 0)
    assert ahead.is_full


def test_too_many_pieces_are_full() -> None:
    ahead = Ahead()
    for place in range(1025):
        ahead.add(2 * place, b"x", 0)
    assert ahead.is_full
