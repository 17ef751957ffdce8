"""NTLMSSP: the messages of an authentication, and the row of `ntlm` that they make.

MS-NLMP sections 2.2.1 and 2.2.2.1. Columns and when the row is written as in Zeek:
base/protocols/ntlm/main.zeek, src/analyzer/protocol/ntlm.
"""

from __future__ import annotations

import struct
from typing import Any, NamedTuple

from parsers.services.parser import Row

SIGNATURE = b"NTLMSSP"
"""Zeek looks at no more: the zero behind it is left out."""

NEGOTIATE, CHALLENGE, AUTHENTICATE = 1, 2, 3

NEGOTIATE_UNICODE = 0x00000001
REQUEST_TARGET = 0x00000004
NEGOTIATE_OEM_DOMAIN_SUPPLIED = 0x00001000
NEGOTIATE_OEM_WORKSTATION_SUPPLIED = 0x00002000
NEGOTIATE_TARGET_INFO = 0x00800000

SERVER_NAMES = {
    1: "server_nb_computer_name",
    3: "server_dns_computer_name",
    5: "server_tree_name",
}
"""AV_PAIR: columns by AvId."""

LAST_PAIR = 10
"""The last AvId that Zeek knows; a later one makes it give up the message."""

END_OF_PAIRS = 0

NEGOTIATE_HEAD = struct.Struct("<12xI HxxI HxxI")
"""Flags; of domain and workstation the length and the offset."""

CHALLENGE_HEAD = struct.Struct("<12xHxxI I16x HxxI")
"""Target's length and offset; flags; the pairs' length and offset."""

AUTHENTICATE_HEAD = struct.Struct("<12x8xHxxI HxxI HxxI HxxI HxxI 4x")
"""Length and offset of each of `AUTHENTICATE_PARTS`; what comes before them is the LM response."""

KIND = FLAGS = struct.Struct("<I")

AUTHENTICATE_PARTS = ("", "domainname", "username", "hostname", "")
"""Columns, "" for none: NT response, domain, user, workstation, session key."""

ACCEPT_COMPLETED, ACCEPT_INCOMPLETE = 0, 1
"""NegTokenResp's negState, RFC 4178 section 4.2.2."""


class NotNtlm(ValueError):
    """The bytes are no NTLMSSP message that can be read."""


class NtlmLog:
    """The row of one connection: begun by the first message, written once."""

    def __init__(self, rows: list[Row]) -> None:
        self._rows = rows
        self._row: dict[str, Any] = {}
        self._written = False

    def message(self, octets: bytes, ts: int) -> None:
        """Read a message; one of another type tells nothing. Raises NotNtlm."""
        try:
            kind = kind_of(octets)
            told = _READERS[kind](octets) if kind in _READERS else None
        except struct.error:
            raise NotNtlm from None
        if told is not None:
            self._row.setdefault("ts", ts)
            if not self._written:
                self._row |= told

    def result(self, state: int) -> None:
        """Take note of the acceptor's state of the negotiation, which may end it."""
        if self._row and state != ACCEPT_INCOMPLETE and not self._written:
            self._row["success"] = state == ACCEPT_COMPLETED
            self.end()

    def end(self) -> None:
        """Write the row, if there is one that was not written."""
        if self._row and not self._written:
            self._rows.append(("ntlm", self._row))
            self._written = True


class LoggedOn(NamedTuple):
    """Who an AUTHENTICATE_MESSAGE says to be, and from where; "" for what it leaves out."""

    user: str
    domain: str
    workstation: str


def kind_of(octets: bytes) -> int:
    """The type of a message. Raises NotNtlm."""
    try:
        return int(KIND.unpack_from(octets, len(SIGNATURE) + 1)[0])
    except struct.error:
        raise NotNtlm from None


def logged_on(octets: bytes) -> LoggedOn:
    """Read an AUTHENTICATE_MESSAGE in the letters that were agreed upon. Raises NotNtlm."""
    try:
        fields = AUTHENTICATE_HEAD.unpack_from(octets)
        (flags,) = FLAGS.unpack_from(octets, AUTHENTICATE_HEAD.size - FLAGS.size)
    except struct.error:
        raise NotNtlm from None
    encoding = "utf-16-le" if flags & NEGOTIATE_UNICODE else "utf-8"
    parts = {
        column: _part(octets, length, offset).decode(encoding, "backslashreplace")
        for column, length, offset in zip(
            AUTHENTICATE_PARTS, fields[::2], fields[1::2], strict=True
        )
        if column
    }
    return LoggedOn(parts["username"], parts["domainname"], parts["hostname"])


def _negotiate(octets: bytes) -> dict[str, str]:
    """Check that the message is whole: it tells nothing that has a column."""
    flags, *fields = NEGOTIATE_HEAD.unpack_from(octets)
    supplied = (NEGOTIATE_OEM_DOMAIN_SUPPLIED, NEGOTIATE_OEM_WORKSTATION_SUPPLIED)
    for flag, length, offset in zip(supplied, fields[::2], fields[1::2], strict=True):
        if flags & flag:
            _part(octets, length, max(offset, NEGOTIATE_HEAD.size))
    return {}


def _challenge(octets: bytes) -> dict[str, str]:
    length, offset, flags, _, pairs_at = CHALLENGE_HEAD.unpack_from(octets)
    if flags & REQUEST_TARGET:
        _part(octets, length, max(offset, CHALLENGE_HEAD.size))
    if not flags & NEGOTIATE_TARGET_INFO:
        return {}
    return _pairs(octets, max(pairs_at, CHALLENGE_HEAD.size))


def _pairs(octets: bytes, at: int) -> dict[str, str]:
    """Read AV_PAIRs until the one that ends them."""
    told: dict[str, str] = {}
    while True:
        kind, length = struct.unpack("<HH", _part(octets, 4, at))
        if kind == END_OF_PAIRS:
            return told
        value = _part(octets, length, at + 4)
        if kind in SERVER_NAMES:
            told[SERVER_NAMES[kind]] = _text(value)
        elif kind > LAST_PAIR:
            raise NotNtlm
        at += 4 + length


def _authenticate(octets: bytes) -> dict[str, str]:
    fields = AUTHENTICATE_HEAD.unpack_from(octets)
    told: dict[str, str] = {}
    for column, length, offset in zip(AUTHENTICATE_PARTS, fields[::2], fields[1::2], strict=True):
        if length:
            part = _part(octets, length, max(offset, AUTHENTICATE_HEAD.size))
            if column:
                told[column] = _text(part)
    return told


def _part(octets: bytes, length: int, at: int) -> bytes:
    """So many bytes from there."""
    part = octets[at : at + length]
    if len(part) < length:
        raise NotNtlm
    return part


def _text(octets: bytes) -> str:
    """A string as Zeek reads each: UTF-16, whatever was negotiated, until a zero."""
    text = octets[: len(octets) & ~1].decode("utf-16-le", "surrogatepass").partition("\0")[0]
    return text.encode("utf-8", "surrogatepass").decode("utf-8", "backslashreplace")


_READERS = {NEGOTIATE: _negotiate, CHALLENGE: _challenge, AUTHENTICATE: _authenticate}
