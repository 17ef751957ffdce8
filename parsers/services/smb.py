"""SMB over TCP: its frames, and which of its messages are read.

RFC 1002 section 4.3 and MS-SMB2 section 2.1 for frames. When the service is confirmed as in Zeek:
base/protocols/smb (main.zeek, dpd.sig), src/analyzer/protocol/smb (SMB.cc, smb.pac).
"""

from __future__ import annotations

import struct
from typing import ClassVar

from parsers.services import smb1, smb2
from parsers.services.gssapi import FORGIVEN_AFTER, Services
from parsers.services.parser import NOTHING, Parser
from parsers.services.smb1 import Smb1
from parsers.services.smb2 import Smb2
from parsers.services.smb_contents import Contents, Misread
from parsers.services.stream import Side

FRAME_HEAD = 4
"""Type of the packet and 24 bits of length."""

SESSION_MESSAGE = 0x00
OTHER_PACKETS = frozenset({0x81, 0x82, 0x83, 0x84, 0x85})
"""SESSION REQUEST to SESSION KEEP ALIVE, before and between the messages."""

LONGEST_PACKET = 256
"""Of those: none of them says more than two names."""

PROTOCOL_SMB1, PROTOCOL_SMB2 = b"\xffSMB", b"\xfeSMB"

OTHER_DIALECT: tuple[None, int] = (None, 0)
"""None that is read: encrypted SMB 3, whose header tells nothing."""

LONGEST_MESSAGE = 128 * 1024
"""What is held of a side at most: a longer message is passed over."""

CONFIRMED_BY = 3
"""So many pieces that could be read make Zeek sure."""


def begins(orig: bytes, resp: bytes) -> bool | None:
    """Whether first bytes of the two sides (either may be empty) are this protocol."""
    told = [_begins(octets) for octets in (orig, resp)]
    if False in told:
        return False
    return True if True in told else None


def _begins(octets: bytes) -> bool | None:
    """Whether they are a message of SMB, perhaps behind a packet of NetBIOS."""
    at = 0
    if octets[:1] and octets[0] in OTHER_PACKETS:
        if len(octets) < FRAME_HEAD:
            return None
        at = FRAME_HEAD + int.from_bytes(octets[1:4])
        if at > LONGEST_PACKET:
            return False
    kind, protocol = octets[at : at + 1], octets[at + FRAME_HEAD : at + 8]
    if kind and kind[0] != SESSION_MESSAGE:
        return False
    if not (PROTOCOL_SMB1.startswith(protocol) or PROTOCOL_SMB2.startswith(protocol)):
        return False
    return True if len(protocol) == len(PROTOCOL_SMB1) else None


class Smb(Parser):
    """Reads a connection to its end: sessions, and the DCE/RPC in its named pipes.

    names: the services confirmed so far, in their order.
    """

    service: ClassVar[str] = "smb"

    def __init__(self) -> None:
        super().__init__()
        self._services = Services(self.rows)
        self.names = self._services.names
        contents = Contents(self._services)
        self._dialects: dict[bytes, tuple[Smb1 | Smb2, int]] = {
            PROTOCOL_SMB1: (Smb1(contents), smb1.HEAD),
            PROTOCOL_SMB2: (Smb2(contents), smb2.HEAD),
        }
        self._sides = (Side(), Side())
        self._begun = False  # whether a message of SMB was seen
        self._in_step = True  # whether it is known where messages begin
        self._pieces = 0

    def confirmed_names(self) -> list[str]:
        """Return the protocol and those within it, in the order in which they were confirmed."""
        return list(self.names)

    def data(self, side: int, octets: bytes, ts: int) -> None:
        """Read what comes next in the stream of a side, from a packet of that time."""
        if self.failed:
            return
        stream = self._sides[side]
        self._services.octets += len(octets)
        if not self._in_step and not stream.passing:
            self._in_step = octets[FRAME_HEAD:8] in self._dialects
        stream.add(octets)
        if self._in_step:
            self._read(side, ts)
        else:
            stream.held.clear()
        self.confirmed = self.service in self.names
        if stream.passing and not self.failed:
            self.wants[side] = stream.position + stream.passing

    def skipped(self, side: int, count: int, ts: int) -> None:
        """Take note of bytes of a message that was passed over."""
        self._services.octets += count
        self._sides[side].position += count
        self._sides[side].passing = max(self._sides[side].passing - count, 0)

    def gap(self, side: int, count: int, ts: int) -> None:
        """Wait for a packet that begins with a message, unless the hole is in one passed over."""
        if count > self._sides[side].passing:
            self._out_of_step()
        self.skipped(side, count, ts)

    def end(self, ts: int) -> None:
        """Make the rows that wait for the end."""
        self._services.end()

    def _read(self, side: int, ts: int) -> None:
        try:
            while self._message(side, ts):
                pass
        except (Misread, struct.error, IndexError):
            self._misread()
            return
        self._pieces += self._begun
        if self._pieces == CONFIRMED_BY:
            self._services.confirm(self.service)

    def _message(self, side: int, ts: int) -> bool:
        """Pass the next message of a side; whether there may be one behind it."""
        stream = self._sides[side]
        held = stream.held
        if len(held) < FRAME_HEAD:
            return False
        length = int.from_bytes(held[1:4])
        if held[0] == SESSION_MESSAGE:
            if not self._session_message(side, length, ts):
                return False
        elif not self._begun and (held[0] not in OTHER_PACKETS or length > LONGEST_PACKET):
            self._give_up("not_smb")
            return False
        stream.drop(FRAME_HEAD + length)
        return bool(held)

    def _session_message(self, side: int, length: int, ts: int) -> bool:
        """Read as much of a message as is wanted; whether the rest can be passed over."""
        held = self._sides[side].held
        if length < len(PROTOCOL_SMB1):
            raise Misread
        reader, head = self._dialects.get(bytes(held[FRAME_HEAD:8]), OTHER_DIALECT)
        if reader is None:
            if not self._begun and len(held) >= 8:
                self._give_up("not_smb")
            return self._begun and len(held) >= 8
        self._begun = True
        if length < head:
            raise Misread
        if len(held) < FRAME_HEAD + head:
            return False
        if length > LONGEST_MESSAGE or not reader.wanted(side, held[4 : 4 + head]):
            return True
        if len(held) < FRAME_HEAD + length:
            return False
        reader.read(side, bytes(held[FRAME_HEAD : FRAME_HEAD + length]), ts)
        return True

    def _misread(self) -> None:
        """Give up, as Zeek does early in a connection; later look for the next message."""
        if self._services.octets <= FORGIVEN_AFTER:
            self._services.misread(self.service)
            self._give_up("misread_message")
        else:
            self._out_of_step()

    def _out_of_step(self) -> None:
        self._in_step = False
        for stream in self._sides:
            stream.held.clear()

    def _give_up(self, reason: str) -> None:
        self.failed = reason
        self._services.end()
        self.wants = [NOTHING, NOTHING]
