from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.services.parser import NOTHING, ORIG, RESP
from parsers.services.socks import HELD_MAX, TEXT_MAX, Socks, begins
from tests.parsers.services.conversations import fed

SECOND = 1_000_000_000
PORT = b"\x01\xbb"
HOST, BOUND = bytes((192, 0, 2, 7)), bytes((10, 0, 0, 1))
OFFER, CHOSEN = b"\5\1\0", b"\5\0"
REQUEST = b"\5\1\0\3\x0bexample.com" + PORT
REPLY = b"\5\0\0\1" + BOUND + b"\x04\x38"

Said = list[tuple[int, bytes]]

PLAIN: Said = [(ORIG, OFFER), (RESP, CHOSEN), (ORIG, REQUEST), (RESP, REPLY)]
PASSWORD: Said = [
    (ORIG, b"\5\2\0\2"),
    (RESP, b"\5\2"),
    (ORIG, b"\1\3bob\6secret"),
    (RESP, b"\1\0"),
    (ORIG, b"\5\1\0\1" + HOST + PORT),
    (RESP, REPLY),
]
VERSION_4: Said = [
    (ORIG, b"\4\1" + PORT + HOST + b"bob\0"),
    (RESP, b"\0\x5a\x04\x38" + BOUND),
]
VERSION_4A: Said = [
    (ORIG, b"\4\1" + PORT + b"\0\0\0\1bob\0example.com\0"),
    (RESP, b"\0\x5a\0\0" + bytes(4)),
]
ALL = [PLAIN, PASSWORD, VERSION_4, VERSION_4A]


def replay(said: Said) -> Socks:
    return fed(Socks(), said)


def row(said: Said) -> dict[str, object]:
    ((table, values),) = replay(said).rows
    assert table == "socks"
    return values


def test_the_row_has_what_was_asked_and_what_was_answered():
    assert row(PLAIN) == {
        "ts": 3 * SECOND,
        "version": 5,
        "request_name": "example.com",
        "request_p": 443,
        "status": "succeeded",
        "bound_host": "10.0.0.1",
        "bound_p": 1080,
    }


def test_the_user_is_told_and_the_password_is_not():
    values = row(PASSWORD)
    assert (values["user"], values["request_host"]) == ("bob", "192.0.2.7")
    assert values["ts"] == 3 * SECOND
    assert "password" not in values


def test_version_4_has_an_address():
    values = row(VERSION_4)
    assert (values["version"], values["request_host"], values["request_p"]) == (4, "192.0.2.7", 443)
    assert (values["status"], values["bound_host"], values["bound_p"]) == (
        *("succeeded", "10.0.0.1"),
        1080,
    )
    assert not values.keys() & {"user", "request_name"}


def test_version_4a_has_a_name_beside_an_address_that_means_nothing():
    values = row(VERSION_4A)
    assert (values["request_host"], values["request_name"]) == ("0.0.0.1", "example.com")


def test_ipv6_is_read_on_both_sides():
    address = bytes.fromhex("20010db8000000000000000000000007")
    said = [*PLAIN[:2], (ORIG, b"\5\1\0\4" + address + PORT), (RESP, b"\5\0\0\4" + address + PORT)]
    assert row(said)["request_host"] == row(said)["bound_host"] == "2001:db8::7"


def test_a_name_that_is_no_utf_8_is_shown_in_hex():
    said = [*PLAIN[:2], (ORIG, b"\5\1\0\3\2a\xff" + PORT), (RESP, b"\5\0\0\3\0\0\0")]
    assert row(said)["request_name"] == "a\\xff"
    assert row(said)["bound_name"] == ""


@pytest.mark.parametrize("said", ALL)
def test_once_accepted_another_protocol_begins(said):
    parser = replay(said[:-1])
    assert (parser.passes_on, parser.confirmed, parser.rows) == (False, False, [])
    side, octets = said[-1]
    parser.data(side, octets + b"SSH-2.0-inside", 0)
    assert parser.passes_on
    assert parser.confirmed
    assert parser.rest == [b"", b"SSH-2.0-inside"]
    assert parser.wants == [NOTHING, NOTHING]
    parser.data(RESP, b"more", 0)
    parser.gap(ORIG, 9, 0)
    assert not parser.failed


def test_a_client_that_does_not_wait_is_read_when_its_turn_has_come():
    parser = replay([(ORIG, OFFER + REQUEST + b"hello"), (RESP, CHOSEN), (RESP, REPLY)])
    assert parser.passes_on
    assert parser.rest == [b"hello", b""]
    assert parser.rows[0][1]["request_name"] == "example.com"


def test_a_client_that_never_waits_is_given_up():
    parser = replay([(ORIG, OFFER + bytes(HELD_MAX + 1))])
    assert parser.failed == "spoke_too_early"


@pytest.mark.parametrize(
    ("status", "name"),
    [(2, "connection not allowed by ruleset"), (5, "Connection refused"), (77, "unknown-77")],
)
def test_a_refused_request_is_a_row_and_nothing_follows(status, name):
    parser = replay([*PLAIN[:-1], (RESP, b"\5" + bytes([status]) + REPLY[2:])])
    assert parser.rows[0][1]["status"] == name
    assert parser.confirmed
    assert not parser.passes_on


@pytest.mark.parametrize(
    ("status", "name"), [(0x5B, "general SOCKS server failure"), (1, "unknown-1")]
)
def test_version_4_has_statuses_of_its_own(status, name):
    said = [VERSION_4[0], (RESP, bytes([0, status]) + bytes(6))]
    assert row(said)["status"] == name


