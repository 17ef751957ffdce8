"""DTLS 1.0, 1.2 and 1.3 over UDP: the tables `ssl` and `x509`.

A datagram holds whole records, each with an epoch and a sequence number; a record of a handshake
holds a message, or a fragment of one. Both are taken apart here, what messages tell is read by
`tls_handshake`. STUN, which shares the ports of WebRTC, is passed over.

The row is made when nothing more can change it: at the first encrypted record after both sides have
keys, at what cannot be read, or at the end. Its time is that of the first plain record. A message
that is sent again counts again, as in Zeek.

Sources: RFC 6347 and RFC 9147 (section 4: records; RFC 6347 section 4.2: handshake). What is read
and how strictly is as in Zeek's dtls-protocol.pac, dtls-analyzer.pac and DTLS.cc
(src/analyzer/protocol/ssl), how the protocol begins as in its base/protocols/ssl/dpd.sig.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from parsers.services.parser import NOTHING, ORIG, Parser
from parsers.services.tls_handshake import Session
from parsers.services.tls_names import DTLS10, DTLS12, DTLS13
from parsers.services.tls_wire import Malformed, Messages, Reader

LONGEST_MESSAGE = 100_000
"""A handshake message that says it is longer is not waited for."""
LONGEST_HANDSHAKE = 1 << 18
"""What is read of all handshake messages of a connection, those that come again included."""
MOST_FRAGMENTS = 31
"""Records that a message may be spread over, and those of others between them."""
MOST_STRANGERS = 10
"""Datagrams of other protocols that are passed over before a client hello."""

CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE, APPLICATION_DATA, HEARTBEAT = range(20, 25)
RECORD_VERSIONS = {DTLS10, DTLS12}
"""DTLS 1.3 has that of 1.2 in what is not encrypted."""
UNIFIED = 0b001
"""First bits of an encrypted record of DTLS 1.3, whose header is another (RFC 9147 section 4)."""
STUN_COOKIE = bytes.fromhex("2112A442")


class Fragment(NamedTuple):
    """A record's part of a handshake message. `octets` is all that the record holds of it."""

    kind: int
    length: int
    sequence: int
    offset: int
    size: int
    octets: bytes

    @property
    def whole(self) -> bool:
        """Whether it is all of the message."""
        return self.offset == 0 and self.size == self.length


def _fragment(content: Reader) -> Fragment:
    kind, length, sequence, offset, size = (content.number(width) for width in (1, 3, 2, 3, 3))
    return Fragment(kind, length, sequence, offset, size, content.rest())


@dataclass(slots=True)
class _Message:
    """A message of a side that comes in fragments.

    Zeek joins them by the numbers of their records, which follow each other, one a fragment: it is
    whole when all records from its beginning to its end are there. It is kept after that, and is
    whole once more with each fragment that comes again.

    first, last: the numbers of the records with the least number and with its end; 0 before that.
    begun: whether the record with its beginning was there.
    seen: a bit for each record, counted from the first.
    """

    sequence: int
    octets: bytearray
    first: int
    last: int = 0
    begun: bool = False
    seen: int = 0

    def add(self, number: int, fragment: Fragment) -> bool:
        """Take a record's fragment, and return whether the message is whole."""
        if number < self.first:
            if self.begun:
                raise Malformed("second_beginning_of_message")
            self._near(self.first - number)
            self.seen <<= self.first - number
            self.first = number
        self._near(number - self.first)
        self.begun |= fragment.offset == 0
        bit = 1 << number - self.first
        if self.seen & bit:
            return False
        end = fragment.offset + fragment.size
        if len(fragment.octets) != fragment.size or end > len(self.octets):
            raise Malformed("bad_fragment")
        self.seen |= bit
        self.octets[fragment.offset : end] = fragment.octets
        if end == len(self.octets):
            self.last = number
        if not (self.last and self.begun):
            return False
        self._near(self.last - self.first)
        every = (2 << self.last - self.first) - 1
        return self.seen & every == every

    def _near(self, distance: int) -> None:
        if distance >= MOST_FRAGMENTS:
            raise Malformed("fragments_too_far_apart")


