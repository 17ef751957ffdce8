"""A hash over five words, for the tables that the pass looks things up in."""

from __future__ import annotations

from parsers.kernel import kernel

MASK63 = 0x7FFFFFFFFFFFFFFF
MIX = 0x2545F4914F6CDD1D  # an odd constant of good avalanche (xorshift*)


@kernel
def hash_of(a: int, b: int, c: int, d: int, e: int) -> int:
    """31 bits over the five words. Products are masked: plain Python integers would grow."""
    h = ((a ^ 0x9E3779B97F4A7C1) * MIX) & MASK63
    h = (((h ^ (h >> 29)) ^ b) * MIX) & MASK63
    h = (((h ^ (h >> 29)) ^ c) * MIX) & MASK63
    h = (((h ^ (h >> 29)) ^ d) * MIX) & MASK63
    h = (((h ^ (h >> 29)) ^ e) * MIX) & MASK63
    return (h ^ (h >> 31)) & 0x7FFFFFFF
