"""A dialogue in lines: what is common to the protocols in which commands and replies are text.

Lines end at LF; CRs before it are no part of them. What Zeek does about misread protocols:
base/frameworks/analyzer/dpd.zeek.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

from parsers.services.parser import NOTHING, ORIG, Parser

LINE_MAX = 8192
"""How much of a line is read. More of it is passed over."""

READ_MAX = 1 << 16
"""How much of both sides is read: as far in, nobody changes to TLS any more."""

HELD_MAX = 1 << 16
"""What is kept of a client that does not wait for the answer to its STARTTLS."""

VIOLATIONS_COUNT_UNTIL = 10 * 1024
"""Bytes of both sides behind which Zeek keeps the name of a protocol that it misreads."""

BLANKS = b"\t\n\v\f\r "


class Dialogue(Parser):
    """Reads the lines of both sides in the order in which they came; makes no rows.

    LINE_END: the byte that ends them.
    rest: once TLS begins, what was read of it already, for each side: what the server sent behind
        the line that accepts it, and the client behind the one that asks for it. It comes before
        what comes next of the side.
    """

    LINE_END: ClassVar[bytes] = b"\n"

    def __init__(self) -> None:
        super().__init__()
        self._lines = [bytearray(), bytearray()]
        self._read = 0  # bytes, of both sides
        self._asks_for_tls = False  # what the client sends is kept until the server has answered
        self._kept = bytearray()
        self._is_settled = False  # whether TLS cannot follow any more

    def data(self, side: int, octets: bytes, ts: int) -> None:
        """Read what comes next in the stream of a side, from a packet of that time."""
        if self._is_over():
            return
        self._read += len(octets)
        self._cut(side, octets)
        if len(self._kept) > HELD_MAX:
            self._give_up("spoke_too_early")
        elif self._read > self._wanted() and not self._asks_for_tls:
            self._want_nothing()

    def gap(self, side: int, count: int, ts: int) -> None:
        """Give up, unless nothing more was wanted: behind a hole it is unclear what is a line."""
        if not self._is_over():
            self._give_up("content_gap")

    # What each protocol says of the lines.

    @abstractmethod
    def _command(self, line: bytes) -> None:
        """Read a line of the client."""

    @abstractmethod
    def _reply(self, line: bytes) -> None:
        """Read a line of the server."""

    # What they may answer.

    def _accept_tls(self) -> None:
        self.tls_begins = True
        self._want_nothing()

    def _refuse_tls(self) -> None:
        self._asks_for_tls = False

    def _wanted(self) -> int:
        """How much of both sides may tell anything."""
        return VIOLATIONS_COUNT_UNTIL if self._is_settled and self.confirmed else READ_MAX

    def _violate(self, reason: str) -> None:
        """Take note of what is no such protocol."""
        if self._read <= VIOLATIONS_COUNT_UNTIL:
            self.confirmed = False
            self._give_up(reason)

    def _want_nothing(self) -> None:
        self.wants = [NOTHING, NOTHING]

    def _give_up(self, reason: str) -> None:
        self.failed = reason
        self._want_nothing()

    def _is_over(self) -> bool:
        return self.wants[ORIG] == NOTHING

    def _cut(self, side: int, octets: bytes) -> None:
        """Read lines until the piece ends, or what the side says is to be kept."""
        at = 0
        while at < len(octets) and not self._is_over():
            if side == ORIG and self._asks_for_tls:
                self._kept += octets[at:]
                return
            end = octets.find(self.LINE_END, at)
            line = self._lines[side]
            line += octets[at : min(end if end >= 0 else len(octets), at + LINE_MAX - len(line))]
            if end < 0:
                return
            at = end + 1
            self._lines[side] = bytearray()
            self._line(side, bytes(line.rstrip(b"\r")))
        if self.tls_begins:
            self.rest[ORIG], self.rest[side] = bytes(self._kept), octets[at:]

    def _line(self, side: int, line: bytes) -> None:
        if side == ORIG:
            self._command(line)
            return
        asked = self._asks_for_tls
        self._reply(line)
        if asked and not self._asks_for_tls:  # refused: what was kept are commands after all
            kept, self._kept = bytes(self._kept), bytearray()
            self._cut(ORIG, kept)


class NumberedDialogue(Dialogue):
    """A dialogue in which each command is answered with a number, and the client itself first.

    GREETINGS: what a server begins with. TLS_ACCEPTED: its answer to a STARTTLS.
    """

    GREETINGS: ClassVar[tuple[int, ...]]
    TLS_ACCEPTED: ClassVar[int]

    def __init__(self) -> None:
        super().__init__()
        self._unanswered = 1  # commands; the greeting answers that the client has connected
        self._is_greeted = False

    def _commanded(self, *, asks_for_tls: bool) -> None:
        self._unanswered += 1
        self._asks_for_tls = asks_for_tls

    def _answered(self, code: int) -> None:
        """Take note of a reply that ends the answer to a command."""
        if not self._is_greeted and code not in self.GREETINGS:
            self._unanswered -= 1  # the capture does not have the greeting
        self._is_greeted = True
        self._unanswered = max(self._unanswered - 1, 0)
        if self._asks_for_tls and not self._unanswered:
            if code == self.TLS_ACCEPTED:
                self._accept_tls()
            else:
                self._refuse_tls()


def first_word(line: bytes) -> bytes:
    """The first word of a line in capitals."""
    words = line.split(None, 1)
    return words[0].upper() if words else b""


def code_of(line: bytes) -> int:
    """The number of a reply: three digits that it begins with; 0 where it has none."""
    return int(line[:3]) if len(line) >= 3 and line[:3].isdigit() else 0


def all_of(*answers: bool | None) -> bool | None:
    """Whether all is so; None where it is not known of all, and nothing is denied."""
    if False in answers:
        return False
    return None if None in answers else True


def begins_with_code(octets: bytes, codes: tuple[bytes, ...]) -> bool | None:
    """Whether a stream begins with one of these numbers, and a blank or a hyphen."""
    octets = octets.lstrip(BLANKS)
    if len(octets) < 4:
        return None if any(code.startswith(octets[:3]) for code in codes) else False
    return octets[:3] in codes and octets[3:4] in BLANKS + b"-"


def begins_with_word(octets: bytes, words: tuple[bytes, ...]) -> bool | None:
    """Whether a stream begins with one of these words, in any case, and a blank or end of line."""
    octets = octets.lstrip(BLANKS)
    head = octets.split(None, 1)[0].upper() if octets else b""
    if head == octets.upper():  # the word may go on
        return None if any(word.startswith(head) for word in words) else False
    return head in words
