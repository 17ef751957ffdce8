"""TLS over TCP, SSL 2 and 3 too: the tables `ssl` and `x509`.

Records are taken apart here, what is in them is read by `tls_handshake`. It may be begun in the
middle of a connection, where another protocol hands over.

The row is made when nothing more can change it: at the first encrypted record after both sides have
keys, at what cannot be read, at a gap, or at the end. Its time is that of the first record. Where
somebody asks for it, records are followed on by their headers (`tls_records`).

Sources: RFC 8446 section 5, RFC 5246 section 6.2, "The SSL Protocol" of 1995 for SSL 2. When a side
counts as encrypted, and a connection as established, is as in Zeek's ssl-protocol.pac and
ssl-dtls-analyzer.pac (src/analyzer/protocol/ssl).
"""

from __future__ import annotations

from collections.abc import Container
from typing import Any, ClassVar

from parsers.services.parser import NOTHING, ORIG, RESP, Parser
from parsers.services.tls_handshake import Session
from parsers.services.tls_names import DRAFT, SSL2, SSL3, TLS10, TLS11, TLS12
from parsers.services.tls_records import (
    ALERT,
    APPLICATION_DATA,
    CHANGE_CIPHER_SPEC,
    CLOSED,
    HANDSHAKE,
    HEADER,
    HEARTBEAT,
    Asks,
    Records,
    Seen,
)
from parsers.services.tls_wire import Malformed, Messages, Reader

LONGEST_MESSAGE = 1 << 19
"""A handshake message that says it is longer is not waited for; OpenSSL takes 100 kB, if not
told otherwise.

A record says in its header that it is 64 kB at most.
"""

RECORD_VERSIONS = {SSL3, TLS10, TLS11, TLS12}
V2_ERROR, V2_CLIENT_HELLO, V2_CLIENT_MASTER_KEY, V2_SERVER_HELLO = 0, 1, 2, 4


