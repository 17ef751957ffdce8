from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.services.mysql import PACKET_MAX, Mysql, begins
from parsers.services.parser import NOTHING, ORIG, RESP


def packet(number: int, octets: bytes) -> bytes:
    return len(octets).to_bytes(3, "little") + bytes([number]) + octets


GREETING = packet(0, b"\x0a8.0.21\0" + bytes(40))
ANSWER = packet(1, (0x0001A685).to_bytes(4, "little") + bytes(28) + b"root\0\2pw")
ASKS_FOR_TLS = packet(1, (0x0001AE85).to_bytes(4, "little") + bytes(28))

Said = list[tuple[int, bytes]]
PLAIN: Said = [(RESP, GREETING), (ORIG, ANSWER)]
TLS: Said = [(RESP, GREETING), (ORIG, ASKS_FOR_TLS + b"\x16\x03\x01")]


def replay(said: Said) -> Mysql:
    parser = Mysql()
    for side, octets in said:
        parser.data(side, octets, 0)
    return parser


def state(parser: Mysql) -> tuple[object, ...]:
    return parser.confirmed, parser.failed, parser.tls_begins, parser.wants


def test_the_answer_to_the_handshake_confirms_it():
    assert not replay(PLAIN[:1]).confirmed
    parser = replay(PLAIN)
    assert state(parser) == (True, "", False, [NOTHING, NOTHING])
    assert replay(PLAIN[::-1]).confirmed


def test_a_client_may_ask_for_tls():
    parser = replay(TLS)
    assert state(parser) == (True, "", True, [NOTHING, NOTHING])
    assert parser.rest == [b"\x16\x03\x01", b""]


def test_the_old_version_has_no_tls():
    parser = replay([(RESP, packet(0, b"\x093.20\0")), TLS[1]])
    assert (parser.confirmed, parser.tls_begins) == (True, False)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ([(RESP, packet(0, b"\xff\x6a\x04too many"))], "unknown_version"),
        ([(RESP, packet(1, b"\x0a8.0.21\0"))], "no_handshake"),
        ([(RESP, packet(0, b""))], "no_handshake"),
        ([(RESP, GREETING), (ORIG, packet(0, b"x"))], "no_handshake"),
        ([(RESP, b"\xff\xff\xff\0")], "no_handshake"),
        ([PLAIN[0], (ORIG, packet(1, bytes(32) + b"root\0\3pw"))], "unreadable_answer"),
        ([PLAIN[0], (ORIG, packet(1, bytes(32) + b"root"))], "unreadable_answer"),
        ([(ORIG, bytes(PACKET_MAX + 1))], "packet_too_long"),
    ],
)
def test_what_is_no_handshake_fails(said, reason):
    assert state(replay(said)) == (False, reason, False, [NOTHING, NOTHING])


def test_a_gap_ends_it_unless_nothing_is_wanted():
    parser = replay(PLAIN[:1])
    parser.gap(ORIG, 9, 0)
    assert parser.failed == "content_gap"
    parser = replay(PLAIN)
    parser.gap(ORIG, 9, 0)
    assert not parser.failed


@pytest.mark.parametrize("said", [PLAIN, TLS])
@given(data=st.data())
def test_pieces_do_not_matter(said, data):
    parser = Mysql()
    for side, octets in said:
        cuts = data.draw(st.lists(st.integers(0, len(octets)), max_size=4).map(sorted))
        for start, stop in zip([0, *cuts], [*cuts, len(octets)], strict=True):
            parser.data(side, octets[start:stop], 0)
    assert state(parser) == state(replay(said))


@given(
    st.lists(st.tuples(st.sampled_from([ORIG, RESP]), st.binary(max_size=64)), max_size=8),
    st.integers(0, 1 << 10),
)
def test_no_bytes_are_an_exception(said, bit):
    replay(said)
    replay([*PLAIN[:1], *said])
    flipped = bytearray(GREETING)
    flipped[bit // 8 % len(flipped)] ^= 1 << bit % 8
    replay([(RESP, bytes(flipped)), PLAIN[1]])


def test_it_begins_with_a_handshake_and_an_answer():
    assert begins(ANSWER, GREETING) is True
    assert begins(b"", GREETING) is None
    for length in range(12):
        assert begins(b"", GREETING[:length]) is None
    for length in range(4):
        assert begins(ANSWER[:length], GREETING) is None


@pytest.mark.parametrize("at", [2, 3, 4, 5, 10])
def test_a_byte_away_is_refused(at):
    greeting = bytearray(GREETING)
    greeting[at] ^= 0x80
    assert begins(ANSWER, bytes(greeting)) is False


def test_an_answer_has_the_next_number():
    assert begins(packet(2, bytes(32)), GREETING) is False
    assert begins(b"GET /", GREETING) is False
