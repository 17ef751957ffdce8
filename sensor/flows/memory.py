"""The memory of the core: plain arrays that the compiled pass works in and never allocates.

`Memory` owns them, grows what runs full and lends them to the pass, as NumPy arrays when it
runs compiled and as memoryviews of the same bytes when it runs plain; so a run may begin plain
and go on compiled in the middle of a file.
"""

from __future__ import annotations

import math
import mmap
from contextlib import suppress
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from parsers.packets import fragments
from parsers.packets.fields import FIELDS
from parsers.packets.intervals import USED
from parsers.weirds import WEIRDS
from sensor.flows.attempts import ATTEMPT_WORDS
from sensor.flows.key import rebuild
from sensor.flows.pieces import WISHES
from sensor.flows.pieces import WORDS as PIECE_WORDS
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
PIECES_AT_MOST = 8192  # pieces of streams before somebody looks at them
OCTETS_AT_MOST = 4 << 20  # and bytes of them
LARGEST = 65_536  # bytes of a packet, at most
HEAD = 128  # bytes kept of each side's first payload
PRIVATE = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
SLICE = 65_536  # rows looked at together when all flows end
PIECE = 1 << 20  # bytes moved at once, whole pages
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
    heap: Any  # int64 (entries, 2), see timers.py
    blocks: Any  # int64 (blocks, 3), see parsers/packets/intervals.py
    closed: Any  # int64 (CLOSED_AT_MOST,): rows of flows that ended
    numbers: Any  # int64 (NUMBERS,), see row.py
    weirds: Any  # int64 (weirds,)
    packet: Any  # int64 (FIELDS,), see parsers/packets/fields.py
    changes: Any  # int64 (CLOSED_AT_MOST, 4): flow, its tunnel (serials), that one's row, time
    datagrams: Any  # int64 (SLOTS, WORDS), see parsers/packets/fragments.py
    store: Any  # uint8 (SLOTS * LARGEST,): the datagrams in the making
    heads: Any  # uint8 (rows, 2 * HEAD): first payload bytes of both sides, if wanted
    rows: Any  # the payload packets: int32 (COLUMNS_AT_MOST,), row of the flow,
    sides: Any  # uint8, side of the sender,
    times: Any  # int64, nanoseconds,
    lengths: Any  # int32, payload bytes
    wishes: Any  # int64 (rows, WISHES), see pieces.py
    pieces: Any  # int64 (PIECES_AT_MOST, pieces.WORDS)
    octets: Any  # uint8 (OCTETS_AT_MOST,)


def allocate(payloads: bool, streams: bool) -> Arrays:
    """Arrays for a small capture; they double when they run full."""
    columns = COLUMNS_AT_MOST if payloads else 1
    return Arrays(
        flows=on_pages((256, WORDS)),
        attempts=on_pages((256, ATTEMPT_WORDS)),
        table=np.zeros(512, np.int64),
        heap=on_pages((512, 2)),
        blocks=on_pages((64, 3)),
        closed=np.zeros(CLOSED_AT_MOST, np.int64),
        numbers=np.zeros(NUMBERS, np.int64),
        weirds=np.zeros(len(WEIRDS), np.int64),
        packet=np.zeros(FIELDS, np.int64),
        changes=np.zeros((CLOSED_AT_MOST, 4), np.int64),
        datagrams=np.zeros((fragments.SLOTS, fragments.WORDS), np.int64),
        store=np.zeros(fragments.SLOTS * fragments.LARGEST, np.uint8),
        heads=on_pages((256 if payloads else 1, 2 * HEAD), np.uint8),
        rows=np.zeros(columns, np.int32),
        sides=np.zeros(columns, np.uint8),
        times=np.zeros(columns, np.int64),
        lengths=np.zeros(columns, np.int32),
        wishes=on_pages((256 if streams else 1, WISHES)),
        pieces=np.zeros((PIECES_AT_MOST if streams else 1, PIECE_WORDS), np.int64),
        octets=np.zeros(OCTETS_AT_MOST if streams else 1, np.uint8),
    )


def on_pages(shape: tuple[int, ...], dtype: Any = np.int64) -> NDArray[Any]:
    """Zeroed array on memory pages of its own: whole cache lines, and `doubled` can return them."""
    pages = mmap.mmap(-1, math.prod(shape) * np.dtype(dtype).itemsize, flags=PRIVATE)
    if hasattr(mmap, "MADV_HUGEPAGE"):
        with suppress(OSError):
            pages.madvise(mmap.MADV_HUGEPAGE)
    return np.frombuffer(pages, dtype).reshape(shape)


def grow(arrays: Arrays, rebuild_table: Any = rebuild) -> Arrays:
    """Double every array that lacks room for one more frame."""
    numbers = arrays.numbers
    flows, heads, wishes = arrays.flows, arrays.heads, arrays.wishes
    if numbers[OPEN] + numbers[CLOSED_ROWS] + ROOM >= len(flows):
        flows = doubled(flows)
        if len(heads) > 1:
            heads = doubled(heads)
        if len(wishes) > 1:
            wishes = doubled(wishes)
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
        flows=flows, attempts=attempts, heads=heads, wishes=wishes,
        table=table, heap=heap, blocks=blocks,
    )  # fmt: skip


def doubled(array: NDArray[Any]) -> NDArray[Any]:
    """Move an array that `on_pages` made into one of twice the length, the new half zero.

    Its pages are given back piece by piece on the way (it must not be used any more), so that
    growing never takes the memory of both.
    """
    larger = on_pages((2 * len(array), *array.shape[1:]), array.dtype)
    old, new = array.reshape(-1).view(np.uint8), larger.reshape(-1).view(np.uint8)
    pages: Any = array
    while isinstance(pages, np.ndarray):
        pages = pages.base
    for begin in range(0, len(old), PIECE):
        piece = slice(begin, min(begin + PIECE, len(old)))
        new[piece] = old[piece]
        pages.obj.madvise(mmap.MADV_DONTNEED, begin, piece.stop - begin)
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


def slices(arrays: Arrays) -> range:
    """Where each slice of rows and attempts begins."""
    used = max(arrays.numbers[USED_ROWS], arrays.numbers[USED_ATTEMPTS]) + 1
    return range(0, int(used), SLICE)


def open_places(arrays: Arrays, begin: int) -> NDArray[np.int64]:
    """The places of a slice's open flows, int64 (flows,), in the order in which they began."""
    flows, attempts = arrays.flows[begin:][:SLICE], arrays.attempts[begin:][:SLICE]
    # A flow that ended and was not handed out yet waits under the deadline 0.
    rows = np.flatnonzero((flows[:, SERIAL] != 0) & (flows[:, NEXT] != 0))
    packed = np.flatnonzero(attempts[:, SERIAL])
    serials = np.concatenate([flows[rows, SERIAL], attempts[packed, SERIAL]])
    places = np.concatenate([rows + begin, packed + begin + PACKED])
    return places[np.argsort(serials)]


def lend(arrays: Any, fast: bool) -> Any:
    """The arrays as a kernel takes them: as they are if it is compiled, else memoryviews."""
    return arrays if fast else type(arrays)(*(array.data for array in arrays))
