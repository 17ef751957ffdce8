from __future__ import annotations

import pytest

from parsers.services.terminal_prompts import REFUSED, WELCOMED, Asks, asked_by


@pytest.mark.parametrize(
    ("line", "asks"),
    [
        (b"host login: ", Asks.NAME),
        (b"Username:", Asks.NAME),
        (b"login as: ", Asks.NAME),
        (b"Password: ", Asks.SECRET),
        (b"[sudo] password for bob: ", Asks.SECRET),
        (b"Enter passphrase for key '/a': ", Asks.SECRET),
        (b"bob@host:~$ ", Asks.COMMAND),
        (b"Router#", Asks.COMMAND),
        (b"C:\\>", Asks.COMMAND),
        (b"Last login: Mon", Asks.NOTHING),
        (b"Password changed", Asks.NOTHING),
        (b"", Asks.NOTHING),
    ],
)
def test_the_last_line_says_what_is_asked_for(line, asks):
    assert asked_by(line) is asks


@pytest.mark.parametrize(
    "line", [b"Login incorrect", b"% Bad passwords", b"Access denied.", b"Authentication failed"]
)
def test_refusals_are_known(line):
    assert REFUSED.search(line)


def test_a_welcome_begins_its_line():
    assert WELCOMED.match(b"Last login: Mon")
    assert not WELCOMED.match(b"the Last login: Mon")
