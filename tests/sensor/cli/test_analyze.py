from __future__ import annotations

import json
from pathlib import Path

import pytest

from parsers.errors import NotACapture
from sensor.cli.options import cores
from sensor.findings import Severity
from sensor.settings import PRIVATE


@pytest.fixture(autouse=True)
def _nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No site file of this machine has a say."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("COLUMNS", raising=False)


def test_findings_and_a_summary_are_printed(command, analysis):
    ended = command("analyze", "a.pcap", "b.pcap")
    assert (ended.code, ended.err) == (0, "")
    assert "1 finding: 1 low" in ended.out
    assert "remote-service" in ended.out
    assert "Read  1 capture, 10 packets" in ended.out
    assert analysis.asked["inputs"] == ("a.pcap", "b.pcap")
    assert analysis.asked["options"] == {"checksums": "auto", "workers": cores()}
    assert analysis.asked["site"].local == PRIVATE


def test_quiet_prints_no_summary(command, analysis):
    ended = command("analyze", "-q", "a.pcap")
    assert "remote-service" in ended.out
    assert "Read" not in ended.out


def test_json_is_all_there_is_on_standard_output(command, analysis):
    analysis.severities = [Severity.HIGH, Severity.LOW]
    analysis.warnings = ["a.pcap: cut off"]
    ended = command("analyze", "--json", "a.pcap")
    assert [json.loads(line)["severity"] for line in ended.out.splitlines()] == ["high", "low"]
    assert "10 packets" in ended.err
    assert "a.pcap: cut off" in ended.err


def test_quiet_json_prints_nothing_on_standard_error(command, analysis):
    assert command("analyze", "--json", "-q", "a.pcap").err == ""


@pytest.mark.parametrize(
    ("limit", "code"),
    [("info", 1), ("low", 1), ("medium", 1), ("high", 0), ("critical", 0)],
)
def test_fail_on_is_a_least_severity(command, analysis, limit: str, code: int):
    analysis.severities = [Severity.MEDIUM, Severity.INFO]
    assert command("analyze", "--fail-on", limit, "a.pcap").code == code


def test_without_findings_nothing_fails(command, analysis):
    analysis.severities = []
    ended = command("analyze", "--fail-on", "info", "a.pcap")
    assert ended.code == 0
    assert "No findings." in ended.out


def test_a_bad_input_among_good_ones_is_named_and_fails_the_run(command, analysis):
    analysis.failed = ["b.pcap: expected a capture, found text"]
    ended = command("analyze", "--fail-on", "low", "a.pcap", "b.pcap")
    assert ended.code == 2
    assert "remote-service" in ended.out
    assert ended.err == "sensor: b.pcap: expected a capture, found text\n"


def test_an_input_that_is_no_capture_fails_the_run(command, analysis):
    analysis.error = NotACapture("a.txt", "a capture", "text")
    ended = command("analyze", "a.txt")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == "sensor: a.txt: expected a capture, found text\n"


def test_an_input_is_needed(command, analysis):
    ended = command("analyze")
    assert ended.code == 2
    assert "Missing argument 'INPUT...'" in ended.err


def test_local_networks_replace_those_of_the_site(command, analysis):
    command("analyze", "--local", "192.0.2.0/24", "--local", "2001:DB8::/32", "a.pcap")
    assert analysis.asked["site"].local == ("192.0.2.0/24", "2001:db8::/32")


def test_a_wrong_local_network_is_refused(command, analysis):
    ended = command("analyze", "--local", "10.1.0.0/8", "a.pcap")
    assert ended.code == 2
    assert "did you mean 10.0.0.0/8?" in ended.err
    assert not analysis.asked


def test_a_site_file_is_read(command, analysis, tmp_path: Path):
    path = tmp_path / "site.toml"
    path.write_text('local = ["192.0.2.0/24"]')
    command("analyze", "--config", path, "a.pcap")
    assert analysis.asked["site"].local == ("192.0.2.0/24",)


def test_a_wrong_site_file_is_refused_before_any_work(command, analysis, tmp_path: Path):
    path = tmp_path / "sensor.toml"
    path.write_text("[analyzers.larg-transfer]")
    ended = command("analyze", "a.pcap")
    assert ended.code == 2
    assert ended.err == (
        "sensor: sensor.toml:1: analyzers.larg-transfer is unknown: did you mean large-transfer?\n"
    )
    assert not analysis.asked


def test_a_wrong_setting_of_an_analyzer_is_refused_before_any_work(
    command, analysis, tmp_path: Path
):
    (tmp_path / "sensor.toml").write_text("[analyzers.large-transfer]\nnone = 1")
    ended = command("analyze", "a.pcap")
    assert ended.code == 2
    assert ended.err.startswith("sensor: sensor.toml:2: analyzers.large-transfer.none is unknown: ")
    assert not analysis.asked


def test_a_folder_gets_every_form(command, analysis, tmp_path: Path):
    folder = tmp_path / "out" / "deep"
    ended = command("analyze", "-o", folder, "a.pcap")
    assert ended.code == 0
    assert "remote-service" in ended.out
    assert json.loads((folder / "summary.json").read_text())["findings"] == {"low": 1}
    assert (folder / "findings.csv").is_file()
    assert (folder / "findings.jsonl").is_file()


def test_a_file_in_the_way_of_the_folder_is_named_before_any_work(
    command, analysis, tmp_path: Path
):
    (tmp_path / "out").touch()
    ended = command("analyze", "-o", "out", "a.pcap")
    assert (ended.code, ended.err) == (2, "sensor: out: is a file: a folder is needed here\n")
    assert not analysis.asked


def test_checksums_are_verified_where_asked(command, analysis):
    command("analyze", "--checksums", "verify", "--workers", "3", "a.pcap")
    assert analysis.asked["options"] == {"checksums": "verify", "workers": 3}


def test_what_does_not_work_is_not_offered(command, analysis):
    for option in ("--geo=x", "--intel=x", "--history=x", "--zeek-compat"):
        assert command("analyze", option, "a.pcap").code == 2
