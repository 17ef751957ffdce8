"""SoftEther VPN Server: its server log and a hub's security log (strtable_en.stb of SoftEther).

A connection says who it wants to be, is let in or not, and gets a session; the session ends.
"""

from __future__ import annotations

import re
from typing import Any, ClassVar

from parsers.logons.message import Message
from parsers.logons.remembered import Remembered
from parsers.logons.rows import LONGEST_NAME, Row, bounded, event, logon

HUB = r"(?:\[HUB \"(?P<hub>[^\"]*)\"\] )?"
CONNECTION = r"[Cc]onnection \"(?P<connection>[^\"]*)\""
MADE = re.compile(
    r"For the client \(IP address: (?P<address>[^,]*), host name: \"[^\"]*\", port number: "
    rf"(?P<port>\d{{1,9}})\), {CONNECTION} has been created\.$"
)
ASKED = re.compile(
    HUB + rf"The {CONNECTION} \(IP address: (?P<address>[^,]*), Host name: [^,]*, Port number: "
    r"(?P<port>\d{1,9}), Client name: \"(?P<software>[^\"]*)\", [^)]*\) is attempting to connect "
    r"to the Virtual Hub\. The auth type provided is \"(?P<method>[^\"]*)\" and the user name is "
    r"\"(?P<user>.*)\"\.$"
)
REFUSED = re.compile(
    HUB + rf"{CONNECTION}: (?P<why>User authentication failed)\. The user name that has been "
    r"provided was \"(?P<user>.*)\"(?:, from (?P<address>[^\s\"]*?))?\.$"
)
LET_IN = re.compile(HUB + rf"{CONNECTION}: Successfully authenticated as user \"(?P<user>.*)\"\.$")
SESSION = re.compile(
    HUB + rf"{CONNECTION}: The new session \"(?P<session>[^\"]*)\" has been created\."
    r"(?: \(IP address: (?P<address>[^,]*), Port number: (?P<port>\d{1,9}))?"
)
OVER = re.compile(HUB + r"Session \"(?P<session>[^\"]*)\": The session has been terminated\.")
ADMIN = re.compile(rf"{CONNECTION} successfully logged in using administration mode\.$")
CLOSED = re.compile(rf"{CONNECTION} has been terminated\.$")
LIKE_SOFTETHER = re.compile(
    HUB + r"(?:(?:The )?[Cc]onnection \"CID-|Session \"SID-|On the TCP Listener \(Port |For the "
    r"client \(IP address: |SSL communication for connection \"|The Virtual Hub is now |"
    r"Administration mode \[RPC|SoftEther VPN Server)"
)
METHODS = (
    ("anonymous", "none"), ("password", "password"), ("certificate", "certificate"),
    ("nt domain", "ntlm"), ("radius", "password"), ("external", "password"),
)  # fmt: skip
ADMINISTRATOR = "administrator"


def is_of(message: Message) -> bool:
    """Whether a line is SoftEther's."""
    return message.program in ("", "vpnserver") and LIKE_SOFTETHER.match(message.text) is not None


class Reader:
    """Reads the lines of one log; a connection and a session are known by their names."""

    def __init__(self) -> None:
        self._asked: Remembered[tuple[str, str], dict[str, Any]] = Remembered()
        self._let_in: Remembered[tuple[str, str], Row] = Remembered()
        self._sessions: Remembered[tuple[str, str], Row] = Remembered()

    def read(self, message: Message) -> list[Row]:
        """Return the rows that a line gives."""
        text = message.text.strip()
        for pattern, handle in self._LINES:
            if found := pattern.match(text):
                said: dict[str, Any] = found.groupdict()
                return list(handle(self, message, said))
        return []

    def end(self) -> list[Row]:
        """Return the rows of what waited for more."""
        return list(self._let_in.values())

    def _noted(self, message: Message, said: dict[str, Any]) -> list[Row]:
        """What a connection says of itself, later lines do not repeat."""
        self._asked.add((message.host, said["connection"]), said)
        return []

    def _refused(self, message: Message, said: dict[str, Any]) -> list[Row]:
        return [self._row(message, "failed", said, detail=said["why"])]

    def _let(self, message: Message, said: dict[str, Any]) -> list[Row]:
        row = self._row(message, "success", said)
        oldest = self._let_in.add((message.host, said["connection"]), row)
        return [oldest] if oldest else []

    def _session(self, message: Message, said: dict[str, Any]) -> list[Row]:
        row = self._let_in.pop((message.host, said["connection"]), None)
        if not row:
            return []
        row["session"] = said["session"]
        self._sessions.add((message.host, said["session"]), row)
        return [row]

    def _over(self, message: Message, said: dict[str, Any]) -> list[Row]:
        row = self._sessions.pop((message.host, said["session"]), None)
        if not row and not said["session"].startswith("SID-"):
            return []
        kept = {name: row[name] for name in ("user", "orig_h", "orig_p")} if row else {}
        return [event(message, "softether", "logoff", session=said["session"]) | kept]

    def _admin(self, message: Message, said: dict[str, Any]) -> list[Row]:
        said = said | {"user": ADMINISTRATOR, "method": "password"}
        return [self._row(message, "success", said, detail="administration mode")]

    def _closed(self, message: Message, said: dict[str, Any]) -> list[Row]:
        self._asked.pop((message.host, said["connection"]), None)
        row = self._let_in.pop((message.host, said["connection"]), None)
        return [row] if row else []

    def _row(self, message: Message, outcome: str, said: dict[str, Any], detail: str = "") -> Row:
        """A row of what a line says and the connection has said before."""
        known = self._asked.get((message.host, said["connection"]), {}) | {
            name: each for name, each in said.items() if each
        }
        return logon(
            message,
            "softether",
            outcome,
            known.get("user"),
            (known.get("address"), known.get("port")),
            detail,
            method=_method(known.get("method") or ""),
            software=bounded(known.get("software"), LONGEST_NAME),
            session=said["connection"],
        )

    _LINES: ClassVar[tuple[tuple[re.Pattern[str], Any], ...]] = (
        (ASKED, _noted),
        (MADE, _noted),
        (REFUSED, _refused),
        (LET_IN, _let),
        (SESSION, _session),
        (OVER, _over),
        (ADMIN, _admin),
        (CLOSED, _closed),
    )


def _method(said: str) -> str | None:
    return next((method for name, method in METHODS if name in said.lower()), None)
