"""The hash: 31 bits, the same in every form, and no crowding where keys resemble each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.kernel import checked, compiled
from parsers.packets.fragments import SETS
from parsers.packets.hashing import MASK63, MIX, hash_of

MAPPED = 0xFFFF << 32  # IPv4 addresses are ::ffff:a.b.c.d in the tables
HERE, THERE = MAPPED + 0x0A000001, MAPPED + 0xC0000201
REST = 17 << 33 | 40000 << 16 | 53
WORDS = st.integers(-(2**63), 2**63 - 1)
EDGES = (0, 1, -1, 2**31 - 1, 2**31, 2**32, 2**62, 2**63 - 1, -(2**63), MASK63, MIX)
COUNT = 2**16


def definition(words: tuple[int, ...]) -> int:
    """What the hash is meant to be, over the unsigned words."""
    h = 0x9E3779B97F4A7C1
    for place, word in enumerate(words):
        if place:
            h ^= h >> 29
        h = (h ^ (word % 2**64)) * MIX % 2**63
    return (h ^ (h >> 31)) % 2**31


@pytest.fixture(scope="module")
def forms() -> list[Callable[..., Any]]:
    return [hash_of, compiled(hash_of), checked(hash_of)]


@given(st.tuples(WORDS, WORDS, WORDS, WORDS, WORDS))
def test_all_forms_give_the_31_bits_of_the_definition(
    forms: list[Callable[..., Any]], words: tuple[int, ...]
) -> None:
    expected = definition(words)
    assert [form(*words) for form in forms] == [expected] * 3
    assert 0 <= expected < 2**31


@pytest.mark.parametrize("word", EDGES)
@pytest.mark.parametrize("place", range(5))
def test_words_at_their_limits_are_hashed_alike_in_all_forms(
    forms: list[Callable[..., Any]], word: int, place: int
) -> None:
    for others in (0, -1):
        words = [others] * 5
        words[place] = word
        assert {form(*words) for form in forms} == {definition(tuple(words))}


@given(st.tuples(WORDS, WORDS, WORDS, WORDS, WORDS), st.integers(0, 4), st.integers(0, 61))
def test_a_changed_bit_of_any_word_changes_the_hash(
    words: tuple[int, ...], place: int, bit: int
) -> None:
    changed = list(words)
    changed[place] ^= 1 << bit
    assert hash_of(*changed) != hash_of(*words)


def test_multiplying_loses_no_bit() -> None:
    assert MIX % 2 == 1


def test_exchanged_words_are_other_words() -> None:
    words = (1, 2, 3, 4, 5)
    moved = {hash_of(*words[k:], *words[:k]) for k in range(5)}
    swapped = {hash_of(3, 4, 1, 2, 5), hash_of(2, 1, 3, 4, 5), hash_of(1, 2, 4, 3, 5)}
    assert len(moved | swapped) == 8


def six(host: int) -> int:
    """An IPv6 address's low word as a signed number, made from a hardware address."""
    return 0x0200_00FF_FE00_0000 + ((host >> 8) << 40) + (host & 0xFF)


# Keys as they occur: hosts that follow each other, ports that follow each other.
SIMILAR: dict[str, Callable[[int], tuple[int, int, int, int, int]]] = {
    "sources in a row": lambda n: (0, HERE + n, 0, THERE, REST),
    "targets in a row": lambda n: (0, HERE, 0, THERE + n, REST),
    "sources 256 apart": lambda n: (0, HERE + n * 256, 0, THERE, REST),
    "sources 65536 apart": lambda n: (0, MAPPED + n * 65536, 0, THERE, REST),
    "pairs of 256 with 256": lambda n: (0, HERE + (n & 255), 0, THERE + (n >> 8), REST),
    "the same host at both ends": lambda n: (0, HERE + n, 0, HERE + n, REST),
    "ports of side 0": lambda n: (0, HERE, 0, THERE, 6 << 33 | n << 16 | 443),
    "ports of side 1": lambda n: (0, HERE, 0, THERE, 6 << 33 | 443 << 16 | n),
    "IPv6 networks": lambda n: (0x20010DB8_00000000 + n * 65536, 1, 0x20010DB8 << 32, 2, REST),
    "IPv6 interfaces": lambda n: (-(2**57) * 3, six(n), 0x20010DB8 << 32, 1, REST),
    "datagrams by their ids": lambda n: (0, HERE, 0, THERE, n),
}


@pytest.mark.parametrize("name", SIMILAR)
def test_similar_keys_crowd_no_slot_of_a_table(forms: list[Callable[..., Any]], name: str) -> None:
    """Balls thrown at random into as many slots: seven or eight in the fullest, 37 % empty."""
    tags = [forms[1](*SIMILAR[name](n)) for n in range(COUNT)]
    slots = Counter(tag & (COUNT - 1) for tag in tags)
    assert max(slots.values()) <= 12
    assert len(slots) > 0.5 * COUNT
    # The bits above tell apart what shares a slot.
    assert len(set(tags)) > COUNT - 10
    assert len({tag >> 16 for tag in tags}) > 0.8 * 2**15


@pytest.mark.parametrize("name", SIMILAR)
def test_similar_datagrams_spread_over_the_sets_of_fragments(
    forms: list[Callable[..., Any]], name: str
) -> None:
    sets = Counter(forms[1](*SIMILAR[name](n)) & (SETS - 1) for n in range(SETS * 64))
    assert len(sets) == SETS
    assert max(sets.values()) < 2 * 64
