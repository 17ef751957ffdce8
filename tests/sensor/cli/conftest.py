from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

import sensor
from sensor.cli.main import run
from sensor.findings import Attack, Finding, Severity, Verdict

WHEN = datetime(2026, 10, 1, 12, 0, 3, tzinfo=UTC)


def make_finding(severity: Severity) -> Finding:
    return Finding(
        id="0123456789abcdef",
        analyzer="remote-service",
        title="Remote service reached from outside",
        message="2 sessions of 4,321 bytes.",
        severity=severity,
        verdict=Verdict.USED,
        confidence=0.9,
        first_seen=WHEN,
        last_seen=WHEN,
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
        evidence=(),
        not_seen=(),
        attack=Attack(("T1133",), (), ()),
    )


@dataclass
class Analysis:
    """What the pipeline is asked, and what it answers, in place of the real one."""

    severities: Sequence[Severity] = (Severity.LOW,)
    failed: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    error: BaseException | None = None
    asked: dict[str, Any] = field(default_factory=dict)

    def summary(self) -> SimpleNamespace:
        return SimpleNamespace(
            captures=1,
            logs=0,
            rows=0,
            packets=10,
            flows=2,
            bytes=1000,
            seconds=0.1,
            first=WHEN,
            last=WHEN + timedelta(seconds=1),
            written=Counter(),
            weirds=Counter(),
            warnings=self.warnings,
            notes=[],
            failed=self.failed,
        )

    def analyze(self, inputs, site, options, progress=None) -> SimpleNamespace:
        self.asked = {"inputs": inputs, "site": site, "options": options}
        if self.error:
            raise self.error
        findings = [make_finding(severity) for severity in self.severities]
        return SimpleNamespace(findings=findings, summary=self.summary())

    def write_logs(self, captures, folder, site, options, progress=None) -> SimpleNamespace:
        self.asked = {"captures": captures, "folder": folder, "options": options}
        self.site = site
        if self.error:
            raise self.error
        return self.summary()


@pytest.fixture
def analysis(monkeypatch: pytest.MonkeyPatch) -> Analysis:
    """The pipeline replaced by one that answers as the test says."""
    fake = Analysis()
    module: Any = ModuleType("sensor.analysis")
    module.analyze, module.write_logs = fake.analyze, fake.write_logs
    module.Options = lambda say, **options: options
    monkeypatch.setitem(sys.modules, "sensor.analysis", module)
    monkeypatch.setattr(sensor, "analysis", module, raising=False)
    return fake


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit code and what it printed."""

    code: int
    out: str
    err: str


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Callable[..., Ended]:
    """Run a command line inside this process."""

    def ended(*arguments: object) -> Ended:
        code = run([str(argument) for argument in arguments])
        return Ended(code, *capsys.readouterr())

    return ended
