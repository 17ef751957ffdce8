from __future__ import annotations

import json
from typing import Any

import pytest

from parsers.logons import windows
from parsers.logons.message import Unreadable
from tests.parsers.logons.appliance_lines import message, rows_of, said

SECURITY = "Microsoft-Windows-Security-Auditing"
TERMINAL = "Microsoft-Windows-TerminalServices-"
SOURCE = {"TargetUserName": "ann", "IpAddress": "198.51.100.1", "IpPort": "49164"}
COLUMNS = ("event", "outcome", "service", "user", "orig_h", "method")


def event(number: int, provider: str = SECURITY, **data: Any) -> str:
    return json.dumps(
        {"EventTime": "2023-11-14T22:13:20Z", "SourceName": provider, "EventID": number,
         "Hostname": "pc1"} | data
    )  # fmt: skip


def rows(number: int, provider: str = SECURITY, **data: Any) -> list[dict[str, Any]]:
    return rows_of(windows, event(number, provider, **data))


@pytest.mark.parametrize(
    ("data", "service", "method"),
    [
        ({"LogonType": "10", "AuthenticationPackageName": "Negotiate"}, "rdp", None),
        ({"LogonType": "12"}, "rdp", None),
        ({"LogonType": "7"}, "rdp", None),
        ({"LogonType": "3", "AuthenticationPackageName": "NTLM"}, None, "ntlm"),
        ({"LogonType": "3", "AuthenticationPackageName": "Kerberos"}, None, "kerberos"),
        ({"LogonType": "3", "AuthenticationPackageName": "Negotiate", "LmPackageName": "NTLM V2"},
         None, "ntlm"),
        ({"LogonType": "8", "ProcessName": "C:\\Windows\\OpenSSH\\sshd.exe"}, "ssh", None),
    ],
)  # fmt: skip
def test_logons_by_type(data, service, method):
    made = rows(4624, **SOURCE, **data, TargetLogonId="0x45")
    assert said(made, *COLUMNS, "orig_p", "session", "host") == [
        ("logon", "success", service, "ann", "198.51.100.1", method, 49164, "0x45", "pc1")
    ]


def test_a_network_logon_by_ntlm_says_that_it_may_be_remote_desktop():
    by_ntlm = rows(4624, **SOURCE, LogonType="3", AuthenticationPackageName="NTLM")
    assert "RDP with NLA" in by_ntlm[0]["detail"]
    by_kerberos = rows(4624, **SOURCE, LogonType="3", AuthenticationPackageName="Kerberos")
    assert "RDP" not in by_kerberos[0]["detail"]


@pytest.mark.parametrize(
    "data",
    [
        {"LogonType": "5", "IpAddress": "-"},
        {"LogonType": "2", "IpAddress": "127.0.0.1"},
        {"LogonType": "3", "IpAddress": "-"},
        {"LogonType": "7", "IpAddress": "::1"},
        {"LogonType": "10", "TargetLinkedLogonId": "0x9", "ElevatedToken": "%%1843"},
    ],
)
def test_logons_of_the_host_itself_and_twins_are_passed_over(data):
    assert rows(4624, **(SOURCE | data)) == []


def test_remote_desktop_from_the_host_itself_is_a_tunnel():
    made = rows(4624, **(SOURCE | {"LogonType": "10", "IpAddress": "127.0.0.1"}))
    assert made[0]["detail"].endswith("a tunnel")


def test_an_anonymous_logon_has_no_method():
    made = rows(4624, **SOURCE, LogonType="3", TargetUserSid="S-1-5-7", LmPackageName="NTLM V1")
    assert said(made, "method") == [("none",)]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ({"Status": "0xC000006D", "SubStatus": "0xC000006A"}, "wrong password"),
        ({"Status": "0xC000006D", "SubStatus": "0xC0000064"}, "no such user"),
        ({"Status": "0xC0000234", "SubStatus": "0x0"}, "account locked out"),
        ({"FailureReason": "%%2310"}, "account disabled"),
        (
            {"Message": "x\tStatus:\t0xC000006D\r\n\tSub Status:\t0xC0000072\r\n"},
            "account disabled",
        ),
    ],
)
def test_failed_logons_say_why(data, why):
    made = rows(4625, **SOURCE, LogonType="10", **data)
    assert said(made, *COLUMNS) == [("logon", "failed", "rdp", "ann", "198.51.100.1", None)]
    assert made[0]["detail"].split("; ")[0] == why


def test_a_failed_network_logon_needs_no_address_but_a_local_one_does():
    assert len(rows(4625, TargetUserName="ann", LogonType="3", IpAddress="-")) == 1
    assert rows(4625, TargetUserName="ann", LogonType="2", IpAddress="-") == []
    assert len(rows(4625, **SOURCE, LogonType="2")) == 1


