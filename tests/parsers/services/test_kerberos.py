from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.services.certificates import LATEST
from parsers.services.der import (
    BIT_STRING,
    GENERALIZED_TIME,
    INTEGER,
    OCTET_STRING,
    OID,
    SEQUENCE,
    encode,
)
from parsers.services.kerberos import LONGEST, Krb, KrbTcp, begins, begins_tcp
from parsers.services.parser import NOTHING, ORIG, RESP
from parsers.services.recogniser import VIOLATIONS_UNTIL
from tests.parsers.services.conversations import SECOND, fed
from tests.parsers.services.tls_messages import CERTIFICATE

AS_REQ, AS_REP, TGS_REQ, TGS_REP, AP_REQ, KRB_ERROR = 10, 11, 12, 13, 14, 30
GENERAL_STRING = 0x1B


def field(index: int, value: int) -> bytes:
    return encode(0xA0 + index, encode(INTEGER, bytes((value,))))


def other(index: int, size: int = 5) -> bytes:
    return encode(0xA0 + index, encode(OCTET_STRING, bytes(size)))


def message(kind: int, *fields: bytes) -> bytes:
    return encode(0x60 + kind, encode(SEQUENCE, b"".join(fields)))


def held(index: int, *values: bytes) -> bytes:
    return encode(0xA0 + index, encode(SEQUENCE, b"".join(values)))


def text(index: int, value: bytes) -> bytes:
    return encode(0xA0 + index, encode(GENERAL_STRING, value))


def name(index: int, *parts: bytes) -> bytes:
    return held(index, field(0, 1), held(1, *(encode(GENERAL_STRING, part) for part in parts)))


def body(*fields: bytes) -> bytes:
    options = encode(0xA0, encode(BIT_STRING, bytes.fromhex("0040800010")))
    till = encode(0xA5, encode(GENERALIZED_TIME, b"20370913024805Z"))
    return held(4, options, *fields, text(2, b"EXAMPLE.COM"), name(3, b"krbtgt", b"EX"), till)


def pre_authentication(index: int, kind: int, value: bytes) -> bytes:
    data = encode(SEQUENCE, field(1, kind) + encode(0xA2, encode(OCTET_STRING, value)))
    return held(index, data)


def ticket(cipher: int = 18) -> bytes:
    secret = held(3, field(0, cipher), other(2))
    parts = field(0, 5) + text(1, b"EXAMPLE.COM") + name(2, b"krbtgt", b"EXAMPLE.COM") + secret
    return encode(0xA5, encode(0x61, encode(SEQUENCE, parts)))


def reply(kind: int, *before: bytes, cipher: int = 18) -> bytes:
    client = text(3, b"EXAMPLE.COM") + name(4, b"ann")
    return message(kind, field(0, 5), field(1, kind), *before, client, ticket(cipher), other(6))


def error(code: int, *more: bytes) -> bytes:
    fields = (field(0, 5), field(1, KRB_ERROR), other(4), field(6, code))
    return message(KRB_ERROR, *fields, name(10, b"krbtgt", b"EXAMPLE.COM"), *more)


ASKS = message(AS_REQ, field(1, 5), field(2, AS_REQ), body(name(1, b"ann")))
ASKS_MUCH = message(
    TGS_REQ, field(1, 5), field(2, TGS_REQ), pre_authentication(3, 1, bytes(1500)), body()
)
GIVES = reply(AS_REP)
REFUSES = error(24)
ASKED = {
    "request_type": "AS",
    "client": "ann/EXAMPLE.COM",
    "service": "krbtgt/EX",
    "till": 2_136_422_885 * SECOND,
    "forwardable": True,
    "renewable": True,
}
GIVEN = {"service": "krbtgt/EXAMPLE.COM", "cipher": "aes256-cts-hmac-sha1-96", "success": True}


def row(*datagrams: bytes) -> dict[str, Any]:
    """What the messages of one connection make, the originator's first, then in turns."""
    parser = fed(Krb(), [(side % 2, octets) for side, octets in enumerate(datagrams)])
    ((table, told),) = parser.rows
    assert table == "kerberos"
    return told


def framed(*messages: bytes) -> bytes:
    return b"".join(len(each).to_bytes(4) + each for each in messages)


@pytest.mark.parametrize("octets", [ASKS, ASKS_MUCH, GIVES, REFUSES])
def test_one_message_confirms(octets):
    parser, over_tcp = Krb(), KrbTcp()
    parser.data(ORIG, octets, 0)
    over_tcp.data(RESP, framed(octets), 0)
    assert begins(octets, b"")
    assert begins_tcp(b"", framed(octets))
    assert parser.confirmed
    assert over_tcp.confirmed


