"""Records of TLS behind a handshake: side, kind, length and time; nothing of what they hold.

Only the five bytes that a record begins with are read (RFC 8446 section 5.1, RFC 5246 section
6.2.1); bodies are passed over. What the lengths mean is known by who asked for them, from the
connection's port or from the protocol that handed over to TLS.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Any, NamedTuple

from parsers.services.parser import NOTHING, ORIG, RESP, Row
from parsers.services.tls_names import DRAFT, TLS10, TLS13

MOST_RECORDS = 200
"""Records of both sides that are followed, those of the handshake included."""

HEADER = 5
CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE, APPLICATION_DATA, HEARTBEAT = range(20, 25)
KINDS = range(CHANGE_CIPHER_SPEC, HEARTBEAT + 1)
CLOSED = 0
"""No record: the side has sent all that it had to send."""

MOST_CLIENT_HANDSHAKE = 4
"""Encrypted records in which a client's Finished of TLS 1.3 is looked for: a certificate, its
proof, perhaps something before them."""

ALERT_13 = 19
"""An encrypted alert of TLS 1.3: two bytes, the kind, a tag."""


class Record(NamedTuple):
    """A record, or with the kind CLOSED the end of a side."""

    side: int
    kind: int
    length: int
    ts: int


class Seen(NamedTuple):
    """What was seen of a connection.

    established: the row of `ssl`. whole: whether nothing is missing and the end was seen.
    """

    version: int
    established: dict[str, Any]
    records: list[Record]
    whole: bool

    @property
    def is_13(self) -> bool:
        """Whether it is TLS 1.3, or a draft of it."""
        return self.version == TLS13 or self.version >> 8 == DRAFT

    @property
    def finished(self) -> int:
        """How long a Finished of TLS 1.3 is: a message's head, a hash, the kind, a tag."""
        return 4 + (48 if self.cipher.endswith("SHA384") else 32) + 17

    @property
    def cipher(self) -> str:
        """The suite's name."""
        return str(self.established.get("cipher", ""))

    def overhead(self) -> int | None:
        """How much longer a record is than what it holds, at least. None where that varies."""
        if self.is_13:
            return 17
        if "CHACHA20" in self.cipher:
            return 16
        if self.cipher.endswith("CCM_8"):
            return 16
        if "GCM" in self.cipher or self.cipher.endswith("CCM"):
            return 24
        if "CBC" not in self.cipher:
            return None
        vector = 0 if self.version <= TLS10 else 8 if "DES" in self.cipher else 16
        return vector + MACS.get(self.cipher.rpartition("_")[2], 0) + 1

    def handshake(self, side: int) -> list[int]:
        """Lengths of what a side encrypts up to its Finished in TLS 1.3.

        None where that cannot be told.
        """
        most = MOST_CLIENT_HANDSHAKE if side == ORIG else MOST_RECORDS
        lengths = [record.length for record in self._encrypted(side)][:most]
        if not self.is_13 or self.finished not in lengths:
            return []
        return lengths[: lengths.index(self.finished) + 1]

    def conversation(self) -> list[Record]:
        """Application data behind the handshake, alerts and ends; none if it cannot be told.

        Tickets of TLS 1.3 are among the first records of a server.
        """
        if not self.is_13:
            changes = {
                each.side: each for each in self.records[::-1] if each.kind == CHANGE_CIPHER_SPEC
            }
            begin = max((self.records.index(each) + 1 for each in changes.values()), default=0)
            return [each for each in self.records[begin:] if each.kind in SAID]
        before = len(self.handshake(ORIG))
        if not before:
            return []
        client = list(self._encrypted(ORIG))
        begin = self.records.index(client[before - 1]) + 1
        return [_unmasked(each) for each in self.records[begin:] if each.kind in SAID]

    def _encrypted(self, side: int) -> Iterator[Record]:
        for record in self.records:
            if record.side == side and record.kind == APPLICATION_DATA:
                yield record


SAID = {APPLICATION_DATA, ALERT, CLOSED}
MACS = {"MD5": 16, "SHA": 20, "SHA256": 32, "SHA384": 48}


def _unmasked(record: Record) -> Record:
    """TLS 1.3 hides alerts among data; nothing that is asked for is as short."""
    return record._replace(kind=ALERT) if record.length == ALERT_13 else record


def turns(records: list[Record]) -> list[list[Record]]:
    """Application data as turns, the client's first; what a server sent before it is left out."""
    data = [record for record in records if record.kind == APPLICATION_DATA]
    runs = [list(run) for _, run in groupby(data, lambda record: record.side)]
    return runs[1:] if runs and runs[0][0].side == RESP else runs


Teller = Callable[[Seen], list[Row]]


def always(_: dict[str, Any]) -> bool:
    """Want the records of every connection."""
    return True


class Asks(NamedTuple):
    """Who asks for the records of a connection: tells rows by them, of at most so many.

    when: whether they are wanted, by the row of `ssl`.
    """

    tell: Teller
    most: int = MOST_RECORDS
    when: Callable[[dict[str, Any]], bool] = always


class Records:
    """Follows both sides of a connection.

    wants: of each side, where the next header is; NOTHING once it is over.
    """

    def __init__(self, most: int) -> None:
        self.records: list[Record] = []
        self.wants = [NOTHING, NOTHING]
        self.over = False
        self._most = most
        self._next = [0, 0]
        self._held = [b"", b""]

    def note(self, side: int, kind: int, length: int, ts: int) -> None:
        """Take note of a record that was read elsewhere, or of a side's end."""
        if not self.over:
            self.records.append(Record(side, kind, length, ts))
            self.over = len(self.records) >= self._most

    def follow(self, positions: list[int]) -> None:
        """Follow from here on: a record begins there."""
        self._next = list(positions)
        self.wants = list(positions)

    def add(self, side: int, position: int, octets: bytes, ts: int) -> None:
        """Take in what was sent from a position on."""
        at = self._next[side] + len(self._held[side]) - position
        while 0 <= at < len(octets) and not self.over:
            header = self._held[side] + octets[at : at + HEADER - len(self._held[side])]
            at += len(header) - len(self._held[side])
            self._held[side] = header
            if len(header) == HEADER:
                self._header(side, header, ts)
                at = self._next[side] - position
        self.wants[side] = self._next[side] + len(self._held[side])

    def _header(self, side: int, header: bytes, ts: int) -> None:
        length = int.from_bytes(header[3:])
        if header[0] not in KINDS or header[1] != 3:
            self.over = True  # no TLS any more
            return
        self._held[side] = b""
        self._next[side] += HEADER + length
        self.note(side, header[0], length, ts)
