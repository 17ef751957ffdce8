"""Stormshield Network Security: users of the firewall and of its VPN, and SSH to it.

Stormshield, SNS description of audit logs, `l_auth`. Confirmed on lines: SSH and OPENVPN.
Unconfirmed, from documentation: other methods, `User logged out`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from parsers.logons.message import Message
from parsers.logons.own_times import iso, when
from parsers.logons.pairs import pairs
from parsers.logons.rows import Row
from parsers.logons.told import Told, joined, row

BEGINS = re.compile(r"\bid=firewall time=\"[^\"]{1,40}\" fw=\"")
TEXTS: tuple[tuple[re.Pattern[str], Told], ...] = (
    (re.compile(r"fail|denied|refused|invalid", re.IGNORECASE), {"outcome": "failed"}),
    (re.compile(r"logged out|logout", re.IGNORECASE), {"event": "logoff"}),
    (re.compile(r"success|logged in|authenticated", re.IGNORECASE), {"outcome": "success"}),
)
SERVICES: Mapping[str, str] = {"openvpn": "openvpn", "ssh": "ssh", "ipsec": "ipsec"}


def is_of(message: Message) -> bool:
    """Whether a line is of an audit log."""
    return BEGINS.search(message.text[:256]) is not None and "logtype=" in message.text


class Reader:
    """Makes rows of lines; each tells all."""

    def read(self, message: Message) -> list[Row]:
        """Return the row of a line of the log of authentication."""
        said = pairs(message.text)
        text = said.get("msg", "")
        told = next((told for pattern, told in TEXTS if pattern.search(text)), None)
        if said.get("logtype") != "auth" or told is None:
            return []
        own, zoned = iso(said.get("time", ""), said.get("tz", ""))
        way = (said.get("method") or text.partition(" ")[0]).lower()
        about = {
            "ts": when(message, own, zoned=zoned),
            "host": said.get("fw"),
            "service": SERVICES.get(way, ""),
            "user": said.get("user"),
            "orig_h": said.get("src"),
            "detail": joined(text, said.get("method")),
        }
        return [row(message, about | told)]

    def end(self) -> list[Row]:
        """Return none: no row waits."""
        return []
