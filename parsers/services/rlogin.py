"""rlogin: who logs on to whom, and what is typed (RFC 1282).

The client names its user, the server's user and the terminal, each ended by a zero; the server
answers with a zero. Where it trusts the client it asks for no password. Zeek has no service for it.
"""

from __future__ import annotations

import re
from typing import ClassVar

from parsers.services.commands import as_text
from parsers.services.parser import NOTHING, ORIG, Parser
from parsers.services.terminal import Terminal

NAMES = re.compile(
    rb"\x00([^\x00-\x20\x7f]{0,32})\x00([^\x00-\x20\x7f]{1,32})\x00([^\x00-\x20\x7f]{1,32}/[0-9]{1,6})\x00"
)
NAMES_MAX = 104
MAY_BEGIN = re.compile(rb"\x00(?:[^\x00-\x20\x7f]{0,32}\x00?){0,3}")
WINDOW = b"\xff\xffss"  # and eight bytes: the size of the client's window
WINDOW_SIZE = 12


def begins(orig: bytes, resp: bytes) -> bool | None:
    """Whether first bytes of the two sides (either may be empty) are this protocol.

    None while too few bytes are there to tell.
    """
    if resp[:1] not in (b"", b"\0"):
        return False
    if NAMES.match(orig):
        return True if resp else None
    return None if len(orig) < NAMES_MAX and (not orig or MAY_BEGIN.fullmatch(orig)) else False


class Rlogin(Parser):
    """Reads the session until it is long enough."""

    service: ClassVar[str] = "rlogin"

    def __init__(self) -> None:
        super().__init__()
        self._head = bytearray()  # of the client, until the names are whole
        self._answered = False  # whether the server's zero has come
        self._waiting = bytearray()  # what may be the beginning of a window's size
        self._terminal: Terminal | None = None

    def confirmed_names(self) -> list[str]:
        """None: Zeek has no name for it in conn."""
        return []

    def data(self, side: int, octets: bytes, ts: int) -> None:
        """Read what comes next in the stream of a side."""
        if self.wants[ORIG] == NOTHING or not octets:
            return
        if side == ORIG:
            self._from_client(octets, ts)
        elif not self._answered:
            self._answered = True
            self._printed(octets[1:])
            if octets[0]:
                self.failed = "refused_or_not_rlogin"
                self._finish()
        else:
            self._printed(octets)
        if self._terminal and self._terminal.is_enough:
            self._finish()

    def gap(self, side: int, count: int, ts: int) -> None:
        """Give up: a prompt for a password may be missing."""
        self._finish()
        self.failed = "content_gap"

    def end(self, ts: int) -> None:
        """Tell what waits for the end."""
        self._finish()

    def _printed(self, octets: bytes) -> None:
        if self._terminal:
            self._terminal.printed(octets)

    def _from_client(self, octets: bytes, ts: int) -> None:
        if self._terminal is None:
            self._head += octets
            names = NAMES.match(self._head[:NAMES_MAX])
            if names:
                user = as_text(names[2])
                self._terminal = Terminal(self.service, ORIG, self.rows, user=user, since=ts)
                octets = bytes(self._head[names.end() :])
                self._head.clear()
            elif len(self._head) >= NAMES_MAX or not MAY_BEGIN.fullmatch(self._head):
                self.failed = "not_rlogin"
                return
        if self._terminal is not None:
            self._terminal.typed(self._typed(octets), ts)

    def _typed(self, octets: bytes) -> bytes:
        """What of the client's bytes is typed: all but the sizes of its window."""
        octets = bytes(self._waiting) + octets
        self._waiting.clear()
        typed = bytearray()
        at = 0
        while (found := octets.find(WINDOW[:1], at)) >= 0:
            typed += octets[at:found]
            at = found
            head = octets[found : found + WINDOW_SIZE]
            if not WINDOW.startswith(head[: len(WINDOW)]):
                typed += WINDOW[:1]
                at += 1
            elif len(head) < WINDOW_SIZE:
                self._waiting += head
                return bytes(typed)
            else:
                at += WINDOW_SIZE
        return bytes(typed + octets[at:])

    def _finish(self) -> None:
        if self.wants[ORIG] != NOTHING:
            self.wants = [NOTHING, NOTHING]
            if self._terminal:
                self._terminal.end()
