"""OpenVPN over UDP and TCP: resets of the two peers, until data flows both ways.

OpenVPN network protocol (openvpn-rfc of the OpenVPN project; ssl_pkt.h, tls_crypt.h). Names of the
services as in the Zeek package spicy-openvpn, which writes no log; the rows are those of the older
package bro-openvpn. The TLS inside of the control channel is not read.

The control channel comes bare, with an HMAC (tls-auth) or encrypted (tls-crypt), which nothing
announces: the size of the client's hard reset and its fixed bytes tell. A server proves that it
understood by acknowledging the reset with the client's session id; where that is encrypted, the
client proves it by going on.
"""

from __future__ import annotations

from typing import ClassVar, NamedTuple

from parsers.services.openvpn_logon import OpenvpnLogon
from parsers.services.parser import NOTHING, ORIG, RESP, Parser

SOFT_RESET, CONTROL_V1, ACK_V1, DATA_V1 = 3, 4, 5, 6
CLIENT_RESET_V2, SERVER_RESET_V2, DATA_V2, CLIENT_RESET_V3, CONTROL_WKC = 7, 8, 9, 10, 11
OPCODES = range(1, 12)
DATA = {DATA_V1, DATA_V2}
GOES_ON = {CONTROL_V1, ACK_V1, CONTROL_WKC}
EVENTS = {
    CLIENT_RESET_V2: "HARD RESET CLIENT_V2",
    CLIENT_RESET_V3: "HARD RESET CLIENT_V3",
    SERVER_RESET_V2: "HARD RESET SERVER_V2",
}
SOFT_RESETS = ("SOFT RESET CLIENT", "SOFT RESET SERVER")
ESTABLISHED = "TLS ESTABLISHED"

SESSION = slice(1, 9)
LENGTH_SIZE = 2
"""Over TCP the length of a message is before it."""

BARE, ACKNOWLEDGED = 14, 26
"""A client's reset: opcode, session id, no acknowledgements, packet id 0; and a server's to it."""

HMAC_SIZES = (16, 20, 28, 32, 48, 64)
REPLAY_SIZE = 8
"""Packet id and time, which are in every message of the wrapped kinds."""

CRYPT_REPLAY, CRYPT_TAG = SESSION.stop, 32
CRYPT_SIZE = REPLAY_SIZE + CRYPT_TAG
EARLY_NEGOTIATION = 6
"""A field that a server adds to its encrypted reset to tell what it can."""

CLIENT_KEY_SIZES = range(290, 1025)
"""A wrapped client key (tls-crypt-v2): tag, key of 256 bytes, metadata and its own length."""

MOST_RESETS = 255
"""How often a reset is repeated, at most: packet ids begin with 1."""

MOST_DATA = 64
"""Messages with data that are looked at until both sides have sent some."""


class Layout(NamedTuple):
    """How a control channel is wrapped.

    replay: where the packet id of the replay protection is, 0 for nowhere. shown: where the
    acknowledgements are, 0 where they are encrypted. answers: sizes of a server's reset.
    """

    replay: int
    shown: int
    answers: tuple[int, ...]


def _clear(hmac: int) -> Layout:
    more = hmac + REPLAY_SIZE if hmac else 0
    return Layout(SESSION.stop + hmac if hmac else 0, SESSION.stop + more, (ACKNOWLEDGED + more,))


CRYPT = Layout(
    CRYPT_REPLAY, 0, (ACKNOWLEDGED + CRYPT_SIZE, ACKNOWLEDGED + CRYPT_SIZE + EARLY_NEGOTIATION)
)
RESETS: dict[int, tuple[Layout, ...]] = {BARE: (_clear(0),)}
RESETS.update((BARE + REPLAY_SIZE + hmac, (_clear(hmac),)) for hmac in HMAC_SIZES)
RESETS[BARE + CRYPT_SIZE] += (CRYPT,)
"""By the size of a client's reset: how the channel may be wrapped."""

HEAD = max(RESETS)
"""Bytes of a client's reset that decide."""

NO_ACKNOWLEDGEMENT = bytes(5)
ONE_ACKNOWLEDGEMENT = b"\1" + bytes(4)


def begins(orig: bytes, resp: bytes) -> bool | None:
    """Whether the first datagrams of the two sides (either may be empty) are this protocol."""
    return _begin((orig, len(orig)) if orig else None, (resp, len(resp)) if resp else None)


def begins_tcp(orig: bytes, resp: bytes) -> bool | None:
    """Whether first bytes of the two streams (either may be empty) are this protocol.

    None while too few bytes are there to tell.
    """
    return _begin(_first(orig), _first(resp))


