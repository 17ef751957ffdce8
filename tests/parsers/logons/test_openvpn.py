"""OpenVPN's server log."""

from __future__ import annotations

import pytest

from tests.parsers.logons.lines import brief, framed, rows

AT = "2026-11-24 06:00:43 "
CLIENT = "203.0.113.66:34036"
VERIFIED = f"{CLIENT} VERIFY OK: depth=0, O=Corp Example, CN=alice"
PASSWORD = f"{CLIENT} TLS: Username/Password authentication succeeded for username 'al' "
INITIATED = f"{CLIENT} [alice] Peer Connection Initiated with [AF_INET]{CLIENT}"
REFUSED = f"{CLIENT} TLS Auth Error: Auth Username/Password verification failed for peer"
ANSWERED = f"{CLIENT} SENT CONTROL [alice]: 'AUTH_FAILED' (status=1)"
PUSHED = f"alice/{CLIENT} SENT CONTROL [alice]: 'PUSH_REPLY,route 10.0.0.0' (status=1)"
LEFT = f"alice/{CLIENT} SIGTERM[soft,remote-exit] received, client-instance exiting"


def own(*texts):
    return "".join(f"{AT}{text}\n" for text in texts)


def test_a_certificate_and_a_password():
    assert brief(own(VERIFIED, INITIATED)) == [
        ("success", "alice", "203.0.113.66", 34036, "certificate", 1)
    ]
    assert brief(own(VERIFIED, PASSWORD, INITIATED)) == [
        ("success", "al", "203.0.113.66", 34036, "password", 1)
    ]


def test_a_refused_password_is_one_failure_and_no_logon():
    text = own(
        VERIFIED,
        REFUSED,
        ANSWERED,
        ANSWERED,
        INITIATED,
        f"{CLIENT} SIGTERM[soft,delayed-exit] received, client-instance exiting",
    )
    assert brief(text) == [("failed", "alice", "203.0.113.66", 34036, "password", 1)]


def test_a_password_that_is_checked_later():
    deferred = PASSWORD.replace("succeeded", "deferred")
    assert brief(own(VERIFIED, deferred, INITIATED, PUSHED), "outcome") == [("success",)]
    assert brief(own(VERIFIED, deferred, INITIATED, ANSWERED), "outcome") == [("failed",)]


def test_a_challenge_is_no_failure():
    challenge = ANSWERED.replace("AUTH_FAILED", "AUTH_FAILED,CRV1:R,E:x:y:code")
    assert brief(own(VERIFIED, challenge, INITIATED, PUSHED), "outcome", "method") == [
        ("success", "mfa")
    ]


def test_a_refused_certificate_names_its_holder():
    text = own(
        f"{CLIENT} VERIFY ERROR: depth=0, error=certificate revoked: O=Corp, CN=eve, serial=4",
        f"{CLIENT} TLS Error: TLS handshake failed",
    )
    assert brief(text, "outcome", "user", "method") == [("failed", "eve", "certificate")]


def test_a_new_key_is_no_new_logon_and_the_end_is_told():
    renewed = PASSWORD.replace(CLIENT, f"alice/{CLIENT}")
    text = own(VERIFIED, PASSWORD, INITIATED, renewed, PUSHED, LEFT)
    assert brief(text, "event", "user", "detail") == [
        ("logon", "al", None), ("logoff", "al", "soft,remote-exit")
    ]  # fmt: skip


def test_a_name_that_a_plugin_gave_is_of_the_next_failure():
    named = "AUTH-PAM: BACKGROUND: user 'bob' failed to authenticate: Authentication failure"
    assert brief(own(named, REFUSED), "user", "orig_h") == [("bob", "203.0.113.66")]
    assert brief(framed("openvpn[1]", "user 'bob' could not authenticate."), "user", "orig_h") == [
        ("bob", None)
    ]


@pytest.mark.parametrize("program", ["openvpn[901]", "ovpn-server[901]", "openvpn@server[901]"])
def test_lines_in_syslog(program):
    assert brief(framed(program, VERIFIED, INITIATED), "user", "host") == [("alice", "gw01")]


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("udp4:203.0.113.66:34036", ("203.0.113.66", 34036)),
        ("[AF_INET6]2001:db8::1:1194", ("2001:db8::1", 1194)),
        ("2001:db8::1", ("2001:db8::1", None)),
    ],
)
def test_how_a_client_is_written(at, expected):
    text = own(f"{at} [alice] Peer Connection Initiated with {at}")
    assert brief(text, "orig_h", "orig_p") == [expected]


@pytest.mark.parametrize(
    "said",
    [
        f"{CLIENT} TLS Error: TLS handshake failed",
        f"TLS Error: cannot locate HMAC in incoming packet from [AF_INET]{CLIENT}",
        f"{CLIENT} SIGUSR1[soft,connection-reset] received, client-instance restarting",
        f"TCP connection established with [AF_INET]{CLIENT}",
    ],
)
def test_handshakes_without_credentials_are_no_logon(said):
    assert rows(own("OpenVPN 2.6.14 x86_64-pc-linux-gnu", said)) == []
