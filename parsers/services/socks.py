"""SOCKS: who asked the proxy for which address, and what it answered, until the inside begins.

SOCKS 4 and 4a (the memos "SOCKS: A protocol for TCP proxy across firewalls" and "SOCKS 4A"),
RFC 1928 and RFC 1929 for version 5. Rows and names as in Zeek: base/protocols/socks (main.zeek,
consts.zeek, dpd.sig), src/analyzer/protocol/socks. Zeek's reader stops at the answers of version
4, which have a 0 where it looks for the version; they are read here.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from enum import Enum, auto
from typing import Any, ClassVar, NamedTuple

from parsers.services.parser import NOTHING, ORIG, RESP, Parser

HELD_MAX = 1 << 16
"""What is kept of a client that does not wait for the answers."""

TEXT_MAX = 255
"""The longest user or name of version 4; those of version 5 have a byte for their length."""

CONNECT = 1
COMMANDS = (1, 2, 3)  # CONNECT, BIND, UDP ASSOCIATE
COMMANDS_4 = (1, 2)

NO_AUTHENTICATION, BY_PASSWORD, NONE_ACCEPTABLE = 0, 2, 255

IPV4, DOMAIN, IPV6 = 1, 3, 4
ADDRESS_SIZES = {IPV4: 4, IPV6: 16}

STATUSES_4 = {
    90: "succeeded",
    91: "general SOCKS server failure",
    92: "request failed because client is not running identd",
    93: "request failed because client's identd could not confirm the user ID string"
    " in the request",
}
STATUSES_5 = {
    0: "succeeded",
    1: "general SOCKS server failure",
    2: "connection not allowed by ruleset",
    3: "Network unreachable",
    4: "Host unreachable",
    5: "Connection refused",
    6: "TTL expired",
    7: "Command not supported",
    8: "Address type not supported",
}


class Awaits(Enum):
    """What is read next of a side."""

    CLIENT_GREETING = auto()
    CLIENT_REQUEST_4 = auto()
    CLIENT_METHODS = auto()
    CLIENT_PASSWORD = auto()
    CLIENT_REQUEST = auto()
    SERVER_REPLY_4 = auto()
    SERVER_METHOD = auto()
    SERVER_VERDICT = auto()
    SERVER_REPLY = auto()
    THE_OTHER = auto()


class Unreadable(ValueError):
    """The bytes are no SOCKS, or SOCKS that is not read further; its text says why."""


def begins(orig: bytes, resp: bytes) -> bool | None:
    """Whether first bytes of the two sides (either may be empty) are this protocol.

    None while too few bytes are there to tell. Both sides must speak: a few small numbers of a
    client alone tell nothing.
    """
    if not orig:
        return None if resp[:1] in (b"", b"\0", b"\5") else False
    answers = (_asks_5(orig), _chooses(orig, resp)) if orig[0] == 5 else _version_4(orig, resp)
    if False in answers:
        return False
    return True if all(answers) else None


def _asks_5(orig: bytes) -> bool | None:
    """Whether a client offers methods, and waits for the answer or goes on as it should."""
    if len(orig) < 2:
        return None
    beyond = orig[2 + orig[1] :]
    if not orig[1] or beyond[:1] not in (b"", b"\1", b"\5"):
        return False
    return True if len(orig) >= 2 + min(orig[1], 254) else None


def _chooses(orig: bytes, resp: bytes) -> bool | None:
    """Whether a server chooses one of the methods that it was offered."""
    if resp[:1] not in (b"", b"\5"):
        return False
    if len(resp) < 2 or len(orig) < 2:
        return None
    return resp[1] in orig[2 : 2 + orig[1]]


def _version_4(orig: bytes, resp: bytes) -> tuple[bool | None, bool | None]:
    """Whether a client asks, and whether a server answers it, in version 4."""
    if orig[0] != 4 or (len(orig) > 1 and orig[1] not in COMMANDS_4):
        return False, False
    user = orig[8:].partition(b"\0")
    asks = True if user[1] else None
    if len(user[0]) > TEXT_MAX or (resp and resp[0]) or (resp[1:] and resp[1] not in STATUSES_4):
        return False, False
    return asks, True if len(resp) >= 2 else None


class Message(NamedTuple):
    """A message: how many bytes it takes, as far as those that are there tell, and who reads it."""

    size: Callable[[bytearray], int]
    read: Callable[[Socks, bytes], None]


def _bytes(count: int) -> Callable[[bytearray], int]:
    return lambda _: count


def _methods_size(held: bytearray) -> int:
    return 2 if len(held) < 2 else 2 + held[1]


def _password_size(held: bytearray) -> int:
    if held[0] != 1:
        raise Unreadable("unknown_authentication_version")
    if len(held) < 2 or len(held) < 3 + held[1]:
        return 3 + (held[1] if len(held) > 1 else 0)
    return 3 + held[1] + held[2 + held[1]]


def _addressed_size(held: bytearray) -> int:
    """Four bytes, of which the last is the type of the address behind them, and a port."""
    if held[0] != 5:
        raise Unreadable("unknown_version")
    if len(held) < 5:
        return 5
    if held[3] == DOMAIN:
        return 5 + held[4] + 2
    if held[3] not in ADDRESS_SIZES:
        raise Unreadable("unknown_address_type")
    return 4 + ADDRESS_SIZES[held[3]] + 2


def _request_4_size(held: bytearray) -> int:
    """A user, and in version 4a a name, up to a 0 each."""
    end = 8
    for _ in range(1 + _is_4a(held)):
        begin, end = end, held.find(b"\0", end, end + TEXT_MAX + 1) + 1
        if not end:
            if len(held) > begin + TEXT_MAX:
                raise Unreadable("text_too_long")
            return max(len(held), 8) + 1
    return end


def _is_4a(request: bytes | bytearray) -> bool:
    """Whether a name follows: the address is none that could be meant."""
    return len(request) >= 8 and request[4:7] == bytes(3)


def _text(octets: bytes) -> str:
    return octets.decode("utf-8", "backslashreplace")


def _address(octets: bytes) -> str:
    return str(ipaddress.ip_address(octets))


class Socks(Parser):
    """Reads until the server has answered the request; the row is made then, and only then.

    passes_on: whether the server is connected, so that what comes next of both sides is another
        protocol. A second answer (BIND) and datagrams beside (UDP ASSOCIATE) are not that.
    rest: for each side what was read of that protocol already, in the pieces that came last.
    """

    service: ClassVar[str] = "socks"

    def __init__(self) -> None:
        super().__init__()
        self._held = [bytearray(), bytearray()]
        self._awaits = [Awaits.CLIENT_GREETING, Awaits.THE_OTHER]
        self._row: dict[str, Any] = {}
        self._command = 0
        self._now = 0

    def data(self, side: int, octets: bytes, ts: int) -> None:
        """Read what comes next in the stream of a side, from a packet of that time."""
        if self.failed or self.wants[side] == NOTHING:
            return
        self._held[side] += octets
        self._now = ts
        try:
            while self._read(ORIG) or self._read(RESP):
                pass
        except Unreadable as reason:
            self._give_up(str(reason))
        if len(self._held[ORIG]) > HELD_MAX:
            self._give_up("spoke_too_early")

    def gap(self, side: int, count: int, ts: int) -> None:
        """Give up, unless nothing more was wanted: behind a hole nothing is read."""
        if self.wants[side] != NOTHING:
            self._give_up("content_gap")

    def _read(self, side: int) -> bool:
        """Read a message of a side, if it is there and its turn has come."""
        held, awaits = self._held[side], self._awaits[side]
        if not held or self.wants[side] == NOTHING:
            return False
        if awaits is Awaits.THE_OTHER:
            if side == RESP:
                raise Unreadable("spoke_too_early")
            return False
        if awaits is Awaits.CLIENT_GREETING:
            self._greeted(held[0])
            return True
        message = self._MESSAGES[awaits]
        size = message.size(held)
        if len(held) < size:
            return False
        octets = bytes(held[:size])
        del held[:size]
        message.read(self, octets)
        return True

    def _give_up(self, reason: str) -> None:
        self.failed = reason
        self._finish()

    def _finish(self) -> None:
        self._held = [bytearray(), bytearray()]
        self.wants = [NOTHING, NOTHING]

    # What each message tells, and what it makes the two sides say next.

    def _greeted(self, version: int) -> None:
        if version == 4:
            self._awaits[ORIG] = Awaits.CLIENT_REQUEST_4
        elif version == 5:
            self._awaits[ORIG] = Awaits.CLIENT_METHODS
        else:
            raise Unreadable("not_socks")

    def _request_4(self, octets: bytes) -> None:
        if octets[1] not in COMMANDS_4:
            raise Unreadable("unknown_command")
        self._command = octets[1]
        self._tell(
            version=4,
            request_host=_address(octets[4:8]),
            request_p=int.from_bytes(octets[2:4]),
        )
        if _is_4a(octets):
            self._tell(request_name=_text(octets[8:].split(b"\0")[1]))
        self._requested()
        self._awaits = [Awaits.THE_OTHER, Awaits.SERVER_REPLY_4]

    def _reply_4(self, octets: bytes) -> None:
        if octets[0]:
            raise Unreadable("unknown_version")
        self._tell(
            status=STATUSES_4.get(octets[1], f"unknown-{octets[1]}"),
            bound_host=_address(octets[4:8]),
            bound_p=int.from_bytes(octets[2:4]),
        )
        self._answered()

    def _methods(self, octets: bytes) -> None:
        self._awaits = [Awaits.THE_OTHER, Awaits.SERVER_METHOD]

    def _method(self, octets: bytes) -> None:
        version, method = octets
        if version != 5:
            raise Unreadable("unknown_version")
        if method == NONE_ACCEPTABLE:
            self._finish()
        elif method == NO_AUTHENTICATION:
            self._awaits = [Awaits.CLIENT_REQUEST, Awaits.THE_OTHER]
        elif method == BY_PASSWORD:
            self._awaits = [Awaits.CLIENT_PASSWORD, Awaits.THE_OTHER]
        else:
            raise Unreadable("unsupported_authentication_method")

    def _password(self, octets: bytes) -> None:
        self._tell(version=5, user=_text(octets[2 : 2 + octets[1]]))
        self._awaits = [Awaits.THE_OTHER, Awaits.SERVER_VERDICT]

    def _verdict(self, octets: bytes) -> None:
        if octets[0] != 1:
            raise Unreadable("unknown_authentication_version")
        if octets[1]:
            self._finish()
        self._awaits = [Awaits.CLIENT_REQUEST, Awaits.THE_OTHER]

    def _request(self, octets: bytes) -> None:
        if octets[1] not in COMMANDS or octets[2]:
            raise Unreadable("unknown_command")
        self._command = octets[1]
        self._tell(version=5, **_addressed("request", octets))
        self._requested()
        self._awaits = [Awaits.THE_OTHER, Awaits.SERVER_REPLY]

    def _reply(self, octets: bytes) -> None:
        status = STATUSES_5.get(octets[1], f"unknown-{octets[1]}")
        self._tell(status=status, **_addressed("bound", octets))
        self._answered()

    def _tell(self, **values: Any) -> None:
        self._row = {"ts": self._now} | self._row | values

    def _requested(self) -> None:
        self.proxied.append((self._now, "SOCKS"))

    def _answered(self) -> None:
        self.confirmed = True
        self.rows.append(("socks", self._row))
        self.passes_on = self._row["status"] == "succeeded" and self._command == CONNECT
        if self.passes_on:
            self.rest = [bytes(held) for held in self._held]
        self._finish()

    _MESSAGES: ClassVar[dict[Awaits, Message]] = {
        Awaits.CLIENT_REQUEST_4: Message(_request_4_size, _request_4),
        Awaits.CLIENT_METHODS: Message(_methods_size, _methods),
        Awaits.CLIENT_PASSWORD: Message(_password_size, _password),
        Awaits.CLIENT_REQUEST: Message(_addressed_size, _request),
        Awaits.SERVER_REPLY_4: Message(_bytes(8), _reply_4),
        Awaits.SERVER_METHOD: Message(_bytes(2), _method),
        Awaits.SERVER_VERDICT: Message(_bytes(2), _verdict),
        Awaits.SERVER_REPLY: Message(_addressed_size, _reply),
    }


def _addressed(what: str, octets: bytes) -> dict[str, Any]:
    """The columns of an address or a name, and a port, behind four bytes."""
    if octets[3] == DOMAIN:
        host = {f"{what}_name": _text(octets[5:-2])}
    else:
        host = {f"{what}_host": _address(octets[4:-2])}
    return host | {f"{what}_p": int.from_bytes(octets[-2:])}
