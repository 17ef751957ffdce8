"""SMTP: whether a connection is mail that is sent, and where STARTTLS makes it TLS.

RFC 5321, RFC 3207. Confirmed as in Zeek: base/protocols/smtp (main.zeek, dpd.sig),
src/analyzer/protocol/smtp.
"""

from __future__ import annotations

from typing import ClassVar

from parsers.services.dialogue import (
    NumberedDialogue,
    all_of,
    begins_with_code,
    begins_with_word,
    code_of,
    first_word,
)

STARTTLS = (b"STARTTLS", b"X-ANONYMOUSTLS")
COMMANDS = (
    *(b"EHLO", b"HELO", b"MAIL", b"RCPT", b"DATA", b"QUIT", b"RSET", b"VRFY", b"EXPN", b"HELP"),
    *(b"NOOP", b"SEND", b"SOML", b"SAML", b"TURN", b"BDAT", b"ETRN", b"AUTH", *STARTTLS),
)
GREETS = (b"EHLO", b"HELO")
DATA_GOES_AHEAD = 354


def begins(orig: bytes, resp: bytes) -> bool | None:
    """Whether first bytes of the two sides (either may be empty) are this protocol.

    None while too few bytes are there to tell.
    """
    return all_of(begins_with_word(orig, GREETS), begins_with_code(resp, (b"220",)))


class Smtp(NumberedDialogue):
    """Reads until TLS comes; otherwise a bounded part of it, a small one where a mail comes."""

    service: ClassVar[str] = "smtp"
    GREETINGS: ClassVar[tuple[int, ...]] = (220, 421, 554)
    TLS_ACCEPTED: ClassVar[int] = 220

    def _command(self, line: bytes) -> None:
        if not line:
            return
        word = first_word(line)
        self.confirmed |= word in COMMANDS
        self._is_settled |= word == b"BDAT"
        self._commanded(asks_for_tls=word in STARTTLS and not self._is_settled)

    def _reply(self, line: bytes) -> None:
        code = code_of(line)
        if not 100 <= code <= 599:
            self._violate("unknown_reply")
        elif line[3:4] != b"-":
            self._is_settled |= code == DATA_GOES_AHEAD
            self._answered(code)
