from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.services.parser import ORIG, RESP
from parsers.services.radius import HEAD, Radius, begins
from parsers.services.recogniser import VIOLATIONS_UNTIL

SECOND = 1_000_000_000
REQUEST, ACCEPT, REJECT, ACCOUNT, CHALLENGE = 1, 2, 3, 4, 11


def attribute(type_: int, value: bytes) -> bytes:
    return bytes((type_, 2 + len(value))) + value


def message(code: int, *attributes: bytes) -> bytes:
    body = bytes(16) + b"".join(attributes)
    return bytes((code, 1)) + (4 + len(body)).to_bytes(2) + body


ASKS = message(
    REQUEST,
    attribute(1, b"bob"),
    attribute(1, b"second"),
    attribute(31, b"00-14-22-E9-54-5E"),
    attribute(66, b"192.0.2.5"),
    attribute(77, b"CONNECT 54Mbps"),
)
GOES_ON = message(CHALLENGE, attribute(8, b"\x0a\0\0\7"), attribute(18, b"Code?"))
GRANTS, REFUSES = message(ACCEPT, attribute(18, b"Hello")), message(REJECT)


def replay(*said: bytes) -> Radius:
    """Feed a parser, a second for each datagram, the first at second 1."""
    parser = Radius()
    for second, octets in enumerate(said, 1):
        parser.data(ORIG if octets[0] == REQUEST else RESP, octets, second * SECOND)
    if not parser.failed:
        parser.end(len(said) * SECOND)
    return parser


def rows(*said: bytes) -> list[dict[str, object]]:
    made = replay(*said).rows
    assert {table for table, _ in made} <= {"radius"}
    return [row for _, row in made]


def test_the_row_of_a_login_has_every_column():
    assert rows(ASKS, GOES_ON, ASKS, GRANTS) == [
        {
            "ts": SECOND,
            "username": "bob",
            "mac": "00:14:22:e9:54:5e",
            "tunnel_client": "192.0.2.5",
            "connect_info": "CONNECT 54Mbps",
            "framed_addr": "10.0.0.7",
            "reply_msg": "Code?",
            "result": "success",
            "ttl": 3 * SECOND,
        }
    ]
    assert replay(ASKS).confirmed


def test_each_answer_ends_a_row():
    made = rows(ASKS, REFUSES, ASKS, GRANTS)
    assert [(row["ts"], row["result"]) for row in made] == [
        (SECOND, "failed"),
        (3 * SECOND, "success"),
    ]


def test_what_had_no_answer_is_told_at_the_end():
    (row,) = rows(message(ACCOUNT))
    assert row == {"ts": SECOND, "result": "unknown"}


def test_an_answer_alone_took_no_time():
    (row,) = rows(GRANTS)
    assert row == {"ts": SECOND, "result": "success", "ttl": None}


@pytest.mark.parametrize(
    ("station", "mac"),
    [
        (b"0014.22e9.545e", "00:14:22:e9:54:5e"),
        (b"00:14:22:E9:54:5E:00:01", "00:14:22:e9:54:5e:00:01"),
        (b"10.0.0.1", ""),
        (b"", ""),
        (b"\xff\xfe", ""),
    ],
)
def test_the_station_is_written_as_a_hardware_address(station, mac):
    (row,) = rows(message(REQUEST, attribute(31, station)))
    assert row["mac"] == mac


def test_values_of_other_sizes_and_signs_are_met():
    made = rows(
        message(CHALLENGE, attribute(8, b"\x0a"), attribute(18, b"\xff")),
        message(REQUEST, attribute(1, b"")),
    )
    assert [(row["framed_addr"], row["reply_msg"], row["username"]) for row in made] == [
        ("0.0.0.0", "\\xff", "")
    ]


@pytest.mark.parametrize(
    "octets",
    [
        ASKS[:-1],
        ASKS + b"\0",
        GRANTS[:19],
        message(0),
        message(6),
        message(46),
        message(REQUEST, b"\1"),
        message(REQUEST, b"\1\1"),
        message(REQUEST, b"\1\0\0"),
        message(REQUEST, b"\1\4a"),
        message(REQUEST, attribute(1, bytes(250)) * 20),
    ],
)
def test_near_misses_are_refused(octets):
    parser = Radius()
    parser.data(ORIG, octets, 0)
    assert begins(octets, b"") is False
    assert not parser.confirmed
    assert not parser.rows


def test_a_length_that_is_wrong_is_let_pass_only_where_it_is_expected():
    octets = REFUSES[:3] + b"\x15" + REFUSES[4:]
    assert begins(octets, b"") is False
    assert HEAD.match(octets)
    assert not HEAD.match(b"\x06" + octets[1:])
    assert replay(octets).confirmed


def test_attributes_that_cannot_be_read_end_it_with_the_row_that_was_begun():
    parser = replay(ASKS, message(ACCEPT, b"\1\1"), GRANTS)
    assert parser.failed == "radius_violation"
    assert not parser.confirmed
    assert [row["result"] for _, row in parser.rows] == ["unknown"]


def test_after_many_bytes_they_are_passed_over_and_rows_still_come():
    count = VIOLATIONS_UNTIL // len(ASKS + GRANTS) + 1
    parser = replay(*(ASKS, GRANTS) * count, message(ACCEPT, b"\1\1"), ASKS, REFUSES)
    assert parser.confirmed
    assert not parser.failed
    assert len(parser.rows) == count + 1


@given(st.lists(st.sampled_from([ASKS, GOES_ON, GRANTS, REFUSES]), max_size=9))
def test_there_are_as_many_rows_as_answers_and_one_for_the_rest(said):
    answers = sum(octets in (GRANTS, REFUSES) for octets in said)
    waits = bool(said) and said[-1] not in (GRANTS, REFUSES)
    assert len(rows(*said)) == answers + waits
