"""OpenSSH's sshd (auth.c, auth2.c, packet.c, sshd.c of OpenSSH): who was let in, who was not.

sshd tells an attempt in its own words ("Failed password for …") or, below its level of logging,
only by the lines around it: "Invalid user", PAM's, how the connection ended. Those count once the
connection is over and only where sshd itself told nothing, so that no attempt counts twice.
"Failed none" is how a client asks for methods, and no attempt.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import repeat
from typing import Any, ClassVar

from parsers.logons import pam
from parsers.logons.message import Message, Unreadable
from parsers.logons.remembered import Remembered
from parsers.logons.rows import Row, event, logon

PROGRAMS = frozenset(("sshd", "sshd-session", "sshd-auth"))
METHODS = {"gssapi-with-mic": "kerberos", "gssapi-keyex": "kerberos"}
LESS_SURE = 0.6  # that credentials were tried, where only the end of a connection tells
NO_NAME = "<invalid username>"

ADDRESS = (
    r"(?P<address>\d{1,3}(?:\.\d{1,3}){3}|[\da-fA-F]*:[\da-fA-F:.]+(?:%\S+)?|UNKNOWN)"
    r"(?: port (?P<port>\d{1,9}))?"
)
USER = r"(?:(?:invalid|illegal) user )?(?P<user>.*)"
# A user name may hold all that follows it: the last of it is sshd's.
ATTEMPT = re.compile(
    rf"(?P<said>Accepted|Failed|Partial) (?P<method>\S+) for {USER} from (?P<address>\S+)"
    r"(?: port (?P<port>\d{1,9}))?(?: ssh[12])?(?:: (?P<key>.*))?$"
)
LIKE_ATTEMPT = re.compile(r"(?:Accepted|Failed|Partial) [\w/@.-]+ for ")
PAM_FAILED = re.compile(
    rf"error: PAM: (?P<why>.{{1,80}}?) for {USER} from (?P<address>\S+)(?: via \S+)? *$"
)
BEGUN = re.compile(rf"Connection from {ADDRESS}(?: on .*)?$")
ENDED = re.compile(
    r"(?P<how>Connection closed|Connection reset|Disconnected|Disconnecting)(?: by| from)?"
    rf" (?P<kind>authenticating|invalid|illegal) user (?:(?P<user>.*) )?{ADDRESS}(?:[: ].*)?$"
)
LEFT = re.compile(rf"(?:Connection (?:closed|reset) by|Disconnected from) {ADDRESS}(?:[: ].*)?$")
LEAVING = re.compile(rf"(?:error: )?Received disconnect from {ADDRESS}(?:[: ].*)?$")
LOGGED_OFF = re.compile(
    rf"(?:Disconnected from|Timeout, client not responding from) user (?P<user>.*) {ADDRESS}$"
)
# Why a user is not let in, whatever is tried: the attempts that follow are told by themselves.
REFUSED = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?P<why>Invalid|Illegal) user (?P<user>.*) from {ADDRESS} *$",
        r"User (?P<user>.*) from (?P<address>\S+) not allowed because (?P<why>.*)$",
        r"User (?P<user>.*) not allowed because (?P<why>account is locked)$",
        rf"(?P<why>ROOT LOGIN REFUSED) FROM {ADDRESS}",
        (
            r"(?:error: )?(?P<why>maximum authentication attempts exceeded) for "
            rf"{USER} from (?P<address>\S+)(?: port (?P<port>\d{{1,9}}))?"
        ),
        (
            r"Disconnecting: (?P<why>Too many authentication failures)(?: for (?P<user>.*?))?"
            r"(?: \[preauth\])?$"
        ),
        r"fatal: (?P<why>Access denied) for user (?P<user>.*) by PAM account configuration",
    )
)


@dataclass(slots=True)
class Connection:
    """What is known of a connection.

    told: sshd has told an attempt in its own words; held: a failure in PAM's, which sshd may tell
    next; rest: what counts if sshd tells nothing; module: whose lines it counts.
    accepted: the row of its success, until the user is gone.
    """

    address: str | None = None
    port: str | None = None
    told: bool = False
    held: Row | None = None
    rest: Row | None = None
    module: str = ""
    accepted: Row | None = None


def is_of(message: Message) -> bool:
    """Whether a line is sshd's."""
    return message.program in PROGRAMS


