"""OpenSSH's sshd: every attempt once, whatever words tell it."""

from __future__ import annotations

import pytest

from tests.parsers.logons.lines import brief, framed, rows

FROM = "203.0.113.66 port 54921"
PAM = "pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost"
CLIENT = ("203.0.113.66", 54921)


def sshd(*texts, pid=603):
    return framed(f"sshd[{pid}]", *texts)


def test_a_logon_and_its_end():
    text = sshd(
        f"Connection from {FROM} on 10.20.0.10 port 22 rdomain ''",
        f"Postponed publickey for bob from {FROM} ssh2 [preauth]",
        f"Accepted publickey for bob from {FROM} ssh2: ED25519 SHA256:O63HQ",
        "pam_unix(sshd:session): session opened for user bob(uid=2002) by (uid=0)",
    ) + sshd(
        f"Received disconnect from {FROM}:11: disconnected by user",
        f"Disconnected from user bob {FROM}",
        pid=217,
    ) + sshd("pam_unix(sshd:session): session closed for user bob")  # fmt: skip
    first, last = rows(text)
    assert {name: first[name] for name in ("event", "outcome", "user", "method", "orig_h", "orig_p",
                                           "session", "host", "detail", "service")} == {
        "event": "logon", "outcome": "success", "user": "bob", "method": "publickey",
        "orig_h": "203.0.113.66", "orig_p": 54921, "session": "603", "host": "gw01",
        "detail": "ED25519 SHA256:O63HQ", "service": "ssh",
    }  # fmt: skip
    assert (last["event"], last["user"], last["orig_p"], last["session"]) == (
        "logoff", "bob", 54921, "603"
    )  # fmt: skip
    assert "outcome" not in last
    assert "attempts" not in last


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("Failed password for a from %s ssh2", ("failed", "a", "password")),
        ("Failed password for invalid user a from %s ssh2", ("failed", "a", "password")),
        ("Failed password for illegal user a from %s ssh2", ("failed", "a", "password")),
        ("Failed password for invalid user  from %s ssh2", ("failed", None, "password")),
        ("Failed publickey for a from %s ssh2: RSA SHA256:v3", ("failed", "a", "publickey")),
        ("Failed keyboard-interactive/pam for a from %s ssh2", ("failed", "a",
                                                                "keyboard-interactive")),
        ("Failed keyboard-interactive for <invalid username> from %s", ("failed", None,
                                                                        "keyboard-interactive")),
        ("Accepted gssapi-with-mic for a from %s ssh2", ("success", "a", "kerberos")),
        ("Partial publickey for a from %s ssh2: RSA SHA256:v3", ("unknown", "a", "publickey")),
        ("Failed password for a from 192.0.2.9 from %s ssh2", ("failed", "a from 192.0.2.9",
                                                               "password")),
    ],
)  # fmt: skip
def test_each_outcome(said, expected):
    assert brief(sshd(said % FROM), "outcome", "user", "method", "orig_h", "orig_p") == [
        (*expected, *CLIENT)
    ]


def test_a_partial_success_is_said_to_be_one():
    text = sshd(f"Partial publickey for a from {FROM} ssh2: RSA SHA256:v3")
    assert brief(text, "detail") == [("partial success",)]


def test_asking_for_methods_is_no_attempt():
    assert rows(sshd(f"Failed none for a from {FROM} ssh2")) == []


def test_a_repeated_message_counts_as_often_as_it_was_repeated():
    text = sshd(f"message repeated 5 times: [ Failed password for root from {FROM} ssh2]")
    assert brief(text) == [("failed", "root", *CLIENT, "password", 5)]


def test_what_sshd_tells_is_not_told_again_by_pam_or_by_the_end():
    text = sshd(
        f"Invalid user a from {FROM}",
        "pam_unix(sshd:auth): check pass; user unknown",
        f"{PAM}=203.0.113.66 ",
        f"Failed password for invalid user a from {FROM} ssh2",
        f"Failed password for invalid user a from {FROM} ssh2",
        f"error: maximum authentication attempts exceeded for a from {FROM} ssh2 [preauth]",
        f"Disconnecting invalid user a {FROM}: Too many authentication failures [preauth]",
        "PAM 1 more authentication failure; logname= uid=0 ruser= rhost=203.0.113.66 ",
        f"Connection closed by invalid user a {FROM} [preauth]",
    )
    assert [row["attempts"] for row in rows(text)] == [1, 1]


def test_pams_words_count_where_sshd_says_nothing():
    text = sshd(
        f"{PAM}=203.0.113.66  user=root",
        "PAM 2 more authentication failures; logname= ruser= rhost=203.0.113.66  user=root",
        "Connection closed by 203.0.113.66 [preauth]",
    )
    assert brief(text) == [("failed", "root", "203.0.113.66", None, "password", 3)]


