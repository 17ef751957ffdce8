"""What a long run says meanwhile: a progress bar after a second, on a terminal only."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Self

import click

if TYPE_CHECKING:
    from rich.progress import Progress

PATIENCE = 1.0  # seconds without a bar


class Bar:
    """Called with bytes done and bytes in all; draws on standard error and clears up after itself.

    Rich, and the thread that redraws the bar, are started when the patience is over.
    """

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._wanted = not quiet and sys.stderr.isatty()
        self._started = time.monotonic()
        self._progress: Progress | None = None

    def __call__(self, done: int, total: int | None) -> None:
        """Show how far it is; `total` is None where the input is a stream."""
        if not self._wanted or time.monotonic() - self._started < PATIENCE:
            return
        if self._progress is None:
            self._progress = _progress()
            self._progress.add_task("", total=total, completed=done)
            self._progress.start()
        self._progress.update(self._progress.task_ids[0], completed=done, total=total)

    def say(self, line: str) -> None:
        """Print a line, above the bar where there is one."""
        if self._progress is not None:
            self._progress.console.print(line)
        elif not self._quiet:
            click.echo(f"sensor: {line}", err=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._progress is not None:
            self._progress.stop()


def _progress() -> Progress:
    from rich import progress

    from sensor.outputs.console import open_console

    return progress.Progress(
        progress.BarColumn(),
        progress.DownloadColumn(),
        progress.TransferSpeedColumn(),
        progress.TimeRemainingColumn(),
        console=open_console(sys.stderr),
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )
