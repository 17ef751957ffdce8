from __future__ import annotations

from parsers.logons import watchguard
from tests.parsers.logons.appliance_lines import rows_of, said

LEEF = "1.0|WatchGuard|XTM|12.10.2|11000005|host_name=fb1#011serial=A#011msg={}"
ANSWER = "Authentication of SSLVPN user [ann@radius] from 198.51.100.1 was {}"
REJECTED = ANSWER.format("rejected, Recv timeout")
COLUMNS = ("outcome", "service", "user", "orig_h")


def test_answers():
    assert said(rows_of(watchguard, LEEF.format(REJECTED)), *COLUMNS, "host", "detail") == [
        ("failed", "openvpn", "ann@radius", "198.51.100.1", "fb1", "Recv timeout; SSLVPN")
    ]
    accepted = f'firewall: msg_id="1100-0004" {ANSWER.format("accepted")}'
    assert said(rows_of(watchguard, accepted), *COLUMNS) == [
        ("success", "openvpn", "ann@radius", "198.51.100.1")
    ]


def test_management():
    line = "Management user admin@Firebox-DB from 192.0.2.7 log in attempt was rejected - bad"
    assert said(rows_of(watchguard, line), *COLUMNS) == [
        ("failed", None, "admin@Firebox-DB", "192.0.2.7")
    ]


def test_traffic_is_passed_over():
    assert rows_of(watchguard, LEEF.format("DNS request")) == []


def test_a_user_cannot_say_where_it_is():
    hostile = REJECTED.replace("ann@", "x] from 203.0.113.9 was accepted [ann@")
    assert said(rows_of(watchguard, hostile), "outcome", "orig_h") == [("failed", "198.51.100.1")]
