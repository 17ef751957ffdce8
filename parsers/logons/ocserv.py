"""ocserv, the server of OpenConnect (worker-auth.c, sec-mod-auth.c, main.c of ocserv).

A worker, a process for each client, asks the security module and is told: 1 for yes, 2 for "go
on", 3 for no. "Go on" after a password means that it was wrong, unless the method may ask for more
than one thing. What a worker does not tell in its debug log, its one line on failure does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from parsers.logons.message import Message
from parsers.logons.remembered import Remembered
from parsers.logons.rows import Row, event, logon

METHODS = {
    "plain": "password", "pam": "password", "radius": "password", "certificate": "certificate",
    "gssapi": "kerberos", "oidc": "oidc",
}  # fmt: skip
ASKS_ONCE = frozenset(("plain",))  # methods whose only question is the password
ADDRESS = r"(?P<address>[\da-fA-F.:]+?)"

SERVED = re.compile(
    rf"main: map worker serving remote address \[?{ADDRESS}\]?:(?P<port>\d{{1,9}}) "
)
ASKED = re.compile(r"sec-mod: received request from pid (?P<pid>\d{1,10}) ")
USING = re.compile(r"sec-mod: using '(?P<method>[\w-]+)'[^(]*\(session: (?P<session>[^)]*)\)$")
WORKER = re.compile(rf"worker(?:\[(?P<user>.*?)\])?: \[?{ADDRESS}\]? (?P<said>.*)$")
SENT = "sending message 'sm: auth cont' to secmod"
GO_ON = "received auth reply message (value: 2)"
FAILED = re.compile(
    r"(?:worker-auth\.c:\d+: )?failed authentication(?: attempt)? for (?:user )?"
    r"'(?P<user>.*)'"
)
MAIN = re.compile(
    rf"main\[(?P<user>.*)\]: ?\[?{ADDRESS}\]?:(?P<port>\d{{1,9}}) "
    r"(?:user (?P<said>logged in)$|user disconnected \(reason: (?P<why>[^)]*?), rx: )"
)
OPENED = re.compile(
    r"sec-mod: initiating session for user '(?P<user>.*)' \(session: (?P<session>[^)]*)\)$"
)
BANNED = re.compile(rf"main: added IP '{ADDRESS}' \(with score (?P<score>\d+)\) to ban list")


@dataclass(slots=True)
class Worker:
    """A worker: its client's port, how the client is asked, and whether an answer is awaited."""

    port: str | None = None
    method: str | None = None
    session: str | None = None
    awaits: bool = False


def is_of(message: Message) -> bool:
    """Whether a line is ocserv's."""
    return message.program == "ocserv"


class Reader:
    """Reads the lines of one log; a client is known by its worker's process."""

    def __init__(self) -> None:
        self._workers: Remembered[tuple[str, int | None], Worker] = Remembered()
        self._asking: Remembered[tuple[str, int | None], int] = Remembered()
        self._sessions: Remembered[tuple[str, str], str] = Remembered()
        self._methods: Remembered[tuple[str, str], str] = Remembered()

    def read(self, message: Message) -> list[Row]:
        """Return the rows that a line gives."""
        text, key = message.text.strip(), (message.host, message.pid)
        if found := SERVED.match(text):
            self._workers.add(key, Worker(found["port"]))
        elif found := ASKED.match(text):
            self._asking.add(key, int(found["pid"]))
        elif found := USING.match(text):
            self._using(message, found)
        elif found := OPENED.match(text):
            self._sessions.add((message.host, found["user"]), found["session"])
        elif found := WORKER.match(text):
            return self._worker(message, found)
        elif found := MAIN.match(text):
            return [self._main(message, found)]
        elif found := BANNED.match(text):
            return [
                event(
                    message,
                    "anyconnect",
                    "lockout",
                    client=(found["address"], None),
                    detail=f"added to ban list with score {found['score']}",
                )
            ]
        return []

    def end(self) -> list[Row]:
        """Return the rows of what waited for more: nothing waits."""
        return []

    def _using(self, message: Message, found: re.Match[str]) -> None:
        """How the client of the last request is asked: the security module does one at a time."""
        worker = self._workers.get((message.host, self._asking.get((message.host, message.pid))))
        if worker:
            worker.method, worker.session = found["method"], found["session"]
        self._methods.add((message.host, found["session"]), found["method"])

    def _worker(self, message: Message, found: re.Match[str]) -> list[Row]:
        worker = self._workers.get((message.host, message.pid))
        if not worker:
            worker = Worker()
            self._workers.add((message.host, message.pid), worker)
        said = found["said"]
        if said == SENT:
            worker.awaits = True
        elif said == GO_ON and worker.awaits:
            worker.awaits = False
            sure = worker.method in ASKS_ONCE
            return [
                self._row(
                    message,
                    worker,
                    "failed" if sure else "unknown",
                    found["user"],
                    found["address"],
                    "asked again" if sure else "asked for more",
                )
            ]
        elif failed := FAILED.match(said):
            worker.awaits = False
            return [
                self._row(
                    message,
                    worker,
                    "failed",
                    failed["user"],
                    found["address"],
                    "failed authentication",
                )
            ]
        return []

    def _row(
        self, message: Message, worker: Worker, outcome: str, user: str, address: str, why: str
    ) -> Row:
        return logon(
            message,
            "anyconnect",
            outcome,
            user,
            (address, worker.port),
            why,
            method=METHODS.get(worker.method or "", worker.method),
            session=worker.session,
        )

    def _main(self, message: Message, found: re.Match[str]) -> Row:
        """A logon that is complete, or its end."""
        session = self._sessions.get((message.host, found["user"]))
        user, client = found["user"], (found["address"], found["port"])
        if found["said"]:
            method = self._methods.get((message.host, session or ""))
            return logon(
                message,
                "anyconnect",
                "success",
                user,
                client,
                session=session,
                method=METHODS.get(method or "", method),
            )
        return event(
            message,
            "anyconnect",
            "logoff",
            user=user,
            client=client,
            session=session,
            detail=found["why"],
        )
