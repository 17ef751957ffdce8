"""`sensor logs`: captures in, Zeek logs out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Literal

import click

from sensor.cli import options

LOGS = (
    "conn",
    "http",
    "ssl",
    "x509",
    "ssh",
    "rdp",
    "rfb",
    "ntlm",
    "kerberos",
    "ldap",
    "ldap_search",
    "socks",
    "tunnel",
    "radius",
    "openvpn",
    "wireguard",
    "ipsec",
)  # of parsers.schema


def _names(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> tuple[str, ...]:
    names = tuple(value.split(",")) if value is not None else LOGS
    for name in names:
        if name not in LOGS:
            raise click.BadParameter(
                f"{name!r} is no log: expected {', '.join(LOGS)}", context, parameter
            )
    return names


@click.command()
@click.argument("captures", metavar="CAPTURE...", nargs=-1, required=True)
@options.site
@options.folder(required=True, what="the logs")
@click.option(
    "--only", metavar="LOG,...", callback=_names, help=f"Write only these: {', '.join(LOGS)}."
)
@click.option(
    "--zeek-compat/--no-zeek-compat",
    default=True,
    show_default=True,
    help="Give Zeek's answer where it is known to be wrong (see docs/design.md).",
)
@click.option("--json-logs", is_flag=True, help="Write JSON, a row a line, instead of TSV.")
@options.checksums
@options.workers
@options.quiet
@options.verbose()
def logs(
    captures: tuple[str, ...],
    config: Path | None,
    local: tuple[str, ...],
    folder: Path,
    only: tuple[str, ...],
    zeek_compat: bool,
    json_logs: bool,
    checksums: Literal["auto", "verify", "ignore"],
    workers: int,
    quiet: bool,
) -> int:
    """Write Zeek logs of captures.

    Captures are pcap or pcapng, also in gzip or zstd; - is standard input.
    """
    from sensor import analysis
    from sensor.cli.progress import Bar
    from sensor.outputs.console import open_console
    from sensor.outputs.folder import make_folder
    from sensor.outputs.summary import show_summary

    site = options.load(config, local)
    make_folder(folder, [f"{name}.log" for name in only])
    with Bar(quiet=quiet) as progress:
        wanted = analysis.Options(
            checksums=checksums,
            only=only,
            json_logs=json_logs,
            zeek_compat=zeek_compat,
            workers=workers,
            say=progress.say,
        )
        summary = analysis.write_logs(captures, folder, site, wanted, progress)
    if not quiet:
        show_summary(open_console(sys.stdout), summary)
    for failure in summary.failed:
        options.say(failure)
    return 2 if summary.failed else 0
