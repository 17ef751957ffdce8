"""MySQL: whether a connection is one to such a database, and where it becomes TLS.

MySQL's "Client/Server Protocol", connection phase: the server's handshake, the client's answer,
before which it may ask for TLS. Confirmed as in Zeek: base/protocols/mysql,
src/analyzer/protocol/mysql.
"""

from __future__ import annotations

import re
from typing import ClassVar

from parsers.services.parser import NOTHING, ORIG, RESP, Parser

PACKET_MAX = 1 << 16
"""Longer packets are no handshake."""

HEAD = 4  # length in three bytes, little-endian, and a number that counts up from 0
VERSIONS = (9, 10)
WITH_TLS = 10
CLIENT_SSL = 0x0800
BEFORE_USER = 32  # flags, longest packet, character set, 23 zeros

HANDSHAKE = re.compile(rb"..\0\0[\t\n][ -~]+\0", re.DOTALL)
MAY_BE_HANDSHAKE = re.compile(rb".{0,2}|..\0{1,2}|..\0\0[\t\n][ -~]*", re.DOTALL)
ANSWER = re.compile(rb"..\0\x01", re.DOTALL)
MAY_BE_ANSWER = re.compile(rb".{0,2}|..\0", re.DOTALL)


def begins(orig: bytes, resp: bytes) -> bool | None:
    """Whether first bytes of the two sides (either may be empty) are this protocol.

    None while too few bytes are there to tell.
    """
    greets = bool(HANDSHAKE.match(resp)) or (None if MAY_BE_HANDSHAKE.fullmatch(resp) else False)
    answers = bool(ANSWER.match(orig)) or (None if MAY_BE_ANSWER.fullmatch(orig) else False)
    if greets is False or answers is False:
        return False
    return True if greets and answers else None


class Mysql(Parser):
    """Reads the handshake of the server and the client's answer.

    rest: once TLS begins, what was read of it already, for each side.
    """

    service: ClassVar[str] = "mysql"

    def __init__(self) -> None:
        super().__init__()
        self._held = [bytearray(), bytearray()]
        self._version = 0

    def data(self, side: int, octets: bytes, ts: int) -> None:
        """Read what comes next in the stream of a side, from a packet of that time."""
        if self.failed or self.wants[side] == NOTHING:
            return
        self._held[side] += octets
        if not self._version:
            self._greeted()
        if self._version and not self.failed:
            self._answered()
        if max(map(len, self._held)) > PACKET_MAX:
            self._give_up("packet_too_long")

    def gap(self, side: int, count: int, ts: int) -> None:
        """Give up, unless nothing more was wanted."""
        if self.wants[side] != NOTHING:
            self._give_up("content_gap")

    def _greeted(self) -> None:
        packet = self._packet(RESP, 0)
        if not packet:
            return
        if packet[0] in VERSIONS:
            self._version = packet[0]
        else:
            self._give_up("unknown_version")

    def _answered(self) -> None:
        packet = self._packet(ORIG, 1)
        if not packet:
            return
        is_old = self._version != WITH_TLS
        self.tls_begins = not is_old and bool(int.from_bytes(packet[:4], "little") & CLIENT_SSL)
        self.confirmed = is_old or self.tls_begins or _has_credentials(packet)
        if self.tls_begins:
            self.rest = [bytes(held) for held in self._held]
        if self.confirmed:
            self._finish()
        else:
            self._give_up("unreadable_answer")

    def _packet(self, side: int, number: int) -> bytes:
        """Take a packet from the front, without its head; none where it is not whole yet."""
        held = self._held[side]
        if len(held) < HEAD:
            return b""
        length = int.from_bytes(held[:3], "little")
        if held[3] != number or not length or length > PACKET_MAX - HEAD:
            self._give_up("no_handshake")
        elif len(held) >= HEAD + length:
            packet = bytes(held[HEAD : HEAD + length])
            del held[: HEAD + length]
            return packet
        return b""

    def _give_up(self, reason: str) -> None:
        self.failed = reason
        self._finish()

    def _finish(self) -> None:
        self._held = [bytearray(), bytearray()]
        self.wants = [NOTHING, NOTHING]


def _has_credentials(packet: bytes) -> bool:
    """Whether an answer has a user and the password that it announces."""
    _, end, password = packet[BEFORE_USER:].partition(b"\0")
    return bool(end and password) and len(password) > password[0]
