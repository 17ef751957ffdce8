from __future__ import annotations

from parsers.services.ike_logon import (
    CUT,
    ELSEWHERE,
    ENCRYPTED,
    MOST_TRIES,
    NO_ANSWER,
    NO_QUICK_MODE,
    RESPONSE,
    IkeLogon,
    Message,
)
from parsers.services.logons import FAILED, SUCCESS, UNKNOWN
from parsers.services.parser import ORIG, RESP

SIDES = {"C": ORIG, "S": RESP}
EXCHANGES = {"i": 34, "a": 35, "n": 37}
PSK, REFUSED_PSK = "Ci0:464 Si0:497 Ca1:400 Sa1:272", "Ci0:464 Si0:497 Ca1:400 Sa1:80"
EAP = "Ca1:352 Sa1:1236 Sa1:116 Ca2:80 Sa2:112 Ca3:144 "


def follow(logon: IkeLogon, text: str, spi: bytes = b"spi 1234") -> list:
    """Messages of version 2 as `Ca1:400`: side, exchange, number, length. Rows that they make."""
    rows = []
    for second, word in enumerate(text.split(), 1):
        head, length = word.split(":")
        flags = RESPONSE if head[0] == "S" else 0
        message = Message(spi, 2, EXCHANGES[head[1]], flags, int(head[2:]), int(length))
        rows += logon.message(SIDES[head[0]], message, second)
    return [row for _, row in rows]


def ended(text: str, anew: bool = False) -> list[tuple[str, str | None]]:
    logon = IkeLogon()
    assert follow(logon, text) == []
    return [(row["outcome"], row["detail"]) for _, row in logon.ended(anew=anew)]


def test_esp_both_ways_behind_an_answer_is_a_success() -> None:
    logon = IkeLogon()
    follow(logon, PSK)
    ((_, row),) = logon.stands()
    assert (row["outcome"], row["ts"], row["service"]) == (SUCCESS, 3, "ipsec")
    assert logon.ended(anew=False) == []


def test_esp_without_an_answer_belongs_to_something_else() -> None:
    logon = IkeLogon()
    follow(logon, "Ca1:400")
    assert logon.stands() == []


def test_a_notification_alone_refuses_a_key() -> None:
    assert ended(REFUSED_PSK) == [(FAILED, None)]
    logon = IkeLogon()
    follow(logon, REFUSED_PSK)
    (row,) = follow(logon, "Ci0:464", b"spi 5678")
    assert (row["outcome"], row["confidence"]) == (FAILED, 0.9)


def test_without_esp_in_sight_a_long_answer_is_not_judged() -> None:
    assert ended(PSK) == [(UNKNOWN, ELSEWHERE)]


def test_with_eap_the_client_gives_up_behind_a_short_answer() -> None:
    refused = EAP + "Ca3:144 Sa3:128 Sa3:128"
    assert ended(refused + " Cn4:80 Sn4:80") == [(FAILED, None)]
    assert ended(refused, anew=True) == [(FAILED, None)]
    assert ended(refused) == [(UNKNOWN, CUT)]
    logon = IkeLogon()
    follow(logon, EAP + "Sa3:144 Ca4:80 Sa4:80 Ca5:112 Sa5:240")
    assert logon.stands()[0][1]["method"] == "eap"


def test_a_question_without_an_answer_is_not_judged() -> None:
    assert ended(EAP) == [(UNKNOWN, NO_ANSWER)]


def test_a_scan_makes_no_row() -> None:
    assert ended("Ci0:296 Si0:38") == []
    assert ended("Si0:38") == []


def test_what_the_server_asks_is_no_logon() -> None:
    logon = IkeLogon()
    message = Message(b"spi 1234", 2, EXCHANGES["n"], 0, 0, 80)
    assert logon.message(RESP, message, 1) == []
    assert logon.ended(anew=True) == []


def test_tries_are_bounded() -> None:
    logon = IkeLogon()
    rows = [
        row
        for each in range(MOST_TRIES + 9)
        for row in follow(logon, REFUSED_PSK, each.to_bytes(8))
    ]
    assert len(rows) == MOST_TRIES


def ended_1(*said: tuple[int, int, int]) -> list[str]:
    """Messages of version 1: side, exchange, flags."""
    logon = IkeLogon()
    for side, exchange, flags in said:
        logon.message(side, Message(b"spi 1234", 1, exchange, flags, 0, 100), 1)
    return [row["outcome"] if row["detail"] is None else row["detail"]
            for _, row in logon.ended(anew=False)]  # fmt: skip


def test_in_version_1_quick_mode_is_for_who_was_let_in() -> None:
    phase_1 = (ORIG, 4, 0), (RESP, 4, 0), (ORIG, 4, ENCRYPTED)
    quick = (ORIG, 32, ENCRYPTED), (RESP, 32, ENCRYPTED)
    assert ended_1(*phase_1, *quick) == [SUCCESS]
    assert ended_1(*phase_1, quick[0]) == [NO_QUICK_MODE]
    assert ended_1(*phase_1[:2]) == []
    assert ended_1(*quick) == []  # keys are made anew: who logged on did so before
