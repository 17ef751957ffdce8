from __future__ import annotations

import io

from rich.console import Console
from rich.table import Table

from sensor.outputs.console import PIPE_WIDTH, glyphs, open_console, show


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_pipe_has_a_fixed_width_and_no_colour(monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    console = open_console(io.StringIO())
    assert (console.width, console.color_system) == (PIPE_WIDTH, None)


def test_columns_sets_the_width_of_a_pipe(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert open_console(io.StringIO()).width == 80


def test_a_terminal_has_colour_unless_no_color_is_set(monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert not open_console(Terminal()).no_color
    monkeypatch.setenv("NO_COLOR", "1")
    assert open_console(Terminal()).no_color


def test_text_is_no_markup():
    stream = io.StringIO()
    open_console(stream).print("[red]a[/red] :smile:")
    assert stream.getvalue() == "[red]a[/red] :smile:\n"


def test_a_pipe_gets_no_spaces_at_the_ends_of_lines():
    stream = io.StringIO()
    table = Table.grid()
    table.add_row("long text")
    table.add_row("short")
    show(Console(file=stream), table)
    assert stream.getvalue() == "long text\nshort\n"


def test_glyphs_are_ascii_where_the_stream_is():
    narrow = Console(file=io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    assert glyphs(narrow, "a → b · c…") == "a -> b - c..."
    assert glyphs(Console(file=io.StringIO()), "a → b") == "a → b"
