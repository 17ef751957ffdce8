"""Zeek's logs as input of an analysis."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from sensor import zeek_logs
from sensor.analysis import Options, Report, analyze
from sensor.settings import Site

FIELDS: dict[str, tuple[str, Any]] = {
    "ts": ("time", 1_700_000_000.5), "uid": ("string", "CAbc"),
    "id.orig_h": ("addr", "203.0.113.9"), "id.orig_p": ("port", 40_000),
    "id.resp_h": ("addr", "10.0.0.1"), "id.resp_p": ("port", 22), "proto": ("enum", "tcp"),
    "service": ("string", "ssh"), "duration": ("interval", 12.25), "orig_bytes": ("count", 30_000),
    "resp_bytes": ("count", 40_000), "conn_state": ("string", "SF"),
    "missed_bytes": ("count", 0), "history": ("string", "ShADadFf"), "orig_pkts": ("count", 90),
    "orig_ip_bytes": ("count", 34_000), "resp_pkts": ("count", 80),
    "resp_ip_bytes": ("count", 44_000), "community_id": ("string", "1:abc="),
}  # fmt: skip


def tsv(*rows: dict[str, Any], without: tuple[str, ...] = (), path: str = "conn") -> str:
    names = [name for name in FIELDS if name not in without]
    lines = ["#separator \\x09", "#set_separator\t,", "#empty_field\t(empty)", "#unset_field\t-"]
    lines += [f"#path\t{path}", "\t".join(["#fields", *names])]
    lines.append("\t".join(["#types", *(FIELDS[name][0] for name in names)]))
    for row in rows:
        values = {name: value for name, (_, value) in FIELDS.items()} | row
        lines.append("\t".join("-" if values[n] is None else str(values[n]) for n in names))
    return "\n".join(lines) + "\n"


def ndjson(*rows: dict[str, Any]) -> str:
    usual = {name: value for name, (_, value) in FIELDS.items()}
    return "".join(json.dumps({"_path": "conn"} | usual | row) + "\n" for row in rows)


def report(tmp_path: Path, content: str, name: str = "conn.log") -> Report:
    (tmp_path / name).write_text(content)
    return analyze([str(tmp_path / name)], Site(), Options())


def named(found: Report) -> list[tuple[str, str]]:
    return [(finding.analyzer, finding.verdict.name.lower()) for finding in found.findings]


def test_a_session_in_a_log_is_found_and_its_line_is_the_evidence(tmp_path: Path) -> None:
    found = report(tmp_path, tsv({}))
    (finding,) = found.findings
    assert (finding.analyzer, finding.dest_ip, finding.service) == (
        "remote-service", "10.0.0.1", "ssh",
    )  # fmt: skip
    (row,) = finding.evidence
    assert (row["file"], row["line"], row["uid"]) == (str(tmp_path / "conn.log"), 8, "CAbc")
    assert (found.summary.logs, found.summary.rows, found.summary.flows) == (1, 1, 1)


def test_tsv_and_json_give_the_same_findings(tmp_path: Path) -> None:
    rows = ({}, {"id.resp_p": 3389, "service": "rdp"}, {"id.orig_h": "203.0.113.10"})
    one = report(tmp_path, tsv(*rows))
    other = report(tmp_path, ndjson(*rows), "json.log")
    assert [each.id for each in one.findings] == [each.id for each in other.findings]
    assert len(one.findings) == 3


def test_a_connection_from_the_middle_is_turned_round(tmp_path: Path) -> None:
    row = {
        "id.orig_h": "10.0.0.1", "id.orig_p": 5900, "id.resp_h": "203.0.113.9",
        "id.resp_p": 40_000, "history": "DadA", "service": None, "conn_state": "OTH",
    }  # fmt: skip
    found = report(tmp_path, tsv(row))
    assert {(each.dest_ip, each.dest_port) for each in found.findings} == {("10.0.0.1", 5900)}


def test_bytes_that_were_never_sent_are_no_transfer(tmp_path: Path) -> None:
    assert named(report(tmp_path, tsv({"resp_bytes": 3_000_000_000}))) == [
        ("remote-service", "used")
    ]


def test_counters_that_were_put_right_are_said_where_volume_is_judged(tmp_path: Path) -> None:
    row = {"resp_bytes": 3_000_000_000, "resp_ip_bytes": 2_400_000, "resp_pkts": 2_000}
    found = report(tmp_path, tsv(row, {"resp_bytes": 1_500_000, "resp_ip_bytes": 1_600_000}))
    for finding in found.findings:
        in_doubt = "counters of connections that claim more than was sent: 1" in finding.not_seen
        assert in_doubt == (finding.analyzer != "remote-service")
        assert finding.bytes_received == 2_400_000 - 40 * 2_000 + 1_500_000


def test_what_the_log_lacks_is_said_with_the_script(tmp_path: Path) -> None:
    notes = report(tmp_path, tsv({}, without=("community_id", "orig_bytes"))).summary.notes
    names = "container-api-exposed, follow-on, high-volume, large-transfer and remote-service"
    everyone = f"{names} did without."
    assert (
        "The conn log has no community_id (policy/protocols/conn/community-id-logging): " + everyone
    ) in notes
    assert f"The conn log has no orig_bytes (Zeek: base/protocols/conn): {everyone}" in notes


def test_what_only_packets_hold_is_said_once(tmp_path: Path) -> None:
    notes = report(tmp_path, tsv({})).summary.notes
    assert len([note for note in notes if "Logs hold no payload" in note]) == 1


def test_a_log_that_nobody_reads_leaves_every_analyzer_without_input(tmp_path: Path) -> None:
    found = report(tmp_path, tsv({}, path="capture_loss"), "capture_loss.log")
    assert found.findings == []
    unread, note = found.summary.notes
    assert unread == "Not read, since no analyzer asks for them: capture_loss (1 row)."
    assert note.startswith("There is no conn log (Zeek: base/protocols/conn): ")
    assert note.endswith(" and remote-service checked nothing.")


def test_captures_and_logs_together_are_one_network(tmp_path: Path) -> None:
    capture = Path(__file__).parents[2] / "pcaps" / "ssh_02_publickey_interactive.pcap"
    (tmp_path / "conn.log").write_text(tsv({}))
    found = analyze([str(tmp_path / "conn.log"), str(capture)], Site(), Options())
    assert (found.summary.captures, found.summary.logs) == (1, 1)
    assert len({each.dest_ip for each in found.findings}) == 2


@pytest.mark.parametrize("content", ["", "#close\t2026\n", "not a log\n"])
def test_what_is_no_log_fails_the_run(tmp_path: Path, content: str) -> None:
    with pytest.raises(ExceptionGroup, match="no input can be read"):
        report(tmp_path, content)


def test_frames_of_one_table_that_follow_each_other_are_joined_up_to_a_size(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(zeek_logs, "ROWS", 5)
    frames = [
        (table, pl.DataFrame({"n": range(begin, begin + count)}))
        for table, begin, count in [
            ("a", 0, 2), ("a", 2, 3), ("a", 5, 1), ("b", 6, 9), ("a", 15, 1), ("a", 16, 1),
        ]
    ]  # fmt: skip
    joined = [(table, rows["n"].to_list()) for table, rows in zeek_logs.gathered(frames)]
    assert joined == [
        ("a", [0, 1, 2, 3, 4]), ("a", [5]), ("b", [*range(6, 15)]), ("a", [15, 16]),
    ]  # fmt: skip
    assert list(zeek_logs.gathered([])) == []
