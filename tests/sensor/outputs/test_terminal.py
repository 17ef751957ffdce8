from __future__ import annotations

import io

import pytest
from rich.console import Console

from sensor.findings import Severity, Verdict
from sensor.outputs.terminal import AT_MOST, show_findings


def shown(findings, width: int = 100, *, verbose: bool = False) -> str:
    stream = io.StringIO()
    show_findings(Console(file=stream, width=width), findings, verbose=verbose)
    return stream.getvalue()


def words(text: str) -> str:
    return " ".join(text.split())


def test_a_finding_says_severity_verdict_source_service_and_message(finding):
    assert shown([finding()]) == (
        "1 finding: 1 low\n"
        "\n"
        "10.77.1.20  ssh 22/tcp\n"
        "  low        remote-service       198.51.100.7 → ssh 22/tcp\n"
        "  used       2026-10-01 12:00:03  2 sessions of 4,321 bytes.\n"
    )


def test_no_findings_are_said():
    assert shown([]) == "No findings.\n"


def test_findings_are_grouped_by_target_the_most_severe_first(finding):
    findings = [
        finding(severity=Severity.HIGH, dest_ip="10.0.0.2"),
        finding(severity=Severity.LOW, dest_ip="10.0.0.1"),
        finding(severity=Severity.LOW, dest_ip="10.0.0.2", service="rdp", dest_port=3389),
    ]
    text = shown(findings)
    assert text.splitlines()[0] == "3 findings: 1 high, 2 low"
    assert "10.0.0.2  ssh 22/tcp · rdp 3389/tcp" in text
    assert text.index("10.0.0.2  ") < text.index("rdp 3389/tcp\n") < text.index("10.0.0.1  ")


def test_many_services_of_a_target_are_counted(finding):
    text = shown([finding(dest_port=port, service=None) for port in range(1, 8)])
    assert "1/tcp · 2/tcp · 3/tcp · 4 more" in text


def test_twenty_are_shown_and_the_rest_is_counted(finding):
    rows = [finding(severity=Severity.MEDIUM)] * AT_MOST + [finding()] * 3
    rows += [finding(severity=Severity.INFO)]
    text = shown(rows)
    assert text.count("remote-service") == 20
    assert text.endswith(
        "4 more findings not shown: 3 low, 1 info. All of them: --json, or -o DIR.\n"
    )


@pytest.mark.parametrize("width", [120, 80, 72, 71, 60])
def test_an_analyzers_name_is_never_cut(finding, width: int):
    names = ("container-api-exposed", "new-source-logon")
    rows = [
        finding(analyzer=name, dest_ip="2001:db8:1111:2222:3333:4444:5555:6666") for name in names
    ]
    lines = shown(rows, width).splitlines()
    assert all(any(name in line for line in lines) for name in names)
    assert max(map(len, lines)) <= width


@pytest.mark.parametrize("width", [120, 80, 40])
def test_a_message_is_said_in_full(finding, width: int):
    message = f"A sentence of many words about {'x' * 90} and {'many words ' * 30}."
    text = shown([finding(message=message)], width)
    assert "".join(message.split()) in "".join(text.split())


def test_a_finding_about_many_sources_has_none(finding):
    text = shown([finding(src_ip=None, verdict=Verdict.EXPOSED)])
    assert "remote-service       ssh 22/tcp\n" in text


def test_a_finding_without_a_port_names_its_source(finding):
    text = shown([finding(dest_port=None, service=None, protocol=None)])
    assert "remote-service       198.51.100.7\n" in text


def test_a_finding_without_a_target_says_so(finding):
    assert "More than one target" in shown([finding(dest_ip=None)])


def test_a_user_is_named(finding):
    assert "root at 198.51.100.7 → ssh 22/tcp" in shown([finding(user="root")])


def test_verbose_adds_evidence_and_what_was_not_seen(finding):
    made = finding(evidence=finding().evidence * 7)
    text = words(shown([made], 120, verbose=True))
    assert "id 0123456789abcdef, confidence 0.9" in text
    assert "not seen: the outcome of the logon (encrypted)" in text
    assert text.count("uid C1, ts 2026-10-01T12:00:03.000000Z, file a.pcap, frame 12") == 5
    assert text.endswith("2 more rows of evidence: --json")
    assert "uid" not in shown([made])


def test_hostile_text_is_shown_and_does_nothing(finding):
    hostile = "\x1b]0;title\x07[red]a\u202eb\n"
    made = finding(
        user=hostile,
        message=hostile,
        service=hostile,
        dest_ip=hostile,
        src_ip=hostile,
        evidence=({hostile: hostile},),
        not_seen=(hostile,),
    )
    text = shown([made], 200, verbose=True)
    visible = r"\x1b]0;title\x07[red]a\u202eb\x0a"
    assert text.count(visible) >= 8
    assert text.replace("\n", "").isprintable()
