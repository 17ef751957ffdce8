"""Decompression: nothing that can be decoded is lost, and no piece is large."""

from __future__ import annotations

import gzip
import random
import zlib
from collections.abc import Callable, Iterator

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from parsers.capture.compressed import gunzip, unzstd

Decode = Callable[[Callable[[int], bytes]], Iterator[bytes]]

TEXT = bytes(random.Random(1).choices(b"abcdefgh", k=500_000))
SKIPPED = b"\x5a\x2a\x4d\x18" + (9).to_bytes(4, "little") + b"\x28\xb5\x2f\xfdnot I"


def zstd(data: bytes, *, checksum: bool = True, size: bool = True) -> bytes:
    compressor = zstandard.ZstdCompressor(write_checksum=checksum, write_content_size=size)
    return compressor.compress(data)


GZIP, ZSTD = gzip.compress(TEXT, 6), zstd(TEXT)
BOTH = pytest.mark.parametrize(
    ("decode", "compress"), [(gunzip, gzip.compress), (unzstd, zstd)], ids=["gzip", "zstd"]
)


def source(data: bytes, most: int = 1 << 20) -> Callable[[int], bytes]:
    at = 0

    def read(size: int) -> bytes:
        nonlocal at
        start, at = at, at + min(size, most)
        return data[start:at]

    return read


def run(decode: Decode, data: bytes, most: int = 1 << 20) -> tuple[bytes, type | None]:
    """All that is decoded, and the type of the error that ended it."""
    decoded = bytearray()
    try:
        for piece in decode(source(data, most)):
            assert len(piece) <= 1 << 17
            decoded += piece
    except (EOFError, ValueError) as error:
        return bytes(decoded), type(error)
    return bytes(decoded), None


@BOTH
@pytest.mark.parametrize("most", [1, 1000, 1 << 20])
def test_members_after_members_are_one_content(
    decode: Decode, compress: Callable[[bytes], bytes], most: int
) -> None:
    data = compress(b"one ") + compress(b"") + compress(TEXT[:9999])
    assert run(decode, data, most) == (b"one " + TEXT[:9999], None)


@pytest.mark.parametrize("checksum", [False, True])
@pytest.mark.parametrize("size", [False, True])
@pytest.mark.parametrize("length", [0, 1, 300, 70_000, 500_000])
def test_every_kind_of_zstd_header_is_read(checksum: bool, size: bool, length: int) -> None:
    data = zstd(TEXT[:length], checksum=checksum, size=size)
    assert run(unzstd, data) == (TEXT[:length], None)


def test_skippable_zstd_frames_are_skipped() -> None:
    data = SKIPPED + zstd(b"one") + SKIPPED + zstd(b"two")
    assert run(unzstd, data) == (b"onetwo", None)
    assert run(unzstd, data + SKIPPED[:12]) == (b"onetwo", EOFError)


def test_zeros_after_gzip_are_padding_and_other_bytes_are_damage() -> None:
    data = gzip.compress(b"one") + bytes(70_000) + gzip.compress(b"two") + bytes(10)
    assert run(gunzip, data) == (b"onetwo", None)
    assert run(gunzip, data + b"rest") == (b"onetwo", ValueError)
    assert run(unzstd, zstd(b"one") + b"rest") == (b"one", ValueError)


@given(cut=st.integers(1, len(GZIP) - 1))
def test_cut_gzip_yields_all_that_zlib_can_decode(cut: int) -> None:
    expected = zlib.decompressobj(31).decompress(GZIP[:cut])
    assert run(gunzip, GZIP[:cut]) == (expected, EOFError)


def test_cut_gzip_yields_even_what_zlib_holds_back_for_lack_of_room() -> None:
    data = gzip.compress(bytes(200_000))
    for cut in range(1, len(data)):
        expected = zlib.decompressobj(31).decompress(data[:cut])
        assert run(gunzip, data[:cut]) == (expected, EOFError)


@given(cut=st.integers(1, len(ZSTD) - 1))
def test_cut_zstd_yields_all_its_whole_blocks(cut: int) -> None:
    decoded, error = run(unzstd, ZSTD[:cut])
    assert error is EOFError
    assert decoded == TEXT[: len(decoded)]
    # A block of 128 KiB takes less than 60,000 bytes here.
    assert len(decoded) >= min(cut // 60_000 * 131_072, 393_216)


@given(at=st.integers(0, len(GZIP) - 1))
def test_damaged_gzip_yields_all_that_was_before(at: int) -> None:
    damaged = GZIP[:at] + bytes((GZIP[at] ^ 0xFF,)) + GZIP[at + 1 :]
    sound = zlib.decompressobj(31).decompress(GZIP[:at])
    decoded, error = run(gunzip, damaged)
    assert decoded.startswith(sound)
    assert error or decoded == TEXT


@given(at=st.integers(4, len(ZSTD) - 1), mask=st.integers(1, 255))
def test_damaged_zstd_yields_the_blocks_before(at: int, mask: int) -> None:
    damaged = ZSTD[:at] + bytes((ZSTD[at] ^ mask,)) + ZSTD[at + 1 :]
    decoded, error = run(unzstd, damaged)
    assert decoded.startswith(TEXT[: at // 60_000 * 131_072])
    assert error or decoded == TEXT


@given(data=st.binary(max_size=200))
def test_random_bytes_raise_nothing_else(data: bytes) -> None:
    run(gunzip, b"\x1f\x8b\x08" + data)
    run(unzstd, b"\x28\xb5\x2f\xfd" + data)


@BOTH
def test_a_bomb_comes_in_small_pieces(decode: Decode, compress: Callable[[bytes], bytes]) -> None:
    assert run(decode, compress(bytes(30_000_000))) == (bytes(30_000_000), None)
