"""Failed logons: how many in which window, of whom, and how bad that is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sensor.analyzers.failed_logons import Settings, analyzer
from sensor.engines.batch import Batch
from sensor.findings import Finding, Severity, Verdict
from tests.strategies import logon_row, spoken_frame

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


def found(*rows: dict[str, Any], **settings: Any) -> list[Finding]:
    engine = Batch([analyzer(Settings(**settings))])
    engine.add("logon", spoken_frame("logon", *rows))
    return engine.findings()


def failures(count: int, begun: datetime = NOON, every: timedelta = SECOND, **changes: Any):
    """Failed logons, one connection each."""
    return [
        logon_row(**{"ts": begun + at * every, "uid": f"C{begun:%d%H%M}{at}", **changes})
        for at in range(count)
    ]


def test_as_many_as_the_limit_are_not_told():
    assert found(*failures(5)) == []


def test_one_more_than_the_limit_is_told():
    (finding,) = found(*failures(6))

    assert finding.message == (
        "198.51.100.7 failed to log on to ssh on 10.0.0.5 port 22 as root 6 times "
        "within a day from 12:00; known by server log"
    )
    assert (finding.severity, finding.verdict) == (Severity.MEDIUM, Verdict.ATTEMPTED)
    assert (finding.status, finding.confidence, finding.flow_count) == ("failed", 1.0, 6)
    assert (finding.src_ip, finding.dest_ip, finding.dest_port) == ("198.51.100.7", "10.0.0.5", 22)
    assert (finding.protocol, finding.service, finding.user) == ("tcp", "ssh", "root")
    assert (finding.first_seen, finding.last_seen) == (NOON, NOON + 5 * SECOND)


def test_a_number_of_attempts_in_one_row_counts():
    assert found(logon_row(attempts=5)) == []
    (finding,) = found(logon_row(attempts=6))

    assert "6 times" in finding.message
    assert finding.flow_count == 1


@pytest.mark.parametrize(
    "change",
    [
        {"outcome": "success"},
        {"outcome": "unknown"},
        {"attempts": 0},
        {"attempts": None},
        {"resp_inside": False},
        {"orig_h": None, "orig_inside": None},
    ],
)
def test_what_is_no_failure_of_somebody_at_a_server_of_ours_is_not_counted(change):
    assert found(*failures(5), *failures(9, NOON + HOUR, **change)) == []
    for finding in found(*failures(6), *failures(1, NOON + HOUR, **change)):
        assert (finding.flow_count, len(finding.evidence)) == (6, 6)


def test_a_servers_own_log_names_the_server():
    (finding,) = found(*failures(6, resp_h=None, resp_inside=None, resp_p=None, host="bastion"))

    assert finding.dest_ip == "bastion"
    assert "log on to ssh on bastion as root 6 times" in finding.message


@pytest.mark.parametrize(
    ("change", "severity"),
    [
        ({}, Severity.MEDIUM),
        ({"orig_inside": True}, Severity.LOW),
        ({"orig_allowed": True}, Severity.INFO),
        ({"orig_inside": True, "orig_allowed": True}, Severity.INFO),
        ({"orig_inside": None}, Severity.MEDIUM),
    ],
)
def test_the_source_decides_the_severity(change, severity):
    assert [each.severity for each in found(*failures(6, **change))] == [severity]


@pytest.mark.parametrize("differs", ["orig_h", "resp_h", "service"])
def test_sources_targets_and_services_are_apart(differs):
    half = failures(3, NOON + HOUR, **{differs: "10.0.0.6"})

    assert found(*failures(3), *half) == []


def test_users_with_few_failures_each_are_one_finding():
    rows = [row for user in "abc" for row in failures(2, user=user, uid=f"C{user}")]

    (finding,) = found(*rows)

    assert finding.user is None
    assert "port 22 as 3 users 6 times within a day" in finding.message
    assert finding.flow_count == 3
    assert {row["user"] for row in finding.evidence} == {"a", "b", "c"}


def test_a_user_with_too_many_has_a_finding_beside_that_of_all():
    findings = found(*failures(6, user="root"), *failures(1, NOON + MINUTE, user="admin"))

    assert {each.user: each.message.split(" times")[0][-7:] for each in findings} == {
        "root": " root 6",
        None: "users 7",
    }


def test_a_finding_over_all_users_stays_when_one_of_them_fails_more():
    few = failures(3, user="a") + failures(3, NOON + MINUTE, user="b")
    (before,) = found(*few)

    assert before.id in {each.id for each in found(*few, *failures(3, NOON + HOUR, user="a"))}


def test_where_no_user_can_be_read_all_are_one():
    (finding,) = found(*failures(6, user=None))

    assert finding.user is None
    assert "port 22 6 times" in finding.message


def test_failures_with_and_without_a_name_are_added():
    (finding,) = found(*failures(3), *failures(3, NOON + MINUTE, user=None))

    assert finding.user is None
    assert "6 times" in finding.message


TEN = timedelta(minutes=10)


def test_a_window_slides_over_the_hour():
    rows = failures(3, NOON - 3 * MINUTE, MINUTE) + failures(3, NOON, MINUTE)

    (finding,) = found(*rows, window=TEN)

    assert "6 times within 10 minutes from 11:57" in finding.message


@pytest.mark.parametrize(("minutes", "told"), [(9, 1), (10, 0)])
def test_what_lies_a_window_apart_is_not_in_one(minutes, told):
    rows = failures(5) + failures(1, NOON + minutes * MINUTE)

    assert len(found(*rows, window=TEN)) == told


def test_the_densest_window_is_told():
    rows = failures(6, NOON - HOUR) + failures(9) + failures(7, NOON + HOUR)

    (finding,) = found(*rows, window=TEN)

    assert "9 times within 10 minutes from 12:00" in finding.message


def test_of_windows_as_dense_the_first_is_told():
    (finding,) = found(*failures(6), *failures(6, NOON + HOUR), window=TEN)

    assert "from 12:00" in finding.message


def test_users_are_added_in_a_window_too():
    apart = failures(3, user="a") + failures(3, NOON + HOUR, user="b")

    assert found(*apart, window=TEN) == []
    assert len(found(*apart, window=2 * HOUR)) == 1


MIDNIGHT = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.mark.parametrize(("window", "told"), [(TEN, 0), (30 * MINUTE, 1), (3 * HOUR, 1)])
def test_a_window_slides_over_midnight(window, told):
    rows = failures(3, MIDNIGHT - 15 * MINUTE) + failures(3, MIDNIGHT + 5 * MINUTE)

    findings = found(*rows, window=window)

    assert len(findings) == told
    assert all("6 times" in each.message and "from 23:45" in each.message for each in findings)


def test_the_first_minute_of_a_day_belongs_to_it():
    assert len(found(*failures(3, MIDNIGHT - MINUTE), *failures(3, MIDNIGHT), window=TEN)) == 1


def test_a_long_window_reaches_as_far_back_over_midnight():
    rows = failures(3, MIDNIGHT - 2 * HOUR) + failures(3, MIDNIGHT + 30 * MINUTE)

    assert len(found(*rows, window=3 * HOUR)) == 1
    assert len(found(*rows)) == 1


def test_what_was_told_of_one_day_is_not_told_of_the_next_again():
    evening = failures(9, MIDNIGHT - 5 * MINUTE)
    morning = failures(1, MIDNIGHT + 8 * HOUR)

    assert len(found(*evening, *morning, window=TEN)) == 1


def test_each_day_is_a_finding():
    rows = failures(6) + failures(6, NOON + timedelta(days=2))

    assert len({each.id for each in found(*rows)}) == 2


def test_the_limit_is_set():
    assert len(found(logon_row(attempts=2), failures=1)) == 1
    assert found(logon_row(attempts=100), failures=100) == []


def test_a_finding_lists_so_many_and_the_first():
    (finding,) = found(*failures(50), listed=3)

    assert [row["ts"] for row in finding.evidence] == [NOON, NOON + SECOND, NOON + 2 * SECOND]
    assert None not in finding.evidence[0].values()
    assert finding.flow_count == 50


def test_the_least_sure_failure_is_the_confidence():
    rows = failures(5) + failures(1, NOON + MINUTE, confidence=0.7, known_by="sizes and timing")
    (finding,) = found(*rows)

    assert finding.confidence == 0.7
    assert finding.message.endswith("known by server log and sizes and timing")


def test_without_any_confidence_it_is_sure():
    assert found(*failures(6, confidence=None))[0].confidence == 1.0


@pytest.mark.parametrize(
    ("window", "words"),
    [
        (MINUTE, "1 minute"),
        (90 * MINUTE, "90 minutes"),
        (HOUR, "1 hour"),
        (2 * HOUR, "2 hours"),
        (24 * HOUR, "a day"),
    ],
)
def test_the_window_is_said_in_words(window, words):
    (finding,) = found(logon_row(attempts=6), window=window)

    assert f"within {words} from" in finding.message


@pytest.mark.parametrize("window", [59 * SECOND, 24 * HOUR + SECOND])
def test_a_window_that_cannot_be_kept_is_refused(window):
    with pytest.raises(ValueError, match="a window lasts from"):
        Settings(window=window)


@pytest.mark.parametrize("bad", [{"failures": 0}, {"listed": 0}, {"listed": 65}, {"windows": 1}])
def test_settings_out_of_range_are_refused(bad):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(bad, Settings)


def test_a_name_that_is_hostile_stays_a_key_of_its_own():
    names = ["-", "a|b", "a\\|b", "root\n\x1b[2J"]
    rows = [row for name in names for row in failures(6, user=name, uid=f"C{name}")]

    assert {each.user for each in found(*rows)} == {*names, None}


attempts = st.lists(
    st.tuples(st.integers(0, 40), st.sampled_from((None, "a", "b")), st.sampled_from((1, 2, 5, 6))),
    max_size=14,
)


@settings(max_examples=30, deadline=None)
@given(rows=attempts, more=attempts, window=st.sampled_from((MINUTE, TEN, 24 * HOUR)))
def test_more_rows_never_take_a_finding_away(rows, more, window):
    made = [
        logon_row(ts=MIDNIGHT + (at - 20) * MINUTE, user=user, attempts=count, uid=f"C{place}")
        for place, (at, user, count) in enumerate(rows + more)
    ]

    before = found(*made[: len(rows)], window=window)

    assert {each.id for each in before} <= {each.id for each in found(*made, window=window)}
