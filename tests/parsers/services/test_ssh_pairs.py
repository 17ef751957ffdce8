"""Questions of an SSH client and their answers, out of turns."""

from __future__ import annotations

import pytest

from parsers.services.parser import ORIG, RESP
from parsers.services.ssh_pairs import Pair, pairs_of
from parsers.services.ssh_sizes import sizes
from parsers.services.ssh_turns import Turns

MS = 1_000_000
CHACHA = "chacha20-poly1305@openssh.com"
Piece = tuple[int, int, int]  # side, bytes, milliseconds since the piece before
SERVICE: list[Piece] = [(RESP, 316, 0), (ORIG, 44, 5), (RESP, 44, 1)]


def pairs(*pieces: Piece, service: list[Piece] = SERVICE) -> list[Pair]:
    of = sizes(CHACHA, "")
    assert of is not None
    turns, ts = Turns((of, of)), 0
    for side, size, pause in [*service, *pieces]:
        ts += pause * MS
        turns.add(side, bytes(size), ts)
    return pairs_of(turns)


def test_what_asks_for_the_service_is_no_question():
    (none,) = pairs((ORIG, 60, 5), (RESP, 52, 5))
    assert (none.asked, none.answered, none.ts) == (60, 52, 11 * MS)
    assert none.first
    assert none.last


def test_an_answer_is_late_by_the_quickest_of_them():
    none, wrong, far = pairs(
        (ORIG, 60, 5), (RESP, 52, 5), (ORIG, 84, 5), (RESP, 52, 900), (ORIG, 84, 5), (RESP, 52, 700)
    )
    assert (none.late, wrong.late, far.late) == (False, True, False)


def test_a_client_took_its_time_by_its_quickest_question():
    none, quick, slow = pairs(
        (ORIG, 60, 5), (RESP, 52, 5), (ORIG, 84, 5), (RESP, 52, 5), (ORIG, 84, 60), (RESP, 52, 5)
    )
    assert (none.waited, quick.waited, slow.waited) == (False, False, True)
    assert (none.repeated, quick.repeated, slow.repeated) == (False, True, True)


def test_a_question_without_an_answer_is_not_the_last():
    none, unanswered = pairs((ORIG, 60, 5), (RESP, 52, 5), (ORIG, 84, 5))
    assert unanswered.answered == 0
    assert none.last
    assert not unanswered.last


def test_a_question_in_the_turn_that_asks_for_the_service():
    service = [(ORIG, 44 + 68, 0), (RESP, 44, 5), (RESP, 52, 0)]
    (none,) = pairs(service=service)
    assert (none.asked, none.answered) == (68, 52)


def test_what_tells_of_a_client_before_it_asks_is_no_question():
    assert pairs(service=[(ORIG, 68 + 44, 0), (RESP, 44, 5)]) == []


@pytest.mark.parametrize(
    ("answers", "let_in", "may_let_in"),
    [
        ([(RESP, 28, 5)], True, False),
        ([(RESP, 28, 5), (RESP, 628, 10)], True, False),
        ([(RESP, 28 + 628, 5)], False, True),
        ([(RESP, 28 + 60, 5)], False, False),
        ([(RESP, 52, 5)], False, False),
    ],
)
def test_success_alone_and_with_what_is_said_after_it(answers, let_in, may_let_in):
    told = pairs((ORIG, 60, 5), (RESP, 52, 5), (ORIG, 84, 5), *answers, (ORIG, 52 + 60, 5))
    assert (told[1].let_in, told[1].may_let_in) == (let_in, may_let_in)
