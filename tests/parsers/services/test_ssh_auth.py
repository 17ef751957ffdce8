from __future__ import annotations

import pytest

from parsers.services.parser import ORIG, RESP
from parsers.services.ssh_auth import PATIENCE, Authentication

ACCEPT, FAILURE, SUCCESS, KEY_IS_FINE = 44, 52, 28, 100  # chacha20-poly1305, OpenSSH
ASKS = (ORIG, 60)


def after(*segments: int | tuple[int, int]) -> Authentication:
    """What is known after segments: a length of the server's, or a side with a length."""
    authentication = Authentication()
    for segment in segments:
        authentication.segment(*(segment if isinstance(segment, tuple) else (RESP, segment)))
    return authentication


def outcome(*segments: int | tuple[int, int]) -> tuple[bool | None, int]:
    authentication = after(*segments)
    return authentication.success, authentication.attempts


def test_the_first_refusal_is_not_counted():
    assert outcome(ASKS, ACCEPT, ASKS, FAILURE) == (None, 0)


def test_what_is_as_long_as_the_first_refusal_is_an_attempt_that_failed():
    assert outcome(ASKS, ACCEPT, FAILURE, FAILURE, FAILURE) == (False, 2)


def test_what_is_16_shorter_than_the_acceptance_is_a_success():
    assert outcome(ASKS, ACCEPT, FAILURE, KEY_IS_FINE, SUCCESS) == (True, 1)


def test_a_success_after_failures_is_one_attempt_more():
    assert outcome(ASKS, ACCEPT, FAILURE, FAILURE, SUCCESS) == (True, 2)


def test_a_success_may_need_no_refusal_before_it():
    assert outcome(ASKS, ACCEPT, SUCCESS) == (True, 1)


@pytest.mark.parametrize("length", [SUCCESS - 1, SUCCESS + 1])
def test_one_byte_more_or_less_is_no_success(length):
    assert outcome(ASKS, ACCEPT, FAILURE, length) == (None, 0)


def test_what_the_server_sends_before_the_client_asks_is_no_answer():
    extensions = 316
    assert outcome(extensions, ASKS, ACCEPT, FAILURE, SUCCESS) == (True, 1)


def test_one_text_to_show_is_passed_over():
    text = ACCEPT + 257
    assert outcome(ASKS, ACCEPT, text, FAILURE, FAILURE) == (False, 1)


def test_a_second_text_to_show_is_taken_for_the_refusal():
    text = ACCEPT + 257
    assert outcome(ASKS, ACCEPT, text, text, text) == (False, 1)


def test_a_text_of_256_bytes_more_is_taken_for_the_refusal():
    text = ACCEPT + 256
    assert outcome(ASKS, ACCEPT, text, text) == (False, 1)


def test_nothing_is_looked_for_after_a_success():
    authentication = after(ASKS, ACCEPT, FAILURE, SUCCESS, FAILURE, SUCCESS)
    assert (authentication.success, authentication.attempts) == (True, 1)
    assert authentication.over


def test_failures_keep_it_open():
    assert not after(ASKS, ACCEPT, *[FAILURE] * 10_000).over


def test_it_is_over_after_much_that_is_no_answer():
    assert after(ASKS, ACCEPT, FAILURE, PATIENCE).over
    assert not after(ASKS, ACCEPT, FAILURE, PATIENCE - ACCEPT - FAILURE).over


def test_what_the_client_sends_is_no_answer():
    assert outcome(ASKS, ACCEPT, FAILURE, (ORIG, FAILURE), (ORIG, SUCCESS)) == (None, 0)
