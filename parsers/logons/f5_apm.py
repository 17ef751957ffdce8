"""F5 BIG-IP Access Policy Manager: sessions of its portal and VPN.

F5, BIG-IP APM log messages (`014905xx:5: /Common/policy:Common:session: text`). Confirmed on a
line: the answer of an agent. Unconfirmed, from documentation: the address, the name, the end.

A session begins with an address, gets a name, and agents say whether the name could be proved;
lines are of one session by its number. No service of ours is of F5's own: it is unset.
"""

from __future__ import annotations

import re
from collections import OrderedDict

from parsers.logons.message import Message
from parsers.logons.rows import Row
from parsers.logons.told import joined, row

SESSIONS_AT_MOST = 16_384
LONGEST = 2048

LINE = re.compile(
    r"(?:(?:\S{1,64}: )?0149\w{4}:\d: )?(?P<policy>/Common/[^\s:]+):(?:\w+:)?"
    r"(?P<session>[0-9a-f]{8}): "
)
BEGAN = re.compile(r"New session from client IP (?P<orig_h>[0-9A-Fa-f.:]+)")
NAMED = re.compile(r"Username '(?P<user>.*)'")
AGENT = re.compile(
    r"(?P<agent>\w+) [aA]gent: .*authenticate with '(?P<user>.*)' (?P<result>successful|failed)"
)
ENDED = re.compile(r"Session deleted")


def is_of(message: Message) -> bool:
    """Whether a line names a policy and a session."""
    return LINE.match(message.text[:512]) is not None


class Reader:
    """Knows address and name of each session."""

    def __init__(self) -> None:
        self._sessions: OrderedDict[str, dict[str, str]] = OrderedDict()

    def read(self, message: Message) -> list[Row]:
        """Return the row of an agent's answer, or of a session's end."""
        line = LINE.match(message.text[:LONGEST])
        if line is None:
            return []
        text = message.text[line.end() : LONGEST]
        known = self._known(line["session"])
        if said := BEGAN.match(text) or NAMED.match(text):
            known.update(said.groupdict())
            return []
        about = {"session": line["session"], "detail": line["policy"]}
        if said := AGENT.match(text):
            known["user"] = said["user"]
            outcome = "success" if said["result"] == "successful" else "failed"
            about |= {"outcome": outcome, "detail": joined(said["agent"], line["policy"])}
            return [row(message, known | about)]
        if ENDED.match(text):
            self._sessions.pop(line["session"], None)
            return [row(message, known | about | {"event": "logoff"})] if "user" in known else []
        return []

    def end(self) -> list[Row]:
        """Return none: no row waits."""
        return []

    def _known(self, session: str) -> dict[str, str]:
        if session not in self._sessions and len(self._sessions) >= SESSIONS_AT_MOST:
            self._sessions.popitem(last=False)
        return self._sessions.setdefault(session, {})
