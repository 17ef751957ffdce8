"""What was read, how long it took, and what was passed over: as fields and for people."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from parsers.weirds import meaning
from sensor import __version__
from sensor.outputs.console import glyphs, show
from sensor.outputs.escape import escape
from sensor.outputs.figures import counted, moment, size, span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sensor.analysis import Summary

_STYLES = {"Warning": "yellow", "Failed": "red"}


def summary_fields(summary: Summary) -> dict[str, Any]:
    """Return the summary as JSON has it; times as RFC 3339, null where there was no packet."""
    return {
        "version": __version__,
        "captures": summary.captures,
        "packets": summary.packets,
        "logs": summary.logs,
        "rows": summary.rows,
        "flows": summary.flows,
        "bytes": summary.bytes,
        "seconds": round(summary.seconds, 3),
        "first": _rfc3339(summary.first),
        "last": _rfc3339(summary.last),
        "written": dict(summary.written),
        "weirds": dict(summary.weirds.most_common()),
        "warnings": list(summary.warnings),
        "notes": list(summary.notes),
        "failed": list(summary.failed),
    }


def show_summary(console: Console, summary: Summary) -> None:
    """Print a line a subject: what was read, from when to when, what was odd."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    label = ""
    for name, line in _lines(summary):
        shown = Text(glyphs(console, escape(line)), style=_STYLES.get(name, ""))
        table.add_row("" if name == label else name, shown)
        label = name
    show(console, table)


def _lines(summary: Summary) -> Iterator[tuple[str, str]]:
    yield "Read", _what_was_read(summary)
    if summary.written:
        logs = (f"{name} {rows:,}" for name, rows in summary.written.items())
        yield "Wrote", f"rows of {', '.join(logs)}"
    if summary.first and summary.last:
        length = span(summary.last - summary.first)
        yield "Time", f"{moment(summary.first)} to {moment(summary.last)} UTC ({length})"
    for name, count in summary.weirds.most_common():
        yield "Weird", f"{name}: {count:,} {meaning(name)}"
    for name, lines in (("Warning", summary.warnings), ("Note", summary.notes)):
        for line in lines:
            yield name, line


def _what_was_read(summary: Summary) -> str:
    counts = []
    if summary.captures or not summary.logs:
        counts += [counted(summary.captures, "capture"), counted(summary.packets, "packet")]
    if summary.logs:
        counts += [counted(summary.logs, "log"), counted(summary.rows, "row")]
    counts.append(counted(summary.flows, "flow"))
    if summary.captures or not summary.logs:
        counts.append(size(summary.bytes))
    return f"{', '.join(counts)} in {span(timedelta(seconds=summary.seconds))}"


def _rfc3339(when: Any) -> str | None:
    return when.isoformat().replace("+00:00", "Z") if when else None
