from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parsers.services.der import INTEGER, SEQUENCE, encode
from parsers.services.ldap import LONGEST, LdapTcp, LdapUdp, begins, begins_tcp
from parsers.services.ldap_log import MOST_OPEN
from parsers.services.parser import NOTHING, ORIG, RESP, Row
from parsers.services.recogniser import VIOLATIONS_UNTIL
from tests.parsers.services.conversations import SECOND, fed
from tests.parsers.services.ldap_conversations import (
    bound,
    done,
    entry,
    extended,
    integer,
    message,
    result,
    sasl,
    search,
    simple,
    text,
    token,
    unbind,
    was_extended,
)

START_TLS = b"1.3.6.1.4.1.1466.20037"
Said = Sequence[tuple[int, bytes]]

LOGON: Said = [
    (ORIG, simple(1, b"cn=ann,dc=ex")),
    (RESP, bound(1)),
    (ORIG, search(2)),
    (RESP, entry(2) + entry(2)),
    (RESP, done(2)),
    (ORIG, unbind(3)),
]
BIND = {
    "version": 3,
    "opcode": "bind simple",
    "object": "cn=ann,dc=ex",
    "argument": "REDACTED",
}
ROWS: list[Row] = [
    ("ldap", {"ts": SECOND, "message_id": 1, **BIND, "result": "success"}),
    (
        "ldap_search",
        {
            "ts": 3 * SECOND,
            "message_id": 2,
            "scope": "tree",
            "deref_aliases": "never",
            "base_object": "dc=ex",
            "filter": "(objectClass=*)",
            "result_count": 2,
            "result": "success",
        },
    ),
    ("ldap", {"ts": 6 * SECOND, "message_id": 3, "opcode": "unbind"}),
]


def rows(said: Said) -> list[dict[str, Any]]:
    return [row for _, row in fed(LdapTcp(), said).rows]


def test_a_conversation_makes_a_row_for_each_request():
    parser = fed(LdapTcp(), LOGON)
    assert parser.rows == ROWS
    assert parser.confirmed_names() == ["ldap_tcp"]


def test_datagrams_make_the_same_rows():
    parser = fed(LdapUdp(), LOGON)
    assert parser.rows == ROWS
    assert parser.confirmed_names() == ["ldap_udp"]


@pytest.mark.parametrize(
    ("code", "told"),
    [(49, "invalid credentials"), (14, "SASL bind in progress"), (200 - 73, "unknown")],
)
def test_a_logon_fails(code: int, told: str):
    (row,) = rows([(ORIG, simple(1, b"cn=ann,dc=ex")), (RESP, bound(1, code, b"no\n\xfc"))])
    diagnostic = {"result": told, "diagnostic_message": "no??"}
    assert row == {"ts": SECOND, "message_id": 1, **BIND, **diagnostic}


def test_an_anonymous_logon_has_neither_name_nor_password():
    (row,) = rows([(ORIG, simple(1, b"", b"")), (RESP, bound(1))])
    assert row == {
        "ts": SECOND,
        "message_id": 1,
        "version": 3,
        "opcode": "bind simple",
        "result": "success",
    }


@pytest.mark.parametrize(
    ("tag", "opcode", "argument"),
    [
        (0x89, "LDAP::BindAuthType_SICILY_PACKAGE_DISCOVERY", None),
        (0x8A, "sicily_negotiate", "NTLMSSP"),
        (0x8B, "sicily_response", "NTLMSSP"),
    ],
)
def test_sicily(tag: int, opcode: str, argument: str | None):
    value = encode(tag, b"NTLMSSP\0" if argument else b"")
    (row,) = rows([(ORIG, message(1, 0x60, integer(3), text(b"ann"), value))])
    assert (row["opcode"], row.get("argument"), row["object"]) == (opcode, argument, "ann")


def test_an_answer_alone_is_a_logon():
    (row,) = rows([(RESP, bound(1))])
    assert row == {"ts": SECOND, "message_id": 1, "opcode": "bind", "result": "success"}


def test_what_is_not_answered_has_its_row_at_the_end_and_after_a_hole():
    row = {"ts": SECOND, "message_id": 1, **BIND}
    assert rows(LOGON[:1]) == [row]
    parser = LdapTcp()
    parser.data(ORIG, LOGON[0][1], SECOND)
    parser.gap(RESP, 10, SECOND)
    assert parser.rows == [("ldap", row)]
    assert (parser.failed, parser.confirmed) == ("content_gap", True)


@pytest.mark.parametrize(
    ("asks", "answers", "told"),
    [
        (message(1, 0x66, text(b"cn=x")), 0x67, {"opcode": "modify", "object": "cn=x"}),
        (message(1, 0x68, text(b"cn=x")), 0x69, {"opcode": "add"}),
        (message(1, 0x4A, b"cn=x"), 0x6B, {"opcode": "delete", "object": "cn=x"}),
        (message(1, 0x6C, text(b"cn=x")), 0x6D, {"opcode": "modify"}),
        (message(1, 0x6E, text(b"cn=x")), 0x6F, {"opcode": "compare"}),
        (extended(1, b"1.2"), 0x78, {"opcode": "extended", "object": "1.2 (unknown)"}),
    ],
)
def test_other_requests(asks: bytes, answers: int, told: dict[str, Any]):
    made = rows([(ORIG, asks), (RESP, message(1, 0x79)), (RESP, result(1, answers, 0))])
    assert made == [{"ts": SECOND, "message_id": 1, "result": "success", **told}]


