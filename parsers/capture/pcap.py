"""Classic pcap: a file header of 24 bytes, then records of a small header and a packet each.

Source: draft-ietf-opsawg-pcap; for what old files hold, libpcap's `sf-pcap.c`.
"""

from __future__ import annotations

import numpy as np

from parsers.capture.frames import (
    AT,
    CAPACITY,
    CAPTURED,
    FULL,
    LARGEST,
    LINK,
    MORE,
    OTHER,
    SECOND,
    TS,
    WIRE,
    Block,
    Octets,
    Table,
    u32,
    without_fcs,
)
from parsers.errors import Damaged, NotACapture
from parsers.kernel import kernel

# First four bytes: (big-endian?, nanoseconds a unit of the fraction, bytes of a record header).
VARIANTS: dict[bytes, tuple[int, int, int]] = {
    b"\xa1\xb2\xc3\xd4": (1, 1000, 16),
    b"\xd4\xc3\xb2\xa1": (0, 1000, 16),
    b"\xa1\xb2\x3c\x4d": (1, 1, 16),
    b"\x4d\x3c\xb2\xa1": (0, 1, 16),
    b"\xa1\xb2\xcd\x34": (1, 1000, 24),  # Kuznetzov's: interface, protocol, packet type follow
    b"\x34\xcd\xb2\xa1": (0, 1000, 24),
}
VERSIONS = "pcap version 2.0 to 2.4"
LIMIT = 262_144  # bytes of the largest packet (libpcap's MAXIMUM_SNAPLEN) where none is declared


class Pcap:
    """The records of a pcap file. `head`: its first 24 bytes; raises NotACapture."""

    name = "pcap"

    def __init__(self, path: str, head: bytes) -> None:
        self._path = path
        big, unit, size = VARIANTS[head[:4]]
        order = ">" if big else "<"
        major, minor = (int(word) for word in np.frombuffer(head, f"{order}u2", 2, 4))
        snap, link = (int(word) for word in np.frombuffer(head, f"{order}u4", 2, 16))
        if not ((major == 2 and minor <= 4) or (major, minor) == (543, 0)):
            raise NotACapture(path, VERSIONS, f"version {major}.{minor}")
        # Before 2.4 (and in DG/UX's 543.0) the two lengths of a record come in either order.
        swapped = (major, minor) != (2, 4)
        self._limit = snap if LIMIT < snap <= LARGEST else LIMIT
        # The link type is the low half; bit 26 says that bits 28 to 31 count words of FCS.
        fcs = (link >> 28) * 2 if link & 1 << 26 else 0
        self._header = np.array(
            (big, unit, size, self._limit, swapped, fcs, link & 0xFFFF), np.int64
        )

    def walk(self, block: Block, fast: bool) -> int:
        """Index the whole records of a block; return MORE or FULL, raise Damaged at a bad one."""
        state = block.walk(walk, fast, self._header)
        if state == OTHER:
            captured = u32(block.octets.data, block.start + 8, int(self._header[0]))
            raise Damaged(
                self._path,
                f"a packet of at most {self._limit} bytes",
                f"a record of {captured} bytes",
                block.position,
            )
        return state


@kernel
def walk(
    octets: Octets, start: int, end: int, index: Table, count: int, header: Table
) -> tuple[int, int, int]:
    """Walk the records in `octets[start:end]` (see `frames`); OTHER is a length that cannot be.

    Seconds and fraction of a little-endian capture are signed 32-bit numbers, of a big-endian one
    unsigned, as libpcap and Zeek read them: a fraction of 0xFFFBxxxx microseconds is -0.27 s.
    """
    big, unit, size, limit = header[0], header[1], header[2], header[3]
    swapped, fcs, link = header[4], header[5], header[6]
    at = start
    while count < CAPACITY:
        if at + size > end:
            return count, at, MORE
        captured = u32(octets, at + 8, big)
        wire = u32(octets, at + 12, big)
        if swapped and captured > wire:
            captured, wire = wire, captured
        if captured > limit:
            return count, at, OTHER
        following = at + size + captured
        if following > end:
            return count, at, MORE
        seconds = u32(octets, at, big)
        fraction = u32(octets, at + 4, big)
        if not big:
            seconds -= (seconds & 0x80000000) << 1
            fraction -= (fraction & 0x80000000) << 1
        if fcs:
            captured, wire = without_fcs(captured, wire, fcs)
        index[AT, count] = at + size
        index[CAPTURED, count] = captured
        index[WIRE, count] = wire
        index[TS, count] = seconds * SECOND + fraction * unit
        index[LINK, count] = link
        count += 1
        at = following
    return count, at, FULL
