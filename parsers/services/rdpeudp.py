"""RDP over UDP: whether a connection is it.

MS-RDPEUDP 2.2.2.1 and 3.1.5.1: a SYN, padded to the size of the largest packet, and its answer.
Confirmed by that answer as in Zeek: src/analyzer/protocol/rdp/rdpeudp-analyzer.pac.
"""

from __future__ import annotations

from typing import ClassVar

from parsers.services.parser import NOTHING, ORIG, RESP, Parser

HEADER = 8  # acknowledged sequence number, window, flags
NOT_YET = b"\xff\xff\xff\xff"
SYN, ACK = 0x0001, 0x0004
PADDED = 1132  # the least size of a SYN


def begins(orig: bytes, _: bytes) -> bool | None:
    """Whether first datagrams of the two sides (either may be empty) are this protocol."""
    if not orig:
        return None
    return len(orig) >= PADDED and orig.startswith(NOT_YET) and bool(_flags(orig) & SYN)


def _flags(octets: bytes) -> int:
    return int.from_bytes(octets[HEADER - 2 : HEADER])


class Rdpeudp(Parser):
    """Reads the SYN and the first answers to it."""

    service: ClassVar[str] = "rdpeudp"

    def __init__(self) -> None:
        super().__init__()
        self._asked = False

    def data(self, side: int, octets: bytes, ts: int) -> None:
        """Read a datagram of a side."""
        if self.failed or self.wants[side] == NOTHING:
            return
        if len(octets) < HEADER:
            self._finish("datagram_too_short")
        elif not self._asked:
            self._asked = side == ORIG and begins(octets, b"") is True
        elif side == RESP and _flags(octets) & (SYN | ACK):
            self.confirmed = True
            self._finish()

    def _finish(self, reason: str = "") -> None:
        self.failed = reason
        self.wants = [NOTHING, NOTHING]
