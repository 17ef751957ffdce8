"""A logon that was guessed: failures, and then somebody was let in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sensor.analyzers.guessed_logon import KEPT, Settings, analyzer
from sensor.engines.batch import Batch
from sensor.findings import Finding, Severity, Verdict
from tests.strategies import logon_row, spoken_frame

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MIDNIGHT = datetime(2026, 3, 2, tzinfo=UTC)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
OTHERS = ("203.0.113.1", "203.0.113.2", "203.0.113.3")


def found(*rows: dict[str, Any], **settings: Any) -> list[Finding]:
    engine = Batch([analyzer(Settings(**settings))])
    engine.add("logon", spoken_frame("logon", *rows))
    return engine.findings()


def failures(count: int, begun: datetime = NOON, every: timedelta = SECOND, **changes: Any):
    return [
        logon_row(**{"ts": begun + at * every, "uid": f"F{begun:%d%H%M}{at}", **changes})
        for at in range(count)
    ]


def success(when: datetime, **changes: Any) -> dict[str, Any]:
    return logon_row(**{"ts": when, "uid": f"S{when:%d%H%M%S}", "outcome": "success", **changes})


def test_a_success_after_enough_failures_is_told():
    (finding,) = found(*failures(5), success(NOON + 10 * SECOND))

    assert finding.message == (
        "198.51.100.7 was let in to ssh on 10.0.0.5 port 22 as root at 12:00:10, "
        "after 5 failures within 1 hour"
    )
    assert (finding.severity, finding.verdict) == (Severity.HIGH, Verdict.SUCCEEDED)
    assert (finding.status, finding.confidence, finding.flow_count) == ("success", 1.0, 6)
    assert (finding.src_ip, finding.user) == ("198.51.100.7", None)
    assert (finding.dest_ip, finding.dest_port, finding.service) == ("10.0.0.5", 22, "ssh")


def test_one_failure_too_few_is_not_told():
    assert found(*failures(4), success(NOON + 10 * SECOND)) == []


def test_a_success_before_the_failures_is_not_told():
    assert found(success(NOON - SECOND), *failures(9)) == []
    assert found(success(NOON - HOUR), *failures(9)) == []


def test_failures_on_both_sides_of_a_success_are_not_added():
    assert found(*failures(4), success(NOON + 4 * SECOND), *failures(4, NOON + 5 * SECOND)) == []


def test_a_failure_at_the_same_moment_is_before_the_success():
    assert len(found(*failures(5), success(NOON + 4 * SECOND))) == 1


def test_a_number_of_attempts_in_one_row_counts():
    assert len(found(logon_row(attempts=5), success(MIDNIGHT - HOUR))) == 1
    assert found(logon_row(attempts=4), success(MIDNIGHT - HOUR)) == []


@pytest.mark.parametrize(
    "change",
    [
        {"outcome": "unknown"},
        {"attempts": 0},
        {"attempts": None},
        {"resp_inside": False},
        {"orig_h": None},
    ],
)
def test_what_is_no_logon_of_somebody_at_a_server_of_ours_is_no_success(change):
    assert found(*failures(9), success(NOON + MINUTE, **change)) == []


@pytest.mark.parametrize("differs", ["orig_h", "resp_h", "service"])
def test_another_source_target_or_service_is_no_success_of_this_one(differs):
    let_in = success(NOON + MINUTE, **{differs: "10.0.0.6", "user": "alice"})

    assert found(*failures(9), let_in) == []


@pytest.mark.parametrize(("minutes", "told"), [(1, 1), (30, 1), (60, 1), (61, 0), (90, 0)])
def test_failures_count_as_long_as_the_window_is(minutes, told):
    assert len(found(*failures(5), success(NOON + minutes * MINUTE))) == told


def test_the_window_is_set():
    rows = (*failures(5), success(NOON + 3 * HOUR))

    assert found(*rows, window=2 * HOUR) == []
    (finding,) = found(*rows, window=3 * HOUR)
    assert "within 3 hours" in finding.message


def test_failures_that_leave_the_window_one_by_one_do_not_count():
    slow = failures(9, NOON, 20 * MINUTE)

    assert found(*slow, success(NOON + 9 * 20 * MINUTE)) == []


def test_the_window_goes_over_midnight():
    (finding,) = found(*failures(5, MIDNIGHT - 20 * MINUTE), success(MIDNIGHT + 10 * MINUTE))

    assert "at 00:10:00, after 5 failures" in finding.message
    assert finding.last_seen == MIDNIGHT + 10 * MINUTE


def test_the_first_minute_of_a_day_belongs_to_it():
    (finding,) = found(*failures(5, MIDNIGHT - 20 * MINUTE), success(MIDNIGHT))

    assert "at 00:00:00, after 5 failures" in finding.message


def test_a_long_window_reaches_as_far_back_over_midnight():
    rows = (*failures(5, MIDNIGHT - 5 * HOUR), success(MIDNIGHT + HOUR))

    assert found(*rows) == []
    assert len(found(*rows, window=6 * HOUR)) == 1


def test_what_was_told_of_one_day_is_not_told_of_the_next_again():
    guessed = (*failures(5, MIDNIGHT - 10 * MINUTE), success(MIDNIGHT - 5 * MINUTE))
    morning = failures(1, MIDNIGHT + 8 * HOUR)

    assert [each.first_seen for each in found(*guessed, *morning)] == [MIDNIGHT - 10 * MINUTE]


def test_the_first_success_with_enough_failures_is_told_with_its_user():
    rows = [
        success(NOON - HOUR, user="alice"),
        *failures(2, user="bob"),
        success(NOON + 10 * SECOND, user="alice"),
        *failures(5, NOON + 20 * SECOND, user="bob"),
        success(NOON + 50 * SECOND, user="bob"),
        success(NOON + 55 * SECOND, user="alice"),
    ]

    (finding,) = found(*rows)

    assert "as bob at 12:00:50, after 7 failures" in finding.message


def test_a_success_before_the_failures_is_not_the_one_that_is_told():
    (finding,) = found(success(NOON - SECOND), *failures(5), success(NOON + 10 * MINUTE))

    assert "at 12:10:00, after 5 failures" in finding.message


@pytest.mark.parametrize("count", [1, 3])
def test_the_number_of_failures_is_set(count):
    rows = (*failures(count), success(NOON + MINUTE))

    (finding,) = found(*rows, failures=count)

    assert f"after {count} failure{'s' if count > 1 else ''} within" in finding.message
    assert found(*rows, failures=count + 1) == []


@pytest.mark.parametrize(
    ("change", "severity"),
    [
        ({}, Severity.HIGH),
        ({"orig_inside": True}, Severity.MEDIUM),
        ({"orig_inside": None}, Severity.HIGH),
        ({"orig_allowed": True}, Severity.INFO),
    ],
)
def test_the_source_decides_the_severity(change, severity):
    (finding,) = found(*failures(5, **change), success(NOON + MINUTE, **change))

    assert finding.severity == severity


def of_many(*rows: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows, each from the next of several sources."""
    return [{**row, "orig_h": OTHERS[at % 3]} for at, row in enumerate(rows)]


