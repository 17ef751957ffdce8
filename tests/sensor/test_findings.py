from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensor.findings import Attack, Finding, Severity, Verdict, canonical, finding_id

KEY = {"source": "198.51.100.7", "target": "10.0.0.5", "port": 22}
SEEN = datetime(2026, 3, 1, 22, 30, 0, 5, tzinfo=UTC)


def finding(**changes: object) -> Finding:
    whole = Finding(
        id="0123456789abcdef",
        analyzer="large-transfer",
        title="Large transfer",
        message="579 bytes moved",
        severity=Severity.LOW,
        verdict=Verdict.USED,
        confidence=0.9,
        first_seen=SEEN,
        last_seen=SEEN + timedelta(seconds=61),
        src_ip="198.51.100.7",
        dest_ip="10.0.0.5",
        dest_port=22,
        protocol="tcp",
        service="ssh",
        user=None,
        status=None,
        flow_count=3,
        bytes_sent=123,
        bytes_received=456,
        data_size=579,
        evidence=({"uid": "C1", "orig_bytes": 123},),
        not_seen=("whether the logon worked",),
        attack=Attack(("T1133",), ("TA0001", "TA0003"), ("M1035",)),
    )
    return dataclasses.replace(whole, **changes)


def test_a_finding_as_json_has_the_fields_of_the_design_in_their_order():
    expected = (
        '{"id": "0123456789abcdef", "analyzer": "large-transfer", "title": "Large transfer", '
        '"message": "579 bytes moved", "severity": "low", "verdict": "used", "confidence": 0.9, '
        '"first_seen": "2026-03-01T22:30:00.000005Z", "last_seen": "2026-03-01T22:31:01.000005Z", '
        '"src_ip": "198.51.100.7", "dest_ip": "10.0.0.5", "dest_port": 22, "protocol": "tcp", '
        '"service": "ssh", "user": null, "status": null, "flow_count": 3, "bytes_sent": 123, '
        '"bytes_received": 456, "data_size": 579, "evidence": [{"uid": "C1", "orig_bytes": 123}], '
        '"not_seen": ["whether the logon worked"], "attack": {"technique": ["T1133"], '
        '"tactic": ["TA0001", "TA0003"], "mitigation": ["M1035"]}}'
    )

    assert json.dumps(finding().to_dict()) == expected


def test_evidence_becomes_what_json_can_hold():
    evidence = {
        "ts": datetime(2026, 3, 2, 0, 30, tzinfo=timezone(timedelta(hours=2))),
        "duration": timedelta(milliseconds=1500),
        "head": b"\x00\xff",
        "severity": Severity.HIGH,
        "mean": float("nan"),
        "sizes": (21, -21, None),
        "nested": {"open": True, "share": 0.5},
        "text": "\x1b[31m<script>\n",
    }

    shown = finding(evidence=(evidence,)).to_dict()["evidence"]

    assert shown == [
        {
            "ts": "2026-03-01T22:30:00.000000Z",
            "duration": 1.5,
            "head": "00ff",
            "severity": "high",
            "mean": None,
            "sizes": [21, -21, None],
            "nested": {"open": True, "share": 0.5},
            "text": "\x1b[31m<script>\n",
        }
    ]


def test_severities_and_verdicts_are_ordered_and_named():
    assert [str(severity) for severity in sorted(Severity)] == [
        "info",
        "low",
        "medium",
        "high",
        "critical",
    ]
    assert [str(verdict) for verdict in sorted(Verdict)] == [
        "exposed",
        "probed",
        "attempted",
        "succeeded",
        "used",
    ]


def test_findings_are_compared_whole_and_do_not_change():
    assert finding() == finding()
    assert finding() != finding(message="580 bytes moved")
    with pytest.raises(dataclasses.FrozenInstanceError):
        finding().message = "other"


# Ids are kept by those who receive findings: this one is to be the same for ever.
def test_an_id_never_changes():
    # printf 'large-transfer|2026-03-01|198.51.100.7|10.0.0.5|22' | sha256sum | cut -c -16
    assert finding_id("large-transfer", date(2026, 3, 1), KEY) == "aff6ee1778517be1"


def test_an_id_depends_on_analyzer_day_and_each_value():
    ids = {
        finding_id("large-transfer", date(2026, 3, 1), KEY),
        finding_id("high-volume", date(2026, 3, 1), KEY),
        finding_id("large-transfer", date(2026, 3, 2), KEY),
        finding_id("large-transfer", date(2026, 3, 1), KEY | {"port": None}),
        finding_id("large-transfer", date(2026, 3, 1), KEY | {"target": "10.0.0.6"}),
    }

    assert len(ids) == 5


def test_canonical_text_of_values():
    assert canonical((22, True, False, None, "ssh", "")) == "22|T|F|-|ssh|"
    assert canonical(("-", "a|b", "c\\")) == "\\-|a\\|b|c\\\\"
    with pytest.raises(TypeError, match=r"not 1\.5"):
        canonical((1.5,))


texts = st.lists(st.none() | st.text(alphabet="a-|\\"), min_size=1, max_size=4)


@given(texts, texts)
def test_no_two_keys_have_the_same_canonical_text(one, other):
    assert (canonical(one) == canonical(other)) == (one == other)


def test_findings_are_read_without_polars():
    code = "import sys, sensor.findings; sys.exit('polars' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
