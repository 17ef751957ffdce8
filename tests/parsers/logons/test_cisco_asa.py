from __future__ import annotations

import pytest

from parsers.logons import cisco_asa
from parsers.logons.message import Message, Unreadable
from tests.parsers.logons.appliance_lines import NOON, SECOND, message, rows_of, said

AAA_OK = "%ASA-6-113004: AAA user authentication Successful : server =  192.0.2.5 : user = ann"
ASKED_BAD = (
    "%ASA-6-113005: AAA user authentication Rejected : reason = AAA failure : server = 192.0.2.5 : "
    "user = ***** : user IP = 198.51.100.1"
)
WHO = "Group <staff> User <ann> IP <198.51.100.1>"
STARTED = f"%ASA-6-113039: {WHO} AnyConnect parent session started."
TUNNEL = f"%ASA-6-722022: {WHO} TCP SVC connection established without compression"
GIVEN = f"%ASA-4-722051: {WHO} IPv4 Address <10.0.0.9> IPv6 address <::> assigned to session"
REJECTED = f"%ASA-6-716039: {WHO} Authentication: rejected, Session Type: WebVPN."
ENDED = (
    "%ASA-4-113019: Group = staff, Username = ann, IP = 198.51.100.1, Session disconnected. "
    "Session Type: SSL, Duration: 6h:33m:18s, Bytes xmt: 1, Bytes rcv: 2, Reason: Idle Timeout"
)


def test_the_messages_of_one_logon_are_one_row():
    rows = rows_of(cisco_asa, AAA_OK, STARTED, TUNNEL, GIVEN)
    assert said(rows, "user", "orig_h", "service", "outcome", "line", "attempts") == [
        ("ann", "198.51.100.1", "anyconnect", "success", 1, 1)
    ]


def test_aaa_alone_names_no_service():
    assert said(rows_of(cisco_asa, AAA_OK), "service", "outcome") == [(None, "success")]


def test_a_second_line_of_a_kind_is_a_second_attempt():
    rows = rows_of(cisco_asa, ASKED_BAD, ASKED_BAD)
    assert said(rows, "orig_h", "user", "outcome") == [("198.51.100.1", None, "failed")] * 2
    assert rows[0]["detail"].startswith("AAA failure")


def test_lines_far_apart_are_of_different_logons():
    reader = cisco_asa.Reader()
    rows = reader.read(message(AAA_OK, 1)) + reader.read(message(STARTED, 100)) + reader.end()
    assert said(rows, "service") == [(None,), ("anyconnect",)]


def test_a_tunnel_made_anew_is_no_logon_but_the_first_of_a_log_is():
    assert len(rows_of(cisco_asa, TUNNEL)) == 1
    reader = cisco_asa.Reader()
    rows = [row for at in (1, 500, 900) for row in reader.read(message(TUNNEL, at))] + reader.end()
    assert said(rows, "line") == [(1,)]


def test_after_a_logoff_a_tunnel_is_a_logon():
    reader = cisco_asa.Reader()
    lines = ((STARTED, 1), (ENDED, 200), (TUNNEL, 400))
    rows = [row for text, at in lines for row in reader.read(message(text, at))] + reader.end()
    assert said(rows, "event", "outcome", "service") == [
        ("logon", "success", "anyconnect"),
        ("logoff", None, "anyconnect"),
        ("logon", "success", "anyconnect"),
    ]


