"""strongSwan's charon, in its own file and in syslog."""

from __future__ import annotations

import pytest

from tests.parsers.logons.lines import brief, framed, rows

ENDS = "10.20.0.10[vpn.example]...203.0.113.66[roadwarrior]"
BEGUN = "09[IKE] 203.0.113.66 is initiating an IKE_SA"
PSK = "12[IKE] authentication of 'roadwarrior' with pre-shared key successful"
ESTABLISHED = f"12[IKE] IKE_SA rw[1] established between {ENDS}"
DELETING = f"12[IKE] deleting IKE_SA rw[1] between {ENDS}"
REFUSED = "10[IKE] tried 1 shared key for 'vpn.example' - 'roadwarrior', but MAC mismatched"
EAP = "16[IKE] EAP-MS-CHAPv2 verification failed, retry (1)"
IDENTITY = "13[IKE] received EAP identity 'alice'"


def own(number, *texts):
    return "".join(
        f"Nov 24 06:16:32 {text.replace('] ', f'] <rw|{number}> ', 1)}\n" for text in texts
    )


def syslog(*texts):
    return framed("charon", *texts)


def test_a_logon_and_its_end():
    text = syslog(BEGUN, PSK, "12[IKE] authentication of 'vpn.example' (myself) with EAP",
                  ESTABLISHED, DELETING)  # fmt: skip
    assert brief(text, "event", "outcome", "user", "orig_h", "method", "session") == [
        ("logon", "success", "roadwarrior", "203.0.113.66", "psk", "rw[1]"),
        ("logoff", None, "roadwarrior", "203.0.113.66", None, "rw[1]"),
    ]


def test_its_own_file_tells_the_port_and_the_association():
    packet = "12[NET] received packet: from 203.0.113.66[4500] to 10.20.0.10[4500] (400 bytes)"
    text = own(2, BEGUN, packet, REFUSED)
    assert brief(text, "outcome", "user", "orig_h", "orig_p", "session") == [
        ("failed", "roadwarrior", "203.0.113.66", 4500, "2")
    ]


def test_eap_names_who_it_is_and_may_ask_again():
    assert brief(syslog(BEGUN, IDENTITY, EAP, EAP), "outcome", "user", "orig_h", "method") == [
        ("failed", "alice", "203.0.113.66", "eap")
    ] * 2  # fmt: skip


def test_associations_that_go_on_at_once_are_told_apart_by_their_numbers():
    other = BEGUN.replace("203.0.113.66", "192.0.2.1")
    text = (own(1, BEGUN) + own(2, other) + own(1, IDENTITY)
            + own(2, IDENTITY.replace("alice", "bob")) + own(1, EAP) + own(2, EAP))  # fmt: skip
    assert brief(text, "user", "orig_h") == [("alice", "203.0.113.66"), ("bob", "192.0.2.1")]


def test_which_of_several_clients_it_was_is_not_guessed():
    text = syslog(BEGUN, BEGUN.replace("203.0.113.66", "192.0.2.1"), IDENTITY, EAP)
    assert brief(text, "outcome", "orig_h") == [("failed", None)]


def test_a_failure_in_general_does_not_repeat_one_in_particular():
    general = "10[IKE] EAP method EAP_RADIUS failed for peer 203.0.113.66"
    particular = "10[IKE] RADIUS authentication of 'alice' failed"
    assert brief(own(1, particular, general), "user") == [("alice",)]
    assert len(rows(own(1, general))) == 1


@pytest.mark.parametrize(("said", "outcome"), [("successful", "success"), ("failed", "failed")])
def test_xauth_names_who_it_is(said, outcome):
    text = own(1, BEGUN, f"10[IKE] XAuth authentication of 'carol' {said}", ESTABLISHED)
    assert brief(text, "outcome", "user", "method")[0] == (outcome, "carol", "xauth")


def test_what_the_gateway_initiates_is_no_logon_to_it():
    text = syslog("09[IKE] initiating IKE_SA rw[1] to 203.0.113.66", ESTABLISHED, DELETING)
    assert rows(text) == []


def test_a_scan_is_no_logon():
    assert rows(syslog(BEGUN, "09[IKE] remote host is behind NAT")) == []
