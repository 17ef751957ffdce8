"""IP fragments: put datagrams together again (RFC 791, section 3.2; RFC 8200, section 4.5).

Every datagram in the making has a slot: a line of figures and room for the largest datagram.
Slots are found by a hash of who sends what to whom, eight places for each hash; when all eight
are taken the oldest gives way, so that a flood of fragments costs neither time nor memory.
Overlaps: the first data wins. Source: Zeek's Frag.cc.
"""

from __future__ import annotations

from parsers.kernel import Words, kernel
from parsers.packets.fields import (
    CAPTURED,
    DATAGRAM_ID,
    FRAGMENT_AT,
    FRAGMENT_MORE,
    HEADER_BYTES,
    IP_BYTES,
    IP_VERSION,
    PROTOCOL,
    SOURCE_HIGH,
    SOURCE_LOW,
    TARGET_HIGH,
    TARGET_LOW,
    TRANSPORT_AT,
    TRANSPORT_BYTES,
)  # fmt: skip
from parsers.packets.hashing import hash_of
from parsers.packets.intervals import BEGIN, BEHIND, END, add, clear
from parsers.packets.ip import FRAGMENT, FRAGMENT_HEADER, OK, extension_chain
from parsers.weirds import CODES

HELD = -3  # the datagram is not complete yet
TOO_LARGE = CODES["excessively_large_fragment"]
INCOMPLETE = CODES["incomplete_datagram"]

WAYS, SETS = 8, 128
SLOTS = WAYS * SETS
LARGEST = 65_536  # bytes of a datagram
LONGEST = 65_535  # what the length field of an IP header can say
TIMEOUT = 300 * 1_000_000_000  # frag_timeout, nanoseconds

# Words of a slot.
KEY = 0  # six: both addresses, the datagram's id, IP version
FIRST_SEEN = 6  # time of its first fragment; 0: the slot is free
PARTS = 7  # set of the parts that are there
WHOLE = 8  # bytes in all, 0: not known yet
HEADER, NEXT = 9, 10  # IP header of its first fragment: length, protocol behind it
WORDS = 12


@kernel
def put_together(
    b: Words, datagrams: Words, store: Words, pool: Words, weirds: Words, p: Words, now: int
) -> int:
    """Add the fragment at hand; when its datagram is complete, the fields describe it in `store`.

    datagrams: int64 (SLOTS, WORDS); store: uint8 (SLOTS * LARGEST,); pool: see intervals.py.
    Returns OK, HELD, or the code of the weird.
    """
    begin = p[FRAGMENT_AT]
    end = begin + p[TRANSPORT_BYTES]
    if end > LARGEST or p[TRANSPORT_BYTES] < 0:
        return TOO_LARGE
    slot = slot_of(datagrams, pool, weirds, p, now)
    if begin == 0:
        datagrams[slot, NEXT] = p[PROTOCOL]
    if not p[FRAGMENT_MORE]:
        datagrams[slot, WHOLE] = max(datagrams[slot, WHOLE], end)
    elif datagrams[slot, WHOLE] and end > datagrams[slot, WHOLE]:
        datagrams[slot, WHOLE] = end
    copy_new(b, p[TRANSPORT_AT], store, slot * LARGEST, pool, datagrams[slot, PARTS], begin, end)
    if begin < end:
        datagrams[slot, PARTS] = add(pool, datagrams[slot, PARTS], begin, end)
    first = datagrams[slot, PARTS]
    whole = datagrams[slot, WHOLE]
    if first == 0 or whole == 0 or pool[first, BEGIN] > 0 or pool[first, END] < whole:
        return HELD
    return hand_out(datagrams, store, pool, p, slot, pool[first, END])


@kernel
def slot_of(datagrams: Words, pool: Words, weirds: Words, p: Words, now: int) -> int:
    """The slot of the fragment's datagram: its own, else a free one, else the oldest of its set."""
    tag = hash_of(p[SOURCE_HIGH], p[SOURCE_LOW], p[TARGET_HIGH], p[TARGET_LOW], p[DATAGRAM_ID])
    base = (tag & (SETS - 1)) * WAYS
    best = base
    for slot in range(base, base + WAYS):
        if datagrams[slot, FIRST_SEEN] and now - datagrams[slot, FIRST_SEEN] >= TIMEOUT:
            weirds[INCOMPLETE] += 1
            free(datagrams, pool, slot)
        if datagrams[slot, FIRST_SEEN] and is_slot_of(datagrams, slot, p):
            return slot
        if datagrams[slot, FIRST_SEEN] < datagrams[best, FIRST_SEEN]:
            best = slot
    if datagrams[best, FIRST_SEEN]:
        weirds[INCOMPLETE] += 1
        free(datagrams, pool, best)
    write_key(datagrams, best, p)
    datagrams[best, FIRST_SEEN] = max(now, 1)
    datagrams[best, WHOLE] = 0
    datagrams[best, HEADER] = p[HEADER_BYTES]
    return best


