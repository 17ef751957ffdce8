"""Parsers that only tell whether a connection speaks their protocol, for `conn.service`.

They follow what Zeek does to `conn.service`: a message that it can read names the protocol, one
that it cannot read takes the name away for good, but not after many bytes
(base/frameworks/analyzer/dpd.zeek).
"""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

from parsers.services.parser import NOTHING, Parser

VIOLATIONS_UNTIL = 10 * 1024  # bytes of both sides: Zeek's ignore_violations_after

HEAD = 20  # first bytes of a message in a stream that are looked at before it is whole


class Recogniser(Parser):
    """Reads datagrams, each of them a message, until nothing can change any more."""

    def __init__(self) -> None:
        super().__init__()
        self._read = 0  # bytes of both sides

    def data(self, side: int, octets: bytes, ts: int) -> None:
        """Read a datagram of a side."""
        if octets and not self.failed and self.wants[side] != NOTHING:
            self._message(side, octets, len(octets), ts)

    def _message(self, side: int, message: bytes, size: int, ts: int) -> None:
        """Judge a message that took so many bytes."""
        self._read += size
        early = self._read <= VIOLATIONS_UNTIL
        if self.confirmed:
            if early and self.violates(message):
                self.confirmed = False
                self.failed = f"{self.service}_violation"
        elif self.reads(message):
            self.confirmed = self.confirms(side)
        elif not early or self.violates(message):
            self.failed = f"not_{self.service}"
        if self.confirmed:
            self.readable(message, ts)
            if not early:
                self.settled()

    def readable(self, message: bytes, ts: int) -> None:
        """Take note of a message of the protocol; late ones may not be readable."""

    def settled(self) -> None:
        """Want no more: the name stays."""
        self.wants = [NOTHING, NOTHING]

    @classmethod
    def begins(cls, orig: bytes, resp: bytes) -> bool | None:
        """Whether a side's first datagram (either may be empty) is a message."""
        said = [octets for octets in (orig, resp) if octets]
        return any(map(cls.is_message, said)) if said else None

    @staticmethod
    @abstractmethod
    def is_message(octets: bytes) -> bool:
        """Whether bytes, of which there are some, are a whole message of the protocol."""

    @classmethod
    def reads(cls, octets: bytes) -> bool:
        """Whether Zeek can read it, which may be less strict where the protocol is known."""
        return cls.is_message(octets)

    @staticmethod
    @abstractmethod
    def violates(octets: bytes) -> bool:
        """Whether it is a message that Zeek cannot read."""

    def confirms(self, side: int) -> bool:
        """Whether a message of this side names the protocol."""
        return True


class StreamRecogniser(Recogniser):
    """Reads streams of messages, each behind its length.

    length_size: how many bytes are before a message, that its length is in. longest: a longer
    message ends the reading. enough: so many first bytes of a message tell it.
    """

    length_size: ClassVar[int]
    longest: ClassVar[int]
    enough: ClassVar[int]

    def __init__(self) -> None:
        super().__init__()
        self._held = [bytearray(), bytearray()]

    def data(self, side: int, octets: bytes, ts: int) -> None:
        """Read what comes next in the stream of a side."""
        if self.failed or self.wants[side] == NOTHING:
            return
        held = self._held[side]
        held += octets
        at = 0
        while not self.failed and len(held) >= (start := at + self.length_size):
            length = self.size_of(bytes(held[at:start]))
            if length > self.longest:
                self.failed = "message_too_long"
            elif len(held) >= start + length:
                at = start + length
                self._whole(side, bytes(held[start:at]), ts)
            elif self.confirmed or self.may_begin(bytes(held[start : start + HEAD]), length):
                break
            else:
                self.failed = f"not_{self.service}"
        del held[:at]
        if self.failed or self.wants[side] == NOTHING:
            self._held = [bytearray(), bytearray()]

    @classmethod
    def size_of(cls, head: bytes) -> int:
        """How many bytes follow what is before a message."""
        return int.from_bytes(head)

    def _whole(self, side: int, message: bytes, ts: int) -> None:
        if message and (self.confirmed or self.reads(message)):
            self._message(side, message, self.length_size + len(message), ts)
        else:
            self.failed = f"not_{self.service}"

    @staticmethod
    @abstractmethod
    def may_begin(octets: bytes, length: int) -> bool:
        """Whether a message of that length may begin with these bytes, which may be few."""

    @classmethod
    def begins(cls, orig: bytes, resp: bytes) -> bool | None:
        """Whether first bytes of the streams (either may be empty) are messages."""
        answers = [cls._side_begins(octets) for octets in (orig, resp)]
        return False if False in answers else True in answers or None

    @classmethod
    def _side_begins(cls, octets: bytes) -> bool | None:
        if len(octets) < cls.length_size:
            return None
        length = cls.size_of(octets[: cls.length_size])
        message = octets[cls.length_size :][:length]
        if length > cls.longest or not cls.may_begin(message, length):
            return False
        if len(message) == length:
            return length > 0 and cls.is_message(message)
        return len(message) >= cls.enough or None
