from __future__ import annotations

import pytest

from parsers.logons import fortigate
from parsers.logons.message import Message
from tests.parsers.logons.appliance_lines import rows_of, said

BEGIN = 'devname="fw" eventtime=1700000000000000000 tz="+0100" '
VPN = BEGIN + 'logid="{}" type="event" subtype="vpn" vd="root" '
FAILED = (
    VPN.format("0101039426") + 'action="ssl-login-fail" tunneltype="ssl-web" tunnelid=0 '
    'remip=198.51.100.1 user="ann" group="N/A" reason="sslvpn_login_permission_denied"'
)
WEB = (
    VPN.format("0101039424") + 'action="tunnel-up" tunneltype="ssl-web" tunnelid=7 '
    'remip=198.51.100.1 user="ann" group="staff" reason="login successfully"'
)
TUNNEL = WEB.replace("ssl-web", "ssl-tunnel").replace("39424", "39947")
ADMIN = BEGIN + (
    'logid="0100032002" type="event" subtype="system" vd="root" user="root" ui="ssh(192.0.2.7)" '
    'method="ssh" srcip=192.0.2.7 action="login" status="failed" reason="passwd_invalid"'
)
CEF = (
    "CEF:0|Fortinet|Fortigate|v6.0.3|32002|event:system login failed|7|deviceExternalId=F "
    "FTNTFGTlogid=0100032002 FTNTFGTsubtype=system FTNTFGTeventtime=1545938140 duser=root "
    "sproc=https(192.0.2.7) FTNTFGTmethod=https act=login outcome=failed reason=name_invalid"
)


def test_a_failed_logon_to_the_vpn():
    rows = rows_of(fortigate, FAILED)
    columns = ("ts", "service", "user", "orig_h", "outcome", "host")
    assert said(rows, *columns) == [
        (1_700_000_000_000_000_000, "fortigate", "ann", "198.51.100.1", "failed", "fw")
    ]
    assert rows[0]["detail"] == "sslvpn_login_permission_denied; ssl-web"


def test_web_session_and_tunnel_are_one_logon():
    assert said(rows_of(fortigate, WEB, TUNNEL), "outcome", "session") == [("success", "7")]


def test_two_failures_are_two_attempts():
    assert len(rows_of(fortigate, FAILED, FAILED)) == 2


def test_a_tunnel_that_goes_down_is_a_logoff():
    rows = rows_of(fortigate, TUNNEL.replace("tunnel-up", "tunnel-down"))
    assert said(rows, "event", "outcome") == [("logoff", None)]


def test_administrators_over_ssh_and_in_cef():
    columns = ("service", "user", "orig_h", "outcome")
    assert said(rows_of(fortigate, ADMIN), *columns) == [("ssh", "root", "192.0.2.7", "failed")]
    assert said(rows_of(fortigate, CEF), *columns, "ts") == [
        ("fortigate", "root", "192.0.2.7", "failed", 1_545_938_140_000_000_000)
    ]


def test_too_many_attempts_are_a_lockout():
    assert said(rows_of(fortigate, ADMIN.replace("32002", "32021")), "event") == [("lockout",)]


def test_ipsec_has_a_logon_where_a_user_is_named():
    ipsec = VPN.format("0101037138") + (
        'action="tunnel-up" tunneltype="ipsec" remip=198.51.100.1 user="N/A" xauthuser="{}"'
    )
    assert said(rows_of(fortigate, ipsec.format("ann")), "service", "user") == [("ipsec", "ann")]
    assert rows_of(fortigate, ipsec.format("N/A")) == []


@pytest.mark.parametrize(
    "line",
    [
        ADMIN.replace('method="ssh"', 'method="console"'),
        ADMIN.replace('action="login"', 'action="Edit"'),
        FAILED.replace('type="event"', 'type="traffic"'),
        FAILED.replace("ssl-login-fail", "tunnel-stats"),
    ],
)
def test_what_is_no_logon_from_outside_is_passed_over(line):
    assert rows_of(fortigate, line) == []


def test_a_user_cannot_write_other_values():
    hostile = FAILED.replace('user="ann"', r'user="ann\" remip=203.0.113.9 action=\"tunnel-up"')
    rows = rows_of(fortigate, hostile)
    assert said(rows, "orig_h", "outcome") == [("198.51.100.1", "failed")]
    assert rows[0]["user"].startswith('ann" remip=')


def test_without_eventtime_the_zone_is_heeded():
    line = FAILED.replace("eventtime=1700000000000000000", "date=2023-11-14 time=23:13:20")
    reader = fortigate.Reader()
    reader.read(Message(None, "", "", None, line, 1))
    assert reader.end()[0]["ts"] == 1_700_000_000_000_000_000
