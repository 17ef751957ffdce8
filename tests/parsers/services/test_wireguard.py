from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.services.parser import NOTHING, ORIG, RESP
from parsers.services.wireguard import MOST_DATA, NO_ANSWER, NO_DATA, Wireguard, begins
from tests.parsers.services.conversations import fed, without_logons

SECOND = 1_000_000_000
CLIENT, SERVER, OTHER = b"clnt", b"srvr", b"othr"

Said = list[tuple[int, bytes]]


def message(kind: int, *parts: bytes, size: int) -> bytes:
    return (bytes((kind, 0, 0, 0)) + b"".join(parts)).ljust(size, b"\0")


def initiation(sender: bytes = CLIENT, mac2: bytes = bytes(16)) -> bytes:
    return message(1, sender, b"k" * 124, mac2, size=148)


def response(receiver: bytes = CLIENT, sender: bytes = SERVER) -> bytes:
    return message(2, sender, receiver, b"k" * 64, size=92)


def cookie_reply(receiver: bytes = CLIENT) -> bytes:
    return message(3, receiver, b"n" * 56, size=64)


def transport(receiver: bytes, counter: int, size: int = 96) -> bytes:
    return message(4, receiver, counter.to_bytes(8, "little"), b"d" * (size - 16), size=size)


def replay(said: Said) -> Wireguard:
    return without_logons(fed(Wireguard(), said))


def row(established: bool, initiations: int, responses: int, ts: int = SECOND) -> object:
    return (
        "wireguard",
        {
            "ts": ts,
            "established": established,
            "initiations": initiations,
            "responses": responses,
        },
    )


SESSION: Said = [(ORIG, initiation()), (RESP, response()), (ORIG, transport(SERVER, 0, 32))]


def test_a_handshake_that_stands_is_a_row_and_ends_the_reading():
    parser = replay(SESSION[:2])
    assert parser.rows == [row(True, 1, 1)]
    assert parser.confirmed
    assert parser.wants == [NOTHING, NOTHING]


def test_data_behind_it_is_not_looked_at():
    parser = replay([*SESSION, (RESP, b"anything"), (ORIG, initiation())])
    assert parser.rows == [row(True, 1, 1)]
    assert not parser.failed


def test_initiations_that_nobody_answers_are_a_row_without_proof():
    parser = replay([(ORIG, initiation(bytes((each,)) * 4)) for each in range(1, 7)])
    assert parser.rows == [row(False, 6, 0)]
    assert not parser.confirmed


def test_a_late_answer_to_a_repeated_initiation_stands():
    said = [(ORIG, initiation(OTHER)), (ORIG, initiation()), (RESP, response())]
    assert replay(said).rows == [row(True, 2, 1)]


def test_an_answer_to_another_handshake_does_not_stand():
    parser = replay([(ORIG, initiation()), (RESP, response(OTHER))])
    assert parser.rows == [row(False, 1, 1)]
    assert not parser.confirmed


def test_a_cookie_proves_the_protocol_but_no_handshake():
    parser = replay([(ORIG, initiation()), (RESP, cookie_reply())])
    assert parser.rows == [row(False, 1, 0)]
    assert parser.confirmed


def test_a_handshake_begun_by_the_responder_stands():
    assert replay([(RESP, initiation()), (ORIG, response())]).rows == [row(True, 1, 1)]


def test_a_response_whose_initiation_is_missing_is_proven_by_the_data():
    parser = replay([(RESP, response()), (ORIG, transport(SERVER, 0))])
    assert parser.rows == [row(False, 0, 1)]
    assert parser.confirmed


def test_a_session_from_before_the_capture_is_proven_by_its_counters():
    said = [(ORIG, transport(SERVER, 7)), (RESP, transport(CLIENT, 3))]
    parser = replay([*said, (ORIG, transport(SERVER, 8))])
    assert not parser.confirmed
    parser = replay([*said, (ORIG, transport(SERVER, 8)), (RESP, transport(CLIENT, 5))])
    assert parser.confirmed
    assert parser.rows == []
    assert parser.wants == [NOTHING, NOTHING]


@pytest.mark.parametrize(
    "last", [transport(CLIENT, 3), transport(OTHER, 4), transport(CLIENT, 1 << 20)]
)
def test_counters_that_do_not_go_on_prove_nothing(last):
    said = [
        (ORIG, transport(SERVER, 7)),
        (ORIG, transport(SERVER, 8)),
        (RESP, transport(CLIENT, 3)),
    ]
    assert not replay([*said, (RESP, last)]).confirmed


def test_endless_data_of_one_side_is_given_up():
    parser = replay([(ORIG, transport(SERVER, each)) for each in range(MOST_DATA)])
    assert parser.wants == [NOTHING, NOTHING]
    assert not parser.confirmed


