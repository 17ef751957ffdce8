"""What a line of an appliance tells, made a row: of values that may be placeholders or no address.

What a product writes where it knows nothing (`-`, `N/A`, `*****`) is left unset.
"""

from __future__ import annotations

import ipaddress
from typing import Any

from parsers.addresses import canonical
from parsers.logons.message import Message
from parsers.logons.rows import LONGEST_DETAIL, LONGEST_NAME, Row, bounded

Told = dict[str, Any]
"""What a line tells, by the names of columns."""

NOTHING = frozenset(("", "-", "n/a", "na", "none", "null", "(null)", "*****", "unknown"))
"""What products write, in small letters, where they know nothing."""

NAMES = ("user", "software", "session")


def row(message: Message, told: Told) -> Row:
    """Make a row of what a line tells.

    `ts` and `host` are the frame's where the line has none of its own. `orig_h` may be any text
    and `orig_p` text or a number: what is no address or port is unset. `event` is "logon" where
    it is not told; anything else has no outcome.
    """
    event = told.get("event", "logon")
    is_logon = event == "logon"
    return {
        "ts": told.get("ts") or message.ts,
        "orig_h": address(told.get("orig_h") or ""),
        "orig_p": port(told.get("orig_p")),
        "service": told.get("service") or None,
        "method": bounded(told.get("method"), LONGEST_NAME),
        **{name: bounded(value(told.get(name)), LONGEST_NAME) for name in NAMES},
        "outcome": told["outcome"] if is_logon else None,
        "attempts": message.times if is_logon else None,
        "known_by": "server log",
        "confidence": told.get("confidence", 1.0),
        "detail": bounded(told.get("detail"), LONGEST_DETAIL),
        "host": bounded(value(told.get("host")) or message.host, LONGEST_NAME),
        "event": event,
        "line": message.line,
    }


def value(told: object) -> str | None:
    """Return what a product tells, None where that is nothing."""
    text = "" if told is None else str(told).strip()
    return None if is_nothing(text) else text


def is_nothing(text: str) -> bool:
    """Whether a value is what products write where they know nothing."""
    return text.strip().lower() in NOTHING


def address(text: str) -> str | None:
    """Return an address in canonical form, without the zone of a link-local one; else None."""
    return canonical(text.strip().strip("[]").partition("%")[0])


def is_of_host(text: str) -> bool:
    """Whether an address, in canonical form, is the loopback of the host itself."""
    return ipaddress.ip_address(text).is_loopback


def port(told: object) -> int | None:
    """Return a port, of a number or of text; None where it is none, or 0."""
    text = str(told)
    return int(text) if text.isascii() and text.isdigit() and 0 < int(text[:6]) < 65_536 else None


def joined(*parts: str | None) -> str:
    """Return the parts of a detail that are something, with semicolons between."""
    return "; ".join(part.strip(" .") for part in parts if part and not is_nothing(part))
