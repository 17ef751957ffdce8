from __future__ import annotations

import itertools
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.services.dns import (
    HEAD,
    HEAD_OF_STREAM,
    MOST_QUESTIONS,
    Dns,
    DnsTcp,
    NetbiosNames,
    begins,
    begins_tcp,
)
from parsers.services.parser import NOTHING, ORIG, RESP
from parsers.services.recogniser import VIOLATIONS_UNTIL

NAME = b"\3www\7example\3com\0"
ASKED = NAME + b"\0\1\0\1"
POINTED = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\1"
OPT = b"\0\0\x29\x10\0\0\0\0\0\0\0"
ANSWER, NOT_FOUND, UPDATE = 0x8180, 0x8183, 0x2800


def message(*parts: bytes, flags: int = 0x0100, counts: tuple[int, ...] = (1, 0, 0, 0)) -> bytes:
    return struct.pack(">HHHHHH", 7, flags, *counts) + b"".join(parts)


QUERY = message(ASKED, OPT, counts=(1, 0, 0, 1))
REPLY = message(ASKED, POINTED, flags=ANSWER, counts=(1, 1, 0, 0))
TOO_MANY = message(ASKED * 26, counts=(MOST_QUESTIONS + 1, 0, 0, 0))


def framed(*messages: bytes) -> bytes:
    return b"".join(len(each).to_bytes(2) + each for each in messages)


@pytest.mark.parametrize(
    "octets",
    [
        QUERY,
        REPLY,
        message(ASKED, flags=NOT_FOUND),
        message(ASKED, POINTED, flags=UPDATE, counts=(1, 0, 1, 0)),
        message(b"\x20" + b"CK" * 16 + b"\0\0\x21\0\1", flags=0),  # NetBIOS
        message(NAME + b"\0\x0c\x80\1", flags=0),  # multicast, with its bit in the class
        message(POINTED.replace(b"\xc0\x0c", NAME), flags=0x8400, counts=(0, 1, 0, 0)),
        QUERY + b"padding",
    ],
)
def test_one_message_confirms(octets):
    parser = Dns()
    parser.data(ORIG, octets, 0)
    assert begins(octets, b"")
    assert begins(b"", octets)
    assert parser.confirmed
    assert not parser.failed
    assert not parser.rows


LAX = [
    QUERY[:-1],
    message(ASKED, flags=0x0140),  # the reserved bit
    message(ASKED, flags=0x0103),  # a question with an outcome
    message(counts=(0, 0, 0, 0)),
    message(NAME + b"\0\0\0\1"),
    message(NAME + b"\0\1\0\2"),
    message(ASKED, counts=(1, 0, 9, 9)),
    message(b"\x40" + b"a" * 64 + b"\0\0\1\0\1"),  # a label that is too long
    message((b"\x3f" + b"a" * 63) * 4 + b"\0\0\1\0\1"),  # a name that is
    message(b"\xc0\x0c\0\1\0\1"),  # a name that points at itself
    message(b"\xff\xff\0\1\0\1"),
]


@pytest.mark.parametrize("octets", LAX)
def test_what_is_not_right_confirms_only_where_it_is_expected(octets):
    parser = Dns()
    parser.data(ORIG, octets, 0)
    assert begins(octets, b"") is False
    assert HEAD.match(octets)
    assert parser.confirmed


@pytest.mark.parametrize(
    "octets",
    [
        REPLY[:-1],
        QUERY[:11],
        message(ASKED, counts=(2, 0, 0, 0)),
        message(NAME + b"\0\1\0"),
        message(b"\x09www\0"),
        message(ASKED, flags=0x1800),  # an operation that there is not
        message(ASKED, counts=(1, 1, 0, 0)),
        TOO_MANY,
    ],
)
def test_what_cannot_be_read_confirms_nowhere(octets):
    parser = Dns()
    parser.data(ORIG, octets, 0)
    assert begins(octets, b"") is False
    assert not parser.confirmed


@pytest.mark.parametrize("data", [b"\0\2\1\2", b"\0\0\1", b"\0\4\1\2\3"])
def test_an_address_has_four_bytes(data):
    parser = Dns()
    parser.data(RESP, message(ASKED, POINTED[:-6] + data, flags=ANSWER, counts=(1, 1, 0, 0)), 0)
    assert not parser.confirmed


def test_netbios_has_other_operations_and_longer_labels():
    asked = message(ASKED, flags=0x7800)
    long = message(b"\x80" + b"a" * 128 + b"\0\0\x20\0\1" + bytes(0))
    for octets in (asked, long[:100] + long[101:-1]):
        netbios, other = NetbiosNames(), Dns()
        for parser in (netbios, other):
            parser.data(ORIG, octets, 0)
        assert (netbios.confirmed, other.confirmed) == (octets is asked, octets is not asked)


