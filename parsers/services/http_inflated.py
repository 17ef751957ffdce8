"""What a compressed HTTP body comes to, as Zeek's log tells a body's length (ZIP.cc).

gzip, zlib and bare deflate are told by the first bytes, whatever the header says (RFC 9110, 8.4.1
has zlib for deflate; servers send both). What stands behind the end of the data does not count.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable

INFLATED_MAX = 1 << 28
"""How much of a body is decompressed. What comes then does not count."""
BLOCK = 4096  # Zeek decompresses into blocks of this size, and drops one that has an error


class Inflated:
    """Measures one body, and passes on what it comes to."""

    def __init__(self, on_octets: Callable[[bytes], None]) -> None:
        self._on_octets = on_octets
        self._head = b""
        self._stream = zlib.decompressobj()
        self._over = False
        self._room = INFLATED_MAX

    def more(self, octets: bytes) -> int:
        """How many bytes these come to."""
        if len(self._head) < 2:
            self._head += octets
            octets = self._head
            if len(octets) < 2:
                return 0
            self._stream = zlib.decompressobj(window_bits(octets))
        room = self._room
        for start in range(0, len(octets), BLOCK):
            self._block(octets[start : start + BLOCK])
        return room - self._room

    def _block(self, octets: bytes) -> None:
        while octets and not self._over:
            try:
                inflated = self._stream.decompress(octets, BLOCK)
            except zlib.error:
                self._over = True
            else:
                self._room -= len(inflated)
                self._on_octets(inflated)
                octets = self._stream.unconsumed_tail
                self._over = self._stream.eof or self._room <= 0


def window_bits(head: bytes) -> int:
    """What tells zlib the container that begins with these two bytes."""
    if head[:2] == b"\x1f\x8b":
        return 16 + zlib.MAX_WBITS
    is_zlib = head[0] & 15 == 8 and head[0] >> 4 <= 7 and (head[0] << 8 | head[1]) % 31 == 0
    return zlib.MAX_WBITS if is_zlib else -zlib.MAX_WBITS
