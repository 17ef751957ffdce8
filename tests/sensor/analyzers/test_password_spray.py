from __future__ import annotations

from datetime import timedelta

import polars as pl
import pytest

from bench.spray import benign, delays
from sensor.analyzers.password_spray import Settings, analyzer, network
from sensor.engines.batch import Batch
from sensor.findings import Severity, Verdict
from tests.strategies import BEFORE_MIDNIGHT, logon_row, spoken_frame

MORNING = BEFORE_MIDNIGHT - timedelta(hours=18)  # 04:30


def found(*rows, **settings):
    engine = Batch([analyzer(Settings(**settings))])
    engine.add(
        "logon", spoken_frame("logon", *({**row, "uid": f"C{at}"} for at, row in enumerate(rows)))
    )
    return engine.findings()


def failed(minutes: float, user: str | None, **changes):
    return logon_row(ts=MORNING + timedelta(minutes=minutes), user=user, **changes)


def users(number: int, **changes):
    return [failed(at * 30, f"user{at}", **changes) for at in range(number)]


def targets(number: int, **changes):
    return [failed(at * 30, None, resp_h=f"10.0.1.{at}", **changes) for at in range(number)]


def sources(number: int, every: float = 30, **changes):
    return [
        failed(at * every, f"user{at}", orig_h=f"198.{at}.1.1", **changes) for at in range(number)
    ]


def test_many_users_of_one_source_are_told():
    (finding,) = found(*users(9))

    assert (finding.severity, finding.verdict) == (Severity.HIGH, Verdict.ATTEMPTED)
    assert (finding.src_ip, finding.dest_ip, finding.dest_port) == ("198.51.100.7", "10.0.0.5", 22)
    assert "as 9 users" in finding.message
    assert len(finding.evidence) == 9


def test_the_limit_itself_is_not():
    assert found(*users(8)) == []
    assert found(*targets(8)) == []


def test_who_has_more_failures_than_a_spray_makes_is_not_counted():
    assert found(*users(9, attempts=4)) == []
    assert len(found(*users(9, attempts=3))) == 1


def test_who_is_let_in_afterwards_is_not_counted_but_told():
    success = failed(400, "user0", outcome="success")

    assert found(*users(9), success) == []
    (finding,) = found(*users(10), success)

    assert (finding.verdict, finding.status) == (Verdict.SUCCEEDED, "success")
    assert "user0, which failed as well, was let in at 11:10:00" in finding.message


def test_who_had_been_let_in_before_makes_it_no_success():
    (finding,) = found(failed(-30, "user0", outcome="success"), *users(10))

    assert finding.verdict is Verdict.ATTEMPTED


def test_many_targets_of_one_source_are_told_without_users():
    (finding,) = found(*targets(9))

    assert (finding.src_ip, finding.dest_ip) == ("198.51.100.7", None)
    assert "on 9 targets" in finding.message
    assert finding.not_seen == ("as which users",)


def test_sources_of_a_network_are_told_together():
    rows = [row | {"orig_h": f"198.51.100.{at % 3}"} for at, row in enumerate(users(9))]

    (finding,) = found(*rows)

    assert finding.src_ip is None
    assert "3 sources in 198.51.100.0/24" in finding.message
    assert "as 9 users" in finding.message


def test_a_network_is_not_told_beside_the_one_source_that_did_it():
    rows = [*users(9), failed(5, "user0", orig_h="198.51.100.8")]

    assert [finding.src_ip for finding in found(*rows)] == ["198.51.100.7"]


def test_many_sources_are_told_at_a_steady_rate():
    (finding,) = found(*sources(30))

    assert (finding.src_ip, finding.dest_ip) == (None, "10.0.0.5")
    assert "30 sources" in finding.message
    assert "from 04:30 on" in finding.message
    first = finding.evidence[0]
    assert timedelta(hours=10) < first["alarm"] - first["begun"] < timedelta(hours=15)


def test_many_sources_that_come_slowly_are_not():
    assert found(*sources(12, every=90)) == []


def test_many_sources_at_once_are_told():
    assert len(found(*sources(20, every=0.5))) == 1


def test_sources_that_are_let_in_are_people():
    rows = sources(30)
    let_in = [row | {"outcome": "success", "ts": row["ts"] + timedelta(minutes=1)} for row in rows]

    assert found(*rows, *let_in) == []


def test_a_spray_over_midnight_is_told_on_the_day_after():
    rows = [row | {"ts": row["ts"] + timedelta(hours=14)} for row in sources(30)]  # 18:30 to 09:00

    (finding,) = found(*rows)

    assert finding.last_seen.day == BEFORE_MIDNIGHT.day + 1
    assert "from 18:30 on" in finding.message


def test_what_was_told_of_the_day_before_is_not_told_again():
    evening = [row | {"ts": row["ts"] + timedelta(hours=15)} for row in users(9)]  # till 23:30
    after = failed(24 * 60, "user0", outcome="success", orig_h="198.51.100.7")

    assert [finding.first_seen.day for finding in found(*evening, after)] == [BEFORE_MIDNIGHT.day]


@pytest.mark.parametrize(
    ("changes", "severity"),
    [
        ({}, Severity.HIGH),
        ({"orig_inside": True, "orig_h": "10.0.0.6"}, Severity.MEDIUM),
        ({"orig_allowed": True}, Severity.INFO),
    ],
)
def test_severity_follows_whose_the_source_is(changes, severity):
    assert [finding.severity for finding in found(*users(9, **changes))] == [severity]


def test_networks_of_addresses():
    texts = pl.Series(["203.0.113.66", "2001:db8:1:2:3::4", "2001:db8::1", "no address", None])

    assert pl.select(network(pl.lit(texts))).to_series().to_list() == [
        "203.0.113.0/24",
        "2001:db8:1:2::/64",
        "2001:db8::/64",
        None,
        None,
    ]


def test_a_rate_is_more_than_the_background():
    with pytest.raises(ValueError, match="a rate is more than the background"):
        Settings(rate=0.5, background=0.5)


def test_benign_weeks_are_silent_and_a_spray_is_told_within_a_day():
    late = delays(2, 1, Settings())

    assert benign(3, 1, Settings()) == []
    assert len(late) == 2
    assert max(late) <= 24
