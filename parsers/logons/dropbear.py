"""Dropbear (svr-authpasswd.c, svr-authpubkey.c, svr-authpam.c, svr-session.c of Dropbear).

Passwords are told one by one; keys only by how many attempts failed, when a connection ends.
"""

from __future__ import annotations

import re

from parsers.logons.message import Message, Unreadable
from parsers.logons.remembered import Remembered
from parsers.logons.rows import Row, event, logon

FROM = r"<?(?P<address>[^\s<>]+?)(?::(?P<port>\d{1,9}))?>?"
AHEAD = r"(?:\[\d+\] \w{3} [ \d]\d \d\d:\d\d:\d\d )?"  # which it writes to the journal as well
LINES = tuple(
    (re.compile(AHEAD + pattern + rf" from {FROM}$", re.IGNORECASE), outcome, method, detail)
    for pattern, outcome, method, detail in (
        (r"(?:PAM )?password auth succeeded for '(?P<user>.*)'", "success", "password", ""),
        (r"pubkey auth succeeded for '(?P<user>.*)' with [^']*", "success", "publickey", ""),
        (r"auth succeeded with blank password for '(?P<user>.*)'", "success", "none", ""),
        (r"bad (?:PAM )?password attempt for '(?P<user>.*)'", "failed", "password", "bad password"),
        (r"login attempt for nonexistent user(?: '(?P<user>.*)')?", "failed", None,
         "nonexistent user"),
        (r"login attempt with wrong user (?P<user>.*)", "failed", None, "wrong user"),
        (r"user '(?P<user>.*)' (?:has [^']*|is locked|is not allowed)", "failed", None,
         "not allowed"),
    )
)  # fmt: skip
LIKE_LOGON = re.compile(AHEAD + r"(?:password auth succeeded|bad password attempt) ", re.IGNORECASE)
BEFORE = re.compile(
    AHEAD + rf"Exit before auth(?: from {FROM})?:? "
    rf"\(user '(?P<user>.*)', (?P<fails>\d{{1,9}}) fails\): (?P<why>.*)"
)
AFTER = re.compile(AHEAD + rf"Exit \((?P<user>.*?)\)(?: from {FROM})?: (?P<why>.*)")


def is_of(message: Message) -> bool:
    """Whether a line is Dropbear's."""
    return message.program == "dropbear"


class Reader:
    """Reads the lines of one log; a connection is known by host and process."""

    def __init__(self) -> None:
        self._failed: Remembered[tuple[str, int | None], Row] = Remembered()
        self._in: Remembered[tuple[str, int | None], Row] = Remembered()

    def read(self, message: Message) -> list[Row]:
        """Return the rows that a line gives."""
        key, text = (message.host, message.pid), message.text.strip()
        for pattern, outcome, method, detail in LINES:
            if found := pattern.match(text):
                row = logon(
                    message,
                    "ssh",
                    outcome,
                    found["user"],
                    (found["address"], found["port"]),
                    detail,
                    method=method,
                    session=_session(message),
                )
                self._note(key, row)
                return [row]
        if LIKE_LOGON.match(text):
            raise Unreadable("attempt_without_client")
        if found := BEFORE.match(text):
            return self._before(message, found)
        if found := AFTER.match(text):
            row = self._in.pop(key, {})
            kept = {name: row.get(name) for name in ("orig_h", "orig_p", "method")}
            said = event(
                message,
                "ssh",
                "logoff",
                user=found["user"],
                client=(found["address"], found["port"]),
                detail=found["why"],
                session=_session(message),
            )
            return [said | {name: each for name, each in kept.items() if each}]
        return []

    def end(self) -> list[Row]:
        """Return the rows of what waited for more: nothing waits."""
        return []

    def _note(self, key: tuple[str, int | None], row: Row) -> None:
        if row["outcome"] == "success":
            self._in.add(key, row)
            return
        before = self._failed.get(key)
        told = before["attempts"] if before else 0
        self._failed.add(key, row | {"attempts": told + row["attempts"]})

    def _before(self, message: Message, found: re.Match[str]) -> list[Row]:
        """The failures of a connection that were not told one by one."""
        told = self._failed.pop((message.host, message.pid), {})
        rest = int(found["fails"]) - told.get("attempts", 0)
        if rest <= 0:
            return []
        row = logon(
            message,
            "ssh",
            "failed",
            found["user"],
            (found["address"], found["port"]),
            found["why"],
            session=_session(message),
            attempts=rest,
        )
        return [row | {name: told[name] for name in ("orig_h", "orig_p") if told.get(name)}]


def _session(message: Message) -> str | None:
    return None if message.pid is None else str(message.pid)
