from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.services.gssapi import FORGIVEN_AFTER, Gssapi, Services
from tests.parsers.services import test_kerberos
from tests.parsers.services.smb_messages import (
    AP_REQ,
    der,
    kerberos,
    neg_init,
    neg_resp,
    ntlm_authenticate,
    ntlm_challenge,
    ntlm_negotiate,
)


def read(*blobs: bytes, octets: int = 0) -> Services:
    services = Services([])
    services.octets = octets
    context = Gssapi(services)
    for ts, blob in enumerate(blobs, 1):
        context.blob(blob, ts)
    return services


def rows(*blobs: bytes) -> list[tuple[str, dict[str, Any]]]:
    made: list[tuple[str, dict[str, Any]]] = []
    services = Services(made)
    context = Gssapi(services)
    for ts, blob in enumerate(blobs, 1):
        context.blob(blob, ts)
    services.end()
    return made


LOGON = [
    neg_init(ntlm_negotiate()),
    neg_resp(1, ntlm_challenge()),
    neg_resp(1, ntlm_authenticate()),
    neg_resp(0),
]


def test_what_a_token_carries_is_confirmed_before_the_token():
    assert read(*LOGON).names == ["ntlm", "gssapi"]
    assert read(neg_init(kerberos())).names == ["krb", "gssapi"]


def test_an_offer_confirms_gssapi_alone():
    assert read(neg_init()).names == ["gssapi"]


def test_ntlm_may_come_without_gssapi():
    assert read(ntlm_negotiate()).names == ["ntlm"]


def test_kerberos_may_come_without_a_mechanism_around_it():
    assert read(neg_init(AP_REQ)).names == ["krb", "gssapi"]


@pytest.mark.parametrize(("state", "success"), [(0, True), (2, False)])
def test_the_last_state_tells_whether_the_logon_worked(state: int, success: bool):
    ((_, row),) = rows(*LOGON[:3], neg_resp(state))
    assert (row["ts"], row["username"], row["success"]) == (1, "ann", success)


def test_a_ticket_makes_an_empty_row_of_kerberos():
    assert rows(neg_init(), neg_init(kerberos()), neg_resp(0)) == [("kerberos", {"ts": 2})]


def test_a_ticket_that_is_refused_makes_the_row_at_once():
    ((table, row),) = rows(neg_init(kerberos()), neg_init(kerberos(test_kerberos.REFUSES)))
    assert (table, row["ts"], row["success"]) == ("kerberos", 1, False)
    assert row["error_msg"] == "KDC_ERR_PREAUTH_FAILED"


def test_tokens_of_messages_confirm_gssapi():
    assert read(b"\4\4" + bytes(14)).names == ["gssapi"]
    assert read(b"\5\4" + bytes(14)).names == ["gssapi"]


MISREAD = [
    b"",
    b"\x60",
    neg_init()[:-1],
    b"\x60\x84\xff\xff\xff\xff",
    b"\x60\xff" + bytes(127),
    der(0xA1, der(0x30, der(0xA4, der(4, b"x")))),
    der(0xA1, der(0x30, der(0xA2, b"\4\x7f"))),
    der(0xA1, der(0x30, der(0xA0, b"\x0a\5\0") + der(0xA0, der(0x0A, b"\1")))),
    b"\1\0\0\0" + bytes(12),
]


@pytest.mark.parametrize("token", MISREAD)
def test_what_is_no_token_takes_back_gssapi_and_it_does_not_come_again(token: bytes):
    assert read(token).names == []
    assert read(neg_init(), token).names == []
    assert read(neg_init(), token, neg_init()).names == []


@pytest.mark.parametrize("token", MISREAD)
def test_late_in_a_connection_nothing_is_taken_back(token: bytes):
    assert read(neg_init(), token, octets=FORGIVEN_AFTER + 1).names == ["gssapi"]


@pytest.mark.parametrize("message", [b"", b"\x61\1x", b"\x6e\5abc"])
def test_what_is_no_kerberos_takes_back_its_name(message: bytes):
    assert read(neg_init(kerberos(message))).names == ["gssapi"]
    assert read(neg_init(kerberos()), neg_init(kerberos(message))).names == ["gssapi"]


def test_ntlm_that_cannot_be_read_takes_back_nothing():
    assert read(*LOGON, ntlm_authenticate()[:-1]).names == ["ntlm", "gssapi"]


@given(st.sampled_from([*LOGON, neg_init(kerberos())]), st.data())
def test_cut_and_flipped_tokens_never_raise(token: bytes, data: st.DataObject):
    octets = bytearray(token[: data.draw(st.integers(0, len(token)))])
    if octets:
        octets[data.draw(st.integers(0, len(octets) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    assert set(read(bytes(octets)).names) <= {"gssapi", "ntlm", "krb"}


@given(st.binary(max_size=200))
def test_random_tokens_never_raise(octets: bytes):
    read(octets)
