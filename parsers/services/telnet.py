"""Telnet: who logs on and what is typed, with the negotiation of options taken out.

RFC 854, RFC 855; ENCRYPT: RFC 2946; END OF RECORD, of IBM's block terminals: RFC 885. Zeek's
analyzer for it (src/analyzer/protocol/login) is not enabled by default, and names no service.
"""

from __future__ import annotations

import re
from typing import ClassVar

from parsers.services.parser import NOTHING, ORIG, RESP, Parser
from parsers.services.terminal import Terminal

IAC = 0xFF
EOR, SE, SB, WILL, DONT = 0xEF, 0xF0, 0xFA, 0xFB, 0xFE
LEAVES_TEXT = (b"\x26\x03", b"\x2e\x01")
"""Subnegotiations behind which no text comes: ENCRYPT START, START_TLS FOLLOWS."""

PRINTABLE = re.compile(rb"(?:[\r\n\x1b\x20-\x7e][\x00\x07-\x0d\x1b\x20-\x7e\x80-\xff]*)?")
GREETS = re.compile(rb"(?:login|user ?name|password)[ \t]*:[ \t]*\Z", re.IGNORECASE)
"""What a server that negotiates nothing prints first, at its end."""
GREETING_MAX = 256


def begins(orig: bytes, resp: bytes) -> bool | None:
    """Whether first bytes of the two sides (either may be empty) are this protocol.

    None while too few bytes are there to tell.
    """
    negotiates = [_negotiates(octets) for octets in (orig, resp)]
    texts = all(answer is not False or PRINTABLE.fullmatch(octets)
                for answer, octets in zip(negotiates, (orig, resp), strict=True))  # fmt: skip
    if not texts:
        return False
    if True in negotiates:
        return True
    if None in negotiates and (orig or resp) and (orig[:1] == b"\xff" or resp[:1] == b"\xff"):
        return None
    if not resp:
        return None
    return bool(orig) or None if GREETS.search(resp) else (len(resp) < GREETING_MAX and None)


def _negotiates(octets: bytes) -> bool | None:
    """Whether a stream begins with a command about options; None while it may."""
    if len(octets) < 2:
        return None if octets in (b"", b"\xff") else False
    return octets[0] == IAC and SB <= octets[1] <= DONT


class Options:
    """One side's stream: takes commands out of the text (RFC 854). is_text: until it is no more."""

    def __init__(self) -> None:
        self.is_text = True
        self._command = bytearray()  # the beginning of one that is not whole
        self._within = False  # a subnegotiation
        self._about = bytearray()  # the first two bytes of it

    def text(self, octets: bytes) -> bytes:
        """Return what of the next bytes is text."""
        octets = bytes(self._command) + octets
        self._command.clear()
        text = bytearray()
        at = 0
        while at < len(octets) and self.is_text:
            found = octets.find(IAC, at)
            self._take(octets[at : found if found >= 0 else len(octets)], text)
            if found < 0:
                break
            size = self._size(octets[found : found + 2])
            if found + size > len(octets):
                self._command += octets[found:]
                break
            self._obey(octets[found + 1], text)
            at = found + size
        return bytes(text)

    def _take(self, octets: bytes, text: bytearray) -> None:
        if not self._within:
            text += octets
            return
        self._about += octets[: 2 - len(self._about)]
        self.is_text = bytes(self._about) not in LEAVES_TEXT

    def _size(self, head: bytes) -> int:
        """How many bytes a command has."""
        is_option = len(head) == 2 and WILL <= head[1] <= DONT and not self._within
        return 3 if is_option else 2

    def _obey(self, command: int, text: bytearray) -> None:
        if command == IAC:
            self._take(b"\xff", text)
        elif command == SB:
            self._within = True
            self._about.clear()
        elif command == SE:
            self._within = False
        elif command == EOR:
            self.is_text = False


class Telnet(Parser):
    """Reads the session until nothing more of it is text, or it is long enough."""

    service: ClassVar[str] = "telnet"

    def __init__(self) -> None:
        super().__init__()
        self._options = (Options(), Options())
        self._terminal = Terminal(self.service, ORIG, self.rows)

    def confirmed_names(self) -> list[str]:
        """None: Zeek has no name for it in conn."""
        return []

    def data(self, side: int, octets: bytes, ts: int) -> None:
        """Read what comes next in the stream of a side."""
        if self.wants[ORIG] == NOTHING:
            return
        text = self._options[side].text(octets)
        if text and side == ORIG:
            self._terminal.typed(text, ts)
        elif text and side == RESP:
            self._terminal.printed(text)
        if self._terminal.is_enough or not self._options[side].is_text:
            self._finish()

    def gap(self, side: int, count: int, ts: int) -> None:
        """Give up: a prompt for a password may be missing."""
        self._finish()
        self.failed = "content_gap"

    def end(self, ts: int) -> None:
        """Tell what waits for the end."""
        self._finish()

    def _finish(self) -> None:
        if self.wants[ORIG] != NOTHING:
            self.wants = [NOTHING, NOTHING]
            self._terminal.end()
