from __future__ import annotations

from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.logons import (
    checkpoint,
    cisco_asa,
    f5_apm,
    fortigate,
    meraki,
    netscaler,
    paloalto,
    pulse,
    sonicwall,
    stormshield,
    watchguard,
    windows,
)
from tests.parsers.logons.appliance_lines import message, survives

LINES: dict[ModuleType, str] = {
    checkpoint: '[action:"Failed Log In"; loguid:"{0x1}"; time:"1618249417"; product:"Mobile '
    'Access"; src:"192.0.2.1"; user:"Ann Lee (ann)"; reason:"wrong password"; ]',
    cisco_asa: "%ASA-6-113015: AAA user authentication Rejected : reason = Invalid password : local"
    " database : user = ann : user IP = 192.0.2.1",
    f5_apm: "01490017:5: /Common/vpn:Common:76220fff: AD agent: Auth (logon attempt:0): "
    "authenticate with 'ann' successful",
    fortigate: 'date=2024-01-31 time=12:59:59 devname="fw" eventtime=1700000000000000000 logid='
    '"0101039426" type="event" subtype="vpn" vd="root" action="ssl-login-fail" tunneltype='
    '"ssl-web" remip=192.0.2.1 user="ann" reason="bad"',
    meraki: "1673596676.426899545 mx1 events type=anyconnect_vpn_auth_success msg= 'RADIUS[374] "
    "Server IP=192.0.2.5 Server port=1812 Peer IP=192.0.2.1 Peer port=5673 User=ann: "
    "Authentication request accepted. '",
    netscaler: "01/24/2025:12:06:37 GMT ns1 0-PPE-0 : default AAA LOGIN_FAILED 7391 0 : User ann - "
    'Client_ip 192.0.2.1 - Failure_reason "denied" - Browser Mozilla/5.0',
    paloalto: "1,2025/02/26 10:22:28,111,SYSTEM,auth,2561,2025/02/26 10:22:28,,auth-fail,VPN,0,0,"
    "general,medium,\"failed authentication for user 'ann'. Reason: bad. auth profile 'VPN', "
    'From: 192.0.2.1.",7,0x0,0,0,0,0,,fw,0,0,2025-02-26T10:22:28.691+01:00',
    pulse: 'id=firewall time="2021-01-28 14:14:04" pri=6 fw=192.0.2.9 vpn=ics user=ann realm="R" '
    'roles="" src=192.0.2.1 msg="AUT23457: Login failed using auth server A (B).  Reason: Failed"',
    sonicwall: 'id=firewall sn=1 time="2024-01-31 12:59:59 UTC" fw=192.0.2.9 pri=6 m=32 msg="User '
    'login denied due to bad credentials" src=192.0.2.1:4500:X1 usr="ann"',
    stormshield: 'id=firewall time="2023-11-14 23:13:20" fw="sns1" tz=+0100 src=192.0.2.1 '
    'user="ann" method="OPENVPN" error=3 msg="Authentication Failed" logtype="auth"',
    watchguard: "Authentication of SSLVPN user [ann@radius] from 192.0.2.1 was rejected, Recv "
    "timeout",
    windows: '{"EventID":4625,"SourceName":"Microsoft-Windows-Security-Auditing","LogonType":10,'
    '"TargetUserName":"ann","IpAddress":"192.0.2.1","EventTime":"2024-01-31 12:59:59"}',
}
PRODUCTS = pytest.mark.parametrize("product", LINES, ids=lambda each: each.__name__)


@PRODUCTS
def test_a_line_is_of_its_product_alone(product):
    claimed = [each for each in LINES if each.is_of(message(LINES[product]))]
    assert claimed == [product]


@PRODUCTS
def test_every_truncation_is_read_or_said_to_be_unreadable(product):
    for size in range(len(LINES[product])):
        survives(product, LINES[product][:size])


@PRODUCTS
@given(data=st.data())
def test_altered_letters_raise_nothing_else(product, data):
    line = LINES[product]
    where = data.draw(st.integers(0, len(line) - 1))
    what = data.draw(st.text(max_size=4))
    survives(product, line[:where] + what + line[where + 1 :])


@PRODUCTS
@given(text=st.text(max_size=64))
def test_random_text_raises_nothing_else(product, text):
    survives(product, text)
    survives(product, LINES[product][:60] + text)


@PRODUCTS
def test_long_lines_take_no_long_time(product):
    begin = LINES[product][:-20]
    for filling in ("a", " ", "a=", '"', "\\", " : user = ", "> IP <", " - User x", '{"a":'):
        survives(product, begin + filling * (65_536 // len(filling)))
