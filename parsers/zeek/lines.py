"""Bytes -> blocks of whole lines, numbered: what both formats of logs are read from.

Memory is bounded by the block and by the longest line that is let through.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from parsers.capture.content import Content
from parsers.zeek.notes import Notes

BLOCK = 8 << 20
LONGEST = 1 << 20
HEAD = 1 << 16
IN_CACHE = 1 << 17
NEWLINE = ord("\n")
BOM = b"\xef\xbb\xbf"
NOT_UTF8 = re.compile("[\udc80-\udcff]")


@dataclass(frozen=True, slots=True)
class Lines:
    """Whole lines, `count` of them. `first`: the number of the first, from 1.

    cut: the input had no end of the line, it was added here.
    """

    data: bytes
    first: int
    count: int
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """Lines of a block, and their numbers (Int64). `cut`: the input ended within the one line."""

    data: bytes
    numbers: pl.Series
    cut: bool = False

    def lines(self) -> list[bytes]:
        """Each line without its end."""
        return self.data.split(b"\n")[:-1]

    def only(self, kept: pl.Series) -> Part:
        """The lines that are kept, Boolean (lines,)."""
        octets = np.frombuffer(self.data, np.uint8)
        lengths = np.diff(np.flatnonzero(octets == NEWLINE), prepend=-1)
        data = octets[np.repeat(kept.to_numpy(), lengths)].tobytes()
        return Part(data, self.numbers.filter(kept), self.cut)


class LineReader:
    """The lines of a file, in blocks, each with a line feed; a byte order mark is taken off."""

    def __init__(self, content: Content, notes: Notes, block: int = BLOCK) -> None:
        self._content, self._notes = content, notes
        self._buffer = bytearray(LONGEST + block)
        self._block, self._kept, self._line = block, 0, 1
        self._skipping = False
        self._ended = False

    def head(self) -> bytes:
        """The first 64 KiB, less of a shorter file; they are still there for reading."""
        if not self._kept:
            while self._kept < HEAD and not self._ended:
                self._fill()
            if self._buffer.startswith(BOM):
                self._keep_from(len(BOM))
        return bytes(memoryview(self._buffer)[: min(self._kept, HEAD)])

    def __iter__(self) -> Iterator[Lines]:
        """Yield all lines; one that is longer than 1 MiB is counted and left out."""
        self.head()
        while True:
            end = self._buffer.rfind(b"\n", 0, self._kept) + 1
            if end:
                data = bytes(memoryview(self._buffer)[:end])
                self._keep_from(end)
                yield from self._whole(data)
            if self._skipping or self._kept > LONGEST:
                self._skipping, self._kept = True, 0
            if self._ended:
                break
            self._fill()
        yield from self._last()

    def _fill(self) -> None:
        """Read a block behind what is kept, less at the end."""
        view = memoryview(self._buffer)
        end = min(self._kept + self._block, len(view))
        while self._kept < end:
            got = self._content.readinto(view[self._kept : end])
            self._kept += got
            if not got:
                self._ended = True
                break

    def _keep_from(self, start: int) -> None:
        rest = self._buffer[start : self._kept]
        self._buffer[: len(rest)] = rest
        self._kept = len(rest)

    def _whole(self, data: bytes) -> Iterator[Lines]:
        """Yield lines that end, without those that are too long."""
        start = 0
        if self._skipping:
            start = data.index(b"\n") + 1
            self._too_long()
        for first, end in _long_lines(data, start):
            yield from self._lines(data[start:first])
            self._too_long()
            start = end
        yield from self._lines(data[start:] if start else data)

    def _lines(self, data: bytes) -> Iterator[Lines]:
        if not data:
            return
        first, count = self._line, count_of(NEWLINE, data)
        self._line += count
        if b"\r" in data:
            data = data.replace(b"\r\n", b"\n")
        yield Lines(data, first, count)

    def _last(self) -> Iterator[Lines]:
        """Yield a line without its end."""
        if self._skipping:
            self._too_long()
        elif self._kept:
            data = bytes(memoryview(self._buffer)[: self._kept]).removesuffix(b"\r")
            if self._content.damage and not data.startswith(b"#"):
                self._notes.passed_over("cut_off_row", 1, self._line)
                return
            yield Lines(data + b"\n", self._line, 1, cut=True)

    def _too_long(self) -> None:
        self._skipping = False
        self._notes.passed_over("line_too_long", 1, self._line)
        self._line += 1


def count_of(octet: int, data: bytes) -> int:
    """How often an octet occurs, where it is not rare: `data.count` takes three times as long."""
    octets = np.frombuffer(data, np.uint8)
    steps = range(0, len(octets), IN_CACHE)
    return sum(int(np.count_nonzero(octets[at : at + IN_CACHE] == octet)) for at in steps)


def _long_lines(data: bytes, at: int) -> Iterator[tuple[int, int]]:
    """Yield where the lines lie that are too long. A few jumps a block, not a step a line."""
    while at < len(data):
        end = data.rfind(b"\n", at, at + LONGEST) + 1
        if not end:
            end = data.index(b"\n", at + LONGEST) + 1
            yield at, end
        at = end


def as_utf8(data: bytes, escape: bytes) -> bytes:
    """Make text valid: each byte that is no UTF-8 becomes `escape` and its two hex digits."""
    if data.isascii():
        return data
    try:
        data.decode()
    except UnicodeDecodeError:
        text = data.decode(errors="surrogateescape")
        prefix = escape.decode()
        return NOT_UTF8.sub(lambda byte: f"{prefix}{ord(byte[0]) - 0xDC00:02x}", text).encode()
    return data
