"""DNP3: whether a connection is it, over TCP or UDP.

IEEE 1815 section 9.2: the head of a frame, with a checksum of its own. One that is right names the
protocol, whichever side sends it, as in Zeek: src/analyzer/protocol/dnp3, base/protocols/dnp3.
"""

from __future__ import annotations

from typing import ClassVar

from parsers.services.parser import NOTHING, Parser

START = b"\x05\x64"
LEAST = 5  # what the length counts beyond itself: control, target, source
CHECKED, HEAD = 8, 10
LOOKED_AT = HEAD + 1  # Zeek waits for another byte: a lone head without data names nothing
POLYNOMIAL = 0xA6BC  # x^16 + x^13 + x^12 + x^11 + x^10 + x^8 + x^6 + x^5 + x^2 + 1, reversed


def begins(orig: bytes, resp: bytes) -> bool | None:
    """Whether first bytes of the two sides (either may be empty) are this protocol.

    None while too few bytes are there to tell. One side is enough.
    """
    answers = [_begins(octets) for octets in (orig, resp)]
    return False if False in answers else True in answers or None


def _begins(octets: bytes) -> bool | None:
    head = octets[:HEAD]
    if len(octets) < LOOKED_AT:
        return None if START.startswith(head[:2]) else False
    return (
        head.startswith(START) and head[2] >= LEAST and head[CHECKED:] == checksum(head[:CHECKED])
    )


def checksum(octets: bytes) -> bytes:
    """The checksum of few bytes."""
    found = 0
    for octet in octets:
        found ^= octet
        for _ in range(8):
            found = found >> 1 ^ (POLYNOMIAL if found & 1 else 0)
    return (~found & 0xFFFF).to_bytes(2, "little")


class Dnp3Tcp(Parser):
    """Reads the head of a frame."""

    service: ClassVar[str] = "dnp3_tcp"

    def __init__(self) -> None:
        super().__init__()
        self._heads = [b"", b""]

    def data(self, side: int, octets: bytes, ts: int) -> None:
        """Read what comes next in the stream of a side, from a packet of that time."""
        if self.failed or self.wants[side] == NOTHING:
            return
        self._heads[side] = (self._heads[side] + octets[:LOOKED_AT])[:LOOKED_AT]
        answer = _begins(self._heads[side])
        if answer is not None:
            self.confirmed = answer
            self.failed = "" if answer else "not_dnp3"
            self.wants = [NOTHING, NOTHING]


class Dnp3Udp(Dnp3Tcp):
    """Reads the head of a datagram's first frame."""

    service: ClassVar[str] = "dnp3_udp"

    def data(self, side: int, octets: bytes, ts: int) -> None:
        """Read a datagram of a side: what it begins is not gone on with in the next."""
        super().data(side, octets, ts)
        self._heads = [b"", b""]