@kernel
def is_slot_of(datagrams: Words, slot: int, p: Words) -> bool:
    """Tell whether the slot holds the datagram of the fragment at hand."""
    return (
        datagrams[slot, KEY] == p[SOURCE_HIGH]
        and datagrams[slot, KEY + 1] == p[SOURCE_LOW]
        and datagrams[slot, KEY + 2] == p[TARGET_HIGH]
        and datagrams[slot, KEY + 3] == p[TARGET_LOW]
        and datagrams[slot, KEY + 4] == p[DATAGRAM_ID]
        and datagrams[slot, KEY + 5] == p[IP_VERSION]
    )


@kernel
def write_key(datagrams: Words, slot: int, p: Words) -> None:
    """Make the slot that of the fragment at hand."""
    datagrams[slot, KEY] = p[SOURCE_HIGH]
    datagrams[slot, KEY + 1] = p[SOURCE_LOW]
    datagrams[slot, KEY + 2] = p[TARGET_HIGH]
    datagrams[slot, KEY + 3] = p[TARGET_LOW]
    datagrams[slot, KEY + 4] = p[DATAGRAM_ID]
    datagrams[slot, KEY + 5] = p[IP_VERSION]


@kernel
def free(datagrams: Words, pool: Words, slot: int) -> None:
    """Give a slot and its parts back."""
    clear(pool, datagrams[slot, PARTS])
    datagrams[slot, PARTS] = 0
    datagrams[slot, FIRST_SEEN] = 0


@kernel
def copy_new(
    b: Words, at: int, store: Words, base: int, pool: Words, part: int, begin: int, end: int
) -> None:
    """Copy what no earlier fragment had of [begin, end); it lies at `at` in the block.

    From behind where it moves to the right: a fragment may lie in a datagram that was put together
    in the very slot that it is now given.
    """
    place = begin
    while place < end:
        while part != 0 and pool[part, END] <= place:
            part = pool[part, BEHIND]
        stop = end
        if part != 0 and pool[part, BEGIN] <= place:
            place = min(end, pool[part, END])
            continue
        if part != 0:
            stop = min(end, pool[part, BEGIN])
        if base + begin > at:
            for k in range(stop - 1, place - 1, -1):
                store[base + k] = b[at + k - begin]
        else:
            for k in range(place, stop):
                store[base + k] = b[at + k - begin]
        place = stop


@kernel
def hand_out(datagrams: Words, store: Words, pool: Words, p: Words, slot: int, whole: int) -> int:
    """Describe the complete datagram in the packet's fields, and free its slot."""
    at = slot * LARGEST
    p[PROTOCOL] = datagrams[slot, NEXT]
    p[IP_BYTES] = datagrams[slot, HEADER] + whole
    p[TRANSPORT_AT] = at
    p[CAPTURED] = whole
    free(datagrams, pool, slot)
    if p[IP_BYTES] - (40 if p[IP_VERSION] == 6 else 0) > LONGEST:
        return TOO_LARGE
    status = FRAGMENT if p[IP_VERSION] == 6 else OK
    while status == FRAGMENT:
        # Fragment headers inside a datagram that was put together are passed over, if atomic.
        status = extension_chain(store, p[TRANSPORT_AT], at + whole, p[PROTOCOL], p)
        if status == FRAGMENT and (p[FRAGMENT_AT] or p[FRAGMENT_MORE]):
            p[PROTOCOL] = FRAGMENT_HEADER
            p[TRANSPORT_AT] -= 8
            p[CAPTURED] += 8
            status = OK
    p[TRANSPORT_BYTES] = at + whole - p[TRANSPORT_AT]
    return status


@kernel
def give_up(datagrams: Words, pool: Words, weirds: Words) -> None:
    """At the end of the input: count the datagrams of which a fragment is missing."""
    for slot in range(SLOTS):
        if datagrams[slot, FIRST_SEEN]:
            weirds[INCOMPLETE] += 1
            free(datagrams, pool, slot)
