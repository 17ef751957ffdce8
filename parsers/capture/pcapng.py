"""pcapng: blocks of a type, a length and the length again; packets belong to declared interfaces.

The record walk (`pcapng_packets`) is for packets that are as they should be. At everything else,
other blocks and packets that are not, it stops, and the class here looks: so what is rare is told
apart in one place, and with words. Source: draft-ietf-opsawg-pcapng.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from parsers.capture.frames import LARGEST, MORE, OTHER, Block, u32
from parsers.capture.interfaces import Interfaces
from parsers.capture.pcapng_packets import (
    BIG,
    ENHANCED,
    INTERFACES,
    OLD_PACKET,
    SIMPLE,
    STATE,
    walk,
)
from parsers.errors import Damaged, NotACapture, ParseError

MAGIC = b"\n\r\r\n"  # the type of a section's block, the same in both byte orders
SECTION, INTERFACE = 0x0A0D0D0A, 1
LEAST = {SECTION: 28, INTERFACE: 20, OLD_PACKET: 32, SIMPLE: 16, ENHANCED: 32}  # bytes of a block
# Packets: where in a block's body its captured length stands, and where the packet begins.
PACKETS = {OLD_PACKET: (12, 20), SIMPLE: (0, 4), ENHANCED: (12, 20)}

# Blocks that never carry packets: nothing is lost by passing over them in silence.
SILENT = frozenset(
    {
        *(0x4, 0x5, 0x7, 0x8, 0x9, 0xA),  # names, statistics, IRIG, ARINC 429, journal, secrets
        *(0xBAD, 0x40000BAD),  # custom
        *(0x101, 0x102),  # Hone: processes
        *range(0x201, 0x220),  # Sysdig and Falco: system calls
        0x80000001,  # Darwin: processes
    }
)
BYTE_ORDERS = {b"\x1a\x2b\x3c\x4d": 1, b"\x4d\x3c\x2b\x1a": 0}


class Pcapng:
    """The blocks of a pcapng file. `head`: its first 24 bytes; raises NotACapture."""

    name = "pcapng"

    def __init__(self, path: str, head: bytes, weirds: Counter[str]) -> None:
        self._path, self._weirds = path, weirds
        self._state = np.zeros(STATE, np.int64)
        self._interfaces = Interfaces()
        try:
            byte_order(path, head, 0)
        except ParseError as error:
            raise NotACapture(path, error.expected, error.found, error.offset) from error

    def walk(self, block: Block, fast: bool) -> int:
        """Index the whole records of a block; return MORE or FULL, raise Damaged at a bad one."""
        while True:
            self._state[INTERFACES] = len(self._interfaces)
            state = block.walk(walk, fast, self._state, self._interfaces.table)
            if state != OTHER:
                return state
            if not self._pass_over(block):
                return MORE

    def _pass_over(self, block: Block) -> bool:
        """Take in the block at `start`, which is no packet; False while it is not whole."""
        octets, at = block.octets.data, block.start
        left = block.end - at
        kind = u32(octets, at, 0)  # a section's reads the same in both byte orders
        if kind == SECTION:
            if left < LEAST[SECTION]:
                return False
            self._state[BIG] = byte_order(self._path, bytes(octets[at : at + 24]), block.position)
        big = int(self._state[BIG])
        kind, length = u32(octets, at, big), u32(octets, at + 4, big)
        self._check_length(kind, length, block.position)
        if length <= LARGEST:
            if left < length:
                return False
            again = u32(octets, at + length - 4, big)
            if again != length:
                raise self._damaged(block, f"a block that ends as it began, with {length}", again)
            self._take(kind, octets[at + 8 : at + length - 4], block)
        else:
            self._count(kind)
        block.start += length
        return True

    def _check_length(self, kind: int, length: int, position: int) -> None:
        least = LEAST.get(kind, 12)
        if length < least or length % 4:
            expected = f"a block (type {kind:#x}) of at least {least} bytes, in fours"
        elif kind in LEAST and length > LARGEST:
            expected = f"a block (type {kind:#x}) of at most {LARGEST} bytes"
        else:
            return
        raise Damaged(self._path, expected, f"a length of {length}", position)

    def _take(self, kind: int, body: memoryview, block: Block) -> None:
        """Act on one whole block; of packets, only those come here that the walk refused."""
        if kind == SECTION:
            self._interfaces.clear()
        elif kind == INTERFACE:
            self._declare(body, block.position)
        elif kind in PACKETS:
            self._refuse(kind, body, block)
        else:
            self._count(kind)

    def _refuse(self, kind: int, body: memoryview, block: Block) -> None:
        """Count a packet of an unknown interface; one that does not fit its block is damage."""
        length, before = PACKETS[kind]
        captured, most = u32(body, length, int(self._state[BIG])), len(body) - before
        if captured > most and (kind != SIMPLE or len(self._interfaces)):
            raise self._damaged(block, f"at most {most} bytes of packet", captured)
        self._weirds["unknown_interface"] += 1

    def _declare(self, body: memoryview, position: int) -> None:
        try:
            self._interfaces.declare(body, "big" if self._state[BIG] else "little")
        except ValueError as error:
            raise Damaged(self._path, "options that fit", str(error), position) from error

    def _count(self, kind: int) -> None:
        if kind not in SILENT:
            self._weirds["unknown_block_type"] += 1

    def _damaged(self, block: Block, expected: str, found: int) -> Damaged:
        return Damaged(self._path, expected, str(found), block.position)


def byte_order(path: str, head: bytes, offset: int) -> int:
    """Read the first 24 bytes of a section: 1 for big-endian, 0 for little; raises Damaged."""
    magic = head[8:12]
    if magic not in BYTE_ORDERS:
        expected = "a pcapng section with the byte-order magic 1a 2b 3c 4d"
        raise Damaged(path, expected, magic.hex(" "), offset)
    # The version is not looked at: there is but one, and captures that say 0.1 are read by all.
    return BYTE_ORDERS[magic]