class Reader:
    """Reads the lines of one log; a connection is known by host and process."""

    def __init__(self) -> None:
        self._connections: Remembered[tuple[str, int | None], Connection] = Remembered()
        self._accepted: Remembered[tuple[str, str | None, str | None], Connection] = Remembered()

    def read(self, message: Message) -> list[Row]:
        """Return the rows that a line gives."""
        text = message.text.strip()
        for pattern, handle in self._LINES:
            if found := pattern.match(text):
                said: dict[str, str | None] = found.groupdict()
                return list(handle(self, message, said))
        if LIKE_ATTEMPT.match(text):
            raise Unreadable("attempt_without_client")
        if line := pam.read(text):
            return self._pam(message, line)
        return []

    def end(self) -> list[Row]:
        """Return the rows of what waited for more."""
        return [row for each in self._connections.values() for row in _over(each)]

    def _attempt(self, message: Message, said: dict[str, str | None]) -> list[Row]:
        rows = self._of(message, said)
        connection = self._connections[message.host, message.pid]
        method = str(said["method"])
        if method == "none" and said["said"] == "Failed":
            return rows
        held, connection.held = connection.held, None
        if held and not method.startswith("keyboard-interactive"):
            rows.append(held)
        connection.told, connection.rest = True, None
        row = logon(
            message,
            "ssh",
            OUTCOMES[str(said["said"])],
            _name(said["user"]),
            (said["address"], said["port"]),
            WHY.get(str(said["said"])) or said["key"] or "",
            method=METHODS.get(method, method.partition("/")[0]),
            session=_session(message),
        )
        if said["said"] == "Accepted":
            connection.accepted = row
            self._accepted.add((message.host, said["address"], said["port"]), connection)
        return [*rows, row]

    def _pam_failed(self, message: Message, said: dict[str, str | None]) -> list[Row]:
        """PAM's word for a failed keyboard-interactive; sshd's own may follow, with the port."""
        rows = self._of(message, {"address": said["address"]})
        connection = self._connections[message.host, message.pid]
        if connection.held:
            rows.append(connection.held)
        connection.told, connection.rest = True, None
        connection.held = logon(
            message,
            "ssh",
            "failed",
            _name(said["user"]),
            (said["address"], connection.port),
            said["why"] or "",
            method="keyboard-interactive",
            session=_session(message),
        )
        return rows

    def _begun(self, message: Message, said: dict[str, str | None]) -> list[Row]:
        before = self._connections.pop((message.host, message.pid), None)
        return [*(_over(before) if before else []), *self._of(message, said)]

    def _refused(self, message: Message, said: dict[str, str | None]) -> list[Row]:
        """A reason to refuse; a second name is that of another connection of the same number."""
        rows = self._of(message, said)
        connection = self._connections[message.host, message.pid]
        why = {"Invalid": "invalid user", "Illegal": "illegal user"}.get(
            str(said["why"]), said["why"] or ""
        )
        if connection.rest and connection.rest["detail"] == why:
            rows += _over(connection)
        user = said.get("user")
        if not connection.told:
            before = connection.rest or {}
            connection.rest = logon(
                message, "ssh", "failed", "root" if why.startswith("ROOT") else _name(user),
                (said.get("address") or connection.address, said.get("port") or connection.port),
                why, session=_session(message), confidence=LESS_SURE,
            ) | {key: before[key] for key in COUNTED if before.get(key)}  # fmt: skip
        return rows

    def _ended(self, message: Message, said: dict[str, str | None]) -> list[Row]:
        """An end that names a user who was not let in."""
        rows = self._of(message, said)
        connection = self._connections[message.host, message.pid]
        if not connection.told and not connection.rest:
            connection.rest = logon(
                message,
                "ssh",
                "failed",
                _name(said["user"]),
                (said["address"], said["port"]),
                f"{said['kind']} user: {said['how']}",
                session=_session(message),
                confidence=LESS_SURE,
            )
        return [*rows, *_closed(connection)]

    def _left(self, message: Message, said: dict[str, str | None]) -> list[Row]:
        """An end that names nobody: of a logon, or of what was none."""
        return [*self._gone(message, said), *self._leaving(message, said)]

    def _leaving(self, message: Message, said: dict[str, str | None]) -> list[Row]:
        """A client that says it will go; if it is in, a line tells when it is gone."""
        connection = self._connections.get((message.host, message.pid))
        if not connection or not _same(connection, said["address"], said["port"]):
            return []
        return _closed(connection)

    def _logged_off(self, message: Message, said: dict[str, str | None]) -> list[Row]:
        """The client is gone; that may be told of a logon that the log has not, being cut."""
        return self._gone(message, said) or [
            event(message, "ssh", "logoff", user=said["user"],
                  client=(said["address"], said["port"]), session=_session(message))
        ]  # fmt: skip

    def _gone(self, message: Message, said: dict[str, str | None]) -> list[Row]:
        """The logoff of the logon from an address and port, if that is known and not over."""
        connection = self._accepted.pop((message.host, said["address"], said["port"]), None)
        return _logoff(message, connection) if connection else []

    def _pam(self, message: Message, line: pam.Line) -> list[Row]:
        if line.what == "locked":
            return [event(message, "ssh", "lockout", user=line.user, detail=message.text)]
        connection = self._connections.get((message.host, message.pid))
        if line.what == "closed":
            return _logoff(message, connection) if connection else []
        if line.what != "failure" or (line.service and line.service not in PROGRAMS):
            return []
        if not connection:
            connection = Connection()
            before = self._connections.add((message.host, message.pid), connection)
            rows = _over(before) if before else []
        else:
            rows = []
        if connection.told or (line.module and connection.module not in ("", line.module)):
            return rows
        connection.module = line.module or connection.module
        count = line.failures * message.times
        if connection.rest and connection.rest.get("method"):
            connection.rest["attempts"] += count
            return rows
        before_rest: dict[str, Any] = connection.rest or {}
        fresh = logon(
            message,
            "ssh",
            "failed",
            line.user,
            (line.address or connection.address, connection.port),
            "authentication failure",
            method="password",
            session=_session(message),
            attempts=count,
        )
        known = {key: each for key, each in before_rest.items() if each and key in KEPT}
        connection.rest = fresh | known
        return rows

    def _of(self, message: Message, said: dict[str, str | None]) -> list[Row]:
        """Make the connection of a line known; returns rows of the one whose number it has."""
        key = (message.host, message.pid)
        address, port = said.get("address"), said.get("port")
        connection = self._connections.get(key)
        if connection and not _same(connection, address, port):
            rows, connection = _over(connection), None
        else:
            rows = []
        if not connection:
            connection = Connection()
            oldest = self._connections.add(key, connection)
            rows += _over(oldest) if oldest else []
        connection.address = address or connection.address
        connection.port = port or connection.port
        return rows

    # Tried from the top; what else sshd writes tells of no logon.
    _LINES: ClassVar[tuple[tuple[re.Pattern[str], Any], ...]] = (
        (ATTEMPT, _attempt),
        (BEGUN, _begun),
        (ENDED, _ended),
        (LOGGED_OFF, _logged_off),
        (LEFT, _left),
        (LEAVING, _leaving),
        (PAM_FAILED, _pam_failed),
        *zip(REFUSED, repeat(_refused)),
    )


