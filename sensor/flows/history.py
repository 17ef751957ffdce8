"""The history of a connection: letters in the order in which things first happened.

Zeek's letters (base/protocols/conn/main.zeek): upper case the originator, lower case the
responder. Packed into five bits each, at most 48 a flow; a longer one is cut there, counted
in LETTERS all the same, so that the cut is seen.
"""

from __future__ import annotations

from parsers.kernel import Words, kernel
from sensor.flows.row import FLAGS, HISTORY, HISTORY_WORDS, LETTERS, ORIGINATOR, SEEN

ALPHABET = "^SHADFRCTWIQGX"
(FLIP, LETTER_S, LETTER_H, LETTER_A, LETTER_D, LETTER_F, LETTER_R, LETTER_C, LETTER_T, LETTER_W,
 LETTER_I, LETTER_Q, LETTER_G, LETTER_X) = range(1, 15)  # fmt: skip
RESPONDER = 16  # added to a letter's number

LETTERS_A_WORD = 12
KEPT = LETTERS_A_WORD * HISTORY_WORDS

# Bits of SEEN, the responder's shifted by 16 (Zeek's HistoryMasks).
SAW_SYN, SAW_FIN, SAW_RST, SAW_FIN_RST, SAW_DATA, SAW_ACK, SAW_MIXED = 1, 2, 4, 8, 16, 32, 64
SAW_LIMIT = 0x400

POWERS_OF_TEN = (
    1,
    10,
    100,
    1000,
    10_000,
    100_000,
    1_000_000,
    10_000_000,
    100_000_000,
    1_000_000_000,
)


@kernel
def append(flows: Words, row: int, letter: int) -> None:
    """Append a letter by its number."""
    count = flows[row, LETTERS]
    if count < KEPT:
        word = HISTORY + count // LETTERS_A_WORD
        flows[row, word] |= letter << (5 * (count % LETTERS_A_WORD))
    flows[row, LETTERS] = count + 1


@kernel
def note(flows: Words, row: int, side: int, letter: int) -> None:
    """Append a letter in the case of the side's role."""
    if side != flows[row, FLAGS] & ORIGINATOR:
        letter += RESPONDER
    append(flows, row, letter)


@kernel
def note_once(flows: Words, row: int, side: int, bit: int, letter: int) -> bool:
    """Append a letter unless its bit was set before; tell whether it was."""
    if side != flows[row, FLAGS] & ORIGINATOR:
        bit <<= 16
    if flows[row, SEEN] & bit:
        return True
    flows[row, SEEN] |= bit
    note(flows, row, side, letter)
    return False


@kernel
def note_scaled(flows: Words, row: int, side: int, word: int, letter: int) -> None:
    """Count in `word` of the row; append the letter at 1, 10, 100 and so on."""
    flows[row, word] += 1
    if flows[row, word] in POWERS_OF_TEN:
        note(flows, row, side, letter)


@kernel
def note_limit(flows: Words, row: int) -> None:
    """An `X`, once: analysis stopped at a limit. It has no case."""
    if not flows[row, SEEN] & SAW_LIMIT:
        flows[row, SEEN] |= SAW_LIMIT
        append(flows, row, LETTER_X)


def text(letters: int, words: tuple[int, ...]) -> str:
    """The history as Zeek writes it, from a row's LETTERS and HISTORY words."""
    numbers = [
        (words[i // LETTERS_A_WORD] >> (5 * (i % LETTERS_A_WORD))) & 31
        for i in range(min(letters, KEPT))
    ]
    return "".join(
        ALPHABET[number - RESPONDER - 1].lower() if number > RESPONDER else ALPHABET[number - 1]
        for number in numbers
    )
