from __future__ import annotations

import io
import sys

import pytest

from sensor.cli import progress
from sensor.cli.progress import Bar


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Put standard error on a terminal; called by the test, since pytest sets it before each."""
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    return stream


def test_a_short_run_has_no_bar(monkeypatch):
    stream = terminal(monkeypatch)
    with Bar(quiet=False) as bar:
        bar(10, 100)
    assert stream.getvalue() == ""


def test_a_long_run_has_a_bar_with_bytes(monkeypatch):
    stream = terminal(monkeypatch)
    monkeypatch.setattr(progress, "PATIENCE", 0)
    with Bar(quiet=False) as bar:
        bar(10_000_000, 40_000_000)
        bar(20_000_000, 40_000_000)
    assert "20.0/40.0 MB" in stream.getvalue()


def test_a_stream_has_a_bar_without_an_end(monkeypatch):
    stream = terminal(monkeypatch)
    monkeypatch.setattr(progress, "PATIENCE", 0)
    with Bar(quiet=False) as bar:
        bar(10_000_000, None)
    assert "10.0/? MB" in stream.getvalue()


def test_quiet_has_no_bar(monkeypatch):
    stream = terminal(monkeypatch)
    monkeypatch.setattr(progress, "PATIENCE", 0)
    with Bar(quiet=True) as bar:
        bar(10, 100)
    assert stream.getvalue() == ""


def test_a_pipe_has_no_bar(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(progress, "PATIENCE", 0)
    with Bar(quiet=False) as bar:
        bar(10, 100)
    assert stream.getvalue() == ""


def test_a_line_is_said_above_the_bar(monkeypatch):
    stream = terminal(monkeypatch)
    monkeypatch.setattr(progress, "PATIENCE", 0)
    with Bar(quiet=False) as bar:
        bar(10, 100)
        bar.say("compiling [once]")
    assert "compiling [once]\n" in stream.getvalue()


def test_a_line_is_said_on_standard_error_unless_quiet(capsys):
    Bar(quiet=False).say("compiling")
    assert capsys.readouterr() == ("", "sensor: compiling\n")
    Bar(quiet=True).say("compiling")
    assert capsys.readouterr() == ("", "")
