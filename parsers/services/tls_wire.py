"""Numbers and vectors of TLS's presentation language, read from bytes with an end.

Source: RFC 8446 section 3 (the same since SSL 3).
"""

from __future__ import annotations

from collections.abc import Iterator
from struct import unpack


class Malformed(ValueError):
    """A message is not what its protocol says. The text is a name in snake_case."""


class Reader:
    """Reads bytes from left to right; asking for more than there are is `Malformed`."""

    __slots__ = ("_at", "_octets")

    def __init__(self, octets: bytes) -> None:
        self._octets = octets
        self._at = 0

    def __bool__(self) -> bool:
        """Whether bytes are left."""
        return self._at < len(self._octets)

    def take(self, count: int) -> bytes:
        """The next bytes, so many."""
        end = self._at + count
        if end > len(self._octets):
            raise Malformed("message_too_short")
        taken = self._octets[self._at : end]
        self._at = end
        return taken

    def number(self, width: int) -> int:
        """A number of so many bytes."""
        return int.from_bytes(self.take(width), "big")

    def vector(self, width: int) -> bytes:
        """Bytes after their count, which is a number of that width."""
        return self.take(self.number(width))

    def rest(self) -> bytes:
        """All that is left."""
        return self.take(len(self._octets) - self._at)

    def numbers(self, width: int) -> list[int]:
        """All that is left as numbers of so many bytes."""
        octets = self.rest()
        if len(octets) % width:
            raise Malformed("message_too_short")
        if width == 2:
            return list(unpack(f">{len(octets) // 2}H", octets))
        places = range(0, len(octets), width)
        return [int.from_bytes(octets[at : at + width], "big") for at in places]

    def vectors(self, width: int) -> Iterator[bytes]:
        """All that is left as vectors."""
        while self:
            yield self.vector(width)


class Messages:
    """Handshake messages of a side, out of its stream, which is cut independently of them.

    longest: bytes of a message; one that says it is longer is `Malformed`.
    """

    def __init__(self, longest: int) -> None:
        self._pending = bytearray()
        self._longest = longest

    def __len__(self) -> int:
        """Bytes of a message that is not whole."""
        return len(self._pending)

    def add(self, octets: bytes | bytearray) -> Iterator[tuple[int, bytes]]:
        """Take in bytes; yields kind and body of each message that is whole."""
        pending = self._pending
        pending += octets
        while len(pending) >= 4:
            length = int.from_bytes(pending[1:4], "big")
            if length > self._longest:
                raise Malformed("message_too_long")
            if len(pending) < 4 + length:
                break
            kind, body = pending[0], bytes(pending[4 : 4 + length])
            del pending[: 4 + length]
            yield kind, body
