"""Of all ways to read questions and answers, the least odd one is taken."""

from __future__ import annotations

from dataclasses import replace

import pytest

from parsers.services.ssh_attempts import READINGS, Reader
from parsers.services.ssh_pairs import Pair
from parsers.services.ssh_sizes import sizes

CHACHA, GCM = "chacha20-poly1305@openssh.com", "aes128-gcm@openssh.com"
OPENSSH, PARAMIKO, PUTTY = "SSH-2.0-OpenSSH_9.2", "SSH-2.0-paramiko_3.4.0", "SSH-2.0-PuTTY_0.8"


def pair(asked: int, answered: int, **more: bool) -> Pair:
    known = dict.fromkeys(
        ("late", "waited", "repeated", "let_in", "may_let_in", "first", "last"), False
    )
    return Pair(ts=0, asked=asked, answered=answered, **(known | more))


def reader(cipher: str = CHACHA, software: str = OPENSSH, shift: int = 0) -> Reader:
    of = sizes(cipher, "")
    assert of is not None
    return Reader(of, of, shift, software)


def read(*pairs: Pair, **more: str) -> list[tuple[str | None, str]]:
    first, *others = pairs
    ends = [replace(first, first=True), *others]
    ends[-1] = replace(ends[-1], last=True)
    reading, _ = reader(**more).read(ends)
    return [(attempt.method, attempt.outcome) for attempt in reading.attempts]


NONE = pair(60, 52)
PASSWORD, KEY = ("password", "failed"), ("publickey", "failed")


@pytest.mark.parametrize(
    ("late", "software", "told"),
    [
        (False, OPENSSH, []),
        (True, OPENSSH, []),  # a server may look up the client's name first
        (True, "SSH-2.0-libssh2_1.11.0", [PASSWORD]),
        (False, PARAMIKO, [PASSWORD]),
    ],
)
def test_a_first_question_that_may_be_none_or_a_password(late, software, told):
    asked = 68 if software == OPENSSH else 84
    assert read(pair(asked, 52, late=late), software=software) == told


@pytest.mark.parametrize(("late", "told"), [(True, PASSWORD), (False, KEY)])
def test_time_tells_a_password_from_a_key_of_the_same_size(late, told):
    """Under AES-GCM a question for an Ed25519 key is as long as a padded password."""
    said = [pair(68, 52), pair(148, 52, late=late), pair(148 + 64, 52), pair(84, 52, late=True)]
    assert read(*said, cipher=GCM)[0] == told


def test_without_late_answers_equal_questions_are_passwords():
    said = [pair(148, 52, repeated=True, waited=True), pair(148, 36, repeated=True, let_in=True)]
    assert read(pair(68, 52), *said, cipher=GCM) == [PASSWORD, ("password", "success")]


def test_keys_are_not_shown_after_passwords():
    said = [pair(68, 52), pair(148, 52, late=True), pair(148, 52)]
    assert read(*said, cipher=GCM) == [PASSWORD, PASSWORD]


def test_putty_hides_how_long_a_password_is():
    said = [NONE, pair(276, 28, let_in=True)]
    assert read(*said, software=PUTTY) == [("password", "success")]
    assert read(*said) == [("publickey", "success")]


def test_a_key_that_is_refused_after_its_signature():
    assert read(NONE, pair(140, 100), pair(308, 52)) == [KEY]


def test_a_success_that_fits_no_question_has_no_method():
    said = [NONE, pair(45, 28, let_in=True)]
    assert read(*said) == [(None, "success")]


def test_what_comes_after_a_success_is_no_attempt():
    said = [NONE, pair(148, 656, may_let_in=True), pair(112, 44), pair(436, 108)]
    assert read(*said) == [("password", "success")]


def test_a_server_that_pads_by_more_has_all_its_answers_longer():
    of = reader(GCM, shift=16)
    said = [pair(68, 68, first=True), pair(148, 68, late=True), pair(148, 52, let_in=True)]
    reading, state = of.read(said)
    assert [each.outcome for each in reading.attempts] == ["failed", "success"]
    assert state.failure == 68


def test_attempts_are_surer_the_less_was_odd():
    usual, _ = reader().read([replace(NONE, first=True), pair(148, 52, late=True)])
    odd, _ = reader().read([replace(NONE, first=True), pair(660, 52), pair(148, 52, late=True)])
    assert usual.attempts[-1].doubt == 0.0
    assert odd.attempts[-1].doubt == 1.0


def test_readings_are_bounded():
    of = reader()
    pairs = [pair(60 + 8 * (number % 7), 52 + 8 * (number % 5)) for number in range(200)]
    reading, _ = of.read(pairs)
    assert len(reading.attempts) <= len(pairs)
    assert READINGS < 100
