from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.services.der import INTEGER, OCTET_STRING, SEQUENCE, encode
from parsers.services.kerberos import LONGEST, Krb, KrbTcp, begins, begins_tcp
from parsers.services.parser import NOTHING, ORIG, RESP
from parsers.services.recogniser import VIOLATIONS_UNTIL

AS_REQ, AS_REP, TGS_REQ, KRB_ERROR = 10, 11, 12, 30


def field(index: int, value: int) -> bytes:
    return encode(0xA0 + index, encode(INTEGER, bytes((value,))))


def other(index: int, size: int = 5) -> bytes:
    return encode(0xA0 + index, encode(OCTET_STRING, bytes(size)))


def message(kind: int, *fields: bytes) -> bytes:
    return encode(0x60 + kind, encode(SEQUENCE, b"".join(fields)))


ASKS = message(AS_REQ, field(1, 5), field(2, AS_REQ), other(3), other(4))
ASKS_MUCH = message(TGS_REQ, field(1, 5), field(2, TGS_REQ), other(3, 1500), other(4))
GIVES = message(AS_REP, field(0, 5), field(1, AS_REP), *map(other, (3, 4, 5, 6)))
REFUSES = message(KRB_ERROR, field(0, 5), field(1, KRB_ERROR), *map(other, (4, 5, 6, 9, 10)))


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
        message(AS_REQ, field(1, 4), field(2, AS_REQ), other(4)),
        message(AS_REQ, field(1, 5), field(2, TGS_REQ), other(4)),
        message(AS_REQ, field(0, 5), field(2, AS_REQ), other(4)),
        message(AS_REQ, field(1, 5), field(2, AS_REQ)),
        message(AS_REQ, field(1, 5), other(2), other(4)),
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


def test_after_many_bytes_no_more_is_wanted():
    parser = KrbTcp()
    for _ in range(VIOLATIONS_UNTIL // len(ASKS_MUCH) + 1):
        parser.data(ORIG, framed(ASKS_MUCH), 0)
    assert parser.confirmed
    assert parser.wants == [NOTHING, NOTHING]
