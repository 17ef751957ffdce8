from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.services.ike import KEEPALIVE, MARKER, MOST_ESP, Ike, begins
from parsers.services.parser import NOTHING, ORIG, RESP
from tests.parsers.services.conversations import fed, without_logons

SECOND = 1_000_000_000
CLIENT, SERVER, OTHER, NONE = b"client_8", b"server_8", b"other_88", bytes(8)
V1, V2 = 0x10, 0x20
ASKS, ANSWERS, HIDES = 0x08, 0x20, 0x01

Said = list[tuple[int, bytes]]


def payload(following: int, content: bytes) -> bytes:
    return bytes((following, 0)) + (4 + len(content)).to_bytes(2) + content


def message(
    exchange: int,
    flags: int = 0,
    responder: bytes = SERVER,
    *,
    initiator: bytes = CLIENT,
    number: int = 0,
    version: int = V2,
    first: int = 46,
    body: bytes | None = None,
) -> bytes:
    body = payload(0, b"secret") if body is None else body
    head = (initiator, responder, first, version, exchange, flags, number, 28 + len(body))
    return struct.pack(">8s8sBBBBII", *head) + body


KEY, NONCE = payload(40, b"\0\x13\0\0key"), payload(0, b"nonce")
REQUEST = message(34, ASKS, NONE, first=34, body=KEY + NONCE)
REPLY = message(34, ANSWERS, first=34, body=KEY + NONCE)
AUTH = message(35, ASKS, number=1)
AUTH_REPLY = message(35, ANSWERS, number=1)
VENDOR = payload(0, b"\1\2")
MAIN = message(2, 0, NONE, version=V1, first=13, body=VENDOR)
MAIN_REPLY = message(2, 0, version=V1, first=13, body=VENDOR)
QUICK = message(32, HIDES, number=7, version=V1, first=8, body=b"encrypted")
ESP = b"\1\2\3\4" + b"\0\0\0\1" + b"e" * 56

INIT: Said = [(ORIG, REQUEST), (RESP, REPLY)]
NAT: Said = [(ORIG, MARKER + AUTH), (RESP, MARKER + AUTH_REPLY), (ORIG, ESP), (RESP, ESP)]
VERSION_1: Said = [(ORIG, MAIN), (RESP, MAIN_REPLY), (ORIG, QUICK), (RESP, QUICK)]
KINDS = [INIT, NAT, VERSION_1]


def replay(said: Said) -> Ike:
    return without_logons(fed(Ike(), said))


def rows(said: Said) -> list[dict[str, object]]:
    return [row for table, row in replay(said).rows if table == "ipsec"]


def test_a_message_is_a_row_with_all_that_its_header_tells():
    row = rows(INIT)[1]
    assert {name: value for name, value in row.items() if value != [] and name != "hash"} == {
        "ts": 2 * SECOND,
        "is_orig": False,
        "initiator_spi": CLIENT.hex(),
        "responder_spi": SERVER.hex(),
        "maj_ver": 2,
        "min_ver": 0,
        "exchange_type": 34,
        "flag_e": False,
        "flag_c": False,
        "flag_a": False,
        "flag_i": False,
        "flag_v": False,
        "flag_r": True,
        "message_id": 0,
        "ke_dh_groups": [19],
        "length": len(REPLY),
    }


@pytest.mark.parametrize("said", KINDS)
def test_the_same_initiator_on_both_sides_is_a_proof(said):
    assert not replay(said[:1]).confirmed
    assert replay(said).confirmed


def test_an_answer_to_another_initiator_is_none():
    other = message(34, ANSWERS, initiator=OTHER, first=34, body=KEY + NONCE)
    parser = replay([(ORIG, REQUEST), (RESP, other)])
    assert len(parser.rows) == 2
    assert not parser.confirmed
    assert begins(REQUEST, other) is False


def test_who_is_not_answered_has_its_rows():
    parser = replay([(ORIG, REQUEST)] * 3)
    assert len(parser.rows) == 3
    assert not parser.confirmed


