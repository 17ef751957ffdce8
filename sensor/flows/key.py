"""Which flow does a packet belong to: the key, and the hash table that finds its row.

The key is the unordered pair of endpoints and the protocol, so both directions find one row.
A slot of the table holds 31 bits of the hash above and the row below, so that a miss seldom
touches a row. Collisions go to the next slot; deleting shifts the run back, so that there are
no tombstones.
"""

from __future__ import annotations

from parsers.kernel import Words, kernel
from parsers.packets.fields import (
    ONE_WAY,
    PROTOCOL,
    SOURCE_HIGH,
    SOURCE_LOW,
    SOURCE_PORT,
    TARGET_HIGH,
    TARGET_LOW,
    TARGET_PORT,
)  # fmt: skip
from parsers.packets.hashing import hash_of
from sensor.flows.row import (
    KEY_A_HIGH,
    KEY_A_LOW,
    KEY_B_HIGH,
    KEY_B_LOW,
    KEY_REST,
    PACKED,
    PLACE_BITS,
)


@kernel
def source_side(p: Words) -> int:
    """Return the side of the packet's source: 0 if the key names it first.

    One-way messages keep their direction, so the two directions are two flows.
    """
    if p[ONE_WAY]:
        return 0
    if p[SOURCE_HIGH] != p[TARGET_HIGH]:
        return 0 if p[SOURCE_HIGH] < p[TARGET_HIGH] else 1
    if p[SOURCE_LOW] != p[TARGET_LOW]:
        return 0 if p[SOURCE_LOW] < p[TARGET_LOW] else 1
    return 0 if p[SOURCE_PORT] <= p[TARGET_PORT] else 1


@kernel
def key_rest(p: Words, side: int) -> int:
    """The fifth word of the key: protocol, one-way bit, port of side 0, port of side 1."""
    first, second = p[SOURCE_PORT], p[TARGET_PORT]
    if side:
        first, second = second, first
    return ((p[PROTOCOL] * 2 + p[ONE_WAY]) << 32) | (first << 16) | second


@kernel
def packet_hash(p: Words, side: int, rest: int) -> int:
    """Hash the key of the packet at hand."""
    if side:
        return hash_of(p[TARGET_HIGH], p[TARGET_LOW], p[SOURCE_HIGH], p[SOURCE_LOW], rest)
    return hash_of(p[SOURCE_HIGH], p[SOURCE_LOW], p[TARGET_HIGH], p[TARGET_LOW], rest)


@kernel
def row_hash(flows: Words, row: int) -> int:
    """Hash the key of a row."""
    a, b = flows[row, KEY_A_HIGH], flows[row, KEY_A_LOW]
    c, d = flows[row, KEY_B_HIGH], flows[row, KEY_B_LOW]
    return hash_of(a, b, c, d, flows[row, KEY_REST])


@kernel
def is_flow_of(flows: Words, row: int, p: Words, side: int, rest: int) -> bool:
    """Tell whether a row has the key of the packet at hand."""
    if flows[row, KEY_REST] != rest:
        return False
    if side:
        return (
            flows[row, KEY_A_LOW] == p[TARGET_LOW]
            and flows[row, KEY_B_LOW] == p[SOURCE_LOW]
            and flows[row, KEY_A_HIGH] == p[TARGET_HIGH]
            and flows[row, KEY_B_HIGH] == p[SOURCE_HIGH]
        )
    return (
        flows[row, KEY_A_LOW] == p[SOURCE_LOW]
        and flows[row, KEY_B_LOW] == p[TARGET_LOW]
        and flows[row, KEY_A_HIGH] == p[SOURCE_HIGH]
        and flows[row, KEY_B_HIGH] == p[TARGET_HIGH]
    )


@kernel
def find(
    table: Words, flows: Words, attempts: Words, p: Words, side: int, rest: int, tag: int
) -> int:
    """The place of the packet's flow: its row, or PACKED + index of an attempt; 0 for none."""
    mask = len(table) - 1
    slot = tag & mask
    while table[slot] != 0:
        entry = table[slot]
        if entry >> 32 == tag:
            place = entry & PLACE_BITS
            if place >= PACKED:
                if is_flow_of(attempts, place - PACKED, p, side, rest):
                    return place
            elif is_flow_of(flows, place, p, side, rest):
                return place
        slot = (slot + 1) & mask
    return 0


@kernel
def insert(table: Words, place: int, tag: int) -> None:
    """Enter a place under its hash."""
    mask = len(table) - 1
    slot = tag & mask
    while table[slot] != 0:
        slot = (slot + 1) & mask
    table[slot] = (tag << 32) | place


@kernel
def replace(table: Words, tag: int, old: int, new: int) -> None:
    """Note that a flow has moved to another place."""
    mask = len(table) - 1
    slot = tag & mask
    while table[slot] != (tag << 32) | old:
        slot = (slot + 1) & mask
    table[slot] = (tag << 32) | new


@kernel
def remove(table: Words, flows: Words, row: int) -> None:
    """Take a row out, and shift back what had to go past it."""
    mask = len(table) - 1
    tag = row_hash(flows, row)
    slot = tag & mask
    while table[slot] != (tag << 32) | row:
        slot = (slot + 1) & mask
    hole = slot
    slot = (slot + 1) & mask
    while table[slot] != 0:
        home = (table[slot] >> 32) & mask
        if ((slot - home) & mask) >= ((slot - hole) & mask):
            table[hole] = table[slot]
            hole = slot
        slot = (slot + 1) & mask
    table[hole] = 0


@kernel
def rebuild(table: Words, old: Words) -> None:
    """Fill an empty, larger table from the entries of `old`."""
    for slot in range(len(old)):
        if old[slot] != 0:
            insert(table, old[slot] & PLACE_BITS, old[slot] >> 32)
