"""The whole of a run: captures and logs in; findings, or logs, out."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sensor.findings import Finding
from sensor.settings import Site

if TYPE_CHECKING:
    import polars as pl

    from sensor.analyzer import Analyzer
    from sensor.enrich import Enrichment
    from sensor.inputs import Inputs
    from sensor.timeline import Checksums, Progress, Reading, Timeline
    from sensor.zeek_logs import LogReading


AHEAD = 1  # frames that may wait to be measured
GATHERED = 65_536  # rows of captures that are worked on at once


def silent(_: str) -> None:
    """Say nothing."""


@dataclass(frozen=True, slots=True)
class Options:
    """How a run is done.

    checksums: whether packets with a wrong checksum are dropped; "auto": unless the capture was
    taken on a host that leaves checksums to its network card.
    only: the logs to write; json_logs: as JSON instead of TSV; zeek_compat: with Zeek's answer
    where it is known to be wrong (findings never use it).
    workers: how many cores may be used; the result is the same for any number.
    say: told, in one line, of anything that takes long before it begins.
    """

    checksums: Checksums = "auto"
    only: tuple[str, ...] = ("conn",)
    json_logs: bool = False
    zeek_compat: bool = True
    workers: int = 1
    say: Callable[[str], None] = silent


@dataclass(slots=True)
class Summary:
    """What a run read, and what it had to pass over.

    flows: of captures, and rows of conn logs; rows: of all logs.
    bytes: of all packets on the wire; seconds: of the run; first, last: packets' times, UTC;
    written: rows of logs that were written, by table.
    weirds: by reason (`parsers.weirds`); warnings, notes, failed: lines for people.
    """

    captures: int = 0
    packets: int = 0
    logs: int = 0
    rows: int = 0
    flows: int = 0
    bytes: int = 0
    seconds: float = 0.0
    first: datetime | None = None
    last: datetime | None = None
    written: Counter[str] = field(default_factory=Counter)
    weirds: Counter[str] = field(default_factory=Counter)
    warnings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def add_flows(self, rows: pl.DataFrame) -> None:
        """Count flows, and widen the time span to hold them."""
        self.flows += len(rows)
        if rows.is_empty():
            return
        first, last = rows["ts"].min(), (rows["ts"] + rows["duration"].fill_null(timedelta())).max()
        if isinstance(first, datetime) and isinstance(last, datetime):
            self.first = first if self.first is None else min(self.first, first)
            self.last = last if self.last is None else max(self.last, last)

    def add_inputs(self, inputs: Inputs) -> None:
        """Take over what was said of the inputs before they were read."""
        self.warnings += inputs.warnings
        self.failed += [str(error) for error in inputs.errors]

    def add_logs(self, reading: LogReading) -> None:
        """Take over what reading logs has to say."""
        self.logs += reading.logs
        self.rows += reading.rows.total()
        self.weirds += reading.weirds
        self.warnings += reading.warnings
        self.failed += reading.failed

    def add_reading(self, reading: Reading, started: float) -> None:
        """Take over what reading the captures has to say."""
        self.captures, self.packets, self.bytes = reading.captures, reading.packets, reading.octets
        self.weirds += reading.weirds
        self.warnings += reading.warnings
        self.failed += reading.failed
        self.seconds = time.monotonic() - started


@dataclass(slots=True)
class Report:
    """Findings, most severe first, and the summary of the run that made them."""

    findings: list[Finding]
    summary: Summary


def analyze(
    paths: Sequence[str], site: Site, options: Options, progress: Progress | None = None
) -> Report:
    """Find what the analyzers look for in captures, Zeek logs and servers' logs of logons.

    Raises ParseError or OSError when no input can be read; single bad inputs are in
    `summary.failed`. SettingsError when a setting of an analyzer is refused.
    """
    started = time.monotonic()
    from sensor.ahead import ahead
    from sensor.engines.batch import Batch
    from sensor.enrich import Enrichment
    from sensor.inputs import tell_apart
    from sensor.logon_logs import LogonLogs
    from sensor.missing import notes, unread
    from sensor.timeline import Timeline
    from sensor.zeek_logs import ZeekLogs, wanted

    analyzers = load_analyzers(site)
    inputs = tell_apart(paths)
    inputs.refuse_nothing()
    engine = Batch(analyzers, conn_last=not (inputs.captures or inputs.mixed))
    summary, sides = Summary(), Sides()
    timeline = Timeline(inputs.captures, options.say, options.workers, inputs.stream)
    logs = ZeekLogs(inputs.logs, wanted(analyzers), inputs.stream)
    captured = gathered(_captured(timeline, site, options, progress))
    logons = LogonLogs(inputs.logons, inputs.stream)
    tables = chain(
        ((table, rows, False) for table, rows in captured),
        ((table, rows, True) for table, rows in logons.tables(progress)),
        ((table, rows, True) for table, rows in logs.tables(progress)),
    )
    enrichment = Enrichment(site)
    enriched = with_what_is_told(tables, enrichment)
    for table, rows in ahead(enriched, AHEAD) if options.workers > 1 else enriched:
        if table == "conn":
            summary.add_flows(rows)
            sides.add(rows)
        engine.add(table, rows)
    findings = engine.findings()
    summary.add_inputs(inputs)
    summary.notes += sides.notes()
    summary.add_logs(logons.reading)
    if inputs.logs:
        summary.add_logs(logs.reading)
        summary.notes += unread(logs.reading.unread)
        summary.notes += notes(analyzers, logs.reading.columns)
    summary.add_reading(timeline.reading, started)
    return Report(findings, summary)


def with_what_is_told(
    tables: Iterator[tuple[str, pl.DataFrame, bool]], enrichment: Enrichment
) -> Iterator[tuple[str, pl.DataFrame]]:
    """Enrich tables (of each, whether it is a log), and add the tables that their rows tell of.

    Logons, and of a log of HTTP the requests to container APIs, which captures tell by themselves.
    """
    from sensor.enrich.container_requests import container_requests
    from sensor.enrich.logons import logons

    for table, rows, of_log in tables:
        enriched = enrichment.add(table, rows)
        yield table, enriched
        told = logons(table, enriched, of_log=of_log)
        if told is not None:
            yield "logon", enrichment.add("logon", told)
        requests = container_requests(enriched) if of_log and table == "http" else None
        if requests is not None:
            yield "container_api", enrichment.add("container_api", requests)


def gathered(tables: Iterator[tuple[str, pl.DataFrame]]) -> Iterator[tuple[str, pl.DataFrame]]:
    """Join the small frames of captures, as many as are worth working on.

    Of what was gathered `conn` comes last: rows of other tables tell more of a connection.
    """
    import polars as pl

    waiting: dict[str, list[pl.DataFrame]] = {"x509": [], "ssl": []}
    count = 0

    def joined() -> Iterator[tuple[str, pl.DataFrame]]:
        conn = {"conn": waiting.pop("conn", [])}
        for table, frames in (waiting | conn).items():
            if frames:
                yield table, pl.concat(frames, rechunk=True)
                frames.clear()

    for table, rows in tables:
        waiting.setdefault(table, []).append(rows)
        count += rows.height
        if count >= GATHERED:
            yield from joined()
            count = 0
    yield from joined()


def _captured(
    timeline: Timeline, site: Site, options: Options, progress: Progress | None
) -> Iterator[tuple[str, pl.DataFrame]]:
    """The tables of all captures."""
    if not timeline.captures:
        return
    from parsers.addresses import Networks
    from sensor.flows.tracker import FlowTracker

    tracker = FlowTracker(
        Networks(site.local),
        verify=options.checksums == "verify",
        streams=True,
        servers=Networks(site.local),
        zeek_compat=False,
        fast=timeline.is_large,
    )
    yield from timeline.tables(tracker, options.checksums, progress)


def write_logs(
    paths: Sequence[str],
    folder: Path,
    site: Site,
    options: Options,
    progress: Progress | None = None,
) -> Summary:
    """Write Zeek's logs of captures into a folder that exists; a log has its name when it is whole.

    Raises ParseError or OSError when no input is a capture, OSError when a log cannot be written.
    """
    started = time.monotonic()
    from parsers.addresses import Networks
    from parsers.zeek.write import Logs
    from sensor.flows.tracker import FlowTracker
    from sensor.inputs import tell_apart
    from sensor.timeline import Timeline

    inputs = tell_apart(paths)
    inputs.leave_captures()
    inputs.refuse_nothing()
    timeline = Timeline(inputs.captures, options.say, options.workers, inputs.stream)
    tracker = FlowTracker(
        Networks(site.local),
        verify=options.checksums == "verify",
        payloads=False,
        streams=set(options.only) != {"conn"},
        zeek_compat=options.zeek_compat,
        fast=timeline.is_large,
    )
    summary = Summary()
    with Logs(folder, options.only, json=options.json_logs) as logs:
        for table, rows in timeline.tables(tracker, options.checksums, progress):
            if table == "conn":
                summary.add_flows(rows)
            logs.write(table, rows)
            if table in options.only:
                summary.written[table] += len(rows)
    summary.add_inputs(inputs)
    summary.add_reading(timeline.reading, started)
    return summary


def load_analyzers(site: Site) -> tuple[Analyzer, ...]:
    """Every analyzer with the site's settings, checked against the tables that there are.

    Raises SettingsError with the place of a setting that is refused.
    """
    from parsers.schema import OBSERVED
    from sensor.analyzer import check
    from sensor.analyzers import load, module, names
    from sensor.settings import analyzer_settings

    settings = {name: analyzer_settings(site, name, module(name).Settings) for name in names()}
    analyzers = load(settings)
    columns = {table: {column.name for column in found} for table, found in OBSERVED.items()}
    for analyzer in analyzers:
        check(analyzer, columns)
    return analyzers


@dataclass(slots=True)
class Sides:
    """Whether the input has hosts of both sides: without, "outside" means little."""

    inside: bool = False
    outside: bool = False

    def add(self, rows: pl.DataFrame) -> None:
        """Look at the enriched rows of a batch."""
        seen: Any = rows.select(
            inside=rows["orig_inside"].any() | rows["resp_inside"].any(),
            outside=(~rows["orig_inside"]).any() | (~rows["resp_inside"]).any(),
        ).row(0)
        self.inside, self.outside = self.inside or bool(seen[0]), self.outside or bool(seen[1])

    def notes(self) -> list[str]:
        """Say so, with the option to set, when one side is missing."""
        if self.inside == self.outside:
            return []
        which = "inside" if self.inside else "outside"
        return [f"Every host of the input is {which}: say with --local which networks are yours."]
