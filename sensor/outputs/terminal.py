"""Findings for people: grouped by target, the most severe first, at most twenty.

    10.77.1.20  ssh 22/tcp · rdp 3389/tcp
      low        remote-service         198.51.100.7 → ssh 22/tcp
      used       2026-10-01 12:00:03    2 sessions, 48,211 bytes sent and received.

An analyzer's name is what the next command is given (`sensor analyzers NAME`), so it is never cut:
only the right-hand column wraps, and where that would be narrow, one column holds everything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from sensor.findings import Finding, Severity
from sensor.outputs.console import glyphs, show
from sensor.outputs.escape import escape
from sensor.outputs.figures import counted, moment

AT_MOST = 20
NARROW = 72
SERVICES_AT_MOST = 3
EVIDENCE_AT_MOST = 5

_STYLES = {
    Severity.CRITICAL: "bold red",
    Severity.HIGH: "red",
    Severity.MEDIUM: "yellow",
    Severity.LOW: "cyan",
    Severity.INFO: "dim",
}


def show_findings(console: Console, findings: Sequence[Finding], *, verbose: bool = False) -> None:
    """Print findings, given most severe first; `verbose` adds evidence and what was not seen."""
    if not findings:
        show(console, "No findings.")
        return
    show(console, Text(f"{counted(len(findings), 'finding')}: {_severities(findings)}"))
    shown = findings[:AT_MOST]
    width = max(len(finding.analyzer) for finding in shown)
    for target, group in _by_target(shown).items():
        show(console, "")
        show(console, _heading(console, target, group))
        show(console, _table(console, group, width, verbose=verbose))
    if left_out := findings[AT_MOST:]:
        said = f"{counted(len(left_out), 'more finding')} not shown: {_severities(left_out)}."
        show(console, Text(f"\n{said} All of them: --json, or -o DIR."))


def _severities(findings: Iterable[Finding]) -> str:
    counts = Counter(finding.severity for finding in findings)
    return ", ".join(f"{counts[severity]:,} {severity}" for severity in sorted(counts)[::-1])


def _by_target(findings: Iterable[Finding]) -> dict[str | None, list[Finding]]:
    groups: dict[str | None, list[Finding]] = {}
    for finding in findings:
        groups.setdefault(finding.dest_ip, []).append(finding)
    return groups


def _heading(console: Console, target: str | None, group: Iterable[Finding]) -> Text:
    services = list(dict.fromkeys(filter(None, map(_service, group))))
    if len(services) > SERVICES_AT_MOST:
        services[SERVICES_AT_MOST:] = [f"{len(services) - SERVICES_AT_MOST} more"]
    name = "More than one target" if target is None else escape(target)
    said = glyphs(console, escape(" · ".join(services)))
    return Text.assemble((name, "bold"), "  ", (said, "dim"))


def _table(console: Console, group: Iterable[Finding], width: int, *, verbose: bool) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(width=0)  # indents by the padding
    if console.width >= NARROW:
        table.add_column(no_wrap=True, min_width=len("succeeded"))
        table.add_column(no_wrap=True, min_width=max(width, len("2026-10-01 12:00:03")))
    table.add_column(overflow="fold")
    for at, finding in enumerate(group):
        if at:
            table.add_row()
        for row in _rows(console, finding, verbose=verbose):
            cells = row if console.width >= NARROW else [Text(" ").join(filter(None, row))]
            table.add_row("", *cells)
    return table


def _rows(console: Console, finding: Finding, *, verbose: bool) -> Iterator[tuple[Text, ...]]:
    route = Text(glyphs(console, escape(_route(finding))), "bold")
    severity = Text(str(finding.severity), _STYLES[finding.severity])
    yield severity, Text(finding.analyzer), route
    seen = Text(moment(finding.first_seen), "dim")
    yield Text(str(finding.verdict)), seen, Text(escape(finding.message))
    for line in _details(finding) if verbose else ():
        yield Text(), Text(), Text(glyphs(console, escape(line)), "dim")


def _route(finding: Finding) -> str:
    """Say who came to what; a finding about many sources has none, its message counts them."""
    source = finding.src_ip or ""
    if finding.user:
        source = f"{finding.user} at {source}" if source else finding.user
    return " → ".join(filter(None, (source, _service(finding))))


def _service(finding: Finding) -> str:
    port = f"{finding.dest_port}/{finding.protocol or 'any'}" if finding.dest_port else ""
    return " ".join(filter(None, (finding.service, port)))


def _details(finding: Finding) -> Iterator[str]:
    yield f"id {finding.id}, confidence {finding.confidence:g}"
    for unseen in finding.not_seen:
        yield f"not seen: {unseen}"
    fields = finding.to_dict()["evidence"]
    for row in fields[:EVIDENCE_AT_MOST]:
        yield ", ".join(f"{name} {value}" for name, value in row.items() if value is not None)
    if len(fields) > EVIDENCE_AT_MOST:
        yield f"{len(fields) - EVIDENCE_AT_MOST} more rows of evidence: --json"
