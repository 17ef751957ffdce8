"""RFB, which VNC speaks: versions, security type, its outcome and the desktop, until that is known.

RFC 6143 section 7 for versions 3.3, 3.7 and 3.8; Apple's 003.889 speaks as 3.7 does. Rows, names
and what may follow what as in Zeek: base/protocols/rfb (main.zeek, dpd.sig),
src/analyzer/protocol/rfb.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto
from typing import Any, ClassVar, NamedTuple

from parsers.services.parser import NOTHING, ORIG, RESP, Parser
from parsers.services.vencrypt import Vencrypt
from parsers.services.vnc_logon import VENCRYPT, VncLogon

LONGEST_TEXT = 65_535
"""The longest reason or name of a desktop: a longer one is no RFB."""

HELD_UNTIL_GREETED = 1024
"""What is kept of a side until the other one has greeted: Zeek's `dpd_buffer_size`."""

GREETING = b"RFB ddd.ddd\n"
"""ProtocolVersion, `d` a digit."""

DIGITS = b"0123456789"

TOLD_BY = 3
"""As many bytes of it, from both sides, make Zeek read the connection."""

SECURITY_TYPES = {
    0: "Invalid",
    1: "None",
    2: "VNC",
    16: "Tight",
    17: "Ultra",
    18: "TLS",
    19: "VeNCrypt",
    20: "GTK-VNC SASL",
    21: "MD5 hash authentication",
    22: "Colin Dean xvp",
    30: "Apple Remote Desktop",
}
"""Zeek's names; every other type is RealVNC's."""

OTHER_SECURITY_TYPE = "RealVNC"


class Awaits(Enum):
    """What is read next of a side."""

    CLIENT_VERSION = auto()
    CLIENT_CHOICE = auto()
    CLIENT_VNC_RESPONSE = auto()
    CLIENT_ARD_RESPONSE = auto()
    CLIENT_INIT = auto()
    SERVER_VERSION = auto()
    SERVER_CHOICE = auto()
    SERVER_TYPES = auto()
    SERVER_VNC_CHALLENGE = auto()
    SERVER_ARD_CHALLENGE = auto()
    SERVER_RESULT = auto()
    SERVER_REASON = auto()
    SERVER_INIT = auto()
    THE_OTHER = auto()


class Unreadable(ValueError):
    """The bytes are no RFB, or RFB that is not read further; its text says why."""


def begins(orig: bytes, resp: bytes) -> bool | None:
    """Whether first bytes of the two sides (either may be empty) are this protocol.

    None while too few bytes are there to tell. A greeting of the originator alone tells nothing:
    it is the server who speaks first.
    """
    if not (_greets(orig) and _greets(resp)):
        return False
    return True if len(resp) >= len(GREETING) else None


def _greets(octets: bytes) -> bool:
    """Whether bytes are a greeting, as far as they go."""
    pairs = zip(octets, GREETING, strict=False)
    return all(octet in DIGITS if want == ord("d") else octet == want for octet, want in pairs)


class Message(NamedTuple):
    """A message: how many bytes it takes, as far as those that are there tell, and who reads it."""

    size: Callable[[Rfb, bytearray], int]
    read: Callable[[Rfb, bytes], None]


def _bytes(count: int) -> Callable[[Rfb, bytearray], int]:
    return lambda _, __: count


def _with_text(head: int) -> Callable[[Rfb, bytearray], int]:
    """So many bytes, the last four of which are the length of the text behind them."""

    def size(_: Rfb, held: bytearray) -> int:
        if len(held) < head:
            return head
        length = int.from_bytes(held[head - 4 : head])
        if length > LONGEST_TEXT:
            raise Unreadable("text_too_long")
        return head + length

    return size


def _list_of_types(_: Rfb, held: bytearray) -> int:
    return 1 + held[0]


def _ard_challenge_size(_: Rfb, held: bytearray) -> int:
    """Generator and length of the key, prime and public key of that length."""
    return 4 if len(held) < 4 else 4 + 2 * int.from_bytes(held[2:4])


def security_type(number: int) -> str:
    """Zeek's name of a security type."""
    return SECURITY_TYPES.get(number, OTHER_SECURITY_TYPE)


def _text(octets: bytes) -> str:
    return octets.decode(errors="backslashreplace")


