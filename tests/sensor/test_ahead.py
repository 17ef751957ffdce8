from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from sensor.ahead import ahead


def test_all_items_come_in_their_order() -> None:
    assert list(ahead(range(1000), 3)) == list(range(1000))


def test_no_items_give_none() -> None:
    assert list(ahead([], 1)) == []


def test_an_error_is_raised_behind_the_items_before_it() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise ValueError("broken")

    taken = ahead(items(), 5)
    assert next(taken) == 1
    with pytest.raises(ValueError, match="broken"):
        next(taken)


def test_no_more_than_depth_items_wait() -> None:
    made: list[int] = []

    def items() -> Iterator[int]:
        for item in range(100):
            made.append(item)
            yield item

    taken = ahead(items(), 2)
    next(taken)
    time.sleep(0.3)
    assert len(made) <= 4  # one taken, two waiting, one in hand
    assert list(taken) == list(range(1, 100))


def test_who_stops_taking_stops_the_thread() -> None:
    taken = ahead(iter(range(10**9)), 2)
    next(taken)
    before = threading.active_count()
    taken.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before - 1
