"""Interface descriptions: their options, and how many are kept."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from parsers.capture.clock import clock
from parsers.capture.interfaces import MOST, Interfaces, options


def body(order: str = "<", link: int = 1, snap: int = 96, tail: bytes = b"") -> memoryview:
    return memoryview(struct.pack(order + "HHI", link, 0, snap) + tail)


def option(code: int, value: bytes, order: str = "<") -> bytes:
    return struct.pack(order + "HH", code, len(value)) + value + bytes(-len(value) % 4)


@pytest.mark.parametrize(("order", "name"), [("<", "little"), (">", "big")])
def test_a_row_holds_link_snap_length_checksum_length_and_clock(order: str, name: Any) -> None:
    interfaces = Interfaces()
    tail = option(2, b"eth0", order) + option(9, b"\x09", order) + option(13, b"\x04", order)
    tail += option(14, struct.pack(order + "q", -5), order) + option(0, b"", order)
    interfaces.declare(body(order, 276, 96, tail), name)
    assert interfaces.table[0].tolist() == [276, 96, 4, *clock(9, -5)]


def test_without_options_times_are_microseconds() -> None:
    interfaces = Interfaces()
    interfaces.declare(body(), "little")
    assert interfaces.table[0].tolist() == [1, 96, 0, *clock(6, 0)]


def test_nothing_after_the_end_of_options_is_read() -> None:
    data = option(9, b"\x09") + option(0, b"") + option(9, b"\x03")
    assert options(memoryview(data), "little") == {9: b"\x09"}


@pytest.mark.parametrize("data", [option(2, b"12345678")[:8], option(9, b"12"), option(14, b"1")])
def test_options_that_do_not_fit_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="option"):
        options(memoryview(data), "little")


def test_a_new_section_forgets_and_reuses() -> None:
    interfaces = Interfaces()
    interfaces.declare(body(link=1), "little")
    interfaces.clear()
    assert len(interfaces) == 0
    interfaces.declare(body(link=101), "little")
    assert interfaces.table[0, 0] == 101


def test_memory_is_bounded_however_many_are_declared() -> None:
    interfaces = Interfaces()
    for _ in range(MOST + 10):
        interfaces.declare(body(), "little")
    assert len(interfaces) == MOST == len(interfaces.table)
