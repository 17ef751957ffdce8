from __future__ import annotations

import msgspec
import polars as pl
import pytest

from parsers.schema import CONN_EXTRA, polars_type
from sensor.analyzers.remote_service import Settings, analyzer
from sensor.engines.batch import Batch
from sensor.enrich import enrich
from sensor.findings import Severity, Verdict
from sensor.settings import Site
from tests.strategies import conn_frame, conn_row, spoken_frame, spoken_row


def found(*rows, **settings):
    engine = Batch([analyzer(Settings(**settings))])
    engine.add("conn", conn_frame(*({**row, "uid": f"C{at}"} for at, row in enumerate(rows))))
    return engine.findings()


def contact(sent: int | None = 0, received: int | None = 0, **changes):
    """A connection from outside to SSH inside, told by content."""
    told = {"remote_service_by": "content", "remote_service_sure": 1.0}
    return conn_row(**{"orig_bytes": sent, "resp_bytes": received, **told, **changes})


def told(table: str, row: dict[str, object], **spoken: object):
    """The finding of a connection, and of what a row of another table tells of its server."""
    engine = Batch([analyzer(Settings())])
    names = ("remote_service", "resp_p", "proto", "orig_inside", "orig_h")
    same = {name: row[name] for name in names}
    engine.add(table, spoken_frame(table, spoken_row(**{**same, "uid": "C0", **spoken})))
    engine.add("conn", conn_frame({**row, "uid": "C0"}))
    (finding,) = engine.findings()
    return finding


SCAN = {"history": "ShR", "conn_state": "RSTO"}
PROBE, LOGON, SESSION = (390, 1177), (3_381, 2_993), (7_509, 17_181)


@pytest.mark.parametrize(
    ("row", "verdict"),
    [
        (contact(0, 0, **SCAN), Verdict.EXPOSED),
        (contact(0, 41), Verdict.EXPOSED),
        (contact(None, None), Verdict.EXPOSED),
        (contact(*PROBE), Verdict.PROBED),
        (contact(*LOGON), Verdict.ATTEMPTED),
        (contact(*SESSION), Verdict.USED),
    ],
)
def test_the_verdict_is_how_far_it_went(row, verdict):
    (finding,) = found(row)

    assert (finding.verdict, finding.severity) == (verdict, Severity.LOW)
    assert (finding.dest_ip, finding.dest_port, finding.protocol) == ("10.0.0.5", 22, "tcp")
    assert (finding.service, finding.confidence) == ("ssh", 1.0)
    assert finding.src_ip == ("198.51.100.7" if verdict >= Verdict.ATTEMPTED else None)


@pytest.mark.parametrize(
    "change",
    [
        {"history": "S", "conn_state": "S0"},
        {"history": "Sr", "conn_state": "REJ"},
        {"remote_service": None},
        {"resp_inside": False},
        {"resp_inside": None},
        {"orig_inside": None},
        {"orig_inside": True, "resp_inside": False},
    ],
)
def test_nothing_is_told_of_closed_ports_other_services_and_other_directions(change):
    assert found(contact(**change)) == []


def test_sources_that_only_touch_a_service_are_one_finding():
    rows = [contact(0, 0, orig_h=f"198.51.100.{place}", **SCAN) for place in range(200)]
    often = contact(*PROBE, orig_h="203.0.113.9", frame=77)

    (finding,) = found(*rows, often, often, often)

    assert finding.verdict == Verdict.PROBED
    assert finding.flow_count == 203
    assert (
        "ssh on 10.0.0.5 port 22/tcp answered 201 outside hosts in 203 connections"
        in finding.message
    )
    assert "3 of which carried data both ways" in finding.message
    assert len(finding.evidence) == 10
    first = finding.evidence[0]
    assert (first["source"], first["flows"], first["probed"]) == ("203.0.113.9", 3, 3)
    assert (first["uid"], first["file"], first["frame"]) == ("C200", "a.pcap", 77)
    assert "flow" not in first