class Dtls(Parser):
    """Reads the handshake; what comes after it is encrypted and not wanted."""

    service: ClassVar[str] = "dtls"

    def __init__(self) -> None:
        super().__init__()
        self._session = Session("d")
        self._fragmented: list[_Message | None] = [None, None]
        self._messages = (Messages(LONGEST_MESSAGE), Messages(LONGEST_MESSAGE))
        self._encrypted = [False, False]
        self._strangers = 0
        self._read = 0  # of handshake messages
        self._over = False

    def data(self, side: int, octets: bytes, ts: int) -> None:
        """Read the records of a datagram."""
        if self._over or self.failed or is_stun(octets):
            return
        datagram = Reader(octets)
        try:
            while datagram and not self._over:
                self._record(side, datagram, ts)
        except Malformed as reason:
            self._finish()
            self.failed = str(reason)
            self.confirmed = False  # Zeek takes the name back

    def end(self, ts: int) -> None:
        """The connection ended before the handshake did."""
        del ts
        if not self._over:
            self._finish()

    def _finish(self) -> None:
        """Make the row: nothing that comes can change it."""
        self._over = True
        self.wants = [NOTHING, NOTHING]
        if self._session.begun is not None:
            self.rows.append(("ssl", self._session.row()))

    def _record(self, side: int, datagram: Reader, ts: int) -> None:
        kind = datagram.number(1)
        if self._session.version == DTLS13 and kind >> 5 == UNIFIED:
            datagram.rest()  # how long a connection id is does not show here
            self._encrypted[side] = True  # there is no change of cipher specs
            self._ciphertext(ts)
            return
        version, epoch, number, length = (datagram.number(width) for width in (2, 2, 6, 2))
        if version not in RECORD_VERSIONS:
            datagram.rest()
            self._stranger()
            return
        content = Reader(datagram.take(length))
        while content and not self._over:
            if epoch:
                content.rest()
                self._ciphertext(ts)
            else:
                self._plaintext(side, kind, number, content, ts)

    def _stranger(self) -> None:
        """A datagram of another protocol: in the middle of DTLS it ends it."""
        if self.confirmed:
            raise Malformed("bad_record_version")
        self._strangers += 1
        if self._strangers > MOST_STRANGERS:
            self._finish()

    def _ciphertext(self, ts: int) -> None:
        if all(self._encrypted):
            self._session.establish(ts)
            self._finish()

    def _plaintext(self, side: int, kind: int, number: int, content: Reader, ts: int) -> None:
        """Read the next of a record that is not encrypted; alerts may be several in one."""
        orig = side == ORIG
        if kind == CHANGE_CIPHER_SPEC:
            content.take(1)
            self._encrypted[side] = True
            self._session.change_cipher_spec(orig, ts)
        elif kind == ALERT:
            content.take(1)  # level
            self._session.alert(orig, content.number(1), ts)
        elif kind == HANDSHAKE:
            self._handshake(side, number, _fragment(content), ts)
        elif kind == HEARTBEAT:
            content.take(3)  # type, length of the payload
            content.rest()
            self._session.heartbeat(orig, ts)
        elif kind == APPLICATION_DATA:
            content.rest()
            self._session.begin(ts)
        else:
            self._session.begin(ts)
            raise Malformed("unknown_record_type")

    def _handshake(self, side: int, number: int, fragment: Fragment, ts: int) -> None:
        """Read a message that is whole, or one that becomes whole with this fragment of it."""
        self._session.begin(ts)
        if fragment.length > LONGEST_MESSAGE:
            raise Malformed("message_too_long")
        if fragment.whole:
            self._message(side, fragment, fragment.octets, ts)
            return
        message = self._fragmented[side]
        known = message and (message.sequence, len(message.octets))
        if not message or known != (fragment.sequence, fragment.length):
            message = _Message(fragment.sequence, bytearray(fragment.length), number)
            self._fragmented[side] = message
        if message.add(number, fragment):
            self._message(side, fragment, message.octets, ts)

    def _message(self, side: int, header: Fragment, octets: bytes | bytearray, ts: int) -> None:
        """Read a side's messages as a stream: what is left over in a record begins the next one.

        Zeek reads no second header of a fragment in a record, though there may be one.
        """
        stream = header.kind.to_bytes(1, "big") + header.length.to_bytes(3, "big") + octets
        self._read += 4 + len(octets)
        if self._read > LONGEST_HANDSHAKE:
            self._finish()
            return
        for kind, body in self._messages[side].add(stream):
            self._session.message(side == ORIG, kind, body, ts)
            self._take()

    def _take(self) -> None:
        self.confirmed = self._session.confirmed
        self.rows += self._session.certificates
        self._session.certificates = []


def is_stun(octets: bytes) -> bool:
    """Whether it is STUN with an attribute (RFC 8489 section 5)."""
    return len(octets) > 20 and octets[4:8] == STUN_COOKIE


ANY = range(256)
_VERSION = ({0xFE}, {DTLS10 & 0xFF, DTLS12 & 0xFF})
_EPOCH_AND_NUMBER, _LENGTH, _FRAGMENT = ({0},) * 7 + (ANY,), (ANY,) * 2, (ANY,) * 11
_CLIENT_HELLO = ({HANDSHAKE}, *_VERSION, *_EPOCH_AND_NUMBER, *_LENGTH, {1}, *_FRAGMENT, *_VERSION)
"""The first record of a client hello, what each of its bytes may be: those of Zeek's dpd.sig."""


def begins(orig: bytes, resp: bytes) -> bool | None:
    """Whether first datagrams of the two sides (either may be empty) are this protocol.

    None while too few bytes are there to tell. A client hello is asked for, of either side: in
    WebRTC who sent the first datagram may be the server.
    """
    told = [_fits(side, _CLIENT_HELLO) for side in (orig, resp) if side]
    if True in told:
        return True
    return None if None in told or not told else False


def _fits(octets: bytes, shape: tuple[Container[int], ...]) -> bool | None:
    if not all(octet in allowed for octet, allowed in zip(octets, shape, strict=False)):
        return False
    return True if len(octets) >= len(shape) else None
