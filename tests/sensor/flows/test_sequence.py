"""Sequence numbers: 32 bits that wrap, against numbers that never do."""

from __future__ import annotations

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from sensor.flows.row import ACK_SEQ, FIRST_SEQ, LAST_SEQ, SIDE, SIDES, WORDS
from sensor.flows.sequence import advance, delta, nothing_acked, relative, restart

WRAP, HALF = 2**32, 2**31
NUMBER = st.integers(0, WRAP - 1)
POSITION = st.integers(0, 5 * WRAP)
STEP = st.one_of(st.integers(-HALF, HALF - 1), st.sampled_from([-HALF, -1, 0, 1, HALF - 1]))


@given(NUMBER, NUMBER)
def test_a_difference_is_the_nearer_way_round(later: int, earlier: int) -> None:
    difference = delta(later, earlier)
    assert -HALF <= difference < HALF
    assert (earlier + difference) % WRAP == later


@given(NUMBER, POSITION, STEP)
def test_a_position_is_known_from_its_32_bits_and_how_far_the_side_had_come(
    first: int, reached: int, step: int
) -> None:
    position = reached + step
    # Before the first wrap Zeek measures from the start, so 2 GiB is as far as it sees.
    assume((first + position) // WRAP > 0 or -HALF <= position < HALF)
    assert relative(first, (first + position) % WRAP, first + reached) == position


@given(NUMBER, POSITION, st.lists(st.integers(1, HALF - 1), max_size=8))
def test_wraps_are_counted_while_a_side_moves_on(first: int, start: int, steps: list[int]) -> None:
    flows = np.zeros((2, WORDS), np.int64)
    word = SIDES + LAST_SEQ
    flows[1, word] = first + start
    for step in steps:
        start += step
        advance(flows.data, 1, word, (first + start) % WRAP)
        assert flows[1, word] == first + start


def test_a_position_before_the_start_is_negative() -> None:
    assert relative(1000, 999, 1000) == -1
    assert relative(0, WRAP - 1, 0) == -1
    assert relative(WRAP - 5, WRAP - 10, WRAP + 3) == -5


def test_positions_go_on_over_the_wrap_in_both_directions() -> None:
    first = WRAP - 5
    assert relative(first, 3, first + 1) == 8
    assert relative(first, WRAP - 1, first + 8) == 4


def test_a_new_start_keeps_the_wraps_that_were_counted() -> None:
    flows = np.zeros((2, WORDS), np.int64)
    for side in (SIDES, SIDES + SIDE):
        flows[1, side + LAST_SEQ] = 3 * WRAP + 7
        restart(flows.data, 1, side, 100, 101)
        assert flows[1, side + FIRST_SEQ] == 100
        assert flows[1, side + LAST_SEQ] == 3 * WRAP + 101
        assert flows[1, side + ACK_SEQ] == 100


def test_an_acknowledged_syn_is_no_acknowledged_data() -> None:
    flows = np.zeros((2, WORDS), np.int64)
    restart(flows.data, 1, SIDES, 100, 101)
    for ack, nothing in ((100, True), (101, True), (102, False), (100 + WRAP, False)):
        flows[1, SIDES + ACK_SEQ] = ack
        assert nothing_acked(flows.data, 1, SIDES) == nothing
