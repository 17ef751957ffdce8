from __future__ import annotations

from parsers.services.logons import FAILED, SUCCESS, UNKNOWN
from parsers.services.openvpn_logon import (
    NO_DATA,
    REFUSED,
    SECOND,
    TLS_REFUSED,
    TRIED_AGAIN,
    OpenvpnLogon,
)
from parsers.services.parser import ORIG, RESP
from tests.parsers.services.conversations import fed
from tests.parsers.services.test_openvpn import BARE, CLIENT, OpenvpnUdp, client_reset, control

SIDES = {"C": ORIG, "S": RESP}


def followed(text: str) -> OpenvpnLogon:
    """Messages as `C303@0 S72@1.5 c@2`: size and second; small letters acknowledge."""
    logon = OpenvpnLogon(0)
    for word in text.split():
        head, at = word.split("@")
        ts = int(float(at) * SECOND)
        if head.islower():
            logon.acknowledge(SIDES[head.upper()], ts)
        else:
            logon.control(SIDES[head[0]], int(head[1:]), ts)
    return logon


def ended(text: str, anew: bool = False) -> tuple[str, str | None]:
    ((_, row),) = followed(text).ended(anew=anew)
    return row["outcome"], row["detail"]


HANDSHAKE = "C303@0 S1222@0 S1198@0 c@0 C1222@0.1 C142@0.1 s@0.1 S192@0.2 S238@0.2 c@0.2 S72@0.2 "
STALLED = "C303@0 S1222@0 S1198@0 c@0 C1222@0.1 C524@0.1 "


def test_data_of_both_sides_is_a_success() -> None:
    rows = [row for table, row in fed(OpenvpnUdp(), BARE).rows if table == "logon"]
    assert [(row["outcome"], row["service"]) for row in rows] == [(SUCCESS, "openvpn")]


def test_what_the_server_says_again_to_nobody_is_a_refusal() -> None:
    assert ended(HANDSHAKE + "S72@2.2") == (FAILED, REFUSED)
    assert ended(HANDSHAKE, anew=True) == (FAILED, TRIED_AGAIN)


def test_a_client_that_is_still_there_was_not_refused() -> None:
    assert ended(HANDSHAKE + "S72@2.2 c@2.3") == (UNKNOWN, NO_DATA)
    assert ended(HANDSHAKE + "S72@0.9") == (UNKNOWN, NO_DATA)
    assert ended(HANDSHAKE + "S80@2.2") == (UNKNOWN, NO_DATA)


def test_a_capture_that_ends_with_the_handshake_tells_nothing() -> None:
    assert ended(HANDSHAKE) == (UNKNOWN, NO_DATA)
    assert ended(STALLED) == (UNKNOWN, NO_DATA)


def test_a_client_that_repeats_its_part_is_answered_no_more() -> None:
    assert ended(STALLED + "C1222@2.4 C524@2.4") == (FAILED, TLS_REFUSED)
    assert ended(STALLED + "C1222@1.9") == (UNKNOWN, NO_DATA)
    assert ended(STALLED + "s@1 C1222@2.4 C524@2.4") == (UNKNOWN, NO_DATA)


def test_a_probe_makes_no_row() -> None:
    assert followed("").ended(anew=True) == []
    assert [table for table, _ in fed(OpenvpnUdp(), BARE[:2]).rows] == ["openvpn"] * 2


def test_a_new_reset_ends_the_session_before_it() -> None:
    said = [*BARE[:2], (ORIG, control(CLIENT)), (RESP, control(b"server_8"))]
    rows = fed(OpenvpnUdp(), [*said, (ORIG, client_reset(session=b"another!"))]).rows
    assert [row["outcome"] for table, row in rows if table == "logon"] == [FAILED]
