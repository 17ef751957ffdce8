from __future__ import annotations

import pytest

from parsers.services.logons import FAILED, SUCCESS
from parsers.services.ssl_vpn_logon import ASKS, GNUTLS
from tests.parsers.services.records_seen import FINISHED, seen12, seen13

FORMS = FINISHED + "C982 S504 C986 S517 C1054 "
OCSERV = {"ja3s": min(GNUTLS)}
SOFTETHER = {"server_name": "192.0.2.10"}
WATERMARK = FINISHED + "C269 S74 S74 S469 C2312 S1110 C3551 S816 "


def told(text, row):
    rows = [row for _, row in ASKS.tell(seen13(text, **row))]
    return [(each["service"], each["outcome"], each["attempts"]) for each in rows]


def anyconnect(text):
    return [each[1:] for each in told(text, OCSERV)]


def test_who_asks_for_the_tunnel_next_was_let_in():
    assert anyconnect(FORMS + "S684 C1145 S910 C25 S25") == [(SUCCESS, 1)]
    assert anyconnect(FORMS + "S684 C645 S712 C85 S85 C77") == [(SUCCESS, 1)]


def test_who_gets_the_form_again_was_refused():
    assert anyconnect(FORMS + "S531 Cx Sx") == [(FAILED, 1)]
    assert anyconnect(FORMS + "S531 C1054 S531 C1050 S74 s19 Sx") == [(FAILED, 3)]


def test_a_password_may_fit_in_the_end():
    assert anyconnect(FORMS + "S531 C1058 S684 C1145 S910 C25") == [(FAILED, 1), (SUCCESS, 1)]


@pytest.mark.parametrize("rest", ["", "S531", "S684 Cx Sx", "S684 C1145 Cx", "Cx Sx"])
def test_what_does_not_go_on_is_not_judged(rest):
    assert anyconnect(FORMS + rest) == []


@pytest.mark.parametrize(
    "text",
    [
        "C91 S504 C19 Cx S19 Sx",
        "C982 S504 C986 S5170 C1054 S531 Cx",
        "C982 S504 C900 S517 C1054 S531",
    ],
)
def test_other_conversations_are_not_its(text):
    assert anyconnect(FINISHED + text) == []


def test_softether_refuses_and_the_client_leaves():
    assert told(WATERMARK + "Cx S19 Sx", SOFTETHER) == [("softether", FAILED, 1)]
    assert told(WATERMARK + "S343 C475 C67 S67", SOFTETHER) == [("softether", SUCCESS, 1)]
    assert told(WATERMARK, SOFTETHER) == []
    assert told(WATERMARK + "s19 Sx Cx", SOFTETHER) == []
    assert told(FINISHED + "C212 S74 S74 Cx", SOFTETHER) == []


def test_nothing_is_wanted_of_any_other_web_site():
    assert not ASKS.when({"ja3s": "15af977ce25de452b96affa2addb1036", "server_name": "www.test"})
    assert ASKS.when(OCSERV)
    assert ASKS.when(SOFTETHER)
    assert ASKS.tell(seen12("C80 S90", cipher="TLS_RSA_WITH_RC4_128_SHA", **OCSERV)) == []
