"""POP3: whether a connection is mail that is fetched, and where STLS makes it TLS.

RFC 1939, RFC 2449, RFC 2595, RFC 5034. Confirmed as in Zeek: base/protocols/pop3 (main.zeek,
dpd.sig), src/analyzer/protocol/pop3.
"""

from __future__ import annotations

from typing import ClassVar

from parsers.services.dialogue import Dialogue, all_of, begins_with_word, first_word

GREETING = b"+OK"
FIRST_COMMANDS = (b"USER", b"APOP", b"CAPA", b"AUTH", b"STLS")
COMMANDS = (
    *(b"OK", b"ERR", b"USER", b"PASS", b"APOP", b"AUTH", b"STAT", b"LIST", b"RETR", b"DELE"),
    *(b"RSET", b"NOOP", b"LAST", b"QUIT", b"TOP", b"CAPA", b"UIDL", b"STLS", b"XSENDER"),
)
CONFIRM = (b"USER", b"CAPA", b"STLS")
"""What confirms, once the server accepts it."""

LISTS = (b"CAPA", b"RETR", b"TOP")
LISTS_WITHOUT_ARGUMENT = (b"LIST", b"UIDL", b"AUTH")
"""What is answered with lines up to a dot."""

LOGINS = (b"PASS", b"APOP", b"AUTH")
PENDING_MAX = 1000


def begins(orig: bytes, resp: bytes) -> bool | None:
    """Whether first bytes of the two sides (either may be empty) are this protocol.

    None while too few bytes are there to tell.
    """
    greets = resp.startswith(GREETING) or (None if GREETING.startswith(resp) else False)
    return all_of(begins_with_word(orig, FIRST_COMMANDS), greets)


class Pop3(Dialogue):
    """Reads until TLS comes; otherwise a bounded part of it, a small one after a login."""

    service: ClassVar[str] = "pop3"

    def __init__(self) -> None:
        super().__init__()
        self._pending: list[tuple[bytes, bool]] = []  # commands, and whether a list answers each
        self._authenticates = False  # the client's lines are no commands now
        self._in_list = False
        self._greeted = False

    def _command(self, line: bytes) -> None:
        if not line or self._authenticates or len(self._pending) == PENDING_MAX:
            return
        word = first_word(line)
        has_argument = len(line.split()) > 1
        self._authenticates = word == b"AUTH" and has_argument
        self._asks_for_tls = word == b"STLS"
        is_list = word in LISTS or (word in LISTS_WITHOUT_ARGUMENT and not has_argument)
        self._pending.append((word, is_list))

    def _reply(self, line: bytes) -> None:
        if self._in_list:
            self._in_list = line != b"."
            return
        word = first_word(line).lstrip(b"+-")
        if word == b"OK":
            self._accepted()
        elif word == b"ERR":
            self._refused()
        elif word not in COMMANDS and not self._authenticates:
            self._violate("unknown_reply")

    def _accepted(self) -> None:
        if not self._greeted:
            self._greeted = True
            return
        command, self._in_list = self._pending.pop(0) if self._pending else (b"", False)
        self.confirmed |= command in CONFIRM
        self._authenticates = False
        if command == b"STLS":
            self._accept_tls()
        self._is_settled |= command in LOGINS and not self._in_list

    def _refused(self) -> None:
        self._greeted = True
        command, _ = self._pending.pop(0) if self._pending else (b"", False)
        self._authenticates = False
        if command == b"STLS":
            self._refuse_tls()
