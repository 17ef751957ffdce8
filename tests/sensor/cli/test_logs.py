from __future__ import annotations

from pathlib import Path

from parsers import schema
from sensor.cli.options import cores


def test_logs_are_written_into_the_folder(command, analysis, tmp_path: Path):
    folder = tmp_path / "out"
    ended = command("logs", "a.pcap", "b.pcap", "-o", folder)
    assert (ended.code, ended.err) == (0, "")
    assert "Read  1 capture, 10 packets, 2 flows" in ended.out
    assert analysis.asked == {
        "captures": ("a.pcap", "b.pcap"),
        "folder": folder,
        "options": {
            "checksums": "auto",
            "only": tuple(schema.LOGS),
            "json_logs": False,
            "zeek_compat": True,
            "workers": cores(),
        },
    }
    assert folder.is_dir()


def test_the_options_reach_the_pipeline(command, analysis, tmp_path: Path):
    options = ("--only", "conn", "--json-logs", "--checksums", "verify", "--no-zeek-compat")
    command("logs", "a.pcap", "-o", tmp_path, "--workers", "1", *options)
    assert analysis.asked["options"] == {
        "checksums": "verify",
        "only": ("conn",),
        "json_logs": True,
        "zeek_compat": False,
        "workers": 1,
    }


def test_the_networks_that_are_inside_reach_the_pipeline(command, analysis, tmp_path: Path):
    command("logs", "a.pcap", "-o", tmp_path, "--local", "203.0.113.0/24")
    assert analysis.site.local == ("203.0.113.0/24",)


def test_quiet_prints_nothing(command, analysis, tmp_path: Path):
    assert command("logs", "-q", "a.pcap", "-o", tmp_path).out == ""


def test_a_folder_is_needed(command, analysis):
    ended = command("logs", "a.pcap")
    assert ended.code == 2
    assert "Missing option '-o'" in ended.err


def test_an_unknown_log_is_refused(command, analysis, tmp_path: Path):
    ended = command("logs", "a.pcap", "-o", tmp_path, "--only", "conn,pop3")
    assert ended.code == 2
    assert "'pop3' is no log: expected conn" in ended.err


def test_a_bad_input_fails_the_run(command, analysis, tmp_path: Path):
    analysis.failed = ["b.pcap: expected a capture, found text"]
    ended = command("logs", "a.pcap", "b.pcap", "-o", tmp_path)
    assert ended.code == 2
    assert ended.err == "sensor: b.pcap: expected a capture, found text\n"
