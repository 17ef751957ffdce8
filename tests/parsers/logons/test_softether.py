"""SoftEther VPN Server."""

from __future__ import annotations

import pytest

from tests.parsers.logons.lines import brief, rows

AT = "2026-11-24 06:31:38.015 "
ASKED = (
    'The connection "CID-8" (IP address: 203.0.113.66, Host name: ext66, Port number: 55214, '
    'Client name: "SoftEther VPN Client", Version: 5.01, Build: 9674) is attempting to connect to '
    'the Virtual Hub. The auth type provided is "Password authentication" and the user name is '
    '"alice".'
)
REFUSED = (
    'Connection "CID-8": User authentication failed. The user name that has been provided was '
    '"alice", from 203.0.113.66.'
)
LET_IN = 'Connection "CID-8": Successfully authenticated as user "alice".'
SESSION = (
    'Connection "CID-8": The new session "SID-ALICE-2" has been created. (IP address: '
    '203.0.113.66, Port number: 55214, Physical underlying protocol: "Standard TCP/IP (IPv4)")'
)
OVER = 'Session "SID-ALICE-2": The session has been terminated. The statistical information is'


def log(hub, *texts):
    return "".join(f"{AT}{hub}{text}\n" for text in texts)


@pytest.mark.parametrize("hub", ["", '[HUB "CORP"] '])
def test_a_logon_and_its_end(hub):
    columns = ("event", "outcome", "user", "orig_h", "orig_p", "method", "session")
    assert brief(log(hub, ASKED, LET_IN, SESSION, OVER), *columns) == [
        ("logon", "success", "alice", "203.0.113.66", 55214, "password", "SID-ALICE-2"),
        ("logoff", None, "alice", "203.0.113.66", 55214, None, "SID-ALICE-2"),
    ]


def test_a_failure_has_the_port_of_what_was_asked():
    columns = ("outcome", "user", "orig_h", "orig_p", "detail", "software")
    assert brief(log("", ASKED, REFUSED), *columns) == [
        ("failed", "alice", "203.0.113.66", 55214, "User authentication failed",
         "SoftEther VPN Client")
    ]  # fmt: skip


def test_who_was_let_in_counts_without_a_session():
    closed = 'Connection "CID-8" has been terminated.'
    assert brief(log("", ASKED, LET_IN, closed), "outcome", "session") == [("success", "CID-8")]
    assert brief(log("", ASKED, LET_IN), "outcome") == [("success",)]


def test_the_administrator_logs_on_too():
    made = (
        'For the client (IP address: 127.0.0.1, host name: "localhost", port number: 48076), '
        'connection "CID-7" has been created.'
    )
    said = 'Connection "CID-7" successfully logged in using administration mode.'
    assert brief(log("", made, said), "user", "orig_h", "detail") == [
        ("administrator", "127.0.0.1", "administration mode")
    ]


def test_other_lines_tell_of_no_logon():
    assert rows(log("", "The Virtual Hub is now online.", ASKED)) == []
