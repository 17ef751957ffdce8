from __future__ import annotations

import pytest

from parsers.services.logons import FAILED, SUCCESS, UNKNOWN
from parsers.services.rdp_logon import HYBRID, HYBRID_EX, NOT_STARTED, SSL, asks, classic
from tests.parsers.services.records_seen import FINISHED, seen12, seen13

BEGIN = FINISHED + "C110 S250 S250 S204 C470 "
STARTED = "S112 C139 C460 S131"
SHA384 = "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384"


def told(seen, protocol=HYBRID, user="alice"):
    asked = asks(protocol, user)
    assert asked is not None
    return [row for _, row in asked.tell(seen)]


def outcome(seen, protocol=HYBRID):
    (row,) = told(seen, protocol)
    return row["outcome"]


def test_the_row_of_a_session():
    (row,) = told(seen13(BEGIN + STARTED))
    assert row == {
        "ts": 3_000_000_000,
        "service": "rdp",
        "user": "alice",
        "method": "nla",
        "outcome": SUCCESS,
        "attempts": 1,
        "known_by": "sizes and timing",
        "confidence": 0.95,
        "detail": None,
    }


@pytest.mark.parametrize("end", ["S19 Sx Cx", "S36 Cx", "Sx"])
def test_a_short_answer_or_the_end_is_a_refusal(end):
    assert outcome(seen13(BEGIN + end)) == FAILED


def test_who_proves_the_key_has_accepted_the_credentials():
    (row,) = told(seen13(BEGIN + "S112 Cx"))
    assert (row["outcome"], row["detail"]) == (SUCCESS, NOT_STARTED)
    assert told(seen13(BEGIN + "S112 C139 Cx"))[0]["detail"] == NOT_STARTED


def test_the_newer_protocol_says_in_between_whether_the_user_may():
    assert told(seen13(BEGIN + "S112 C139 S21 C460 S131"), HYBRID_EX)[0]["detail"] is None


def test_a_client_that_leaves_itself_or_a_capture_that_ends_tells_nothing():
    assert outcome(seen13(BEGIN + "Cx Sx")) == UNKNOWN
    assert outcome(seen13(BEGIN)) == UNKNOWN
    assert outcome(seen13(BEGIN, whole=False)) == UNKNOWN


def test_a_scanner_that_sends_no_credentials_makes_no_row():
    assert told(seen13(FINISHED + "C74 S126 S19 C19 Cx")) == []
    assert told(seen13(FINISHED + "S250 S250")) == []


def test_what_is_not_ntlm_is_not_judged():
    assert outcome(seen13(FINISHED + "C1800 S200 C140 S19 Sx")) == UNKNOWN
    assert outcome(seen13(FINISHED + "C110 S204 C60 S19 Sx")) == UNKNOWN


def test_the_older_versions_are_read_by_their_ciphers():
    assert outcome(seen12("C117 S211 C477 s26 Sx")) == FAILED
    assert outcome(seen12("C117 S211 C477 S119 C146 C467 S131")) == SUCCESS


def test_an_error_code_in_blocks_is_no_proof():
    assert outcome(seen12("C160 S272 C544 S96 Cx", cipher=SHA384)) == FAILED
    assert outcome(seen12("C160 S272 C544 S128 C208 C512 S192", cipher=SHA384)) == SUCCESS


def test_a_cipher_of_unknown_size_is_not_judged():
    assert outcome(seen12("C80 S200 C500 S40 Sx", cipher="TLS_RSA_WITH_RC4_128_SHA")) == UNKNOWN


def test_without_nla_it_is_only_told_how_far_it_came():
    greeting = FINISHED + "S250 S250 C460 S122 C29 C25 "
    for rest, word in (("S9000 " * 2, "likely"), ("S3500 Cx", "unlikely"), ("S3500", "not known")):
        (row,) = told(seen13(greeting + rest), SSL)
        assert row["outcome"] == UNKNOWN
        assert row["detail"].endswith(f": {word}")
    assert told(seen13(FINISHED + "C433 S126 C19 Cx"), SSL) == []


def test_rdps_own_encryption_is_not_judged():
    assert asks(0, "alice") is None
    _, row = classic(5, "")
    assert (row["ts"], row["outcome"], row["attempts"], row["user"]) == (5, UNKNOWN, 0, None)
