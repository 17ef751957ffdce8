"""The tables' columns: Zeek's names and types where Zeek has them, and how each is held."""

from __future__ import annotations

import polars as pl
import pytest

from parsers.schema import (
    CONN,
    CONN_EXTRA,
    ENRICHMENT,
    LOGS,
    MADE,
    OWN_TABLES,
    TABLES,
    Column,
    element_type,
    polars_schema,
    polars_type,
)

# The header lines of a conn.log of Zeek 8.2 with the Community ID policy loaded.
ZEEK_FIELDS = (
    "ts uid id.orig_h id.orig_p id.resp_h id.resp_p proto service duration orig_bytes resp_bytes"
    " conn_state local_orig local_resp missed_bytes history orig_pkts orig_ip_bytes resp_pkts"
    " resp_ip_bytes tunnel_parents ip_proto community_id"
)
ZEEK_TYPES = (
    "time string addr port addr port enum string interval count count string bool bool count"
    " string count count count count set[string] count string"
)
TIME, SPAN = pl.Datetime("ns", "UTC"), pl.Duration("ns")
HELD = {
    "ts": TIME, "uid": pl.String, "orig_h": pl.String, "orig_p": pl.Int32, "resp_h": pl.String,
    "resp_p": pl.Int32, "proto": pl.String, "service": pl.String, "duration": SPAN,
    "orig_bytes": pl.Int64, "resp_bytes": pl.Int64, "conn_state": pl.String,
    "local_orig": pl.Boolean, "local_resp": pl.Boolean, "missed_bytes": pl.Int64,
    "history": pl.String, "orig_pkts": pl.Int64, "orig_ip_bytes": pl.Int64,
    "resp_pkts": pl.Int64, "resp_ip_bytes": pl.Int64, "tunnel_parents": pl.List(pl.String),
    "community_id": pl.String,
}  # fmt: skip
ALL = [(table, column) for table, columns in (TABLES | OWN_TABLES).items() for column in columns]
# Header lines of Zeek 8.2 with its base scripts.
LOGS_OF_ZEEK = {
    "dns": "ts uid id.orig_h id.orig_p id.resp_h id.resp_p proto trans_id rtt query qclass"
    " qclass_name qtype qtype_name rcode rcode_name AA TC RD RA Z answers TTLs rejected opcode"
    " opcode_name",
    "ssh": "ts uid id.orig_h id.orig_p id.resp_h id.resp_p version auth_success auth_attempts"
    " direction client server cipher_alg mac_alg compression_alg kex_alg host_key_alg"
    " host_key_fingerprint",
    "socks": "ts uid id.orig_h id.orig_p id.resp_h id.resp_p version user password status"
    " request.host request.name request_p bound.host bound.name bound_p",
    "radius": "ts uid id.orig_h id.orig_p id.resp_h id.resp_p username mac framed_addr"
    " tunnel_client connect_info reply_msg result ttl",
    "ssl": "ts uid id.orig_h id.orig_p id.resp_h id.resp_p version cipher curve server_name resumed"
    " last_alert next_protocol established ssl_history cert_chain_fps client_cert_chain_fps"
    " sni_matches_cert",
}
READ = (
    "conn http ssl x509 ssh rdp rfb ntlm kerberos ldap ldap_search radius socks tunnel dns files"
    " notice weird smb_files smb_mapping dce_rpc software known_services known_hosts openvpn"
    " wireguard ipsec"
)


def test_the_conn_log_has_zeeks_columns_in_zeeks_order() -> None:
    assert [column.zeek for column in LOGS["conn"]] == ZEEK_FIELDS.split()
    assert [column.type for column in LOGS["conn"]] == ZEEK_TYPES.split()


def test_a_name_is_zeeks_without_the_prefix_of_the_endpoints() -> None:
    assert [column.name for column in CONN] == [
        name.removeprefix("id.") for name in ZEEK_FIELDS.split()
    ]


