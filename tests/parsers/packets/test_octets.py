"""Numbers in network byte order."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.kernel import checked, compiled
from parsers.packets.octets import copy, signed64, u16, u32


@given(st.binary(min_size=8, max_size=24), st.data())
def test_numbers_are_read_as_struct_reads_them(data: bytes, draw: st.DataObject) -> None:
    at = draw.draw(st.integers(0, len(data) - 8))
    block = memoryview(data)
    assert u16(block, at) == struct.unpack_from(">H", data, at)[0]
    assert u32(block, at) == struct.unpack_from(">I", data, at)[0]
    assert signed64(block, at) == struct.unpack_from(">q", data, at)[0]


def test_a_word_with_its_highest_bit_set_is_negative() -> None:
    assert signed64(memoryview(b"\xff" * 8), 0) == -1
    assert signed64(memoryview(b"\x80" + bytes(7)), 0) == -(2**63)
    assert signed64(memoryview(b"\x7f" + b"\xff" * 7), 0) == 2**63 - 1
    assert signed64(memoryview(bytes(4) + b"\xff" * 4), 0) == 2**32 - 1


@pytest.mark.parametrize("build", [compiled, checked])
def test_copying_is_the_same_plain_and_compiled(build: Any) -> None:
    source = np.arange(100, dtype=np.uint8)
    plain, other = np.zeros(20, np.uint8), np.zeros(20, np.uint8)
    copy(plain.data, 3, source.data, 40, 10)
    build(copy)(other, 3, source, 40, 10)
    assert plain.tolist() == [0] * 3 + list(range(40, 50)) + [0] * 7
    assert other.tolist() == plain.tolist()