@pytest.mark.parametrize("command", [2, 3])
def test_other_commands_pass_nothing_on(command):
    said = [*PLAIN[:2], (ORIG, b"\5" + bytes([command]) + REQUEST[2:]), (RESP, REPLY)]
    assert replay(said).confirmed
    assert not replay(said).passes_on


@pytest.mark.parametrize(
    "said", [[*PASSWORD[:3], (RESP, b"\1\1")], [(ORIG, OFFER), (RESP, b"\5\xff")]]
)
def test_a_refused_login_makes_no_row(said):
    parser = replay(said)
    assert (parser.rows, parser.failed, parser.confirmed) == ([], "", False)
    assert parser.wants == [NOTHING, NOTHING]


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ([(ORIG, b"GET / HTTP/1.1\r\n")], "not_socks"),
        ([(RESP, b"SSH-2.0-x\r\n")], "spoke_too_early"),
        ([(ORIG, OFFER), (RESP, b"\4\0")], "unknown_version"),
        ([(ORIG, b"\5\1\1"), (RESP, b"\5\1")], "unsupported_authentication_method"),
        ([*PASSWORD[:2], (ORIG, b"\2")], "unknown_authentication_version"),
        ([*PASSWORD[:3], (RESP, b"\2\0")], "unknown_authentication_version"),
        ([*PLAIN[:2], (ORIG, b"\4\1\0\1" + HOST + PORT)], "unknown_version"),
        ([*PLAIN[:2], (ORIG, b"\5\4\0\1" + HOST + PORT)], "unknown_command"),
        ([*PLAIN[:2], (ORIG, b"\5\1\1\1" + HOST + PORT)], "unknown_command"),
        ([*PLAIN[:2], (ORIG, b"\5\1\0\2" + HOST + PORT)], "unknown_address_type"),
        ([*PLAIN[:3], (RESP, b"\5\0\0\7\1\1")], "unknown_address_type"),
        ([(ORIG, b"\4\3" + PORT + HOST + b"\0")], "unknown_command"),
        ([(ORIG, b"\4\1" + PORT + HOST + b"u" * (TEXT_MAX + 1))], "text_too_long"),
        ([VERSION_4[0], (RESP, b"\4\x5a" + bytes(6))], "unknown_version"),
    ],
)
def test_what_is_not_read_fails_without_a_row(said, reason):
    parser = replay(said)
    assert (parser.failed, parser.rows, parser.confirmed) == (reason, [], False)


def test_the_longest_user_is_read():
    assert row([(ORIG, b"\4\1" + PORT + HOST + b"u" * TEXT_MAX + b"\0"), VERSION_4[1]])


def test_a_gap_ends_it():
    parser = Socks()
    parser.data(ORIG, OFFER, 0)
    parser.gap(RESP, 2, 0)
    assert parser.failed == "content_gap"


@pytest.mark.parametrize("said", ALL)
@given(data=st.data())
def test_pieces_do_not_matter(said, data):
    parser, whole = Socks(), Socks()
    for side, octets in said:
        whole.data(side, octets, 0)
        cuts = data.draw(st.lists(st.integers(0, len(octets)), max_size=4).map(sorted))
        for start, stop in zip([0, *cuts], [*cuts, len(octets)], strict=True):
            parser.data(side, octets[start:stop], 0)
    assert parser.rows == whole.rows
    assert (parser.wants, parser.passes_on) == (whole.wants, whole.passes_on)


@pytest.mark.parametrize("said", ALL)
def test_every_truncation_makes_no_row(said):
    for at, (side, octets) in enumerate(said):
        for length in range(len(octets)):
            assert replay([*said[:at], (side, octets[:length])]).rows == []


@given(said=st.sampled_from(ALL), at=st.integers(0, 8), bit=st.integers(0, 1 << 10))
def test_no_flipped_bit_is_an_exception(said, at, bit):
    side, octets = said[at % len(said)]
    flipped = bytearray(octets)
    flipped[bit // 8 % len(octets)] ^= 1 << bit % 8
    said = list(said)
    said[at % len(said)] = (side, bytes(flipped))
    assert len(replay(said).rows) <= 1


@given(st.lists(st.tuples(st.sampled_from([ORIG, RESP]), st.binary(max_size=64)), max_size=12))
def test_no_bytes_are_an_exception(said):
    replay(said)
    replay([*PLAIN[:2], *said])
    replay([*PASSWORD[:2], *said])


@pytest.mark.parametrize("said", ALL)
def test_it_begins_once_both_sides_have_spoken(said):
    (_, orig), (_, resp) = said[:2]
    assert begins(orig, resp) is True
    for length in range(len(orig)):
        assert begins(orig[:length], b"") is None
    assert begins(orig, resp[:1]) is None
    assert begins(b"", resp) is None


@pytest.mark.parametrize(
    ("orig", "resp"),
    [
        (b"\6\1\0", CHOSEN),
        (b"\5\0\0", CHOSEN),
        (b"\5\1\1", CHOSEN),  # not offered
        (OFFER, b"\5\2"),
        (OFFER, b"\4\0"),
        (b"\5\1\0\2", CHOSEN),  # neither a password nor a request follows
        (b"\4\3" + PORT + HOST + b"\0", b"\0\x5a"),
        (b"\3\1" + PORT + HOST + b"\0", b"\0\x5a"),
        (VERSION_4[0][1], b"\1\x5a"),
        (VERSION_4[0][1], b"\0\x59"),
        (VERSION_4[0][1], b"\0\x5e"),
        (b"\4\1" + PORT + HOST + b"u" * (TEXT_MAX + 1), b"\0\x5a"),
        (b"", b"SSH-"),
    ],
)
def test_near_misses_are_refused(orig, resp):
    assert begins(orig, resp) is False
