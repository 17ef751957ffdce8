"""Open a capture: file or standard input, compressed or not, pcap or pcapng, told by content."""

from __future__ import annotations

import io
import os
import stat
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from parsers.capture.content import Content
from parsers.capture.frames import MORE, Block, Frames
from parsers.capture.pcap import VARIANTS, Pcap
from parsers.capture.pcapng import MAGIC, Pcapng
from parsers.errors import CutOff, NotACapture, ParseError, looks_like, printable

STANDARD_INPUT = "standard input"
EXPECTED = "a capture (pcap or pcapng, plain or in gzip or zstd)"
HEAD = 24  # bytes that say which format it is, and its variant


def open_capture(path: str, *, compiled: bool, ring: int = 1) -> Capture:
    """Open a capture, "-" for standard input, and look at its head.

    compiled: whether the record walk runs compiled, which pays from some 25,000 packets on.
    ring: how many Frames stay valid at once.
    Raises NotACapture, OSError if it cannot be read; both with one line for people.
    """
    with to_read(path, NotACapture, EXPECTED) as (shown, raw):
        return Capture(shown, raw, compiled=compiled, ring=ring)


@contextmanager
def to_read(
    path: str, wrong: type[ParseError], expected: str
) -> Iterator[tuple[str, io.RawIOBase]]:
    """Open a file, "-" for standard input, for whoever makes a reader of it within this context.

    Gives its name for people and its bytes, which are closed if no reader is made. Raises `wrong`
    for a directory, where `expected` was expected, and OSError with one line for people.
    """
    shown = STANDARD_INPUT if path == "-" else path
    try:
        raw = raw_file(path)
        try:
            yield shown, raw
        except BaseException:
            raw.close()
            raise
    except IsADirectoryError as error:
        raise wrong(shown, expected, "a directory") from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise type(error)(f"{printable(shown)}: cannot be read: {reason}") from error


def raw_file(path: str) -> io.RawIOBase:
    """Open without a buffer: blocks go straight where they belong, and a stream never waits."""
    if path != "-":
        return Path(path).open("rb", buffering=0)
    if sys.stdin is None:
        raise OSError("it is closed")
    try:
        number = sys.stdin.fileno()
    except io.UnsupportedOperation:
        return cast("io.RawIOBase", sys.stdin.buffer)  # put in its place by a test or a host
    os.set_blocking(number, True)  # else "nothing yet" would look like the end
    return open(number, "rb", buffering=0, closefd=False)


def stored_size(raw: io.RawIOBase) -> int | None:
    """Bytes of a regular file; None for anything else."""
    try:
        status = os.fstat(raw.fileno())
    except OSError:
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) else None


class Capture:
    """The packets of one capture, in blocks: iterate once, over `Frames`.

    path: as given, or "standard input".
    format: "pcap" or "pcapng".
    size: bytes of the file as stored, None for a stream.
    warnings: for people; what could not be read, and from which offset on.
    weirds: what was passed over, by reason (`parsers.weirds`).
    compiled: whether the record walk runs compiled; may be set between two `Frames`.
    """

    def __init__(self, path: str, raw: io.RawIOBase, *, compiled: bool, ring: int = 1) -> None:
        self.path, self.compiled = path, compiled
        self.warnings: list[str] = []
        self.weirds: Counter[str] = Counter()
        self._raw = raw
        self._content = Content(path, raw, stored_size(raw))
        self._block = Block(ring)
        self._ended = False
        self._used_up = False  # no whole record is left in the block
        self._ahead: Frames | None = None
        self._first: int | None = None
        self._format = self._recognised(self._read_head())
        self.format = self._format.name
        self.size = self._content.size

    @property
    def position(self) -> int:
        """Bytes of the file as stored that were consumed."""
        return self._content.position

    @property
    def bytes_read(self) -> int:
        """Bytes of content that were read."""
        return self._content.bytes_read

    def first_ts(self) -> int | None:
        """Nanoseconds of the first packet, None if there is none; reads one block ahead."""
        if self._first is None:
            self._ahead = self._next()
        return self._first

    def __iter__(self) -> Iterator[Frames]:
        while frames := self._ahead or self._next():
            self._ahead = None
            yield frames

    def close(self) -> None:
        """Close the file; nothing can be read from then on."""
        self._ended = True
        self._raw.close()

    def _read_head(self) -> bytes:
        block = self._block
        while block.end < HEAD and block.fill(self._content.readinto):
            pass
        return bytes(block.octets[: min(block.end, HEAD)])

    def _recognised(self, head: bytes) -> Pcap | Pcapng:
        """The reader for a capture that begins like this; raises NotACapture."""
        if len(head) < HEAD and self._content.damage:
            raise self._content.damage
        magic = head[:4]
        if magic not in (*VARIANTS, MAGIC):
            raise NotACapture(self.path, EXPECTED, looks_like(head))
        if len(head) < HEAD:
            raise NotACapture(self.path, f"a header of {HEAD} bytes", f"{len(head)} bytes")
        if magic == MAGIC:
            return Pcapng(self.path, head, self.weirds)
        self._block.start = HEAD
        return Pcap(self.path, head)

    def _next(self) -> Frames | None:
        """The packets that come next, at most those of one read; None at the end."""
        block = self._block
        block.turn()
        while not block.count and not self._ended:
            try:
                if self._used_up:
                    self._fill()
                self._used_up = self._format.walk(block, self.compiled) == MORE
            except ParseError as error:
                self._ended = True
                self.warnings.append(str(error))
                self.weirds[error.weird] += 1
        if not block.count:
            return None
        frames = block.frames()
        if self._first is None:
            self._first = int(frames.ts[0])
        return frames

    def _fill(self) -> None:
        """Read on. At the end all must be used up: raises what ended the content, or CutOff."""
        block, content = self._block, self._content
        if block.fill(content.readinto):
            return
        if content.damage:
            raise content.damage
        if block.start < block.end:
            found = f"the end of the file after {block.end - block.start} bytes of it"
            raise CutOff(self.path, "a whole record", found, block.position)
        if block.start > block.end:
            expected = f"{block.start - block.end} more bytes of a block"
            raise CutOff(self.path, expected, "the end of the file", block.bytes_read)
        self._ended = True
