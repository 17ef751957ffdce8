from __future__ import annotations

import pytest

from sensor.analyzers.large_transfer import Settings, analyzer
from sensor.engines.batch import Batch
from sensor.findings import Severity, Verdict
from tests.strategies import conn_frame, conn_row


def found(*rows, **settings):
    engine = Batch([analyzer(Settings(**settings))])
    engine.add("conn", conn_frame(*({**row, "uid": f"C{at}"} for at, row in enumerate(rows))))
    return engine.findings()


def moved(sent: int | None, received: int | None, **changes):
    """A connection whose packets can have carried its bytes."""
    return conn_row(
        orig_bytes=sent,
        resp_bytes=received,
        orig_ip_bytes=(sent or 0) + 40,
        resp_ip_bytes=(received or 0) + 40,
        **changes,
    )


def test_more_than_the_limit_both_ways_together_is_told():
    (finding,) = found(moved(600_000, 400_001))

    assert (finding.severity, finding.verdict) == (Severity.LOW, Verdict.USED)
    assert (finding.src_ip, finding.dest_ip, finding.dest_port) == ("198.51.100.7", "10.0.0.5", 22)
    assert (finding.protocol, finding.service, finding.status) == ("tcp", "ssh", "unknown")
    assert (finding.bytes_sent, finding.bytes_received, finding.data_size) == (
        600_000,
        400_001,
        1_000_001,
    )
    assert "1,000,001 bytes over ssh on 10.0.0.5 port 22/tcp" in finding.message
    assert finding.evidence[0]["uid"] == "C0"


@pytest.mark.parametrize("sizes", [(1_000_000, 0), (0, 1_000_000), (None, 1_000_000), (None, None)])
def test_the_limit_itself_is_not(sizes):
    assert found(moved(*sizes)) == []


def test_small_transfers_add_up():
    (finding,) = found(*(moved(0, 200_000) for _ in range(6)))

    assert finding.flow_count == 6
    assert finding.bytes_received == 1_200_000
    assert "in 6 connections" in finding.message


@pytest.mark.parametrize(
    "change",
    [
        {"orig_h": "203.0.113.9"},
        {"resp_h": "10.0.0.6"},
        {"resp_p": 2222},
        {"proto": "udp"},
        {"remote_service": "vnc"},
    ],
)
def test_what_differs_in_the_key_does_not(change):
    assert found(moved(0, 600_000), moved(0, 600_000, **change)) == []


def test_other_traffic_is_left_to_high_volume():
    assert found(moved(0, 2_000_000, remote_service=None, remote_service_by=None)) == []


@pytest.mark.parametrize(
    ("change", "severity"),
    [
        ({"orig_allowed": True}, Severity.INFO),
        ({"orig_inside": True}, Severity.INFO),
        ({"orig_inside": True, "resp_inside": False}, Severity.LOW),
    ],
)
def test_what_is_allowed_or_stays_inside_is_info(change, severity):
    (finding,) = found(moved(0, 2_000_000, **change))

    assert finding.severity == severity


@pytest.mark.parametrize("sides", [(False, False), (None, None)])
def test_a_host_of_ours_takes_part(sides):
    assert found(moved(0, 2_000_000, orig_inside=sides[0], resp_inside=sides[1])) == []


def test_counters_that_cannot_be_true_are_left_out_and_said():
    odd = conn_row(orig_bytes=2**31, resp_bytes=0, orig_ip_bytes=80, resp_ip_bytes=40)

    assert found(odd) == []
    (finding,) = found(odd, moved(0, 2_000_000))
    assert finding.bytes_sent == 0
    assert finding.flow_count == 1
    assert "counters of connections that claim more than was sent: 1" in finding.not_seen


def test_the_largest_flows_are_the_evidence():
    sizes = [moved(0, 100_000 + place) for place in range(20)]

    (finding,) = found(*sizes)

    assert [row["resp_bytes"] for row in finding.evidence] == [
        100_019 - place for place in range(10)
    ]
    assert set(finding.evidence[0]) >= {"uid", "community_id", "file", "frame", "ts"}


def test_how_sure_the_service_is_is_said():
    (by_port,) = found(moved(0, 2_000_000))
    (by_content,) = found(moved(0, 2_000_000, remote_service_by="content"))

    assert by_port.confidence == 0.95
    assert "which service it is: only its port says so" in by_port.not_seen
    assert (by_content.confidence, by_content.not_seen) == (1.0, ("what was moved",))


def test_the_limit_is_a_setting():
    assert found(moved(3, 3), bytes=6) == []
    assert len(found(moved(3, 4), bytes=6)) == 1
