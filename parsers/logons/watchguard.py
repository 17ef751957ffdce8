"""WatchGuard Firebox: users of its VPN and of the firewall, and its management.

WatchGuard, Fireware Log Catalog, 1100-0004 and 1100-0005, 3E00-0002 and 3E00-0004. Confirmed on
a line: a rejection of SSLVPN. Unconfirmed, from documentation: the others.

Its SSL VPN is OpenVPN.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from parsers.logons.message import Message
from parsers.logons.rows import Row
from parsers.logons.told import joined, row

LONGEST = 2048

# The client's name may hold brackets: the address is what the firewall writes last.
ANSWERED = re.compile(
    r"Authentication of (?P<kind>\w[\w -]{0,40}) user \[(?P<user>.*)\] from (?P<orig_h>[\w.:]+) "
    r"was (?P<result>accepted|rejected)(?:, (?P<reason>[^\"\t#]*))?",
    re.DOTALL,
)
MANAGED = re.compile(
    r"(?P<kind>Management) user (?P<user>.*) from (?P<orig_h>[\w.:]+) (?P<result>logged in|log in "
    r"attempt was rejected)(?: - (?P<reason>[^\"\t#]*))?",
    re.DOTALL,
)
SUCCEEDED = frozenset(("accepted", "logged in"))
SERVICES: Mapping[str, str] = {
    "sslvpn": "openvpn",
    "ikev2": "ipsec",
    "ikev2 vpn": "ipsec",
    "ipsec": "ipsec",
    "ipsec vpn": "ipsec",
    "l2tp": "l2tp",
    "pptp": "pptp",
}
HOST = re.compile(r"host_name=([^\s#]{1,255})")


def is_of(message: Message) -> bool:
    """Whether a line is one of its answers to a user, or says that it is the product's."""
    text = message.text[:LONGEST]
    return "|WatchGuard|" in text[:64] or "Authentication of " in text or "Management user " in text


class Reader:
    """Makes rows of answers; each tells all."""

    def read(self, message: Message) -> list[Row]:
        """Return the row of a line, if it tells of a logon."""
        text = message.text[:LONGEST]
        found = ANSWERED.search(text) or MANAGED.search(text)
        if found is None:
            return []
        host = HOST.search(text)
        told = {
            "host": host[1] if host else None,
            "service": SERVICES.get(found["kind"].lower(), ""),
            "user": found["user"],
            "orig_h": found["orig_h"],
            "outcome": "success" if found["result"] in SUCCEEDED else "failed",
            "detail": joined(found["reason"], found["kind"]),
        }
        return [row(message, told)]

    def end(self) -> list[Row]:
        """Return none: no row waits."""
        return []