@pytest.mark.parametrize(
    "stray",
    [
        initiation() + b"\0",
        initiation()[:-1],
        response()[:-1],
        cookie_reply() + b"\0",
        transport(SERVER, 0)[:31],
        message(5, size=148),
        b"\1",
        b"GET / HTTP/1.1\r\n",
    ],
)
def test_what_is_no_message_ends_it_and_keeps_the_row(stray):
    parser = replay([(ORIG, initiation()), (RESP, stray)])
    assert parser.failed == "not_wireguard"
    assert parser.rows == [row(False, 1, 0)]


def test_an_empty_datagram_tells_nothing():
    assert replay([(ORIG, b""), *SESSION]).rows == [row(True, 1, 1, ts=2 * SECOND)]


def test_it_begins_with_an_initiation_and_what_gives_back_its_index():
    assert begins(b"", b"") is None
    assert begins(initiation(), b"") is True
    assert begins(initiation(), response()) is True
    assert begins(initiation(), cookie_reply()) is True
    assert begins(initiation(), response(OTHER)) is False
    assert begins(initiation(), b"no") is False
    assert begins(initiation(mac2=b"cookie was given"), b"") is None
    assert begins(initiation(mac2=b"cookie was given"), response()) is True


def test_it_begins_with_data_only_where_both_sides_send_some():
    assert begins(transport(SERVER, 1), b"") is None
    assert begins(transport(SERVER, 1), transport(CLIENT, 1)) is True
    assert begins(transport(SERVER, 1 << 32), transport(CLIENT, 1)) is False


@pytest.mark.parametrize("at", range(4))
def test_a_byte_away_is_refused(at):
    for kind in (initiation(), response(), cookie_reply(), transport(SERVER, 0)):
        near = bytearray(kind)
        near[at] ^= 0x10
        assert begins(bytes(near), b"") is False
        assert begins(b"", bytes(near)) is False
        assert begins(initiation(), bytes(near)) is False


@pytest.mark.parametrize("at", range(8, 12))
def test_an_index_a_byte_away_is_refused(at):
    near = bytearray(response())
    near[at] ^= 1
    assert begins(initiation(), bytes(near)) is False


@pytest.mark.parametrize("size", [0, 1, 4, 31, 63, 65, 91, 93, 147, 149, 1500])
def test_a_size_away_is_refused(size):
    for kind in (1, 2, 3):
        octets = message(kind, size=size)[:size]
        assert begins(octets, b"") is (None if not octets else False)


@given(at=st.integers(0, 2), bit=st.integers(0, 147 * 8))
def test_no_flipped_bit_is_an_exception(at, bit):
    side, octets = SESSION[at]
    flipped = bytearray(octets)
    flipped[bit // 8 % len(octets)] ^= 1 << bit % 8
    assert len(replay([*SESSION[:at], (side, bytes(flipped)), *SESSION[at:]]).rows) <= 1


@pytest.mark.parametrize("at", range(3))
def test_every_truncation_ends_with_at_most_a_row(at):
    side, octets = SESSION[at]
    for length in range(len(octets)):
        assert len(replay([*SESSION[:at], (side, octets[:length])]).rows) <= 1


@given(st.lists(st.tuples(st.sampled_from([ORIG, RESP]), st.binary(max_size=200)), max_size=8))
def test_no_bytes_are_an_exception(said):
    assert len(replay(said).rows) <= 1
    for _, octets in said:
        assert begins(octets, b"") in (None, False)
        assert begins(initiation(), octets) in (True, False)


def logons(said: Said) -> list[tuple[str, str | None]]:
    rows = fed(Wireguard(), said).rows
    return [(row["outcome"], row["detail"]) for table, row in rows if table == "logon"]


def test_data_of_the_initiator_accepts_the_answer():
    assert logons(SESSION) == [("success", None)]
    assert logons([*SESSION[:2], (RESP, transport(CLIENT, 0)), SESSION[2]]) == [("success", None)]


def test_an_answer_that_no_data_follows_is_not_judged():
    assert logons(SESSION[:2]) == [("unknown", NO_DATA)]
    assert logons([*SESSION[:2], (ORIG, initiation(OTHER))]) == [("unknown", NO_DATA)]


def test_initiations_that_nobody_answers_are_a_refusal_or_no_server():
    assert logons([(ORIG, initiation())] * 3) == [("failed", NO_ANSWER)]
    assert logons([(ORIG, initiation())] * 2) == []
    assert logons([(RESP, initiation())] * 3) == []
    assert logons([*[(ORIG, initiation())] * 3, (RESP, response(OTHER))]) == []


def test_a_handshake_begun_by_the_responder_is_no_logon():
    assert logons([(RESP, initiation()), (ORIG, response()), (RESP, transport(SERVER, 0))]) == []


def test_one_datagram_of_the_initiator_is_wanted_behind_the_handshake():
    parser = Wireguard()
    for side, octets in SESSION[:2]:
        parser.data(side, octets, 0)
    assert parser.wants == [0, 0]
    parser.data(*SESSION[2], 0)
    assert parser.wants == [NOTHING, NOTHING]
