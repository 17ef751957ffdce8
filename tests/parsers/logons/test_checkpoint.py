from __future__ import annotations

import pytest

from parsers.logons import checkpoint
from tests.parsers.logons.appliance_lines import rows_of, said

SYSLOG = (
    '[action:"{action}"; loguid:"{{0x6,0x1}}"; origin:"192.0.2.9"; time:"1700000000"; '
    'product:"{product}"; auth_method:"Password"; src:"198.51.100.1"; s_port:"41000"; '
    'user:"Ann Lee (ann)"; reason:"{reason}"; session_id:"7"; ]'
)
COLUMNS = ("event", "outcome", "service", "user", "orig_h", "method")


def line(action: str, product: str = "Mobile Access", reason: str = "") -> str:
    return SYSLOG.format(action=action, product=product, reason=reason)


@pytest.mark.parametrize(
    ("action", "event", "outcome"),
    [
        ("Log In", "logon", "success"),
        ("Failed Log In", "logon", "failed"),
        ("Log Out", "logoff", None),
    ],
)
def test_actions(action, event, outcome):
    rows = rows_of(checkpoint, line(action))
    assert said(rows, *COLUMNS, "ts") == [
        (event, outcome, "checkpoint", "ann", "198.51.100.1", "password",
         1_700_000_000_000_000_000)
    ]  # fmt: skip


def test_a_refusal_is_of_a_logon_where_its_reason_says_so():
    refused = line("Reject", "VPN-1 & FireWall-1", "User authentication failed")
    assert said(rows_of(checkpoint, refused), "outcome") == [("failed",)]
    assert rows_of(checkpoint, line("Reject", "VPN-1 & FireWall-1", "no proposal chosen")) == []


def test_users_learned_from_a_directory_name_no_service():
    assert said(rows_of(checkpoint, line("Log In", "Identity Awareness")), "service") == [(None,)]


def test_cef_and_pairs():
    cef = (
        "CEF:0|Check Point|Mobile Access|Check Point|Log|Log|Unknown|act=Accept rt=1700000000000 "
        "src=198.51.100.1 suser=ann auth_status={} Login auth_method=Password"
    )
    for status, outcome in (("Successful", "success"), ("Failed", "failed")):
        assert said(rows_of(checkpoint, cef.format(status)), *COLUMNS) == [
            ("logon", outcome, "checkpoint", "ann", "198.51.100.1", "password")
        ]
    piped = "time=1700000000|loguid=7|product=Connectra|action=Log In|src=198.51.100.1|user=ann"
    assert said(rows_of(checkpoint, piped), "user", "service") == [("ann", "checkpoint")]


@pytest.mark.parametrize("action", ["Accept", "Drop", "Update", "Key Install"])
def test_traffic_is_passed_over(action):
    assert rows_of(checkpoint, line(action, "VPN-1 & FireWall-1")) == []


def test_a_user_cannot_write_other_fields():
    hostile = line("Failed Log In").replace("(ann)", r"(ann)\"; action:\"Log In")
    assert said(rows_of(checkpoint, hostile), "outcome") == [("failed",)]
