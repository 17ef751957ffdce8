"""Addresses: 16 bytes <-> text, and membership in networks, for whole columns at once.

An address is two int64 words in network byte order, the high word first. IPv4 is kept as
`::ffff:a.b.c.d` (RFC 4291, section 2.5.5.2) and written as `a.b.c.d`, as Zeek does both; IPv6 is
written as `inet_ntop` writes it (RFC 5952).
"""

from __future__ import annotations

import functools
import ipaddress
import socket
from collections.abc import Iterable, Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray

Words = NDArray[np.int64]

_MAPPED = 0xFFFF  # the upper half of the low word of an IPv4 address
_V4_FIRST = _MAPPED << 32  # ::ffff:0.0.0.0
_V4_LAST = _V4_FIRST | 0xFFFFFFFF
_OCTETS = ("a", "b", "c", "d")
_OCTET = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
DOTTED = rf"^{_OCTET}(\.{_OCTET}){{3}}$"  # an IPv4 address as inet_pton takes it


def to_text(hi: Words, lo: Words) -> pl.Series:
    """Return addresses as canonical text.

    Parameters
    ----------
    hi, lo
        The high and the low words; shape (n,), int64.

    Returns
    -------
    pl.Series
        n texts (String, none of them null), in the same order.
    """
    distinct = pl.DataFrame({"hi": hi, "lo": lo}).unique()
    is_v4 = (pl.col("hi") == 0) & (pl.col("lo") // 2**32 == _MAPPED)
    v4, v6 = distinct.filter(is_v4), distinct.filter(~is_v4)
    octets = [(v4["lo"] // 256**place % 256).alias(name) for place, name in enumerate("dcba")]
    dotted = pl.DataFrame(octets).select(pl.concat_str(_OCTETS, separator=".")).to_series()
    known = pl.concat(
        [
            v4.with_columns(dotted.alias("text")),
            v6.with_columns(pl.Series("text", list(_v6_texts(v6)), dtype=pl.String)),
        ]
    )
    words = pl.DataFrame({"hi": hi, "lo": lo})
    return words.join(known, on=["hi", "lo"], how="left", maintain_order="left")["text"]


def from_text(texts: pl.Series) -> tuple[Words, Words, NDArray[np.bool_]]:
    """Read addresses from text, IPv4 dotted or IPv6.

    Parameters
    ----------
    texts
        n texts (String); null and anything that is no address is not valid.

    Returns
    -------
    hi, lo, valid
        Words, shape (n,), int64, 0 where not valid; and which are valid, shape (n,), bool.
    """
    distinct = texts.drop_nulls().unique().alias("text")
    dotted = distinct.str.contains(DOTTED)
    others = [(text, *pair) for text in distinct.filter(~dotted) if (pair := _words(text))]
    known = pl.concat([
        _v4_words(distinct.filter(dotted)),
        pl.DataFrame(others, {"text": pl.String, "hi": pl.Int64, "lo": pl.Int64}, orient="row"),
    ])  # fmt: skip
    words = texts.alias("text").to_frame().join(known, on="text", how="left", maintain_order="left")
    valid = words["hi"].is_not_null().to_numpy()
    return words["hi"].fill_null(0).to_numpy(), words["lo"].fill_null(0).to_numpy(), valid


@functools.lru_cache(maxsize=65_536)
def canonical(text: str) -> str | None:
    """Return one address as canonical text, or None where the text is no address."""
    words = _words(text)
    if words is None:
        return None
    packed = b"".join(word.to_bytes(8, signed=True) for word in words)
    if words[0] == 0 and words[1] >> 32 == _MAPPED:
        return socket.inet_ntop(socket.AF_INET, packed[12:])
    return socket.inet_ntop(socket.AF_INET6, packed)


class Networks:
    """A set of networks, made from CIDR texts such as `10.0.0.0/8` or `fc00::/7`.

    An IPv6 network never holds IPv4 addresses, though these are kept within IPv6: `::/0` means
    all of IPv6. Raises ValueError where a text is no network.
    """

    def __init__(self, cidrs: Iterable[str]) -> None:
        ranges = _merged(sorted(part for cidr in cidrs for part in _ranges(cidr)))
        self._first = _keys([first for first, _ in ranges])
        self._last = _keys([last for _, last in ranges])

    def contains(self, hi: Words, lo: Words) -> NDArray[np.bool_]:
        """Return which of the addresses (shape (n,), int64) are in one of the networks."""
        if not len(self._first):
            return np.zeros(len(hi), dtype=np.bool_)
        key = np.stack([hi, lo], axis=1).astype(">i8").view("S16")[:, 0]
        place = np.searchsorted(self._first, key, side="right") - 1
        return np.asarray((place >= 0) & (key <= self._last[place]))


def _v4_words(texts: pl.Series) -> pl.DataFrame:
    """The words of addresses that are DOTTED; columns text, hi, lo."""
    octets = texts.str.split_exact(".", 3).struct.unnest().cast(pl.Int64)
    a, b, c, d = (octets[f"field_{place}"] for place in range(4))
    low = (a * 2**24 + b * 2**16 + c * 2**8 + d + _V4_FIRST).alias("lo")
    return pl.DataFrame(
        [texts, pl.repeat(0, len(texts), dtype=pl.Int64, eager=True).alias("hi"), low]
    )


def _v6_texts(words: pl.DataFrame) -> Iterator[str]:
    packed = words.select("hi", "lo").to_numpy().astype(">i8").tobytes()
    for at in range(0, len(packed), 16):
        yield socket.inet_ntop(socket.AF_INET6, packed[at : at + 16])


def _words(text: str) -> tuple[int, int] | None:
    """Return the two words of one address, or None where the text is no address."""
    try:
        packed = socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text)
    except (OSError, ValueError):  # ValueError: a zero byte or a lone surrogate in the text
        return None
    if len(packed) == 4:
        return 0, _V4_FIRST | int.from_bytes(packed)
    return int.from_bytes(packed[:8], signed=True), int.from_bytes(packed[8:], signed=True)


def _ranges(cidr: str) -> Iterator[tuple[int, int]]:
    """Yield the first and last address of a network, as integers of 128 bits."""
    network = ipaddress.ip_network(cidr, strict=False)
    first, last = int(network.network_address), int(network.broadcast_address)
    if network.version == 4:
        yield _V4_FIRST | first, _V4_FIRST | last
    elif first < _V4_FIRST and last > _V4_LAST:
        yield first, _V4_FIRST - 1
        yield _V4_LAST + 1, last
    else:
        yield first, last


def _merged(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Join sorted ranges that overlap or touch, so that each address lies in one at most."""
    merged: list[tuple[int, int]] = []
    for first, last in ranges:
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return merged


def _keys(values: Iterable[int]) -> NDArray[np.bytes_]:
    # Sixteen bytes in network order compare like the number; NumPy pads with zeros, which is right.
    return np.array([value.to_bytes(16) for value in values], dtype="S16")
