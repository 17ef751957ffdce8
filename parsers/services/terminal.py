"""A session at a terminal that can be read: who logs on, whether that works, what is typed.

What the server printed last says what the line is that is typed next: a name, a password, which is
not kept, or, once the session has been let in, a command. Telnet, rlogin and shells are read alike.
"""

from __future__ import annotations

import re
from typing import Any

from parsers.services.commands import Commands, as_text, plain
from parsers.services.parser import Row
from parsers.services.terminal_prompts import REFUSED, WELCOMED, Asks, asked_by

LINE_MAX = 4096
"""How much of a typed line is read."""
PRINTED_MAX = 512
"""How much of the last line that the server printed is kept."""
READ_MAX = 1 << 20
"""Bytes of both sides behind which nothing more is read."""
TYPED_MAX = 1 << 16
"""Bytes that are typed behind which nothing more is read."""
USER_MAX = 256
LOGONS_MAX = 64
"""Attempts to log on that are told of one connection."""

KNOWN_BY = "the server's answer"
LINE_END = re.compile(rb"\r\n|\r\x00|[\r\n]")
MAY_ASK = re.compile(rb"(?:\A|[;&|]\s*)(?:sudo|su|passwd|login|ssh|telnet|ftp|kinit)\b")
"""Commands that mostly ask for a password: the next line is one, unless a prompt is seen."""
BY_ECHO = re.compile(rb"[\t\x1b]")  # keys that let the server complete the line

ERASE = (0x08, 0x7F)  # backspace, delete
ERASE_WORD = 0x17
DROP_LINE = (0x03, 0x15)  # an interrupt, and erasing all


class Terminal:
    """One session.

    typist: the side that types. rows: where rows are added. user, since: who logs on, and when, if
    that is known before. is_in: whether no logon is to come.
    """

    def __init__(
        self,
        service: str,
        typist: int,
        rows: list[Row],
        *,
        user: str = "",
        since: int = 0,
        is_in: bool = False,
    ) -> None:
        self._service, self._rows = service, rows
        self._commands = Commands(service, typist, rows)
        self._line = bytearray()  # that is being typed
        self._asked: Asks | None = None  # what it stands for; None while none is being typed
        self._was_return = False  # a LF or NUL that comes next is of the same end of a line
        self._printed = bytearray()  # the last line of the server
        self._prompt = b""  # what it was when the typing began
        self._speaks = False  # whether the server spoke since the last line was typed
        self._refused = self._welcomed = False  # by what it said since
        self._is_in = is_in
        self._expects_secret = bool(user)
        self._user = user
        self._secret_asked = b""  # the prompt behind which a password was typed
        self._try: dict[str, Any] | None = None  # the logon that waits for its outcome
        self._tries = self._read = self._typed = 0
        if user:
            self._attempt(since, "none")

    @property
    def is_enough(self) -> bool:
        """Whether nothing more is read."""
        return self._read >= READ_MAX or self._typed >= TYPED_MAX

    def typed(self, octets: bytes, ts: int) -> None:
        """Read what was typed."""
        octets = self._of_use(octets)[: TYPED_MAX - self._typed]
        self._typed += len(octets)
        if not octets:
            return
        at = 1 if self._was_return and octets[:1] in (b"\n", b"\0") else 0
        self._was_return = octets[-1:] == b"\r"
        while at < len(octets):
            end = LINE_END.search(octets, at)
            until = end.start() if end else len(octets)
            if self._asked is None:
                self._asked = self._turn()
            self._line += octets[at : min(until, at + LINE_MAX - len(self._line))]
            if end is None:
                return
            self._entered(ts)
            at = end.end()

    def printed(self, octets: bytes) -> None:
        """Read what the server printed."""
        octets = self._of_use(octets)
        if not octets:
            return
        self._speaks = True
        if self._asked is None:
            self._commands.shown(octets)
        *lines, last = octets.split(b"\n")
        for line in lines:
            self._printed += line[: PRINTED_MAX - len(self._printed)]
            if self._printed:
                self._note(plain(bytes(self._printed)))
                self._printed.clear()
        self._printed += last[: PRINTED_MAX - len(self._printed)]

    def end(self) -> None:
        """Tell what waits for the end."""
        self._turn()
        self._outcome("unknown")
        self._commands.end()

    def _of_use(self, octets: bytes) -> bytes:
        octets = octets[: READ_MAX - self._read]
        self._read += len(octets)
        return octets

    def _note(self, line: bytes) -> None:
        self._refused |= REFUSED.search(line) is not None
        self._welcomed |= WELCOMED.match(line) is not None

    def _turn(self) -> Asks:
        """What the server asks for, and what it said of a logon before."""
        asks = self._heard() if self._speaks else Asks.NOTHING
        if asks is not Asks.NOTHING:
            return asks
        if self._expects_secret:
            return Asks.SECRET
        return Asks.COMMAND if self._is_in else Asks.NOTHING

    def _heard(self) -> Asks:
        """Judge what the server said since a line was typed."""
        self._prompt = line = plain(bytes(self._printed))
        self._note(line)
        asks = asked_by(line)
        again = asks is Asks.SECRET and line == self._secret_asked
        if self._refused or asks is Asks.NAME or again:
            self._outcome("failed")
        elif self._welcomed or asks is Asks.COMMAND:
            self._outcome("success")
            self._is_in = True
        self._refused = self._welcomed = self._speaks = False
        return asks

    def _entered(self, ts: int) -> None:
        """A line was typed to its end."""
        line, asked = edited(bytes(self._line)), self._asked
        is_echoed = BY_ECHO.search(self._line) is not None
        self._line.clear()
        self._asked = None
        self._speaks = False
        self._expects_secret = False
        if asked is Asks.COMMAND:
            command = (self._echoed() if is_echoed else plain(line)).strip()
            self._expects_secret = MAY_ASK.search(command) is not None
            if command:
                self._commands.typed(command, ts)
        elif self._is_in:
            return
        elif asked is Asks.NAME:
            self._user = as_text(plain(line).strip()[:USER_MAX])
            self._expects_secret = bool(self._user)
            self._attempt(ts, "none")
        elif asked is Asks.SECRET:
            self._secret_asked = self._prompt
            self._attempt(ts, "password")

    def _echoed(self) -> bytes:
        """The line as the server shows it."""
        return edited(plain(bytes(self._printed), keep=bytes(ERASE))).removeprefix(self._prompt)

    def _attempt(self, ts: int, method: str) -> None:
        """Somebody gave a name or a password."""
        self._try = {"ts": ts, "user": self._user or None, "method": method}

    def _outcome(self, outcome: str) -> None:
        """Tell the logon that waits; a name without a password only where it was let in."""
        tried, self._try = self._try, None
        if tried is None or (tried["method"] == "none" and outcome != "success"):
            return
        self._tries += 1
        if self._tries <= LOGONS_MAX:
            sure = {"outcome": outcome, "confidence": 0.5 if outcome == "unknown" else 0.9}
            always = {"service": self._service, "known_by": KNOWN_BY, "attempts": 1}
            self._rows.append(("logon", tried | sure | always))


def edited(line: bytes) -> bytes:
    """A line as it is once the keys that erase have done so."""
    if not any(key in line for key in (*ERASE, ERASE_WORD, *DROP_LINE)):
        return line
    kept = bytearray()
    for key in line:
        if key in ERASE:
            del kept[-1:]
        elif key in DROP_LINE:
            kept.clear()
        elif key == ERASE_WORD:
            kept = bytearray(kept.rstrip()[: kept.rstrip().rfind(b" ") + 1])
        else:
            kept.append(key)
    return bytes(kept)