def test_to_abandon_names_what_is_abandoned():
    (row,) = rows([(ORIG, message(9, 0x50, b"\7"))])
    assert (row["opcode"], row["object"]) == ("abandon", "7")


def test_what_has_no_number_is_not_told_at_the_end():
    assert rows([(ORIG, simple(0, b"ann"))]) == []


def test_more_requests_than_are_kept_are_written_without_an_answer():
    parser = LdapTcp()
    for number in range(1, MOST_OPEN + 3):
        parser.data(ORIG, search(number), SECOND)
    assert [row["message_id"] for _, row in parser.rows] == [1, 2]


def test_start_tls_hands_over():
    hello = b"\x16\x03\1"
    said = [(ORIG, extended(1, START_TLS)), (RESP, was_extended(1) + b"\x16"), (ORIG, hello)]
    parser = LdapTcp()
    for side, octets in said[:2]:
        parser.data(side, octets, SECOND)
    assert parser.tls_begins
    assert parser.rest == [b"", b"\x16"]
    ((_, row),) = parser.rows
    assert row["object"] == "1.3.6.1.4.1.1466.20037 (StartTLS)"


def test_start_tls_that_is_refused_does_not():
    parser = fed(LdapTcp(), [(ORIG, extended(1, START_TLS)), (RESP, was_extended(1, 2)), *LOGON])
    assert not parser.tls_begins
    assert len(parser.rows) == 4


SEARCHES: Said = [(ORIG, search(5)), (RESP, entry(5)), (RESP, done(5))]


def after_sasl(mechanism: bytes, said: Said) -> LdapTcp:
    return fed(LdapTcp(), [(ORIG, sasl(4, mechanism)), (RESP, bound(4)), *said])


def test_a_logon_by_sasl_names_the_mechanism():
    ((_, row),) = after_sasl(b"GSS-SPNEGO", []).rows
    assert (row["opcode"], row["argument"]) == ("bind SASL", "GSS-SPNEGO")
    assert "object" not in row


def test_after_sasl_messages_may_go_on_in_clear():
    assert len(after_sasl(b"SCRAM-SHA-512", SEARCHES).rows) == 2


@pytest.mark.parametrize("rotated", [True, False])
def test_signed_tokens_are_read(rotated: bool):
    said = [(side, token(octets, rotated=rotated)) for side, octets in SEARCHES]
    said[1] = RESP, token(b"", rotated=rotated) + said[1][1]
    _, (table, row) = after_sasl(b"GSS-SPNEGO", said).rows
    assert (table, row["result_count"], row["result"]) == ("ldap_search", 1, "success")


def test_a_message_may_lie_in_two_tokens():
    asks, *answers = SEARCHES
    said = [(ORIG, token(asks[1][:9])), (ORIG, token(asks[1][9:]))]
    said += [(side, token(octets)) for side, octets in answers]
    assert len(after_sasl(b"GSSAPI", said).rows) == 2


def test_sealed_tokens_are_passed_over():
    sealed = token(bytes(5000), sealed=True)
    parser = after_sasl(b"GSS-SPNEGO", [(ORIG, sealed[:30])])
    before = len(sasl(4, b"GSS-SPNEGO"))
    assert parser.wants == [before + len(sealed), 0]
    parser.skipped(ORIG, len(sealed) - 30, SECOND)
    parser.data(ORIG, token(search(6)), SECOND)
    parser.data(RESP, token(done(6)), SECOND)
    assert [table for table, _ in parser.rows] == ["ldap", "ldap_search"]


def test_of_what_is_encrypted_nothing_is_wanted():
    parser = after_sasl(b"SRP", [(ORIG, b"\0\0\0\4abcd")])
    assert parser.wants == [NOTHING, NOTHING]
    assert parser.confirmed


def test_large_entries_are_passed_over():
    large = entry(2, 10 * LONGEST)
    parser = LdapTcp()
    parser.data(ORIG, search(2), SECOND)
    parser.data(RESP, large[:100], SECOND)
    assert parser.wants == [0, len(large)]
    parser.gap(RESP, 1000, SECOND)
    parser.skipped(RESP, len(large) - 1100, SECOND)
    parser.data(RESP, done(2), SECOND)
    ((_, row),) = parser.rows
    assert (row["result_count"], row["result"]) == (1, "success")


def test_larger_requests_are_not_read():
    parser = LdapTcp()
    parser.data(ORIG, simple(1, bytes(LONGEST))[:40], SECOND)
    assert parser.failed == "message_too_long"


