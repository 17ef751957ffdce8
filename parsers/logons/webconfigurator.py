"""The web interfaces of pfSense and OPNsense (auth.inc, authgui.inc of both)."""

from __future__ import annotations

import re

from parsers.logons.message import Message, Unreadable
from parsers.logons.rows import Row, event, logon

PROGRAMS = frozenset(("php-fpm", "php", "audit", "configd.py", "opnsense", "pfsense"))
WHO = r"for (?:user )?'(?P<user>.*)' from:? (?P<address>\S+?)(?: \((?P<by>[^()]*)\))?$"
SCRIPT = r"(?:/\S*\.php: )?"
LINES = tuple(
    (re.compile(SCRIPT + pattern + WHO), outcome)
    for pattern, outcome in (
        ("(?P<said>Successful login) ", "success"),
        ("(?P<said>webConfigurator login) ", "success"),
        ("(?P<said>(?:webConfigurator|Web GUI) authentication error) ", "failed"),
        ("(?P<said>User logged out|Session timed out) ", "logoff"),
    )
)
LIKE_LOGON = re.compile(
    SCRIPT + "(?:Successful login|(?:webConfigurator|Web GUI) authentication error) for "
)


def is_of(message: Message) -> bool:
    """Whether a line is of the web interface."""
    return message.program in PROGRAMS


class Reader:
    """Reads the lines of one log."""

    def read(self, message: Message) -> list[Row]:
        """Return the rows that a line gives."""
        text = message.text.strip()
        for pattern, outcome in LINES:
            if not (found := pattern.match(text)):
                continue
            if outcome == "logoff":
                return [
                    event(
                        message,
                        "webconfigurator",
                        outcome,
                        user=found["user"],
                        client=(found["address"], None),
                        detail=found["said"],
                    )
                ]
            why = found["said"] if outcome == "failed" else found["by"] or ""
            return [
                logon(
                    message,
                    "webconfigurator",
                    outcome,
                    found["user"],
                    (found["address"], None),
                    detail=why,
                    method="password",
                )
            ]
        if LIKE_LOGON.match(text):
            raise Unreadable("attempt_without_client")
        return []

    def end(self) -> list[Row]:
        """Return the rows of what waited for more: nothing waits."""
        return []
