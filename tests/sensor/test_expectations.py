from __future__ import annotations

import itertools
from datetime import UTC, datetime

import pytest

from sensor.expectations import Expectation, ExpectationError, load_expectation
from sensor.findings import Attack, Finding, Severity, Verdict

WHEN = datetime(2026, 3, 1, tzinfo=UTC)
IDS = itertools.count()


def finding(**changes) -> Finding:
    fields = {
        "id": str(next(IDS)),
        "analyzer": "remote-service",
        "title": "T",
        "message": "4 tries",
        "severity": Severity.LOW,
        "verdict": Verdict.ATTEMPTED,
        "confidence": 1.0,
        "first_seen": WHEN,
        "last_seen": WHEN,
        "src_ip": "203.0.113.66",
        "dest_ip": "10.0.0.1",
        "dest_port": 22,
        "protocol": "tcp",
        "service": "ssh",
        "user": None,
        "status": "unknown",
        "flow_count": 4,
        "bytes_sent": 10,
        "bytes_received": None,
        "data_size": None,
        "evidence": ({"uid": "C1", "frame": 3}, {"uid": "C2"}),
        "not_seen": ("the logon",),
        "attack": Attack(("T1133",), ("TA0001",), ()),
    }
    return Finding(**{**fields, **changes})


@pytest.mark.parametrize(
    "asked",
    [
        {"severity": "low", "verdict": "attempted", "dest_port": 22, "confidence": 1},
        {"message": "/^[0-9] tries$/", "src_ip": "/203/"},
        {"flow_count": {"min": 4, "max": 4}, "bytes_sent": {"min": 1}, "confidence": {"max": 1}},
        {"evidence": [{"uid": "C2"}, {"frame": {"min": 3}}], "not_seen": ["/logon/"]},
        {"attack": {"technique": ["T1133"]}},
        {"first_seen": "2026-03-01T00:00:00.000000Z"},
    ],
)
def test_a_finding_fits_any_part_of_its_fields(asked):
    assert Expectation(must=(asked,)).differences([finding()]) == []
    assert len(Expectation(must_not=(asked,)).differences([finding()])) == 1


@pytest.mark.parametrize(
    "asked",
    [
        {"severity": "medium"},
        {"severity": "low", "dest_port": 23},
        {"dest_port": "22"},
        {"message": "/^tries/"},
        {"flow_count": {"min": 5}},
        {"flow_count": {"max": 3}},
        {"confidence": True},
        {"bytes_received": {"min": 0}},
        {"user": "/./"},
        {"evidence": [{"uid": "C3"}]},
        {"evidence": [{"uid": "C2", "frame": 3}]},
        {"attack": {"technique": ["T1021"]}},
    ],
)
def test_a_finding_that_differs_anywhere_does_not(asked):
    assert len(Expectation(must=(asked,)).differences([finding()])) == 1
    assert Expectation(must_not=(asked,)).differences([finding()]) == []


def test_what_is_missing_is_told_beside_the_nearest_finding():
    expectation = Expectation(must=({"service": "ssh", "severity": "high"},))

    assert expectation.differences([finding(service="vnc"), finding()]) == [
        (
            "not found: service = 'ssh', severity = 'high'; nearest is "
            "remote-service (low, attempted): 4 tries, where severity is 'low'"
        )
    ]
    assert expectation.differences([]) == [
        "not found: service = 'ssh', severity = 'high'; there are no findings"
    ]


def test_the_nearest_finding_is_of_the_analyzer_that_is_asked_for():
    expectation = Expectation(
        must=({"analyzer": "high-volume", "dest_port": 22, "service": "ssh"},)
    )
    other = finding(analyzer="high-volume", dest_port=None, service=None)

    (difference,) = expectation.differences([finding(), other])

    assert "nearest is high-volume" in difference


def test_others_are_denied_only_if_that_is_asked_for():
    must = ({"service": "ssh"},)
    findings = [finding(), finding(service="vnc", message="9 tries")]

    assert Expectation(must=must).differences(findings) == []
    assert Expectation(must=must, others="deny").differences(findings) == [
        "found, and nothing asks for it: remote-service (low, attempted): 9 tries"
    ]
    assert Expectation(others="deny").differences([]) == []


def test_a_file_is_read(tmp_path):
    path = tmp_path / "a.expect.toml"
    path.write_text(
        'others = "deny"\noptions = ["--local", "10.0.0.0/8"]\n'
        "[[must]]\nservice = 'ssh'\n[[must]]\ndest_port = 22\n"
        "[[must_not]]\nflow_count = {min = 9}\n"
    )

    assert load_expectation(path) == Expectation(
        must=({"service": "ssh"}, {"dest_port": 22}),
        must_not=({"flow_count": {"min": 9}},),
        others="deny",
        options=("--local", "10.0.0.0/8"),
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("must = [", "is no TOML"),
        ("[[musts]]\nservice = 'ssh'", "'musts' is unknown: expected must, must_not"),
        ("[must]\nservice = 'ssh'", r"must is no list of tables: write \[\[must\]\]"),
        (
            "[[must]]\nservice = 'ssh'\n[[must]]\nservices = 'ssh'",
            "must number 2 has unknown field 'services'",
        ),
        ("[[must_not]]", "must_not number 1 has no field"),
        ("others = 'none'", "others is 'none': expected allow or deny"),
        ("options = '--local'", "options is no list"),
        ("[[must]]\nmessage = '/(/'", r"must number 1: '/\(/' is no regular expression"),
        ("[[must]]\nevidence = [{uid = '/[/'}]", r"must number 1: '/\[/' is no regular expression"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_its_place(tmp_path, text, said):
    path = tmp_path / "a.expect.toml"
    path.write_text(text)

    with pytest.raises(ExpectationError, match=said) as error:
        load_expectation(path)
    assert str(error.value).startswith(f"{path}: ")
