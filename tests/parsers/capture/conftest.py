"""Every test that asks for `read` runs three times: record walk plain, compiled, bounds-checked."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from parsers.capture.source import Capture
from parsers.kernel import checked


class Packet(NamedTuple):
    ts: int
    data: bytes
    wire: int
    link: int


class Result(NamedTuple):
    packets: list[Packet]
    warnings: list[str]
    weirds: dict[str, int]


class Reads(io.RawIOBase):
    """A stream that delivers its data in reads of the sizes given, over and over."""

    def __init__(self, data: bytes, sizes: list[int] | None = None) -> None:
        self.data, self.at, self.sizes, self.turn = data, 0, sizes or [1 << 30], 0

    def readable(self) -> bool:
        return True

    def readinto(self, view: Any) -> int:
        size = min(len(view), self.sizes[self.turn % len(self.sizes)])
        got = self.data[self.at : self.at + size]
        view[: len(got)] = got
        self.at, self.turn = self.at + len(got), self.turn + 1
        return len(got)


def packets(capture: Capture) -> list[Packet]:
    """Copy every packet out of its block."""
    found = []
    for part in capture:
        columns = (part.at, part.captured, part.ts, part.wire, part.link)
        for at, size, ts, wire, link in zip(*(column.tolist() for column in columns), strict=True):
            assert 0 <= at <= at + size <= len(part.block)
            found.append(Packet(ts, part.block[at : at + size].tobytes(), wire, link))
    return found


def read_bytes(data: bytes, sizes: list[int] | None = None, *, compiled: bool = False) -> Result:
    """Read a whole capture from memory."""
    capture = Capture("made.pcap", Reads(data, sizes), compiled=compiled)
    found = packets(capture)
    return Result(found, capture.warnings, dict(capture.weirds))


@pytest.fixture(params=["plain", "compiled", "checked"])
def read(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Read a capture from memory with each form of the record walk."""
    if request.param == "checked":
        monkeypatch.setattr("parsers.capture.frames.compiled", checked)
    fast = request.param != "plain"
    return lambda data, sizes=None: read_bytes(data, sizes, compiled=fast)


@pytest.fixture(scope="session")
def reader() -> Callable[..., Result]:
    """The plain reader, for properties: it keeps nothing from one example to the next."""
    return read_bytes


@pytest.fixture(scope="session")
def all_forms() -> Callable[[bytes], Result]:
    """Read with all forms of the walk, demand the same of each, return it."""

    def read_all(data: bytes) -> Result:
        plain, fast = read_bytes(data), read_bytes(data, compiled=True)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("parsers.capture.frames.compiled", checked)
            safe = read_bytes(data, compiled=True)
        assert plain == fast == safe
        return plain

    return read_all
