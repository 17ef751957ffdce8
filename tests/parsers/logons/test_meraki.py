from __future__ import annotations

import pytest

from parsers.logons import meraki
from parsers.logons.message import Unreadable
from tests.parsers.logons.appliance_lines import rows_of, said

RADIUS = (
    "1673596676.426899545 mx1 events type=anyconnect_vpn_auth_{} msg= 'RADIUS[374] Server "
    "IP=192.0.2.5 Server port=1812 Peer IP=198.51.100.1 Peer port=56735{}: Authentication request "
    "{}. '"
)
ACCEPTED = RADIUS.format("success", " User=ann", "accepted")
REJECTED = RADIUS.format("failure", "", "rejected")
CONNECTED = (
    "1673596677.814828766 mx1 events anyconnect_vpn_connect user id 'ann@example.com' local ip "
    "10.0.0.9 connected from 198.51.100.1"
)
COLUMNS = ("outcome", "service", "user", "orig_h", "orig_p", "ts", "host")


def test_answers_of_radius():
    at = 1_673_596_676_426_899_545
    assert said(rows_of(meraki, ACCEPTED, REJECTED), *COLUMNS) == [
        ("success", "anyconnect", "ann", "198.51.100.1", 56735, at, "mx1"),
        ("failed", "anyconnect", None, "198.51.100.1", 56735, at, "mx1"),
    ]


def test_a_connection_is_a_logon_where_no_answer_was_told():
    assert len(rows_of(meraki, ACCEPTED, CONNECTED)) == 1
    assert said(rows_of(meraki, CONNECTED), "user", "outcome") == [("ann@example.com", "success")]
    later = CONNECTED.replace("1673596677", "1673599999")
    assert len(rows_of(meraki, ACCEPTED, later)) == 2


def test_other_events_are_passed_over_and_other_forms_are_unreadable():
    assert rows_of(meraki, ACCEPTED.replace("auth_success", "session_manager")) == []
    with pytest.raises(Unreadable, match="unknown_form_of_auth_success"):
        rows_of(meraki, ACCEPTED.replace("Peer IP", "Peer"))
