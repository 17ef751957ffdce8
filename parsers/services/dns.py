"""DNS, and what speaks as it (NetBIOS names, multicast DNS, LLMNR): whether a connection is it.

RFC 1035 section 4 for messages and for their lengths over TCP, RFC 1002 section 4.2 for NetBIOS,
RFC 6762 section 18 for multicast. What names the protocol and what takes the name back as in Zeek:
src/analyzer/protocol/dns/DNS.cc. It is read on its ports, where questions and answers that can be
taken apart are enough; elsewhere a message has to be right in every part.
"""

from __future__ import annotations

import re
import struct
from typing import ClassVar

from parsers.services.recogniser import Recogniser, StreamRecogniser

HEADER = struct.Struct(">HHHHHH")  # identifier, flags, and how many there are of each section
RECORD = struct.Struct(">HHIH")  # type, class, time to live, length of the data
MOST_QUESTIONS = 25  # Zeek's dns_max_queries
LONGEST, LONGEST_LABEL, LONGEST_NAME = 65_535, 63, 255
POINTER = 0xC0
ENOUGH = 250  # bytes of a message in a stream, to tell what it is before it is whole

RESPONSE, RCODE, RESERVED = 0x8000, 0x000F, 0x0040
OPCODES = frozenset((0, 1, 2, 4, 5, 6, 7, 8, 9))  # 6 to 9 are NetBIOS's
READ_OPCODES = frozenset((0, 4, 5))  # query, notify, update: Zeek passes over others
CLASSES = frozenset((1, 3, 4, 254, 255))  # IN, CH, HS, NONE, ANY
CLASS = 0x7FFF  # without the bit that multicast DNS adds: cache flush, or unicast response
OPT = 41  # has a size in place of its class
ADDRESS, ADDRESS_SIZE = 1, 4
ROOM_FOR_NAME = 512  # Zeek's, of which each label takes one byte more than it has

HEAD = re.compile(rb"(?s).{4}\0[\0-\x19]")
HEAD_OF_STREAM = re.compile(rb"(?s)(?!\x03\0).{4}[\0-\7\x20-\x2f\x80-\x87\xa0-\xaf].\0[\0-\x19]")
"""What may come first on the ports: MOST_QUESTIONS at most; in a stream READ_OPCODES, no TPKT."""


def begins(orig: bytes, resp: bytes) -> bool | None:
    """Whether first datagrams of the two sides (either may be empty) are this protocol."""
    return Dns.begins(orig, resp)


def begins_tcp(orig: bytes, resp: bytes) -> bool | None:
    """Whether first bytes of the two streams (either may be empty) are this protocol."""
    return DnsTcp.begins(orig, resp)


def is_message(octets: bytes) -> bool:
    """Whether it is a message that holds all questions and records that it announces."""
    if len(octets) < HEADER.size or not _is_header(octets):
        return False
    _, _, questions, *records = HEADER.unpack_from(octets)
    at = HEADER.size
    for _ in range(questions):
        at = _after_question(octets, at)
        if not at:
            return False
    for _ in range(sum(records)):
        at = _after_record(octets, at)
        if not at:
            return False
    return True


def _is_header(octets: bytes) -> bool:
    _, flags, questions, answers, authorities, additional = HEADER.unpack_from(octets)
    return bool(
        not flags & RESERVED
        and flags >> 11 & 0xF in OPCODES
        and (flags & RESPONSE or not flags & RCODE)
        and questions <= MOST_QUESTIONS
        and (questions or answers or authorities or additional)
    )


def _may_begin(octets: bytes, length: int) -> bool:
    """Whether there is a header, and behind it a question or record, where so much is there."""
    if len(octets) < HEADER.size:
        return length >= HEADER.size
    if not _is_header(octets):
        return False
    questions = HEADER.unpack_from(octets)[2]
    after = _after_question if questions else _after_record
    return len(octets) < ENOUGH or after(octets, HEADER.size) > 0


