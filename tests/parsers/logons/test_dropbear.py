"""Dropbear: passwords one by one, keys by their number."""

from __future__ import annotations

import pytest

from tests.parsers.logons.lines import brief, framed, rows

AT = "198.51.100.87:5543"
CLIENT = ("198.51.100.87", 5543)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("bad password attempt for 'root' from %s", ("failed", "root", *CLIENT, "password", 1)),
        ("Bad PAM password attempt for 'root' from %s", ("failed", "root", *CLIENT, "password", 1)),
        ("Login attempt for nonexistent user from ::ffff:%s", ("failed", None, *CLIENT, None, 1)),
        ("Password auth succeeded for 'a' from %s", ("success", "a", *CLIENT, "password", 1)),
        ("Pubkey auth succeeded for 'a' with ssh-ed25519 key SHA256:x from %s",
         ("success", "a", *CLIENT, "publickey", 1)),
        ("[825] Jul 10 23:53:52 Bad password attempt for 'root' from %s",
         ("failed", "root", *CLIENT, "password", 1)),
    ],
)  # fmt: skip
def test_each_outcome(said, expected):
    assert brief(framed("dropbear[4092]", said % AT)) == [expected]


def test_failures_that_were_not_told_are_told_by_their_number():
    text = framed(
        "dropbear[1]",
        f"Bad password attempt for 'root' from {AT}",
        f"Exit before auth from <{AT}>: (user 'root', 3 fails): Max auth tries reached",
    )
    assert brief(text, "attempts", "detail", "orig_p") == [
        (1, "bad password", 5543), (2, "Max auth tries reached", 5543)
    ]  # fmt: skip


def test_failures_that_were_told_are_not_told_again():
    text = framed(
        "dropbear[1]",
        f"Bad password attempt for 'root' from {AT}",
        f"Exit before auth (user 'root', 1 fails): Max auth tries reached - user 'root' from {AT}",
    )
    assert len(rows(text)) == 1


def test_a_logoff_is_of_the_logon():
    text = framed("dropbear[1]", f"Password auth succeeded for 'a' from {AT}",
                  "Exit (a): Disconnect received")  # fmt: skip
    assert brief(text, "event", "user", "orig_h", "detail") == [
        ("logon", "a", CLIENT[0], None), ("logoff", "a", CLIENT[0], "Disconnect received")
    ]  # fmt: skip


def test_other_lines_tell_of_no_logon():
    assert rows(framed("dropbear[1]", "Child connection from 192.0.2.1:5", "Running in bg")) == []