def test_what_version_1_encrypts_is_not_read():
    row = rows(VERSION_1)[2]
    assert row["flag_e"] is True
    assert row["message_id"] == 7
    assert row["vendor_ids"] == []
    assert "hash" not in row
    assert rows(VERSION_1)[0]["vendor_ids"] == ["UNKNOWN:0102"]


def test_every_flag_has_its_column():
    flags = [row[f"flag_{name}"] for row in rows([(ORIG, MAIN)]) for name in "ecaivr"]
    assert flags == [False] * 6
    commit = message(5, 6, number=1, version=V1, first=11, body=payload(0, bytes(8)))
    assert [rows([(ORIG, commit)])[0][f"flag_{name}"] for name in "ecaivr"] == [
        *(False, True, True, False, False, False)
    ]
    higher = message(37, 0x38, number=1)
    assert [rows([(ORIG, higher)])[0][f"flag_{name}"] for name in "ecaivr"] == [
        *(False, False, False, True, True, True)
    ]


def test_many_tries_share_a_connection():
    again = message(34, ASKS, NONE, initiator=OTHER, first=34, body=KEY + NONCE)
    assert len(rows([*INIT, (ORIG, again)])) == 3


def test_esp_both_ways_ends_the_reading():
    parser = replay(NAT)
    assert len(parser.rows) == 2
    assert parser.wants == [NOTHING, NOTHING]
    parser.data(ORIG, MARKER + AUTH, 0)
    parser.data(ORIG, b"\xfe", 0)
    assert len(parser.rows) == 2
    assert not parser.failed


def test_ike_beside_esp_of_one_side_is_read():
    assert len(rows([*NAT[:3], (RESP, MARKER + AUTH_REPLY)])) == 3


def test_endless_esp_of_one_side_is_given_up():
    assert replay([*NAT[:2], *[(RESP, ESP)] * (MOST_ESP - 1)]).wants == [0, 0]
    assert replay([*NAT[:2], *[(RESP, ESP)] * MOST_ESP]).wants == [NOTHING, NOTHING]


def test_keepalives_are_passed_by():
    parser = replay([(ORIG, KEEPALIVE), *NAT[:2], (ORIG, KEEPALIVE), (ORIG, b"")])
    assert len(parser.rows) == 2
    assert not parser.failed
    assert begins(KEEPALIVE, b"") is None
    assert begins(KEEPALIVE, MARKER + AUTH) is True


def test_without_a_marker_there_is_no_esp():
    assert replay([*INIT, (ORIG, ESP)]).failed == "not_ike"
    assert replay([(ORIG, ESP)]).failed == "not_ike"
    assert begins(ESP, ESP) is False


def test_what_is_too_short_for_esp_ends_it():
    parser = replay([*NAT[:2], (ORIG, ESP[:15])])
    assert parser.failed == "neither_ike_nor_esp"
    assert parser.confirmed


@pytest.mark.parametrize("kind", [REQUEST, MAIN, QUICK, MARKER + AUTH])
def test_it_begins_with_a_message_of_either_side(kind):
    assert begins(kind, b"") is True
    assert begins(b"", kind) is True
    assert begins(kind, b"no") is False
    assert begins(b"", b"") is None


def test_it_begins_with_both_versions_and_ways():
    assert begins(REQUEST, REPLY) is True
    assert begins(MAIN, MAIN_REPLY) is True
    assert begins(MARKER + AUTH, MARKER + AUTH_REPLY) is True


FIXED = [*range(8, 16), 16, 17, 18, 19, *range(20, 28), 30, 31]


@pytest.mark.parametrize("at", FIXED)
def test_a_byte_away_is_refused(at):
    near = bytearray(REQUEST)
    near[at] ^= 0xC0
    assert begins(bytes(near), b"") is False


@pytest.mark.parametrize("at", range(8))
def test_an_initiator_a_byte_away_is_refused(at):
    near = bytearray(REPLY)
    near[at] ^= 1
    assert begins(REQUEST, bytes(near)) is False


