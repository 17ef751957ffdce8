"""Sets of intervals, against plain sets of integers."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.packets.intervals import (
    BEGIN,
    BEHIND,
    END,
    FREE,
    USED,
    add,
    clear,
    drop_first,
    give_back,
    size,
    take,
)

Run = Callable[..., Any]
NODES = 64
FAR = 2**62  # stream positions are 64 bits wide


def new_pool(nodes: int = NODES) -> Any:
    return np.zeros((nodes, 3), np.int64)


def listed(pool: Any, first: int) -> list[tuple[int, int]]:
    """The intervals of a set, in its order."""
    found = []
    while first:
        found.append((int(pool[first, BEGIN]), int(pool[first, END])))
        first = int(pool[first, BEHIND])
    return found


def free_nodes(pool: Any) -> list[int]:
    found, node = [], int(pool[0, FREE])
    while node:
        assert node not in found
        found.append(node)
        node = int(pool[node, BEHIND])
    return found


def runs(numbers: set[int]) -> list[tuple[int, int]]:
    """A set of integers as sorted intervals that neither overlap nor touch."""
    begins = sorted(number for number in numbers if number - 1 not in numbers)
    ends = sorted(number + 1 for number in numbers if number + 1 not in numbers)
    return list(zip(begins, ends, strict=True))


def filled(run: Run, pool: Any, *parts: tuple[int, int]) -> int:
    first = 0
    for begin, end in parts:
        first = run(add, pool, first, begin, end)
    return int(first)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([], []),
        ([(3, 5)], [(3, 5)]),
        ([(3, 5), (3, 5)], [(3, 5)]),
        ([(3, 5), (5, 7)], [(3, 7)]),
        ([(5, 7), (3, 5)], [(3, 7)]),
        ([(3, 5), (6, 7)], [(3, 5), (6, 7)]),
        ([(6, 7), (3, 5)], [(3, 5), (6, 7)]),
        ([(3, 5), (4, 9)], [(3, 9)]),
        ([(4, 9), (3, 5)], [(3, 9)]),
        ([(3, 9), (4, 5)], [(3, 9)]),
        ([(4, 5), (3, 9)], [(3, 9)]),
        ([(1, 2), (8, 9), (4, 5)], [(1, 2), (4, 5), (8, 9)]),
        ([(1, 2), (8, 9), (2, 8)], [(1, 9)]),
        ([(1, 2), (8, 9), (3, 7)], [(1, 2), (3, 7), (8, 9)]),
        ([(1, 2), (4, 5), (8, 9), (4, 8)], [(1, 2), (4, 9)]),
        ([(1, 2), (4, 5), (7, 8), (10, 11), (3, 9)], [(1, 2), (3, 9), (10, 11)]),
        ([(1, 2), (4, 5), (7, 8), (0, 99)], [(0, 99)]),
        ([(FAR, FAR + 1), (FAR + 1, FAR + 2)], [(FAR, FAR + 2)]),
    ],
)
def test_intervals_that_overlap_or_touch_become_one(
    run: Run, parts: list[tuple[int, int]], expected: list[tuple[int, int]]
) -> None:
    pool = new_pool()
    first = filled(run, pool, *parts)
    assert listed(pool, first) == expected
    assert run(size, pool, first) == sum(end - begin for begin, end in expected)


def test_nothing_is_said_to_be_in_the_empty_set(run: Run) -> None:
    pool = new_pool()
    assert run(size, pool, 0) == 0
    run(clear, pool, 0)
    assert not pool.any()


def test_adding_takes_one_new_node_and_never_more(run: Run) -> None:
    pool = new_pool()
    first = filled(run, pool, (1, 2), (4, 5), (7, 8))
    assert pool[0, USED] == 3
    first = run(add, pool, first, 4, 5)
    assert pool[0, USED] == 3
    first = run(add, pool, first, 0, 9)
    assert (pool[0, USED], listed(pool, first)) == (3, [(0, 9)])
    assert len(free_nodes(pool)) == 2


def test_nodes_given_back_are_taken_again_before_new_ones(run: Run) -> None:
    pool = new_pool()
    assert [run(take, pool) for _ in range(3)] == [1, 2, 3]
    for node in (2, 1):
        run(give_back, pool, node)
    assert [run(take, pool) for _ in range(3)] == [1, 2, 4]
    assert pool[0, USED] == 4


def test_a_pool_is_used_up_to_its_last_node(run: Run) -> None:
    pool = new_pool(4)
    first = filled(run, pool, (1, 2), (4, 5), (7, 8))
    assert listed(pool, first) == [(1, 2), (4, 5), (7, 8)]


def test_dropping_removes_the_lowest_interval(run: Run) -> None:
    pool = new_pool()
    first = filled(run, pool, (7, 8), (1, 2), (4, 5))
    first = run(drop_first, pool, first)
    assert listed(pool, first) == [(4, 5), (7, 8)]
    assert len(free_nodes(pool)) == 1
    first = run(drop_first, pool, first)
    assert run(drop_first, pool, first) == 0
    assert sorted(free_nodes(pool)) == [1, 2, 3]


def test_clearing_gives_all_nodes_of_the_set_back_and_no_others(run: Run) -> None:
    pool = new_pool()
    one, other = filled(run, pool, (1, 2), (4, 5)), filled(run, pool, (1, 2), (7, 9))
    run(clear, pool, one)
    assert listed(pool, other) == [(1, 2), (7, 9)]
    assert len(free_nodes(pool)) == 2
    run(clear, pool, other)
    assert sorted(free_nodes(pool)) == [1, 2, 3, 4]


SETS = 3
PARTS = st.tuples(st.integers(0, 40), st.integers(1, 12))
STEPS = st.tuples(st.sampled_from(["add"] * 6 + ["drop", "clear"]), st.integers(0, SETS - 1), PARTS)


@given(st.lists(STEPS, max_size=40))
def test_sets_in_one_pool_hold_what_sets_of_integers_hold(
    run: Run, steps: list[tuple[str, int, tuple[int, int]]]
) -> None:
    pool = new_pool()
    firsts = [0] * SETS
    models: list[set[int]] = [set() for _ in range(SETS)]
    for step, which, (begin, length) in steps:
        if step == "add":
            firsts[which] = run(add, pool, firsts[which], begin, begin + length)
            models[which] |= set(range(begin, begin + length))
        elif step == "drop" and firsts[which]:
            firsts[which] = run(drop_first, pool, firsts[which])
            models[which] -= set(range(*runs(models[which])[0]))
        elif step == "clear":
            run(clear, pool, firsts[which])
            firsts[which] = 0
            models[which] = set()
        found = [listed(pool, first) for first in firsts]
        assert found == [runs(model) for model in models]
        assert [run(size, pool, first) for first in firsts] == [len(model) for model in models]
        # Every node ever used is in a set or free, and in one place only.
        assert len(free_nodes(pool)) + sum(map(len, found)) == pool[0, USED]


@given(st.lists(PARTS, max_size=12), st.randoms(use_true_random=False))
def test_the_order_of_adding_makes_no_difference(
    run: Run, parts: list[tuple[int, int]], random: Any
) -> None:
    intervals = [(begin, begin + length) for begin, length in parts]
    mixed = random.sample(intervals, len(intervals))
    results = []
    for order in (intervals, mixed):
        pool = new_pool()
        results.append(listed(pool, filled(run, pool, *order)))
    assert results[0] == results[1]
    assert all(one[1] < other[0] for one, other in pairwise(results[0]))
