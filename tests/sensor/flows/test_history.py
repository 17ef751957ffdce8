"""Histories: letters packed into words, and when a letter is noted."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sensor.flows import history
from sensor.flows.history import append, note, note_once, note_scaled, text
from sensor.flows.row import (
    FLAGS,
    HISTORY,
    HISTORY_WORDS,
    LETTERS,
    ORIGINATOR,
    RETRANSMITS,
    SIDE,
    SIDES,
    WORDS,
)

LETTERS_OF_ZEEK = "^SHADFRCTWIQGX"
NUMBERS = {
    "^": history.FLIP, "S": history.LETTER_S, "H": history.LETTER_H, "A": history.LETTER_A,
    "D": history.LETTER_D, "F": history.LETTER_F, "R": history.LETTER_R, "C": history.LETTER_C,
    "T": history.LETTER_T, "W": history.LETTER_W, "I": history.LETTER_I, "Q": history.LETTER_Q,
    "G": history.LETTER_G, "X": history.LETTER_X,
}  # fmt: skip
WORD = st.text(st.sampled_from(LETTERS_OF_ZEEK + LETTERS_OF_ZEEK[1:].lower()), max_size=70)


def fresh(originator: int = 0) -> np.ndarray:
    rows = np.zeros((2, WORDS), np.int64)
    rows[1, FLAGS] = originator
    return rows


def told(rows: np.ndarray) -> str:
    words = rows[1, HISTORY : HISTORY + HISTORY_WORDS]
    return text(int(rows[1, LETTERS]), tuple(int(word) for word in words))


@given(WORD)
def test_letters_are_told_as_they_were_appended_up_to_48(word: str) -> None:
    rows = fresh()
    for letter in word:
        added = history.RESPONDER if letter.islower() else 0
        append(rows.data, 1, NUMBERS[letter.upper()] + added)
    assert told(rows) == word[:48]
    assert rows[1, LETTERS] == len(word)


def test_a_row_begins_without_letters() -> None:
    assert told(fresh()) == ""


def test_letters_are_large_for_the_originator_whichever_side_it_is() -> None:
    for originator in (0, ORIGINATOR):
        rows = fresh(originator)
        note(rows.data, 1, originator, history.LETTER_D)
        note(rows.data, 1, 1 - originator, history.LETTER_D)
        assert told(rows) == "Dd"


def test_a_letter_is_noted_once_for_each_role() -> None:
    rows = fresh()
    before = [
        note_once(rows.data, 1, side, history.SAW_DATA, history.LETTER_D) for side in (0, 1, 0, 1)
    ]
    assert before == [False, False, True, True]
    assert told(rows) == "Dd"


def test_what_was_noted_stays_with_the_role_when_roles_are_exchanged() -> None:
    rows = fresh()
    note_once(rows.data, 1, 0, history.SAW_DATA, history.LETTER_D)
    rows[1, FLAGS] ^= ORIGINATOR
    assert note_once(rows.data, 1, 1, history.SAW_DATA, history.LETTER_D)
    assert not note_once(rows.data, 1, 0, history.SAW_DATA, history.LETTER_D)
    assert told(rows) == "Dd"


def test_different_letters_are_noted_independently() -> None:
    rows = fresh()
    kinds = [
        (history.SAW_SYN, "S"), (history.SAW_FIN, "F"), (history.SAW_RST, "R"),
        (history.SAW_FIN_RST, "I"), (history.SAW_DATA, "D"), (history.SAW_ACK, "A"),
        (history.SAW_MIXED, "Q"),
    ]  # fmt: skip
    for _ in range(2):
        for bit, letter in kinds:
            note_once(rows.data, 1, 0, bit, NUMBERS[letter])
    assert told(rows) == "SFRIDAQ"


def test_scaled_letters_come_at_powers_of_ten_for_each_side() -> None:
    rows, at = fresh(), []
    for count in range(1, 10_001):
        before = rows[1, LETTERS]
        note_scaled(rows.data, 1, 0, SIDES + RETRANSMITS, history.LETTER_T)
        if rows[1, LETTERS] > before:
            at.append(count)
    note_scaled(rows.data, 1, 1, SIDES + SIDE + RETRANSMITS, history.LETTER_T)
    assert at == [1, 10, 100, 1000, 10_000]
    assert told(rows) == "TTTTTt"
