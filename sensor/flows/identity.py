"""Names for flows: Zeek's uid and the Community ID, for all rows of a batch at once.

uid: `C` and 17 digits to the base of 62, as Zeek writes them; ours are no random numbers but a
hash of what the flow is, so the same capture gives the same uids in every run.

Community ID: version 1, https://github.com/corelight/community-id-spec, with one deviation of
Zeek's that is kept for parity: between equal addresses it orders the ports by their bytes in
network order read as a little-endian number.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

Words = NDArray[np.int64]

DIGITS = np.frombuffer(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", np.uint8)
UID_DIGITS = (9, 8)  # digits taken from each of two 64-bit hashes


def uids(parts: list[Words]) -> pl.Series:
    """uid of each row, String, from int64 columns that tell the flows apart."""
    halves = [mix(parts, seed) for seed in (0x243F6A8885A308D3, 0x13198A2E03707344)]
    letters = np.empty((len(parts[0]), 1 + sum(UID_DIGITS)), np.uint8)
    letters[:, 0] = ord("C")
    column = 1
    for half, digits in zip(halves, UID_DIGITS, strict=True):
        for power in range(digits):
            digit = half // np.uint64(62**power) % np.uint64(62)
            letters[:, column] = DIGITS[digit.astype(np.int64)]
            column += 1
    return as_text(letters)


def mix(parts: list[Words], seed: int) -> NDArray[np.uint64]:
    """64-bit hash of each row over the columns (the finaliser of splitmix64 after each)."""
    state = np.full(len(parts[0]), seed, np.uint64)
    for part in parts:
        state = (state ^ part.astype(np.uint64)) + np.uint64(0x9E3779B97F4A7C15)
        state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        state ^= state >> np.uint64(31)
    return state


def as_text(letters: NDArray[np.uint8]) -> pl.Series:
    """Rows of ASCII letters, uint8 (rows, letters), as a String column."""
    rows, width = letters.shape
    if rows == 0:
        return pl.Series([], dtype=pl.String)
    return pl.Series(np.ascontiguousarray(letters).view(f"S{width}").ravel()).cast(pl.String)


def community_ids(
    source: tuple[Words, Words], target: tuple[Words, Words], ports: tuple[Words, Words],
    protocol: Words, one_way: NDArray[np.bool_],
) -> pl.Series:  # fmt: skip
    """Community ID of each row, String, from addresses (high, low), ports and IP protocol."""
    (sh, sl), (th, tl), (sp, tp) = source, target, ports
    swap = ~one_way & follows(sh, sl, sp, th, tl, tp)
    first = [np.where(swap, b, a) for a, b in ((sh, th), (sl, tl), (sp, tp))]
    second = [np.where(swap, a, b) for a, b in ((sh, th), (sl, tl), (sp, tp))]
    text = np.empty((len(sh), 20), np.uint8)
    ipv4 = (sh == 0) & (sl >> 32 == 0xFFFF) & (th == 0) & (tl >> 32 == 0xFFFF)
    with_ports = np.isin(protocol, (1, 6, 17, 58, 132))
    for short in (True, False):
        for ported in (True, False):
            rows = np.flatnonzero((ipv4 == short) & (with_ports == ported))
            if len(rows):
                message = community_message(first, second, protocol, rows, short, ported)
                text[rows] = sha1(message)
    digest = pl.Series(text.view("V20").ravel().tolist(), dtype=pl.Binary)
    return "1:" + digest.bin.encode("base64")


def follows(sh: Words, sl: Words, sp: Words, th: Words, tl: Words, tp: Words) -> NDArray[np.bool_]:
    """Whether the source orders behind the target: by address bytes, then by port."""
    unsigned = [word.astype(np.uint64) for word in (sh, sl, th, tl)]
    swapped = [(port & 0xFF) << 8 | port >> 8 for port in (sp, tp)]
    high, low = unsigned[0] != unsigned[2], unsigned[1] != unsigned[3]
    by_port = swapped[0] > swapped[1]
    return np.where(
        high, unsigned[0] > unsigned[2], np.where(low, unsigned[1] > unsigned[3], by_port)
    )


def community_message(
    first: list[Words],
    second: list[Words],
    protocol: Words,
    rows: NDArray[np.int64],
    ipv4: bool,
    ported: bool,
) -> NDArray[np.uint8]:
    """What is hashed: seed, both addresses, protocol, padding, both ports. uint8 (rows, bytes)."""
    fields = [np.zeros((len(rows), 2), np.uint8)]
    for high, low, _ in (first, second):
        if not ipv4:
            fields.append(octets(high[rows], 8))
        fields.append(octets(low[rows], 4 if ipv4 else 8))
    fields.append(octets(protocol[rows] << 8, 2))
    if ported:
        fields += [octets(first[2][rows], 2), octets(second[2][rows], 2)]
    return np.concatenate(fields, axis=1)


def octets(words: Words, count: int) -> NDArray[np.uint8]:
    """The last `count` bytes of each word in network order: uint8 (rows, count)."""
    return words.astype(">i8").view(np.uint8).reshape(-1, 8)[:, 8 - count :]


def sha1(messages: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """SHA-1 (RFC 3174) of many messages of one length below 56 bytes: uint8 (rows, 20)."""
    rows, length = messages.shape
    block = np.zeros((rows, 64), np.uint8)
    block[:, :length] = messages
    block[:, length] = 0x80
    block[:, 62], block[:, 63] = length * 8 >> 8, length * 8 & 0xFF
    w = list(block.view(">u4").astype(np.uint32).T)
    start = [0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0]
    a, b, c, d, e = (np.full(rows, word, np.uint32) for word in start)
    for t in range(80):
        if t >= 16:
            w.append(rotate(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1))
        if t < 20:
            f, k = (b & c) | (~b & d), 0x5A827999
        elif t < 40 or t >= 60:
            f, k = b ^ c ^ d, 0x6ED9EBA1 if t < 40 else 0xCA62C1D6
        else:
            f, k = (b & c) | (b & d) | (c & d), 0x8F1BBCDC
        a, b, c, d, e = rotate(a, 5) + f + e + np.uint32(k) + w[t], a, rotate(b, 30), c, d
    sums = [word + np.uint32(initial) for word, initial in zip((a, b, c, d, e), start, strict=True)]
    return np.stack(sums, axis=1).astype(">u4").view(np.uint8).reshape(rows, 20)


def rotate(words: NDArray[np.uint32], bits: int) -> NDArray[np.uint32]:
    """Rotate 32-bit words to the left."""
    return (words << np.uint32(bits)) | (words >> np.uint32(32 - bits))