@pytest.mark.parametrize(
    "octets",
    [
        ASKS[:-1],
        ASKS + b"\0",
        b"\x69" + ASKS[1:],
        ASKS.replace(b"\x30", b"\x31", 1),
        message(AS_REQ, field(1, 4), field(2, AS_REQ), body()),
        message(AS_REQ, field(1, 5), field(2, TGS_REQ), body()),
        message(AS_REQ, field(0, 5), field(2, AS_REQ), body()),
        message(AS_REQ, field(1, 5), field(2, AS_REQ)),
        message(AS_REQ, field(1, 5), field(2, AS_REQ), other(4)),
        message(AS_REQ, field(1, 5), other(2), body()),
        message(AS_REQ),
        encode(0x6A, ASKS),
        encode(0x6A, b""),
        b"\x6a",
    ],
)
def test_near_misses_are_refused(octets):
    parser, over_tcp = Krb(), KrbTcp()
    parser.data(ORIG, octets, 0)
    over_tcp.data(ORIG, framed(octets), 0)
    assert begins(octets, b"") is False
    assert begins_tcp(framed(octets), b"") is False
    assert parser.failed == "not_krb"
    assert over_tcp.failed == "not_krb_tcp"
    assert not parser.confirmed
    assert not over_tcp.confirmed


def test_what_cannot_be_read_takes_the_name_back():
    parser, over_tcp = Krb(), KrbTcp()
    for octets in (ASKS, GIVES[:-1]):
        parser.data(ORIG, octets, 0)
        over_tcp.data(ORIG, framed(octets), 0)
    assert not parser.confirmed
    assert not over_tcp.confirmed


@given(cuts=st.sets(st.integers(1, 1600)))
def test_streams_cut_anyhow_tell_the_same(cuts):
    stream = framed(ASKS_MUCH, ASKS)
    parser = KrbTcp()
    edges = [0, *sorted(cuts), len(stream)]
    for begin, end in itertools.pairwise(edges):
        parser.data(ORIG, stream[begin:end], 0)
    assert parser.confirmed
    assert not parser.failed


def test_the_heads_of_a_long_message_are_enough_to_begin():
    stream = framed(ASKS_MUCH)
    answers = [begins_tcp(stream[:end], b"") for end in range(len(stream) + 1)]
    assert answers == [None] * 24 + [True] * (len(stream) - 23)


@pytest.mark.parametrize(
    "stream",
    [
        framed(b"\x16\x03\1\2"),
        (LONGEST + 1).to_bytes(4) + ASKS,
        b"GET / HTTP/1.1\r\n",
        (len(ASKS) + 1).to_bytes(4) + ASKS,
        framed(b""),
        b"\0\0\5\xf0\x6c\x85",
    ],
)
def test_other_streams_are_refused(stream):
    parser = KrbTcp()
    parser.data(ORIG, stream, 0)
    assert begins_tcp(stream, b"") is False
    assert parser.failed in {"not_krb_tcp", "message_too_long"}


def test_after_many_bytes_and_with_its_row_no_more_is_wanted():
    parser = KrbTcp()
    for _ in range(VIOLATIONS_UNTIL // len(ASKS_MUCH) + 1):
        parser.data(ORIG, framed(ASKS_MUCH), 0)
    assert parser.confirmed
    assert parser.wants == [0, 0]
    parser.data(RESP, framed(GIVES), 0)
    assert parser.wants == [NOTHING, NOTHING]


def test_a_ticket_is_given():
    assert row(ASKS, GIVES) == {"ts": SECOND, **ASKED, **GIVEN}


def test_a_ticket_for_a_service_names_the_client_in_the_reply():
    told = row(ASKS_MUCH, reply(TGS_REP, cipher=23))
    assert (told["request_type"], told["client"]) == ("TGS", "ann/EXAMPLE.COM")
    assert told["cipher"] == "rc4-hmac"


def test_a_password_is_wrong():
    told = {"success": False, "error_msg": "KDC_ERR_PREAUTH_FAILED"}
    assert row(ASKS, error(24)) == {"ts": SECOND, **ASKED, "service": "krbtgt/EXAMPLE.COM", **told}


def test_the_servers_own_text_goes_before_the_name_of_the_error():
    assert row(ASKS, error(24, text(11, b"LOCKED_OUT")))["error_msg"] == "LOCKED_OUT"
    assert row(ASKS, error(30))["error_msg"] is None


def test_an_error_alone_names_its_client():
    client = text(7, b"EXAMPLE.COM") + name(8, b"ann")
    assert row(error(6, client))["client"] == "ann/EXAMPLE.COM"
    assert row(error(6, text(7, b"EXAMPLE.COM")))["client"] == "EXAMPLE.COM"
    assert "client" not in row(error(6))


def test_to_be_asked_for_a_password_is_no_row_where_the_server_says_so():
    told = row(ASKS, error(25, text(11, b"NEEDED_PREAUTH")), ASKS, GIVES)
    assert (told["ts"], told["success"]) == (3 * SECOND, True)


def test_a_connection_makes_one_row():
    assert row(ASKS, GIVES, ASKS, REFUSES)["success"] is True


def test_what_is_not_answered_has_its_row_at_the_end():
    assert row(ASKS) == {"ts": SECOND, **ASKED}
    parser = KrbTcp()
    parser.data(ORIG, framed(ASKS), 1)
    parser.gap(RESP, 100, 2)
    assert parser.rows == [("kerberos", {**ASKED, "ts": 1})]
    unreadable = Krb()
    unreadable.data(ORIG, ASKS, 1)
    unreadable.data(RESP, GIVES[:-1], 1)
    assert unreadable.rows == parser.rows


def test_a_ticket_that_is_shown_makes_an_empty_row():
    shown = message(AP_REQ, field(0, 5), field(1, AP_REQ), *map(other, (2, 3, 4)))
    assert row(shown) == {"ts": SECOND}


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ((b"ann",), "ann"),
        ((b"HTTP", b"a.example"), "HTTP/a.example"),
        ((b"ldap\0x", b"dc", b"example"), "ldap/dc/example"),
        ((b"a", b"b", b"c", b"d"), "unknown"),
        ((), "unknown"),
        ((b"\xff",), "\\xff"),
    ],
)
def test_names_are_told_as_zeek_tells_them(parts: tuple[bytes, ...], told: str):
    asks = message(AS_REQ, field(1, 5), field(2, AS_REQ), held(4, name(1, *parts)))
    assert row(asks)["client"] == f"{told}/"