class Tls(Parser):
    """Reads the handshake; what comes after it is encrypted.

    Of that, the lengths of records are wanted where somebody asks for them.
    """

    service: ClassVar[str] = "ssl"

    def __init__(self, asks: Asks | None = None) -> None:
        super().__init__()
        self._asks = asks
        self._records = Records(asks.most) if asks else None
        self._position = [0, 0]  # how much of each side has come, or was passed over
        self._session = Session()
        self._pending = (bytearray(), bytearray())
        self._messages = (Messages(LONGEST_MESSAGE), Messages(LONGEST_MESSAGE))
        self._encrypted = [False, False]
        self._version = 0  # of the record layer
        self._over = False
        self._row: dict[str, Any] = {}

    def data(self, side: int, octets: bytes, ts: int) -> None:
        """Read the records that are whole."""
        begin = self._position[side]
        self._position[side] += len(octets)
        if self._over or self.failed:
            self._follow(side, begin, octets, ts)
            return
        self._read(side, octets, ts)
        self._begin_to_follow(ts)

    def _read(self, side: int, octets: bytes, ts: int) -> None:
        pending = self._pending[side]
        pending += octets
        try:
            while not self._over and len(pending) >= HEADER:
                size = self._size(side, pending)
                if len(pending) < size:
                    break
                record = bytes(pending[:size])
                del pending[:size]
                self._record(side, record, ts)
        except Malformed as reason:
            self._finish()
            self.failed = str(reason)
            self.confirmed = False  # Zeek takes the name back

    def skipped(self, side: int, count: int, ts: int) -> None:
        """Take note of bodies that were passed over."""
        self._position[side] += count

    def gap(self, side: int, count: int, ts: int) -> None:
        """A gap ends the reading; it fails unless the handshake is over."""
        if not self._over:
            self._finish()
            super().gap(side, count, ts)
        self._tell(whole=False)

    def closed(self, side: int, ts: int) -> None:
        """A side has sent all that it had to send."""
        if self._records is not None:
            self._records.note(side, CLOSED, 0, ts)

    def end(self, ts: int) -> None:
        """The connection ended, perhaps before the handshake did."""
        del ts
        if not self._over:
            self._finish()
        self._tell(whole=True)

    def _finish(self) -> None:
        """Make the row: nothing that comes can change it."""
        self._over = True
        self.wants = [NOTHING, NOTHING]
        if self._session.begun is not None:
            self._row = self._session.row()
            self.rows.append(("ssl", self._row))

    def _begin_to_follow(self, ts: int) -> None:
        """Follow the records behind the handshake, whose first ones may be here already."""
        if self._records is None or not self._over:
            return
        if self.failed or not self._row.get("established") or not self._wanted():
            self._records = None
            return
        begins = [self._position[side] - len(self._pending[side]) for side in (ORIG, RESP)]
        self._records.follow(begins)
        self.wants = self._records.wants
        for side in (ORIG, RESP):
            self._follow(side, begins[side], bytes(self._pending[side]), ts)
            self._pending[side].clear()

    def _wanted(self) -> bool:
        return self._asks is not None and self._asks.when(self._row)

    def _follow(self, side: int, begin: int, octets: bytes, ts: int) -> None:
        if self._records is not None:
            self._records.add(side, begin, octets, ts)
            if self._records.over:
                self._tell(whole=False)

    def _tell(self, *, whole: bool) -> None:
        """Let who asked tell what the records mean."""
        records, self._records = self._records, None
        self.wants = [NOTHING, NOTHING] if self._over else self.wants
        if records is not None and self._asks is not None and self._row.get("established"):
            seen = Seen(self._session.version, self._row, records.records, whole)
            self.rows += self._asks.tell(seen)

    def _size(self, side: int, header: bytearray) -> int:
        """How long the record is that begins so, with its header."""
        if self._version == SSL2 or (not self._version and header[0] & 0x80):
            if not self._version and not _begins_ssl2(side, header):
                raise Malformed("not_tls")
            return max((header[0] & 0x7F) << 8 | header[1], 3) + 2
        version = int.from_bytes(header[1:3], "big")
        if version not in RECORD_VERSIONS:
            raise Malformed("bad_record_header" if self._version else "not_tls")
        if not self._version and header[0] not in {ALERT, HANDSHAKE}:
            raise Malformed("no_handshake")  # it was before the capture began
        return int.from_bytes(header[3:5], "big") + HEADER

    def _record(self, side: int, record: bytes, ts: int) -> None:
        if self._version == SSL2 or (not self._version and record[0] & 0x80):
            self._record_ssl2(side, record[2], record[3:], ts)
            return
        self._version = self._version or int.from_bytes(record[1:3], "big")
        kind, content = record[0], Reader(record[HEADER:])
        if self._records is not None:
            self._records.note(side, kind, len(record) - HEADER, ts)
        if kind == APPLICATION_DATA and self._session.version not in {SSL2, *RECORD_VERSIONS}:
            self._encrypted[side] = True  # TLS 1.3: by this alone it shows that keys are in use
        while content and not self._over:
            if self._encrypted[side]:
                self._ciphertext(ts)
                return
            self._plaintext(side, kind, content, ts)

    def _ciphertext(self, ts: int) -> None:
        if all(self._encrypted):
            self._session.establish(ts)
            self._finish()

    def _plaintext(self, side: int, kind: int, content: Reader, ts: int) -> None:
        """Read the next of a record that is not encrypted; alerts may be several in one."""
        orig = side == ORIG
        if kind == CHANGE_CIPHER_SPEC:
            content.take(1)
            # In TLS 1.3 it means nothing, and a second client hello may come after it.
            self._encrypted[side] = self._session.version in {0, SSL2, *RECORD_VERSIONS}
            self._session.change_cipher_spec(orig, ts)
        elif kind == ALERT:
            content.take(1)  # level
            self._session.alert(orig, content.number(1), ts)
        elif kind == HANDSHAKE:
            self._handshake(side, content.rest(), ts)
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

    def _handshake(self, side: int, octets: bytes, ts: int) -> None:
        """Read the messages that are whole; they and records are cut independently."""
        self._session.begin(ts)
        for kind, body in self._messages[side].add(octets):
            self._session.message(side == ORIG, kind, body, ts)
            self._take()

    def _take(self) -> None:
        self.confirmed = self._session.confirmed
        self.rows += self._session.certificates
        self._session.certificates = []

    def _record_ssl2(self, side: int, kind: int, content: bytes, ts: int) -> None:
        """Read a record of SSL 2. Of its handshake only the hellos tell something."""
        reader = Reader(content)
        if all(self._encrypted):
            return
        if kind == V2_CLIENT_HELLO:
            reader.take(2)  # version, that the client knows at most
            suites, session, challenge = (reader.number(2) for _ in range(3))
            reader.take(suites // 3 * 3)
            session_id = reader.take(session)
            reader.take(challenge)
            self._session.hello_ssl2(session_id, ts)
        elif kind == V2_SERVER_HELLO:
            self._version = SSL2
            self._server_ssl2(reader, ts)
        elif kind == V2_CLIENT_MASTER_KEY:
            self._encrypted = [True, True]
            self._session.establish(ts)
            self._finish()
        elif kind == V2_ERROR:
            self._session.alert(side == ORIG, reader.number(2), ts)
        else:
            self._session.begin(ts)
            raise Malformed("unknown_record_type")
        self._take()

    def _server_ssl2(self, reader: Reader, ts: int) -> None:
        reader.take(2)  # whether the session is known, type of the certificate
        if reader.number(2) != SSL2:
            raise Malformed("unknown_server_version")
        certificate, suites, _ = (reader.number(2) for _ in range(3))
        octets = reader.take(certificate)
        codes = Reader(reader.take(suites // 3 * 3)).numbers(3)
        self._session.server_ssl2(codes[0] if codes else 0, octets, ts)


def _begins_ssl2(side: int, header: bytes | bytearray) -> bool:
    """Whether a record that could be of SSL 2 is a hello."""
    if header[2] == V2_CLIENT_HELLO and side == ORIG:
        return int.from_bytes(header[3:5], "big") in {SSL2, *RECORD_VERSIONS}
    return header[2] == V2_SERVER_HELLO and side == RESP and header[4] < 2


ANY = range(256)
_CLIENT_HELLO = ({HANDSHAKE}, {3}, range(4), ANY, ANY, {1}, ANY, ANY, ANY, {3}, range(4))
_SERVER_HELLO = ({HANDSHAKE}, {3}, range(4), ANY, ANY, {2}, ANY, ANY, ANY, {3}, range(5))
_DRAFT_HELLO = (*_SERVER_HELLO[:-2], {DRAFT}, range(0x51))
_WARNING = ({ALERT}, {3}, range(4), ANY, ANY, ANY, ANY)
_SHAPES = (
    _CLIENT_HELLO,
    _SERVER_HELLO,
    _DRAFT_HELLO,
    (*_WARNING, *_SERVER_HELLO),
    (*_WARNING, *_DRAFT_HELLO),
)
"""First bytes of a side, what each may be: those that Zeek's dpd.sig asks for."""

_CLIENT_HELLO_SSL2 = (range(0x80, 0x100), ANY, {V2_CLIENT_HELLO}, {0, 3}, range(4))


def begins(orig: bytes, resp: bytes) -> bool | None:
    """Whether first bytes of the two sides (either may be empty) are this protocol.

    None while too few bytes are there to tell. A hello of one side is enough, of either side: who
    opened the connection may be the server.
    """
    told = [_fits(side, shape) for side in (orig, resp) if side for shape in _SHAPES]
    told += [_hello_ssl2(orig)] if orig else []
    if True in told:
        return True
    return None if None in told or not told else False


def _fits(octets: bytes, shape: tuple[Container[int], ...]) -> bool | None:
    if not all(octet in allowed for octet, allowed in zip(octets, shape, strict=False)):
        return False
    return True if len(octets) >= len(shape) else None


def _hello_ssl2(octets: bytes) -> bool | None:
    """SSL 2's client hello has few bytes that are always the same; its lengths must add up."""
    fits = _fits(octets, _CLIENT_HELLO_SSL2)
    if not fits:
        return fits
    if not _begins_ssl2(ORIG, octets):
        return False
    if len(octets) < 11:
        return None
    length, suites, session, challenge = (
        int.from_bytes(octets[at : at + 2], "big") for at in (0, 5, 7, 9)
    )
    whole = length & 0x7FFF == 9 + suites + session + challenge
    return whole and suites > 0 and suites % 3 == 0 and 16 <= challenge <= 32