def test_one_user_from_several_sources_is_told_of_the_user():
    (finding,) = found(*of_many(*failures(6), success(NOON + MINUTE)))

    assert finding.message == (
        "root, from 3 sources, was let in to ssh on 10.0.0.5 port 22 at 12:01:00, "
        "after 6 failures within 1 hour"
    )
    assert (finding.user, finding.src_ip, finding.severity) == ("root", None, Severity.HIGH)


def test_two_sources_are_several():
    (finding,) = found(*failures(6, orig_h=OTHERS[0]), success(NOON + MINUTE))

    assert (finding.user, finding.src_ip) == ("root", None)


def test_one_user_from_one_source_is_told_of_the_source_alone():
    assert [each.user for each in found(*failures(6), success(NOON + MINUTE))] == [None]


def test_several_users_from_several_sources_are_not_added():
    rows = [{**row, "user": f"u{at}"} for at, row in enumerate(failures(6))]

    assert found(*of_many(*rows, success(NOON + MINUTE))) == []


def test_logons_without_a_name_from_several_sources_are_not_added():
    assert found(*of_many(*failures(6, user=None), success(NOON + MINUTE, user=None))) == []


@pytest.mark.parametrize(
    ("owner", "severity"),
    [
        ({"orig_allowed": True}, Severity.INFO),
        ({"orig_inside": True}, Severity.MEDIUM),
        ({}, Severity.HIGH),
    ],
)
def test_who_was_let_in_decides_when_all_the_world_guesses_a_name(owner, severity):
    rows = of_many(*failures(9))

    (finding,) = found(*rows, success(NOON + MINUTE, orig_h="10.0.0.9", **owner))

    assert (finding.user, finding.severity) == ("root", severity)


