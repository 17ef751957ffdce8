"""Servers' logs as an input of an analysis."""

from __future__ import annotations

from pathlib import Path

import pytest

from parsers.errors import NotACapture
from sensor.analysis import Options, analyze, write_logs
from sensor.inputs import tell_apart
from sensor.logon_logs import LogonLogs
from sensor.settings import Site

LINE = "Nov 24 05:53:2%d gw01 sshd[%d]: Failed password for a from 203.0.113.66 port %d ssh2\n"
JOURNAL = '{"__REALTIME_TIMESTAMP":"1795499606000000","SYSLOG_IDENTIFIER":"sshd","MESSAGE":"a"}\n'


def log(path: Path, lines: int = 2) -> str:
    path.write_text("".join(LINE % (number, number, number + 1) for number in range(lines)))
    return str(path)


def test_an_input_is_told_by_its_content(tmp_path):
    path = log(tmp_path / "conn.log")
    journal = tmp_path / "journal.json"
    journal.write_text(JOURNAL)
    found = tell_apart([path, str(journal)])
    assert (found.logons, found.logs, found.errors) == ([path, str(journal)], [], [])


def test_rows_of_all_logs_are_handed_on(tmp_path):
    paths = [log(tmp_path / "auth.log", 2), log(tmp_path / "auth.log.1", 3)]
    reader = LogonLogs([*paths, str(tmp_path / "gone")])
    tables = list(reader.tables())
    assert [(name, rows.height) for name, rows in tables] == [("logon", 2), ("logon", 3)]
    assert (reader.reading.logs, reader.reading.rows["logon"]) == (2, 5)
    assert len(reader.reading.failed) == 1


def test_what_was_assumed_is_said_once_for_all_logs(tmp_path):
    reader = LogonLogs([log(tmp_path / "auth.log"), log(tmp_path / "auth.log.1")])
    list(reader.tables())
    assert [warning.split(":")[0] for warning in reader.reading.warnings] == ["2 logs", "2 logs"]


def test_an_analysis_reads_them(tmp_path):
    report = analyze([log(tmp_path / "auth.log")], Site(), Options())
    assert (report.summary.logs, report.summary.rows, report.summary.flows) == (1, 2, 0)


def test_they_are_no_captures(tmp_path):
    with pytest.raises(ExceptionGroup) as caught:
        write_logs([log(tmp_path / "auth.log")], tmp_path, Site(), Options())
    (error,) = caught.value.exceptions
    assert isinstance(error, NotACapture)
    assert error.found == "a server's log"
