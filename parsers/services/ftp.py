"""FTP: whether a connection is one of commands, and where AUTH TLS makes it TLS.

RFC 959, RFC 4217. Confirmed as in Zeek: base/protocols/ftp (main.zeek, dpd.sig),
src/analyzer/protocol/ftp.
"""

from __future__ import annotations

import re
from typing import ClassVar

from parsers.services.dialogue import (
    NumberedDialogue,
    all_of,
    begins_with_code,
    begins_with_word,
    code_of,
)

FIRST_COMMANDS = (b"USER", b"AUTH", b"FEAT", b"SYST", b"HOST", b"CLNT", b"OPTS", b"LANG", b"PBSZ")
"""What clients begin with, and those of SMTP do not."""

COMMAND = re.compile(rb"[\t\v\f\r ]*([!-~]{3,100})(?![^\t\v\f\r ])[\t\v\f\r ]*(.*)", re.DOTALL)
REPLY = re.compile(rb"[1-9][0-9]{2}(?:[ -]|$)")
FINAL = 200
"""Replies below this number are followed by another."""


def begins(orig: bytes, resp: bytes) -> bool | None:
    """Whether first bytes of the two sides (either may be empty) are this protocol.

    None while too few bytes are there to tell.
    """
    greets = begins_with_code(resp, (b"120", b"220"))
    return all_of(begins_with_word(orig, FIRST_COMMANDS), greets)


class Ftp(NumberedDialogue):
    """Reads until TLS comes; otherwise a bounded part of it."""

    service: ClassVar[str] = "ftp"
    GREETINGS: ClassVar[tuple[int, ...]] = (220, 421)
    TLS_ACCEPTED: ClassVar[int] = 234

    def __init__(self) -> None:
        super().__init__()
        self._continued = b""  # the number of a reply of several lines, until its last

    def _command(self, line: bytes) -> None:
        command = COMMAND.fullmatch(line)
        if command:
            self.confirmed = True
            word, argument = command.groups()
            self._commanded(asks_for_tls=word.upper() == b"AUTH" and argument == b"TLS")

    def _reply(self, line: bytes) -> None:
        if self._continued:
            if line[:4] != self._continued + b" ":
                return
            self._continued = b""
        elif not line:
            return
        elif not REPLY.match(line):
            self._violate("unknown_reply")
            return
        elif line[3:4] == b"-":
            self._continued = line[:3]
            return
        code = code_of(line)
        if code >= FINAL:
            self._answered(code)