def test_a_source_that_tries_is_a_finding_of_its_own():
    rows = [contact(*LOGON, orig_h=source) for source in ("198.51.100.7", "203.0.113.9")]

    findings = found(*rows, *rows)

    assert sorted(finding.src_ip for finding in findings) == ["198.51.100.7", "203.0.113.9"]
    for finding in findings:
        assert finding.flow_count == 2
        assert (finding.bytes_sent, finding.bytes_received) == (6_762, 5_986)
        assert finding.status == "unknown"
        assert any("logon" in text for text in finding.not_seen)
        assert set(finding.evidence[0]) >= {"uid", "community_id", "file", "frame"}


def test_touches_and_sessions_of_one_source_are_told_apart():
    probed, used = sorted(found(contact(*PROBE), contact(*SESSION)), key=lambda each: each.verdict)

    assert (probed.verdict, used.verdict) == (Verdict.PROBED, Verdict.USED)
    assert (probed.flow_count, used.flow_count) == (1, 1)
    assert (probed.bytes_sent, used.bytes_sent) == (390, 7_509)


def test_a_later_session_takes_no_finding_away_and_raises_its_own():
    before = {finding.id: finding for finding in found(contact(*PROBE), contact(*LOGON))}
    after = {
        finding.id: finding
        for finding in found(contact(*PROBE), contact(*LOGON), contact(*SESSION))
    }

    assert before.keys() == after.keys()
    assert sorted(finding.verdict for finding in after.values()) == [Verdict.PROBED, Verdict.USED]


@pytest.mark.parametrize("sizes", [PROBE, LOGON, SESSION])
def test_use_inside_is_one_finding_at_info(sizes):
    rows = [contact(*sizes, orig_h=f"10.0.0.{place}", orig_inside=True) for place in range(20, 24)]

    (finding,) = found(*rows)

    assert finding.severity == Severity.INFO
    assert finding.src_ip is None
    assert finding.flow_count == 4
    assert "reached by 4 inside hosts in 4 connections" in finding.message


def test_a_scan_inside_is_not_told():
    assert found(contact(0, 0, orig_inside=True, **SCAN)) == []


def test_inside_and_outside_are_apart():
    findings = found(contact(*PROBE), contact(*SESSION, orig_h="10.0.0.9", orig_inside=True))

    assert [(each.severity, each.verdict) for each in findings] == [
        (Severity.LOW, Verdict.PROBED),
        (Severity.INFO, Verdict.USED),
    ]


@pytest.mark.parametrize("sizes", [PROBE, SESSION])
def test_an_allowed_source_is_info(sizes):
    (finding,) = found(contact(*sizes, orig_allowed=True))

    assert finding.severity == Severity.INFO


def test_one_source_that_is_not_allowed_is_enough():
    rows = (contact(*PROBE, orig_allowed=True), contact(*PROBE, orig_h="203.0.113.9"))

    assert [finding.severity for finding in found(*rows)] == [Severity.LOW]


@pytest.mark.parametrize(
    ("change", "severity"),
    [
        ({"resp_p": 443}, Severity.MEDIUM),
        ({"resp_p": 2222}, Severity.MEDIUM),
        ({"resp_p": 2222, "remote_service_by": "port"}, Severity.LOW),
        ({"resp_p": 22}, Severity.LOW),
        ({"resp_p": 830}, Severity.LOW),
        ({"resp_p": 443, "remote_service": "openvpn"}, Severity.LOW),
        ({"resp_p": 443, "orig_allowed": True}, Severity.INFO),
    ],
)
def test_a_known_protocol_on_a_port_that_is_not_its_own_is_medium(change, severity):
    (finding,) = found(contact(*PROBE, **change))

    assert finding.severity == severity
    assert ("is not a port of" in finding.message) == (finding.severity != Severity.LOW)


