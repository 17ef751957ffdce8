"""Apache Guacamole's web application (AuthenticationService of guacamole-client).

Behind a proxy the client is the first of a list. guacd, which makes the connections, knows of no
logon. The name "null" is that of nobody.
"""

from __future__ import annotations

import re

from parsers.logons.message import Message
from parsers.logons.rows import Row, event, logon

# Thread, level and class in front, as Logback writes them; or the level alone.
AHEAD = r"(?:\[[^\]]*\] )?(?:WARNING:|INFO:|[A-Z]+ )? *(?:[\w.$]+ +- )?"
CLIENT = r"\[?(?P<address>[\da-fA-F.:]*[\da-fA-F:])\]?(?:,[^\]\"]*\])?"
FAILED = re.compile(
    AHEAD
    + rf'Authentication attempt from {CLIENT} for user "(?P<user>.*)" failed(?:\.$|: (?P<why>.*)$)'
)
SUCCESS = re.compile(
    AHEAD + rf'User "(?P<user>.*)" successfully authenticated from {CLIENT}(?:\.|$)'
)
BLOCKED = re.compile(
    AHEAD + rf"(?:Blocking|Rejecting) .*authentication attempts? from (?:address )?\"?{CLIENT}"
)
NOBODY = "null"


def is_of(message: Message) -> bool:
    """Whether a line is Guacamole's."""
    return "uthenticat" in message.text and any(
        pattern.match(message.text) for pattern in (FAILED, SUCCESS, BLOCKED)
    )


class Reader:
    """Reads the lines of one log."""

    def read(self, message: Message) -> list[Row]:
        """Return the rows that a line gives."""
        text = message.text.strip()
        if found := FAILED.match(text):
            user = None if found["user"] == NOBODY else found["user"]
            return [
                logon(
                    message,
                    "guacamole",
                    "failed",
                    user,
                    (found["address"], None),
                    detail=found["why"] or "",
                )
            ]
        if found := SUCCESS.match(text):
            return [logon(message, "guacamole", "success", found["user"], (found["address"], None))]
        if found := BLOCKED.match(text):
            return [event(message, "guacamole", "lockout", client=(found["address"], None))]
        return []

    def end(self) -> list[Row]:
        """Return the rows of what waited for more: nothing waits."""
        return []
