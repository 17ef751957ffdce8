from __future__ import annotations

import pytest

from parsers.logons import netscaler
from parsers.logons.message import Message, Unreadable
from tests.parsers.logons.appliance_lines import NOON, SECOND, rows_of, said

FAILED = (
    "01/24/2025:12:06:37 GMT ns1 0-PPE-0 : default AAA LOGIN_FAILED 73912122 0 : User ann - "
    'Client_ip 198.51.100.1 - Failure_reason "denied" - Browser Mozilla/5.0 (X11; Linux)'
)
REJECTED = (
    '01/24/2025:12:06:37 GMT ns1 0-PPE-0 : default AAA Message 207030 0 :  "Authentication is '
    'rejected for ann (client ip : 198.51.100.1  , vserver ip: 192.0.2.1   ), extended error"'
)
LOGIN = (
    "10/01/2023:06:02:44  ns1 0-PPE-4 : default SSLVPN LOGIN 104413247 0 : Context "
    "ann@corp@198.51.100.1 - SessionId: 34921 - User ann@corp - Client_ip 198.51.100.1 - Nat_ip "
    '"Mapped Ip" - Vserver 192.0.2.1:443 - Browser_type "Mozilla/5.0 (X11)" - SSLVPN_client_type '
    'ICA - Group(s) "N/A"'
)
COLUMNS = ("event", "outcome", "service", "user", "orig_h")


def test_a_logon_to_the_gateway():
    rows = rows_of(netscaler, LOGIN)
    assert said(rows, *COLUMNS, "session") == [
        ("logon", "success", "citrix", "ann@corp", "198.51.100.1", "34921")
    ]
    assert rows[0]["software"] == "Mozilla/5.0 (X11)"
    assert rows[0]["detail"] == "ICA; at 192.0.2.1:443"


def test_a_failure_that_is_told_twice_is_one():
    expected = [("logon", "failed", "citrix", "ann", "198.51.100.1")]
    assert said(rows_of(netscaler, FAILED, REJECTED), *COLUMNS) == expected
    assert len(rows_of(netscaler, FAILED, FAILED)) == 2


def test_a_logoff():
    rows = rows_of(netscaler, LOGIN.replace("SSLVPN LOGIN", "SSLVPN LOGOUT"))
    assert said(rows, "event", "outcome") == [("logoff", None)]


def test_an_administrator():
    line = (
        "01/24/2025:12:06:37 GMT ns1 0-PPE-0 : default CLI CMD_EXECUTED 7 0 : User nsroot - "
        'Remote_ip 192.0.2.7 - Command "login nsroot" - Status "{}"'
    )
    for status, outcome in (("Success", "success"), ("ERROR: Invalid username", "failed")):
        rows = rows_of(netscaler, line.format(status))
        assert said(rows, "service", "user", "orig_h", "outcome") == [
            ("ssh", "nsroot", "192.0.2.7", outcome)
        ]
    assert rows_of(netscaler, line.replace("login nsroot", "show ns").format("Success")) == []


def test_a_browser_cannot_say_where_it_is():
    hostile = FAILED.replace("(X11; Linux)", "- Client_ip 203.0.113.9 - User bob")
    assert said(rows_of(netscaler, hostile), "user", "orig_h") == [("ann", None)]


def test_a_user_cannot_say_where_it_is():
    hostile = FAILED.replace("User ann", "User ann - Client_ip 203.0.113.9")
    assert said(rows_of(netscaler, hostile), "user", "orig_h") == [("ann", None)]


@pytest.mark.parametrize(
    ("stamp", "host", "expected"),
    [
        ("11/14/2023:22:13:30 GMT", "ns1", 1_700_000_010 * SECOND),
        ("14/11/2023:22:13:30 GMT", "ns1", 1_700_000_010 * SECOND),
        ("2023/11/14:22:13:30 GMT", "ns1", 1_700_000_010 * SECOND),
        ("11/14/2023:22:13:30 ", "ns1", NOON),  # local time: the frame knows better
        ("11/14/2023:22:13:30 ", "", 1_700_000_010 * SECOND),
    ],
)
def test_times(stamp, host, expected):
    text = FAILED.replace("01/24/2025:12:06:37 GMT", stamp)
    reader = netscaler.Reader()
    reader.read(Message(NOON, host, "", None, text, 1))
    assert said(reader.end(), "ts") == [(expected,)]


def test_a_failure_without_a_user_is_unreadable():
    with pytest.raises(Unreadable, match="no_user"):
        rows_of(netscaler, FAILED.replace("User ann - ", ""))


def test_other_messages_are_passed_over():
    assert rows_of(netscaler, FAILED.replace("AAA LOGIN_FAILED", "SSLVPN TCPCONNSTAT")) == []