@pytest.mark.parametrize(
    ("change", "severity"),
    [
        ({"remote_service": "telnet", "resp_p": 23}, Severity.MEDIUM),
        ({"remote_service": "x11", "resp_p": 6000, "remote_service_by": "port"}, Severity.MEDIUM),
        ({"remote_service": "rlogin", "resp_p": 513, "orig_inside": True}, Severity.INFO),
    ],
)
def test_a_service_that_takes_passwords_in_clear_is_medium(change, severity):
    (finding,) = found(contact(10, 5, **change))

    assert finding.severity == severity
    assert "clear text" in finding.message


def test_a_bare_port_is_not_yet_a_service_in_clear():
    by_port = {"remote_service_by": "port", "remote_service_sure": 0.9}
    (finding,) = found(contact(0, 0, remote_service="telnet", resp_p=23, **by_port, **SCAN))

    assert finding.severity == Severity.LOW
    assert finding.confidence == 0.9
    assert finding.not_seen == ("which service it is: only its port says so",)


@pytest.mark.parametrize("sizes", [PROBE, SESSION])
def test_a_finding_is_as_sure_of_the_service_as_its_surest_flow(sizes):
    less, more = (contact(*sizes, remote_service_sure=sure) for sure in (0.3, 0.7))

    assert [finding.confidence for finding in found(less)] == [0.3]
    assert [finding.confidence for finding in found(less, more, less)] == [0.7]


def test_the_settings_decide():
    row = contact(100, 100)

    assert found(row)[0].verdict == Verdict.PROBED
    assert found(row, attempt_bytes={"ssh": (100, 100)})[0].verdict == Verdict.ATTEMPTED
    assert found(row, session_bytes={"ssh": 200})[0].verdict == Verdict.USED
    assert found(contact(*PROBE, resp_p=22), clear=("ssh",))[0].severity == Severity.MEDIUM


def test_a_service_that_is_not_known_is_refused_in_a_setting():
    with pytest.raises(msgspec.ValidationError, match="'shh' is no remote service"):
        msgspec.convert({"session_bytes": {"shh": 5}}, Settings)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"attempt_bytes": {"ssh": [-1, 0]}}, Settings)


TRUTH = {
    "ssh_02_publickey_interactive": [("ssh", 22, Verdict.ATTEMPTED)],
    "ssh_03_failed_passwords": [("ssh", 22, Verdict.ATTEMPTED)],
    "ssh_04b_bruteforce_medusa": [("ssh", 22, Verdict.ATTEMPTED)],
    "ssh_05_upload_5MB": [("ssh", 22, Verdict.USED)],
    "rdp_01_tls_success": [("rdp", 3389, Verdict.USED)],
    "vnc_02_wrong_password": [("vnc", 5901, Verdict.ATTEMPTED)],
    "vnc_06_scan": [("vnc", 5901, Verdict.PROBED)],
    "docker_05_internal_admin_2375": [("docker", 2375, Verdict.PROBED)],
    "ike_06_scan": [("ipsec", 500, Verdict.PROBED)],
    "openvpn_01_udp1194_success": [("openvpn", 1194, Verdict.USED)],
    "wireguard_01_success": [("wireguard", 51820, Verdict.USED)],
    "wireguard_02_wrong_key": [],
    "ocserv_04_portal_probe": [],
    "winrm_03_failures_stub": [("winrm", 5985, Verdict.ATTEMPTED)],
}


@pytest.mark.shared
@pytest.mark.parametrize("name", TRUTH)
def test_zeeks_own_log_of_a_recording_gives_what_its_label_says(shared, name):
    engine = Batch([analyzer(Settings())])
    engine.add(
        "conn", enrich("conn", zeek_conn(shared / "lab" / "zeek" / name / "conn.log"), Site())
    )

    told = [(each.service, each.dest_port, each.verdict) for each in engine.findings()]

    assert told == TRUTH[name]