@pytest.mark.parametrize(
    ("number", "data", "expected"),
    [
        (4634, {"TargetUserName": "ann", "LogonType": "10"},
         ("logoff", None, "rdp", "ann", None, None)),
        (4647, {"TargetUserName": "ann"}, ("logoff", None, None, "ann", None, None)),
        (4740, {"TargetUserName": "ann", "TargetDomainName": "PC7"},
         ("lockout", None, None, "ann", None, None)),
        (4768, SOURCE | {"Status": "0x0", "PreAuthType": "2"},
         ("logon", "success", "kerberos", "ann", "198.51.100.1", "kerberos")),
        (4768, SOURCE | {"Status": "0x6", "PreAuthType": "-"},
         ("logon", "failed", "kerberos", "ann", "198.51.100.1", "kerberos")),
        (4768, SOURCE | {"Status": "0x0", "PreAuthType": "16"},
         ("logon", "success", "kerberos", "ann", "198.51.100.1", "certificate")),
        (4768, SOURCE | {"Status": "0x0", "PreAuthType": "0"},
         ("logon", "unknown", "kerberos", "ann", "198.51.100.1", "kerberos")),
        (4771, SOURCE | {"Status": "0x18", "IpAddress": "::ffff:198.51.100.1"},
         ("logon", "failed", "kerberos", "ann", "198.51.100.1", "kerberos")),
        (4776, {"TargetUserName": "ann", "Status": "0xC000006A", "Workstation": "PC7"},
         ("logon", "failed", None, "ann", None, "ntlm")),
        (4778, {"AccountName": "ann", "ClientAddress": "198.51.100.1", "ClientName": "PC7"},
         ("logon", "success", "rdp", "ann", "198.51.100.1", None)),
        (4779, {"AccountName": "ann", "ClientAddress": "198.51.100.1"},
         ("logoff", None, "rdp", "ann", "198.51.100.1", None)),
        (6273, {"SubjectUserName": "ann", "CallingStationID": "198.51.100.1",
                "AuthenticationType": "PAP", "Reason": "bad"},
         ("logon", "failed", "radius", "ann", "198.51.100.1", "password")),
    ],
)  # fmt: skip
def test_other_events_of_security(number, data, expected):
    assert said(rows(number, **data), *COLUMNS) == [expected]


@pytest.mark.parametrize(
    ("provider", "number", "data", "expected"),
    [
        ("RemoteConnectionManager", 1149, {"Param1": "ann", "Param2": "", "Param3": "198.51.100.1"},
         ("logon", "success", "rdp", "ann", "198.51.100.1", None)),
        ("RemoteConnectionManager", 1149, {"Param1": "", "Param3": "198.51.100.1"},
         ("logon", "unknown", "rdp", None, "198.51.100.1", None)),
        ("LocalSessionManager", 21, {"User": "C\\ann", "SessionID": 2, "Address": "198.51.100.1"},
         ("logon", "success", "rdp", "ann", "198.51.100.1", None)),
        ("LocalSessionManager", 24, {"User": "C\\ann", "SessionID": 2, "Address": "198.51.100.1"},
         ("logoff", None, "rdp", "ann", "198.51.100.1", None)),
        ("LocalSessionManager", 25, {"User": "C\\ann", "SessionID": 2, "Address": "198.51.100.1"},
         ("logon", "success", "rdp", "ann", "198.51.100.1", None)),
        ("LocalSessionManager", 23, {"User": "C\\ann", "SessionID": 2},
         ("logoff", None, "rdp", "ann", None, None)),
    ],
)  # fmt: skip
def test_remote_desktop(provider, number, data, expected):
    assert said(rows(number, TERMINAL + provider, **data), *COLUMNS) == [expected]


def test_a_connection_is_let_through_with_less_certainty():
    made = rows(1149, f"{TERMINAL}RemoteConnectionManager", Param1="ann", Param3="198.51.100.1")
    assert made[0]["confidence"] < 1


def test_a_wrong_password_at_remote_desktop_names_the_address():
    made = rows(140, "Microsoft-Windows-RemoteDesktopServices-RdpCoreTS", IPString="198.51.100.1")
    assert said(made, *COLUMNS) == [("logon", "failed", "rdp", None, "198.51.100.1", None)]


@pytest.mark.parametrize(
    ("number", "provider", "data"),
    [
        (21, f"{TERMINAL}LocalSessionManager", {"User": "ann", "Address": "LOCAL"}),
        (4778, SECURITY, {"AccountName": "ann", "ClientAddress": "LOCAL"}),
        (4634, SECURITY, {"TargetUserName": "ann", "LogonType": "5"}),
        (4769, SECURITY, SOURCE | {"Status": "0x0"}),
        (131, "Microsoft-Windows-RemoteDesktopServices-RdpCoreTS", {"ClientIP": "1.2.3.4:5"}),
        (4624, "Somebody-Else", SOURCE | {"LogonType": "10"}),
    ],
)
def test_what_is_no_logon_from_outside_is_passed_over(number, provider, data):
    assert rows(number, provider, **data) == []


def test_openssh_is_read_as_its_own_log():
    payload = "Failed password for invalid user ann from 198.51.100.1 port 4711 ssh2"
    made = rows(4, "OpenSSH", process="sshd", ProcessID=7, payload=payload)
    assert said(made, *COLUMNS, "orig_p", "host") == [
        ("logon", "failed", "ssh", "ann", "198.51.100.1", "password", 4711, "pc1")
    ]


def test_events_of_a_product_alone_are_taken():
    assert not windows.is_of(message('{"LogType": "SYSTEM"}'))
    assert not windows.is_of(message("EventID 4624"))
    with pytest.raises(Unreadable, match="broken_json"):
        rows_of(windows, '{"EventID": 4624')
