"""A session of FTP that can be read: logons and their outcome, and what was done with files.

RFC 959: USER and PASS are answered with 230 (let in), 331 (a password, too), 530 (refused). A
password is not kept.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from parsers.services.commands import Commands, as_text
from parsers.services.parser import ORIG, Row

SERVICE = "ftp"
ACTS = frozenset(
    b"RETR STOR STOU APPE DELE RNFR RNTO MKD XMKD RMD XRMD SITE LIST NLST MLSD CWD XCWD".split()
)
"""Commands that are told; the others carry passwords, or say how to transfer."""
GREETING = 220  # answers no command but that the client has connected
LET_IN, REFUSED = (230, 232), (430, 530, 532)
WAITING_MAX = 64
"""Commands that wait for their reply."""
LOGONS_MAX = 64
USER_MAX = 256
KNOWN_BY = "the reply to PASS"


class Session:
    """Pairs replies with commands. rows: where rows are added."""

    def __init__(self, rows: list[Row]) -> None:
        self._rows = rows
        self._commands = Commands(SERVICE, ORIG, rows)
        self._waiting: deque[tuple[bytes, bytes, int]] = deque(maxlen=WAITING_MAX)
        self._user: str | None = None
        self._told = 0

    def commanded(self, word: bytes, argument: bytes, ts: int) -> None:
        """Take note of a command of the client, its word in capitals."""
        if word == b"USER":
            self._user = as_text(argument.strip()[:USER_MAX]) or None
        self._waiting.append((word, b"" if word == b"PASS" else argument, ts))

    def replied(self, code: int, line: bytes) -> None:
        """Take note of a reply that ends the answer to a command."""
        if not self._waiting or code == GREETING:
            return
        word, argument, ts = self._waiting.popleft()
        if word in ACTS:
            self._commands.typed((word + b" " + argument).strip(), ts)
            self._commands.shown(line)
        elif word in (b"USER", b"PASS") and code in LET_IN + REFUSED:
            self._logon(word, code, line, ts)

    def end(self) -> None:
        """Tell what waits for the end: of commands without a reply, that they were sent."""
        while self._waiting:
            word, argument, ts = self._waiting.popleft()
            if word in ACTS:
                self._commands.typed((word + b" " + argument).strip(), ts)
        self._commands.end()

    def _logon(self, word: bytes, code: int, line: bytes, ts: int) -> None:
        self._told += 1
        if self._told > LOGONS_MAX:
            return
        values: dict[str, Any] = {
            "ts": ts,
            "service": SERVICE,
            "user": self._user,
            "method": "password" if word == b"PASS" else "none",
            "outcome": "success" if code in LET_IN else "failed",
            "attempts": 1,
            "known_by": KNOWN_BY,
            "confidence": 1.0,
        }
        if code in REFUSED:
            values["detail"] = as_text(line[:200])
        self._rows.append(("logon", values))
