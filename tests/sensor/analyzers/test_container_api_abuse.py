"""What was done to a container API, told in order, and how bad it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sensor.analyzers.container_api_abuse import COPIES, GIVEN, SHOWN, Settings, analyzer
from sensor.engines.batch import Batch
from sensor.findings import Finding, Severity, Verdict
from tests.strategies import OPERATIONS, container_row, spoken_frame

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def found(*rows: dict[str, Any], **options: Any) -> list[Finding]:
    """The findings of requests, one after the other within a second unless they say when."""
    engine = Batch([analyzer(Settings(**options))])
    placed = (
        {"ts": NOON + at * timedelta(microseconds=1), "uid": f"C{at}"} | row
        for at, row in enumerate(rows)
    )
    engine.add(
        "container_api", spoken_frame("container_api", *(container_row(**p) for p in placed))
    )
    return engine.findings()


def asked(operation: str, outcome: str = "succeeded", **changes: Any) -> dict[str, Any]:
    return {"operation": operation, "outcome": outcome, **changes}


def story(*rows: dict[str, Any], **options: Any) -> str:
    (finding,) = found(*rows, **options)
    return finding.message.split(": ", 1)[1]


CREDENTIALS = {"authentication": "credentials"}


@pytest.mark.parametrize(
    ("row", "severity", "verdict", "status", "verb"),
    [
        (asked("create"), Severity.CRITICAL, Verdict.SUCCEEDED, "success", "made use of"),
        (
            asked("create", authentication=None),
            Severity.CRITICAL,
            Verdict.SUCCEEDED,
            "success",
            "made use of",
        ),
        (
            asked("create", **CREDENTIALS),
            Severity.MEDIUM,
            Verdict.SUCCEEDED,
            "success",
            "made use of, with credentials,",
        ),
        (asked("list"), Severity.HIGH, Verdict.SUCCEEDED, "success", "read lists from"),
        (
            asked("list", **CREDENTIALS),
            Severity.LOW,
            Verdict.SUCCEEDED,
            "success",
            "read lists from, with credentials,",
        ),
        (
            asked("create", "unknown"),
            Severity.HIGH,
            Verdict.ATTEMPTED,
            "unknown",
            "tried to make use of",
        ),
        (
            asked("create", "refused"),
            Severity.MEDIUM,
            Verdict.ATTEMPTED,
            "failed",
            "tried to make use of",
        ),
        (
            asked("secrets", "failed"),
            Severity.MEDIUM,
            Verdict.ATTEMPTED,
            "failed",
            "tried to make use of",
        ),
        (asked("list", "refused"), Severity.LOW, Verdict.PROBED, "unknown", "asked"),
        (asked("discover"), Severity.LOW, Verdict.PROBED, "unknown", "asked"),
        (asked("discover", "unknown"), Severity.LOW, Verdict.PROBED, "unknown", "asked"),
    ],
)
def test_the_answers_decide_how_bad_it_is(row, severity, verdict, status, verb):
    (finding,) = found(row)

    assert (finding.severity, finding.verdict, finding.status) == (severity, verdict, status)
    assert finding.message.startswith(
        f"198.51.100.7 {verb} docker on 10.0.0.5 port 2375/tcp in 1 request: "
    )
    assert (finding.src_ip, finding.dest_ip, finding.dest_port) == (
        "198.51.100.7",
        "10.0.0.5",
        2375,
    )
    assert (finding.protocol, finding.service, finding.user) == ("tcp", "docker", None)


@pytest.mark.parametrize(
    ("rows", "severity", "verdict"),
    [
        ((asked("list"), asked("create", **CREDENTIALS)), Severity.HIGH, Verdict.SUCCEEDED),
        (
            (asked("create", "unknown"), asked("start", **CREDENTIALS)),
            Severity.HIGH,
            Verdict.SUCCEEDED,
        ),
        (
            (asked("list", **CREDENTIALS), asked("create", "refused")),
            Severity.MEDIUM,
            Verdict.SUCCEEDED,
        ),
        (
            (asked("create", "refused"), asked("create", "unknown")),
            Severity.HIGH,
            Verdict.ATTEMPTED,
        ),
        ((asked("discover"), asked("create")), Severity.CRITICAL, Verdict.SUCCEEDED),
    ],
)
def test_the_worst_of_all_requests_counts(rows, severity, verdict):
    for order in (rows, rows[::-1]):
        (finding,) = found(*order)
        assert (finding.severity, finding.verdict) == (severity, verdict)


@pytest.mark.parametrize("operation", ["create", "list", "discover"])
def test_an_allowed_source_is_info(operation):
    (finding,) = found(asked(operation, orig_allowed=True))

    assert finding.severity == Severity.INFO


@pytest.mark.parametrize(
    "change",
    [
        {"orig_inside": True},
        {"orig_inside": None},
        {"resp_inside": False},
        {"resp_inside": None},
    ],
)
def test_requests_from_inside_and_to_the_outside_are_not_told(change):
    assert found(asked("create", **change)) == []


def test_attackers_targets_and_apis_are_apart():
    findings = found(
        asked("create"),
        asked("create", orig_h="203.0.113.9"),
        asked("create", resp_h="10.0.0.6"),
        asked("create", api="kubernetes"),
        asked("create", resp_p=4243),
    )

    assert len(findings) == 5
    assert {each.service for each in findings} == {"docker", "kubernetes"}


def test_the_story_is_told_in_the_order_of_time_whatever_came_first():
    rows = [
        asked("delete", ts=NOON + 4 * SECOND),
        asked("start", ts=NOON + 2 * SECOND),
        asked("discover", ts=NOON),
        asked("create", ts=NOON + SECOND),
    ]

    assert story(*rows) == ("probe 12:00:00 → create 12:00:01 → start 12:00:02 → delete 12:00:04")


def test_the_time_is_told_where_a_second_has_passed():
    almost = timedelta(microseconds=999_999)
    rows = [
        asked("create", ts=NOON),
        asked("start", ts=NOON + almost),
        asked("kill", ts=NOON + SECOND),
        asked("delete", ts=NOON + SECOND + almost),
    ]

    assert story(*rows) == "create 12:00:00 → start → kill 12:00:01 → delete"


def test_like_steps_one_after_the_other_are_told_once():
    rows = [asked("create")] * 2 + [asked("start")] * 3 + [asked("create")]

    assert story(*rows) == "2 times create 12:00:00 → 3 times start → create"


def test_of_questions_and_lists_the_first_request_alone_is_told():
    rows = [asked("list"), asked("discover"), asked("create"), asked("list")]

    assert story(*rows) == "list 12:00:00 → create"


def test_a_first_request_that_is_a_step_is_told_once():
    (finding,) = found(asked("create"))

    assert finding.message.endswith(": create 12:00:00")
    assert len(finding.evidence) == 1


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (asked("create", "refused"), "create (refused)"),
        (asked("create", "failed"), "create (failed)"),
        (asked("create", "unknown"), "create (no answer)"),
        (asked("list", "refused"), "list (refused)"),
        (asked("discover", "unknown"), "probe"),
        (asked("exec-start", command="id"), 'exec start "id"'),
        (asked("create", mounts=["/:/host"]), "create (/:/host mounted)"),
        (
            asked("create", risks=["host-mount", "privileged"], mounts=["/:/h"], command="sh"),
            'create "sh" (privileged, /:/h mounted)',
        ),
        (asked("create", "refused", risks=["privileged"]), "create (privileged) (refused)"),
        (asked("create", risks=None, mounts=None), "create"),
        (asked("create", risks=["host-mount"]), "create"),
    ],
)
def test_a_step_is_told_in_a_few_words(row, told):
    assert story(row) == f"{told} 12:00:00"


@pytest.mark.parametrize("operation", COPIES)
def test_a_copy_tells_how_much(operation):
    size = "300" if operation.endswith("in") else "45,000"
    name = operation.replace("-", " ")

    assert story(asked(operation, response_bytes=45_000)) == f"{name} {size} bytes 12:00:00"
    assert story(asked(operation, "refused")) == f"{name} (refused) 12:00:00"
    nothing = asked(operation, request_bytes=None, response_bytes=None)
    assert story(nothing) == f"{name} 0 bytes 12:00:00"


def test_a_hostile_command_stays_on_one_line_and_short():
    command = "sh -c\n\r\t\v\f\x85\u2028rm" + " x" * 500

    told = story(asked("exec-start", command=command))

    assert told.splitlines() == [told]
    assert told == f'exec start "{("sh -c rm" + " x" * 500)[:SHOWN]}…" 12:00:00'


def test_a_command_of_just_the_length_is_told_whole():
    assert f'"{"a" * SHOWN}"' in story(asked("exec-start", command="a" * SHOWN))
    assert f'"{"a" * SHOWN}…"' in story(asked("exec-start", command="a" * (SHOWN + 1)))


def test_hostile_mounts_stay_on_one_line_and_are_few():
    mounts = ["/a\nb:/" + "c" * 9_999, *(f"/m{at}:/m" for at in range(40))]

    told = story(asked("create", mounts=mounts))

    assert told.splitlines() == [told]
    assert f"({'/a b:/' + 'c' * (SHOWN - 6)}… mounted, /m0:/m mounted" in told
    assert f"/m{GIVEN - 2}:/m mounted, {41 - GIVEN} more)" in told


@pytest.mark.parametrize(("count", "more"), [(GIVEN, ")"), (GIVEN + 1, ", 1 more)")])
def test_a_container_is_given_so_much_and_the_rest_is_counted(count, more):
    told = story(asked("create", mounts=[f"/m{at}:/m" for at in range(count)]))

    assert f"/m{GIVEN - 1}:/m mounted{more} 12:00:00" in told


def test_a_long_story_is_cut_and_says_how_much_is_missing():
    steps = [asked("exec-start", command=f"c{at}") for at in range(5)]

    assert story(asked("discover"), *steps, told=2) == 'probe 12:00:00 → exec start "c0" → 4 more'
    assert "more" not in story(asked("discover"), *steps, told=6)
    assert story(asked("discover"), *steps, told=5).endswith(' → exec start "c3" → 1 more')


def test_steps_alike_are_counted_one_by_one_in_what_is_missing():
    steps = [asked("create"), *[asked("start")] * 3, asked("delete")]

    assert story(*steps, told=1) == "create 12:00:00 → 4 more"


def test_steps_that_are_not_listed_are_counted_in_what_is_missing():
    steps = [asked("exec-start", command=f"c{at}") for at in range(1_200)]

    (finding,) = found(asked("discover"), *steps, listed=10, told=3)

    assert finding.message.endswith('"c0" → exec start "c1" → 1,198 more')
    assert "in 1,201 requests: " in finding.message
    assert [row["operation"] for row in finding.evidence] == ["discover"] + ["exec-start"] * 10


def test_the_evidence_is_the_requests_without_what_is_not_there():
    (finding,) = found(asked("discover", status_code=200), asked("create", command="id"))

    assert [row["operation"] for row in finding.evidence] == ["discover", "create"]
    probe, create = finding.evidence
    assert "command" not in probe
    assert "risks" not in probe
    assert (probe["status_code"], create["command"], create["uid"]) == (200, "id", "C1")


def test_connections_and_bytes_are_added():
    (finding,) = found(asked("create", uid="Ca"), asked("start", uid="Ca"), asked("kill", uid="Cb"))

    assert (finding.flow_count, finding.bytes_sent, finding.bytes_received) == (2, 900, 240)


@pytest.mark.parametrize(
    ("rows", "missing"),
    [
        ((asked("create"),), ()),
        ((asked("create", unread="not_json"),), ("the bodies of 1 request",)),
        (
            (asked("create", "unknown", unread="too_long"),) * 2,
            ("the bodies of 2 requests", "the answers to 2 steps"),
        ),
        ((asked("list", "unknown"), asked("create", "unknown")), ("the answers to 1 step",)),
    ],
)
def test_what_is_not_seen_is_said(rows, missing):
    assert found(*rows)[0].not_seen == missing


def test_a_success_is_one_whatever_else_has_no_answer():
    (finding,) = found(asked("create"), asked("start", "unknown"))

    assert (finding.status, finding.verdict) == ("success", Verdict.SUCCEEDED)


@pytest.mark.parametrize("bad", [{"told": 0}, {"told": 65}, {"listed": 0}, {"listed": 65}])
def test_settings_out_of_range_are_refused(bad):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(bad, Settings)


requests = st.lists(
    st.builds(
        asked,
        st.sampled_from(OPERATIONS),
        st.sampled_from(("succeeded", "refused", "failed", "unknown")),
        authentication=st.sampled_from(("open", "credentials", None)),
        orig_allowed=st.booleans(),
    ),
    max_size=6,
)


@settings(max_examples=30, deadline=None)
@given(rows=requests, more=requests)
def test_more_requests_never_take_a_finding_away_or_lower_it(rows, more):
    after = {each.id: each for each in found(*rows, *more)}

    for before in found(*rows):
        later = after[before.id]
        assert (later.severity >= before.severity, later.verdict >= before.verdict) == (True, True)
