"""The block: what is left moves to the front, and what is passed over is not kept."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from parsers.capture.frames import Block, u32, without_fcs
from parsers.kernel import compiled


def source(*reads: bytes) -> Callable[[memoryview], int]:
    pending = list(reads)

    def readinto(view: memoryview) -> int:
        data = pending.pop(0) if pending else b""
        view[: len(data)] = data
        return len(data)

    return readinto


def content(block: Block) -> bytes:
    return block.octets[block.start : block.end].tobytes()


def test_what_is_left_moves_to_the_front_and_new_bytes_follow() -> None:
    block, readinto = Block(), source(b"abcdef", b"ghi")
    assert block.fill(readinto)
    block.start = 4
    assert block.fill(readinto)
    assert (content(block), block.start, block.position, block.bytes_read) == (b"efghi", 0, 4, 9)
    assert not block.fill(readinto)
    assert content(block) == b"efghi"


def test_a_start_beyond_the_end_passes_over_what_comes() -> None:
    block, readinto = Block(), source(b"abc", b"def", b"ghi")
    block.fill(readinto)
    block.start = 8
    block.fill(readinto)
    assert block.start > block.end
    block.fill(readinto)
    assert (content(block), block.position) == (b"i", 8)


@given(data=st.binary(min_size=4, max_size=4))
def test_numbers_are_read_in_both_byte_orders_by_both_forms(data: bytes) -> None:
    block = Block()
    block.fill(source(b"?" + data))
    for form, octets in ((u32, block.octets.data), (compiled(u32), block.octets)):
        assert form(octets, 1, 1) == int.from_bytes(data, "big")
        assert form(octets, 1, 0) == int.from_bytes(data, "little")


def test_a_checksum_is_part_of_what_was_on_the_wire_and_may_be_captured_in_part() -> None:
    assert without_fcs(64, 64, 4) == (60, 60)
    assert without_fcs(62, 64, 4) == (60, 60)
    assert without_fcs(50, 64, 4) == (50, 60)
    assert without_fcs(2, 2, 4) == (0, 0)
