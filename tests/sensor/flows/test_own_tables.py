"""Rows of our own tables come out of the core as Zeek's do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from parsers.addresses import Networks
from parsers.schema import OWN_TABLES, polars_schema
from sensor.flows.tracker import FlowTracker
from sensor.inputs import tell_apart
from sensor.timeline import Timeline
from tests.frames import Talk, frames

CREATE = (
    b"POST /containers/create HTTP/1.1\r\nContent-Length: 51\r\n\r\n"
    b'{"Image":"a","HostConfig":{"Binds":["/:/h","/a:"]}}'
)
CREATED = (
    b"HTTP/1.1 201 Created\r\nDocker-Experimental: false\r\nContent-Length: 74\r\n\r\n"
    b'{"Id":"' + b"ab" * 32 + b'"}\n'
)
STEPS = {
    "docker_01_scan_only": ["discover"] * 6,
    "docker_02_teamtnt_curl": [
        "discover", "discover", "discover", "list", "list", "pull", "import", "create", "start",
        "inspect", "exec-create", "exec-start", "logs", "inspect", "archive-out", "stop", "delete",
    ],
    "k8s_04_kubectl_proxy_cleartext_takeover": [
        "discover", "discover", "discover", "list", "list", "secrets", "inspect", "create",
        "exec-start", "inspect", "exec-start", "logs", "delete",
    ],
    "k8s_05_kubelet_anonymous": ["pods", "discover", "discover"],
    "k8s_07_etcd_cleartext_dump": ["discover", "discover", "keys-read", "keys-read"],
    "docker_06_tls2376_client_cert": [],
    "vnc_03_none_auth": [],
}  # fmt: skip


def told(talk: Talk) -> list[tuple[str, pl.DataFrame]]:
    tracker = FlowTracker(Networks(()), payloads=False, streams=True)
    tracker.begin_file("made.pcap")
    batches = [*tracker.follow(frames(talk.packets)), *tracker.end()]
    return [made for batch in batches for made in tracker.tables.others(batch)]


def rows_of(capture: Path) -> list[dict[str, Any]]:
    timeline = Timeline(tell_apart([str(capture)]).captures, lambda _: None, 1, None)
    tracker = FlowTracker(Networks(()), payloads=False, streams=True)
    tables = timeline.tables(tracker, "auto", None)
    made = [rows for table, rows in tables if table == "container_api"]
    return pl.concat(made).sort("ts").to_dicts() if made else []


def test_a_request_to_a_container_api_is_a_row_with_its_connection() -> None:
    talk = Talk().handshake().client("PA", CREATE).server("PA", CREATED).client("FA").server("FA")
    tables = dict(told(talk))
    assert list(tables) == ["http", "container_api"]
    table = tables["container_api"]
    assert dict(table.schema) == polars_schema(OWN_TABLES["container_api"])
    (row,) = table.to_dicts()
    assert row["uid"] == tables["http"]["uid"][0]
    assert (row["operation"], row["outcome"], row["container"]) == (
        "create",
        "succeeded",
        "ab" * 32,
    )
    assert (row["risks"], row["mounts"]) == (["host-mount"], ["/:/h", "/a:"])


@pytest.mark.shared
@pytest.mark.parametrize("capture", STEPS)
def test_recorded_steps_are_told_in_their_order(shared: Path, capture: str) -> None:
    rows = rows_of(shared / "lab" / "pcaps" / f"{capture}.pcap")
    assert [row["operation"] for row in rows] == STEPS[capture]
