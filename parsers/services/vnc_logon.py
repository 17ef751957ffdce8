"""How a logon to VNC ended, by the messages of RFB in the clear: a row of `logon`.

RFC 6143 section 7.1.2, 7.1.3 and 7.2. What a password's challenge is answered with is not looked
at; who leaves before answering it has tried none.
"""

from __future__ import annotations

from parsers.services.logons import FAILED, MESSAGES, NO_END, SUCCESS, UNKNOWN, Told, logon
from parsers.services.parser import Row

INVALID, NONE, VNC, VENCRYPT = 0, 1, 2, 19
LAST = 255
"""A server of version 3.3 has four bytes for a type; more than this is none."""

METHODS = {NONE: "none", VNC: "password"}

NOT_READ = "security type {} is not read"
NO_PASSWORD = "client sent no password"  # noqa: S105 (words for people)


class VncLogon:
    """Takes note of what the two sides say.

    offered: names of the types that the server has. answered: whether the client answered the
    challenge. result: whether the server let it in, None before it says so. desktop: whether the
    server described its desktop.
    """

    def __init__(self) -> None:
        self.offered: list[str] = []
        self.answered = self.desktop = False
        self.result: bool | None = None
        self._chosen = INVALID
        self._ts = 0

    def choose(self, security_type: int, ts: int) -> None:
        """Take note of the type of security that was chosen."""
        self._chosen, self._ts = security_type, ts

    def rows(self) -> list[Row]:
        """Make the row; without a choice, and where it goes on encrypted, there is none."""
        if self._chosen in (INVALID, VENCRYPT) or self._chosen > LAST:
            return []
        told, attempts = self._outcome()
        row = logon(
            "vnc",
            self._ts,
            told,
            attempts=attempts,
            method=METHODS.get(self._chosen),
            known_by=MESSAGES,
            offered=self.offered or None,
        )
        return [row]

    def _outcome(self) -> tuple[Told, int]:
        """How it ended, and how many attempts that were."""
        if self._chosen not in METHODS:
            return Told(UNKNOWN, 0, NOT_READ.format(self._chosen)), int(self.answered)
        if self._chosen == VNC and not self.answered:
            return Told(UNKNOWN, 0, NO_PASSWORD), 0
        if self.result or self.desktop:
            return Told(SUCCESS, 1.0), 1
        return Told(UNKNOWN, 0, NO_END) if self.result is None else Told(FAILED, 1.0), 1
