"""WireGuard: handshakes begun and answered, until one of them stands.

WireGuard whitepaper, sections 5.4 and 6.5. Rows and names as in the Zeek package spicy-wireguard,
which counts on until the connection ends; here nothing is read behind the first handshake that
stands but the next datagram of its initiator, so that what is carried in the tunnel costs nothing.
That datagram is data where the initiator accepts the answer: then a row of `logon` says so.

Each peer names its session by a random index, which the other one gives back in all that it sends:
that both do is what proves the protocol.
"""

from __future__ import annotations

from typing import Any, ClassVar

from parsers.services.logons import FAILED, SUCCESS, UNKNOWN, Told, logon
from parsers.services.parser import NOTHING, ORIG, RESP, Parser

INITIATION, RESPONSE, COOKIE_REPLY, DATA = 1, 2, 3, 4
RESERVED = bytes(3)

SIZES = {INITIATION: 148, RESPONSE: 92, COOKIE_REPLY: 64}
SHORTEST_DATA = 32
"""Header of 16 bytes and the tag of an empty packet, which is a keepalive."""

SENDER_AT = {INITIATION: 4, RESPONSE: 4}
RECEIVER_AT = {RESPONSE: 8, COOKIE_REPLY: 4, DATA: 4}
INDEX_SIZE = 4

COUNTER_AT = 8
COUNTER_UNUSED = slice(12, 16)
"""The upper half of a counter: keys live for three minutes, in which it is never reached."""

MAC2 = slice(132, 148)
NO_COOKIE = bytes(16)
"""The second MAC of who was given no cookie, as nearly always."""

REPEATED = 3
"""So many initiations without any data were not answered, whether or not answers were seen."""

NO_ANSWER = "not answered: refused, or no server"
NO_DATA = "no data followed the answer"

LONGEST_STEP = 1 << 16
"""How far the counter of a side may go from one datagram that was seen to the next."""

MOST_DATA = 64
"""Datagrams with data, in a row, that are looked at for a proof."""


def begins(orig: bytes, resp: bytes) -> bool | None:
    """Whether the first datagrams of the two sides (either may be empty) are this protocol.

    An initiation alone is enough: who does not know its key does not answer it.
    """
    kinds = [_kind(octets) for octets in (orig, resp) if octets]
    if None in kinds:
        return False
    if orig and resp:
        answered = kinds[ORIG] == INITIATION and kinds[RESP] in (RESPONSE, COOKIE_REPLY)
        return not answered or _receiver(resp) == _sender(orig)
    alone = orig or resp
    return True if kinds == [INITIATION] and alone[MAC2] == NO_COOKIE else None


def _kind(octets: bytes) -> int | None:
    """The type of a message whose size and zeros are right."""
    if octets[1:4] != RESERVED:
        return None
    kind = octets[0]
    if kind == DATA:
        fits = len(octets) >= SHORTEST_DATA and not any(octets[COUNTER_UNUSED])
    else:
        fits = len(octets) == SIZES.get(kind)
    return kind if fits else None


def _index(octets: bytes, at: int | None) -> bytes:
    return b"" if at is None else octets[at : at + INDEX_SIZE]


def _sender(octets: bytes) -> bytes:
    return _index(octets, SENDER_AT.get(octets[0]))


def _receiver(octets: bytes) -> bytes:
    return _index(octets, RECEIVER_AT.get(octets[0]))


class Wireguard(Parser):
    """Reads until a handshake stands; the row is made then, or at the end.

    A connection that was up before its capture began is confirmed by the data of both sides, whose
    counters go on. It has no row, as it has no handshake.
    """

    service: ClassVar[str] = "wireguard"

    def __init__(self) -> None:
        super().__init__()
        self._row: dict[str, Any] = {}
        self._initiated = b""  # the sender's index in the last initiation
        self._named = [b"", b""]  # the index that each side gave itself last
        self._counted = [(b"", 0), (b"", 0)]  # receiver and counter in the last data of each side
        self._goes_on = [False, False]  # whether the counter of a side went on
        self._data = 0  # datagrams with data since the last handshake message
        self._stands = -1  # which side began the handshake that stands; -1: none
        self._begun = 0  # when the first handshake began

    def data(self, side: int, octets: bytes, ts: int) -> None:
        """Read a datagram of a side, from a packet of that time."""
        if self.failed or self.wants[side] == NOTHING or not octets:
            return
        kind = _kind(octets)
        if self._stands >= 0:
            self._after_handshake(side, kind)
            return
        if kind is None:
            self.failed = "not_wireguard"
            self._finish()
            return
        given_back = _receiver(octets)
        if given_back and given_back == self._named[1 - side]:
            self.confirmed = True
        if kind == DATA:
            self._transport(side, given_back, octets)
        else:
            self._handshake(side, kind, octets, ts)

    def end(self, ts: int) -> None:
        """Make the row of handshakes none of which stood."""
        if self._stands >= 0:
            self._log_on(Told(UNKNOWN, 0, NO_DATA))
        elif self._row and self._row["initiations"] >= REPEATED and not self._named[RESP]:
            self._log_on(Told(FAILED, 0.7, NO_ANSWER))
        self._finish()

    def _handshake(self, side: int, kind: int, octets: bytes, ts: int) -> None:
        self._data = 0
        if kind == COOKIE_REPLY:
            return
        if not self._row:
            self._row = {"ts": ts, "established": False, "initiations": 0, "responses": 0}
            self._begun = ts
        self._named[side] = _sender(octets)
        if kind == INITIATION:
            self._row["initiations"] += 1
            self._initiated = _sender(octets)
            return
        self._row["responses"] += 1
        if self._initiated and _receiver(octets) == self._initiated:
            self._row["established"] = True
            self._stands = 1 - side
            self.rows.append(("wireguard", self._row))
            self._row = {}

    def _after_handshake(self, side: int, kind: int | None) -> None:
        """Look at what the initiator does next; what the responder sends tells nothing more."""
        if side != self._stands:
            return
        self._log_on(Told(SUCCESS, 0.95) if kind == DATA else Told(UNKNOWN, 0, NO_DATA))
        self._finish()

    def _log_on(self, told: Told) -> None:
        """Make the row of a logon, which is the originator's."""
        if self._stands in (-1, ORIG):
            self.rows.append(logon("wireguard", self._begun, told))
        self._stands = -1

    def _transport(self, side: int, receiver: bytes, octets: bytes) -> None:
        """Take note of data, which proves a session whose handshake was not seen."""
        counter = int.from_bytes(octets[COUNTER_AT : COUNTER_AT + 4], "little")
        earlier, reached = self._counted[side]
        self._counted[side] = receiver, counter
        self._goes_on[side] |= receiver == earlier and 0 < counter - reached <= LONGEST_STEP
        self._data += 1
        if all(self._goes_on):
            self.confirmed = True
        if self._data >= MOST_DATA or all(self._goes_on):
            self._finish()

    def _finish(self) -> None:
        if self._row:
            self.rows.append(("wireguard", self._row))
        self._row = {}
        self.wants = [NOTHING, NOTHING]
