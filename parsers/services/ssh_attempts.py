"""The attempts to log on to SSH, read from the sizes and times of questions and answers.

Each question of the client and the server's answer (RFC 4252; RFC 4256 for keyboard-interactive,
RFC 4462 for GSSAPI) may be several things by its size; of all ways to read them one after the other
the cheapest is taken. What a reading costs says how odd it would be:

    a refused password is answered late (PAM waits 2 seconds), all else at once
    FAILURE names the methods that may go on, so it stays as long, until one of several was enough
    PK_OK repeats what was asked but for the user's name
    OpenSSH pads passwords to 64 bytes, shows keys before passwords, and first asks with "none"
    no other answer is as short as SUCCESS

A cost of 0.5 is seen now and then, 1 is odd, 2 and 3 are doubtful; ODD is that of no message.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from parsers.services.ssh_messages import (
    CHALLENGE,
    DISCONNECTS,
    EMPTY_REPLY,
    FAILURES,
    GSSAPI,
    KEYS,
    LEAST_KEY,
    LEAST_PK_OK,
    LEAST_SIGNATURE,
    LEAST_SIGNED,
    LISTS,
    LONGEST_PASSWORD,
    MECHANISM,
    NAME,
    NO_PROMPT,
    NONE,
    PADDED,
    PASSWORD,
    PK_OK,
    PROMPTS,
    QUERY,
    REPLY,
    TOKENS,
    USUAL_PASSWORD,
    USUAL_PROMPT,
    WITH_GSSAPI,
    WITHOUT_GSSAPI,
)
from parsers.services.ssh_pairs import Pair
from parsers.services.ssh_sizes import Sizes
from parsers.services.ssh_turns import SERVICE, SUCCESS

READINGS = 64
"""Ways to read the questions so far that are followed further, the cheapest."""

READ_KEPT = 4096
"""How many connections are remembered, by what was asked and answered in them."""

PARTIAL = "partial success"

ODD, AFTERWARDS = 6.0, 0.6
"""The costs of what fits nothing, and of what is not of the logon: it comes after."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt. doubt: the most that anything up to it cost."""

    ts: int
    method: str | None
    outcome: str
    detail: str | None = None
    doubt: float = 0.0