def _first(stream: bytes) -> tuple[bytes, int] | None:
    """The first message of a stream, as far as it is there, and its size, once its opcode is."""
    if len(stream) <= LENGTH_SIZE:
        return None
    size = int.from_bytes(stream[:LENGTH_SIZE])
    return stream[LENGTH_SIZE : LENGTH_SIZE + (size or 1)], size


def _begin(client: tuple[bytes, int] | None, server: tuple[bytes, int] | None) -> bool | None:
    layouts = None if client is None else _layouts(*client)
    if layouts == () or (server is not None and not _may_answer(*server)):
        return False
    if client is None or server is None or layouts is None:
        return None
    verdicts = {_answers(layout, client[0][SESSION], *server) for layout in layouts}
    return True if True in verdicts else None if None in verdicts else False


def _layouts(octets: bytes, size: int) -> tuple[Layout, ...] | None:
    """How the channel that this hard reset of a client opens may be wrapped; () if it is none.

    `octets` may be cut: None if too few of them are there.
    """
    opcode = octets[0] >> 3
    if octets[0] & 7 or opcode not in (CLIENT_RESET_V2, CLIENT_RESET_V3):
        return ()
    fits = _has_key if opcode == CLIENT_RESET_V3 else _has_no_key
    return fits(octets, size)


def _has_no_key(octets: bytes, size: int) -> tuple[Layout, ...] | None:
    may_be = RESETS.get(size, ())
    if may_be and len(octets) < size:
        return None
    return tuple(layout for layout in may_be if _resets(layout, octets))


def _has_key(octets: bytes, size: int) -> tuple[Layout, ...] | None:
    """The wrapped key is the last of the message, and its length the last of the key."""
    key = size - BARE - CRYPT_SIZE
    if key not in CLIENT_KEY_SIZES:
        return ()
    if len(octets) < CRYPT_REPLAY + 4:
        return None
    complete = len(octets) == size
    if complete and int.from_bytes(octets[-2:]) != key:
        return ()
    return (CRYPT,) if _is_first(octets, CRYPT_REPLAY, any_flags=True) else ()


def _resets(layout: Layout, octets: bytes) -> bool:
    if layout.shown and octets[layout.shown :] != NO_ACKNOWLEDGEMENT:
        return False
    return not layout.replay or _is_first(octets, layout.replay)


def _is_first(octets: bytes, at: int, *, any_flags: bool = False) -> bool:
    """Whether the packet id there is one of the first, with flags of a client in its upper half."""
    upper, lower = octets[at : at + 2], int.from_bytes(octets[at + 2 : at + 4])
    return 1 <= lower <= MOST_RESETS and (any_flags or upper == b"\0\0")


def _may_answer(octets: bytes, size: int) -> bool:
    """Whether bytes may be a server's hard reset, as far as they go and whatever was asked."""
    layouts = [layout for each in RESETS.values() for layout in each]
    return octets[0] == SERVER_RESET_V2 << 3 and any(size in layout.answers for layout in layouts)


def _answers(layout: Layout, session: bytes, octets: bytes, size: int) -> bool | None:
    """Whether this is a server's hard reset that answers the one of a session. None if cut."""
    if octets[0] != SERVER_RESET_V2 << 3 or size not in layout.answers:
        return False
    if len(octets) < size:
        return None
    if layout.replay and not _is_first(octets, layout.replay):
        return False
    acknowledges = ONE_ACKNOWLEDGEMENT + session + bytes(4)
    return not layout.shown or octets[layout.shown :] == acknowledges


