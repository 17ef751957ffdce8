"""Run an iterator in a thread of its own, some items ahead of who takes them.

Reading, the pass over the packets and the making of tables release Python's lock for nearly all of
their time, so each may have a core; what comes out is the same, in the same order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import TypeVar

T = TypeVar("T")

PATIENCE = 0.1  # seconds after which a side that waits looks whether the other is still there


def ahead(items: Iterable[T], depth: int) -> Iterator[T]:
    """Yield the items, up to `depth` of which wait; an error of theirs is raised in its place.

    The thread ends when the items do, or when nobody takes them any more.
    """
    queue: Queue[tuple[T | None, BaseException | None, bool]] = Queue(depth)
    stop = Event()
    thread = Thread(target=_produce, args=(items, queue, stop), daemon=True)
    thread.start()
    try:
        while True:
            item, error, more = _next(queue, thread)
            if error is not None:
                raise error
            if not more:
                return
            yield item  # type: ignore[misc]
    finally:
        stop.set()
        thread.join()


def _next(
    queue: Queue[tuple[T | None, BaseException | None, bool]], thread: Thread
) -> tuple[T | None, BaseException | None, bool]:
    while True:
        try:
            return queue.get(timeout=PATIENCE)
        except Empty:
            if not thread.is_alive() and queue.empty():
                return None, None, False


def _produce(
    items: Iterable[T], queue: Queue[tuple[T | None, BaseException | None, bool]], stop: Event
) -> None:
    try:
        for item in items:
            if not _put(queue, (item, None, True), stop):
                return
        _put(queue, (None, None, False), stop)
    except BaseException as error:  # noqa: BLE001 (it is raised again where the items are taken)
        _put(queue, (None, error, False), stop)


def _put(
    queue: Queue[tuple[T | None, BaseException | None, bool]],
    entry: tuple[T | None, BaseException | None, bool],
    stop: Event,
) -> bool:
    """Hand an entry over; False if nobody takes any more."""
    while not stop.is_set():
        try:
            queue.put(entry, timeout=PATIENCE)
        except Full:
            continue
        return True
    return False
