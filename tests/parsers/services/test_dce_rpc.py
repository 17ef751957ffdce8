from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.services.dce_rpc import DceRpc, begins
from parsers.services.parser import NOTHING, ORIG, RESP
from tests.parsers.services.smb_messages import (
    AP_REQ,
    BIND,
    BIND_ACK,
    BIND_ACK_BODY,
    BIND_BODY,
    neg_init,
    neg_resp,
    ntlm_authenticate,
    ntlm_challenge,
    ntlm_negotiate,
    pdu,
)

NTLM, SPNEGO, NETLOGON = 10, 9, 0x44
REQUEST, RESPONSE, AUTH3 = 0, 2, 16

Said = list[tuple[int, bytes]]

LOGON: Said = [
    (ORIG, pdu(11, BIND_BODY, NTLM, ntlm_negotiate())),
    (RESP, pdu(12, BIND_ACK_BODY, NTLM, ntlm_challenge())),
    (ORIG, pdu(AUTH3, bytes(4), NTLM, ntlm_authenticate())),
    (ORIG, pdu(REQUEST, bytes(40), NTLM, b"\1\0\0\0" + bytes(12))),
    (RESP, pdu(RESPONSE, bytes(40), NTLM, b"\1\0\0\0" + bytes(12))),
]


def replay(said: Said) -> DceRpc:
    parser = DceRpc()
    for ts, (side, octets) in enumerate(said, 1):
        parser.data(side, octets, ts)
    if not parser.failed:
        parser.end(len(said) + 1)
    return parser


def test_an_association_is_confirmed_by_its_first_pdu():
    parser = replay([(ORIG, BIND)])
    assert (parser.names, parser.confirmed) == (["dce_rpc"], True)


def test_a_pdu_that_is_not_whole_confirms_nothing():
    assert replay([(ORIG, BIND[:-1])]).names == []


def test_ntlm_is_confirmed_before_the_pdu_that_carries_it():
    parser = replay(LOGON)
    assert parser.names == ["ntlm", "dce_rpc"]
    ((table, row),) = parser.rows
    assert (table, row["ts"], row["username"]) == ("ntlm", 1, "ann")
    assert (row["server_nb_computer_name"], "success" in row) == ("FILES", False)


def test_spnego_tells_the_outcome():
    parser = replay(
        [
            (ORIG, pdu(11, BIND_BODY, SPNEGO, neg_init(ntlm_negotiate()))),
            (RESP, pdu(12, BIND_ACK_BODY, SPNEGO, neg_resp(1, ntlm_challenge()))),
            (ORIG, pdu(14, BIND_BODY, SPNEGO, neg_resp(1, ntlm_authenticate()))),
            (RESP, pdu(15, BIND_ACK_BODY, SPNEGO, neg_resp(0))),
        ]
    )
    assert parser.names == ["ntlm", "gssapi", "dce_rpc"]
    assert parser.rows[0][1]["success"] is True


def test_kerberos_in_spnego():
    parser = replay([(ORIG, pdu(11, BIND_BODY, SPNEGO, neg_init(AP_REQ)))])
    assert parser.names == ["krb", "gssapi", "dce_rpc"]
    assert parser.rows == [("kerberos", {"ts": 1})]


def test_other_verifiers_are_not_read():
    assert replay([(ORIG, pdu(11, BIND_BODY, NETLOGON, neg_init()))]).names == ["dce_rpc"]


def test_lengths_are_read_in_the_byte_order_of_the_sender():
    big = bytes([5, 0, REQUEST, 3, 0, 0, 0, 0]) + struct.pack(">HHI", 24, 0, 1) + bytes(8)
    assert begins(big, b"") is True
    assert replay([(ORIG, big)]).names == ["dce_rpc"]


def test_a_fragment_lists_no_contexts_yet():
    assert replay([(ORIG, pdu(11, b"", flags=1))]).names == ["dce_rpc"]


@pytest.mark.parametrize(
    "octets",
    [
        b"\4" + BIND[1:],
        BIND[:8] + b"\x0f\0" + BIND[10:],
        BIND[:10] + b"\xff\xff" + BIND[12:],
        pdu(11, BIND_BODY[:-1]),
        pdu(11, b""),
        pdu(12, BIND_ACK_BODY[:8] + b"\xff\x7f" + BIND_ACK_BODY[10:]),
    ],
)
def test_what_is_no_pdu_ends_the_reading(octets: bytes):
    parser = replay([(RESP, octets), (ORIG, BIND)])
    assert (parser.failed, parser.names) == ("not_dce_rpc", [])
    assert parser.wants == [NOTHING, NOTHING]


def test_what_was_confirmed_stays_when_reading_ends():
    parser = replay([*LOGON, (ORIG, b"GET / HTTP/1.1\r\n\r\n")])
    assert (parser.failed, parser.names) == ("not_dce_rpc", ["ntlm", "dce_rpc"])
    assert len(parser.rows) == 1


def test_a_hole_ends_the_reading_with_the_row():
    parser = DceRpc()
    parser.data(*LOGON[0], 1)
    parser.gap(ORIG, 10, 2)
    assert (parser.failed, parser.names) == ("content_gap", ["ntlm", "dce_rpc"])
    assert [table for table, _ in parser.rows] == ["ntlm"]


@pytest.mark.parametrize("at", [0, 1, 2, 4, 5, 6, 7])
def test_a_first_byte_that_is_another_is_refused(at: int):
    other = bytearray(BIND)
    other[at] |= 0x40
    assert begins(bytes(other), b"") is False
    assert begins(b"", bytes(other)) is False


def test_few_bytes_tell_nothing_yet_and_both_sides_have_to_fit():
    assert begins(b"", b"") is None
    assert begins(BIND[:15], b"") is None
    assert begins(BIND, BIND_ACK) is True
    assert begins(BIND, b"HTTP/1.1 200 OK") is False


@given(st.lists(st.integers(1, 60), min_size=1, max_size=40))
def test_every_cut_into_pieces_gives_the_same(sizes: list[int]):
    pieces: Said = []
    for side, octets in LOGON:
        at = 0
        for size in sizes:
            pieces.append((side, octets[at : at + size]))
            at += size
        pieces.append((side, octets[at:]))
    cut, whole = replay(pieces), replay(LOGON)
    assert cut.names == whole.names
    assert [row["username"] for _, row in cut.rows] == ["ann"]


@given(st.data())
def test_cut_and_flipped_streams_never_raise(data: st.DataObject):
    octets = bytearray(b"".join(octets for _, octets in LOGON))
    at = data.draw(st.integers(0, len(octets) - 1))
    octets[at] ^= 1 << data.draw(st.integers(0, 7))
    replay([(ORIG, bytes(octets[: data.draw(st.integers(0, len(octets)))]))])


@given(st.binary(max_size=300))
def test_random_bytes_never_raise(octets: bytes):
    begins(octets, b"")
    replay([(ORIG, octets), (RESP, BIND[:10] + octets)])