def test_an_operation_that_is_passed_over_takes_no_name_away():
    parser = Dns()
    parser.data(ORIG, message(ASKED, flags=0x0800), 0)
    assert not parser.confirmed
    parser.data(RESP, REPLY, 0)
    parser.data(ORIG, message(ASKED, flags=0x0800), 0)
    assert parser.confirmed


def test_where_it_is_expected_other_protocols_do_not_begin_like_it():
    tpkt = bytes.fromhex("0300002b26e00000000000")
    assert HEAD_OF_STREAM.match(framed(QUERY))
    assert not HEAD_OF_STREAM.match(tpkt)
    assert not HEAD_OF_STREAM.match(b"SSH-2.0-OpenSSH_9.9")
    assert not HEAD.match(b"\x38" + bytes(range(1, 14)))  # OpenVPN
    assert not HEAD.match(TOO_MANY)


@given(st.binary(max_size=600), st.integers(0, 80), st.integers(0, 255))
def test_whatever_is_in_a_message_is_met(octets, at, flipped):
    reply = bytearray(REPLY + octets)
    reply[at % len(reply)] ^= flipped
    for parser in (Dns(), NetbiosNames(), DnsTcp()):
        parser.data(ORIG, bytes(reply), 0)
        parser.data(ORIG, octets, 0)


def test_nothing_tells_nothing():
    assert begins(b"", b"") is None
    assert begins_tcp(b"", b"") is None


def test_one_side_is_enough_where_the_other_was_cut():
    assert begins(QUERY, REPLY[:20])


def test_a_message_that_cannot_be_read_is_passed_over_until_one_can():
    parser = Dns()
    parser.data(ORIG, QUERY[:20], 0)
    parser.data(RESP, REPLY, 0)
    assert parser.confirmed


def test_what_is_never_dns_is_given_up():
    parser = Dns()
    for _ in range(VIOLATIONS_UNTIL // 1000 + 1):
        parser.data(ORIG, b"\x18" * 4 + bytes(996), 0)
    assert parser.failed == "not_dns"


def test_too_many_questions_take_the_name_back():
    parser = Dns()
    parser.data(ORIG, QUERY, 0)
    parser.data(ORIG, TOO_MANY, 0)
    assert not parser.confirmed
    assert parser.failed == "dns_violation"
    parser.data(ORIG, QUERY, 0)
    assert not parser.confirmed


def test_after_many_bytes_nothing_changes_and_no_more_is_wanted():
    parser = Dns()
    for _ in range(VIOLATIONS_UNTIL // len(QUERY) + 1):
        assert parser.wants == [0, 0]
        parser.data(ORIG, QUERY, 0)
    assert parser.wants == [NOTHING, NOTHING]
    parser.data(ORIG, TOO_MANY, 0)
    assert parser.confirmed
    assert not parser.failed


@given(cuts=st.sets(st.integers(1, 120)), late=st.booleans())
def test_streams_cut_anyhow_tell_the_same(cuts, late):
    stream = framed(QUERY, REPLY) + framed(TOO_MANY) * late
    parser = DnsTcp()
    edges = [0, *sorted(cuts), len(stream)]
    for begin, end in itertools.pairwise(edges):
        parser.data(ORIG, stream[begin:end], 0)
    assert parser.confirmed is not late


def test_a_stream_begins_with_a_whole_message_or_much_of_one():
    stream = framed(QUERY)
    assert [begins_tcp(stream[:end], b"") for end in range(len(stream))] == [None] * len(stream)
    assert begins_tcp(stream, b"")
    assert begins_tcp(b"", stream)
    long = framed(message(ASKED, POINTED * 99, flags=ANSWER, counts=(1, 99, 0, 0)))
    assert begins_tcp(b"", long[:200]) is None
    assert begins_tcp(b"", long[:256]) is True


@pytest.mark.parametrize(
    "stream",
    [
        b"\0\x0b" + QUERY,
        b"\0\x1c" + QUERY,
        QUERY,
        b"GET / HTTP/1.1\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.9\r\n",
        b"\0\0",
        framed(b"\x18" * 4 + b"\0" * 300),
    ],
)
def test_other_streams_are_refused(stream):
    parser = DnsTcp()
    parser.data(ORIG, stream, 0)
    assert begins_tcp(stream, b"") is False
    assert parser.failed == "not_dns"


def test_a_stream_holds_no_more_than_a_message_of_each_side():
    parser = DnsTcp()
    parser.data(ORIG, framed(QUERY), 0)
    for _ in range(200):
        parser.data(ORIG, framed(QUERY) * 9, 0)
    assert parser.wants == [NOTHING, NOTHING]
    assert not any(parser._held)
