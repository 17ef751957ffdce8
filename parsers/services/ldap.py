"""LDAP: who logged on to a directory and whether it worked, and what was asked of it.

RFC 4511 section 5.1 for messages in the stream and section 4.14 for StartTLS; RFC 4422 section 3.7
for what SASL wraps them in, RFC 4121 section 4.2.6.2 for Kerberos' tokens, which are read where
they are signed and not sealed. When the service is confirmed, and what comes after a logon by SASL,
as in Zeek: src/analyzer/protocol/ldap/ldap.spicy, base/protocols/ldap (main.zeek, dpd.sig).
"""

from __future__ import annotations

from abc import abstractmethod
from enum import Enum, auto
from typing import ClassVar, NamedTuple

from parsers.services.der import INTEGER, SEQUENCE, NotDer
from parsers.services.ldap_log import LdapLog
from parsers.services.ldap_messages import (
    APPLICATION,
    CONSTRUCTED,
    LONGEST_INTEGER,
    Message,
    read_message,
)
from parsers.services.ldap_names import (
    BIND_RESPONSE,
    EXTENDED,
    EXTENDED_REQUEST,
    EXTENDED_RESPONSE,
    INTERMEDIATE,
    SEARCH_ENTRY,
    SEARCH_REFERENCE,
    START_TLS,
    SUCCESS,
)
from parsers.services.parser import NOTHING, Parser
from parsers.services.recogniser import VIOLATIONS_UNTIL
from parsers.services.stream import Side

LONGEST = 1 << 18
"""What is held of a side at most: a longer message is not read."""
HEAD = 32
"""Bytes in which the number of a message and its operation are, whatever their lengths."""
PASSED_OVER = (SEARCH_ENTRY, SEARCH_REFERENCE, INTERMEDIATE)
"""What follows their heads tells nothing."""

ASKED = frozenset((0x4A, 0x60, 0x63, 0x66, 0x68, 0x6C, 0x6E, 0x77))
"""Tags of the requests with which a conversation may begin."""
ANSWERED = frozenset((0x61, 0x64, 0x65, 0x67, 0x69, 0x6B, 0x6D, 0x6F, 0x73, 0x78, 0x79))

STARTS_TLS = f"{START_TLS} ({EXTENDED[START_TLS]})"
LENGTH_SIZE = 4
"""Bytes of the length before each token."""
WRAP = b"\x05\x04"
WRAP_HEAD = 16
SEALED = 2
"""Flag of a Wrap token."""


class Mode(Enum):
    """What the bytes are: messages, perhaps something else since SASL, tokens, or secret."""

    PLAIN = auto()
    UNDECIDED = auto()
    WRAPPED = auto()
    SECRET = auto()


class Unreadable(ValueError):
    """The bytes are no LDAP, or LDAP that is not read; its text says why."""


def begins_tcp(orig: bytes, resp: bytes) -> bool | None:
    """Whether first bytes of the two streams (either may be empty) are this protocol."""
    answers = [_side_begins(orig, ASKED), _side_begins(resp, ANSWERED)]
    return False if False in answers else True in answers or None


def begins(orig: bytes, resp: bytes) -> bool | None:
    """Whether first datagrams of the two sides (either may be empty) are this protocol."""
    return begins_tcp(orig, resp)


def _side_begins(octets: bytes, tags: frozenset[int]) -> bool | None:
    """Whether they are a message with one of these operations, as far as they go."""
    try:
        head = _head(octets)
    except Unreadable:
        return False
    return None if head is None else head.tag in tags


class Head(NamedTuple):
    """How a message begins: the length of all of it, its number, the tag of its operation."""

    length: int
    number: int
    tag: int


