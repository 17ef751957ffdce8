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
    made = [rows for table, rows in tables if table in ("container_api", "command")]
    return pl.concat(made, how="diagonal").sort("ts").to_dicts() if made else []


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


SHELL = (b"bash: no job control in this shell\nroot@host:/# ", b"id\n", b"id\nuid=0(root)\n")


def asked(*, client: bytes, server: bytes, ours: str) -> list[str]:
    """The tables that are made when only connections to these networks are asked for."""
    talk = Talk().handshake().client("PA", client).server("PA", server).client("PA", SHELL[2])
    tracker = FlowTracker(Networks(()), payloads=False, streams=True, servers=Networks((ours,)))
    tracker.begin_file("made.pcap")
    packets = talk.client("FA").server("FA").packets
    batches = [*tracker.follow(frames(packets)), *tracker.end()]
    return [table for batch in batches for table, _ in tracker.tables.others(batch)]


def test_of_what_goes_to_others_only_shells_are_read() -> None:
    request, answer = b"GET / HTTP/1.1\r\n\r\n", b"HTTP/1.1 204 No Content\r\n\r\n"
    inside, outside = "10.0.0.1/32", "192.0.2.1/32"
    assert asked(client=SHELL[0], server=SHELL[1], ours=inside) == ["command"]
    assert asked(client=request, server=answer, ours=inside) == []
    assert asked(client=request, server=answer, ours=outside) == ["http"]
    assert asked(client=SHELL[0], server=SHELL[1], ours="203.0.113.0/24") == []


@pytest.mark.shared
def test_a_recorded_reverse_shell_is_read_line_by_line(shared: Path) -> None:
    rows = rows_of(shared / "lab" / "pcaps" / "ssh_09_reverse_shell.pcap")
    typed = [row["command"] for row in rows if row.get("command")]
    assert typed == [
        "whoami", "id", "uname -a", "ls -la /", "cat /etc/passwd", "ps aux | head -20", "exit",
    ]  # fmt: skip
