"""`sensor analyze`: captures and logs in, findings out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from sensor.cli import options

if TYPE_CHECKING:
    from sensor.analysis import Report

SEVERITIES = ("info", "low", "medium", "high", "critical")


@click.command()
@click.argument("inputs", metavar="INPUT...", nargs=-1, required=True)
@options.site
@click.option("--json", "as_json", is_flag=True, help="Print a finding a line as JSON.")
@options.folder(required=False, what="findings.jsonl, findings.csv and summary.json")
@click.option(
    "--fail-on",
    metavar="SEVERITY",
    type=click.Choice(SEVERITIES),
    help=f"Exit with 1 if a finding is at least this severe: {', '.join(SEVERITIES)}.",
)
@options.checksums
@options.workers
@options.quiet
@options.verbose("Print the evidence too, and the traceback of an internal error.")
@click.pass_obj
def analyze(
    invocation: options.Invocation,
    inputs: tuple[str, ...],
    config: Path | None,
    local: tuple[str, ...],
    as_json: bool,
    folder: Path | None,
    fail_on: str | None,
    checksums: Literal["auto", "verify", "ignore"],
    workers: int,
    quiet: bool,
) -> int:
    """Find remote services in captures and Zeek logs.

    Captures are pcap or pcapng, logs TSV or JSON, both also in gzip or zstd. A folder stands for
    all that lies below it; - is standard input. Several inputs are one network on one timeline.
    """
    from sensor import analysis
    from sensor.cli.progress import Bar
    from sensor.outputs.folder import FILES, make_folder, write_folder

    site = options.load(config, local)
    if folder:
        make_folder(folder, FILES)
    with Bar(quiet=quiet) as progress:
        wanted = analysis.Options(checksums=checksums, workers=workers, say=progress.say)
        report = analysis.analyze(inputs, site, wanted, progress)
    if folder:
        write_folder(report, folder)
    _show(report, as_json=as_json, quiet=quiet, verbose=invocation.verbose)
    for failure in report.summary.failed:
        options.say(failure)
    return _exit_code(report, fail_on)


def _show(report: Report, *, as_json: bool, quiet: bool, verbose: bool) -> None:
    from sensor.outputs.console import open_console
    from sensor.outputs.json_lines import write_json_lines
    from sensor.outputs.summary import show_summary
    from sensor.outputs.terminal import show_findings

    if as_json:
        write_json_lines(report.findings, sys.stdout)
    else:
        show_findings(open_console(sys.stdout), report.findings, verbose=verbose)
    if not quiet:
        stream = sys.stderr if as_json else sys.stdout
        click.echo(file=stream)
        show_summary(open_console(stream), report.summary)


def _exit_code(report: Report, fail_on: str | None) -> int:
    if report.summary.failed:
        return 2
    if fail_on is None:
        return 0
    limit = SEVERITIES.index(fail_on)
    return int(any(finding.severity >= limit for finding in report.findings))
