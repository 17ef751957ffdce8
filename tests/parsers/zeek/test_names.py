"""Names of files, and columns, that tell a log."""

from __future__ import annotations

import pytest

from parsers.schema import TABLES
from parsers.zeek.names import fitting, table_of
from parsers.zeek.notes import Notes


@pytest.mark.parametrize(
    ("path", "table"),
    [
        ("conn.log", "conn"), ("a/b/conn.log", "conn"), ("conn", "conn"), ("ssl.json.gz", "ssl"),
        ("conn.00:00:00-01:00:00.log.gz", "conn"), ("conn_20261101.json", "conn"),
        ("conn.2026-11-01-00-00-00.log", "conn"), ("smb_files-20261101.log.zst", "smb_files"),
        ("known_services_1.log", "known_services"), ("dhcp.log", "dhcp"), ("ldap.log", "ldap"),
        ("ldap_search.log", "ldap_search"), ("x509.log", "x509"), ("x509_20261101.log", "x509"),
        ("mine.log", "mine"), ("CONN.log", "CONN.log"), ("conn-summary.log", "conn-summary.log"),
    ],
)  # fmt: skip
def test_names(path: str, table: str) -> None:
    notes = Notes(path)
    assert table_of(path, [], notes) == table
    assert not notes.warnings


# openvpn has no column but such that other logs have too.
@pytest.mark.parametrize("table", sorted(TABLES.keys() - {"openvpn"}))
def test_a_table_fits_its_own_columns(table: str) -> None:
    keys = {column.zeek for column in TABLES[table]} - {""}
    assert fitting(keys) == table
    assert fitting({key.replace(".", "_") for key in keys}) == table
    if table != "known_hosts":  # of one column more than the time
        assert fitting(keys | {"_write_ts", "mine"}) == table


@pytest.mark.parametrize(
    "keys",
    ["", "ts", "ts uid", "ts uid id.orig_h", "ts uid version community get_requests", "a b c d"],
)
def test_too_little_fits_nothing(keys: str) -> None:
    assert fitting(keys.split()) == ""


def test_an_inferred_table_is_said() -> None:
    notes = Notes("what.log")
    assert table_of("what.log", ["ts", "host", "port_num", "port_proto"], notes) == "known_services"
    assert notes.warnings == ["what.log, line 1: taken for known_services, by its columns"]
