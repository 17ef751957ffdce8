from __future__ import annotations

from parsers.logons import f5_apm
from tests.parsers.logons.appliance_lines import rows_of, said

BEGAN = "01490500:5: /Common/vpn:Common:76220fff: New session from client IP 198.51.100.1 (ST=x)"
NAMED = "01490010:5: /Common/vpn:Common:76220fff: Username 'ann'"
PROVED = (
    "/Common/vpn:Common:76220fff: AD agent: Auth (logon attempt:0): authenticate with 'ann' "
    "successful"
)
ENDED = "01490567:5: /Common/vpn:Common:76220fff: Session deleted (timeout)"


def test_a_session_knows_its_address():
    rows = rows_of(f5_apm, BEGAN, NAMED, PROVED, ENDED)
    assert said(rows, "event", "outcome", "user", "orig_h", "session") == [
        ("logon", "success", "ann", "198.51.100.1", "76220fff"),
        ("logoff", None, "ann", "198.51.100.1", "76220fff"),
    ]


def test_a_failure_without_what_came_before():
    rows = rows_of(f5_apm, PROVED.replace("successful", "failed"))
    assert said(rows, "outcome", "user", "orig_h") == [("failed", "ann", None)]


def test_a_session_without_a_name_ends_without_a_row():
    assert rows_of(f5_apm, BEGAN, ENDED) == []


def test_sessions_are_bounded():
    reader_lines = (BEGAN.replace("76220fff", f"{number:08x}") for number in range(40))
    limit, f5_apm.SESSIONS_AT_MOST = f5_apm.SESSIONS_AT_MOST, 8
    try:
        assert rows_of(f5_apm, *reader_lines) == []
    finally:
        f5_apm.SESSIONS_AT_MOST = limit
