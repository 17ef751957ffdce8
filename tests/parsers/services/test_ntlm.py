from __future__ import annotations

import struct
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.services.ntlm import NotNtlm, NtlmLog
from tests.parsers.services.smb_messages import (
    ntlm_authenticate,
    ntlm_challenge,
    ntlm_negotiate,
    pairs,
    utf16,
)

MESSAGES = [ntlm_negotiate(), ntlm_challenge(), ntlm_authenticate()]


def row(*messages: bytes, state: int | None = None) -> dict[str, Any]:
    """The row that messages make, the first at time 1."""
    rows: list[tuple[str, dict[str, Any]]] = []
    log = NtlmLog(rows)
    for ts, message in enumerate(messages, 1):
        log.message(message, ts)
    if state is not None:
        log.result(state)
    log.end()
    ((table, values),) = rows
    assert table == "ntlm"
    return values


def test_the_row_has_the_names_of_both_sides():
    assert row(*MESSAGES, state=0) == {
        "ts": 1,
        "username": "ann",
        "hostname": "PC7",
        "domainname": "CORP",
        "server_nb_computer_name": "FILES",
        "server_dns_computer_name": "files.corp.example",
        "server_tree_name": "corp.example",
        "success": True,
    }


@pytest.mark.parametrize(("state", "success"), [(0, True), (2, False), (3, False)])
def test_the_state_of_the_negotiation_decides_about_success(state: int, success: bool):
    assert row(*MESSAGES, state=state)["success"] is success


def test_an_unfinished_negotiation_leaves_success_open():
    assert "success" not in row(*MESSAGES, state=1)
    assert "success" not in row(*MESSAGES)


def test_the_row_is_written_once_and_stays_as_it_was():
    rows: list[tuple[str, dict[str, Any]]] = []
    log = NtlmLog(rows)
    for message in MESSAGES:
        log.message(message, 1)
    log.result(0)
    log.message(ntlm_authenticate(user="eve"), 2)
    log.result(2)
    log.end()
    assert [(values["username"], values["success"]) for _, values in rows] == [("ann", True)]


def test_a_result_without_messages_makes_no_row():
    rows: list[Any] = []
    log = NtlmLog(rows)
    log.result(0)
    log.end()
    assert rows == []


def test_an_anonymous_logon_has_no_names():
    assert row(ntlm_authenticate("", "", "")) == {"ts": 1}


def test_a_string_ends_at_a_zero_and_keeps_what_is_no_text_as_escapes():
    assert row(ntlm_authenticate(user="a\0b"))["username"] == "a"
    assert row(ntlm_authenticate(user="\ud800"))["username"] == r"\xed\xa0\x80"


def test_names_of_the_server_are_read_only_where_it_announces_them():
    assert row(ntlm_challenge(flags=4)) == {"ts": 1}


def test_an_empty_name_is_a_name():
    assert row(ntlm_challenge(pairs((1, b""))))["server_nb_computer_name"] == ""


@pytest.mark.parametrize(
    "message",
    [
        ntlm_challenge(pairs((11, b""))),
        ntlm_challenge(pairs((1, utf16("FILES")))[:-4]),
        ntlm_challenge(struct.pack("<HH", 1, 60_000)),
        ntlm_authenticate()[:-1],
        b"NTLMSSP\0\1\0\0\0" + struct.pack("<IHHIHHI", 0x3000, 9, 9, 32, 0, 0, 32),
        b"NTLMSSP\0\1\0",
    ],
    ids=["unknown_pair", "no_end_of_pairs", "long_pair", "cut", "domain_missing", "no_type"],
)
def test_a_message_that_does_not_hold_what_it_says_is_refused(message: bytes):
    with pytest.raises(NotNtlm):
        NtlmLog([]).message(message, 1)


def test_a_message_of_another_type_begins_no_row():
    rows: list[Any] = []
    log = NtlmLog(rows)
    log.message(b"\1\0\0\0signatur\0\0\0\0", 1)
    log.end()
    assert rows == []


@given(st.sampled_from(MESSAGES), st.data())
def test_cut_and_flipped_messages_are_read_or_refused(message: bytes, data: st.DataObject):
    octets = bytearray(message[: data.draw(st.integers(0, len(message)))])
    if octets:
        octets[data.draw(st.integers(0, len(octets) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with suppress(NotNtlm):
        NtlmLog([]).message(bytes(octets), 1)
