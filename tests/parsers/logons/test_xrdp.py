"""xrdp and its session manager."""

from __future__ import annotations

from tests.parsers.logons.lines import brief, framed, rows

AT = "[20261124-05:57:3%d] [INFO ] "
CONNECTED = "Socket 12: AF_INET connection received from 203.0.113.66 port 47562\n"


def test_the_session_manager_names_user_and_client():
    text = (
        AT % 1 + "AUTHFAIL: user=al ice ip=203.0.113.66 time=1795499918\n"
        + AT % 2 + "++ created session (access granted): username alice, ip 203.0.113.66:47562"
        " - socket: 12\n"
        + AT % 3 + "++ terminated session:  username alice, display :10.0, session_pid 2163,"
        " ip 203.0.113.66:47562 - socket: 12\n"
    )  # fmt: skip
    assert brief(text, "event", "outcome", "user", "orig_h", "orig_p", "session") == [
        ("logon", "failed", "al ice", "203.0.113.66", None, None),
        ("logon", "success", "alice", "203.0.113.66", 47562, None),
        ("logoff", None, "alice", "203.0.113.66", 47562, "10.0"),
    ]


def test_an_ipv6_client_with_and_without_a_port():
    text = "".join(
        AT % 2 + f"++ created session (access granted): username a, ip {at}\n"
        for at in ("[2001:db8::1]:5 - socket: 12", "2001:db8::1")
    )
    assert brief(text, "orig_h", "orig_p") == [("2001:db8::1", 5), ("2001:db8::1", None)]


def test_xrdp_tells_the_client_first_and_the_outcome_twice():
    text = (
        AT % 1 + CONNECTED
        + AT % 2 + "xrdp_wm_log_msg: login failed for user alice\n"
        + AT % 2 + "login failed for user alice\n"
        + AT % 3 + CONNECTED
        + AT % 4 + "login successful for user alice on display 10\n"
    )  # fmt: skip
    assert brief(text, "outcome", "user", "orig_h", "orig_p", "session") == [
        ("failed", "alice", "203.0.113.66", 47562, None),
        ("success", "alice", "203.0.113.66", 47562, "10"),
    ]


def test_which_of_several_clients_it_was_is_not_guessed():
    text = (
        AT % 1 + CONNECTED + AT % 1 + CONNECTED.replace("203.0.113.66", "192.0.2.1")
        + AT % 2 + "login failed for user alice\n"
    )  # fmt: skip
    assert brief(text, "user", "orig_h") == [("alice", None)]


def test_pams_words_count_where_the_session_manager_says_nothing():
    failure = "pam_unix(xrdp-sesman:auth): authentication failure; tty=xrdp-sesman rhost=  user=a"
    opened = "pam_unix(xrdp-sesman:session): session opened for user a(uid=1) by (uid=0)"
    closed = "pam_unix(xrdp-sesman:session): session closed for user a"
    assert brief(framed("xrdp-sesman[1]", failure, opened, closed), "event", "outcome") == [
        ("logon", "success"), ("logoff", None), ("logon", "failed")
    ]  # fmt: skip
    said = "[INFO ] AUTHFAIL: user=a ip=203.0.113.66 time=1"
    assert brief(framed("xrdp-sesman[1]", failure, said), "orig_h") == [("203.0.113.66",)]
    said = "[INFO ] ++ created session (access granted): username a, ip 203.0.113.66:1"
    assert brief(framed("xrdp-sesman[1]", said, opened), "orig_h") == [("203.0.113.66",)]


def test_a_scan_is_no_logon():
    text = AT % 1 + CONNECTED + AT % 2 + "Security protocol: configured [SSL], selected [SSL]\n"
    assert rows(text) == []
