"""Where text for people goes: a terminal as wide as it is, or a pipe that gets plain text."""

from __future__ import annotations

import os
from typing import TextIO

from rich.console import Console, RenderableType

PIPE_WIDTH = 100

_ASCII = str.maketrans({"→": "->", "·": "-", "…": "..."})


def open_console(stream: TextIO) -> Console:
    """Return a console on `stream`; text is never read as markup, and NO_COLOR is honoured.

    Rich decides on colour (NO_COLOR, TERM, whether it is a terminal) and on the width of a
    terminal; a pipe gets a fixed width, so that its text does not depend on who started it.
    """
    fixed = None if stream.isatty() or "COLUMNS" in os.environ else PIPE_WIDTH
    return Console(file=stream, width=fixed, markup=False, emoji=False, highlight=False)


def glyphs(console: Console, text: str) -> str:
    """Return our own text with its arrows and dots in ASCII where the stream has nothing else."""
    return text if console.encoding.lower().startswith("utf") else text.translate(_ASCII)


def show(console: Console, *parts: RenderableType) -> None:
    """Print parts one under the other; a pipe gets no spaces at the ends of lines."""
    if console.is_terminal:
        console.print(*parts, sep="\n")
        return
    with console.capture() as captured:
        console.print(*parts, sep="\n")
    lines = captured.get().splitlines()
    console.file.write("".join(f"{line.rstrip()}\n" for line in lines))
