"""RDP over TCP: the negotiation, and without TLS the greeting of client and server.

Packets of TPKT (RFC 1006 section 6) with X.224 in them (MS-RDPBCGR 2.2.1.1 and 2.2.1.2); what a
data packet says is read by `parsers.services.rdp_connect`. Rows and names as in Zeek:
base/protocols/rdp (main.zeek, consts.zeek, dpd.sig), src/analyzer/protocol/rdp. Once the server
chooses TLS, `Rdp.tls_begins`, or has answered the client in the clear, nothing more tells.
"""

from __future__ import annotations

import re
from typing import Any, ClassVar

from parsers.services import rdp_logon
from parsers.services.parser import NOTHING, RESP, Parser
from parsers.services.rdp_connect import Unreadable, connect_initial, connect_response
from parsers.services.rdp_names import FAILURES, SECURITY_PROTOCOLS, name_of

CHECK_INTERVAL = 10_000_000_000
"""The row is made so many nanoseconds after it was begun: Zeek's `rdp_check_interval`."""

TPKT_VERSION = 3
TPKT_HEAD = 4  # version, reserved, length; a packet is at most 65,535 bytes

CONNECTION_REQUEST, CONNECTION_CONFIRM, DATA = 0xE0, 0xD0, 0xF0
NEGOTIATION_RESPONSE, NEGOTIATION_FAILURE = 2, 3
CONNECT_INITIAL, CONNECT_RESPONSE = b"\x7f\x65", b"\x7f\x66"

FIXED = 7
"""Bytes of a connection's request or confirm in front of its variable part."""

REQUEST = re.compile(
    rb"(?:Cookie: mstshash=([^\r]*)\r\n|(?:Cookie: msts=|tsv://)[^\r]*\r\n)?"
    rb"(?:\x01.\x08\0.{4}(?:\x06\0\x24\0.{32})?)?",
    re.DOTALL,
)
"""The variable part of a request: cookie or routing token, negotiation request, correlation."""

EMPTY_TOKEN = b"\r\n"
"""The whole variable part of some scanners' requests, which Zeek cannot read."""

TELLING_CHANNELS = {"rdpdr", "rdpsnd", "drdynvc", "cliprdr"}
"""By these, in a client's greeting, Zeek knows RDP that it failed to read before."""

ANY = -1
REQUEST_HEAD = (3, 0, 0, ANY, ANY, CONNECTION_REQUEST, 0, 0, ANY, ANY, 0)
CONFIRM_HEAD = (3, 0, 0, ANY, ANY, CONNECTION_CONFIRM, ANY, ANY, ANY, ANY, 0)


def begins(orig: bytes, resp: bytes) -> bool | None:
    """Whether first bytes of the two sides (either may be empty) are this protocol.

    None while too few bytes are there to tell. The request tells; the server may be silent.
    """
    if not (_heads(orig, REQUEST_HEAD) and _heads(resp, CONFIRM_HEAD)):
        return False
    if len(orig) <= TPKT_HEAD or len(orig) < orig[3]:
        return None
    variable = orig[TPKT_HEAD + FIXED : orig[3]]
    return bool(REQUEST.fullmatch(variable)) or variable == EMPTY_TOKEN


def _heads(octets: bytes, head: tuple[int, ...]) -> bool:
    """Whether a packet's first bytes are these, as far as they go, and its two lengths agree."""
    if len(octets) > TPKT_HEAD and (octets[3] < len(head) or octets[3] != octets[4] + 5):
        return False
    pairs = zip(octets, head, strict=False)
    return all(want in (ANY, octet) for octet, want in pairs)


