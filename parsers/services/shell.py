"""A shell on a bare connection, whoever opened it: one side prints prompts, the other types lines.

Bind shells are opened by who types, reverse shells by the host whose shell it is. Nothing is said
unless both sides agree: a shell's own words or prompt from one, and short lines of text from the
other. The words: bash ("bash_job_control" in jobs.c and shell.c), dash, cmd.exe, PowerShell, id(1)
and uname(1), with which most such sessions begin. Zeek has no service for it.
"""

from __future__ import annotations

import re
from typing import ClassVar

from parsers.services.commands import plain
from parsers.services.parser import NOTHING, ORIG, RESP, Parser
from parsers.services.terminal import Terminal

HEAD_MAX = 2048
"""How much of each side may pass before it is clear that it is a shell."""
TYPED_MAX = 512
"""How long the first line is, at most, that is typed."""
WORDS_WITHIN = 256
"""First bytes of a side that decide whether the connection is read at all."""

WORDS = re.compile(
    rb"^(?:(?:/bin/)?(?:ba|da|z|k)?sh: (?:\d+: )?(?:cannot set terminal process group"
    rb"|no job control in this shell|can't access tty; job control turned off)"
    rb"|Microsoft Windows \[[^\]\r\n]{1,40}\]|Windows PowerShell\b"
    rb"|uid=\d{1,10}\([^()\r\n]{1,64}\) gid=\d{1,10}\("
    rb"|Linux \S{1,64} \d+\.\d+[^\r\n]{0,200} GNU/Linux"
    rb"|[\w.+-]{1,32}@[\w.-]{1,64}:[~/][^\r\n#$]{0,160}[#$] "
    rb"|\[[\w.+-]{1,32}@[\w.-]{1,64} [^\]\r\n]{1,160}\][#$] "
    rb"|(?:PS )?[A-Z]:\\[^\r\n<>|?*\"]{0,200}>)",
    re.MULTILINE,
)
"""What a shell prints at the beginning of a line, and hardly anything else does."""
PROMPT = re.compile(
    rb"(?:(?:ba|da|z|k)?sh(?:-[0-9.]{1,8})?|[/~][\w./~-]{0,120} ?|\xe2\x94\x94\xe2\x94\x80)?"
    rb"[#$%] \Z"
)
"""A whole line that waits for a command; it tells a shell only where the other side then types."""
TEXT = re.compile(rb"(?:[\n\r\x1b\x20-\x7e\xe2][\t\n\r\x07\x08\x1b\x20-\x7e\x80-\xf7]*)?")
LINE = rb"(?:[\x20-\x7e][\t\x20-\x7e\x80-\xf7]{0,%d})?\r?" % TYPED_MAX
TYPED = re.compile(LINE + rb"\n")
MAY_BE_TYPED = re.compile(LINE + rb"\Z")
NO_COMMAND = re.compile(rb"[A-Z]{3,12} [^\r\n]{1,400} (?:HTTP|RTSP|SIP)/[0-9]|SSH-|[0-9]{3}[ -]")
"""First lines of other protocols."""


def begins(orig: bytes, resp: bytes) -> bool | None:
    """Whether first bytes of the two sides (either may be empty) are a shell and who uses it.

    None while too few bytes are there to tell.
    """
    ways = ((resp, orig), (orig, resp))
    answers = [_both(_is_shell(shell), _is_typed(typed)) for shell, typed in ways]
    if True in answers:
        return True
    return None if None in answers else False


def _both(one: bool | None, other: bool | None) -> bool | None:
    if one is False or other is False:
        return False
    return None if None in (one, other) else True


def _is_shell(octets: bytes) -> bool | None:
    """Whether a side prints what shells do."""
    if NO_COMMAND.match(octets) or not TEXT.fullmatch(octets):
        return False
    shown = plain(octets)
    if WORDS.search(shown) or PROMPT.fullmatch(shown.rpartition(b"\n")[2]):
        return True
    return None if len(octets) < WORDS_WITHIN else False


def _is_typed(octets: bytes) -> bool | None:
    """Whether a side sends lines that may be commands."""
    if NO_COMMAND.match(octets):
        return False
    if TYPED.match(octets):
        return True
    return None if MAY_BE_TYPED.fullmatch(octets) else False


class Shell(Parser):
    """Reads the session once it is clear which side types, until it is long enough."""

    service: ClassVar[str] = "shell"

    def __init__(self) -> None:
        super().__init__()
        self._heads = (bytearray(), bytearray())
        self._waiting: list[tuple[int, bytes, int]] = []
        self._weak = [False, False]  # by side: whether the other typed behind its prompt
        self._last: int | None = None  # the side that spoke last
        self._typist: int | None = None
        self._terminal: Terminal | None = None

    def confirmed_names(self) -> list[str]:
        """None: Zeek has no name for it in conn."""
        return []

    def data(self, side: int, octets: bytes, ts: int) -> None:
        """Read what comes next in the stream of a side."""
        if self.wants[ORIG] == NOTHING or not octets:
            return
        if self._terminal is not None:
            self._read(side, octets, ts)
            return
        self._waiting.append((side, octets, ts))
        if side != self._last:
            self._last = side
            other = bytes(self._heads[1 - side])
            self._weak[1 - side] |= _waits(other) and len(other) < HEAD_MAX
        self._heads[side].extend(octets[: HEAD_MAX - len(self._heads[side])])
        self._typist = next((each for each in (ORIG, RESP) if self._types(each)), None)
        if self._typist is not None:
            self._terminal = Terminal(self.service, self._typist, self.rows, is_in=True)
            for piece in self._waiting:
                self._read(*piece)
            self._waiting.clear()
        elif len(self._heads[side]) >= HEAD_MAX:
            self._finish()

    def gap(self, side: int, count: int, ts: int) -> None:
        """Give up: a prompt for a password may be missing."""
        self._finish()
        self.failed = "content_gap"

    def end(self, ts: int) -> None:
        """Tell what waits for the end."""
        self._finish()

    def _types(self, side: int) -> bool:
        """Whether a side types, and the other is a shell."""
        typed, shown = bytes(self._heads[side]), bytes(self._heads[1 - side])
        if not _is_typed(typed) or not TEXT.fullmatch(shown) or NO_COMMAND.match(shown):
            return False
        return self._weak[1 - side] or WORDS.search(plain(shown)) is not None

    def _read(self, side: int, octets: bytes, ts: int) -> None:
        terminal = self._terminal
        if terminal is None:
            return
        if side == self._typist:
            terminal.typed(octets, ts)
        else:
            terminal.printed(octets)
        if terminal.is_enough:
            self._finish()

    def _finish(self) -> None:
        if self.wants[ORIG] != NOTHING:
            self.wants = [NOTHING, NOTHING]
            self._waiting.clear()
            if self._terminal:
                self._terminal.end()


def _waits(octets: bytes) -> bool:
    """Whether what a side printed so far ends with a prompt."""
    return PROMPT.fullmatch(plain(octets).rpartition(b"\n")[2]) is not None
