from __future__ import annotations

from datetime import timedelta

import pytest

from sensor.analyzers.follow_on import Settings, analyzer
from sensor.engines.batch import Batch
from sensor.findings import Severity, Verdict
from tests.strategies import (
    BEFORE_MIDNIGHT,
    conn_frame,
    conn_row,
    container_row,
    logon_row,
    spoken_frame,
)

NOON = BEFORE_MIDNIGHT - timedelta(hours=10, minutes=30)
NOBODY = {"remote_service": None, "remote_service_by": None, "service": None}


def found(*rows, batch_rows=1000, **settings):
    engine = Batch([analyzer(Settings(**settings))], batch_rows=batch_rows)
    for at, (table, row) in enumerate(rows):
        frame = conn_frame if table == "conn" else lambda row, table=table: spoken_frame(table, row)
        engine.add(table, frame({"uid": f"C{at}"} | {k: v for k, v in row.items() if k != "uid"}))
    return engine.findings()


def at(minutes: float):
    return {"ts": NOON + timedelta(minutes=minutes)}


def request(minutes: float = 0, **changes):
    return "container_api", container_row(**at(minutes), **changes)


def logon(minutes: float = 0, **changes):
    return "logon", logon_row(**at(minutes), outcome="success", **changes)


def outgoing(minutes: float, peer: str = "198.51.100.9", **changes):
    ends = {"orig_h": "10.0.0.5", "orig_inside": True, "resp_h": peer, "resp_inside": False}
    row = {"resp_p": 443, "orig_bytes": 900, "resp_bytes": 4000} | ends | NOBODY | changes
    return "conn", conn_row(**at(minutes), **row)


def inside(minutes: float, peer: str = "10.0.0.6", **changes):
    return outgoing(minutes, peer, **{"resp_inside": True, "resp_p": 8080} | changes)


def ssh_inside(minutes: float, peer: str = "10.0.0.6"):
    return inside(minutes, peer, resp_p=22, remote_service="ssh")


def unanswered(minutes: float, number: int):
    return outgoing(
        minutes, f"10.0.2.{number}", resp_inside=True, conn_state="S0", history="S", resp_p=22
    )


def before():
    """The host was seen well before the entry."""
    return outgoing(-120, "198.51.100.50")


def test_new_connections_after_an_open_api_are_one_chain():
    (finding,) = found(before(), request(), outgoing(1), outgoing(2, "203.0.113.9", resp_p=80))

    assert (finding.severity, finding.verdict) == (Severity.HIGH, Verdict.USED)
    assert (finding.src_ip, finding.flow_count) == ("10.0.0.5", 2)
    assert (finding.bytes_sent, finding.bytes_received) == (1800, 8000)
    assert finding.message == (
        "10.0.0.5 was entered by 198.51.100.7 (docker create) at 12:00:00 and then opened 2 new "
        "connections: 198.51.100.9:443/tcp at 12:01:00 (900 bytes out, 4,000 in), "
        "203.0.113.9:80/tcp at 12:02:00 (900 bytes out, 4,000 in)"
    )
    assert finding.not_seen == ()
    assert finding.confidence == 1.0
    assert [row.get("uid") for row in finding.evidence] == ["C1", "C2", "C3"]


def test_the_order_of_rows_does_not_matter():
    rows = [
        before(),
        request(),
        logon(3),
        *(outgoing(each, f"198.51.1.{each}") for each in range(9)),
    ]

    whole = [finding.message for finding in found(*rows)]

    assert len(whole) == 1
    for mixed in (rows[::-1], rows[3:] + rows[:3]):
        assert [each.message for each in found(*mixed, batch_rows=1)] == whole


@pytest.mark.parametrize(
    "other",
    [
        outgoing(-5),  # before it only
        outgoing(61),  # too late
        outgoing(1, conn_state="S0", history="S"),  # no answer
        outgoing(1, resp_p=53),  # names are looked up all day
        outgoing(1, orig_h="10.0.0.6"),  # another host
        outgoing(1, conn_state="OTH", history="dD"),  # who began it is a guess
    ],
)
def test_what_is_nothing_new_of_the_host_is_silent(other):
    assert found(request(), other) == []


def test_a_peer_that_the_host_had_before_is_not_new():
    assert found(outgoing(-200), request(), outgoing(1)) == []
    assert len(found(outgoing(-200), request(), outgoing(1, resp_p=80))) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"operation": "list"},
        {"operation": "discover"},
        {"outcome": "refused"},
        {"authentication": "credentials"},
        {"orig_inside": True, "orig_h": "10.0.0.6"},
    ],
)
def test_a_request_that_is_no_entry_is_silent(changes):
    assert found(before(), request(**changes), outgoing(1)) == []


