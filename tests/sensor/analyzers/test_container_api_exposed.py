from __future__ import annotations

import pytest

from sensor.analyzers.container_api_exposed import Settings, analyzer
from sensor.engines.batch import Batch
from sensor.findings import Severity, Verdict
from tests.strategies import conn_frame, conn_row

DOCKER = b"HTTP/1.1 %s\r\nApi-Version: 1.41\r\nServer: Docker/20.10\r\n\r\n"


def found(*rows, **settings):
    engine = Batch([analyzer(Settings(**settings))])
    engine.add("conn", conn_frame(*({**row, "uid": f"C{at}"} for at, row in enumerate(rows))))
    return engine.findings()


def asked(
    answer: bytes | None = DOCKER % b"200 OK",
    request: bytes | None = b"GET /containers/json HTTP/1.1\r\n",
    service: str = "docker",
    port: int = 2375,
    by: str = "content",
    **changes,
):
    return conn_row(
        resp_p=port,
        remote_service=service,
        remote_service_by=by,
        orig_head=request,
        resp_head=answer,
        **{"service": None, "orig_bytes": 80, "resp_bytes": 300, **changes},
    )


@pytest.mark.parametrize(
    "answer",
    [
        DOCKER % b"200 OK",
        DOCKER % b"201 Created",
        DOCKER % b"101 UPGRADED",
        b"HTTP/1.1 100 Continue\r\n\r\n" + DOCKER % b"200 OK",
    ],
)
def test_an_api_that_does_what_the_outside_asks_is_critical(answer):
    (finding,) = found(asked(answer))

    assert (finding.severity, finding.verdict) == (Severity.CRITICAL, Verdict.SUCCEEDED)
    assert (finding.src_ip, finding.dest_ip, finding.dest_port) == (None, "10.0.0.5", 2375)
    assert (finding.service, finding.protocol, finding.confidence) == ("docker", "tcp", 1.0)
    assert "answered 1 outside host in 1 connection" in finding.message
    assert finding.not_seen == ()


@pytest.mark.parametrize("status", [b"401 Unauthorized", b"403 Forbidden"])
def test_an_api_that_refuses_is_low(status):
    (finding,) = found(asked(DOCKER % status))

    assert finding.severity == Severity.LOW
    assert "1 refused, or asked for a certificate; none was open" in finding.message


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(
            asked(b"\x16\x03\x03\0\x7a\x02", b"\x16\x03\x01", port=2376, by="port"), id="TLS"
        ),
        pytest.param(
            asked(None, None, history="ShR", orig_bytes=0, resp_bytes=0, by="port"), id="a SYN scan"
        ),
        pytest.param(asked(DOCKER % b"404 Not Found"), id="a status that does not tell"),
        pytest.param(asked(b"HTTP/1.1 200 OK\r\n\r\n", by="port"), id="200 of only a port"),
        pytest.param(asked(None, None, by="port"), id="a log without content"),
    ],
)
def test_an_api_of_which_no_more_is_seen_is_medium(row):
    (finding,) = found(row)

    assert finding.severity == Severity.MEDIUM
    assert any("authentication" in text for text in finding.not_seen)


@pytest.mark.parametrize(
    ("service", "path", "severity"),
    [
        ("kubernetes", b"/version", Severity.MEDIUM),
        ("kubernetes", b"/healthz?verbose", Severity.MEDIUM),
        ("kubernetes", b"/api/v1/secrets", Severity.CRITICAL),
        ("etcd", b"/version", Severity.MEDIUM),
        ("etcd", b"/health", Severity.MEDIUM),
        ("etcd", b"/v3/kv/range", Severity.CRITICAL),
        ("docker", b"/version", Severity.CRITICAL),
        ("docker", b"/_ping", Severity.CRITICAL),
    ],
)
def test_what_is_open_to_everybody_proves_nothing(service, path, severity):
    request = b"GET " + path + b" HTTP/1.1\r\n"

    (finding,) = found(asked(b"HTTP/1.1 200 OK\r\n", request, service=service, port=6443))

    assert finding.severity == severity


@pytest.mark.parametrize(
    ("path", "verdict"),
    [
        (b"/_ping", Verdict.PROBED),
        (b"/v1.41/version", Verdict.PROBED),
        (b"/info", Verdict.PROBED),
        (b"/v1.41/containers/json", Verdict.SUCCEEDED),
        (b"/images/json", Verdict.SUCCEEDED),
    ],
)
def test_asking_what_the_api_is_is_a_probe_and_more_has_succeeded(path, verdict):
    (finding,) = found(asked(request=b"GET " + path + b" HTTP/1.1\r\n"))

    assert (finding.severity, finding.verdict) == (Severity.CRITICAL, verdict)


def test_a_service_that_is_no_container_api_is_refused():
    with pytest.raises(ValueError, match="'ssh' is no container API: expected docker"):
        Settings(services=("ssh",))


def test_many_sources_are_one_finding():
    rows = [asked(orig_h=f"198.51.100.{place}") for place in range(30)]

    (finding,) = found(*rows, *rows)

    assert "answered 30 outside hosts in 60 connections" in finding.message
    assert finding.flow_count == 60
    assert len(finding.evidence) == 10


def test_targets_ports_and_services_are_apart():
    rows = (asked(), asked(port=4243), asked(resp_h="10.0.0.6"), asked(service="etcd"))

    assert len(found(*rows)) == 4


@pytest.mark.parametrize(
    "change",
    [
        {"history": "Sr", "conn_state": "REJ"},
        {"history": "S", "conn_state": "S0"},
        {"orig_inside": True},
        {"orig_inside": None},
        {"resp_inside": False},
        {"service": "ssh"},
    ],
)
def test_closed_silent_and_internal_ports_and_other_services_are_not_told(change):
    name = change.pop("service", "docker")

    assert found(asked(service=name, **change)) == []


def test_only_allowed_sources_are_info():
    allowed = asked(orig_allowed=True)

    assert found(allowed)[0].severity == Severity.INFO
    assert found(allowed, asked(orig_h="203.0.113.9"))[0].severity == Severity.CRITICAL


def test_nothing_said_is_exposed():
    (finding,) = found(asked(None, None, history="ShR", orig_bytes=0, resp_bytes=0, by="port"))

    assert finding.verdict == Verdict.EXPOSED
    assert finding.confidence == 0.95


def test_the_evidence_shows_what_was_asked_and_answered():
    opened = asked(frame=7, resp_bytes=10)
    refused = asked(DOCKER % b"403 Forbidden", resp_bytes=9_000)

    (finding,) = found(refused, opened)

    first = finding.evidence[0]
    assert (first["request"], first["answer"]) == (
        "GET /containers/json HTTP/1.1",
        "HTTP/1.1 200 OK",
    )
    assert (first["uid"], first["frame"], first["file"]) == ("C1", 7, "a.pcap")
    assert [row["uid"] for row in finding.evidence] == ["C1", "C0"]


def test_what_a_client_sends_stays_bounded_and_one_line():
    request = b"GET /\xff\x1b[31m" + b"x" * 500

    (finding,) = found(asked(request=request))

    shown = finding.evidence[0]["request"]
    assert shown.startswith("GET /\\xff\x1b[31mxxx")
    assert len(shown) == 120
    assert found(asked(request=b"\x16\x03\x01"))[0].evidence[0]["request"] is None
