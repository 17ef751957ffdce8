"""Rows of `command`: what somebody typed in a session that can be read, and what came back.

Of a session a bounded number of rows is made; what is typed beyond that is counted in the last.
"""

from __future__ import annotations

import re
from typing import Any

from parsers.services.command_tells import tells
from parsers.services.parser import ORIG, Row

ROWS_MAX = 256
"""How many rows a connection has at most."""
TEXT_MAX = 1024
"""How many characters of a command, and of its output, are told."""
OUTPUT_KEPT = 4096
"""How many bytes of output are kept until they are told."""

OF_TERMINAL = re.compile(  # ECMA-48: control sequences, and strings that set a window's title
    rb"\x1b(?:\[[0-?]{0,64}[ -/]{0,8}[@-~]|\][^\x07\x1b]{0,256}(?:\x07|\x1b\\)|[()][0-9A-Z]|[=>78])"
)
SILENT = bytes({*range(0x20), 0x7F} - {*b"\t\n"})
PROMPT = re.compile(rb"[^\n]{0,200}[#$%>][ ]?\Z")


class Commands:
    """The commands of one session, in the order in which they were typed.

    rows: where they are added. typist: the side that types.
    """

    def __init__(self, service: str, typist: int, rows: list[Row]) -> None:
        self._always = {"service": service, "typed_by": "orig" if typist == ORIG else "resp"}
        self._rows = rows
        self._typed: dict[str, Any] | None = None  # the one whose output is awaited
        self._output = bytearray()
        self._made = 0
        self._unlisted = 0

    def typed(self, command: bytes, ts: int) -> None:
        """Begin a command. What comes back from now on is its output."""
        if self._made == ROWS_MAX - 1 and self._typed is not None:
            self._unlisted += 1
            return
        self._tell()
        text = as_text(command)
        self._typed = {"ts": ts, **self._always, "command": text[:TEXT_MAX], "tells": tells(text)}

    def shown(self, octets: bytes) -> None:
        """Take in what came back; of the last command that is told, what comes after it too."""
        if self._typed is not None and not self._unlisted:
            self._output += octets[: OUTPUT_KEPT - len(self._output)]

    def end(self) -> None:
        """Tell the last command."""
        if self._typed is not None and self._unlisted:
            self._typed["unlisted"] = self._unlisted
        self._tell()

    def _tell(self) -> None:
        if self._typed is None:
            return
        is_whole = len(self._output) < OUTPUT_KEPT
        output = _output(bytes(self._output), self._typed["command"], is_whole=is_whole)
        self._rows.append(("command", self._typed | {"output": output or None}))
        self._made += 1
        self._typed = None
        self._output.clear()


def as_text(octets: bytes) -> str:
    """Bytes of the wire as text, what is no UTF-8 written out."""
    return octets.decode("utf-8", "backslashreplace")


def plain(octets: bytes, *, keep: bytes = b"") -> bytes:
    """What a terminal shows of these bytes, without colours, titles, movements and silent keys."""
    shown = OF_TERMINAL.sub(b"", octets)
    return shown.translate(None, bytes(set(SILENT) - set(keep)))


def _output(octets: bytes, command: str, *, is_whole: bool) -> str:
    """The beginning of the output, without the echo before it and the prompt behind it."""
    shown = plain(octets)
    if is_whole:
        shown = PROMPT.sub(b"", shown)
    text = as_text(shown).lstrip("\n")
    return text.removeprefix(command).strip("\n")[:TEXT_MAX]
