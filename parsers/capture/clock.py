"""pcapng times (unsigned 64 bit, in a unit that each interface chooses) to int64 nanoseconds.

A unit is 10^-n or 2^-n seconds (`if_tsresol`, draft-ietf-opsawg-pcapng section 4.2). Kernels know
no uint64, so a time comes as its high and low 32-bit words, and each kind of unit has a way that
never leaves int64. What is too late for int64 (the year 2262) becomes `LATEST`.
"""

from __future__ import annotations

from parsers.capture.frames import SECOND
from parsers.kernel import kernel

LATEST = 0x7FFFFFFFFFFFFFFF
WORD = 0x100000000

MULTIPLY, DIVIDE, BINARY = 0, 1, 2  # kinds of unit


def clock(tsresol: int, tsoffset: int) -> tuple[int, int, int, int]:
    """Turn two options into what `nanoseconds` takes: kind, two numbers, offset.

    tsresol: n for 10^-n seconds, n with the highest bit set for 2^-n seconds.
    tsoffset: seconds that are added to every time.
    """
    exponent, offset = tsresol & 0x7F, max(-LATEST, min(tsoffset * SECOND, LATEST))
    if tsresol & 0x80:
        return BINARY, exponent, 0, offset
    if exponent <= 9:
        unit = int(10 ** (9 - exponent))
        return MULTIPLY, unit, LATEST // unit, offset
    # In two steps, as the product may be beyond int64: floor(floor(x / a) / b) = floor(x / ab).
    divisor = int(10 ** (exponent - 9))
    first = min(divisor, SECOND)
    return DIVIDE, first, min(divisor // first, LATEST), offset


@kernel
def nanoseconds(high: int, low: int, kind: int, first: int, second: int, offset: int) -> int:
    """Convert one time, given as two 32-bit words, with the numbers that `clock` made."""
    if kind == MULTIPLY:
        # `second` is the largest value whose product fits.
        if high > 0x7FFFFFFF or high * WORD + low > second:
            ns = LATEST
        else:
            ns = (high * WORD + low) * first
    elif kind == DIVIDE:
        rest = high % first * WORD + low
        ns = (high // first * WORD + rest // first) // second
    else:
        ns = binary(high, low, first)
    if offset > 0 and ns > LATEST - offset:
        return LATEST
    return ns + offset


@kernel
def binary(high: int, low: int, exponent: int) -> int:
    """Nanoseconds of a time in units of 2^-exponent seconds, rounded down, with no bit lost.

    The time is multiplied by 10^9 first, as a number of 96 bits: `upper` and a word below it.
    """
    lower = low * SECOND
    upper = high * SECOND + (lower >> 32)
    if exponent >= 32:
        return upper >> min(exponent - 32, 63)
    if upper > LATEST >> (32 - exponent):
        return LATEST
    return (upper << (32 - exponent)) + ((lower & (WORD - 1)) >> exponent)
