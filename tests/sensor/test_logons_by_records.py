"""Who logged on to RDP, VNC and VPNs, out of recorded captures, is what their labels say."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from parsers.addresses import Networks
from parsers.schema import MADE, polars_schema
from sensor.flows.tracker import FlowTracker
from sensor.timeline import Timeline
from tests.conftest import SHARED

PCAPS = Path(__file__).parent.parent.parent / "pcaps"
LAB = SHARED / "lab/pcaps"
KINDS = ("rdp", "vnc", "ocserv", "softether", "openvpn", "ike", "wireguard")
RECORDED = [path for kind in KINDS for path in sorted(LAB.glob(f"{kind}_*.pcap"))]
MEANING = {"success": "success", "failure": "failed"}


def rows(capture: Path, table: str) -> list[dict[str, Any]]:
    tracker = FlowTracker(Networks(()), streams=True, payloads=False)
    tables = Timeline([str(capture)], lambda _: None).tables(tracker, "ignore", None)
    found = [frame for name, frame in tables if name == table]
    assert all(dict(frame.schema) == polars_schema(MADE[table]) for frame in found)
    return [row for frame in found for row in frame.to_dicts()]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("ike_06_scan", {}),
        ("openvpn_04_udp1194_failures", {("openvpn", "failed"): 7}),
        ("rdp_04_scan_x224", {("rdp", "unknown"): 4}),
        ("rdp_05_nla_success", {("rdp", "success"): 1}),
        ("vnc_02_wrong_password", {("vnc", "failed"): 7}),
        ("vnc_06_scan", {}),
        ("wireguard_02_wrong_key", {("wireguard", "failed"): 1}),
    ],
)
def test_captures_of_ours(name: str, told: dict[tuple[str, str], int]) -> None:
    found = rows(PCAPS / f"{name}.pcap", "logon")
    assert Counter((row["service"], row["outcome"]) for row in found) == Counter(told)


def test_the_certificates_of_dockers_clients() -> None:
    found = rows(PCAPS / "docker_06_tls2376_client_cert.pcap", "container_tls")
    assert Counter(row["client_certificate"] for row in found) == {
        "sent, accepted": 5,
        "sent, refused": 1,
        "asked, none sent, refused": 1,
    }


@pytest.mark.shared
@pytest.mark.parametrize("capture", RECORDED, ids=lambda path: path.stem)
def test_no_row_contradicts_the_labels(capture: Path) -> None:
    """Labels name flows by their ports; some of them name the neighbours, too."""
    expected: dict[int, set[str]] = {}
    for event in json.loads(capture.with_suffix(".json").read_text())["events"]:
        outcome = MEANING.get(event["outcome"].split()[0])
        for flow in event["flows"]:
            known = expected.setdefault(int(flow.split("-")[0]), set())
            known |= {outcome} if outcome else set()
    hydra = "hydra" in capture.stem  # one label for all its tries, the last of which worked
    for row in rows(capture, "logon"):
        if row["outcome"] == "unknown" or row["orig_p"] == 4500:
            continue
        allowed = {"failed", "success"} if hydra else expected[row["orig_p"]]
        assert row["outcome"] in allowed, row


@pytest.mark.shared
def test_every_logon_is_told_but_for_those_within_rdp() -> None:
    told: Counter[tuple[str, str]] = Counter()
    for capture in RECORDED:
        for row in rows(capture, "logon"):
            told[row["service"], row["outcome"]] += row["attempts"]
    assert told == {
        ("rdp", "success"): 3,
        ("rdp", "failed"): 19,
        ("rdp", "unknown"): 7,
        ("vnc", "success"): 4,
        ("vnc", "failed"): 21,
        ("anyconnect", "success"): 3,
        ("anyconnect", "failed"): 15,
        ("softether", "success"): 1,
        ("softether", "failed"): 4,
        ("openvpn", "success"): 3,
        ("openvpn", "failed"): 7,
        ("ipsec", "success"): 3,
        ("ipsec", "failed"): 10,
        ("wireguard", "success"): 1,
        ("wireguard", "failed"): 1,
    }
