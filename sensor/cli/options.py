"""Options that several commands have, and what the command line as a whole remembers."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from sensor.settings import Site

C = TypeVar("C", bound=Callable[..., Any])


@dataclass
class Invocation:
    """What is known of this run while it fails: whether the user asked for the whole story."""

    verbose: bool = False


def _verbose(context: click.Context, _: click.Parameter, value: bool) -> None:
    context.obj.verbose = value


def site(command: C) -> C:
    """Add `--config` and `--local`, which `load` takes."""
    config = click.option(
        "--config",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="The site file. Default: sensor.toml here, then the user's, then the system's.",
    )
    local = click.option(
        "--local",
        metavar="NET",
        multiple=True,
        callback=_networks,
        help="A network that is inside, instead of the site file's or the private ranges; "
        "repeatable.",
    )
    return config(local(command))


def _networks(
    context: click.Context, parameter: click.Parameter, values: tuple[str, ...]
) -> tuple[str, ...]:
    from sensor.settings import network

    try:
        return tuple(network(value) for value in values)
    except ValueError as error:
        raise click.BadParameter(str(error), context, parameter) from None


def load(config: Path | None, local: tuple[str, ...]) -> Site:
    """Read the site file and check what it sets for each analyzer, before any work is done."""
    import msgspec

    from sensor import analyzers
    from sensor.settings import analyzer_settings, load_site, refuse_unknown_analyzers

    found = load_site(config)
    refuse_unknown_analyzers(found, analyzers.names())
    for name in found.analyzers:
        analyzer_settings(found, name, analyzers.module(name).Settings)
    return msgspec.structs.replace(found, local=local) if local else found


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
