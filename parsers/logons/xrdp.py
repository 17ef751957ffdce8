"""xrdp: the logs of xrdp and of its session manager, and PAM's lines of the latter.

The session manager (sesman: scp_process.c, session_list.c of xrdp) names user and client; xrdp
itself (xrdp_wm.c, xrdp_mm.c) tells the client when it connects and the user when the logon is
over, without saying that they belong together. PAM's lines have the user alone.
"""

from __future__ import annotations

import re

from parsers.logons import pam
from parsers.logons.message import Message
from parsers.logons.remembered import Recent, Remembered
from parsers.logons.rows import Row, endpoint, event, logon

PROGRAMS = frozenset(("xrdp", "xrdp-sesman", "xrdp-sesexec"))
LEVEL = re.compile(r"\[(?:CORE|ERROR|WARN|INFO|DEBUG|TRACE) ?\] ?")
SAME = 10_000_000_000  # ns within which PAM and the session manager tell of one attempt
PAM_SERVICE = "xrdp-sesman"

AT = r"(?P<at>[\da-fA-F.:\[\]]*)(?: - socket: \d+)?"
FAILED = re.compile(r"AUTHFAIL: user=(?P<user>.*) ip=" + AT + r" time=\d+$")
CREATED = re.compile(
    r"\+\+ (?:created|reconnected) session(?: \(access granted\))?: +username (?P<user>.*?), "
    rf"(?:display :(?P<display>[\d.]+), )?(?:session_pid \d+, )?ip {AT}$"
)
TERMINATED = re.compile(
    r"\+\+ terminated session: +username (?P<user>.*?), display :(?P<display>[\d.]+), "
    rf"session_pid \d+, ip {AT}$"
)
CONNECTED = re.compile(
    r"Socket \d+: AF_INET6? connection received from (?P<address>\S+) port (?P<port>\d{1,9})$"
)
ENTERED = re.compile(
    r"login (?P<said>successful|failed) for user (?P<user>.*?)"
    r"(?: on display (?P<display>\d+))?$"
)


def is_of(message: Message) -> bool:
    """Whether a line is xrdp's: by program, or by the level that it writes in its own files."""
    return message.program in PROGRAMS or (
        not message.program and message.ts is not None and LEVEL.match(message.text) is not None
    )


class Reader:
    """Reads the lines of one log."""

    def __init__(self) -> None:
        self._recent = Recent()
        self._told: Remembered[tuple[str, str, str | None], Message] = Remembered()
        self._held: Remembered[tuple[str, str | None], Row] = Remembered()

    def read(self, message: Message) -> list[Row]:
        """Return the rows that a line gives."""
        text = message.text.strip()
        text = text[level.end() :] if (level := LEVEL.match(text)) else text
        if found := CONNECTED.match(text):
            self._recent.begin(message, found["address"], found["port"])
        elif found := FAILED.match(text):
            self._held.pop((message.host, found["user"]), None)
            return [
                logon(
                    message,
                    "rdp",
                    "failed",
                    found["user"],
                    endpoint(found["at"]),
                    method="password",
                )
            ]
        elif found := CREATED.match(text):
            self._told.add((message.host, "opened", found["user"]), message)
            return [
                logon(
                    message,
                    "rdp",
                    "success",
                    found["user"],
                    endpoint(found["at"]),
                    method="password",
                    session=found["display"],
                )
            ]
        elif found := TERMINATED.match(text):
            self._told.add((message.host, "closed", found["user"]), message)
            return [
                event(
                    message,
                    "rdp",
                    "logoff",
                    user=found["user"],
                    client=endpoint(found["at"]),
                    session=found["display"],
                )
            ]
        elif found := ENTERED.match(text):
            return [self._entered(message, found)]
        elif line := pam.read(text):
            return self._pam(message, line)
        return []

    def end(self) -> list[Row]:
        """Return the rows of what waited for more."""
        return list(self._held.values())

    def _entered(self, message: Message, found: re.Match[str]) -> Row:
        client = self._recent.only(message)
        self._recent.end(client)
        outcome = "success" if found["said"] == "successful" else "failed"
        return logon(
            message,
            "rdp",
            outcome,
            found["user"],
            (client.address, client.port),
            method="password",
            session=found["display"],
        )

    def _pam(self, message: Message, line: pam.Line) -> list[Row]:
        """PAM's word, which counts where the session manager gives none of its own."""
        if line.service not in ("", PAM_SERVICE) or line.what == "locked":
            return []
        if line.what == "failure":
            row = logon(
                message,
                "rdp",
                "failed",
                line.user,
                (line.address, None),
                method="password",
                detail="authentication failure",
                attempts=line.failures * message.times,
            )
            before = self._held.pop((message.host, line.user), None)
            oldest = self._held.add((message.host, line.user), row)
            return [each for each in (before, oldest) if each]
        told = self._told.pop((message.host, line.what, line.user), None)
        if told and told.ts is not None and message.ts is not None and (
            abs(message.ts - told.ts) <= SAME
        ):  # fmt: skip
            return []
        if line.what == "opened":
            return [logon(message, "rdp", "success", line.user, method="password")]
        return [event(message, "rdp", "logoff", user=line.user)]