@pytest.mark.parametrize("name", HELD)
def test_a_column_of_zeek_is_held_in_its_polars_type(name: str) -> None:
    assert polars_schema(CONN)[name] == HELD[name]


def test_times_and_intervals_are_nanoseconds_and_everything_else_as_its_type_says() -> None:
    expected = {
        "time": TIME, "interval": SPAN, "count": pl.Int64, "int": pl.Int64, "port": pl.Int32,
        "double": pl.Float64, "bool": pl.Boolean, "bytes": pl.Binary, "string": pl.String,
        "addr": pl.String, "enum": pl.String, "set[string]": pl.List(pl.String),
        "vector[count]": pl.List(pl.Int64), "vector[interval]": pl.List(SPAN),
    }  # fmt: skip
    assert {name: polars_type(name) for name in expected} == expected


def test_no_table_has_two_columns_of_one_name() -> None:
    for columns in TABLES.values():
        names = [column.name for column in columns]
        assert len(names) == len(set(names))


@pytest.mark.parametrize("table", TABLES)
def test_names_for_other_systems_are_given_once(table: str) -> None:
    for system in ("zeek", "ecs", "cim"):
        names = [name for column in TABLES[table] if (name := getattr(column, system))]
        assert len(names) == len(set(names))


@pytest.mark.parametrize(("table", "column"), ALL, ids=lambda part: getattr(part, "name", part))
def test_every_column_says_what_it_means(table: str, column: Column) -> None:
    assert column.meaning
    assert column.meaning == column.meaning.strip().rstrip(".")


@pytest.mark.parametrize(("table", "column"), ALL, ids=lambda part: getattr(part, "name", part))
def test_every_column_has_a_type_and_a_name_without_dots(table: str, column: Column) -> None:
    assert column.name.isidentifier()
    known = {"time", "interval", "count", "int", "port", "double", "bool", "bytes", "string"}
    assert (element_type(column) or column.type) in known | {"addr", "enum"}


def test_every_log_that_is_read_is_a_table() -> None:
    assert list(TABLES) == READ.split()


@pytest.mark.parametrize("table", LOGS_OF_ZEEK)
def test_a_log_begins_with_zeeks_columns_in_zeeks_order(table: str) -> None:
    fields = LOGS_OF_ZEEK[table].split()
    assert [column.zeek for column in TABLES[table]][: len(fields)] == fields


def test_dots_are_underscores_but_for_the_endpoints() -> None:
    names = {column.zeek: column.name for _, column in ALL if "." in column.zeek}
    assert names["id.orig_h"] == "orig_h"
    assert names["version.major"] == "version_major"
    assert names["certificate.not_valid_after"] == "certificate_not_valid_after"


def test_every_log_is_of_a_table_and_of_zeeks_columns_only() -> None:
    for name, columns in LOGS.items():
        assert set(columns) <= set(TABLES[name])
        assert all(column.zeek for column in columns)


def test_what_is_ours_has_no_name_of_zeek() -> None:
    assert not any(column.zeek for column in (*CONN_EXTRA, *ENRICHMENT))
    assert not any(column.zeek for columns in OWN_TABLES.values() for column in columns)


@pytest.mark.parametrize("table", OWN_TABLES)
def test_our_own_tables_begin_as_zeeks_do_and_are_made(table: str) -> None:
    names = [column.name for column in OWN_TABLES[table]]
    assert names[:6] == ["ts", "uid", "orig_h", "orig_p", "resp_h", "resp_p"]
    assert len(names) == len(set(names))
    assert table in MADE
    assert table not in TABLES


def test_payload_figures_are_there_for_both_sides_alike() -> None:
    names = {column.name for column in CONN_EXTRA}
    figures = {name.removeprefix("orig_") for name in names if name.startswith("orig_")}
    assert figures == {name.removeprefix("resp_") for name in names if name.startswith("resp_")}
    assert figures == {"head"} | {
        f"payload_{name}" for name in ("pkts", "min", "median", "mean", "max", "std", "hist")
    }
