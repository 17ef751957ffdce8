"""Logons over HTTP: credentials, challenges and what the status of the answer says of them."""

from __future__ import annotations

import random
import struct
from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.services.http import Http
from parsers.services.http_logon import USER_MAX, Challenged, Shown, credential
from parsers.services.parser import ORIG, RESP
from tests.parsers.services.conversations import SECOND, fed
from tests.parsers.services.smb_messages import kerberos, neg_init, neg_resp

UNICODE = 1
TICKET = kerberos()
BASIC = b"Authorization: Basic " + b64encode(b"bob:secret:word") + b"\r\n"
ASKS = b'WWW-Authenticate: Basic realm="a, NTLM b"\r\nWWW-Authenticate: Negotiate, Bearer\r\n'
DIGEST = b'Authorization: Digest uri="/, username=\\"eve\\"", username="CORP\\\\bob", nc=1\r\n'


def get(*fields, uri=b"/", method=b"GET"):
    return ORIG, b"%b %b HTTP/1.1\r\nHost: h\r\n%b\r\n" % (method, uri, b"".join(fields))


def answer(status, *fields):
    head = b"HTTP/1.1 %d S\r\nContent-Length: 0\r\n%b\r\n"
    return RESP, head % (status, b"".join(fields))


def shows(scheme, token, name=b"Authorization"):
    return b"%b: %b %b\r\n" % (name, scheme, b64encode(token))


def goes_on(scheme, token=b"more"):
    return shows(scheme, token, b"WWW-Authenticate")


def ntlm(kind, *, user="bob", domain="CORP", workstation="PC", flags=UNICODE):
    if kind != 3:
        return b"NTLMSSP\0" + struct.pack("<I", kind) + bytes(28)
    letters = "utf-16-le" if flags & UNICODE else "ascii"
    parts = [b"lm", b"nt", *(each.encode(letters) for each in (domain, user, workstation)), b""]
    places, body = b"", b""
    for part in parts:
        places += struct.pack("<HHI", len(part), len(part), 64 + len(body))
        body += part
    return b"NTLMSSP\0" + struct.pack("<I", 3) + places + struct.pack("<I", flags) + body


NTLM = (
    get(shows(b"NTLM", ntlm(1))),
    answer(401, goes_on(b"NTLM", ntlm(2))),
    get(shows(b"NTLM", ntlm(3))),
)


def told(*said, port=80, columns=("user", "method", "outcome", "detail")):
    return [tuple(row.get(name) for name in columns) for row in logons(*said, port=port)]


def logons(*said, port=80):
    return [row for table, row in fed(Http(port), said).rows if table == "logon"]


def test_a_refused_password():
    agent = b"User-Agent: " + b"x" * 200 + b"\r\n"
    assert logons(get(agent, BASIC), answer(401, ASKS)) == [
        {
            "ts": SECOND,
            "service": "http",
            "known_by": "the status of the answer",
            "software": "x" * 160,
            "user": "bob",
            "method": "basic",
            "outcome": "failed",
            "attempts": 1,
            "confidence": 1.0,
            "detail": None,
            "offered": ["basic", "bearer", "negotiate"],
        }
    ]


@pytest.mark.parametrize(
    ("status", "outcome", "detail"),
    [
        (200, "success", None),
        (302, "success", None),
        (401, "failed", None),
        (403, "unknown", "forbidden"),
        (404, "unknown", "answered 404"),
        (500, "unknown", "answered 500"),
    ],
)
def test_the_status_tells(status, outcome, detail):
    assert told(get(BASIC), answer(status)) == [("bob", "basic", outcome, detail)]


def test_the_status_behind_an_interim_one_tells():
    assert told(get(BASIC), answer(100), answer(401)) == [("bob", "basic", "failed", None)]


def test_an_attempt_that_nobody_answers():
    (row,) = logons(get(BASIC))
    assert (row["outcome"], row["detail"], row["confidence"]) == ("unknown", "no answer", 0.0)


def test_the_password_is_nowhere():
    parser = fed(Http(), [get(BASIC), answer(401, ASKS)])
    assert "secret" not in repr(parser.rows)


def test_basic_without_a_colon_names_nobody():
    assert told(get(shows(b"Basic", b"secret")), answer(401)) == [(None, "basic", "failed", None)]


def test_repeated_credentials_that_are_let_in_count_once():
    once = [get(BASIC), answer(200)]
    assert told(*once, *once, get(BASIC), answer(404)) == [("bob", "basic", "success", None)]


def test_every_refusal_counts():
    assert len(told(*[get(BASIC), answer(401)] * 3, get(BASIC), answer(200))) == 4


def test_another_password_that_is_let_in_counts():
    other = shows(b"Basic", b"bob:other")
    assert len(told(get(BASIC), answer(200), get(other), answer(200))) == 2


