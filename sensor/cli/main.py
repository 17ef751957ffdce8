"""The command `sensor`: its commands, and how every failure ends in one line for people.

Exit codes: 0 done; 1 done, with findings at or above `--fail-on`; 2 failed; 130 interrupted by
Ctrl-C; 141 the reader of the output went away (`| head`), which is the number a shell gives it.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from typing import NoReturn, TextIO

import click

from sensor import __version__
from sensor.cli.analyze import analyze
from sensor.cli.analyzers import analyzers
from sensor.cli.logs import logs
from sensor.cli.options import Invocation, say

FAILED = 2
INTERRUPTED = 130
READER_GONE = 141


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="sensor", message="%(prog)s %(version)s")
def sensor() -> None:
    """Find external remote services (ATT&CK T1133) in network traffic."""


for _command in (analyze, logs, analyzers):
    sensor.add_command(_command)


def main() -> NoReturn:
    """Run the command line of this process."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code; nothing is raised, whatever happens."""
    invocation = Invocation()
    try:
        with sensor.make_context("sensor", list(arguments), obj=invocation) as context:
            code = sensor.invoke(context)
        sys.stdout.flush()
    except click.exceptions.Exit as end:  # --help, --version
        return end.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except BrokenPipeError:
        _forget(sys.stdout)
        return READER_GONE
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 (the last word on any error is here)
        return _fail(error, verbose=invocation.verbose)
    return int(code or 0)


def _fail(error: Exception, *, verbose: bool) -> int:
    if isinstance(error, ExceptionGroup):  # several inputs, each with its own trouble
        for each in error.exceptions:
            _fail(each, verbose=verbose)
        return FAILED
    line = _for_people(error)
    if line is not None:
        say(line)
    elif verbose:
        traceback.print_exception(error)
    else:
        what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        say(f"internal error: {what} (run with -v for the traceback)")
    return FAILED


def _for_people(error: Exception) -> str | None:
    """Return the line of an error that names its own place; None for one that is our fault."""
    from parsers.errors import ParseError
    from sensor.setting_places import SettingsError

    if isinstance(error, ParseError | SettingsError):
        return str(error)
    if isinstance(error, OSError):
        named = error.filename and error.strerror
        return f"{error.filename}: {error.strerror}" if named else error.strerror or str(error)
    return None


def _forget(stream: TextIO) -> None:
    """Give up on a stream whose reader is gone, so that Python's last flush does not complain."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
