"""The bytes of a capture, decompressed where it is compressed: told by content, not by name."""

from __future__ import annotations

from collections.abc import Iterator
from io import RawIOBase

from parsers.capture.compressed import DECODERS, exactly
from parsers.errors import CutOff, Damaged, ParseError


class Stored:
    """A file as it is stored, whose first bytes can be looked at; `position` is what was read."""

    def __init__(self, raw: RawIOBase) -> None:
        self.position = 0
        self._raw, self._head = raw, b""

    def peek(self, size: int) -> bytes:
        """The first bytes, fewer at the end of the file; they are still there for reading."""
        self._head = exactly(self.read, size)
        return self._head

    def read(self, size: int) -> bytes:
        """Read once, up to `size` bytes."""
        if self._head:
            data, self._head = self._head[:size], self._head[size:]
            return data
        data = self._raw.read(size) or b""
        self.position += len(data)
        return data

    def readinto(self, view: memoryview) -> int:
        """Read once, straight into a buffer."""
        if self._head:
            head = self.read(len(view))
            view[: len(head)] = head
            return len(head)
        got = self._raw.readinto(view) or 0
        self.position += got
        return got


class Pieces:
    """Decoded pieces, spread over the buffers that ask for them."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._rest = pieces, memoryview(b"")

    def readinto(self, view: memoryview) -> int:
        """Deliver what there is of one piece; 0 when there are no more."""
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = memoryview(piece)
        got = min(len(view), len(self._rest))
        view[:got], self._rest = self._rest[:got], self._rest[got:]
        return got


class Content:
    """What a file holds, decompressed.

    size: bytes of the file as stored; None for a stream, of which a read returns what is there
        instead of waiting for more.
    bytes_read: bytes that were delivered.
    damage: why the content ended early, if it did, once `readinto` returned 0.
    """

    def __init__(self, path: str, raw: RawIOBase, size: int | None) -> None:
        self.size, self.bytes_read = size, 0
        self.damage: ParseError | None = None
        self._path, self._kind = path, ""
        self._stored = Stored(raw)
        self._source: Stored | Pieces = self._stored
        head = self._stored.peek(4)
        for name, magics, decode in DECODERS:
            if head.startswith(magics):
                self._kind, self._source = f"{name} ", Pieces(decode(self._stored.read))

    @property
    def position(self) -> int:
        """Bytes of the file as stored that were consumed."""
        return self._stored.position

    def readinto(self, view: memoryview) -> int:
        """Fill `view`, or a part of it where a stream has no more for now; 0 at the end."""
        got = more = self._deliver(view)
        while more and self.size is not None and got < len(view):
            more = self._deliver(view[got:])
            got += more
        return got

    def _deliver(self, view: memoryview) -> int:
        """Deliver once. A failure ends the content: what came before it is not to be lost."""
        if self.damage:
            return 0
        try:
            got = self._source.readinto(view)
        except (EOFError, ValueError, OSError) as error:
            self.damage = self._failed(error)
            return 0
        self.bytes_read += got
        return got

    def _failed(self, error: Exception) -> ParseError:
        if isinstance(error, EOFError):
            expected = f"more {self._kind}data"
            return CutOff(self._path, expected, "the end of the file", self.bytes_read)
        found = getattr(error, "strerror", None) or str(error)
        return Damaged(self._path, f"sound {self._kind}data", found, self.bytes_read)
