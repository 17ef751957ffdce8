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

ANY_COMMAND = re.compile(
    rb"(?:USER|PASS|ACCT|CWD|CDUP|XCWD|XCUP|SMNT|REIN|QUIT|PORT|PASV|TYPE|STRU|MODE|RETR|STOR|STOU"
    rb"|APPE|ALLO|REST|RNFR|RNTO|ABOR|DELE|RMD|XRMD|MKD|XMKD|PWD|XPWD|LIST|NLST|SITE|SYST|STAT|HELP"
    rb"|NOOP|AUTH|ADAT|PBSZ|PROT|CCC|MIC|CONF|ENC|FEAT|OPTS|EPRT|EPSV|MDTM|SIZE|MLST|MLSD|LANG|HOST"
    rb"|CLNT|MFMT)[ \r\n]",
    re.IGNORECASE,
)
"""What a client may say first on the port of FTP, where the capture has not all."""

AUTH = re.compile(rb"[\t\n\v\f\r ]*AUTH +([!-~]*)", re.IGNORECASE)
MECHANISMS = (b"TLS", b"TLS-C", b"TLS-P", b"SSL", b"GSSAPI", b"KERBEROS_V4")  # SMTP has others

COMMAND = re.compile(rb"[\t\v\f\r ]*([!-~]{3,100})(?![^\t\v\f\r ])[\t\v\f\r ]*(.*)", re.DOTALL)
REPLY = re.compile(rb"[1-9][0-9]{2}(?:[ -]|$)")
FINAL = 200
"""Replies below this number are followed by another."""


def begins(orig: bytes, resp: bytes) -> bool | None:
    """Whether first bytes of the two sides (either may be empty) are this protocol.

    None while too few bytes are there to tell.
    """
    greets = begins_with_code(resp, (b"120", b"220"))
    return all_of(begins_with_word(orig, FIRST_COMMANDS), _authenticates(orig), greets)


def _authenticates(orig: bytes) -> bool | None:
    """Whether an AUTH, if that is what comes first, is one of FTP."""
    found = AUTH.match(orig)
    if not found:
        return True
    mechanism = found[1].upper()
    if found.end() < len(orig):
        return mechanism in MECHANISMS
    return None if any(each.startswith(mechanism) for each in MECHANISMS) else False


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
