"""Logons that rows of Zeek's tables tell of: whose, how, and what became of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

from parsers.schema import LOGON, TABLES, polars_schema
from sensor.enrich.logons import KRB_FAILURES, OF_CAPTURES, READ, SCHEMA, SOURCES, logons

WHEN = datetime(2026, 3, 1, 12, tzinfo=UTC)
ENDS = {
    "ts": WHEN,
    "uid": "C1",
    "orig_h": "198.51.100.7",
    "orig_p": 50_000,
    "resp_h": "10.0.0.5",
    "resp_p": 443,
}


def made(table: str, *rows: dict[str, Any], of_log: bool = True) -> list[dict[str, Any]]:
    names = polars_schema(TABLES[table]) | {"file": pl.String(), "line": pl.Int64()}
    frame = pl.DataFrame(
        [{name: (ENDS | row).get(name) for name in names} for row in rows], schema=names
    )
    told = logons(table, frame, of_log=of_log)
    return [] if told is None else told.rows(named=True)


def outcomes(table: str, *rows: dict[str, Any]) -> list[tuple[str, int]]:
    return [(row["outcome"], row["attempts"]) for row in made(table, *rows)]


def test_a_row_has_the_ends_of_its_connection_and_where_it_stands():
    row = {"auth": False, "authentication_method": "VNC", "file": "rfb.log", "line": 9}

    (told,) = made("rfb", row)

    assert {name: told[name] for name in ENDS} == ENDS
    assert (told["file"], told["line"], told["service"]) == ("rfb.log", 9, "vnc")
    assert list(told) == [column.name for column in LOGON]


def test_every_table_gives_rows_of_the_same_columns():
    rows = {
        "ssh": {"auth_success": True, "auth_attempts": 2},
        "rfb": {"auth": True},
        "ntlm": {"username": "u", "success": True},
        "kerberos": {"request_type": "AS", "client": "u", "success": True},
        "radius": {"username": "u", "result": "success"},
        "socks": {"user": "u", "status": "succeeded"},
        "ldap": {"opcode": "bind simple", "object": "cn=u", "result": "success"},
        "http": {"username": "u", "status_code": 200},
    }
    assert rows.keys() == SOURCES.keys() == READ.keys()

    for table, row in rows.items():
        told = logons(table, pl.DataFrame([ENDS | row]), of_log=True)
        assert told is not None, table
        assert dict(told.schema) == SCHEMA, table
        assert set(told["outcome"]) <= {"success", "failed", "unknown"}


@pytest.mark.parametrize("table", sorted(SOURCES))
def test_a_log_that_lacks_the_columns_tells_nothing(table):
    assert logons(table, pl.DataFrame([{"ts": WHEN, "uid": "C1"}]), of_log=True) is None
    assert logons(table, pl.DataFrame([{"ts": WHEN}]).clear(), of_log=True) is None


def test_other_tables_tell_of_no_logon():
    assert logons("conn", pl.DataFrame([ENDS]), of_log=True) is None


def test_of_a_capture_the_logons_to_ssh_and_vnc_are_their_own_parsers():
    assert not {"ssh", "rfb", "http"} & set(OF_CAPTURES)
    assert made("ssh", {"auth_success": True, "auth_attempts": 1}, of_log=False) == []
    assert made("rfb", {"auth": False}, of_log=False) == []


@pytest.mark.parametrize(
    ("success", "attempts", "told"),
    [
        (True, 1, [("success", 1)]),
        (True, 3, [("success", 1), ("failed", 2)]),
        (False, 3, [("failed", 3)]),
        (False, 1, [("failed", 1)]),
        (False, 0, []),
        (False, None, [("failed", 1)]),
        (True, None, [("success", 1)]),
        (None, 3, []),
        (None, None, []),
    ],
)
def test_zeeks_guess_at_ssh_is_the_last_outcome_and_the_failures_before(success, attempts, told):
    row = {"auth_success": success, "auth_attempts": attempts, "client": "SSH-2.0-x"}

    assert outcomes("ssh", row) == told
    for each in made("ssh", row):
        assert (each["service"], each["software"], each["user"]) == ("ssh", "SSH-2.0-x", None)
        assert each["confidence"] < 1
        assert each["known_by"] == "Zeek's ssh log"


@pytest.mark.parametrize(
    ("method", "auth", "told"),
    [
        ("VNC", True, ("success", "password")),
        ("VNC", False, ("failed", "password")),
        ("None", True, ("success", None)),
        (None, False, ("failed", None)),
    ],
)
def test_vnc_tells_by_its_security_result(method, auth, told):
    (row,) = made("rfb", {"authentication_method": method, "auth": auth})

    assert (row["outcome"], row["method"]) == told
    assert (row["attempts"], row["confidence"]) == (1, 1.0)


def test_vnc_without_a_result_tells_nothing():
    assert made("rfb", {"authentication_method": "VNC", "auth": None}) == []


@pytest.mark.parametrize(
    ("port", "service"),
    [(5985, "winrm"), (3389, "rdp"), (445, "smb"), (443, "http"), (8530, "ntlm"), (None, "ntlm")],
)
def test_ntlm_is_spoken_to_the_service_of_the_port(port, service):
    row = {"username": "bob", "domainname": "CORP", "hostname": "PC7", "success": False}

    (told,) = made("ntlm", {**row, "resp_p": port})

    assert (told["service"], told["user"], told["outcome"]) == (service, "CORP\\bob", "failed")
    assert (told["method"], told["software"]) == ("ntlm", "PC7")


@pytest.mark.parametrize("domain", [None, ""])
def test_ntlm_without_a_domain_is_the_name_alone(domain):
    (told,) = made("ntlm", {"username": "bob", "domainname": domain, "success": True})

    assert (told["user"], told["outcome"]) == ("bob", "success")


def test_ntlm_without_a_name_or_a_result_tells_nothing():
    assert made("ntlm", {"username": None, "success": True}, {"username": "bob"}) == []


AS = {"request_type": "AS", "client": "bob/CORP", "success": False}


@pytest.mark.parametrize("error", KRB_FAILURES)
def test_kerberos_tells_by_the_answer_to_the_first_request(error):
    (told,) = made("kerberos", AS | {"error_msg": error})

    assert (told["outcome"], told["user"], told["detail"]) == ("failed", "bob/CORP", error)
    assert (told["service"], told["method"]) == ("kerberos", "kerberos")


@pytest.mark.parametrize(
    "change",
    [
        {"error_msg": "KDC_ERR_PREAUTH_REQUIRED"},
        {"error_msg": "KDC_ERR_KEY_EXPIRED"},
        {"error_msg": None},
        {"request_type": "TGS"},
        {"client": None},
        {"success": None},
    ],
)
def test_kerberos_steps_that_are_no_logon_tell_nothing(change):
    assert made("kerberos", AS | change) == []


def test_kerberos_success():
    assert outcomes("kerberos", AS | {"success": True}) == [("success", 1)]


@pytest.mark.parametrize(
    ("result", "told"),
    [("success", [("success", 1)]), ("failed", [("failed", 1)]), ("unknown", []), (None, [])],
)
def test_radius_tells_by_its_result(result, told):
    row = {"username": "bob", "result": result, "reply_msg": "no"}

    assert outcomes("radius", row) == told
    assert [(r["user"], r["detail"]) for r in made("radius", row)] == [("bob", "no")] * len(told)


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"user": "bob", "status": "succeeded"}, [("success", 1)]),
        ({"user": "bob", "status": "general SOCKS server failure"}, [("unknown", 1)]),
        ({"user": "bob", "status": None}, [("unknown", 1)]),
        ({"user": None, "status": "succeeded"}, []),
    ],
)
def test_a_proxy_that_does_what_a_user_asks_let_him_in(row, told):
    assert outcomes("socks", row) == told


SIMPLE = {"opcode": "bind simple", "object": "cn=bob", "result": "success"}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({}, [("success", "password")]),
        ({"result": "invalid credentials"}, [("failed", "password")]),
        ({"result": "busy"}, []),
        ({"result": None}, []),
        ({"object": ""}, []),
        ({"object": None}, []),
        ({"opcode": "search"}, []),
        ({"opcode": None}, []),
        (
            {"opcode": "bind SASL", "object": "", "argument": "GSS-SPNEGO"},
            [("success", "GSS-SPNEGO")],
        ),
        ({"opcode": "bind SASL", "result": "SASL bind in progress"}, []),
    ],
)
def test_ldap_tells_by_the_answer_to_a_bind(change, told):
    assert [(row["outcome"], row["method"]) for row in made("ldap", SIMPLE | change)] == told


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (200, [("success", 1)]),
        (302, [("success", 1)]),
        (399, [("success", 1)]),
        (400, []),
        (401, [("failed", 1)]),
        (403, []),
        (500, []),
        (None, []),
    ],
)
def test_http_basic_tells_by_the_status(status, told):
    assert outcomes("http", {"username": "bob", "status_code": status}) == told


def test_http_without_a_name_tells_nothing():
    assert made("http", {"username": None, "status_code": 401}) == []


def test_http_names_the_service_behind_it_and_bounds_what_the_client_says():
    row = {"username": "bob", "status_code": 401, "user_agent": "x" * 999}

    known, other = made("http", row | {"remote_service": "winrm"}, row)

    assert (known["service"], other["service"]) == ("winrm", "http")
    assert known["software"] == "x" * 160