def zeek_conn(path) -> pl.DataFrame:
    """Zeek's TSV, with what it has no columns for as null."""
    lines = path.read_text(encoding="utf-8").splitlines()
    (fields,) = (line.split("\t")[1:] for line in lines if line.startswith("#fields"))
    rows = [line.split("\t") for line in lines if not line.startswith("#")]
    text = pl.DataFrame(rows, schema=dict.fromkeys(fields, pl.String), orient="row")
    text = text.rename({name: name.removeprefix("id.") for name in fields})
    counts = [name for name in text.columns if name.endswith(("_bytes", "_pkts"))]
    seen = text.with_columns(pl.when(pl.all() != "-").then(pl.all()))
    return seen.with_columns(
        pl.from_epoch(pl.col("ts").cast(pl.Float64), time_unit="s").dt.replace_time_zone("UTC"),
        pl.col("orig_p", "resp_p").cast(pl.Int32),
        pl.col(counts).cast(pl.Int64),
        *(pl.lit(None, polars_type(extra.type)).alias(extra.name) for extra in CONN_EXTRA),
    )


VNC = {"remote_service": "vnc", "resp_p": 5900}
RDP = {"remote_service": "rdp", "resp_p": 3389}


@pytest.mark.parametrize(
    ("table", "row", "offers", "severity", "said"),
    [
        ("rfb", contact(400, 400, **VNC), "None", Severity.MEDIUM, "no password"),
        ("rfb", contact(*SESSION, **VNC), "None", Severity.HIGH, "no password"),
        ("rfb", contact(*SESSION, **VNC), "VNC", Severity.LOW, ""),
        ("rdp", contact(*SESSION, **RDP), "SSL", Severity.MEDIUM, "network level"),
        ("rdp", contact(*PROBE, **RDP), "RDP", Severity.MEDIUM, "without TLS"),
        ("rdp", contact(*SESSION, **RDP), "HYBRID", Severity.LOW, ""),
        ("logon", contact(*LOGON), "password", Severity.MEDIUM, "takes passwords"),
        ("logon", contact(*PROBE), "password", Severity.MEDIUM, "takes passwords"),
        ("logon", contact(*SESSION), "password", Severity.LOW, "takes passwords"),
        ("rdp", contact(*SESSION, **RDP, orig_inside=True), "SSL", Severity.INFO, "network level"),
    ],
)
def test_a_weak_way_in_raises_severity_and_is_said(table, row, offers, severity, said):
    finding = told(table, row, offers=offers)

    assert finding.severity == severity
    assert said in finding.message
    assert finding.flow_count == 1
    assert finding.evidence[-1] == {"offers": [offers]}


@pytest.mark.parametrize("size", [PROBE, SESSION])
def test_what_the_server_says_is_told(size):
    finding = told("ssh", contact(*size), says="SSH-2.0-OpenSSH_9.6")

    assert finding.message.endswith('it says "SSH-2.0-OpenSSH_9.6"')
    assert finding.evidence[-1] == {"says": ["SSH-2.0-OpenSSH_9.6"]}


def test_rows_of_other_tables_are_no_contact():
    engine = Batch([analyzer(Settings())])
    engine.add("ssh", spoken_frame("ssh", spoken_row(says="SSH-2.0-x")))

    assert engine.findings() == []


def test_a_way_in_that_the_site_accepts_is_not_said():
    engine = Batch([analyzer(Settings(weak=("vnc None",)))])
    row = {name: contact(**RDP)[name] for name in ("remote_service", "resp_p")}
    engine.add("rdp", spoken_frame("rdp", spoken_row(**row, offers="SSL")))
    engine.add("conn", conn_frame(contact(*SESSION, **RDP)))
    (finding,) = engine.findings()

    assert (finding.severity, "level" in finding.message) == (Severity.LOW, False)


def test_an_unknown_weak_way_is_refused():
    with pytest.raises(ValueError, match="'ssh None' is no weak way in"):
        Settings(weak=("ssh None",))
