from __future__ import annotations

import pytest

from parsers.logons import sonicwall
from parsers.logons.message import Message
from tests.parsers.logons.appliance_lines import NOON, rows_of, said

LINE = (
    'id=firewall sn=18B1 time="2023-11-14 22:13:20 UTC" fw=192.0.2.9 pri=6 c=32 m={} msg="{}" n=5 '
    'src=198.51.100.1:41000:X1 dst=192.0.2.9:443:X0 usr="ann"'
)
SMA = (
    'id=sslvpn sn=111 time="2023-11-14 23:13:20" vp_time="2023-11-14 22:13:20 UTC" fw=192.0.2.9 '
    'pri=5 m=1 c=1 src=198.51.100.1 dst="vpn" user="ANN@CORP" usr="ANN@CORP" msg="User login {}" '
    'portal="p" agent="NetExtender for Windows"'
)
COLUMNS = ("event", "outcome", "service", "user", "orig_h", "orig_p")


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("1080", ("logon", "success", "sonicwall", "ann", "198.51.100.1", 41000)),
        ("32", ("logon", "failed", "sonicwall", "ann", "198.51.100.1", 41000)),
        ("749", ("logon", "failed", "sonicwall", "ann", "198.51.100.1", 41000)),
        ("139", ("logon", "success", "ipsec", "ann", "198.51.100.1", 41000)),
        ("31", ("logon", "success", None, "ann", "198.51.100.1", 41000)),
        ("329", ("lockout", None, "sonicwall", "ann", "198.51.100.1", 41000)),
        ("263", ("logoff", None, "sonicwall", "ann", "198.51.100.1", 41000)),
    ],
)
def test_events_by_number(code, expected):
    rows = rows_of(sonicwall, LINE.format(code, "text"))
    assert said(rows, *COLUMNS) == [expected]
    assert rows[0]["detail"] == "text"


@pytest.mark.parametrize("code", ["97", "537", "1079", "758"])
def test_other_numbers_are_passed_over(code):
    assert rows_of(sonicwall, LINE.format(code, "Connection Closed")) == []


def test_sma():
    for text, outcome in (("successful", "success"), ("failed", "failed")):
        rows = rows_of(sonicwall, SMA.format(text))
        assert said(rows, "outcome", "user", "software", "ts") == [
            (outcome, "ANN@CORP", "NetExtender for Windows", 1_700_000_000_000_000_000)
        ]


def test_cef():
    line = (
        "CEF:0|SonicWall|TZ 370|7.1.1|33|Unknown User Login Attempt|4|src=198.51.100.1 spt=41000 "
        'usr=ann msg="User login denied"'
    )
    expected = ("logon", "failed", "sonicwall", "ann", "198.51.100.1", 41000)
    assert said(rows_of(sonicwall, line), *COLUMNS) == [expected]


def test_an_address_of_ipv6_has_no_port():
    line = LINE.format("32", "x").replace("198.51.100.1:41000:X1", "2001:db8::1")
    assert said(rows_of(sonicwall, line), "orig_h", "orig_p") == [("2001:db8::1", None)]


def test_a_time_without_a_zone_gives_way_to_the_frame():
    text = LINE.format("32", "x").replace(" UTC", "")
    rows = sonicwall.Reader().read(Message(NOON + 5, "fw", "", None, text, 1))
    assert said(rows, "ts") == [(NOON + 5,)]
