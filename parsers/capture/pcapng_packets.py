"""The record walk of pcapng, over the blocks that carry packets.

Source: draft-ietf-opsawg-pcapng, sections 4.3 (enhanced), 4.4 (simple) and appendix A (old).
"""

from __future__ import annotations

from parsers.capture.clock import nanoseconds
from parsers.capture.frames import (
    AT,
    CAPACITY,
    CAPTURED,
    FULL,
    LARGEST,
    LINK,
    MORE,
    OTHER,
    TS,
    WIRE,
    Octets,
    Table,
    u32,
    without_fcs,
)
from parsers.capture.interfaces import CLOCK, FCS, LINKTYPE, SNAPLEN
from parsers.kernel import kernel

OLD_PACKET, SIMPLE, ENHANCED = 2, 3, 6

# What is carried from call to call: the section's byte order, its interfaces, the last time seen.
BIG, INTERFACES, LAST = 0, 1, 2
STATE = 3


@kernel
def walk(
    octets: Octets, start: int, end: int, index: Table, count: int, state: Table, interfaces: Table
) -> tuple[int, int, int]:
    """Walk the packet blocks in `octets[start:end]` (see `frames`); OTHER is any other block.

    A simple packet has no time (it gets the last one seen) and no captured length (it is the
    least of its original length and the first interface's snap length, of which 0 is none).
    """
    big, declared = state[BIG], state[INTERFACES]
    at, why = start, FULL
    while count < CAPACITY:
        kind, length, why = envelope(octets, at, end, big)
        if why != FULL:
            break
        interface = interface_of(octets, at, kind, big)
        if interface >= declared:
            why = OTHER
            break
        data = 12 if kind == SIMPLE else 28
        captured, wire = lengths(octets, at, kind, big, interfaces[interface, SNAPLEN])
        if captured > length - data - 4:
            why = OTHER
            break
        if kind != SIMPLE:
            state[LAST] = time_of(octets, at, big, interface, interfaces)
        if interfaces[interface, FCS]:
            captured, wire = without_fcs(captured, wire, interfaces[interface, FCS])
        index[AT, count] = at + data
        index[CAPTURED, count] = captured
        index[WIRE, count] = wire
        index[TS, count] = state[LAST]
        index[LINK, count] = interfaces[interface, LINKTYPE]
        count += 1
        at += length
    return count, at, why


@kernel
def envelope(octets: Octets, at: int, end: int, big: int) -> tuple[int, int, int]:
    """Type and length of a block, and FULL if it is a whole packet block, or MORE, or OTHER."""
    if at + 12 > end:
        return 0, 0, MORE
    kind = u32(octets, at, big)
    length = u32(octets, at + 4, big)
    if kind in (ENHANCED, OLD_PACKET):
        least = 32
    elif kind == SIMPLE:
        least = 16
    else:
        return kind, length, OTHER
    if length < least or length & 3 or length > LARGEST:
        return kind, length, OTHER
    if at + length > end:
        return kind, length, MORE
    if u32(octets, at + length - 4, big) != length:
        return kind, length, OTHER
    return kind, length, FULL


@kernel
def interface_of(octets: Octets, at: int, kind: int, big: int) -> int:
    """The interface that a packet block names: in 32 bits, in 16 (old), or not at all (simple)."""
    if kind == ENHANCED:
        return u32(octets, at + 8, big)
    if kind == SIMPLE:
        return 0
    if big:
        return octets[at + 8] * 256 + octets[at + 9]
    return octets[at + 8] + octets[at + 9] * 256


@kernel
def lengths(octets: Octets, at: int, kind: int, big: int, snaplen: int) -> tuple[int, int]:
    """Captured and original length of a packet block."""
    if kind != SIMPLE:
        return u32(octets, at + 20, big), u32(octets, at + 24, big)
    wire = u32(octets, at + 8, big)
    if 0 < snaplen < wire:
        return snaplen, wire
    return wire, wire


@kernel
def time_of(octets: Octets, at: int, big: int, interface: int, interfaces: Table) -> int:
    """Nanoseconds of an enhanced or old packet block, by its interface's clock."""
    return nanoseconds(
        u32(octets, at + 12, big),
        u32(octets, at + 16, big),
        interfaces[interface, CLOCK],
        interfaces[interface, CLOCK + 1],
        interfaces[interface, CLOCK + 2],
        interfaces[interface, CLOCK + 3],
    )