class _Openvpn(Parser):
    """Reads messages until data flows both ways; every reset makes a row."""

    def __init__(self) -> None:
        super().__init__()
        self._layouts: tuple[Layout, ...] = ()
        self._sessions = [b"", b""]
        self._answered = False  # whether the server's reset fits the last one of the client
        self._data: list[int] = []  # the sides whose data was seen
        self._since = 0  # when the first data came
        self._messages = 0  # that had data
        self._logon: OpenvpnLogon | None = None

    def _message(self, side: int, octets: bytes, ts: int) -> None:
        opcode = octets[0] >> 3
        if opcode in (CLIENT_RESET_V2, CLIENT_RESET_V3) and side == ORIG:
            self._client_reset(octets, ts)
        elif not self._layouts or opcode not in OPCODES:
            self._give_up("not_openvpn")
        elif opcode == SERVER_RESET_V2 and side == RESP:
            self._server_reset(octets, ts)
        elif opcode in DATA:
            self._transport(side, ts)
        elif octets[SESSION] == self._sessions[side] and len(octets) > SESSION.stop:
            self._control(side, opcode, len(octets), ts)

    def _client_reset(self, octets: bytes, ts: int) -> None:
        if octets[SESSION] != self._sessions[ORIG]:  # a repeated one may acknowledge, too
            layouts = _layouts(octets, len(octets))
            if not layouts:
                self._give_up("not_openvpn")
                return
            self._layouts = layouts
            self._sessions = [octets[SESSION], b""]
            self._answered = False
            self._data, self._since = [], 0
            self._end_logon(anew=True)
            self._logon = OpenvpnLogon(ts)
        self._event(EVENTS[octets[0] >> 3], ts)

    def _server_reset(self, octets: bytes, ts: int) -> None:
        if octets[SESSION] != self._sessions[RESP]:
            size, session = len(octets), self._sessions[ORIG]
            fitting = [each for each in self._layouts if _answers(each, session, octets, size)]
            if not fitting:
                self._give_up("reset_not_acknowledged")
                return
            self._sessions[RESP] = octets[SESSION]
            self._answered = True
            self.confirmed |= all(layout.shown for layout in fitting)
        self._event(EVENTS[SERVER_RESET_V2], ts)

    def _control(self, side: int, opcode: int, size: int, ts: int) -> None:
        if self._logon is not None and opcode == ACK_V1:
            self._logon.acknowledge(side, ts)
        elif self._logon is not None and opcode in GOES_ON:
            self._logon.control(side, size, ts)
        if opcode in GOES_ON and side == ORIG and self._answered:
            self.confirmed = True
        elif opcode == SOFT_RESET:
            self._event(SOFT_RESETS[side], ts)

    def _transport(self, side: int, ts: int) -> None:
        """Take note of data: who was refused gets none."""
        if not self.confirmed:
            return
        self._messages += 1
        self._since = self._since or ts
        if side not in self._data:
            self._data.append(side)
        if len(self._data) == 2:
            self._event(ESTABLISHED, self._since)
            if self._logon is not None:
                self.rows.append(self._logon.stands())
            self._logon = None
        if len(self._data) == 2 or self._messages >= MOST_DATA:
            self._end_logon()
            self.wants = [NOTHING, NOTHING]

    def _end_logon(self, *, anew: bool = False) -> None:
        """Make the row of a session that had no data of both sides."""
        if self._logon is not None:
            self.rows += self._logon.ended(anew=anew)
        self._logon = None

    def end(self, ts: int) -> None:
        """Make the row of a logon that was not over."""
        self._end_logon()

    def _event(self, event: str, ts: int) -> None:
        self.rows.append(("openvpn", {"ts": ts, "ev": event}))

    def _give_up(self, reason: str) -> None:
        self.failed = reason
        self.wants = [NOTHING, NOTHING]


class OpenvpnUdp(_Openvpn):
    """OpenVPN, a message in each datagram."""

    service: ClassVar[str] = "spicy_openvpn_udp"

    def data(self, side: int, octets: bytes, ts: int) -> None:
        """Read a datagram of a side, from a packet of that time."""
        if not self.failed and self.wants[side] != NOTHING and octets:
            self._message(side, octets, ts)


class OpenvpnTcp(_Openvpn):
    """OpenVPN, with the length of each message before it."""

    service: ClassVar[str] = "spicy_openvpn_tcp"

    def __init__(self) -> None:
        super().__init__()
        self._held = [bytearray(), bytearray()]  # at most one message, of 65,535 bytes

    def data(self, side: int, octets: bytes, ts: int) -> None:
        """Read what comes next in the stream of a side, from a packet of that time."""
        held = self._held[side]
        held += octets if self.wants[side] != NOTHING else b""
        while self.wants[side] != NOTHING and len(held) > LENGTH_SIZE:
            size = int.from_bytes(held[:LENGTH_SIZE])
            message = bytes(held[LENGTH_SIZE : LENGTH_SIZE + min(size, HEAD)])
            if not size or not (self._layouts or _layouts(message, size) != ()):
                self._give_up("not_openvpn")
            elif len(held) >= LENGTH_SIZE + size:
                message = bytes(held[LENGTH_SIZE : LENGTH_SIZE + size])
                del held[: LENGTH_SIZE + size]
                self._message(side, message, ts)
            else:
                return

    def gap(self, side: int, count: int, ts: int) -> None:
        """Give up, unless nothing more was wanted: where the next message begins is not known."""
        if self.wants[side] != NOTHING:
            self._give_up("content_gap")
