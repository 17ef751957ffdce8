"""IKE over UDP, versions 1 and 2, and ESP and keep-alives beside it: a row for each IKE message.

Headers: RFC 2408 section 3.1, RFC 7296 section 3.1; exchanges: RFC 2408, 2409, 7296 and the IANA
registries; behind a NAT, with four zero bytes before: RFC 3947, 3948. Rows as in the Zeek package
spicy-ipsec, which reads on; here nothing is read once ESP goes both ways, for the tunnel is up then
and what is in it must cost nothing.
"""

from __future__ import annotations

import struct
from typing import Any, ClassVar, NamedTuple

from parsers.services.ike_logon import IkeLogon, Message
from parsers.services.ike_payloads import IKEV1, Offer, Unreadable, split
from parsers.services.parser import NOTHING, Parser

MARKER = bytes(4)
"""Before IKE where ESP may come too, in place of its SPI (RFC 3948 section 2.2)."""

KEEPALIVE = b"\xff"
SHORTEST_ESP = 16
"""SPI, sequence number and no less than a block of what they protect."""

MOST_ESP = 64
"""Datagrams with ESP that are passed by until both sides have sent some."""

HEADER = struct.Struct(">8s8sBBBBII")
NO_SPI = bytes(8)

ENCRYPTED, COMMIT, AUTHENTICATION = 0x01, 0x02, 0x04  # flags of version 1
INITIATOR, VERSION, RESPONSE = 0x08, 0x10, 0x20  # and of version 2
FLAGS = {
    "flag_e": ENCRYPTED,
    "flag_c": COMMIT,
    "flag_a": AUTHENTICATION,
    "flag_i": INITIATOR,
    "flag_v": VERSION,
    "flag_r": RESPONSE,
}
IDENTITY_PROTECTION, AGGRESSIVE, QUICK_MODE = 2, 4, 32
PHASE_1 = {1, IDENTITY_PROTECTION, 3, AGGRESSIVE}
IKE_SA_INIT = 34
PRIVATE = 128
"""Types of payloads from here on are the makers' own."""


class Rules(NamedTuple):
    """What a version has: its flags, kinds of exchanges and types of payloads."""

    flags: int
    exchanges: frozenset[int]
    payloads: frozenset[int]


VERSIONS = {
    0x10: Rules(
        ENCRYPTED | COMMIT | AUTHENTICATION,
        frozenset((*PHASE_1, 5, 6, QUICK_MODE, 33)),
        frozenset(
            (*range(1, 22), 130, 131, 132)
        ),  # the last are of drafts: NAT-D, NAT-OA, fragment
    ),
    0x20: Rules(
        INITIATOR | VERSION | RESPONSE,
        frozenset((*range(IKE_SA_INIT, 40), 43, 44)),
        frozenset(range(33, 55)),
    ),
}


class Header(NamedTuple):
    """What each message begins with."""

    initiator_spi: bytes
    responder_spi: bytes
    next_payload: int
    version: int
    exchange: int
    flags: int
    message_id: int
    length: int


def begins(orig: bytes, resp: bytes) -> bool | None:
    """Whether the first datagrams of the two sides (either may be empty) are this protocol.

    A keep-alive tells nothing. A message alone is enough: not every one is answered.
    """
    said = [octets for octets in (orig, resp) if octets not in (b"", KEEPALIVE)]
    try:
        headers = [_message(octets.removeprefix(MARKER))[0] for octets in said]
    except Unreadable:
        return False
    if not headers:
        return None
    return len({header.initiator_spi for header in headers}) == 1


def _message(octets: bytes) -> tuple[Header, Offer]:
    """Read a message; all of it must fit."""
    if len(octets) < HEADER.size:
        raise Unreadable("header_too_short")
    header = Header(*HEADER.unpack_from(octets))
    if header.length != len(octets) or not _is_valid(header):
        raise Unreadable("not_ike")
    offer = Offer()
    version = header.version >> 4
    if version == IKEV1 and header.flags & ENCRYPTED:
        return header, offer
    for kind, content in split(header.next_payload, octets[HEADER.size :]):
        if kind not in VERSIONS[header.version].payloads and kind < PRIVATE:
            raise Unreadable("unknown_payload")
        offer.read(version, kind, content)
    return header, offer


def _is_valid(header: Header) -> bool:
    rules = VERSIONS.get(header.version)
    return (
        rules is not None
        and header.initiator_spi != NO_SPI
        and header.exchange in rules.exchanges
        and header.flags & ~rules.flags == 0
        and header.next_payload in rules.payloads
        and (header.message_id == 0 or header.exchange not in (IKE_SA_INIT, *PHASE_1))
        and (header.message_id != 0 or header.exchange != QUICK_MODE)
        and (header.exchange != IKE_SA_INIT or _is_init(header))
    )


def _is_init(header: Header) -> bool:
    """Who asks is the initiator and knows no SPI of the other; who answers is not."""
    if header.flags & RESPONSE:
        return not header.flags & INITIATOR
    return bool(header.flags & INITIATOR) and header.responder_spi == NO_SPI


class Ike(Parser):
    """Reads each IKE message, and what is between them until ESP goes both ways."""

    service: ClassVar[str] = "spicy_ipsec_udp"

    def __init__(self) -> None:
        super().__init__()
        self._marked = False  # whether the other messages have a marker, so that there may be ESP
        self._spis = [b"", b""]  # the initiator's SPI in the last message of each side
        self._esp = [0, 0]
        self._logon = IkeLogon()

    def data(self, side: int, octets: bytes, ts: int) -> None:
        """Read a datagram of a side, from a packet of that time."""
        if self.failed or self.wants[side] == NOTHING or octets in (b"", KEEPALIVE):
            return
        if self._marked and not octets.startswith(MARKER):
            self._encapsulated(side, octets)
            return
        try:
            header, offer = _message(octets.removeprefix(MARKER))
        except Unreadable as reason:
            self._give_up(str(reason))
            return
        self._marked |= octets.startswith(MARKER)
        self._spis[side] = header.initiator_spi
        self.confirmed |= self._spis[0] == self._spis[1]
        self.rows.append(("ipsec", {"ts": ts, "is_orig": side == 0} | _row(header, offer)))
        message = Message(
            header.initiator_spi,
            header.version >> 4,
            header.exchange,
            header.flags,
            header.message_id,
            header.length,
        )
        self.rows += self._logon.message(side, message, ts)

    def end(self, ts: int) -> None:
        """Make the row of a logon that was not over."""
        self.rows += self._logon.ended(anew=False)

    def _encapsulated(self, side: int, octets: bytes) -> None:
        if len(octets) < SHORTEST_ESP:
            self._give_up("neither_ike_nor_esp")
            return
        self._esp[side] += 1
        if all(self._esp) or self._esp[side] == MOST_ESP:
            self.rows += self._logon.stands() if all(self._esp) else self._logon.ended(anew=False)
            self.wants = [NOTHING, NOTHING]

    def _give_up(self, reason: str) -> None:
        self.failed = reason
        self.wants = [NOTHING, NOTHING]


def _row(header: Header, offer: Offer) -> dict[str, Any]:
    return {
        "initiator_spi": header.initiator_spi.hex(),
        "responder_spi": header.responder_spi.hex(),
        "maj_ver": header.version >> 4,
        "min_ver": header.version & 15,
        "exchange_type": header.exchange,
        **{name: bool(header.flags & flag) for name, flag in FLAGS.items()},
        "message_id": header.message_id,
        **offer.columns(),
        "length": header.length,
    }