def _head(octets: bytes) -> Head | None:
    """The head of a message; None while not all of it is there. Raises Unreadable."""
    if octets[:1] and octets[0] != SEQUENCE:
        raise Unreadable("not_ldap")
    length, start = _length(octets, 1)
    if len(octets) <= start:
        return None
    if octets[start] != INTEGER:
        raise Unreadable("not_ldap")
    size, at = _length(octets, start + 1)
    if size > LONGEST_INTEGER or at + size >= start + length:
        raise Unreadable("not_ldap")
    if len(octets) <= at + size:
        return None
    number = int.from_bytes(octets[at : at + size], signed=True)
    return Head(start + length, number, octets[at + size])


def _length(octets: bytes, at: int) -> tuple[int, int]:
    """A length, and where what has it begins; where it is not all there, beyond the end."""
    if len(octets) <= at:
        return 0, at + 1
    size = octets[at]
    if size < 0x80:
        return size, at + 1
    if not 0x80 < size <= 0x80 + LONGEST_INTEGER:
        raise Unreadable("not_ldap")
    end = at + 1 + size - 0x80
    return int.from_bytes(octets[at + 1 : end]), end


class Directory(Parser):
    """Makes the rows of messages, of streams or of datagrams."""

    def __init__(self) -> None:
        super().__init__()
        self._log = LdapLog(self.rows)
        self._octets = 0

    def data(self, side: int, octets: bytes, ts: int) -> None:
        """Read what comes next of a side."""
        if self.failed or self.wants[side] == NOTHING:
            return
        self._octets += len(octets)
        try:
            self._read(side, octets, ts)
        except (Unreadable, NotDer) as reason:
            if self._octets <= VIOLATIONS_UNTIL:
                self.confirmed = False
            self._give_up(str(reason) if isinstance(reason, Unreadable) else "unreadable_message")

    def gap(self, side: int, count: int, ts: int) -> None:
        """Make the rows: behind a hole nothing is read."""
        self._give_up("content_gap")

    def end(self, ts: int) -> None:
        """Make the rows of what had no answer."""
        self._log.end()

    @abstractmethod
    def _read(self, side: int, octets: bytes, ts: int) -> None:
        """Read what comes next of a side. Raises Unreadable or NotDer."""

    def _message(self, message: Message, ts: int) -> None:
        self.confirmed = True
        self._log.message(message, ts)

    def _give_up(self, reason: str) -> None:
        self.failed = reason
        self._log.end()
        self.wants = [NOTHING, NOTHING]


class LdapUdp(Directory):
    """Reads datagrams, each of one message or more."""

    service: ClassVar[str] = "ldap_udp"

    def _read(self, side: int, octets: bytes, ts: int) -> None:
        at = 0
        while at < len(octets):
            head = _head(octets[at : at + HEAD])
            if head is None:
                raise Unreadable("truncated_message")
            self._message(read_message(octets[at : at + head.length]), ts)
            at += head.length


