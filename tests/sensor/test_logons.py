"""Who logged on, out of recorded captures, is what the servers wrote in their logs."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest

from parsers.addresses import Networks
from parsers.schema import MADE, polars_schema
from sensor.flows.tracker import FlowTracker
from sensor.timeline import Timeline
from tests.conftest import SHARED

PCAPS = Path(__file__).parent.parent.parent / "pcaps"
LAB = SHARED / "lab"
TOLD = re.compile(
    r"(Failed|Accepted|Partial) (publickey|password|keyboard-interactive)\S* for .* port (\d+) ssh2"
)
MEANING = {"Failed": "failed", "Accepted": "success", "Partial": "unknown"}
Attempts = dict[int, Counter[tuple[str, str]]]  # by the client's port


def logons(capture: Path) -> list[dict[str, Any]]:
    tracker = FlowTracker(Networks(()), streams=True, payloads=False)
    tables = Timeline([str(capture)], lambda _: None).tables(tracker, "ignore", None)
    found = [rows for table, rows in tables if table == "logon"]
    assert all(dict(rows.schema) == polars_schema(MADE["logon"]) for rows in found)
    return [row for rows in found for row in rows.to_dicts()]


def counted(rows: list[dict[str, Any]]) -> Attempts:
    attempts: Attempts = defaultdict(Counter)
    for row in rows:
        attempts[row["orig_p"]][row["outcome"], row["method"]] += row["attempts"]
    return attempts


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("ssh_02_publickey_interactive", {("success", "publickey"): 2}),
        ("ssh_03_failed_passwords", {("failed", "password"): 8}),
        ("ssh_08_banner_scan", {("unknown", None): 0}),
        (
            "ssh_10_nonstandard_port_dropbear_client",
            {("failed", "password"): 6, ("success", "password"): 1},
        ),
    ],
)
def test_captures_of_ours(name: str, told: dict[tuple[str, str | None], int]) -> None:
    rows = logons(PCAPS / f"{name}.pcap")
    assert sum(counted(rows).values(), Counter()) == Counter(told)
    assert {(row["outcome"], row["method"]) for row in rows} == told.keys()


def test_a_row_has_the_ends_of_its_connection() -> None:
    row = logons(PCAPS / "ssh_10_nonstandard_port_dropbear_client.pcap")[0]
    assert (row["orig_h"], row["resp_h"], row["resp_p"]) == ("198.51.100.7", "10.20.0.10", 2222)
    assert row["uid"].startswith("C")
    assert row["software"] == "SSH-2.0-dropbear_2022.83"


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("winrm_01_ntlm_success_stub", {("success", "ntlm"): 2}),
        ("winrm_02_basic_success_stub", {("success", "basic"): 2}),
        ("winrm_03_failures_stub", {("failed", "ntlm"): 5, ("failed", "basic"): 3}),
    ],
)
def test_captures_of_winrm(name: str, told: dict[tuple[str, str], int]) -> None:
    rows = logons(LAB / "pcaps" / f"{name}.pcap")
    assert sum(counted(rows).values(), Counter()) == Counter(told)
    assert {row["service"] for row in rows} == {"winrm"}


RECORDED = {"loop/lo.pcap": "loop/lo.auth.log"} | {
    f"pcaps/{path.name}": f"pcaps/{path.stem}.auth.log"
    for path in sorted((LAB / "pcaps").glob("ssh_*.pcap"))
    if "ssh_09" not in path.name  # its log is that of another recording
}


@pytest.mark.shared
@pytest.mark.parametrize(("capture", "log"), RECORDED.items())
def test_captures_with_the_logs_of_their_servers(capture: str, log: str) -> None:
    attempts: Attempts = defaultdict(Counter)
    for line in (LAB / log).read_text().splitlines():
        if match := TOLD.search(line):
            attempts[int(match[3])][MEANING[match[1]], match[2]] += 1
    ours = counted([row for row in logons(LAB / capture) if row["attempts"]])
    assert ours == attempts
