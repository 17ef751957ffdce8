"""The Internet checksum. The expected sums are RFC 1071's own and those of a plain definition."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from parsers.packets.checksums import fold, ones_sum, word_sum
from tests.frames import checksum

EXAMPLE = bytes.fromhex("0001f203f4f5f6f7")  # RFC 1071, section 3


def test_the_example_of_the_rfc() -> None:
    assert ones_sum(memoryview(EXAMPLE), 0, 8, 0) == 0x2DDF0
    assert fold(0x2DDF0) == 0xDDF2


def test_a_last_odd_byte_counts_as_a_high_byte() -> None:
    assert ones_sum(memoryview(b"\x12\x34\x56"), 0, 3, 0) == 0x1234 + 0x5600
    assert ones_sum(memoryview(b"\x56"), 0, 1, 0) == 0x5600


def test_only_the_range_counts_and_is_added_to_what_was_there() -> None:
    assert ones_sum(memoryview(b"\xff\x00\x01\xff"), 1, 3, 7) == 7 + 1
    assert ones_sum(memoryview(b"\xff"), 1, 1, 7) == 7
    assert ones_sum(memoryview(b""), 0, 0, 7) == 7


def test_carries_are_folded_until_none_is_left() -> None:
    assert fold(0) == 0
    assert fold(0xFFFF) == 0xFFFF
    assert fold(0x1FFFF) == 1
    assert fold(0xFFFFFFFF) == 0xFFFF


@given(st.binary(max_size=70))
def test_data_that_holds_its_checksum_sums_to_all_ones(data: bytes) -> None:
    even = data + b"\0" * (len(data) % 2)
    whole = struct.pack(">H", checksum(even)) + even
    assert fold(ones_sum(memoryview(whole), 0, len(whole), 0)) == 0xFFFF


@given(st.integers(-(2**63), 2**63 - 1))
def test_a_word_sums_like_its_eight_bytes(word: int) -> None:
    octets = struct.pack(">q", word)
    assert word_sum(word) == ones_sum(memoryview(octets), 0, 8, 0)


@given(st.binary(min_size=4, max_size=4), st.integers(0, 2**20))
def test_the_prefix_of_a_mapped_ipv4_address_does_not_change_a_sum(
    address: bytes, total: int
) -> None:
    mapped = word_sum(0xFFFF << 32 | int.from_bytes(address))
    assert fold(total + mapped) % 0xFFFF == (total + sum(struct.unpack(">HH", address))) % 0xFFFF
