"""Numbers in network byte order, read out of a block of bytes.

Written with `*`: shifting a byte makes an unsigned 64-bit number in compiled code. Knowing that no
offset is negative, and with the bytes joined by `|`, compiled code makes one load of them.
"""

from __future__ import annotations

from parsers.kernel import Words, kernel


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
