from __future__ import annotations

import subprocess
import sys

import pytest

from parsers.errors import NotACapture
from sensor import __version__


def python(code: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Run Python code in a process of its own."""
    return subprocess.run(
        [sys.executable, *options, "-c", code], capture_output=True, text=True, check=False
    )


def test_version_is_said(command):
    assert command("--version").out == f"sensor {__version__}\n"


def test_python_m_sensor_is_the_command():
    ended = subprocess.run(
        [sys.executable, "-m", "sensor", "--version"], capture_output=True, text=True, check=True
    )
    assert ended.stdout == f"sensor {__version__}\n"


def test_version_imports_nothing_heavy():
    code = (
        "import sys\n"
        "from sensor.cli.main import run\n"
        "assert run(['--version']) == 0\n"
        "heavy = ('numpy', 'numba', 'polars', 'rich', 'msgspec', 'importlib.metadata', 'parsers')\n"
        "loaded = [name for name in heavy if name in sys.modules]\n"
        "loaded += [name for name in sys.modules if name.startswith('sensor.analyzers')]\n"
        "assert not loaded, loaded\n"
    )
    ended = python(code)
    assert ended.returncode == 0, ended.stderr


def test_help_lists_the_commands(command):
    ended = command("--help")
    assert ended.code == 0
    for name in ("analyze", "logs", "analyzers"):
        assert f"\n  {name} " in ended.out


def test_an_unknown_command_is_a_usage_error(command):
    ended = command("analyse")
    assert ended.code == 2
    assert "No such command 'analyse'" in ended.err


def test_no_arguments_show_the_help(command):
    ended = command()
    assert "Usage: sensor" in ended.out + ended.err


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (NotACapture("x.pcap", "a capture", "text"), "x.pcap: expected a capture, found text"),
        (FileNotFoundError(2, "No such file or directory", "x"), "x: No such file or directory"),
        (OSError(28, "No space left on device"), "No space left on device"),
        (FileNotFoundError("x: cannot be read"), "x: cannot be read"),
        (
            ZeroDivisionError("a\x1b[31m"),
            r"internal error: ZeroDivisionError: a\x1b[31m (run with -v for the traceback)",
        ),
        (KeyError(), "internal error: KeyError (run with -v for the traceback)"),
    ],
)
def test_a_failure_is_one_line_and_exit_code_2(command, analysis, error, line: str):
    analysis.error = error
    ended = command("analyze", "x.pcap")
    assert (ended.code, ended.out, ended.err) == (2, "", f"sensor: {line}\n")


def test_several_failures_are_a_line_each(command, analysis):
    missing = FileNotFoundError(2, "No such file or directory", "y")
    analysis.error = ExceptionGroup("inputs", [NotACapture("x", "a capture", "text"), missing])
    ended = command("analyze", "x", "y")
    assert ended.code == 2
    assert ended.err == (
        "sensor: x: expected a capture, found text\nsensor: y: No such file or directory\n"
    )


def test_verbose_shows_the_traceback_of_an_internal_error(command, analysis):
    analysis.error = ZeroDivisionError("oops")
    ended = command("analyze", "-v", "x.pcap")
    assert ended.code == 2
    assert "Traceback" in ended.err
    assert "ZeroDivisionError: oops" in ended.err


def test_verbose_shows_no_traceback_of_a_wrong_input(command, analysis):
    analysis.error = NotACapture("x.pcap", "a capture", "text")
    ended = command("analyze", "-v", "x.pcap")
    assert ended.err == "sensor: x.pcap: expected a capture, found text\n"


def test_ctrl_c_ends_with_130_and_no_traceback(command, analysis):
    analysis.error = KeyboardInterrupt()
    ended = command("analyze", "x.pcap")
    assert (ended.code, ended.out, ended.err) == (130, "", "")


def test_a_reader_that_goes_away_ends_it_silently():
    code = (
        "import os, sys\n"
        "from sensor.cli import main\n"
        "import click\n"
        "@main.sensor.command()\n"
        "def endless():\n"
        "    while True:\n"
        "        click.echo('line')\n"
        "sys.argv[1:] = ['endless']\n"
        "main.main()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == "line\n"
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(timeout=30) == 141


def test_text_that_the_stream_cannot_encode_is_written_out():
    code = (
        "import sys\n"
        "from sensor.cli import main\n"
        "@main.sensor.command()\n"
        "def arrow():\n"
        "    print(chr(0x2192))\n"
        "sys.argv[1:] = ['arrow']\n"
        "main.main()\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONIOENCODING": "ascii", "PYTHONPATH": ":".join(filter(None, sys.path))},
    )
    assert ended.stdout == "\\u2192\n"
