from __future__ import annotations

import pytest

from parsers.services.logons import FAILED, SUCCESS, UNKNOWN
from parsers.services.parser import ORIG, RESP
from parsers.services.rfb import Rfb
from tests.parsers.services.conversations import SECOND, fed

BEGIN = [(RESP, b"RFB 003.008\n"), (ORIG, b"RFB 003.008\n")]
CHALLENGE, RESPONSE = (RESP, bytes(16)), (ORIG, bytes(16))
PASSWORD = [*BEGIN, (RESP, b"\2\1\2"), (ORIG, b"\2"), CHALLENGE]
OLD = [(RESP, b"RFB 003.003\n"), (ORIG, b"RFB 003.003\n")]
OK = bytes(4)
DESKTOP = bytes(20) + b"\0\0\0\1x"


def told(said):
    return [row for table, row in fed(Rfb(), said).rows if table == "logon"]


def outcome(said):
    ((row),) = told(said)
    return row["outcome"], row["attempts"], row["method"]


def test_the_row_of_a_password_that_fits():
    assert told([*PASSWORD, RESPONSE, (RESP, OK)]) == [
        {
            "ts": 4 * SECOND,
            "service": "vnc",
            "attempts": 1,
            "known_by": "messages in the clear",
            "outcome": SUCCESS,
            "confidence": 1.0,
            "detail": None,
            "method": "password",
            "offered": ["None", "VNC"],
        }
    ]


@pytest.mark.parametrize("result", [1, 2])
def test_a_wrong_password_and_too_many_of_them(result):
    assert outcome([*PASSWORD, RESPONSE, (RESP, bytes((0, 0, 0, result)))]) == (
        FAILED,
        1,
        "password",
    )


def test_who_leaves_before_answering_has_tried_none():
    assert outcome(PASSWORD) == (UNKNOWN, 0, "password")


def test_without_a_result_it_is_not_known():
    assert outcome([*PASSWORD, RESPONSE]) == (UNKNOWN, 1, "password")


def test_no_password_is_a_method_too():
    chosen = [*BEGIN, (RESP, b"\1\1"), (ORIG, b"\1")]
    assert outcome([*chosen, (RESP, OK)]) == (SUCCESS, 1, "none")
    assert outcome([*OLD, (RESP, b"\0\0\0\1"), (ORIG, b"\1"), (RESP, DESKTOP)]) == (
        SUCCESS,
        1,
        "none",
    )


@pytest.mark.parametrize("chosen", [13, 16, 30])
def test_other_types_are_not_judged(chosen):
    said = [*BEGIN, (RESP, bytes((1, chosen))), (ORIG, bytes((chosen,)))]
    assert outcome(said) == (UNKNOWN, 0, None)


def test_who_chooses_nothing_or_gets_nonsense_makes_no_row():
    assert told([*BEGIN, (RESP, b"\2\1\2")]) == []
    assert told([*OLD, (RESP, b"\x12\x34\x56\x78")]) == []