class Rfb(Parser):
    """Reads until the server has described its desktop; the row is made then, or at the end."""

    service: ClassVar[str] = "rfb"

    def __init__(self) -> None:
        super().__init__()
        self._held = [bytearray(), bytearray()]
        self._awaits = [Awaits.CLIENT_VERSION, Awaits.SERVER_VERSION]
        self._order: list[int] = []  # the sides, who spoke first before the other
        self._both_greet = False
        self._row: dict[str, Any] = {}
        self._minor = 0  # of the client's version, which is the one that is spoken
        self._key_length = 0  # of Apple's key exchange
        self._now = 0
        self._logon = VncLogon()

    def data(self, side: int, octets: bytes, ts: int) -> None:
        """Read what comes next in the stream of a side, from a packet of that time."""
        if self.failed or self.wants[side] == NOTHING:
            return
        self._now = ts
        self._held[side] += octets
        if octets and side not in self._order:
            self._order.append(side)
        try:
            if self._both_greet:
                self._read(side, ts)
            elif self._greeted():
                self._both_greet = True
                for earlier in self._order:
                    self._read(earlier, ts)
        except Unreadable as reason:
            self._give_up(str(reason))
            self.confirmed = False  # as Zeek takes back the name of a protocol that it misread

    def gap(self, side: int, count: int, ts: int) -> None:
        """Make the row, unless nothing more was wanted: behind a hole nothing is read."""
        if self.wants[side] != NOTHING:
            self._give_up("content_gap")

    def end(self, ts: int) -> None:
        """Make the row of a connection that came to no desktop."""
        self._finish()

    def _greeted(self) -> bool:
        """Whether both sides have begun to greet: Zeek reads from then on."""
        for held in self._held:
            if not GREETING.startswith(bytes(held[:TOLD_BY])):
                raise Unreadable("not_rfb")
            if len(held) > HELD_UNTIL_GREETED:
                raise Unreadable("greeting_missing")
        return all(len(held) >= TOLD_BY for held in self._held)

    def _read(self, side: int, ts: int) -> None:
        held = self._held[side]
        while held and self.wants[side] != NOTHING:
            message = self._MESSAGES[self._awaits[side]]
            size = message.size(self, held)
            if len(held) < size:
                return
            octets = bytes(held[:size])
            del held[:size]
            message.read(self, octets)
            if self._row:
                self._row.setdefault("ts", ts)

    def _give_up(self, reason: str) -> None:
        self.failed = reason
        self._finish()

    def _finish(self) -> None:
        if self._row:
            self.rows += [("rfb", self._row), *self._logon.rows()]
        self._row = {}
        self._held = [bytearray(), bytearray()]
        self.wants = [NOTHING, NOTHING]

    # What each message tells, and what it makes the two sides say next.

    def _client_version(self, octets: bytes) -> None:
        minor = self._version("client", octets)
        self._minor = int(minor) if minor.isdigit() else 0
        self._awaits = (
            [Awaits.CLIENT_CHOICE, Awaits.SERVER_TYPES]
            if self._minor >= 7
            else [Awaits.THE_OTHER, Awaits.SERVER_CHOICE]
        )
        self.confirmed = True

    def _server_version(self, octets: bytes) -> None:
        self._version("server", octets)
        self._awaits[RESP] = Awaits.THE_OTHER

    def _version(self, who: str, octets: bytes) -> bytes:
        major, minor = octets[4:7], octets[8:11]
        if octets[:4] != GREETING[:4] or octets[7:8] != GREETING[7:8]:
            raise Unreadable("not_rfb")
        self._row[f"{who}_major_version"] = _text(major)
        self._row[f"{who}_minor_version"] = _text(minor)
        return minor

    def _server_choice(self, octets: bytes) -> None:
        """Follow what a server of version 3.3 decides; 0 means that it refuses."""
        chosen = int.from_bytes(octets)
        self._security_type(chosen)
        follows = {
            0: [Awaits.CLIENT_INIT, Awaits.SERVER_REASON],
            1: [Awaits.CLIENT_INIT, Awaits.SERVER_INIT],
            2: [Awaits.CLIENT_VNC_RESPONSE, Awaits.SERVER_VNC_CHALLENGE],
        }
        if chosen not in follows:
            raise Unreadable("unknown_security_type")
        self._awaits = follows[chosen]

    def _server_types(self, octets: bytes) -> None:
        refused = octets[0] == 0  # no types, but a reason
        self._logon.offered = sorted({security_type(each) for each in octets[1:]})
        self._awaits[RESP] = Awaits.SERVER_REASON if refused else Awaits.THE_OTHER

    def _client_choice(self, octets: bytes) -> None:
        chosen = octets[0]
        self._security_type(chosen)
        after_none = Awaits.SERVER_RESULT if self._minor > 7 else Awaits.SERVER_INIT
        follows = {
            1: [Awaits.CLIENT_INIT, after_none],
            2: [Awaits.CLIENT_VNC_RESPONSE, Awaits.SERVER_VNC_CHALLENGE],
            # How long the client's part is, the server says.
            30: [Awaits.THE_OTHER, Awaits.SERVER_ARD_CHALLENGE],
        }
        if chosen == VENCRYPT:
            self._pass_on()
        elif chosen not in follows:
            raise Unreadable("unknown_security_type")
        else:
            self._awaits = follows[chosen]

    def _pass_on(self) -> None:
        """Leave what VeNCrypt does to who reads it; Zeek reads no further."""
        self.confirmed = False
        self.passes_on, self.successor = True, Vencrypt()
        self.rest = [bytes(held) for held in self._held]
        self._finish()

    def _security_type(self, chosen: int) -> None:
        self._row["authentication_method"] = security_type(chosen)
        self._logon.choose(chosen, self._now)

    def _vnc_challenge(self, _: bytes) -> None:
        self._awaits[RESP] = Awaits.SERVER_RESULT

    def _ard_challenge(self, octets: bytes) -> None:
        self._key_length = int.from_bytes(octets[2:4])
        self._awaits = [Awaits.CLIENT_ARD_RESPONSE, Awaits.SERVER_RESULT]

    def _ard_response_size(self, _: bytearray) -> int:
        return 2 * self._key_length

    def _response(self, _: bytes) -> None:
        self._logon.answered = True
        self._awaits[ORIG] = Awaits.CLIENT_INIT

    def _result(self, octets: bytes) -> None:
        result = int.from_bytes(octets)
        self._row["auth"] = self._logon.result = result == 0
        if result > 1:
            raise Unreadable("unknown_security_result")
        self._awaits[RESP] = Awaits.SERVER_REASON if result else Awaits.SERVER_INIT

    def _reason(self, _: bytes) -> None:
        # The server should close now; Zeek looks whether it goes on all the same.
        self._awaits[RESP] = Awaits.SERVER_INIT

    def _client_init(self, octets: bytes) -> None:
        self._row["share_flag"] = octets != b"\0"
        self.wants[ORIG] = NOTHING

    def _server_init(self, octets: bytes) -> None:
        self._row |= {
            "desktop_name": _text(octets[24:]),
            "width": int.from_bytes(octets[:2]),
            "height": int.from_bytes(octets[2:4]),
        }
        self._logon.desktop = True
        self._finish()

    def _too_early(self, _: bytes) -> None:
        raise Unreadable("spoke_too_early")

    _MESSAGES: ClassVar[dict[Awaits, Message]] = {
        Awaits.CLIENT_VERSION: Message(_bytes(12), _client_version),
        Awaits.CLIENT_CHOICE: Message(_bytes(1), _client_choice),
        Awaits.CLIENT_VNC_RESPONSE: Message(_bytes(16), _response),
        Awaits.CLIENT_ARD_RESPONSE: Message(_ard_response_size, _response),
        Awaits.CLIENT_INIT: Message(_bytes(1), _client_init),
        Awaits.SERVER_VERSION: Message(_bytes(12), _server_version),
        Awaits.SERVER_CHOICE: Message(_bytes(4), _server_choice),
        Awaits.SERVER_TYPES: Message(_list_of_types, _server_types),
        Awaits.SERVER_VNC_CHALLENGE: Message(_bytes(16), _vnc_challenge),
        Awaits.SERVER_ARD_CHALLENGE: Message(_ard_challenge_size, _ard_challenge),
        Awaits.SERVER_RESULT: Message(_bytes(4), _result),
        Awaits.SERVER_REASON: Message(_with_text(4), _reason),
        Awaits.SERVER_INIT: Message(_with_text(24), _server_init),
        Awaits.THE_OTHER: Message(_bytes(1), _too_early),
    }
