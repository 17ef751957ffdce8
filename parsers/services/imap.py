"""IMAP: whether a connection is a mailbox that is read, and where STARTTLS makes it TLS.

RFC 9051. Confirmed as in Zeek, which looks for it on its port alone: base/protocols/imap,
src/analyzer/protocol/imap.
"""

from __future__ import annotations

import re
from typing import ClassVar

from parsers.services.dialogue import Dialogue

LINE = re.compile(rb"([!-~]+) +([!-~]+).*", re.DOTALL)
"""A tag, a command or an outcome, and more."""

LINE_SO_FAR = re.compile(rb"(?:[!-~]+(?: +(?:[!-~].*)?)?)?", re.DOTALL)

GREETING = b"* OK"
GREETS = re.compile(rb"\* OK[ \r\n]")
CONFIRM = (b"CAPABILITY", b"STARTTLS")
SKIPPED_AFTER = (b"authenticate", b"login", b"examine", b"create", b"list", b"fetch")
"""Behind these, in small letters, Zeek reads nothing more."""


def begins(orig: bytes, resp: bytes) -> bool | None:
    """Whether first bytes of the two sides (either may be empty) are this protocol.

    None while too few bytes are there to tell. The server's greeting tells; a client must have
    begun with a tag and a command, or said nothing yet.
    """
    greets = bool(GREETS.match(resp)) or (None if GREETING.startswith(resp) else False)
    line, end, _ = orig.partition(b"\n")
    asks = bool((LINE if end else LINE_SO_FAR).fullmatch(line))
    return asks and greets


class Imap(Dialogue):
    """Reads until Zeek would skip what comes, or TLS comes; otherwise a bounded part of it."""

    service: ClassVar[str] = "imap"

    def __init__(self) -> None:
        super().__init__()
        self._tls_tag = b""

    def _command(self, line: bytes) -> None:
        tag, word = self._words(line)
        self.confirmed |= word.upper() in CONFIRM
        self._asks_for_tls = word.upper() == b"STARTTLS"
        if self._asks_for_tls:
            self._tls_tag = tag

    def _reply(self, line: bytes) -> None:
        tag, word = self._words(line)
        accepts = word.upper() == b"OK"
        self.confirmed |= tag == b"*" and accepts
        if self._asks_for_tls and tag == self._tls_tag:
            if accepts:
                self._accept_tls()
            else:
                self._refuse_tls()

    def _words(self, line: bytes) -> tuple[bytes, bytes]:
        """The two words that count; empty where there are none."""
        words = LINE.fullmatch(line)
        if not words:
            if line:
                self._violate("unknown_line")
            return b"", b""
        if words[2] in SKIPPED_AFTER:
            self.confirmed = True
            self._want_nothing()
        return words[1], words[2]
