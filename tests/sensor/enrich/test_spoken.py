"""What the rows of protocols' logs tell of a server."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from parsers.schema import OBSERVED, SPOKEN_TABLES, polars_schema
from sensor.enrich.spoken import READ, SHOWN, add_spoken, with_what_is_read
from sensor.enrich.told import Told
from sensor.settings import Site


def spoken(table: str, site: Site | None = None, **values: Any) -> dict[str, Any]:
    schema = polars_schema(OBSERVED[table])
    row = {"uid": "C1", "resp_p": 2222, **values}
    rows = pl.DataFrame([row], schema={name: schema[name] for name in row})
    made = add_spoken(table, with_what_is_read(table, rows), site or Site(), Told())
    return made.row(0, named=True)


@pytest.mark.parametrize(
    ("table", "values", "says", "offers"),
    [
        ("ssh", {"server": "SSH-2.0-OpenSSH_9.6"}, "SSH-2.0-OpenSSH_9.6", None),
        ("rdp", {"security_protocol": "SSL"}, None, "SSL"),
        (
            "rfb",
            {"server_major_version": "003", "server_minor_version": "008"}
            | {"authentication_method": "None"},
            "RFB 003.008",
            "None",
        ),
        ("rfb", {}, None, None),
        (
            "ssl",
            {"version": "TLSv12", "subject": "CN=a", "issuer": "CN=b"},
            "TLS 1.2, certificate of CN=a by CN=b",
            None,
        ),
        ("ssl", {"version": "TLSv13"}, None, None),
        ("http", {"username": "admin"}, None, "Basic"),
        ("http", {}, None, None),
        (
            "ipsec",
            {"maj_ver": 1, "exchange_type": 4, "is_orig": False},
            None,
            "aggressive mode",
        ),
        ("ipsec", {"maj_ver": 1, "exchange_type": 4, "is_orig": True}, None, None),
        ("ipsec", {"maj_ver": 2, "exchange_type": 34, "is_orig": False}, None, None),
        ("logon", {"service": "ssh", "offered": ["password", "publickey"]}, None, "password"),
        ("logon", {"service": "ssh", "offered": ["publickey"]}, None, None),
        ("logon", {"service": "ssh", "method": "password", "outcome": "success"}, None, "password"),
        ("logon", {"service": "ssh", "method": "password", "outcome": "failed"}, None, None),
        ("logon", {"service": "winrm", "offered": ["basic", "negotiate"]}, None, "Basic"),
        ("logon", {"service": "http", "method": "basic", "outcome": "failed"}, None, "Basic"),
        ("logon", {"service": "winrm", "method": "ntlm", "offered": ["ntlm"]}, None, None),
        ("logon", {"service": "ssh", "offered": ["basic"]}, None, None),
    ],
)
def test_what_a_server_says_and_offers(table, values, says, offers):
    row = spoken(table, **values)

    assert (row["says"], row["offers"]) == (says, offers)


@pytest.mark.parametrize(
    ("table", "values", "service", "by"),
    [
        ("ssh", {"resp_p": 80}, "ssh", "content"),
        ("rfb", {"resp_p": 80}, "vnc", "content"),
        ("logon", {"service": "vnc", "resp_p": 80}, "vnc", "content"),
        ("ssl", {"resp_p": 2376}, "docker", "port"),
        ("ssl", {"resp_p": 443}, None, None),
        ("ssl", {"resp_p": 22}, None, None),  # SSH does not begin with TLS
        ("http", {"resp_p": 5985}, "winrm", "port"),
        ("http", {"resp_p": 3389}, None, None),
    ],
)
def test_which_service_a_row_is_of(table, values, service, by):
    row = spoken(table, **values)

    assert (row["remote_service"], row["remote_service_by"]) == (service, by)


def test_the_ports_of_the_site_count():
    row = spoken("ssl", Site(services={"4444/tcp": "fortigate"}), resp_p=4444)

    assert row["remote_service"] == "fortigate"


@pytest.mark.parametrize(
    ("version", "proto"), [("TLSv12", "tcp"), ("DTLSv12", "udp"), (None, "tcp")]
)
def test_dtls_is_over_udp(version, proto):
    assert spoken("ssl", version=version)["proto"] == proto


def test_what_is_said_is_bounded():
    assert len(spoken("ssh", server="S" * 10_000)["says"]) == SHOWN


def test_every_table_of_servers_is_known():
    assert set(READ) == set(SPOKEN_TABLES)
