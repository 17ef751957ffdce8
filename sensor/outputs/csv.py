"""Findings as a table for spreadsheets: the fields that are one value; evidence is in the JSON."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from typing import Any, TextIO

from sensor.findings import Finding
from sensor.outputs.escape import escape

COLUMNS = (
    "id",
    "analyzer",
    "title",
    "message",
    "severity",
    "verdict",
    "confidence",
    "first_seen",
    "last_seen",
    "src_ip",
    "dest_ip",
    "dest_port",
    "protocol",
    "service",
    "user",
    "status",
    "flow_count",
    "bytes_sent",
    "bytes_received",
    "data_size",
    "not_seen",
    "technique",
    "tactic",
    "mitigation",
)

# What makes a spreadsheet read a cell as a formula (OWASP, CSV Injection), full-width forms too.
_FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def write_csv(findings: Iterable[Finding], stream: TextIO) -> None:
    """Write a header and a row a finding. Unset cells are empty, lists are joined by `; `."""
    rows = csv.writer(stream, lineterminator="\n")
    rows.writerow(COLUMNS)
    for finding in findings:
        fields = finding.to_dict()
        fields.update(fields["attack"])
        rows.writerow([_cell(fields[column]) for column in COLUMNS])


def _cell(value: Any) -> Any:
    if isinstance(value, list | tuple):
        value = "; ".join(map(str, value))
    if not isinstance(value, str):
        return value
    text = escape(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