@pytest.mark.parametrize(
    ("parameters", "user"),
    [
        (b'username="bob"', "bob"),
        (b'realm="x", username = bob', "bob"),
        (b'uri="/, username=\\"eve\\"", username="CORP\\\\bob"', "CORP\\bob"),
        (b'username="CORP\\bob"', "CORP\\bob"),
        (b'username="bob', "bob"),
        (b'username="0a1b", userhash=true', None),
        (b'xusername="bob"', None),
        (b'username="' + b"b" * 1000 + b'"', "b" * USER_MAX),
    ],
)
def test_digest_names_the_user(parameters, user):
    said = get(b"Authorization: Digest " + parameters + b"\r\n"), answer(401)
    assert told(*said) == [(user, "digest", "failed", None)]


def test_a_stale_nonce_is_no_failure():
    stale = b'WWW-Authenticate: Digest realm="r", stale=TRUE\r\n'
    said = get(DIGEST), answer(401, stale), get(DIGEST), answer(200)
    assert told(*said) == [("CORP\\bob", "digest", "success", None)]


@pytest.mark.parametrize(("status", "outcome"), [(200, "success"), (401, "failed")])
def test_the_last_message_of_ntlm_is_the_attempt(status, outcome):
    assert told(*NTLM, answer(status)) == [("CORP\\bob", "ntlm", outcome, "workstation PC")]


def test_ntlm_that_begins_and_stops_is_no_attempt():
    assert told(*NTLM[:2]) == []


def test_ntlm_that_is_refused_and_challenged_anew_has_failed():
    said = *NTLM, answer(401, goes_on(b"NTLM", ntlm(2)))
    assert told(*said, columns=("outcome",)) == [("failed",)]


def test_ntlm_in_other_letters_than_unicode():
    said = *NTLM[:2], get(shows(b"NTLM", ntlm(3, flags=0))), answer(401)
    assert told(*said) == [("CORP\\bob", "ntlm", "failed", "workstation PC")]


def test_ntlm_of_nobody():
    nobody = ntlm(3, user="", domain="", workstation="")
    assert told(*NTLM[:2], get(shows(b"NTLM", nobody)), answer(401)) == [
        (None, "ntlm", "failed", None)
    ]


def test_ntlm_within_negotiate():
    said = (
        get(shows(b"Negotiate", neg_init(ntlm(1)))),
        answer(401, goes_on(b"Negotiate", neg_resp(1, ntlm(2)))),
        get(shows(b"Negotiate", neg_resp(1, ntlm(3)))),
        answer(200),
    )
    assert told(*said) == [("CORP\\bob", "ntlm", "success", "workstation PC")]


@pytest.mark.parametrize("scheme", [b"Negotiate", b"Kerberos"])
@pytest.mark.parametrize("token", [TICKET, neg_init(TICKET)])
def test_a_ticket_names_nobody_and_is_less_sure(scheme, token):
    (row,) = logons(get(shows(scheme, token)), answer(200))
    assert (row["method"], row["user"], row["outcome"]) == ("kerberos", None, "success")
    assert row["confidence"] == 0.9


def test_a_negotiation_that_goes_on_is_no_failure():
    begun = get(shows(b"Negotiate", neg_init(TICKET))), answer(401, goes_on(b"Negotiate"))
    assert told(*begun) == []
    assert told(*begun, get(shows(b"Negotiate", b"rest")), answer(401)) == [
        (None, "negotiate", "failed", None)
    ]


def test_credssp_counts_once_the_server_has_gone_on():
    sent = get(shows(b"CredSSP", b"\x16\x03\x03"))
    assert told(sent, answer(401)) == []
    assert told(sent, answer(401, goes_on(b"CredSSP")), sent, answer(401)) == [
        (None, "credssp", "failed", None)
    ]


@pytest.mark.parametrize(
    "value", [b"Bearer eyJ", b"Basicx eA==", b"Negotiate", b"NTLM !!!", b"Hawk id=1", b""]
)
def test_what_is_no_attempt(value):
    assert told(get(b"Authorization: %b\r\n" % value), answer(401)) == []


def test_a_proxy_and_the_server_behind_it():
    both = get(BASIC, shows(b"Basic", b"eve:x", b"Proxy-Authorization"), uri=b"http://h/wsman")
    columns = ("service", "user", "outcome")
    assert told(both, answer(407), columns=columns) == [("http", "eve", "failed")]
    assert sorted(told(both, answer(401), columns=columns)) == [
        ("http", "eve", "success"),
        ("winrm", "bob", "failed"),
    ]


def test_a_proxy_that_opens_a_tunnel():
    asked = get(BASIC.replace(b"A", b"Proxy-A", 1), uri=b"h:443", method=b"CONNECT")
    opened = RESP, b"HTTP/1.1 200 OK\r\n\r\n"
    assert told(asked, opened, columns=("user", "outcome")) == [("bob", "success")]


