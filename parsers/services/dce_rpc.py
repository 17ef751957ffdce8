"""DCE/RPC over TCP and in named pipes: its PDUs, for their security contexts.

C706 chapter 12, MS-RPCE section 2.2.2. What confirms the service as in Zeek:
base/protocols/dce-rpc (main.zeek, dpd.sig), src/analyzer/protocol/dce-rpc.
"""

from __future__ import annotations

import struct
from typing import ClassVar

from parsers.services.gssapi import Gssapi, Services
from parsers.services.parser import NOTHING, Parser

SERVICE = "dce_rpc"

VERSION = 5
HEAD = 16
"""Bytes of the header that all PDUs of a connection have."""

BEGINS = ({VERSION}, {0, 1}, range(20), range(256), {0x00, 0x10}, range(4), {0}, {0})
"""What the first bytes may be: both versions, type, flags, data representation."""

BIND, BIND_ACK, ALTER_CONTEXT, ALTER_CONTEXT_RESP = 11, 12, 14, 15
ANSWERS = (BIND_ACK, ALTER_CONTEXT_RESP)
LISTS_OF_CONTEXTS = (BIND, BIND_ACK, ALTER_CONTEXT, ALTER_CONTEXT_RESP)
LAST_FRAGMENT = 0x02

SYNTAX = 20
"""Bytes of an interface's or a transfer syntax's name."""

VERIFIER_HEAD = 8
SPNEGO, NTLM = 9, 10
"""auth_type, MS-RPCE section 2.2.1.1.7."""


def begins(orig: bytes, resp: bytes) -> bool | None:
    """Whether first bytes of the two sides (either may be empty) are this protocol."""
    told = [_begins(octets) for octets in (orig, resp)]
    if False in told:
        return False
    return True if True in told else None


def _begins(octets: bytes) -> bool | None:
    if not all(octet in allowed for octet, allowed in zip(octets, BEGINS, strict=False)):
        return False
    if len(octets) < HEAD:
        return None
    return _lengths(octets, 0)[0] >= HEAD


def _lengths(octets: bytes | bytearray, at: int) -> tuple[int, int]:
    """frag_length and auth_length of the PDU that is there."""
    order = "<" if octets[at + 4] >> 4 else ">"
    length, verifier = struct.unpack_from(order + "HH", octets, at + 8)
    return length, verifier


class Pdus:
    """The PDUs of one association, of which both sides are held to the end of a PDU, 64 KiB."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._contexts: dict[int, Gssapi] = {}
        self._held = [bytearray(), bytearray()]

    def data(self, side: int, octets: bytes, ts: int) -> bool:
        """Read what comes next of a side; whether it could be read. If not, it is forgotten."""
        held = self._held[side]
        held += octets
        at = 0
        while len(held) - at >= HEAD:
            length, verifier = _lengths(held, at)
            trailer = VERIFIER_HEAD + verifier if verifier else 0
            if held[at] != VERSION or length < HEAD + trailer:
                held.clear()
                return False
            if len(held) - at < length:
                break
            pdu = bytes(held[at : at + length])
            at += length
            if verifier:
                self._verifier(pdu[-verifier - VERIFIER_HEAD], pdu[-verifier:], ts)
            if not _is_whole(pdu[: length - trailer]):
                held.clear()
                return False
            self._services.confirm(SERVICE)
        del held[:at]
        return True

    def _verifier(self, kind: int, octets: bytes, ts: int) -> None:
        if kind not in (SPNEGO, NTLM):
            return
        context = self._contexts.setdefault(kind, Gssapi(self._services))
        if kind == NTLM:
            context.ntlm(octets, ts)
        else:
            context.token(octets, ts)


def _is_whole(pdu: bytes) -> bool:
    """Whether a PDU has what it says of itself, where it lists contexts."""
    kind, flags, order = pdu[2], pdu[3], "<" if pdu[4] >> 4 else ">"
    if not flags & LAST_FRAGMENT or kind not in LISTS_OF_CONTEXTS:
        return True
    try:
        end = _accepted(pdu, order) if kind in ANSWERS else _offered(pdu)
    except (struct.error, IndexError):
        return False
    return end <= len(pdu)


def _offered(pdu: bytes) -> int:
    """Where the contexts of a bind end."""
    at = HEAD + 12
    for _ in range(pdu[HEAD + 8]):
        at += 4 + SYNTAX + pdu[at + 2] * SYNTAX
    return at


def _accepted(pdu: bytes, order: str) -> int:
    """Where the contexts of the answer to a bind end."""
    length: int = struct.unpack_from(order + "H", pdu, HEAD + 8)[0]
    at = HEAD + 10 + length
    at += -at % 4
    return at + 4 + pdu[at] * (4 + SYNTAX)


class DceRpc(Parser):
    """Reads an association directly over TCP.

    names: the services confirmed so far, in their order.
    """

    service: ClassVar[str] = SERVICE

    def __init__(self) -> None:
        super().__init__()
        self._services = Services(self.rows)
        self.names = self._services.names
        self._pdus = Pdus(self._services)

    def confirmed_names(self) -> list[str]:
        """Return the protocol and those within it, in the order in which they were confirmed."""
        return list(self.names)

    def data(self, side: int, octets: bytes, ts: int) -> None:
        """Read what comes next in the stream of a side, from a packet of that time."""
        if self.failed:
            return
        self._services.octets += len(octets)
        if not self._pdus.data(side, octets, ts):
            self._give_up("not_dce_rpc")
        self.confirmed = self.service in self.names

    def gap(self, side: int, count: int, ts: int) -> None:
        """Make the rows: behind a hole nothing is read."""
        self._give_up("content_gap")

    def end(self, ts: int) -> None:
        """Make the rows that wait for the end."""
        self._services.end()

    def _give_up(self, reason: str) -> None:
        self.failed = reason
        self._services.end()
        self.wants = [NOTHING, NOTHING]
