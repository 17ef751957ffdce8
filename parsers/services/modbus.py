"""Modbus over TCP: whether a connection is it.

MODBUS Messaging on TCP/IP, section 3.1: transaction, protocol, length, unit; MODBUS Application
Protocol, section 6: functions and the sizes of their requests and responses. A message of either
side names the protocol, as in Zeek: src/analyzer/protocol/modbus.
"""

from __future__ import annotations

from typing import ClassVar

from parsers.services.recogniser import StreamRecogniser

HEAD = 6  # transaction, protocol, and the length of what follows
LONGEST = 260 - HEAD
COUNTED = 1 << 8  # a byte that says how many bytes follow it, behind so many others
EXCEPTION = 0x80

# By function: the sizes of what may follow it, in a request and in a response.
SIZES: dict[int, tuple[int, int]] = {
    **dict.fromkeys(range(0x01, 0x05), (4, COUNTED)),  # read coils, inputs, registers
    **dict.fromkeys((0x05, 0x06), (4, 4)),  # write one
    **dict.fromkeys((0x0F, 0x10), (COUNTED + 4, 4)),  # write several
    **dict.fromkeys((0x14, 0x15), (COUNTED, COUNTED)),  # files
    0x16: (6, 6),  # mask a register
    0x17: (COUNTED + 8, COUNTED),  # read and write registers
}
OTHERS = (0x07, 0x08, 0x0B, 0x0C, 0x11, 0x18, 0x2B)  # of the specification, of any size


def begins(orig: bytes, resp: bytes) -> bool | None:
    """Whether first bytes of the two sides (either may be empty) are this protocol."""
    return Modbus.begins(orig, resp)


def is_message(octets: bytes) -> bool:
    """Whether it is a message: a unit, a function, and what belongs to that."""
    if len(octets) < 2:
        return False
    function, body = octets[1], octets[2:]
    if function >= EXCEPTION:
        return len(body) == 1 and function - EXCEPTION in (*SIZES, *OTHERS)
    if function not in SIZES:
        return function in OTHERS
    return any(_has_size(body, size) for size in SIZES[function])


def _has_size(body: bytes, size: int) -> bool:
    at = size % COUNTED
    if size < COUNTED:
        return len(body) == size
    return len(body) > at and len(body) == at + 1 + body[at]


def _unreadable(octets: bytes) -> bool:
    return not is_message(octets)


class Modbus(StreamRecogniser):
    """Tells it of the messages of both sides."""

    service: ClassVar[str] = "modbus"
    length_size: ClassVar[int] = HEAD
    longest: ClassVar[int] = LONGEST
    enough: ClassVar[int] = LONGEST
    is_message = staticmethod(is_message)
    violates = staticmethod(_unreadable)

    @classmethod
    def size_of(cls, head: bytes) -> int:
        """How much follows: too much where another protocol is named."""
        return int.from_bytes(head[4:]) if head[2:4] == b"\0\0" else LONGEST + 1

    @staticmethod
    def may_begin(octets: bytes, length: int) -> bool:
        """Whether a message of that length may begin with these bytes, which may be few."""
        function = octets[1] & ~EXCEPTION if len(octets) > 1 else 1
        return length >= 2 and (function in SIZES or function in OTHERS)
