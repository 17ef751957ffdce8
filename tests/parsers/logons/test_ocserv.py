"""ocserv."""

from __future__ import annotations

from tests.parsers.logons.lines import brief, framed, rows

SERVED = "main: map worker serving remote address 203.0.113.66:58264 to secmod instance 0"
SENT = "worker[alice]: 203.0.113.66 sending message 'sm: auth cont' to secmod"
GO_ON = "worker[alice]: 203.0.113.66 received auth reply message (value: 2)"
NO = "worker[alice]: 203.0.113.66 received auth reply message (value: 3)"
FAILED = "worker[alice]: 203.0.113.66 worker-auth.c:1724: failed authentication for 'alice'"


def worker(*texts):
    return framed("ocserv[5761]", *texts)


def asked(method):
    return worker(SERVED) + framed(
        "ocserv[5750]",
        "sec-mod: received request from pid 5761 and uid 65534",
        f"sec-mod: using '{method}' authentication to authenticate user (session: RfxJQl)",
    )


def test_a_logon_and_its_end():
    text = asked("plain") + worker(GO_ON, SENT) + framed(
        "ocserv[5745]",
        "sec-mod: initiating session for user 'alice' (session: RfxJQl)",
        "main[alice]:203.0.113.66:58264 user logged in",
        "main[alice]:203.0.113.66:58264 user disconnected (reason: user left, rx: 3, tx: 1)",
    )  # fmt: skip
    columns = ("event", "outcome", "user", "orig_h", "orig_p", "method", "session", "detail")
    assert brief(text, *columns) == [
        ("logon", "success", "alice", "203.0.113.66", 58264, "password", "RfxJQl", None),
        ("logoff", None, "alice", "203.0.113.66", 58264, None, "RfxJQl", "user left"),
    ]


def test_a_password_that_is_asked_for_again_was_wrong():
    text = asked("plain") + worker(GO_ON, SENT, GO_ON, SENT, GO_ON, SENT, NO, FAILED)
    assert brief(text, "outcome", "user", "orig_p", "attempts") == [
        ("failed", "alice", 58264, 1)
    ] * 3  # fmt: skip


def test_a_method_that_may_ask_for_more_leaves_it_open():
    text = asked("radius") + worker(GO_ON, SENT, GO_ON)
    assert brief(text, "outcome", "detail") == [("unknown", "asked for more")]


def test_a_failure_is_told_without_the_debug_log():
    assert brief(worker(FAILED), "outcome", "user", "orig_h") == [
        ("failed", "alice", "203.0.113.66")
    ]


def test_a_client_that_is_banned_is_locked_out():
    text = worker("main: added IP '203.0.113.66' (with score 80) to ban list, will be reset at: x")
    assert brief(text, "event", "orig_h") == [("lockout", "203.0.113.66")]


def test_a_probe_is_no_logon():
    end = "main:203.0.113.66:58264 user disconnected (reason: unspecified, rx: 0, tx: 0)"
    assert rows(worker(SERVED, "worker: 203.0.113.66 accepted connection", end)) == []
