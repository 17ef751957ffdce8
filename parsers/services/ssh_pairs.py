"""The questions of an SSH client and the server's answers, each with its size and time.

What asks for the service (RFC 4253, 10) and the acceptance come first and are no question; some
clients send their first one along with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from parsers.services.ssh_sizes import Sizes
from parsers.services.ssh_turns import SERVICE, SUCCESS, Turn, Turns

LATE = 800_000_000
"""Nanoseconds beyond the quickest after which an answer is late."""

THOUGHT = 40_000_000
"""Nanoseconds beyond the quickest after which a client took its time to ask."""

OPEN, NO_MORE_SESSIONS = 24, 34
"""Payload of what a client sends that was let in: CHANNEL_OPEN, and OpenSSH's request after it."""

SAID_AFTER = 100
"""Bytes, at least, of what OpenSSH's server says right after it has let a client in."""

FIRST_ASKED = range(32, 64)
"""Payload of a USERAUTH_REQUEST with the method "none"."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A question and its answer.

    ts: when it was asked; asked, answered: sizes on the wire, 0 for none; late: whether the answer
    came late; waited: whether the client took its time; repeated: whether a question beside it has
    the same size; let_in: whether SUCCESS is surely, or may be, in the answer; last: of all.
    """

    ts: int
    asked: int
    answered: int
    late: bool
    waited: bool
    repeated: bool
    let_in: bool
    may_let_in: bool
    first: bool
    last: bool


def pairs_of(turns: Turns) -> list[Pair]:
    """Questions and answers from what follows the acceptance of the service."""
    to_server, to_client = turns.sizes
    shift = turns.shift() or 0
    success = to_client.wire(SUCCESS) + shift
    said = turns.exchanges()
    asked = [_asked(question, to_server) for question, _ in said]
    answered = [_answered(answer, to_client, success) for _, answer in said]
    first = 1
    if said and _asks_at_once(*said[0], turns.sizes, shift):
        first = 0
        asked[0], answered[0] = _without_service(*said[0], turns.sizes, shift)
    delays = [answer.begin - question.end if answer else 0 for question, answer in said]
    thoughts = [
        question.begin - before.end if before else 0
        for (_, before), (question, _) in pairwise(said)
    ]
    quickest = min((delays[at] for at, size in enumerate(answered) if size), default=0)
    opens = [_opens(question, to_server) for question, _ in said] + [False]
    last = max((at for at, size in enumerate(answered) if size), default=0)
    return [
        Pair(
            ts=said[at][0].begin,
            asked=asked[at],
            answered=answered[at],
            late=delays[at] - quickest > LATE,
            waited=at > 0 and thoughts[at - 1] - min(thoughts) > THOUGHT,
            repeated=asked[at] in asked[max(first, at - 1) : at] + asked[at + 1 : at + 2],
            let_in=answered[at] == success,
            may_let_in=opens[at + 1]
            and not to_client.readable
            and answered[at] > success + SAID_AFTER,
            first=at == first,
            last=at == last,
        )
        for at in range(first, len(said))
    ]


def _asked(question: Turn, to_server: Sizes) -> int:
    """The size of a question; what some send behind it, to hide its length, is not of it."""
    return question.parts[0] if to_server.readable and question.parts else question.total


def _answered(answer: Turn | None, to_client: Sizes, success: int) -> int:
    """The size of an answer; texts to show come before it, other news after SUCCESS."""
    if answer is None:
        return 0
    if answer.parts[:1] == [success] or (to_client.readable and success in answer.parts):
        return success
    return answer.parts[-1] if to_client.readable and answer.parts else answer.total


def _asks_at_once(
    question: Turn, answer: Turn | None, sizes: tuple[Sizes, Sizes], shift: int
) -> bool:
    """Whether a client asks for the service and with "none" in one turn, and was answered both."""
    to_server, to_client = sizes
    if answer is None or answer.total <= to_client.wire(SERVICE) + shift:
        return False
    if to_server.readable:
        return question.parts[:1] == [to_server.wire(SERVICE)] and len(question.parts) > 1
    none = to_server.payload(question.total - to_server.wire(SERVICE))
    return any(size in FIRST_ASKED for size in none)


def _without_service(
    question: Turn, answer: Turn | None, sizes: tuple[Sizes, Sizes], shift: int
) -> tuple[int, int]:
    """The sizes of a question and its answer that came along with those for the service."""
    to_server, to_client = sizes
    asked = question.parts[1] if to_server.readable else question.total - to_server.wire(SERVICE)
    if answer is None:
        return asked, 0
    accept = to_client.wire(SERVICE) + shift
    return asked, answer.parts[-1] if to_client.readable else answer.total - accept


def _opens(question: Turn, to_server: Sizes) -> bool:
    """Whether a client opens a channel: it was let in."""
    opening = to_server.wire(OPEN)
    return question.total in (opening, opening + to_server.wire(NO_MORE_SESSIONS))