NEAR_MISSES = [
    b"\x31" + unbind(1)[1:],
    unbind(1).replace(b"\x02", b"\x03", 1),
    encode(SEQUENCE, integer(1) + encode(0x30, b"")),
    encode(SEQUENCE, integer(1) + encode(0x51, b"")),
    encode(SEQUENCE, encode(INTEGER, bytes(9)) + encode(0x42, b"")),
    encode(SEQUENCE, encode(INTEGER, b"") + encode(0x42, b"")),
    b"\x30\x80\x02\1\1\x42\0\0\0",
    b"\x30\3\x02\1\1\x42\0",
    message(1, 0x60, integer(3), text(b"ann")),
    message(1, 0x60, integer(3), text(b"ann"), encode(0x84, b"")),
    message(1, 0x60, text(b""), text(b"ann"), encode(0x80, b"")),
    message(1, 0x61, integer(0), text(b""), text(b"")),
    message(1, 0x77, text(b"1.2")),
    search(1, filter_=b"\xaa\0"),
]


@pytest.mark.parametrize("octets", NEAR_MISSES)
def test_near_misses_take_the_name_back_early_in_a_connection(octets: bytes):
    for made in (LdapTcp, LdapUdp):
        parser = fed(made(), [*LOGON[:2], (ORIG, octets)])
        assert parser.failed in {"not_ldap", "unreadable_message"}
        assert not parser.confirmed
        assert parser.rows == ROWS[:1]


def test_later_the_name_stays():
    parser = LdapTcp()
    for number in range(1, VIOLATIONS_UNTIL // len(search(1)) + 2):
        parser.data(ORIG, search(number), SECOND)
    parser.data(ORIG, b"GET / HTTP/1.1\r\n", SECOND)
    assert parser.failed == "not_ldap"
    assert parser.confirmed


def test_what_begins_with_a_request_or_an_answer_is_this_protocol():
    for orig, resp in ((simple(1, b"ann"), b""), (b"", bound(1)), (simple(1, b"ann"), bound(1))):
        assert begins_tcp(orig, resp) is True
        assert begins(orig, resp) is True
    assert begins_tcp(b"", b"") is None
    answers = [begins_tcp(search(1)[:end], b"") for end in range(len(search(1)) + 1)]
    assert answers == [None] * 6 + [True] * (len(search(1)) - 5)


@pytest.mark.parametrize("octets", [*NEAR_MISSES[:8], bound(1), unbind(1), b"\x16\3\1", b"0\x89"])
def test_what_begins_otherwise_is_not(octets: bytes):
    assert begins_tcp(octets, b"") is False
    assert begins_tcp(simple(1, b"ann"), simple(1, b"ann")) is False


CONVERSATIONS = {
    "clear": LOGON,
    "signed": [
        (ORIG, sasl(4, b"GSS-SPNEGO")),
        (RESP, bound(4)),
        *((side, token(octets, rotated=side == ORIG)) for side, octets in SEARCHES),
        (RESP, token(bytes(40), sealed=True)),
        (ORIG, token(unbind(6))),
    ],
}


@pytest.mark.parametrize("name", CONVERSATIONS)
@given(data=st.data())
def test_streams_cut_anyhow_give_the_same_rows(name: str, data: st.DataObject):
    parser, whole = LdapTcp(), LdapTcp()
    for side, octets in CONVERSATIONS[name]:
        whole.data(side, octets, 1)
        cuts = data.draw(st.sets(st.integers(1, len(octets))))
        for begin, end in itertools.pairwise([0, *sorted(cuts), len(octets)]):
            parser.data(side, octets[begin:end], 1)
    assert parser.rows == whole.rows
    assert len(parser.rows) == 3


@pytest.mark.parametrize("name", CONVERSATIONS)
def test_every_truncation_is_met(name: str):
    for count, (_, last) in enumerate(CONVERSATIONS[name]):
        for end in range(len(last)):
            said = list(CONVERSATIONS[name][: count + 1])
            said[-1] = said[-1][0], last[:end]
            fed(LdapTcp(), said)
            fed(LdapUdp(), said)


@pytest.mark.parametrize("name", CONVERSATIONS)
@given(data=st.data())
def test_flipped_bits_are_met(name: str, data: st.DataObject):
    said = list(CONVERSATIONS[name])
    which = data.draw(st.integers(0, len(said) - 1))
    octets = bytearray(said[which][1])
    octets[data.draw(st.integers(0, len(octets) - 1))] ^= data.draw(st.integers(1, 255))
    said[which] = said[which][0], bytes(octets)
    for parser in (LdapTcp(), LdapUdp()):
        for side, piece in said:
            parser.data(side, piece, 1)


@settings(max_examples=50)
@given(st.lists(st.tuples(st.sampled_from((ORIG, RESP)), st.binary(max_size=60)), max_size=4))
def test_random_bytes_are_met(said: list[tuple[int, bytes]]):
    for before in ([], LOGON[:2], CONVERSATIONS["signed"][:3]):
        fed(LdapTcp(), [*before, *said])
        fed(LdapUdp(), [*before, *said])
