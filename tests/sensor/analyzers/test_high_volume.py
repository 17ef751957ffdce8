from __future__ import annotations

import pytest

from sensor.analyzers.high_volume import Settings, analyzer
from sensor.engines.batch import Batch
from sensor.findings import Severity, Verdict
from tests.strategies import conn_frame, conn_row


def found(*rows, **settings):
    engine = Batch([analyzer(Settings(**settings))])
    engine.add("conn", conn_frame(*({**row, "uid": f"C{at}"} for at, row in enumerate(rows))))
    return engine.findings()


def moved(sent: int | None, received: int | None, **changes):
    """A web connection whose packets can have carried its bytes."""
    web = {"resp_p": 443, "remote_service": None, "remote_service_by": None, "service": "ssl"}
    ip_bytes = {"orig_ip_bytes": (sent or 0) + 40, "resp_ip_bytes": (received or 0) + 40}
    return conn_row(orig_bytes=sent, resp_bytes=received, **{**web, **ip_bytes, **changes})


@pytest.mark.parametrize("sizes", [(1_000_001, 0), (0, 1_000_001), (None, 1_000_001)])
def test_more_than_the_limit_one_way_is_told(sizes):
    (finding,) = found(moved(*sizes))

    assert (finding.severity, finding.verdict) == (Severity.LOW, Verdict.USED)
    assert (finding.src_ip, finding.dest_ip) == ("198.51.100.7", "10.0.0.5")
    assert (finding.dest_port, finding.protocol, finding.service) == (None, None, None)
    assert finding.data_size == 1_000_001
    assert "1,000,001" in finding.message


@pytest.mark.parametrize("sizes", [(1_000_000, 1_000_000), (999_999, 0), (None, None)])
def test_the_limit_itself_is_not(sizes):
    assert found(moved(*sizes)) == []


def test_all_ports_between_two_hosts_add_up():
    (finding,) = found(*(moved(0, 400_000, resp_p=port) for port in (80, 443, 8080)))

    assert finding.bytes_received == 1_200_000
    assert finding.flow_count == 3
    assert sorted(row["resp_p"] for row in finding.evidence) == [80, 443, 8080]


def test_whoever_opened_the_connection_is_the_source():
    outgoing = {
        "orig_h": "10.0.0.5",
        "orig_inside": True,
        "resp_h": "198.51.100.7",
        "resp_inside": False,
    }

    (finding,) = found(moved(2_000_000, 10, **outgoing))

    assert (finding.src_ip, finding.dest_ip) == ("10.0.0.5", "198.51.100.7")
    assert (finding.bytes_sent, finding.bytes_received) == (2_000_000, 10)


@pytest.mark.parametrize("sides", [(True, True), (False, False), (None, True), (True, None)])
def test_one_host_is_inside_and_one_outside(sides):
    assert found(moved(0, 2_000_000, orig_inside=sides[0], resp_inside=sides[1])) == []


def test_an_allowed_source_is_info():
    (finding,) = found(moved(0, 2_000_000, orig_allowed=True))

    assert finding.severity == Severity.INFO


def test_an_odd_reset_makes_no_volume():
    odd = conn_row(orig_bytes=2**31, resp_bytes=0, orig_ip_bytes=80, resp_ip_bytes=40)

    assert found(odd) == []
    (finding,) = found(odd, moved(0, 2_000_000))
    assert finding.bytes_sent == 0
    assert "counters of connections that claim more than was sent: 1" in finding.not_seen


def test_the_evidence_is_the_larger_direction():
    (finding,) = found(*(moved(100_000 + place, 0) for place in range(20)))

    assert [row["orig_bytes"] for row in finding.evidence] == [
        100_019 - place for place in range(10)
    ]


def test_the_limit_is_a_setting():
    assert found(moved(5, 6), bytes=6) == []
    assert len(found(moved(7, 0), bytes=6)) == 1


def test_many_small_connections_have_the_first_for_evidence():
    (finding,) = found(*(moved(9_999, 0, uid=f"C{place}") for place in range(150)))

    assert [row["uid"] for row in finding.evidence] == ["C0"]
