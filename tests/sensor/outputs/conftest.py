from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from sensor.findings import Attack, Finding, Severity, Verdict

WHEN = datetime(2026, 10, 1, 12, 0, 3, tzinfo=UTC)

FINDING = Finding(
    id="0123456789abcdef",
    analyzer="remote-service",
    title="Remote service reached from outside",
    message="2 sessions of 4,321 bytes.",
    severity=Severity.LOW,
    verdict=Verdict.USED,
    confidence=0.9,
    first_seen=WHEN,
    last_seen=WHEN + timedelta(minutes=1),
    src_ip="198.51.100.7",
    dest_ip="10.77.1.20",
    dest_port=22,
    protocol="tcp",
    service="ssh",
    user=None,
    status=None,
    flow_count=2,
    bytes_sent=4000,
    bytes_received=321,
    data_size=4321,
    evidence=({"uid": "C1", "ts": WHEN, "file": "a.pcap", "frame": 12},),
    not_seen=("the outcome of the logon (encrypted)",),
    attack=Attack(("T1133",), ("TA0001", "TA0003"), ("M1035",)),
)


@pytest.fixture
def finding() -> Callable[..., Finding]:
    """Make a finding, the usual one but for the fields given."""
    return lambda **fields: replace(FINDING, **fields)


@pytest.fixture
def summary() -> Callable[..., SimpleNamespace]:
    """Make a summary, the usual one but for the fields given."""

    def make(**fields):
        usual = {
            "captures": 1,
            "logs": 0,
            "rows": 0,
            "packets": 1234,
            "flows": 56,
            "bytes": 1_234_567,
            "seconds": 0.31,
            "first": WHEN,
            "last": WHEN + timedelta(minutes=5),
            "written": Counter(),
            "weirds": Counter(),
            "warnings": [],
            "notes": [],
            "failed": [],
        }
        return SimpleNamespace(**usual | fields)

    return make
