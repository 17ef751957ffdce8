"""Options that several commands have, and what the command line as a whole remembers."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

C = TypeVar("C", bound=Callable[..., Any])


@dataclass
class Invocation:
    """What is known of this run while it fails: whether the user asked for the whole story."""

    verbose: bool = False


def _verbose(context: click.Context, _: click.Parameter, value: bool) -> None:
    context.obj.verbose = value


def checksums(command: C) -> C:
    """Add `--checksums`."""
    return click.option(
        "--checksums",
        type=click.Choice(["auto", "verify", "ignore"]),
        default="auto",
        show_default=True,
        help="Drop packets with a wrong IP, TCP, UDP or ICMP checksum; auto: not in a capture of a "
        "host that leaves checksums to its network card.",
    )(command)


def workers(command: C) -> C:
    """Add `--workers`."""
    return click.option(
        "--workers",
        metavar="N",
        type=click.IntRange(min=1),
        default=cores,
        show_default="the cores there are",
        help="Cores to use for a large input; the result is the same for any number.",
    )(command)


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def quiet(command: C) -> C:
    """Add `-q`."""
    return click.option(
        "-q", "--quiet", is_flag=True, help="Print no summary and no progress, only results."
    )(command)


def verbose(said: str = "Print the traceback of an internal error.") -> Callable[[C], C]:
    """Add `-v`: it is in the Invocation, since an internal error asks for it too."""
    return click.option(
        "-v",
        "--verbose",
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_verbose,
        help=said,
    )


def folder(required: bool, what: str) -> Callable[[C], C]:
    """Add `-o DIR`."""
    return click.option(
        "-o",
        "--output",
        "folder",
        metavar="DIR",
        type=click.Path(path_type=Path),
        required=required,
        help=f"Write {what} into this folder, made where it is not there.",
    )


def say(line: str) -> None:
    """Tell the user what went wrong: one line on standard error, safe to show."""
    from sensor.outputs.escape import escape

    click.echo(f"sensor: {escape(line)}", err=True)
