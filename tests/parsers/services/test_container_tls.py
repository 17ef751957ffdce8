from __future__ import annotations

import pytest

from parsers.services.container_tls import ASKS
from tests.parsers.services.records_seen import seen12, seen13

DOCKER, KUBERNETES, KUBELET = 2376, 6443, 10250
ASKED = "S32 S93 S946 S281 S53 "
ANONYMOUS = ASKED + "C25 C53 "
PREFACE = "S147 S50 C81 S30 S26 "
CERTIFICATE = ASKED + "C848 C281 C53 "
KINDS = ("answers", "refused_401", "denied_403", "data", "data_bytes")


def told(text, port=KUBERNETES):
    ((table, row),) = ASKS[port].tell(seen13(text))
    assert table == "container_tls"
    return row


def counts(text, port=KUBERNETES):
    row = told(text, port)
    return {kind: row[kind] for kind in KINDS if row[kind]}


def test_the_row_of_an_anonymous_client_that_gets_something():
    assert told(ANONYMOUS + PREFACE + "C62 S217 S5947 S1535 S26 C26 Cx s19") == {
        "ts": 0,
        "service": "kubernetes",
        "client_certificate": "asked, none sent",
        "confidence": 0.6,
        "answers": 1,
        "refused_401": 0,
        "denied_403": 0,
        "data": 1,
        "data_bytes": 7430,
        "exec": False,
    }


def test_a_wrong_token_and_a_denied_question():
    assert counts(ANONYMOUS + PREFACE + "C87 C26 S122 S191") == {"answers": 1, "refused_401": 1}
    assert counts(ANONYMOUS + PREFACE + "C68 S251 S331") == {"answers": 1, "denied_403": 1}


def test_an_answer_one_byte_away_is_just_an_answer():
    assert counts(ANONYMOUS + PREFACE + "C87 S122 S192") == {"answers": 1}
    assert counts(ANONYMOUS + PREFACE + "C64 S221 S291") == {"answers": 1}
    assert counts(ANONYMOUS + PREFACE + "C64 S252 S28") == {"answers": 1}


def test_what_the_server_says_of_itself_may_come_in_between():
    assert counts(ANONYMOUS + "S147 C81 C87 S50 S39 S122 S191 C26") == {
        "answers": 1,
        "refused_401": 1,
    }


def test_each_question_has_its_answer():
    text = CERTIFICATE + PREFACE + "C126 S222 S3743 C26 C50 S61 S3743 C157 S64 S3301"
    assert counts(text) == {"answers": 3, "data": 3, "data_bytes": 3717 * 2 + 3275}


def test_of_a_kubelet_only_data_is_told():
    assert counts(ANONYMOUS + PREFACE + "C87 S122 S191", KUBELET) == {"answers": 1}
    assert counts(ANONYMOUS + PREFACE + "C62 S69 S3105", KUBELET)["data_bytes"] == 3079


def test_upgraded_connections_carry_small_parts_of_frames():
    begin = "S23 S93 S946 S281 S53 C25 C53 C510 S139 "
    parts = "C19 C19 C21 C21 C21 C18 C18 C48 S19 S19 S33"
    assert told(begin + parts)["exec"]
    assert not told(begin.replace("S139", "S339") + parts)["exec"]
    assert not told(begin + "C300 S300 C300")["exec"]
    assert not told(begin)["exec"]


def test_docker_answers_with_head_and_body_in_one():
    text = "S23 S96 S865 S281 S53 C829 C281 C53 C106 S304 C136 S1219 Cx s19"
    assert counts(text, DOCKER) == {"answers": 2, "data": 1, "data_bytes": 1202}


@pytest.mark.parametrize(
    ("text", "certificate"),
    [
        ("S23 S946 S281 S53 C53 C106 S304", "not asked"),
        (ANONYMOUS + "S147 C87 S120", "asked, none sent"),
        (ANONYMOUS + "s19 Sx C103", "asked, none sent, refused"),
        (ANONYMOUS + "C103", "asked, none sent"),
        (CERTIFICATE + "C106 S304", "sent, accepted"),
        (CERTIFICATE + "C103 s19 Cx", "sent, refused"),
        (CERTIFICATE + "Cx s19 Sx", "sent"),
    ],
)
def test_the_certificate_of_a_client(text, certificate):
    assert told(text)["client_certificate"] == certificate


def test_a_resumed_session_shows_no_certificates_and_makes_no_row():
    assert ASKS[KUBERNETES].tell(seen13("S32 S53 C53 C81 S50")) == []


def test_in_tls12_the_handshake_is_readable():
    row = ASKS[KUBERNETES].tell(
        seen12("S57 C88 C92 C33 S37 S267 S356", ssl_history="CsxkrnXGIti", next_protocol="h2")
    )[0][1]
    assert (row["client_certificate"], row["denied_403"]) == ("asked, none sent", 1)
    row = ASKS[DOCKER].tell(seen12("C88 S300", ssl_history="CsxkrnXGYIti"))[0][1]
    assert row["client_certificate"] == "sent, accepted"
