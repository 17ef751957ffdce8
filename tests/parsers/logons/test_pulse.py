from __future__ import annotations

import pytest

from parsers.logons import pulse
from tests.parsers.logons.appliance_lines import rows_of, said

WELF = (
    'id=firewall time="2023-11-14 22:13:{at}" pri=6 fw=192.0.2.9 vpn=ics ivs=Default Network '
    'user=ann realm="Staff" roles="" sessionID="11" proto=auth src=198.51.100.1 dst= dstname= '
    'type=vpn op= arg="" result= sent= rcvd= agent="Pulse-Secure/22.8" duration= msg="{text}"'
)
FACTOR = "AUT24326: Primary authentication successful for ann/Staff from 198.51.100.1"
AGENT = "AUT24414: Agent login succeeded for ann/Staff (session:sid1) from 198.51.100.1 with x."
SESSION = "AUT32033: Session created for user: [ann/Staff] from [198.51.100.1] with primary x"
FAILED = "AUT23457: Login failed using auth server RSA (ACE Server).  Reason: Failed"
STANDARD = (
    "2023-11-14 22:13:20 - ics - [198.51.100.1] Default Network::ann(Staff)[] - Login failed using "
    "auth server RSA (ACE Server).  Reason: Failed"
)
COLUMNS = ("event", "outcome", "service", "user", "orig_h", "host")


def welf(text: str, at: int = 20) -> str:
    return WELF.format(text=text, at=at)


def test_factor_login_and_session_are_one_logon():
    rows = rows_of(pulse, welf(FACTOR), welf(AGENT, 21), welf(SESSION, 22))
    assert said(rows, *COLUMNS) == [("logon", "success", "pulse", "ann", "198.51.100.1", "ics")]
    assert rows[0]["software"] == "Pulse-Secure/22.8"


@pytest.mark.parametrize("line", [welf(FAILED), STANDARD])
def test_a_failure_in_both_formats(line):
    rows = rows_of(pulse, line)
    assert said(rows, *COLUMNS) == [("logon", "failed", "pulse", "ann", "198.51.100.1", "ics")]
    assert rows[0]["detail"] == "Failed; realm Staff; asked of RSA"


def test_failures_are_counted_one_by_one():
    assert len(rows_of(pulse, welf(FAILED), welf(FAILED, 21), welf(FAILED, 22))) == 3


def test_a_logout_and_an_administrator():
    logout = welf("AUT22673: Logout from 198.51.100.1 (session:sid1)")
    assert said(rows_of(pulse, logout), "event", "outcome") == [("logoff", None)]
    admin = welf("ADM22668: Login succeeded for root/Admin Users from 198.51.100.1.")
    assert rows_of(pulse, admin)[0]["detail"].startswith("administrator")


@pytest.mark.parametrize(
    "text",
    [
        "AUT24803: Host Checker policy 'x' passed on host '198.51.100.1' for user 'ann'.",
        "AUT31556: Unauthenticated request url /dana/js came from IP 198.51.100.1.",
        "AUT24604: SSL negotiation failed while client at source IP '198.51.100.1' was trying",
    ],
)
def test_what_is_no_logon_is_passed_over(text):
    assert rows_of(pulse, welf(text)) == []
