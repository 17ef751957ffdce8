"""Kerberos 5: who asked for a ticket, for which service, and whether it was given.

RFC 4120 section 7.2.2 for lengths over TCP; messages are read by `kerberos_messages`. Every message
that can be read names the protocol, as in Zeek: src/analyzer/protocol/krb/krb-protocol.pac.
"""

from __future__ import annotations

from typing import ClassVar

from parsers.services.der import SEQUENCE
from parsers.services.kerberos_log import KerberosLog
from parsers.services.kerberos_messages import APPLICATION, MESSAGES, VERSION, read_message
from parsers.services.recogniser import HEAD, Recogniser, StreamRecogniser

VERSION_FIELD = b"\3\2\1" + VERSION  # behind its tag

TAGS = frozenset(APPLICATION + number for number in MESSAGES)
LONGEST_HEAD = 6  # bytes of a tag and a length
LONGEST = 1 << 17  # a ticket is up to 64 KiB where many groups are in it


def begins(orig: bytes, resp: bytes) -> bool | None:
    """Whether first datagrams of the two sides (either may be empty) are this protocol."""
    return Krb.begins(orig, resp)


def begins_tcp(orig: bytes, resp: bytes) -> bool | None:
    """Whether first bytes of the two streams (either may be empty) are this protocol."""
    return KrbTcp.begins(orig, resp)


def is_message(octets: bytes) -> bool:
    """Whether it is a message of a known kind that can be read."""
    return bool(octets) and _may_begin(octets, len(octets)) and read_message(octets) is not None


def _may_begin(octets: bytes, length: int) -> bool:
    """Whether a message's two heads fill it and its version follows, as far as they are there."""
    at = 0
    for tags in (TAGS, (SEQUENCE,)):
        if len(octets) < at + 2:
            return octets[at:] == b"" or octets[at] in tags
        size = octets[at + 1]
        start = at + 2 + (size & 0x7F if size > 0x7F else 0)
        if octets[at] not in tags or start > at + LONGEST_HEAD:
            return False
        if len(octets) < start:
            return True
        if start + (int.from_bytes(octets[at + 2 : start]) if size > 0x7F else size) != length:
            return False
        at = start
    return VERSION_FIELD.startswith(octets[at + 1 : at + 5])


def _unreadable(octets: bytes) -> bool:
    return not is_message(octets)


class Rows(Recogniser):
    """Makes the rows of messages, as many as Zeek makes: one for tickets."""

    def __init__(self) -> None:
        super().__init__()
        self._log = KerberosLog(self.rows)

    def data(self, side: int, octets: bytes, ts: int) -> None:
        """Read what comes next of a side."""
        super().data(side, octets, ts)
        if self.failed:
            self.end(ts)

    def gap(self, side: int, count: int, ts: int) -> None:
        """Make the row: behind a hole nothing is read."""
        super().gap(side, count, ts)
        self.end(ts)

    def end(self, ts: int) -> None:
        """Make the row of what had no answer."""
        self._log.end()

    def readable(self, message: bytes, ts: int) -> None:
        """Take note of what a message says."""
        if (told := read_message(message)) is not None:
            self._log.message(told, ts)

    def settled(self) -> None:
        """Want no more, once the row is made: the name stays."""
        if self._log.is_written:
            super().settled()


class Krb(Rows):
    """Reads datagrams."""

    service: ClassVar[str] = "krb"
    is_message = staticmethod(is_message)
    violates = staticmethod(_unreadable)


class KrbTcp(Rows, StreamRecogniser):
    """Reads streams."""

    service: ClassVar[str] = "krb_tcp"
    length_size: ClassVar[int] = 4
    longest: ClassVar[int] = LONGEST
    enough: ClassVar[int] = HEAD
    is_message = staticmethod(is_message)
    may_begin = staticmethod(_may_begin)
    violates = staticmethod(_unreadable)
