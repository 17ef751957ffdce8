"""OpenVPN's status file."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.parsers.logons.lines import brief, log_of, rows

VERSION_1 = """\
OpenVPN CLIENT LIST
Updated,2026-11-24 06:00:56
Common Name,Real Address,Bytes Received,Bytes Sent,Connected Since
alice,203.0.113.66:34036,44423,1618148,2026-11-24 06:00:43
ROUTING TABLE
Virtual Address,Common Name,Real Address,Last Ref
10.8.0.2,alice,203.0.113.66:34036,2026-11-24 06:00:46
END
"""
VERSION_2 = """\
TITLE,OpenVPN 2.6.14
TIME,2026-11-24 06:00:56,1795500056
HEADER,CLIENT_LIST,Common Name,Real Address,Virtual Address,Virtual IPv6 Address,Bytes Received,\
Bytes Sent,Connected Since,Connected Since (time_t),Username,Client ID,Peer ID,Data Channel Cipher
CLIENT_LIST,alice,203.0.113.66:34036,10.8.0.2,,44423,1618148,2026-11-24 06:00:43,1795500043,al,3,0,A
CLIENT_LIST,UNDEF,203.0.113.67:34036,,,0,0,2026-11-24 06:00:43,1795500043,UNDEF,4,0,A
END
"""
SINCE = datetime(2026, 11, 24, 6, 0, 43, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "user"),
    [(VERSION_1, "alice"), (VERSION_2, "al"), (VERSION_2.replace(",", "\t"), "al")],
)
def test_a_client_has_logged_on_when_it_connected(text, user):
    assert brief(text, "ts", "outcome", "user", "orig_h", "orig_p") == [
        (SINCE, "success", user, "203.0.113.66", 34036)
    ]


def test_a_time_as_older_versions_write_it():
    text = VERSION_1.replace("2026-11-24 06:00:43", "Tue Nov 24 06:00:43 2026")
    assert brief(text, "ts") == [(SINCE,)]


def test_a_client_without_an_address_is_counted():
    log = log_of(VERSION_1.replace("203.0.113.66:34036,4", "?,4"))
    assert list(log) == []
    assert dict(log.weirds) == {"client_without_address_in_log_of_openvpn_status": 1}


def test_a_client_that_is_not_in_yet_is_left_out():
    assert len(rows(VERSION_2)) == 1
