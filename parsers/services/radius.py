"""RADIUS: who asked for access, what for, and whether it was given.

RFC 2865 sections 3 and 5 for messages and attributes, RFC 2868 for tunnels. Rows as Zeek makes
them: base/protocols/radius/main.zeek, src/analyzer/protocol/radius.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Any, ClassVar

from parsers.services.recogniser import Recogniser

HEADER_SIZE, LONGEST = 20, 4096
REQUEST, ACCEPT, REJECT, CHALLENGE = 1, 2, 3, 11
CODES = frozenset((REQUEST, ACCEPT, REJECT, 4, 5, CHALLENGE, 12, 13, *range(40, 46)))
HEAD = re.compile(b"(?s)[%b].{19}" % re.escape(bytes(sorted(CODES))))
RESULTS = {ACCEPT: "success", REJECT: "failed"}
UNKNOWN = "unknown"  # the result where no answer came

NOT_HEXADECIMAL = re.compile(rb"[^0-9A-Fa-f]")
HARDWARE_ADDRESS_DIGITS = (12, 16)


def begins(orig: bytes, resp: bytes) -> bool | None:
    """Whether first datagrams of the two sides (either may be empty) are this protocol."""
    return Radius.begins(orig, resp)


def is_message(octets: bytes) -> bool:
    """Whether it is a message of a known code, as long as it says, full of attributes."""
    return _can_be_read(octets) and int.from_bytes(octets[2:4]) == len(octets)


def _can_be_read(octets: bytes) -> bool:
    """Whether Zeek can read it, which takes it to be as long as the datagram is."""
    return (
        octets[0] in CODES
        and HEADER_SIZE <= len(octets) <= LONGEST
        and _attributes(octets) is not None
    )


def _attributes(octets: bytes) -> dict[int, bytes] | None:
    """The first attribute of each type; none if they do not fill the message."""
    found: dict[int, bytes] = {}
    at = HEADER_SIZE
    while at < len(octets):
        size = int.from_bytes(octets[at + 1 : at + 2])
        if size < 2 or at + size > len(octets):
            return None
        found.setdefault(octets[at], octets[at + 2 : at + size])
        at += size
    return found if at == len(octets) else None


def _unreadable(octets: bytes) -> bool:
    return _attributes(octets) is None


def _text(value: bytes) -> str:
    return value.decode(errors="backslashreplace")


def _hardware_address(value: bytes) -> str:
    """Six or eight bytes in hexadecimal, whatever is between them; else nothing."""
    digits = NOT_HEXADECIMAL.sub(b"", value).decode().lower()
    if len(digits) not in HARDWARE_ADDRESS_DIGITS:
        return ""
    return ":".join(digits[at : at + 2] for at in range(0, len(digits), 2))


def _address(value: bytes) -> str:
    return str(ipaddress.IPv4Address(value[:4] if len(value) >= 4 else 0))


COLUMNS: Mapping[int, tuple[tuple[int, str, Any], ...]] = {
    REQUEST: (
        (1, "username", _text),  # User-Name
        (31, "mac", _hardware_address),  # Calling-Station-Id
        (66, "tunnel_client", _text),  # Tunnel-Client-Endpoint
        (77, "connect_info", _text),  # Connect-Info
    ),
    CHALLENGE: (
        (8, "framed_addr", _address),  # Framed-IP-Address
        (18, "reply_msg", _text),  # Reply-Message
    ),
}
"""By the message's code: attributes, the columns that their first values fill, and how.

Zeek reads what an Access-Challenge says, and nothing of an Access-Accept.
"""


class Radius(Recogniser):
    """Makes a row for each answer that grants or refuses, and one at the end for what had none."""

    service: ClassVar[str] = "radius"
    is_message = staticmethod(is_message)
    violates = staticmethod(_unreadable)

    @classmethod
    def reads(cls, octets: bytes) -> bool:
        """Whether it is one, whatever length it says."""
        return _can_be_read(octets)

    def __init__(self) -> None:
        super().__init__()
        self._row: dict[str, Any] = {}

    def data(self, side: int, octets: bytes, ts: int) -> None:
        """Read a datagram of a side."""
        super().data(side, octets, ts)
        if self.failed:
            self.end(ts)
        elif self.confirmed and (attributes := _attributes(octets)) is not None:
            self._fill(octets[0], attributes, ts)

    def end(self, ts: int) -> None:
        """Make the row of what had no answer."""
        if self._row:
            self._finish(UNKNOWN)

    def settled(self) -> None:
        """Want more: there are rows to come, and they change nothing in the name."""

    def _fill(self, code: int, attributes: Mapping[int, bytes], ts: int) -> None:
        row = self._row
        row.setdefault("ts", ts)
        for type_, column, read in COLUMNS.get(code, ()):
            if type_ in attributes and column not in row:
                row[column] = read(attributes[type_])
        if code in RESULTS:
            row["ttl"] = ts - row["ts"] or None
            self._finish(RESULTS[code])

    def _finish(self, result: str) -> None:
        self._row["result"] = result
        self.rows.append(("radius", self._row))
        self._row = {}