@pytest.mark.parametrize(
    ("after", "severity"),
    [
        ([outgoing(1)], Severity.LOW),
        ([inside(1)], None),
        ([ssh_inside(1)], Severity.MEDIUM),
        ([unanswered(1, each) for each in range(30)], Severity.MEDIUM),
        ([unanswered(0.1, each) for each in range(30)], Severity.MEDIUM),
        ([unanswered(1, each) for each in range(20)], None),
    ],
)
def test_after_an_ordinary_logon_reaching_further_is_medium(after, severity):
    findings = found(before(), logon(), *after)

    assert [finding.severity for finding in findings] == ([] if severity is None else [severity])


@pytest.mark.parametrize(
    ("after", "severity"), [(outgoing(1), Severity.HIGH), (inside(1), Severity.MEDIUM)]
)
def test_after_a_guessed_logon_all_that_is_new_counts(after, severity):
    failures = "logon", logon_row(**at(-3), attempts=7)

    (finding,) = found(before(), failures, logon(), after)

    assert finding.severity is severity
    assert "(ssh logon as root after 7 failures)" in finding.message


def test_failures_after_the_logon_do_not_make_it_guessed():
    failures = "logon", logon_row(**at(3), attempts=7)

    (finding,) = found(before(), logon(), failures, outgoing(1))

    assert finding.severity is Severity.LOW
    assert "(ssh logon as root)" in finding.message


def session(sent: int, received: int):
    sizes = {"orig_ip_bytes": sent + 999, "resp_ip_bytes": received + 999}
    return "conn", conn_row(**at(-0.1), orig_bytes=sent, resp_bytes=received, **sizes)


@pytest.mark.parametrize(
    ("sizes", "severity"),
    [
        ((5000, 9000), Severity.MEDIUM),
        ((5000, 3999), None),  # less than the connection inside gave
        ((899, 9000), None),
        ((5000, 90_000), None),  # most of it was something else
    ],
)
def test_a_session_that_carries_what_was_moved_inside_is_a_tunnel(sizes, severity):
    findings = found(before(), session(*sizes), logon(), inside(1))

    assert [finding.severity for finding in findings] == ([] if severity is None else [severity])
    assert all("through a tunnel: 10.0.0.6:8080/tcp" in finding.message for finding in findings)


def test_the_service_of_a_host_inside_is_named():
    (finding,) = found(before(), logon(), ssh_inside(1))

    assert "ssh on 10.0.0.6:22/tcp" in finding.message


def test_hundreds_of_peers_before_an_entry_do_not_hide_those_after_it():
    early = [outgoing(-300 + each / 10, f"192.0.{each // 250}.{each % 250}") for each in range(800)]

    (finding,) = found(*early, request(), outgoing(1))

    assert finding.severity is Severity.HIGH
    assert "opened 1 new connection: 198.51.100.9:443/tcp" in finding.message


def test_peers_that_are_too_many_to_keep_are_counted():
    def many(begin, number, network):
        peers = (f"{network}.{each // 250}.{each % 250}" for each in range(number))
        return [outgoing(begin + each / 60, peer) for each, peer in enumerate(peers)]

    rows = [*many(-300, 600, "192.1"), request(), *many(2, 40, "192.2"), *many(90, 600, "192.3")]

    (finding,) = found(*rows)

    assert finding.flow_count == 40
    assert "opened 40 new connections" in finding.message


def test_a_host_that_opens_as_many_anyway_is_told_a_level_less():
    busy = [outgoing(-50 + each, f"192.0.2.{each}") for each in range(40)]

    (finding,) = found(before(), *busy, request(), outgoing(1))

    assert finding.severity is Severity.MEDIUM
    assert found(before(), *busy, logon(), outgoing(1)) == []


def test_an_input_that_begins_with_the_entry_says_what_it_did_not_see():
    (finding,) = found(request(), outgoing(1))

    assert finding.not_seen == ("what the host did before",)
    assert finding.confidence == 0.7


def test_the_site_s_own_sources_are_info():
    (finding,) = found(before(), request(orig_allowed=True), outgoing(1))

    assert finding.severity is Severity.INFO


def test_the_gravest_of_several_entries_is_told():
    (finding,) = found(before(), logon(-20, orig_h="203.0.113.9"), request(), outgoing(1))

    assert finding.severity is Severity.HIGH
    assert "entered by 198.51.100.7 (docker create) at 12:00:00 (1 more came so)" in finding.message


def test_what_follows_after_midnight_is_told_of_the_next_day_once():
    late = 12 * 60 - 10

    (finding,) = found(outgoing(300, "198.51.100.50"), request(late), outgoing(late + 20))

    assert finding.last_seen.day == NOON.day + 1
    assert "at 23:50:00 and then opened 1 new connection" in finding.message


def test_a_window_is_within_what_is_kept_of_the_day_before():
    with pytest.raises(ValueError, match="a window lasts from"):
        Settings(window=timedelta(hours=7))