@dataclass(frozen=True, slots=True)
class State:
    """What was learned by some reading.

    expects: "question", "reply", "signature" or "token". name: how long the user's may be.
    failure: the size of the FAILURE that holds, 0 while unknown; offer: of the first one. none: the
    size of the question "none". asked: that of the last key. password: whether one was tried. over:
    whether the client was let in.
    """

    expects: str = "question"
    name: range = NAME
    failure: int = 0
    offer: int = 0
    none: int = 0
    asked: int = 0
    password: bool = False
    over: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read the pairs so far."""

    cost: float
    doubt: float
    attempts: tuple[Attempt, ...]
    odd: bool = False


Step = tuple[float, State, Attempt | None]


class Reader:
    """Reads pairs of a connection whose packets have these sizes."""

    def __init__(self, to_server: Sizes, to_client: Sizes, shift: int, software: str) -> None:
        self._told = (to_server, to_client, shift, software)
        self._to_server, self._to_client, self._shift = to_server, to_client, shift
        self._pads = "OpenSSH" in software
        self._pads_by_more = "PuTTY" in software or "WinSCP" in software
        self._asks_none = "paramiko" not in software.lower()
        self._any_late = False

    def read(self, pairs: list[Pair]) -> tuple[Reading, State]:
        """The cheapest way to read all pairs."""
        reading, state = _read(
            self._told, tuple(replace(each, ts=at) for at, each in enumerate(pairs))
        )
        attempts = tuple(replace(each, ts=pairs[each.ts].ts) for each in reading.attempts)
        return replace(reading, attempts=attempts), state

    def search(self, pairs: tuple[Pair, ...]) -> tuple[Reading, State]:
        """The cheapest of all ways to read them."""
        self._any_late = any(pair.late and not pair.first for pair in pairs)
        readings: dict[State, Reading] = {State(): Reading(0.0, 0.0, ())}
        for pair in pairs:
            following: dict[State, Reading] = {}
            for state, reading in readings.items():
                for step in self._steps(pair, state):
                    _follow(following, reading, step)
            cheapest = sorted(following.items(), key=lambda each: each[1].cost)
            readings = dict(cheapest[:READINGS])
        state, reading = min(readings.items(), key=lambda each: each[1].cost)
        return reading, state

    def offers(self, failure: int, server: str) -> list[str] | None:
        """The methods that a FAILURE of this size names, None unless just one usual list fits."""
        payloads = self._answer(failure)
        fitting = [methods for size, methods in LISTS.items() if size in payloads]
        doubtful = not any(vendor in server for vendor in WITHOUT_GSSAPI)
        if len(fitting) != 1 or (doubtful and any(size in payloads for size in WITH_GSSAPI)):
            return None
        return list(fitting[0])

    def _steps(self, pair: Pair, state: State) -> Iterator[Step]:
        """All that a pair may be, after what was before."""
        if state.over or not pair.answered:
            yield AFTERWARDS if state.over else 0.0, state, None
            return
        if state.expects == "reply":
            yield from self._reply(pair, state)
        elif state.expects == "signature":
            yield from self._signature(pair, state)
        elif state.expects == "token":
            yield from self._token(pair, state)
        given_up = 0.0 if state.expects == "question" else 2.0
        fresh = replace(state, expects="question")
        questions = (
            self._none, self._password, self._key, self._challenge, self._kerberos, self._other,
        )  # fmt: skip
        for steps in questions:
            for cost, after, attempt in steps(pair, fresh):
                yield cost + given_up, after, attempt

    # What a client may ask.

    def _none(self, pair: Pair, state: State) -> Iterator[Step]:
        """SERVICE_REQUEST again, which some ask before every attempt, or the method "none"."""
        sizes = self._question(pair.asked)
        if SERVICE in sizes and pair.answered == self._to_client.wire(SERVICE) + self._shift:
            yield 0.0, state, None
        name = _within(sizes, NONE, state.name)
        known = state.none == pair.asked
        if not name or not (known or pair.first):
            return
        after = replace(state, name=name, none=pair.asked)
        cost = (0.0 if not pair.late else 2.0) + (0.0 if self._asks_none else 3.0)
        for more, failed in self._failures(pair, after):
            yield cost + more, failed, None
        for more in self._success(pair):
            yield cost + 2 * more, _let_in(after), Attempt(pair.ts, "none", "success")

    def _password(self, pair: Pair, state: State) -> Iterator[Step]:
        cost = self._password_cost(pair, state)
        if cost is None:
            return
        after = replace(state, password=True)
        yield from self._judged(pair, after, "password", cost)

    def _password_cost(self, pair: Pair, state: State) -> float | None:
        """How odd a question would be as a password, None if it cannot be one."""
        sizes, body = self._question(pair.asked), self._to_server.body(pair.asked)
        usual = PASSWORD + state.name[-1] + USUAL_PASSWORD
        unasked = 1.0 if pair.first and self._asks_none else 0.0
        if self._pads_by_more and body > 3 * PADDED:
            return unasked
        if body > 0 and not body % PADDED:
            too_long = 3.0 if body - PADDED > usual else 0.0
            return unasked + too_long + (0.0 if self._pads or not sizes else 0.5)
        longest = PASSWORD + state.name[-1] + LONGEST_PASSWORD
        if not _overlap(sizes, range(PASSWORD + state.name[0], longest + 1)):
            return None
        return unasked + (4.0 if self._pads else 0.0) + (2.0 if sizes[0] > usual else 0.0)

    def _key(self, pair: Pair, state: State) -> Iterator[Step]:
        """A public key, with a signature or to ask whether one would do."""
        sizes = self._question(pair.asked)
        least = QUERY + state.name[0]
        if not sizes or sizes[-1] < least + LEAST_KEY:
            return
        known = any(_within(sizes, QUERY + key, state.name) for key in KEYS)
        cost = self._at_once(pair) + (0.0 if known else 1.0) + (0.5 if pair.waited else 0.0)
        cost += 3.0 * state.password + 1.0 * pair.repeated
        refused = Attempt(pair.ts, "publickey", "failed")
        for more, failed in self._failures(pair, state):
            yield cost + more, failed, refused
        name = _difference(sizes, self._answer(pair.answered), QUERY - PK_OK, state.name)
        if name and self._answer(pair.answered)[-1] >= LEAST_PK_OK:
            asked = replace(state, expects="signature", name=name, asked=pair.asked)
            yield self._at_once(pair) + 3.0 * state.password, asked, None
        if sizes[-1] >= least + LEAST_SIGNED:
            for more in self._success(pair):
                yield 1.0 + more, _let_in(state), Attempt(pair.ts, "publickey", "success")

    def _challenge(self, pair: Pair, state: State) -> Iterator[Step]:
        """A request for keyboard-interactive, answered by prompts, or refused at once."""
        name = _within(self._question(pair.asked), CHALLENGE, state.name)
        if not name:
            return
        unasked = 1.0 if pair.first and self._asks_none else 0.0
        cost = self._at_once(pair) + unasked + 2.0 * state.password
        after = replace(state, name=name)
        prompted = replace(after, expects="reply")
        for more in self._prompts(pair, state, USUAL_PROMPT):
            yield cost + more, prompted, None
        for more, failed in self._failures(pair, after):
            yield cost + more + 1.0, failed, None

    def _kerberos(self, pair: Pair, state: State) -> Iterator[Step]:
        """A request for GSSAPI with Kerberos, that the server takes up."""
        name = _within(self._question(pair.asked), GSSAPI, state.name)
        if name and MECHANISM in self._answer(pair.answered):
            yield self._at_once(pair), replace(state, name=name, expects="token"), None

    def _token(self, pair: Pair, state: State) -> Iterator[Step]:
        """A token of GSSAPI. Without a ticket that is accepted nothing was tried."""
        after = replace(state, expects="question")
        for more in self._success(pair):
            yield more, _let_in(after), Attempt(pair.ts, None, "success")
        for more, failed in self._failures(pair, after):
            yield 0.5 + more, failed, None
        if _overlap(self._answer(pair.answered), TOKENS):
            yield 1.0, state, None

    def _reply(self, pair: Pair, state: State) -> Iterator[Step]:
        """Answers to the prompts of keyboard-interactive."""
        sizes = self._question(pair.asked)
        padded = not self._to_server.body(pair.asked) % PADDED
        if not padded and not _overlap(sizes, range(EMPTY_REPLY, REPLY + 2 * USUAL_PASSWORD)):
            return
        after = replace(state, expects="question")
        cost = 2.0 if self._pads and not padded else 0.0
        yield from self._judged(pair, after, "keyboard-interactive", cost)
        for more in self._prompts(pair, state, NO_PROMPT):
            yield self._at_once(pair) + 0.5 + more, state, None

    def _signature(self, pair: Pair, state: State) -> Iterator[Step]:
        """The key that the server would take, now with a signature."""
        if pair.asked - state.asked < LEAST_SIGNATURE:
            return
        after = replace(state, expects="question")
        for more in self._success(pair):
            yield more, _let_in(after), Attempt(pair.ts, "publickey", "success")
        yield from self._enough_for_now(pair, after, "publickey", 0.5)
        refused = Attempt(pair.ts, "publickey", "failed")
        for more, failed in self._failures(pair, after):
            yield more + (0.5 if pair.last else 1.5), failed, refused

    def _other(self, pair: Pair, state: State) -> Iterator[Step]:
        """What fits nothing."""
        for more in self._success(pair):
            yield ODD - 2.0 + more, _let_in(state), Attempt(pair.ts, None, "success")
        if pair.answered == state.failure:
            yield ODD - 1, state, Attempt(pair.ts, None, "failed")
        yield ODD, state, None

    # What a server may answer.

    def _judged(self, pair: Pair, state: State, method: str, cost: float) -> Iterator[Step]:
        """Something secret was right, right but not enough, or wrong."""
        for more in self._success(pair):
            yield cost + more, _let_in(state), Attempt(pair.ts, method, "success")
        at_once = 0.0 if pair.late else 2.0 if self._any_late else 0.5
        for more, failed in self._failures(pair, state):
            yield cost + at_once + more, failed, Attempt(pair.ts, method, "failed")
        yield from self._enough_for_now(pair, state, method, cost + 2.0 + self._at_once(pair))

    def _enough_for_now(self, pair: Pair, state: State, method: str, cost: float) -> Iterator[Step]:
        """A FAILURE with partial success: it names other methods than before."""
        if pair.last or not _overlap(self._answer(pair.answered), FAILURES):
            return
        same = 0.5 if pair.answered == state.failure else 0.0
        attempt = Attempt(pair.ts, method, "unknown", PARTIAL)
        after = replace(state, failure=pair.answered, password=False)
        yield cost + same, after, attempt

    def _success(self, pair: Pair) -> Iterator[float]:
        """SUCCESS, alone or together with what OpenSSH says next."""
        if pair.let_in:
            yield 0.0
        elif pair.may_let_in:
            yield 2.0

    def _failures(self, pair: Pair, state: State) -> Iterator[tuple[float, State]]:
        """FAILURE, or DISCONNECT after too many; the first may come with a text to show."""
        sizes = self._answer(pair.answered)
        if pair.let_in or pair.answered <= self._to_client.wire(SUCCESS) + self._shift:
            return
        if state.failure == pair.answered:
            yield 0.0, state
        elif pair.last and state.failure and _overlap(sizes, DISCONNECTS):
            yield 1.0 if not pair.may_let_in else 4.0, state
        elif _overlap(sizes, FAILURES):
            usual = any(size in sizes for size in LISTS)
            cost = 3.0 if state.failure else 0.0 if usual else 0.5
            offer = state.offer or pair.answered
            yield cost, replace(state, failure=pair.answered, offer=offer)
        if pair.first and not self._to_client.readable and not state.failure:
            shown = pair.answered - self._to_client.wire(min(LISTS)) - self._shift
            if shown >= self._to_client.wire(SERVICE) - self._shift:
                yield 1.0, state

    def _prompts(self, pair: Pair, state: State, usual: int) -> Iterator[float]:
        """INFO_REQUEST, as a rule with a payload of this size."""
        sizes = self._answer(pair.answered)
        if not pair.let_in and _overlap(sizes, PROMPTS):
            same = 1.0 if pair.answered == state.failure else 0.0
            yield same + (0.0 if usual in sizes else 1.0)

    def _at_once(self, pair: Pair) -> float:
        return 3.0 if pair.late else 0.0

    def _question(self, wire: int) -> range:
        return self._to_server.payload(wire)

    def _answer(self, wire: int) -> range:
        return self._to_client.payload(wire - self._shift)


@lru_cache(maxsize=READ_KEPT)
def _read(told: tuple[Sizes, Sizes, int, str], pairs: tuple[Pair, ...]) -> tuple[Reading, State]:
    """What is read of pairs, whose times are their places: who guesses asks the same many times."""
    return Reader(*told).search(pairs)


def _follow(following: dict[State, Reading], reading: Reading, step: Step) -> None:
    cost, state, attempt = step
    total = reading.cost + cost
    known = following.get(state)
    if known is not None and known.cost <= total:
        return
    doubt = max(reading.doubt, cost)
    attempts = reading.attempts
    if attempt is not None:
        attempts = (*attempts, replace(attempt, doubt=doubt))
    following[state] = Reading(total, doubt, attempts, reading.odd or cost >= ODD)


def _let_in(state: State) -> State:
    return replace(state, over=True)


def _within(sizes: range, fixed: int, name: range) -> range:
    """How long the user's name may be if payloads of these sizes have it and `fixed` bytes."""
    if not sizes or not name:
        return range(0)
    return range(max(sizes[0] - fixed, name[0]), min(sizes[-1] - fixed, name[-1]) + 1)


def _difference(question: range, answer: range, fixed: int, name: range) -> range:
    """How long the name may be if the question has it and `fixed` bytes more than the answer."""
    if not question or not answer or not name:
        return range(0)
    least, most = question[0] - answer[-1] - fixed, question[-1] - answer[0] - fixed
    return range(max(least, name[0]), min(most, name[-1]) + 1)


def _overlap(one: range, other: range) -> bool:
    return bool(one) and bool(other) and one[0] <= other[-1] and other[0] <= one[-1]
