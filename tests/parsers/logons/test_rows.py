"""Rows of logons."""

from __future__ import annotations

import pytest

from parsers.logons.message import Message, Unreadable
from parsers.logons.rows import LONGEST_DETAIL, LONGEST_NAME, endpoint, event, logon

MESSAGE = Message(1, "gw01", "sshd", 5, "", 7, times=3)


def test_a_logon_counts_as_often_as_its_line():
    row = logon(MESSAGE, "ssh", "failed", "a", ("::ffff:192.0.2.1", "22"))
    assert (row["attempts"], row["line"], row["orig_h"], row["orig_p"]) == (3, 7, "192.0.2.1", 22)


def test_what_is_no_logon_has_no_outcome():
    row = event(MESSAGE, "ssh", "logoff", user="a")
    assert (row["event"], row["outcome"], row["attempts"]) == ("logoff", None, None)


def test_texts_are_bounded():
    row = logon(MESSAGE, "ssh", "failed", "\n" * 9999, detail="x" * 9999)
    assert (len(row["user"]), len(row["detail"])) == (LONGEST_NAME, LONGEST_DETAIL)


@pytest.mark.parametrize(
    ("client", "reason"),
    [(("999.0.0.1", "1"), "bad_address"), (("1::2::3", "1"), "bad_address"),
     (("192.0.2.1", "65536"), "bad_port")],
)  # fmt: skip
def test_a_client_that_is_none_is_refused(client, reason):
    with pytest.raises(Unreadable) as caught:
        logon(MESSAGE, "ssh", "failed", "a", client)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("192.0.2.1:22", ("192.0.2.1", "22")),
        ("[2001:db8::1]:22", ("2001:db8::1", "22")),
        ("2001:db8::1", ("2001:db8::1", None)),
        ("192.0.2.1", ("192.0.2.1", None)),
        ("", (None, None)),
    ],
)
def test_address_and_port_are_split(text, expected):
    assert endpoint(text) == expected
