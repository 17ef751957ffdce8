from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.services.logons import FAILED, SUCCESS, UNKNOWN
from parsers.services.parser import NOTHING, ORIG, RESP
from parsers.services.vencrypt import MOST_HELD, Vencrypt
from tests.parsers.services.conversations import SECOND, fed
from tests.parsers.services.records_seen import FINISHED, seen12, seen13
from tests.parsers.services.tls_messages import APPLICATION_DATA, flipped, record, usual

VNC, PLAIN, NONE = 258, 259, 257


def choice(subtype, *others):
    offered = b"".join(each.to_bytes(4) for each in (subtype, *others))
    return [
        (RESP, b"\0\2"),
        (ORIG, b"\0\2"),
        (RESP, b"\0" + bytes([len(offered) // 4]) + offered),
        (ORIG, subtype.to_bytes(4)),
        (RESP, b"\1"),
    ]


def data(*lengths):
    return b"".join(record(APPLICATION_DATA, bytes(length)) for length in lengths)


TLS = usual()[:4]
BEGIN = [*choice(VNC, 261), *TLS, (RESP, data(40)), (ORIG, data(40))]
ACCEPTED = [*BEGIN, (RESP, data(28)), (ORIG, data(25)), (RESP, data(60))]
REFUSED = [*BEGIN, (RESP, data(54))]


def told(said):
    parser = fed(Vencrypt(), said)
    assert {table for table, _ in parser.rows} <= {"logon"}
    return [row for _, row in parser.rows]


def test_the_row_of_a_password_that_fits():
    ((row),) = told(ACCEPTED)
    assert row["ts"] == SECOND
    assert (row["service"], row["method"], row["outcome"]) == ("vnc", "password", SUCCESS)
    assert row["offered"] == ["TLSVnc", "X509Vnc"]


def test_only_a_refusal_has_a_reason():
    assert told(REFUSED)[0]["outcome"] == FAILED
    assert told([*BEGIN, (RESP, data(28, 28, 46))])[0]["outcome"] == FAILED
    assert told([*BEGIN, (RESP, data(28))])[0]["outcome"] == UNKNOWN
    assert told(BEGIN)[0]["outcome"] == UNKNOWN


def test_who_sends_nothing_has_tried_nothing():
    ((row),) = told(BEGIN[:-1])
    assert (row["outcome"], row["attempts"]) == (UNKNOWN, 0)


def test_a_client_without_a_password_is_let_in_when_it_goes_on():
    said = [*choice(NONE), *TLS, (RESP, data(28)), (ORIG, data(25))]
    assert (told(said)[0]["outcome"], told(said)[0]["method"]) == (SUCCESS, "none")
    assert told(said[:-1])[0]["outcome"] == UNKNOWN


def test_names_and_passwords_may_go_in_more_records():
    parser = fed(Vencrypt(), choice(PLAIN))
    for text, outcome in (
        ("C30 C40 S28 C25 S60 C44 S90", SUCCESS),
        ("C30 S28 C40", UNKNOWN),
        ("C30 C40 S60 Sx", FAILED),
        ("C70 S28 Sx", UNKNOWN),
    ):
        ((_, row),) = parser._tell(seen12(text))
        assert row["outcome"] == outcome, text
    ((_, row),) = parser._tell(seen13(FINISHED + "C30 C40 S250 S250 Sx"))
    assert row["outcome"] == UNKNOWN  # that may be tickets


def test_other_ways_are_named_and_not_read():
    parser = fed(Vencrypt(), choice(256))
    assert parser.rows[0][1]["detail"] == "Plain is not read"
    assert parser.wants == [NOTHING, NOTHING]
    assert fed(Vencrypt(), choice(7)).failed == "unknown_vencrypt_subtype"
    assert fed(Vencrypt(), [(RESP, b"\0\1")]).failed == "not_vencrypt"


def test_no_more_than_a_handshake_waits_for_the_choice():
    assert fed(Vencrypt(), [(RESP, b"\0\2" + bytes(MOST_HELD))]).failed == "spoke_too_early"


def test_bodies_inside_are_passed_over():
    parser = Vencrypt()
    count = [0, 0]
    for side, octets in [*BEGIN, (RESP, data(9000)[:20])]:
        parser.data(side, octets, 0)
        count[side] += len(octets)
    assert parser.wants[RESP] == count[RESP] - 20 + 5 + 9000
    parser.skipped(RESP, 8985, 0)
    parser.data(RESP, data(80), 0)
    parser.end(0)
    assert parser.rows[0][1]["outcome"] == FAILED


def test_a_gap_tells_what_was_seen():
    parser = Vencrypt()
    for side, octets in ACCEPTED:
        parser.data(side, octets, 0)
    parser.gap(RESP, 9, 0)
    assert parser.failed == "content_gap"
    assert parser.rows[0][1]["outcome"] == SUCCESS


@pytest.mark.parametrize("said", [ACCEPTED, REFUSED])
@given(cuts=st.lists(st.integers(1, 60), min_size=1, max_size=5))
def test_pieces_do_not_matter(said, cuts):
    parser, whole = Vencrypt(), Vencrypt()
    for side, octets in said:
        whole.data(side, octets, 0)
        at = 0
        for size in [*cuts, len(octets)]:
            parser.data(side, octets[at : at + size], 0)
            at += size
    whole.end(0)
    parser.end(0)
    assert parser.rows == whole.rows


def test_every_truncation_makes_at_most_a_row():
    for at, (side, octets) in enumerate(ACCEPTED):
        for length in range(0, len(octets), 3):
            assert len(told([*ACCEPTED[:at], (side, octets[:length])])) <= 1


@given(st.sampled_from([ACCEPTED, REFUSED]), st.data())
def test_flipped_bits_never_raise(said, drawn):
    broken = [(side, flipped(octets, drawn)) for side, octets in said]
    assert len(fed(Vencrypt(), broken).rows) <= 1


@given(st.lists(st.tuples(st.sampled_from([ORIG, RESP]), st.binary(max_size=64)), max_size=9))
def test_no_bytes_are_an_exception(said):
    fed(Vencrypt(), said)
    fed(Vencrypt(), [*choice(VNC), *said])