def test_a_rejection_is_told_once():
    local = (
        "%ASA-6-113015: AAA user authentication Rejected : reason = Invalid password : local "
        "database : user = ann : user IP = 198.51.100.1"
    )
    rows = rows_of(cisco_asa, local, REJECTED)
    assert said(rows, "service", "outcome") == [("anyconnect", "failed")]
    assert rows[0]["detail"] == "Invalid password"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            (
                "%ASA-6-605005: Login permitted from 192.0.2.7/6035 to in:192.0.2.1/ssh for user "
                '"root"'
            ),
            ("logon", "success", "ssh", "root", "192.0.2.7", 6035),
        ),
        (
            '%ASA-6-605004: Login denied from 192.0.2.7/6035 to in:192.0.2.1/https for user ""',
            ("logon", "failed", None, None, "192.0.2.7", 6035),
        ),
        (
            "%ASA-6-611102: User authentication failed: IP address: 192.0.2.7, Uname: root",
            ("logon", "failed", None, "root", "192.0.2.7", None),
        ),
        (
            "%ASA-vpnc-6-611101: User authentication succeeded: Uname: root",
            ("logon", "success", None, "root", None, None),
        ),
        (
            "%ASA-5-611103: User logged out: Uname: root",
            ("logoff", None, None, "root", None, None),
        ),
        (
            "%ASA-6-113006: User 'ann' locked out on exceeding '3' successive failed attempts",
            ("lockout", None, None, "ann", None, None),
        ),
        (
            (
                "%ASA-6-109006: Authentication failed for user 'ann' from 192.0.2.7/4000 to "
                "192.0.2.1/80 on interface inside"
            ),
            ("logon", "failed", None, "ann", "192.0.2.7", 4000),
        ),
        (
            (
                "%ASA-4-751011: Local:192.0.2.1:500 Remote:192.0.2.7:500 Username:ann Failed user "
                "authentication. Error: bad"
            ),
            ("logon", "failed", "ipsec", "ann", "192.0.2.7", None),
        ),
    ],
)
def test_other_messages(line, expected):
    rows = rows_of(cisco_asa, line)
    columns = ("event", "outcome", "service", "user", "orig_h", "orig_p")
    assert said(rows, *columns) == [expected]


@pytest.mark.parametrize(
    "line",
    [
        "%FTD-6-113004: AAA user authorization Successful : server = 192.0.2.5 : user = ann",
        f"%ASA-6-716058: {WHO} AnyConnect session lost connection. Waiting to resume.",
        ENDED.replace("SSL", "LAN-to-LAN"),
        (
            "%ASA-4-750003: Local:1.1.1.1:1 Remote:2.2.2.2:1 Username:x IKEv2 Negotiation aborted "
            "due to ERROR: There was no IPSEC policy found for received TS"
        ),
        "%ASA-6-302013: Built inbound TCP connection 1 for a:1.1.1.1/1 (1.1.1.1/1)",
    ],
)
def test_what_is_no_logon_is_passed_over(line):
    assert rows_of(cisco_asa, line) == []


def test_the_number_may_be_the_program_or_gone():
    started = STARTED.partition(": ")
    framed = Message(NOON, "asa", started[0], None, started[2], 1)
    assert cisco_asa.is_of(framed)
    reader = cisco_asa.Reader()
    assert said(reader.read(framed) + reader.end(), "user") == [("ann",)]
    assert said(rows_of(cisco_asa, started[2]), "user") == [("ann",)]


def test_a_user_cannot_name_an_address_for_the_device():
    hostile = STARTED.replace("<ann>", "<ann> IP <203.0.113.9>")
    rows = rows_of(cisco_asa, hostile)
    assert said(rows, "orig_h", "user") == [("198.51.100.1", "ann> IP <203.0.113.9")]
    name = ASKED_BAD.replace("*****", "x : user IP = 203.0.113.9")
    assert said(rows_of(cisco_asa, name), "orig_h") == [("198.51.100.1",)]


def test_a_message_in_another_form_is_unreadable():
    with pytest.raises(Unreadable, match="unknown_form_of_113039"):
        rows_of(cisco_asa, "%ASA-6-113039: something else")


def test_rows_wait_no_longer_than_a_minute():
    reader = cisco_asa.Reader()
    assert reader.read(message(ASKED_BAD, 1)) == []
    assert len(reader.read(message(REJECTED, 70))) == 1


def test_time_is_of_the_first_line():
    assert rows_of(cisco_asa, AAA_OK, STARTED)[0]["ts"] == NOON + SECOND
