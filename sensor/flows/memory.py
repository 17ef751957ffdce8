"""The memory of the core: plain arrays that the compiled pass works in and never allocates.

`Memory` owns them, grows what runs full and lends them to the pass, as NumPy arrays when it
runs compiled and as memoryviews of the same bytes when it runs plain; so a run may begin plain
and go on compiled in the middle of a file.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from parsers.packets import fragments
from parsers.packets.fields import FIELDS
from parsers.packets.intervals import USED
from parsers.weirds import WEIRDS
from sensor.flows.attempts import ATTEMPT_WORDS
from sensor.flows.key import rebuild
from sensor.flows.row import (
    ATTEMPTS,
    CLOSED_ROWS,
    FREE_ROW,
    NEXT,
    NUMBERS,
    OPEN,
    PACKED,
    SERIAL,
    TIMERS,
    USED_ATTEMPTS,
    USED_ROWS,
    WORDS,
)  # fmt: skip

CLOSED_AT_MOST = 4096  # flows handed out at once: a batch of the conn table
COLUMNS_AT_MOST = 65_536  # payload packets before their sizes are added up: 1 MB, fits the cache
HEAD = 128  # bytes kept of each side's first payload
ROOM = 16  # more than one frame can take of any array


class Frame(NamedTuple):
    """The frames of a block, as `parsers.capture.frames.Frames` has them."""

    block: Any  # uint8 (bytes,)
    at: Any  # int64 (frames,) and so all that follow
    captured: Any
    wire: Any
    time: Any
    link: Any


class Arrays(NamedTuple):
    """Everything that the pass reads and writes. Rows and blocks count from 1; 0 is none."""

    flows: Any  # int64 (rows, WORDS), see row.py
    attempts: Any  # int64 (attempts, ATTEMPT_WORDS), see attempts.py
    table: Any  # int64 (slots,), a power of two, see key.py
    heap: Any  # int64 (entries, 3), see timers.py
    blocks: Any  # int64 (blocks, 3), see parsers/packets/intervals.py
    closed: Any  # int64 (CLOSED_AT_MOST,): rows of flows that ended
    numbers: Any  # int64 (NUMBERS,), see row.py
    weirds: Any  # int64 (weirds,)
    packet: Any  # int64 (FIELDS,), see parsers/packets/fields.py
    changes: Any  # int64 (CLOSED_AT_MOST, 3): flow, its new tunnel (serials), the tunnel's row
    datagrams: Any  # int64 (SLOTS, WORDS), see parsers/packets/fragments.py
    store: Any  # uint8 (SLOTS * LARGEST,): the datagrams in the making
    heads: Any  # uint8 (rows, 2 * HEAD): first payload bytes of both sides, if wanted
    rows: Any  # the payload packets: int32 (COLUMNS_AT_MOST,), row of the flow,
    sides: Any  # uint8, side of the sender,
    times: Any  # int64, nanoseconds,
    lengths: Any  # int32, payload bytes


def allocate(payloads: bool) -> Arrays:
    """Arrays for a small capture; they double when they run full."""
    columns = COLUMNS_AT_MOST if payloads else 1
    return Arrays(
        flows=aligned(256, WORDS),
        attempts=aligned(256, ATTEMPT_WORDS),
        table=np.zeros(512, np.int64),
        heap=np.zeros((512, 3), np.int64),
        blocks=np.zeros((64, 3), np.int64),
        closed=np.zeros(CLOSED_AT_MOST, np.int64),
        numbers=np.zeros(NUMBERS, np.int64),
        weirds=np.zeros(len(WEIRDS), np.int64),
        packet=np.zeros(FIELDS, np.int64),
        changes=np.zeros((CLOSED_AT_MOST, 3), np.int64),
        datagrams=np.zeros((fragments.SLOTS, fragments.WORDS), np.int64),
        store=np.zeros(fragments.SLOTS * fragments.LARGEST, np.uint8),
        heads=np.zeros((256 if payloads else 1, 2 * HEAD), np.uint8),
        rows=np.zeros(columns, np.int32),
        sides=np.zeros(columns, np.uint8),
        times=np.zeros(columns, np.int64),
        lengths=np.zeros(columns, np.int32),
    )


def aligned(rows: int, words: int) -> NDArray[np.int64]:
    """Zeroed int64 (rows, words) that begins on a cache line, so that a row is whole lines."""
    raw = np.zeros(rows * words + 8, np.int64)
    skip = -(raw.ctypes.data // 8) % 8
    return raw[skip : skip + rows * words].reshape(rows, words)


def grow(arrays: Arrays, rebuild_table: Any = rebuild) -> Arrays:
    """Double every array that lacks room for one more frame."""
    numbers = arrays.numbers
    flows, heads = arrays.flows, arrays.heads
    if numbers[OPEN] + numbers[CLOSED_ROWS] + ROOM >= len(flows):
        flows = aligned(2 * len(flows), WORDS)
        flows[: len(arrays.flows)] = arrays.flows
        if len(heads) > 1:
            heads = doubled(heads)
    full = numbers[ATTEMPTS] + ROOM >= len(arrays.attempts)
    attempts = doubled(arrays.attempts) if full else arrays.attempts
    table = arrays.table
    if 2 * (numbers[OPEN] + numbers[ATTEMPTS] + ROOM) > len(table):
        table = np.zeros(2 * len(table), np.int64)
        rebuild_table(table, arrays.table)
    heap = doubled(arrays.heap) if numbers[TIMERS] + ROOM >= len(arrays.heap) else arrays.heap
    full = arrays.blocks[0, USED] + ROOM >= len(arrays.blocks)
    blocks = doubled(arrays.blocks) if full else arrays.blocks
    return arrays._replace(
        flows=flows, attempts=attempts, heads=heads, table=table, heap=heap, blocks=blocks
    )


def doubled(array: NDArray[Any]) -> NDArray[Any]:
    """Return a copy of twice the length, the new half zero."""
    larger = np.zeros((2 * len(array), *array.shape[1:]), array.dtype)
    larger[: len(array)] = array
    return larger


def release(arrays: Arrays, rows: NDArray[np.int64]) -> None:
    """Put the rows of flows that were handed out onto the list of free rows."""
    if not len(rows):
        return
    flows, numbers = arrays.flows, arrays.numbers
    flows[rows, SERIAL] = 0
    flows[rows[:-1], NEXT] = rows[1:]
    flows[rows[-1], NEXT] = numbers[FREE_ROW]
    numbers[FREE_ROW] = rows[0]


def open_places(arrays: Arrays) -> NDArray[np.int64]:
    """The places of all open flows, in the order in which they began; int64 (flows,)."""
    numbers = arrays.numbers
    flows = arrays.flows[: numbers[USED_ROWS] + 1]
    attempts = arrays.attempts[: numbers[USED_ATTEMPTS] + 1]
    # A flow that ended and was not handed out yet waits under the deadline 0.
    rows = np.flatnonzero((flows[:, SERIAL] != 0) & (flows[:, NEXT] != 0))
    packed = np.flatnonzero(attempts[:, SERIAL])
    serials = np.concatenate([flows[rows, SERIAL], attempts[packed, SERIAL]])
    places = np.concatenate([rows, packed + PACKED])
    return places[np.argsort(serials)]


def lend(arrays: Any, fast: bool) -> Any:
    """The arrays as a kernel takes them: as they are if it is compiled, else memoryviews."""
    return arrays if fast else type(arrays)(*(array.data for array in arrays))
