"""Decompression: gzip and zstd as iterators over pieces, which lose nothing before a cut or damage.

Memory is bounded whatever the input claims: a piece is 64 KiB of gzip or one zstd block (128 KiB),
besides zstd's own window, of which libzstd accepts 128 MiB at most.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TypeAlias

from parsers.errors import looks_like

Read: TypeAlias = Callable[[int], bytes]  # up to n bytes, none at the end

PIECE = 65_536
MEMBER = 31  # zlib's number for a gzip member
RUN_LENGTH = 1  # the zstd block type that stores one byte, whatever its size says
GZIP = b"\x1f\x8b"
ZSTD = b"\x28\xb5\x2f\xfd"
SKIPPABLE = tuple(bytes((first, 0x2A, 0x4D, 0x18)) for first in range(0x50, 0x60))


def gunzip(read: Read) -> Iterator[bytes]:
    """Decode gzip, members after members (RFC 1952).

    Raises EOFError where the data ends within a member, ValueError where it is damaged.
    """
    inflate = None
    while data := read(PIECE):
        while data:
            if inflate is None:
                data = data.lstrip(b"\0")  # tapes pad with zeros
                inflate = zlib.decompressobj(MEMBER) if data else None
                continue
            before = inflate.copy()
            try:
                yield inflate.decompress(data, PIECE)
            except zlib.error as error:
                yield until_error(before, data)
                raise ValueError(str(error)) from error
            data = inflate.unconsumed_tail
            if inflate.eof:
                data, inflate = inflate.unused_data, None
    if inflate is not None:
        with suppress(zlib.error):
            yield inflate.flush()
        raise EOFError


def until_error(inflate: zlib._Decompress, data: bytes) -> bytes:
    """Decode byte by byte: zlib keeps nothing of what a call decoded before it failed."""
    decoded = bytearray()
    for byte in data:
        try:
            decoded += inflate.decompress(bytes((byte,)))
        except zlib.error:
            break
    return bytes(decoded)


def unzstd(read: Read) -> Iterator[bytes]:
    """Decode zstd, frames after frames (RFC 8878), block by block.

    Raises EOFError where the data ends within a frame, ValueError where it is damaged.
    """
    while magic := exactly(read, 4):
        if magic == ZSTD:
            yield from frame(read)
        elif magic.startswith(SKIPPABLE):
            left = int.from_bytes(whole(read, 4), "little")
            while left:
                left -= len(whole(read, min(left, PIECE)))
        elif len(magic) < 4:
            raise EOFError
        else:
            raise ValueError(looks_like(magic))


def frame(read: Read) -> Iterator[bytes]:
    """Decode one zstd frame, its magic read: a header, blocks, a checksum if the header says so.

    libzstd is given a block at a time, because it forgets what a call decoded before it failed.
    """
    import zstandard

    decoder = zstandard.ZstdDecompressor().decompressobj()
    descriptor = whole(read, 1)
    flags = descriptor[0]
    single = flags >> 5 & 1
    size = (1 - single) + (0, 1, 2, 4)[flags & 3] + (single, 2, 4, 8)[flags >> 6]
    try:
        decoder.decompress(ZSTD + descriptor + whole(read, size))
        last = 0
        while not last:
            head = whole(read, 3)
            number = int.from_bytes(head, "little")
            last, kind, size = number & 1, number >> 1 & 3, number >> 3
            yield decoder.decompress(head + whole(read, 1 if kind == RUN_LENGTH else size))
        if flags & 4:
            decoder.decompress(whole(read, 4))
    except zstandard.ZstdError as error:
        raise ValueError(str(error)) from error


def exactly(read: Read, size: int) -> bytes:
    """Read `size` bytes, fewer only at the end."""
    data = bytearray()
    while len(data) < size and (more := read(size - len(data))):
        data += more
    return bytes(data)


def whole(read: Read, size: int) -> bytes:
    """Read `size` bytes; EOFError if there are not as many."""
    data = exactly(read, size)
    if len(data) < size:
        raise EOFError
    return data


DECODERS: tuple[tuple[str, tuple[bytes, ...], Callable[[Read], Iterator[bytes]]], ...] = (
    ("gzip", (GZIP,), gunzip),
    ("zstd", (ZSTD, *SKIPPABLE), unzstd),
)
