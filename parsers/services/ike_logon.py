"""How a logon with IKE ended, by kinds and sizes of its messages: rows of `logon`.

IKEv2 (RFC 7296 section 1.2, 2.16 and 2.21.2): each try has an initiator's SPI of its own; who is
let in goes on with ESP, who is refused gets a message with a notification and no more. IKEv1 (RFC
2409 section 5): quick mode is for who was let in. Where ESP goes beside (protocol 50) it is not
seen, and the outcome not known.
"""

from __future__ import annotations

from typing import NamedTuple

from parsers.services.logons import FAILED, SUCCESS, UNKNOWN, Told, logon
from parsers.services.parser import ORIG, RESP, Row

IDENTITY_PROTECTION, AGGRESSIVE, QUICK_MODE = 2, 4, 32
IKE_AUTH, INFORMATIONAL = 35, 37
ENCRYPTED = 0x01  # a flag of version 1
RESPONSE = 0x20  # and of version 2

NOTIFIED = 100
"""Bytes at most of an encrypted message that holds a notification alone."""

REFUSED = 140
"""Bytes at most of a refusal with EAP, which may say in words why."""

MOST_TRIES = 1000

EAP = "eap"
NO_ANSWER = "last question was not answered"
ELSEWHERE = "likely established; ESP is not in this connection"
CUT = "the capture does not show what the client did next"
NO_QUICK_MODE = "no quick mode is in this connection"


class Message(NamedTuple):
    """What the head of a message tells."""

    spi: bytes
    version: int
    exchange: int
    flags: int
    number: int
    length: int


class _Try:
    """One initiator's SPI."""

    def __init__(self, spi: bytes, ts: int) -> None:
        self.spi, self.ts = spi, ts
        self.version = 0
        self.asked = self.answered = -1  # numbers of the last question and answer of IKE_AUTH
        self.answer = 0  # bytes of that answer
        self.gave_up = False  # whether the client went on with another exchange
        self.proved = False  # of version 1: whether the client sent its encrypted proof
        self.quick = [False, False]


class IkeLogon:
    """Takes note of the messages of one connection."""

    def __init__(self) -> None:
        self._try: _Try | None = None
        self._tries = 0

    def message(self, side: int, message: Message, ts: int) -> list[Row]:
        """Take note of a message; return the row of a try that is over by it."""
        rows: list[Row] = []
        if self._try is None or self._try.spi != message.spi:
            if side != ORIG:
                return []
            rows = self.ended(anew=True)
            self._tries += 1
            self._try = _Try(message.spi, ts) if self._tries <= MOST_TRIES else None
        if self._try is not None:
            self._try.version = message.version
            note = self._note_2 if message.version == 2 else self._note_1
            note(self._try, side, message, ts)
        return rows

    def _note_2(self, tried: _Try, side: int, message: Message, ts: int) -> None:
        response = bool(message.flags & RESPONSE)
        if response != (side == RESP):  # the server asks: it has let the client in before
            return
        if message.exchange == IKE_AUTH and not response:
            tried.ts = ts if tried.asked < 0 else tried.ts
            tried.asked = max(tried.asked, message.number)
        elif message.exchange == IKE_AUTH:
            again = message.number == tried.answered  # or a further fragment
            tried.answer = max(tried.answer, message.length) if again else message.length
            tried.answered = message.number
        elif message.exchange == INFORMATIONAL and not response:
            tried.gave_up |= message.number == tried.asked + 1

    def _note_1(self, tried: _Try, side: int, message: Message, _ts: int) -> None:
        if message.exchange in (IDENTITY_PROTECTION, AGGRESSIVE):
            tried.proved |= side == ORIG and bool(message.flags & ENCRYPTED)
        elif message.exchange == QUICK_MODE:
            tried.quick[side] = True

    def stands(self) -> list[Row]:
        """Return the row of a try after which ESP goes both ways."""
        tried, self._try = self._try, None
        if tried is None or not (tried.answered >= 1 or tried.proved):
            return []
        return [logon("ipsec", tried.ts, Told(SUCCESS, 0.95), method=_method(tried))]

    def ended(self, *, anew: bool) -> list[Row]:
        """Return the row of a try without; `anew`: whether another one follows."""
        tried, self._try = self._try, None
        if tried is None:
            return []
        if tried.version == 1:
            return _ended_1(tried)
        if tried.asked < 0:  # it came to no proof of who it is
            return []
        return [logon("ipsec", tried.ts, _outcome_2(tried, anew), method=_method(tried))]


def _ended_1(tried: _Try) -> list[Row]:
    if not tried.proved:
        return []
    if all(tried.quick):
        return [logon("ipsec", tried.ts, Told(SUCCESS, 0.9))]
    return [logon("ipsec", tried.ts, Told(UNKNOWN, 0, NO_QUICK_MODE))]


def _outcome_2(tried: _Try, anew: bool) -> Told:
    if tried.answered != tried.asked:
        return Told(UNKNOWN, 0, NO_ANSWER)
    followed = anew or tried.gave_up
    if tried.answer <= NOTIFIED and tried.asked == 1:
        return Told(FAILED, 0.9 if followed else 0.75)
    if tried.answer > REFUSED:
        return Told(UNKNOWN, 0, ELSEWHERE)
    return Told(FAILED, 0.85) if followed and tried.asked > 1 else Told(UNKNOWN, 0, CUT)


def _method(tried: _Try) -> str | None:
    """Further questions are those of EAP; keys and certificates need one."""
    return EAP if tried.asked > 1 else None
