"""Rows of the table `logon`, as logs of servers give them."""

from __future__ import annotations

import re
from typing import Any

from parsers.addresses import canonical
from parsers.errors import printable
from parsers.logons.message import Message, Unreadable

Row = dict[str, Any]
Endpoint = tuple[str | None, str | None]  # address and port

LONGEST_NAME = 256  # letters of a name that is kept
LONGEST_DETAIL = 200
LIKE_ADDRESS = re.compile(r"[\d.]+|[\da-fA-F]*:[\da-fA-F:.]*")
ENDPOINT = re.compile(r"(?:(?P<v4>[^\s:\[\]]+)|\[(?P<v6>[^\s\[\]]+)\]):(?P<port>\d{1,9})")
PORTS = 65_536


def logon(
    message: Message, service: str, outcome: str, user: str | None = None,
    client: Endpoint = (None, None), detail: str = "", **columns: Any,
) -> Row:  # fmt: skip
    """Make the row of an attempt to log on that ended.

    client: as the log names it; a name that is no address goes to `detail`.
    columns: any other column. Raises Unreadable where address or port are none.
    """
    told, address = _client(*client), client[0]
    if address and not told["orig_h"] and address.upper() != "UNKNOWN":
        detail = f"from {address}: {detail}" if detail else f"from {address}"
    return {
        "ts": message.ts,
        **told,
        "service": service,
        "user": bounded(user, LONGEST_NAME),
        "outcome": outcome,
        "attempts": message.times,
        "known_by": "server log",
        "confidence": 1.0,
        "detail": bounded(detail, LONGEST_DETAIL),
        "host": bounded(message.host, LONGEST_NAME),
        "event": "logon",
        "line": message.line,
        **columns,
    }


def event(message: Message, service: str, name: str, **columns: Any) -> Row:
    """Make the row of something else than an attempt, which has no outcome: logoff, lockout."""
    row = logon(message, service, "", **columns)
    return row | {"event": name, "outcome": None, "attempts": None}


def endpoint(text: str) -> Endpoint:
    """Split address and port: 192.0.2.1:22, [2001:db8::1]:22, or an address without a port."""
    found = ENDPOINT.fullmatch(text)
    return (found["v4"] or found["v6"], found["port"]) if found else (text or None, None)


def bounded(text: str | None, limit: int) -> str | None:
    """Escape what is not printable and cut; None for nothing."""
    return printable(text[:limit])[:limit] if text else None


def _client(address: str | None, port: str | None) -> Row:
    """The client's address, unset for a name, and its port."""
    found = canonical(address.partition("%")[0]) if address else None
    if address and not found and LIKE_ADDRESS.fullmatch(address):
        raise Unreadable("bad_address")
    number = int(port) if port else None
    if number is not None and number >= PORTS:
        raise Unreadable("bad_port")
    return {"orig_h": found, "orig_p": number}