class LdapTcp(Directory):
    """Reads streams, to their end or to what is encrypted in them."""

    service: ClassVar[str] = "ldap_tcp"

    def __init__(self) -> None:
        super().__init__()
        self._sides = (Side(), Side())
        self._unwrapped = (Side(), Side())
        self._payload, self._trailer = [0, 0], [0, 0]  # bytes to come of each side's token
        self._mode = Mode.PLAIN
        self._mechanism = ""  # of SASL
        self._asked_for_tls = False

    def skipped(self, side: int, count: int, ts: int) -> None:
        """Take note of bytes of a message that was passed over."""
        self._octets += count
        self._sides[side].position += count
        self._sides[side].passing = max(self._sides[side].passing - count, 0)

    def gap(self, side: int, count: int, ts: int) -> None:
        """Make the rows, unless the hole is in what was passed over."""
        if count > self._sides[side].passing:
            super().gap(side, count, ts)
        else:
            self.skipped(side, count, ts)

    def _read(self, side: int, octets: bytes, ts: int) -> None:
        stream = self._sides[side]
        stream.add(octets)
        while not self.tls_begins and self._next(side, ts):
            pass
        if self._mode is Mode.SECRET:
            self.wants = [NOTHING, NOTHING]
        elif stream.passing:
            self.wants[side] = stream.position + stream.passing

    def _next(self, side: int, ts: int) -> bool:
        """Read the next message, or token, of a side; whether there may be one behind it."""
        stream = self._sides[side]
        if self._mode is Mode.UNDECIDED:
            self._mode = self._decide(stream.held)
        if self._mode is Mode.WRAPPED:
            return self._next_token(side, ts)
        return self._mode is Mode.PLAIN and self._next_message(stream, ts)

    def _next_message(self, stream: Side, ts: int) -> bool:
        head = _head(bytes(stream.held[:HEAD]))
        if head is None:
            return False
        operation = head.tag & ~CONSTRUCTED ^ APPLICATION
        if operation in PASSED_OVER:
            message = Message(head.number, operation)
        elif head.length > LONGEST:
            raise Unreadable("message_too_long")
        elif len(stream.held) < head.length:
            return False
        else:
            message = read_message(bytes(stream.held[: head.length]))
        stream.drop(head.length)
        self._message(message, ts)
        return True

    def _message(self, message: Message, ts: int) -> None:
        super()._message(message, ts)
        done = message.result == SUCCESS
        if message.mechanism:
            self._mechanism = message.mechanism
        elif message.operation == BIND_RESPONSE:
            if done and self._mechanism and self._mode is Mode.PLAIN:
                self._mode = Mode.UNDECIDED
        elif message.operation == EXTENDED_REQUEST:
            self._asked_for_tls |= message.columns.get("object") == STARTS_TLS
        elif message.operation == EXTENDED_RESPONSE and done and self._asked_for_tls:
            self._log.end()
            self.tls_begins = True
            self.rest = [bytes(stream.held) for stream in self._sides]

    def _decide(self, held: bytearray) -> Mode:
        """What comes after a logon by SASL: its first bytes tell."""
        if not held:
            return Mode.UNDECIDED
        if held[0] == SEQUENCE:
            return Mode.PLAIN
        if not self._mechanism.startswith("GSS"):
            return Mode.SECRET
        if len(held) < LENGTH_SIZE + len(WRAP):
            return Mode.UNDECIDED
        return Mode.WRAPPED if held[LENGTH_SIZE:].startswith(WRAP) else Mode.SECRET

    def _next_token(self, side: int, ts: int) -> bool:
        """Read on in the token of a side, or begin the next; one that is sealed is passed over."""
        stream = self._sides[side]
        held = stream.held
        if self._payload[side]:
            return self._unwrap(side, ts)
        if len(held) < LENGTH_SIZE:
            return False
        size = int.from_bytes(held[:LENGTH_SIZE])
        if len(held) < LENGTH_SIZE + min(size, WRAP_HEAD):
            return False
        token = held[LENGTH_SIZE : LENGTH_SIZE + WRAP_HEAD]
        if size < WRAP_HEAD or not token.startswith(WRAP) or token[2] & SEALED:
            stream.drop(LENGTH_SIZE + size)
            return True
        extra, rotated = int.from_bytes(token[4:6]), int.from_bytes(token[6:8])
        if rotated not in {0, extra} or extra > size - WRAP_HEAD:
            raise Unreadable("unreadable_token")
        stream.drop(LENGTH_SIZE + WRAP_HEAD + rotated)
        self._payload[side] = size - WRAP_HEAD - extra
        self._trailer[side] = extra - rotated
        return self._unwrap(side, ts)

    def _unwrap(self, side: int, ts: int) -> bool:
        """Read the messages in what there is of a token's payload; whether more is there."""
        stream, inner = self._sides[side], self._unwrapped[side]
        payload = bytes(stream.held[: self._payload[side]])
        stream.drop(len(payload))
        self._payload[side] -= len(payload)
        if not self._payload[side]:
            stream.drop(self._trailer[side])
        inner.add(payload)
        while self._next_message(inner, ts):
            pass
        return bool(stream.held)