class Rdp(Parser):
    """Reads until TLS begins or the server has answered the client's greeting.

    tls_begins: whether the server chose TLS or CredSSP. All that comes after the bytes with which
        this becomes true is TLS, on both sides.
    """

    service: ClassVar[str] = "rdp"

    def __init__(self) -> None:
        super().__init__()
        self.tls_begins = False
        self._held = [bytearray(), bytearray()]
        self._row: dict[str, Any] = {"cert_count": 0}
        self._begun: int | None = None
        self._request_unread = False
        self._answered = False  # by any packet of TPKT
        self._written = False

    def data(self, side: int, octets: bytes, ts: int) -> None:
        """Read what comes next in the stream of a side, from a packet of that time."""
        if self.failed or self.wants[side] == NOTHING:
            return
        if self._begun is not None and ts - self._begun > CHECK_INTERVAL:
            self._write()
        held = self._held[side]
        held += octets
        try:
            while self.wants[side] != NOTHING and (packet := _packet(held)):
                self._answered |= side == RESP
                self._x224(packet, ts)
        except Unreadable as reason:
            if side == RESP and not self._answered:
                self._written = True  # no server of RDP: the request was a scanner's guess
            self._give_up(str(reason))
            self.confirmed = False  # as Zeek takes back the name of a protocol that it misread

    def gap(self, side: int, count: int, ts: int) -> None:
        """Make the row, unless nothing more was wanted: behind a hole nothing is read."""
        if self.wants[side] != NOTHING:
            self._give_up("content_gap")

    def end(self, ts: int) -> None:
        """Make the row of a connection that went no further."""
        self._finish()

    def _x224(self, packet: bytes, ts: int) -> None:
        kind = packet[1]
        if kind == CONNECTION_REQUEST:
            self._connection_request(packet, ts)
        elif kind == CONNECTION_CONFIRM:
            self._connection_confirm(packet, ts)
        elif kind == DATA:
            self._data(packet, ts)

    def _connection_request(self, packet: bytes, ts: int) -> None:
        request = REQUEST.fullmatch(packet[FIXED:])
        if request and len(packet) >= FIXED:
            cookie = request[1] or b""
            self._row["cookie"] = cookie.decode(errors="backslashreplace")
            self._begin(ts)
        elif self._begun is None:
            self._request_unread = True
        else:
            raise Unreadable("unreadable_request")

    def _connection_confirm(self, packet: bytes, ts: int) -> None:
        if packet[0] == FIXED - 1:  # the server does not negotiate
            return
        kind, code = packet[FIXED : FIXED + 1], packet[FIXED + 4 : FIXED + 8]
        if len(code) < 4 or kind[0] not in (NEGOTIATION_RESPONSE, NEGOTIATION_FAILURE):
            raise Unreadable("unreadable_confirm")
        number = int.from_bytes(code, "little")
        self._begin(ts)
        if kind[0] == NEGOTIATION_FAILURE:
            self._row["result"] = name_of(number, FAILURES, "failure_code")
            return
        self._row["security_protocol"] = name_of(number, SECURITY_PROTOCOLS, "security_protocol")
        if number:
            self._row.setdefault("result", "encrypted")
            self.tls_begins = True
            self.asks = rdp_logon.asks(number, self._row.get("cookie", ""))
            self._finish()

    def _data(self, packet: bytes, ts: int) -> None:
        kind, body = packet[3:5], packet[5:]
        if len(kind) < 2:
            raise Unreadable("message_too_short")
        if kind == CONNECT_INITIAL:
            self._begin(ts)
            connect_initial(body, self._row)
            self.confirmed = "keyboard_layout" in self._row
            if self._request_unread:
                self._recognize(ts)
        elif kind == CONNECT_RESPONSE:
            self._begin(ts)
            connect_response(body, self._row)
            self.confirmed = True
            self._finish()
            self.rows.append(rdp_logon.classic(ts, self._row.get("cookie", "")))

    def _begin(self, ts: int) -> None:
        if self._begun is None and not self._request_unread:
            self._begun = ts

    def _recognize(self, ts: int) -> None:
        """Begin the row here, and end it: Zeek reads all again, and fails at the same request."""
        if TELLING_CHANNELS.intersection(self._row.get("client_channels", ())):
            self._begun = ts
        raise Unreadable("unreadable_request")

    def _give_up(self, reason: str) -> None:
        self.failed = reason
        self._finish()

    def _finish(self) -> None:
        self._write()
        self._held = [bytearray(), bytearray()]
        self.wants = [NOTHING, NOTHING]

    def _write(self) -> None:
        """Make the row, once, and where it tells anything."""
        tells = self._row.keys() & {"cookie", "keyboard_layout", "result"}
        if self._begun is not None and tells and not self._written:
            self.rows.append(("rdp", {"ts": self._begun} | self._row))
        self._written = True


def _packet(held: bytearray) -> bytes:
    """Take a packet of TPKT from the front, without its head; none where it is not whole yet."""
    if held and held[0] != TPKT_VERSION:
        raise Unreadable("not_tpkt")
    if len(held) < TPKT_HEAD:
        return b""
    length = int.from_bytes(held[2:4])
    if length < TPKT_HEAD + 2:
        raise Unreadable("packet_too_short")
    if len(held) < length:
        return b""
    packet = bytes(held[TPKT_HEAD:length])
    del held[:length]
    return packet
