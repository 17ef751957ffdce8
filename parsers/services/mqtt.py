"""MQTT: whether a connection is one to a broker of messages.

MQTT 3.1, 3.1.1 and 5.0, section 3.1 (CONNECT). Confirmed as in Zeek, by that message:
base/protocols/mqtt (main.zeek, dpd.sig), src/analyzer/protocol/mqtt.
"""

from __future__ import annotations

import re
from typing import ClassVar

from parsers.services.parser import NOTHING, ORIG, Parser

CONNECT_MAX = 1 << 16
"""The longest message that is read."""

LENGTH_BYTES_MAX = 4
CONNECT = re.compile(
    rb"\x10[\x80-\xff]{0,3}[\0-\x7f](?:\0\x04MQTT[\x04\x05]|\0\x06MQIsdp\x03)", re.DOTALL
)
NAMES = (b"\0\x04MQTT\x04", b"\0\x04MQTT\x05", b"\0\x06MQIsdp\x03")
MAY_CONNECT = re.compile(rb"(?:\x10(?:[\x80-\xff]{0,3}|[\x80-\xff]{0,3}[\0-\x7f](.*)))?", re.DOTALL)
TEXTS = {0x04: 2, 0x80: 1, 0x40: 1}
"""How many texts follow the client's name, by flag: those of a will, the user, the password."""

ANSWER = 0x20  # CONNACK


def begins(orig: bytes, resp: bytes) -> bool | None:
    """Whether first bytes of the two sides (either may be empty) are this protocol.

    None while too few bytes are there to tell. The client's tell; a server that has answered must
    have acknowledged it.
    """
    if resp and resp[0] != ANSWER:
        return False
    if CONNECT.match(orig):
        return True
    may_be = MAY_CONNECT.fullmatch(orig)
    if not may_be:
        return False
    name = may_be[1] or b""
    return None if any(each.startswith(name) for each in NAMES) else False


class Mqtt(Parser):
    """Reads until the client has said who it is."""

    service: ClassVar[str] = "mqtt"

    def __init__(self) -> None:
        super().__init__()
        self.wants = [0, NOTHING]
        self._held = bytearray()

    def data(self, side: int, octets: bytes, ts: int) -> None:
        """Read what comes next in the stream of a side, from a packet of that time."""
        if side != ORIG or self.wants[ORIG] == NOTHING:
            return
        self._held += octets[: CONNECT_MAX + 1 - len(self._held)]
        is_connect = begins(bytes(self._held[:16]), b"")
        if is_connect is False:
            self._give_up("not_mqtt")
        elif is_connect and len(self._held) >= sum(self._sizes()):
            head, length = self._sizes()
            self._connect(bytes(self._held[head : head + length]))
        elif len(self._held) > CONNECT_MAX:
            self._give_up("message_too_long")

    def gap(self, side: int, count: int, ts: int) -> None:
        """Give up, unless nothing more was wanted."""
        if self.wants[side] != NOTHING:
            self._give_up("content_gap")

    def _sizes(self) -> tuple[int, int]:
        """How long the head and the message are: seven bits in each byte, the lowest first."""
        length, at = 0, 0
        for at in range(LENGTH_BYTES_MAX):
            octet = self._held[1 + at]
            length |= (octet & 0x7F) << 7 * at
            if octet < 0x80:
                break
        return 1 + at + 1, length

    def _connect(self, message: bytes) -> None:
        """Read the texts, as version 3 has them: Zeek does so whatever the version is."""
        at = 2 + int.from_bytes(message[:2]) + 1
        flags = message[at] if at < len(message) else 0
        at += 1 + 2  # and the time to keep it alive
        for _ in range(1 + sum(count for flag, count in TEXTS.items() if flags & flag)):
            at += 2 + int.from_bytes(message[at : at + 2])
        self.confirmed = at <= len(message)
        if not self.confirmed:
            self._give_up("message_too_short")
        self._finish()

    def _give_up(self, reason: str) -> None:
        self.failed = reason
        self._finish()

    def _finish(self) -> None:
        self._held = bytearray()
        self.wants = [NOTHING, NOTHING]