def test_two_modules_of_pam_tell_one_failure():
    other = PAM.replace("pam_unix", "pam_sss")
    text = sshd(f"{PAM}=203.0.113.66  user=a", f"{other}=203.0.113.66 user=a")
    assert brief(text, "attempts") == [(1,)]


def test_a_failure_of_one_module_of_pam_is_none_where_sshd_lets_in():
    text = sshd(f"{PAM}=203.0.113.66  user=a", f"Accepted password for a from {FROM} ssh2")
    assert brief(text, "outcome") == [("success",)]


def test_keyboard_interactive_is_told_by_pam_or_by_sshd_as_well():
    pam = "error: PAM: Authentication failure for a from 203.0.113.66"
    sshds = f"Failed keyboard-interactive/pam for a from {FROM} ssh2"
    assert brief(sshd(pam, sshds, pam), "orig_p", "attempts") == [(54921, 1), (54921, 1)]


@pytest.mark.parametrize("kind", ["authenticating", "invalid", "illegal"])
@pytest.mark.parametrize(
    "how", ["Connection closed by", "Connection reset by", "Disconnected from"]
)
def test_an_end_that_names_a_user_is_a_failure_that_is_less_sure(how, kind):
    text = sshd(f"{how} {kind} user a b 127.0.0.1 {FROM} [preauth]")
    assert brief(text, "outcome", "user", "orig_h", "orig_p", "detail", "confidence") == [
        ("failed", "a b 127.0.0.1", *CLIENT, f"{kind} user: {how.rpartition(' ')[0]}", 0.6)
    ]


def test_a_reason_is_kept_when_only_the_end_follows():
    text = sshd(
        "User root from 203.0.113.66 not allowed because not listed in AllowUsers",
        "Connection closed by invalid user root 203.0.113.66 port 54921 [preauth]",
    )
    assert brief(text, "user", "detail") == [("root", "not listed in AllowUsers")]


@pytest.mark.parametrize(
    ("said", "user", "detail"),
    [
        (f"Invalid user oracle from {FROM}", "oracle", "invalid user"),
        ("Invalid user oracle from 203.0.113.66", "oracle", "invalid user"),
        (f"ROOT LOGIN REFUSED FROM {FROM} [preauth]", "root", "ROOT LOGIN REFUSED"),
        ("User a not allowed because account is locked", "a", "account is locked"),
        ("Disconnecting: Too many authentication failures for a [preauth]", "a",
         "Too many authentication failures"),
        (f"error: maximum authentication attempts exceeded for a from {FROM} ssh2 [preauth]", "a",
         "maximum authentication attempts exceeded"),
        ("fatal: Access denied for user a by PAM account configuration [preauth]", "a",
         "Access denied"),
    ],
)  # fmt: skip
def test_each_reason_to_refuse(said, user, detail):
    assert brief(sshd(said), "outcome", "user", "detail") == [("failed", user, detail)]


def test_a_process_number_may_come_again():
    again = "198.51.100.7 port 1"
    text = sshd(f"Invalid user a from {FROM}", f"Invalid user b from {again}")
    assert brief(text, "user", "orig_h") == [("a", "203.0.113.66"), ("b", "198.51.100.7")]


def test_a_locked_account_is_an_event_of_its_own():
    text = sshd(
        "pam_faillock(sshd:auth): Consecutive login failures for user J account temporarily locked"
    )
    assert brief(text, "event", "user", "outcome") == [("lockout", "J", None)]


def test_a_name_of_a_host_is_no_address():
    text = sshd("Failed password for a from example.com port 5 ssh2")
    assert brief(text, "orig_h", "orig_p", "detail") == [(None, 5, "from example.com")]


@pytest.mark.parametrize("program", ["sshd-session", "sshd-auth"])
def test_the_programs_of_newer_versions(program):
    assert len(rows(framed(f"{program}[1]", f"Accepted password for a from {FROM} ssh2"))) == 1


@pytest.mark.parametrize(
    "said",
    [
        f"Connection from {FROM} on 10.20.0.10 port 22",
        f"Connection closed by {FROM}",
        f"Unable to negotiate with {FROM}: no matching MAC found. Their offer: a [preauth]",
        f"fatal: Timeout before authentication for {FROM}",
        "Accepted key ED25519 SHA256:O63HQ found at /home/bob/.ssh/authorized_keys:1",
        "error: kex_exchange_identification: Connection closed by remote host",
        "pam_unix(sshd:session): session opened for user bob(uid=2002) by (uid=0)",
        "Server listening on 0.0.0.0 port 22.",
    ],
)
def test_other_lines_tell_of_no_logon(said):
    assert rows(sshd(said)) == []