@pytest.mark.parametrize("at", range(4))
def test_a_marker_a_byte_away_is_refused(at):
    near = bytearray(MARKER + AUTH)
    near[at] ^= 1
    assert begins(bytes(near), b"") is False


@pytest.mark.parametrize(
    "near",
    [
        message(34, ASKS, SERVER, first=34, body=KEY + NONCE),
        message(34, ASKS | ANSWERS, first=34, body=KEY + NONCE),
        message(34, 0, NONE, first=34, body=KEY + NONCE),
        message(34, ASKS, NONE, number=1, first=34, body=KEY + NONCE),
        message(34, ASKS, NONE, initiator=NONE, first=34, body=KEY + NONCE),
        message(33, ASKS, NONE),
        message(35, HIDES, number=1),
        message(35, ASKS, number=1, first=13),
        message(35, ASKS, number=1, version=0x21),
        message(34, ASKS, NONE, first=34, body=payload(55, b"\0\x13\0\0key") + NONCE),
        message(2, 0, NONE, version=V1, number=1, first=13, body=VENDOR),
        message(2, ASKS, NONE, version=V1, first=13, body=VENDOR),
        message(34, 0, NONE, version=V1, first=13, body=VENDOR),
        message(2, 0, NONE, version=V1, first=33, body=VENDOR),
        message(32, HIDES, version=V1, first=8, body=b"encrypted"),
        REQUEST + b"\0",
        REQUEST[:-1],
        REQUEST[:27],
        QUICK + b"\0",
    ],
)
def test_what_no_peer_says_is_refused(near):
    assert begins(near, b"") is False
    parser = replay([(ORIG, near)])
    assert parser.failed
    assert parser.rows == []


def test_what_cannot_be_read_keeps_the_rows():
    parser = replay([*INIT, (ORIG, REQUEST[:40])])
    assert parser.failed == "not_ike"
    assert len(parser.rows) == 2
    assert parser.confirmed
    assert parser.wants == [NOTHING, NOTHING]


def test_private_payloads_are_passed_by():
    body = payload(200, b"\0\x13\0\0key") + payload(0, b"own")
    assert rows([(ORIG, message(34, ASKS, NONE, first=34, body=body))])[0]["ke_dh_groups"] == [19]


def test_as_many_payloads_as_a_datagram_holds_are_read():
    body = payload(41, b"\0\0\x40\4") * 8_000 + payload(0, b"\0\0\x40\4")
    assert (
        len(rows([(ORIG, message(37, ASKS, first=41, body=body))])[0]["notify_messages"]) == 8_001
    )


@pytest.mark.parametrize("said", KINDS)
def test_every_truncation_is_met(said):
    for at, (side, octets) in enumerate(said):
        for length in range(len(octets)):
            assert len(replay([*said[:at], (side, octets[:length])]).rows) <= at


@given(said=st.sampled_from(KINDS), at=st.integers(0, 3), bit=st.integers(0, 1 << 11))
def test_no_flipped_bit_is_an_exception(said, at, bit):
    said = list(said)
    side, octets = said[at % len(said)]
    flipped = bytearray(octets)
    flipped[bit // 8 % len(octets)] ^= 1 << bit % 8
    said[at % len(said)] = (side, bytes(flipped))
    assert len(replay(said).rows) <= len(said)


@given(st.lists(st.tuples(st.sampled_from([ORIG, RESP]), st.binary(max_size=120)), max_size=8))
def test_no_bytes_are_an_exception(said):
    assert replay(said).rows == []
    assert len(replay([*NAT[:2], *said]).rows) == 2
    for _, octets in said:
        assert begins(octets, b"") in (None, False)


@given(first=st.sampled_from([33, 34, 37, 41, 43]), body=st.binary(max_size=120))
def test_no_payload_is_an_exception(first, body):
    replay([(ORIG, message(37, ASKS, first=first, body=payload(0, body)))])
    replay([(ORIG, message(5, 0, version=V1, first=first % 32, body=payload(0, body)))])
