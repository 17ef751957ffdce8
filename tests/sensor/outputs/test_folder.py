from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pytest

from sensor.findings import Severity
from sensor.outputs.folder import FILES, make_folder, write_folder


def test_the_folder_holds_every_form(tmp_path: Path, finding, summary):
    findings = [finding(severity=Severity.HIGH), finding(), finding()]
    read = summary(weirds=Counter(fragment=2), warnings=["a.pcap: cut off"])
    write_folder(SimpleNamespace(findings=findings, summary=read), tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(FILES)
    assert len((tmp_path / "findings.jsonl").read_text().splitlines()) == 3
    assert len((tmp_path / "findings.csv").read_text().splitlines()) == 4
    written = json.loads((tmp_path / "summary.json").read_text())
    assert written["findings"] == {"high": 1, "low": 2}
    assert written["packets"] == 1234
    assert written["first"] == "2026-10-01T12:00:03Z"
    assert written["weirds"] == {"fragment": 2}
    assert written["warnings"] == ["a.pcap: cut off"]


def test_a_summary_without_packets_has_no_times(tmp_path: Path, summary):
    write_folder(SimpleNamespace(findings=[], summary=summary(first=None, last=None)), tmp_path)
    written = json.loads((tmp_path / "summary.json").read_text())
    assert (written["first"], written["last"]) == (None, None)


def test_folders_are_made(tmp_path: Path):
    assert make_folder(tmp_path / "a" / "b").is_dir()
    assert make_folder(tmp_path / "a" / "b").is_dir()


def test_what_an_earlier_run_left_is_removed(tmp_path: Path):
    for name in ("summary.json", "mine.txt"):
        (tmp_path / name).write_text("old")
    make_folder(tmp_path, FILES)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_file_in_the_way_is_named(tmp_path: Path):
    path = tmp_path / "taken"
    path.touch()
    with pytest.raises(NotADirectoryError, match="is a file") as caught:
        make_folder(path)
    assert caught.value.filename == str(path)