@pytest.mark.parametrize(
    ("method", "uri", "port", "service"),
    [
        (b"POST", b"/wsman", 80, "winrm"),
        (b"POST", b"/WSMan?PSVersion=5", 80, "winrm"),
        (b"POST", b"http://h:8080/wsman/a", 80, "winrm"),
        (b"POST", b"/wsmanager", 80, "http"),
        (b"GET", b"/", 5985, "winrm"),
        (b"GET", b"/", 47001, "winrm"),
        (b"RDG_OUT_DATA", b"/x", 80, "rdgateway"),
        (b"GET", b"/RemoteDesktopGateway/", 80, "rdgateway"),
        (b"RPC_IN_DATA", b"/rpc/rpcproxy.dll?localhost:3388", 80, "rdgateway"),
        (b"RPC_IN_DATA", b"/rpc/rpcproxy.dll?exchange:6001", 80, "http"),
        (b"GET", b"/?/wsman", 80, "http"),
    ],
)
def test_what_is_logged_on_to(method, uri, port, service):
    said = get(BASIC, method=method, uri=uri), answer(401)
    assert told(*said, port=port, columns=("service",)) == [(service,)]


def test_passwords_in_the_clear_are_told_once_of_who_shows_none():
    (row,) = logons(*[get(uri=b"/wsman"), answer(401, ASKS)] * 2)
    assert (row["service"], row["outcome"], row["attempts"]) == ("winrm", "unknown", 0)
    assert row["offered"] == ["basic", "bearer", "negotiate"]
    assert (row["ts"], row.get("user"), row.get("method")) == (SECOND, None, None)


def test_who_shows_them_then_is_told_without():
    assert len(logons(get(), answer(401, ASKS), get(BASIC), answer(401, ASKS))) == 1


@pytest.mark.parametrize(
    "said",
    [
        (get(), answer(401, b"WWW-Authenticate: NTLM\r\n")),
        (get(), answer(200, ASKS)),
        (get(), answer(401)),
        (get(), answer(200)),
    ],
)
def test_nothing_to_tell(said):
    assert logons(*said) == []


@pytest.mark.parametrize(
    ("value", "offered", "continued"),
    [
        (b'Basic realm="a, NTLM b", Digest nonce="\\", ntlm"', {"basic", "digest"}, set()),
        (b"Negotiate abc==, NTLM", {"negotiate", "ntlm"}, {"negotiate"}),
        (b"NTLM realm=x", {"ntlm"}, set()),
        (b"basic", {"basic"}, set()),
        (b"Basic=1, XBasic, Bas ic", set(), set()),
    ],
)
def test_challenges(value, offered, continued):
    challenged = Challenged()
    challenged.add(value)
    assert (challenged.offered, challenged.continued) == (offered, continued)


TALK = (
    get(),
    answer(401, ASKS),
    *(get(BASIC), answer(401, ASKS), get(DIGEST), answer(401)),
    *NTLM,
    answer(200),
    *(get(shows(b"Negotiate", neg_init(TICKET))), answer(200)),
)


@given(st.integers(1, 40))
def test_cut_into_pieces_it_says_the_same(size):
    pieces = [
        (side, octets[at : at + size])
        for side, octets in TALK
        for at in range(0, len(octets), size)
    ]
    columns = ("user", "method", "outcome", "offered")
    assert told(*pieces, columns=columns) == told(*TALK, columns=columns)


@pytest.mark.parametrize(
    "token", [ntlm(3), neg_init(ntlm(3)), neg_init(TICKET), neg_resp(1, ntlm(3)), TICKET]
)
def test_tokens_that_are_cut_or_damaged_are_met(token):
    chance = random.Random(7)
    for length in range(len(token)):
        credential(b"Negotiate " + b64encode(token[:length]))
        damaged = bytearray(token)
        damaged[length] = chance.randrange(256)
        credential(b"Negotiate " + b64encode(damaged))


def test_conversations_that_end_anywhere_or_are_damaged_are_met():
    chance = random.Random(11)
    for turn in range(len(TALK)):
        side, octets = TALK[turn]
        for at in range(0, len(octets), 3):
            fed(Http(), (*TALK[:turn], (side, octets[:at])))
            damaged = bytearray(octets)
            damaged[at] ^= 1 << chance.randrange(8)
            parser = Http()
            for each, sent in (*TALK[:turn], (side, bytes(damaged)), *TALK[turn + 1 :]):
                if not parser.failed:
                    parser.data(each, sent, SECOND)


@given(st.sampled_from([b"Basic ", b"Digest ", b"NTLM ", b"Kerberos ", b"CredSSP "]), st.binary())
def test_random_values_are_met(scheme, value):
    shown = Shown()
    for each in (value, scheme + value, scheme + b64encode(b"NTLMSSP\0\3\0\0\0" + value)):
        shown.credential(b"AUTHORIZATION", each)
        shown.challenge(b"WWW-AUTHENTICATE", each)


@pytest.mark.parametrize(
    "unit", [b'a="\\', b'"\\', b"a=", b"aaaa", b",  ", b"basic aa ", b"\\", b" =", b"stale "]
)
def test_long_values_are_read_in_linear_time(unit):
    shown = Shown()
    value = unit * (200_000 // len(unit))
    shown.credential(b"AUTHORIZATION", b"Digest " + value)
    shown.challenge(b"WWW-AUTHENTICATE", b"Digest " + value)
    shown.credential(b"AUTHORIZATION", b"NTLM " + value)
