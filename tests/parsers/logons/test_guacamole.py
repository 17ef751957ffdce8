"""Apache Guacamole in the logs of Tomcat."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.parsers.logons.lines import brief, rows

LOGBACK = "12:57:32.907 [http-nio-8080-exec-10] %s o.a.g.r.auth.AuthenticationService - %s\n"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ('Authentication attempt from 192.0.2.1 for user "pippo" failed.', ("failed", "pippo")),
        ('Authentication attempt from 192.0.2.1 for user "null" failed.', ("failed", None)),
        ('Authentication attempt from [192.0.2.1, 10.0.0.1] for user "a" failed.', ("failed", "a")),
        ('User "a" successfully authenticated from [192.0.2.1, 10.0.0.1].', ("success", "a")),
        ('User "a" successfully authenticated from 192.0.2.1.', ("success", "a")),
    ],
)
def test_each_outcome(said, expected):
    assert brief(LOGBACK % ("WARN ", said), "outcome", "user", "orig_h") == [
        (*expected, "192.0.2.1")
    ]


def test_the_time_may_be_on_the_line_before():
    text = (
        "apr 15, 2013 8:34:08 PM org.slf4j.impl.JCLLoggerAdapter warn\n"
        'WARNING: Authentication attempt from 192.0.2.1 for user "pippo" failed.\n'
    )
    assert brief(text, "ts", "user") == [(datetime(2013, 4, 15, 20, 34, 8, tzinfo=UTC), "pippo")]


def test_a_client_that_is_blocked_is_locked_out():
    said = 'Blocking authentication attempt from address "192.0.2.1" due to number of failures.'
    assert brief(LOGBACK % ("WARN ", said), "event", "orig_h") == [("lockout", "192.0.2.1")]


def test_other_lines_tell_of_no_logon():
    head = LOGBACK % ("INFO ", 'User "a" successfully authenticated from 192.0.2.1.')
    assert len(rows(head + LOGBACK % ("INFO ", 'User "a" connected to connection "1".'))) == 1