def test_the_evidence_is_the_last_failures_and_the_success_in_order():
    later = failures(3, NOON + 2 * MINUTE)

    (finding,) = found(*failures(30), success(NOON + MINUTE), *later, listed=3)

    assert [row["ts"] for row in finding.evidence] == [
        NOON + 28 * SECOND,
        NOON + 29 * SECOND,
        NOON + MINUTE,
    ]
    assert [row["outcome"] for row in finding.evidence] == ["failed", "failed", "success"]
    assert None not in finding.evidence[0].values()


def test_rows_with_and_without_a_connection_are_put_in_order():
    rows = (*failures(5, every=timedelta(0), uid=None), *failures(5, every=timedelta(0)))

    assert len(found(*rows, success(NOON), success(NOON, uid=None))) == 1


def test_the_least_sure_row_is_the_confidence():
    (finding,) = found(*failures(5, confidence=0.95), success(NOON + MINUTE, confidence=0.7))

    assert finding.confidence == 0.7


def test_many_successes_before_do_not_hide_a_guess():
    busy = [success(NOON + at * SECOND) for at in range(KEPT + 1)]
    rows = (*busy, *failures(5, NOON + HOUR), success(NOON + HOUR + 2 * MINUTE))

    (finding,) = found(*rows)

    assert "at 13:02, after 5 failures" in finding.message
    assert finding.evidence


def test_many_failures_before_do_not_hide_a_guess_within_a_minute():
    rows = (*failures(KEPT), *failures(5, NOON + 3 * HOUR), success(NOON + 3 * HOUR + 9 * SECOND))

    (finding,) = found(*rows)

    assert "at 15:00:09, after 5 failures" in finding.message


def test_after_many_failures_the_success_is_still_named():
    let_in = [success(NOON + at * SECOND, user=user) for at, user in ((129, "al"), (130, "bob"))]

    (finding,) = found(*failures(2 * KEPT), *let_in)

    assert f"as bob at 12:02:10, after {2 * KEPT} failures" in finding.message
    assert finding.evidence[-1]["outcome"] == "success"


def test_as_long_as_every_row_is_kept_the_order_within_a_minute_is_known():
    rows = (success(NOON + 3 * HOUR), *failures(5, NOON + 3 * HOUR + SECOND))

    assert found(*failures(KEPT - 6), *rows) == []
    assert found(*rows, *failures(KEPT, NOON + 6 * HOUR)) == []


@pytest.mark.parametrize("window", [59 * SECOND, 24 * HOUR + SECOND])
def test_a_window_that_cannot_be_kept_is_refused(window):
    with pytest.raises(ValueError, match="a window lasts from"):
        Settings(window=window)


@pytest.mark.parametrize("bad", [{"failures": 0}, {"listed": 0}, {"listed": 65}, {"limit": 1}])
def test_settings_out_of_range_are_refused(bad):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(bad, Settings)


logons = st.lists(
    st.tuples(
        st.integers(0, 300),
        st.sampled_from(("failed", "success")),
        st.sampled_from((1, 4)),
        st.sampled_from(OTHERS[:2]),
        st.sampled_from((1, 1, 1, KEPT)),
        st.booleans(),
    ),
    max_size=10,
)


@settings(max_examples=30, deadline=None)
@given(rows=logons, more=logons, window=st.sampled_from((MINUTE, HOUR)))
def test_more_rows_never_take_a_finding_away_or_lower_it(rows, more, window):
    made = [
        logon_row(
            ts=MIDNIGHT + (at - 150) * SECOND,
            uid=f"C{place}-{each}",
            outcome=outcome,
            attempts=attempts,
            orig_h=source,
            orig_inside=inside,
        )
        for place, (at, outcome, attempts, source, times, inside) in enumerate(rows + more)
        for each in range(times)
    ]
    some = sum(times for *_, times, _ in rows)
    after = {each.id: each.severity for each in found(*made, window=window)}

    for before in found(*made[:some], window=window):
        assert after[before.id] >= before.severity