OUTCOMES = {"Accepted": "success", "Failed": "failed", "Partial": "unknown"}
WHY = {"Partial": "partial success"}
COUNTED = ("ts", "line", "method", "attempts")  # by PAM, kept when a reason is told
KEPT = ("user", "orig_h", "orig_p", "detail")  # of a reason, when PAM counts


def _over(connection: Connection) -> list[Row]:
    """What is left to say of a connection that is over."""
    rows = [row for row in (connection.held, connection.rest) if row]
    connection.held = connection.rest = None
    return rows


def _closed(connection: Connection) -> list[Row]:
    """The same; lines that come yet tell nothing new."""
    rows = _over(connection)
    connection.told = connection.told or bool(rows)
    return rows


def _logoff(message: Message, connection: Connection) -> list[Row]:
    row, connection.accepted = connection.accepted, None
    if not row:
        return []
    kept = {key: row[key] for key in ("user", "orig_h", "orig_p", "method", "session")}
    return [event(message, "ssh", "logoff") | kept]


def _same(connection: Connection, address: str | None, port: str | None) -> bool:
    """Whether a line can be of a connection: an older sshd leaves ports out."""
    if address and connection.address and address != connection.address:
        return False
    return not (port and connection.port and port != connection.port)


def _session(message: Message) -> str | None:
    return None if message.pid is None else str(message.pid)


def _name(user: str | None) -> str | None:
    return None if user == NO_NAME else user
