"""Ivanti Connect Secure (Pulse Secure): users and administrators.

Ivanti, Connect Secure Logging Messages Reference; formats `WELF` (`id=firewall … msg="AUT24326: …`)
and `Standard` (`2024-01-31 12:59:59 - host - [192.0.2.1] user(Realm)[Role] - text`). Confirmed on
lines: WELF, with messages that tell of no logon. Unconfirmed, from documentation: AUT23457,
AUT24326, AUT24327, AUT24414, AUT22673, AUT32033, ADM22668, and the Standard format.

First factor, agent's login and session are told apart, and joined here to one logon.
"""

from __future__ import annotations

import re

from parsers.logons.attempts import Attempts
from parsers.logons.message import Message
from parsers.logons.own_times import iso, when
from parsers.logons.pairs import pairs
from parsers.logons.rows import Row
from parsers.logons.told import Told, joined, row

LONGEST = 4096

WELF = re.compile(r"\bid=firewall time=\"[^\"]{1,40}\" pri=\d+ fw=")
STANDARD = re.compile(
    r"(?P<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) - (?P<fw>\S{1,255}) - \[(?P<src>[\w.:]*)\] "
    r"(?P<who>[^(]*)\((?P<realm>[^)]*)\)\[(?P<roles>[^\]]*)\] - (?P<msg>.*)",
    re.DOTALL,
)
CODE = re.compile(r"([A-Z]{3}\d{5}): ")
REASON = re.compile(r"Reason:\s*(?P<reason>.*)", re.DOTALL)
SERVER = re.compile(r"using auth server (?P<server>[^()]*)")
SESSION = re.compile(r"\(session:\s?(?P<session>\w+)\)", re.IGNORECASE)
FROM = re.compile(r"from \[?(?P<orig_h>[0-9A-Fa-f.:]+?)\]?(?:[\s.,]|$)")

SUCCESS: Told = {"outcome": "success"}
FAILED: Told = {"outcome": "failed"}
LOGOFF: Told = {"event": "logoff"}
LOCKOUT: Told = {"event": "lockout"}
MESSAGES: tuple[tuple[str, re.Pattern[str], Told], ...] = (
    ("first factor", re.compile(r"Primary authentication successful for"), SUCCESS),
    ("first factor", re.compile(r"Primary authentication failed for"), FAILED),
    ("second factor", re.compile(r"Secondary authentication successful for"), SUCCESS),
    ("second factor", re.compile(r"Secondary authentication failed for"), FAILED),
    ("login", re.compile(r"(?:Agent l|L)ogin succeeded for"), SUCCESS),
    ("login", re.compile(r"(?:Agent l|L)ogin failed"), FAILED),
    ("session", re.compile(r"Session created for user"), SUCCESS),
    ("logout", re.compile(r"(?:Agent l|L)ogout from"), LOGOFF),
    ("timeout", re.compile(r"(?:Session timed out|Max session timeout) for"), LOGOFF),
    ("lockout", re.compile(r"(?:Account|User) .*\blocked out"), LOCKOUT),
)
ADMINISTRATION = "ADM"  # how codes of administrators' messages begin


def is_of(message: Message) -> bool:
    """Whether a line is of one of the two formats."""
    text = message.text
    if WELF.search(text[:256]):
        return " realm=" in text
    return STANDARD.match(text[:1024]) is not None


class Reader:
    """Makes rows of messages, joined."""

    def __init__(self) -> None:
        self._attempts = Attempts()

    def read(self, message: Message) -> list[Row]:
        """Return the rows that are whole with this line."""
        said = _said(message.text[:LONGEST])
        code = CODE.match(said.get("msg", ""))
        text = said.get("msg", "")[code.end() if code else 0 :]
        found = next((each for each in MESSAGES if each[1].match(text)), None)
        if found is None:
            return []
        kind, _, fixed = found
        own, zoned = iso(said.get("time", ""))
        told = {
            "ts": when(message, own, zoned=zoned),
            "host": said.get("vpn") or said.get("fw"),
            "service": "pulse",
            "user": said.get("user"),
            "orig_h": said.get("src") or _first(FROM, text),
            "session": said.get("sessionID") or _first(SESSION, text),
            "software": said.get("agent"),
            "detail": joined(
                "administrator" if code and code[1].startswith(ADMINISTRATION) else "",
                _first(REASON, text),
                kind if kind == "second factor" else "",
                _labelled("realm", said.get("realm")),
                _labelled("asked of", _first(SERVER, text)),
            ),
        }
        return self._attempts.add(kind, row(message, told | fixed))

    def end(self) -> list[Row]:
        """Return the rows that waited for more lines."""
        return self._attempts.end()


def _said(text: str) -> dict[str, str]:
    if standard := STANDARD.match(text):
        said = dict(standard.groupdict())
        return said | {"user": said["who"].rpartition("::")[2]}
    return pairs(text)


def _first(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return found[1].strip(" .") if found else ""


def _labelled(label: str, text: str | None) -> str:
    return f"{label} {text}" if text else ""
