"""Findings as JSON lines: one object a line, whole and exact, for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TextIO

from sensor.findings import Finding


def write_json_lines(findings: Iterable[Finding], stream: TextIO) -> None:
    """Write a finding a line, in ASCII: whatever else the text holds, JSON escapes it."""
    lines = (json.dumps(finding.to_dict(), separators=(",", ":")) for finding in findings)
    stream.writelines(f"{line}\n" for line in lines)