@pytest.mark.parametrize(
    ("time", "told"),
    [
        (b"19700101000000Z", 0),
        (b"20370913024805Z", 2_136_422_885 * SECOND),
        (b"99991231235959Z", LATEST),
        (b"20371313024805Z", None),
        (b"19691231235959Z", None),
        (b"2037091302480Z", None),
        (b"", None),
    ],
)
def test_times_that_are_none_are_not_told(time: bytes, told: int | None):
    asks = message(
        AS_REQ,
        field(1, 5),
        field(2, AS_REQ),
        held(4, encode(0xA4, encode(GENERALIZED_TIME, time))),
    )
    assert row(asks).get("from") == told


def signed(certificates: bytes) -> bytes:
    parts = (encode(INTEGER, b"\3"), encode(0x31, b""), encode(SEQUENCE, b""), certificates)
    content = encode(0xA0, encode(SEQUENCE, b"".join(parts)))
    return encode(SEQUENCE, encode(OID, bytes.fromhex("2a864886f70d010702")) + content)


def test_certificates_of_both_sides_have_rows_and_name_their_subjects():
    certificates = signed(encode(0xA0, CERTIFICATE))
    of_client = pre_authentication(3, 16, encode(SEQUENCE, encode(0x80, certificates)))
    of_server = pre_authentication(
        2, 17, encode(0xA0, encode(SEQUENCE, encode(0x80, certificates)))
    )
    asks = message(AS_REQ, field(1, 5), field(2, AS_REQ), of_client, body())
    parser = fed(Krb(), [(ORIG, asks), (RESP, reply(AS_REP, of_server))])
    first, second, (table, told) = parser.rows
    assert [first[0], second[0], table] == ["x509", "x509", "kerberos"]
    assert (first[1]["client_cert"], second[1]["client_cert"]) == (True, False)
    subject = first[1]["certificate_subject"]
    assert (told["client_cert_subject"], told["server_cert_subject"]) == (subject, subject)


@pytest.mark.parametrize("value", [signed(b""), b"", encode(SEQUENCE, b""), b"\x30\x05abc"])
def test_who_is_anonymous_has_no_certificate(value: bytes):
    anonymous = pre_authentication(3, 16, value)
    asks = message(AS_REQ, field(1, 5), field(2, AS_REQ), anonymous, body(name(1, b"ann")))
    assert row(asks) == {"ts": SECOND, **ASKED}


PK_INIT = message(
    AS_REQ,
    field(1, 5),
    field(2, AS_REQ),
    pre_authentication(3, 16, encode(SEQUENCE, encode(0x80, signed(encode(0xA0, CERTIFICATE))))),
    body(name(1, b"ann")),
)


@pytest.mark.parametrize("octets", [GIVES, REFUSES, PK_INIT])
@given(data=st.data())
def test_broken_messages_never_raise(octets: bytes, data: st.DataObject):
    broken = bytearray(octets)
    for _ in range(data.draw(st.integers(1, 3))):
        broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
    fed(Krb(), [(ORIG, ASKS), (RESP, bytes(broken))])
    fed(Krb(), [(ORIG, bytes(broken))])
