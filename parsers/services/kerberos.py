"""Kerberos 5: whether a connection is it.

RFC 4120 section 5 for messages, section 7.2.2 for their lengths over TCP. Every message that can be
read names the protocol, as in Zeek: src/analyzer/protocol/krb/krb-protocol.pac.
"""

from __future__ import annotations

from typing import ClassVar

from parsers.services.der import INTEGER, SEQUENCE, NotDer, Value, first
from parsers.services.recogniser import HEAD, Recogniser, StreamRecogniser

APPLICATION, CONTEXT = 0x60, 0xA0  # tags that hold others; a number is added
VERSION = b"\5"
VERSION_FIELD = b"\3\2\1" + VERSION  # behind its tag

MESSAGES = {
    10: (1, 2, 4),  # AS-REQ
    11: (0, 1, 3, 4, 5, 6),  # AS-REP
    12: (1, 2, 4),  # TGS-REQ
    13: (0, 1, 3, 4, 5, 6),  # TGS-REP
    14: (0, 1, 2, 3, 4),  # AP-REQ
    15: (0, 1, 2),  # AP-REP
    20: (0, 1, 2, 3),  # KRB-SAFE
    21: (0, 1, 3),  # KRB-PRIV
    22: (0, 1, 2, 3),  # KRB-CRED
    30: (0, 1, 6),  # KRB-ERROR
}
"""By their numbers: the fields that must be there, the first two of them version and number."""

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
    """Whether it is a message of a known kind, with its version and its fields."""
    if not octets or not _may_begin(octets, len(octets)):
        return False
    kind = octets[0] - APPLICATION
    try:
        message = first(octets)
        sequences = list(message)
        if message.whole != octets or len(sequences) != 1:
            return False
        fields = {field.tag - CONTEXT: field for field in sequences[0].expect(SEQUENCE)}
        version, number, *_ = MESSAGES[kind]
        return (
            fields.keys() >= set(MESSAGES[kind])
            and _integer(fields[version]) == VERSION
            and _integer(fields[number]) == bytes((kind,))
        )
    except NotDer:
        return False


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


def _integer(field: Value) -> bytes:
    return first(field.content).expect(INTEGER).content


def _unreadable(octets: bytes) -> bool:
    return not is_message(octets)


class Krb(Recogniser):
    """Tells it of datagrams."""

    service: ClassVar[str] = "krb"
    is_message = staticmethod(is_message)
    violates = staticmethod(_unreadable)


class KrbTcp(StreamRecogniser):
    """Tells it of streams."""

    service: ClassVar[str] = "krb_tcp"
    length_size: ClassVar[int] = 4
    longest: ClassVar[int] = LONGEST
    enough: ClassVar[int] = HEAD
    is_message = staticmethod(is_message)
    may_begin = staticmethod(_may_begin)
    violates = staticmethod(_unreadable)
