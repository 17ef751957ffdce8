"""FTP: whether a connection is one of commands, where its data go, where AUTH TLS makes it TLS.

Who logs on and what is done with files, `ftp_session.py` tells.

RFC 959, RFC 2428, RFC 4217. Confirmed as in Zeek: base/protocols/ftp (main.zeek, dpd.sig),
src/analyzer/protocol/ftp.
"""

from __future__ import annotations

import ipaddress
import re
from typing import ClassVar

from parsers.services.dialogue import (
    NumberedDialogue,
    all_of,
    begins_with_code,
    begins_with_word,
    code_of,
)
from parsers.services.ftp_session import Session
from parsers.services.parser import NOTHING, ORIG, RESP, Expected

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
ADDRESS = re.compile(rb"(?:[0-9]{1,3},){5}[0-9]{1,3}")  # host and port of RFC 959, byte by byte
EXTENDED = re.compile(  # RFC 2428, section 2: a delimiter, the address' family, it and the port
    rb"[\t\v\f\r ]*([!-~])[0-9]*\1([0-9A-Fa-f.:]{0,45})\1([0-9]{1,5})\1"
)
PASSIVE, EXTENDED_PASSIVE = 227, 229


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
        self._now = 0
        self._asks_passive = False  # whether the client ever asked where to connect to
        self._continued = b""  # the number of a reply of several lines, until its last
        self._session = Session(self.rows)

    def data(self, side: int, octets: bytes, ts: int) -> None:
        """Read what comes next in the stream of a side, from a packet of that time."""
        self._now = ts
        super().data(side, octets, ts)
        if self.failed or self.tls_begins:
            self._session.end()

    def gap(self, side: int, count: int, ts: int) -> None:
        """Give up, and tell what is known."""
        super().gap(side, count, ts)
        self._session.end()

    def end(self, ts: int) -> None:
        """Tell what waits for the end."""
        self._session.end()

    def _wanted(self) -> int:
        """All: transfers may begin at any time."""
        return NOTHING

    def _command(self, line: bytes) -> None:
        command = COMMAND.fullmatch(line)
        if command:
            self.confirmed = True
            word, argument = command.groups()
            word = word.upper()
            self._commanded(asks_for_tls=word == b"AUTH" and argument == b"TLS")
            self._session.commanded(word, argument, self._now)
            self._asks_passive |= word in (b"PASV", b"EPSV")
            if word == b"PORT":
                self._expect(RESP, place(argument))
            elif word == b"EPRT":
                self._expect(RESP, extended_place(argument))

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
            self._session.replied(code, line)
        if self._asks_passive:
            self._listens(code, line[3:])

    def _listens(self, code: int, text: bytes) -> None:
        """Take note where the server waits for the client, if it says so."""
        if code == PASSIVE:
            self._expect(ORIG, place(text))
        elif code == EXTENDED_PASSIVE:
            self._expect(ORIG, extended_place(text.partition(b"(")[2]))

    def _expect(self, opener: int, where: tuple[bytes, int] | None) -> None:
        if where:
            self.expects.append(Expected("ftp-data", self._now, opener, *where))


def place(text: bytes) -> tuple[bytes, int] | None:
    """The address and port of PORT and of a reply to PASV."""
    found = ADDRESS.search(text)
    numbers = [int(number) for number in found[0].split(b",")] if found else [256]
    if max(numbers) > 255:
        return None
    return bytes(numbers[:4]), numbers[4] * 256 + numbers[5]


def extended_place(text: bytes) -> tuple[bytes, int] | None:
    """The address, b"" for that of who says it, and the port of EPRT and of a reply to EPSV."""
    found = EXTENDED.match(text)
    if not found or int(found[3]) > 0xFFFF:
        return None
    try:
        host = ipaddress.ip_address(found[2].decode()).packed if found[2] else b""
    except ValueError:
        return None
    return host, int(found[3])
