from __future__ import annotations

import json

import pytest

from parsers.logons import paloalto
from parsers.logons.message import Unreadable
from tests.parsers.logons.appliance_lines import rows_of, said

GLOBALPROTECT = (
    "1,2024/01/12 11:41:42,1,GLOBALPROTECT,0,2562,2024/01/12 11:41:42,vsys1,{event},login,{auth},,"
    'corp\\ann,FR,laptop,198.51.100.1,0.0.0.0,10.0.0.9,0.0.0.0,id,serial,6.0.4,Windows,"Windows 10 '
    'Pro , 64-bit",1,,,"Login from: x",{status},,0,,0,gw1,5,0x8,2024-01-12T11:41:43.895+02:00,,,,,,'
    "0,0,0,0,,fw1,1"
)
SYSTEM = (
    "1,2025/02/26 10:22:28,111,SYSTEM,{subtype},2561,2025/02/26 10:22:28,,{event},VPN,0,0,general,"
    'medium,"{text}",7,0x0,0,0,0,0,,fw1,0,0,2025-02-26T10:22:28.691+01:00'
)
COLUMNS = ("event", "outcome", "service", "user", "orig_h", "method")


def globalprotect(event: str = "gateway-auth", status: str = "success", auth: str = "SAML") -> str:
    return GLOBALPROTECT.format(event=event, status=status, auth=auth)


def system(text: str, subtype: str = "auth", event: str = "auth-fail") -> str:
    return SYSTEM.format(text=text, subtype=subtype, event=event)


def test_a_logon_to_globalprotect():
    rows = rows_of(paloalto, globalprotect())
    assert said(rows, *COLUMNS, "ts", "host") == [
        ("logon", "success", "globalprotect", "corp\\ann", "198.51.100.1", "saml",
         1_705_052_503_895_000_000, "fw1")
    ]  # fmt: skip
    assert rows[0]["software"] == "6.0.4 Windows 10 Pro , 64-bit"


def test_failures_and_logoffs_of_globalprotect():
    failed = globalprotect("portal-auth", "failure", "Certificate")
    assert said(rows_of(paloalto, failed), "outcome", "method") == [("failed", "certificate")]
    assert said(rows_of(paloalto, globalprotect("gateway-logout")), "event") == [("logoff",)]


@pytest.mark.parametrize(
    "event", ["gateway-switch-to-ssl", "gateway-hip-report", "portal-prelogin"]
)
def test_other_stages_are_no_logon(event):
    assert rows_of(paloalto, globalprotect(event)) == []


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            system("failed authentication for user 'ann'.  Reason: Invalid username/password. auth "
                   "profile 'P', vsys 'v', auth protocol 'PAP', From: 198.51.100.1."),
            ("logon", "failed", None, "ann", "198.51.100.1", "password"),
        ),
        (
            system("authenticated for user 'ann'.   auth profile 'P', From: 2001:db8::1."),
            ("logon", "success", None, "ann", "2001:db8::1", None),
        ),
        (
            system("GlobalProtect portal user authentication failed. Login from: 198.51.100.1, "
                   "User name: corp\\ann, Reason: Authentication failed: bad, Auth type: profile.",
                   "globalprotect", "globalprotectportal-auth-fail"),
            ("logon", "failed", "globalprotect", "corp\\ann", "198.51.100.1", None),
        ),
        (
            system("User root logged in via CLI from 192.0.2.7", "general", "general"),
            ("logon", "success", "ssh", "root", "192.0.2.7", None),
        ),
        (
            system("User root logged out via Web from 192.0.2.7", "general", "general"),
            ("logoff", None, None, "root", "192.0.2.7", None),
        ),
    ],
)  # fmt: skip
def test_system_logs(line, expected):
    assert said(rows_of(paloalto, line), *COLUMNS) == [expected]


def test_a_remark_on_a_weak_protocol_is_no_second_logon():
    text = "When authenticating user 'ann' from '198.51.100.1', a less secure method is used."
    assert rows_of(paloalto, system(text)) == []


def test_the_log_of_authentication():
    line = (
        "1,2025/07/04 19:10:17,026,AUTH,x,2817,2025/07/04 19:10:17,vsys1,198.51.100.1,ann,ann,obj,"
        "policy,1,2,,fwd,server,denied,GlobalProtect,Authentication Failure,1,3,0x0,0,0,0,0,,fw1,1,"
        "RADIUS,uuid,2025-07-04T19:10:18.043+11:00,,,"
    )
    expected = ("logon", "failed", "globalprotect", "ann", "198.51.100.1", "password")
    assert said(rows_of(paloalto, line), *COLUMNS) == [expected]


def test_json_of_cortex():
    record = {
        "LogType": "GLOBALPROTECT",
        "EventIDValue": "gateway-auth",
        "EventStatus": "failure",
        "SourceUserName": "ann",
        "PublicIPv4": "198.51.100.1",
        "AuthMethod": None,
        "TimeGenerated": "2024-07-08T09:01:14.000000Z",
    }
    expected = ("logon", "failed", "globalprotect", "ann", "198.51.100.1", None)
    assert said(rows_of(paloalto, json.dumps(record)), *COLUMNS) == [expected]


def test_cef_of_cortex():
    line = (
        "CEF:0|Palo Alto Networks|LF|2.0|GLOBALPROTECT|x|3|PanOSEventIDValue=portal-auth"
        " PanOSEventStatus=success PanOSSourceUserName=ann PanOSPublicIPv4=198.51.100.1"
    )
    expected = ("logon", "success", "globalprotect", "ann", "198.51.100.1", None)
    assert said(rows_of(paloalto, line), *COLUMNS) == [expected]


def test_broken_json_is_unreadable():
    with pytest.raises(Unreadable, match="broken_json"):
        rows_of(paloalto, '{"LogType": "SYSTEM"')
