"""Content: what is there is delivered at once, and why it ended is known."""

from __future__ import annotations

import gzip
import io
import os
from typing import Any

import pytest
import zstandard

from parsers.capture.content import Content
from parsers.errors import CutOff, Damaged

TEXT = bytes(range(256)) * 4000


def compressed(kind: str) -> bytes:
    if kind == "plain":
        return TEXT
    return gzip.compress(TEXT) if kind == "gzip" else zstandard.ZstdCompressor().compress(TEXT)


def take(content: Content, size: int) -> bytes:
    view = memoryview(bytearray(size))
    return bytes(view[: content.readinto(view)])


def opened(data: bytes, size: int | None) -> Content:
    return Content("made", io.BytesIO(data), size)  # type: ignore[arg-type]


KINDS = pytest.mark.parametrize("kind", ["plain", "gzip", "zstd"])


@KINDS
def test_a_file_fills_the_buffer_whatever_its_compression(kind: str) -> None:
    data = compressed(kind)
    content = opened(data, len(data))
    assert take(content, 1_000_000) == TEXT[:1_000_000]
    assert take(content, 1_000_000) == TEXT[1_000_000:]
    assert take(content, 1_000_000) == b""
    assert (content.bytes_read, content.position, content.damage) == (len(TEXT), len(data), None)


@KINDS
def test_a_buffer_of_any_size_gives_the_same_content(kind: str) -> None:
    content = opened(compressed(kind), None)
    parts = iter(lambda: take(content, 70_001), b"")
    assert b"".join(parts) == TEXT


@KINDS
def test_a_stream_delivers_what_is_there_without_waiting_for_more(kind: str) -> None:
    data = compressed(kind)
    reading, writing = os.pipe()
    os.write(writing, data[: 60_000 if kind == "plain" else -1])
    with os.fdopen(reading, "rb", buffering=0) as raw:
        content = Content("made", raw, None)
        got = b""
        while len(got) < (60_000 if kind == "plain" else 900_000):
            got += take(content, 1 << 20)
        os.close(writing)
    assert TEXT.startswith(got)


def test_a_cut_is_said_with_the_offset_in_the_content() -> None:
    data = compressed("gzip")[:-20]
    content = opened(data, len(data))
    got = b"".join(iter(lambda: take(content, 1 << 20), b""))
    assert TEXT.startswith(got)
    assert content.damage == CutOff("made", "more gzip data", "the end of the file", len(got))


def test_damage_is_said_with_the_offset_in_the_content() -> None:
    data = compressed("zstd") + b"rest"
    content = opened(data, len(data))
    assert b"".join(iter(lambda: take(content, 1 << 20), b"")) == TEXT
    assert content.damage == Damaged("made", "sound zstd data", 'text "rest"', len(TEXT))


class Failing(io.RawIOBase):
    """A disk that fails between its reads."""

    def __init__(self) -> None:
        self.reads = iter([b"head", b"body", None, b"later"])

    def readable(self) -> bool:
        return True

    def readinto(self, view: Any) -> int:
        data = next(self.reads, b"")
        if data is None:
            raise OSError(5, "Input/output error")
        view[: len(data)] = data
        return len(data)


def test_a_failing_disk_ends_the_content_and_loses_nothing_before() -> None:
    content = Content("made", Failing(), 1000)
    assert take(content, 100) == b"headbody"
    assert take(content, 100) == b"" == take(content, 100)
    assert content.damage == Damaged("made", "sound data", "Input/output error", 8)
