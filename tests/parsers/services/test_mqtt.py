from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.services.mqtt import CONNECT_MAX, Mqtt, begins
from parsers.services.parser import NOTHING, ORIG, RESP

PLAIN = b"\x10\x0e\0\4MQTT\4\2\0\x3c\0\2me"
LOGIN = b"\x10\x28\0\4MQTT\4\xc2\0\x3c\0\x0asensor-001\0\5admin\0\x09secret123"
OLD = b"\x10\x10\0\6MQIsdp\3\2\0\5\0\2me"
ALL = [PLAIN, LOGIN, OLD]


def replay(*pieces: bytes) -> Mqtt:
    parser = Mqtt()
    for octets in pieces:
        parser.data(ORIG, octets, 0)
    return parser


@pytest.mark.parametrize("connect", ALL)
def test_a_client_that_connects_confirms_it(connect):
    parser = replay(connect)
    assert (parser.confirmed, parser.failed) == (True, "")
    assert parser.wants == [NOTHING, NOTHING]
    for length in range(len(connect)):
        assert not replay(connect[:length]).confirmed


@pytest.mark.parametrize("connect", ALL)
def test_pieces_do_not_matter(connect):
    for at in range(len(connect)):
        assert replay(connect[:at], connect[at:]).confirmed


def test_of_the_server_nothing_is_wanted():
    parser = Mqtt()
    assert parser.wants == [0, NOTHING]
    parser.data(RESP, b"\x20\2\0\0", 0)
    parser.gap(RESP, 9, 0)
    assert not parser.failed
    parser.gap(ORIG, 9, 0)
    assert parser.failed == "content_gap"


def test_a_length_may_take_four_bytes():
    name = b"x" * 300
    texts = b"\0\4MQTT\4\2\0\x3c" + len(name).to_bytes(2) + name
    assert replay(b"\x10\xb8\2" + texts).confirmed
    assert replay(b"\x10\xb8\x82\x80\0" + texts).confirmed


def test_texts_beyond_the_message_are_none():
    parser = replay(PLAIN[:-4] + b"\0\3me")
    assert (parser.confirmed, parser.failed) == (False, "message_too_short")


def test_a_message_that_is_too_long_is_given_up():
    parser = replay(b"\x10\xff\xff\xff\x7f\0\4MQTT\4", b"x" * CONNECT_MAX)
    assert parser.failed == "message_too_long"
    assert replay(b"GET /").failed == "not_mqtt"


@given(st.binary(max_size=32), st.integers(0, 1 << 9))
def test_no_bytes_are_an_exception(octets, bit):
    replay(octets)
    replay(b"\x10" + octets)
    flipped = bytearray(LOGIN)
    flipped[bit // 8 % len(LOGIN)] ^= 1 << bit % 8
    replay(bytes(flipped))


@pytest.mark.parametrize("connect", ALL)
def test_it_begins_with_the_name_of_the_protocol(connect):
    assert begins(connect, b"") is True
    assert begins(connect, b"\x20\2\0\0") is True
    for length in range(9):
        assert begins(connect[:length], b"") is None


@pytest.mark.parametrize("at", [0, 2, 3, 4, 5, 6, 7, 8])
def test_a_byte_away_is_refused(at):
    connect = bytearray(PLAIN)
    connect[at] ^= 0x20
    assert begins(bytes(connect), b"") is False
    assert begins(PLAIN, b"\x30") is False
    assert begins(b"\x10\xff\xff\xff\xff\0\4MQTT\4", b"") is False
