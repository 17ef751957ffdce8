"""Numbers in network byte order, read out of a block of bytes.

Written with `*`: shifting a byte makes an unsigned 64-bit number in compiled code. Knowing that no
offset is negative, and with the bytes joined by `|`, compiled code makes one load of them.
"""

from __future__ import annotations

from parsers.kernel import Words, in_place_of, kernel


@kernel
def u16(b: Words, at: int) -> int:
    """Read two bytes."""
    if at < 0:
        return 0
    return (b[at] * 256) | b[at + 1]


@kernel
def u32(b: Words, at: int) -> int:
    """Read four bytes."""
    if at < 0:
        return 0
    return (b[at] * 16777216) | (b[at + 1] * 65536) | (b[at + 2] * 256) | b[at + 3]


@kernel
def signed64(b: Words, at: int) -> int:
    """Eight bytes as a signed number: the same value plain and compiled, and no 2**64 anywhere."""
    high = u32(b, at)
    high -= (high & 0x80000000) << 1
    return (high << 32) | u32(b, at + 4)


def copy_each(target: Words, at: int, source: Words, begin: int, count: int) -> None:
    """Copy bytes one by one."""
    for k in range(count):
        target[at + k] = source[begin + k]


@in_place_of(copy_each)
def copy(target: Words, at: int, source: Words, begin: int, count: int) -> None:
    """Copy `count` bytes of `source` from `begin` on to `target[at:]`."""
    target[at : at + count] = source[begin : begin + count]  # type: ignore[index]
