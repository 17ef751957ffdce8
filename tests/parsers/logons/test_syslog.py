"""The frames of lines."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from parsers.logons.syslog import message
from parsers.logons.times import Clock

TS = int(datetime(2026, 11, 24, 5, 53, 26, tzinfo=UTC).timestamp()) * 1_000_000_000


def told(text):
    found = message(text, 7, Clock(datetime(2026, 11, 24, 12, tzinfo=UTC)))
    return found.ts, found.host, found.program, found.pid, found.text


@pytest.mark.parametrize(
    "frame",
    [
        "Nov 24 05:53:26 gw01 sshd[603]: ",
        "<38>Nov 24 05:53:26 gw01 sshd[603]: ",
        "Nov 24 05:53:26 gw01 /usr/sbin/sshd[603]: ",
        "Nov 24 05:53:26 gw01 sshd[603]: [ID 800047 auth.info] ",
        "2026-11-24T05:53:26+00:00 gw01 sshd[603]: ",
        "2026-11-24T06:53:26+0100 gw01 sshd[603]: ",
        "<38>1 2026-11-24T05:53:26Z gw01 sshd 603 - - ",
        "1 2026-11-24T05:53:26Z gw01 sshd 603 ID47 - ",
        '<38>1 2026-11-24T05:53:26Z gw01 sshd 603 - [meta sequenceId="1" a="\\"]"][b] ',
        "<38>1 2026-11-24T05:53:26Z gw01 sshd 603 - - \ufeff",
    ],
)
def test_a_frame_is_taken_off(frame):
    assert told(frame + "Invalid user a") == (TS, "gw01", "sshd", 603, "Invalid user a")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Nov 24 05:53:26 sshd[603]: a b", (TS, "", "sshd", 603, "a b")),
        ("Nov 24 05:53:26 gw01 charon: 12[IKE] a: b", (TS, "gw01", "charon", None, "12[IKE] a: b")),
        ("Nov 24 05:53:26 12[CFG] loaded: b", (TS, "", "", None, "12[CFG] loaded: b")),
        (
            "2026-11-24 05:53:26 1.2.3.4:5 VERIFY OK: a",
            (TS, "", "", None, "1.2.3.4:5 VERIFY OK: a"),
        ),
        ("Nov 24 05:53:26 fw date=2026 time=05:53", (TS, "", "", None, "fw date=2026 time=05:53")),
        ("Nov 24 05:53:26 fw : %ASA-6-1: a", (TS, "fw", "%ASA-6-1", None, "a")),
        ("<38>1 - - sshd - - - a", (None, "", "sshd", None, "a")),
        ("ocserv[5761]: main: a", (None, "", "ocserv", 5761, "main: a")),
        ("anything: else", (None, "", "", None, "anything: else")),
    ],
)
def test_what_a_frame_lacks_is_empty(line, expected):
    assert told(line) == expected


def test_records_of_the_journal_are_read():
    record = {
        "__REALTIME_TIMESTAMP": str(TS // 1000), "_HOSTNAME": "gw01", "_PID": "603",
        "SYSLOG_IDENTIFIER": "sshd", "MESSAGE": "Invalid user a",
    }  # fmt: skip
    assert told(json.dumps(record)) == (TS, "gw01", "sshd", 603, "Invalid user a")
    octets = json.dumps(record | {"MESSAGE": [97, 255]})
    assert told(octets)[-1] == "a\\xff"


@pytest.mark.parametrize(
    "line",
    [
        '{"__REALTIME_TIMESTAMP": "x", "MESSAGE": "a"}',
        '{"__REALTIME_TIMESTAMP": "1"}',
        '{"__REALTIME_TIMESTAMP": "1", "MESSAGE": [300]}',
        '{"__REALTIME_TIMESTAMP": "99999999999999999999", "MESSAGE": "a"}',
        '{"__REALTIME_TIMESTAMP":' + "[" * 5000,
        '{"ts": 1.0, "uid": "C1"}',
    ],
)
def test_what_is_no_record_is_a_line_as_it_is(line):
    assert told(line)[-1] == line


def test_a_message_that_syslog_says_was_repeated_is_that_message():
    line = "Nov 24 05:53:26 gw01 sshd[603]: message repeated 5 times: [ Failed password for a]"
    found = message(line, 1, Clock(datetime(2026, 11, 24, tzinfo=UTC)))
    assert (found.times, found.text) == (5, "Failed password for a")
