"""Every form of the output in one folder: findings.jsonl, findings.csv, summary.json."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from sensor.findings import Finding
from sensor.outputs.csv import write_csv
from sensor.outputs.json_lines import write_json_lines
from sensor.outputs.summary import summary_fields

if TYPE_CHECKING:
    from sensor.analysis import Report

FILES = ("findings.jsonl", "findings.csv", "summary.json")


def make_folder(path: Path, files: Iterable[str] = ()) -> Path:
    """Create the folder before any work is done for it, without an earlier run's `files` in it.

    What an earlier run left must not pass for the result of one that fails. OSError says what is
    in the way.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise NotADirectoryError(20, "is a file: a folder is needed here", str(path)) from None
    for name in files:
        (path / name).unlink(missing_ok=True)
    return path


def write_folder(report: Report, folder: Path) -> None:
    """Write the three files."""
    jsonl, csv, summary = (folder / name for name in FILES)
    with jsonl.open("w", encoding="utf-8", newline="\n") as stream:
        write_json_lines(report.findings, stream)
    with csv.open("w", encoding="utf-8", newline="") as stream:
        write_csv(report.findings, stream)
    fields = {**summary_fields(report.summary), "findings": by_severity(report.findings)}
    summary.write_text(json.dumps(fields, indent=2) + "\n", encoding="utf-8")


def by_severity(findings: list[Finding]) -> dict[str, int]:
    """Count findings by severity, the most severe first."""
    counts = Counter(finding.severity for finding in findings)
    return {str(severity): counts[severity] for severity in sorted(counts, reverse=True)}