def _after_question(octets: bytes, at: int) -> int:
    """Where the question that begins there ends; 0 if it is none."""
    at = _after_name(octets, at)
    if not at or at + 4 > len(octets):
        return 0
    type_, class_ = struct.unpack_from(">HH", octets, at)
    return at + 4 if type_ and class_ & CLASS in CLASSES else 0


def _after_record(octets: bytes, at: int) -> int:
    at = _after_name(octets, at)
    if not at or at + RECORD.size > len(octets):
        return 0
    type_, class_, _, length = RECORD.unpack_from(octets, at)
    at += RECORD.size + length
    known = type_ and (type_ == OPT or class_ & CLASS in CLASSES)
    return at if known and at <= len(octets) else 0


def _after_name(octets: bytes, at: int) -> int:
    """Where the name ends: labels, then either the empty one or a pointer to an earlier name."""
    begin = at
    while at < len(octets) and at - begin < LONGEST_NAME:
        length = octets[at]
        if length > LONGEST_LABEL:
            earlier = length >= POINTER and at + 2 <= len(octets)
            earlier = earlier and (length & ~POINTER) << 8 | octets[at + 1] < at
            return at + 2 if earlier else 0
        at += 1 + length
        if not length:
            return at
    return 0


def _can_be_read(octets: bytes, longest_label: int) -> bool:
    """Whether all questions and answers are there, of which names may be anything."""
    if len(octets) < HEADER.size or _asks_too_much(octets):
        return False
    _, _, questions, answers, _, _ = HEADER.unpack_from(octets)
    at = HEADER.size
    for _ in range(questions):
        at = _past_name(octets, at, longest_label) + 4
        if at > len(octets):
            return False
    for _ in range(answers):
        at = _past_name(octets, at, longest_label)
        if at + RECORD.size > len(octets):
            return False
        type_, _, _, length = RECORD.unpack_from(octets, at)
        at += RECORD.size
        if at + length > len(octets) or not (length or at == len(octets)):
            return False
        if type_ == ADDRESS and length != ADDRESS_SIZE:
            return False
        at += length
    return True


def _past_name(octets: bytes, at: int, longest_label: int) -> int:
    """Where Zeek goes on behind a name, which ends at whatever is no label."""
    room = ROOM_FOR_NAME
    while at < len(octets):
        length = octets[at]
        at += 1
        if not length or at == len(octets):
            break
        if length >= POINTER:
            return at + 1
        if at + length > len(octets):
            return len(octets)
        if length > longest_label or length >= room:
            break
        at += length
        room -= length + 1
    return at


def _asks_too_much(octets: bytes) -> bool:
    return len(octets) >= HEADER.size and HEADER.unpack_from(octets)[2] > MOST_QUESTIONS


class Dns(Recogniser):
    """Tells it of datagrams."""

    service: ClassVar[str] = "dns"
    is_message = staticmethod(is_message)
    violates = staticmethod(_asks_too_much)

    @classmethod
    def reads(cls, octets: bytes) -> bool:
        """Whether questions and answers of a known operation can be taken apart."""
        return _can_be_read(octets, LONGEST_LABEL) and octets[2] >> 3 & 0xF in READ_OPCODES


class NetbiosNames(Recogniser):
    """Tells it of datagrams on the port of NetBIOS: operations and labels are others."""

    service: ClassVar[str] = "dns"
    is_message = staticmethod(is_message)
    violates = staticmethod(_asks_too_much)

    @classmethod
    def reads(cls, octets: bytes) -> bool:
        """Whether questions and answers can be taken apart."""
        return _can_be_read(octets, POINTER)


class DnsTcp(StreamRecogniser):
    """Tells it of streams."""

    service: ClassVar[str] = "dns"
    length_size: ClassVar[int] = 2
    longest: ClassVar[int] = LONGEST
    enough: ClassVar[int] = ENOUGH
    is_message = staticmethod(is_message)
    may_begin = staticmethod(_may_begin)
    violates = staticmethod(_asks_too_much)

    @classmethod
    def reads(cls, octets: bytes) -> bool:
        """As of a datagram."""
        return Dns.reads(octets)
