"""What the rows of a protocol's log tell of the server: which service, what it says, what it asks.

Zeek writes one row of `ssh`, `rdp`, `rfb`, `ssl`, `http` and `ipsec` for each conversation, and
each logon is a row of `logon`. Of each row an analyzer wants the same four things, whatever the
protocol: the remote service, how that is known, what the server says of itself (`says`), and how it
lets people in (`offers`).
"""

from __future__ import annotations

import polars as pl
from polars import col

from parsers.schema import OBSERVED, polars_schema
from parsers.services import SERVICES
from parsers.services.tells import ZEEK_TELLS
from sensor.enrich.remote_services import CONTENT, PORT, ports_meant
from sensor.enrich.told import Told
from sensor.settings import Site

SHOWN = 160  # characters of what a server says

# The service of every row of these; rows of the others are named by what is told, or by the port.
ALWAYS = {"ssh": "ssh", "rdp": "rdp", "rfb": "vnc", "ipsec": "ipsec"}
IKE_AGGRESSIVE = 4  # RFC 2408 section 3.1, exchange types


def _text(*names: str) -> pl.Expr:
    return pl.concat_str([col(name) for name in names], separator=".")


UNSET = pl.lit(None, pl.String)
UDP_SERVICES = ("ipsec", "wireguard")
PASSWORDS = ("password", "keyboard-interactive")
DTLS = col("version").str.starts_with("DTLS").fill_null(value=False)
VERSION = col("version").str.replace(r"^(D?TLS)v(\d)(\d)$", "$1 $2.$3")
BASIC = col("username").is_not_null()
IN_CLEAR = ("winrm", "rdgateway", "http")
OFFERS_BASIC = (col("method") == "basic") | col("offered").list.contains("basic")
AGGRESSIVE = (
    (col("maj_ver") == 1) & (col("exchange_type") == IKE_AGGRESSIVE) & ~col("is_orig")
).fill_null(value=False)
SAYS: dict[str, pl.Expr] = {
    "ssh": col("server"),
    "rdp": UNSET,
    "rfb": pl.lit("RFB ") + _text("server_major_version", "server_minor_version"),
    "ssl": VERSION + ", certificate of " + col("_subject") + " by " + col("_issuer"),
    "http": UNSET,
    "ipsec": UNSET,
    "logon": UNSET,
}
OFFERS: dict[str, pl.Expr] = {
    "ssh": UNSET,
    "rdp": col("security_protocol"),
    "rfb": col("authentication_method"),
    "ssl": UNSET,
    "http": pl.when(BASIC).then(pl.lit("Basic")),
    "ipsec": pl.when(AGGRESSIVE).then(pl.lit("aggressive mode")),
    "logon": pl.when(
        col("offered").list.eval(pl.element().is_in(PASSWORDS)).list.any()
        | (col("method").is_in(PASSWORDS) & (col("outcome") == "success"))
    )
    .then(pl.lit("password"))
    .when(col("service").is_in(IN_CLEAR) & OFFERS_BASIC)
    .then(pl.lit("Basic")),
}
OVER_UDP = {
    "ssl": DTLS,
    "ipsec": pl.lit(value=True),
    "logon": col("service").is_in(UDP_SERVICES),
}
READ: dict[str, tuple[str, ...]] = {
    "ssh": ("server",),
    "rdp": ("security_protocol",),
    "rfb": ("server_major_version", "server_minor_version", "authentication_method"),
    "ssl": ("version", "server_name", "cipher", "cert_chain_fps", "subject", "issuer"),
    "http": ("method", "host", "uri", "user_agent", "status_code", "username"),
    "ipsec": ("is_orig", "maj_ver", "exchange_type"),
    "logon": ("service", "method", "outcome", "offered"),
}
"""The columns that are read of each; a log may lack any."""


def with_what_is_read(table: str, rows: pl.DataFrame) -> pl.DataFrame:
    """Add the columns of READ that the rows lack, unset."""
    types = polars_schema(OBSERVED[table])
    lacking = [name for name in ("uid", "resp_p", *READ[table]) if name not in rows.columns]
    return rows.with_columns(pl.lit(None, types[name]).alias(name) for name in lacking)


def add_spoken(table: str, rows: pl.DataFrame, site: Site, told: Told) -> pl.DataFrame:
    """Add what each row of a table of SPOKEN tells of the server.

    Reads `uid`, `resp_p` and the table's columns of READ. Adds `proto`,
    `remote_service`, `remote_service_by`, `says` and `offers` (all String). `told` is asked which
    service the connection is known to be, and which certificate it showed.
    """
    given = told.add_certificates(rows) if table == "ssl" else rows
    over_udp = OVER_UDP.get(table, pl.lit(value=False))
    proto = pl.when(over_udp).then(pl.lit("udp")).otherwise(pl.lit("tcp"))
    shown = given.select(
        "uid",
        "resp_p",
        (col("service") if table == "logon" else pl.lit(ALWAYS.get(table))).alias("service"),
        proto.alias("proto"),
        SAYS[table].str.slice(0, SHOWN).alias("says"),
        OFFERS[table].alias("offers"),
    )
    named = _named(table, shown, site, told)
    return rows.with_columns(
        shown["proto"], named["remote_service"], named["remote_service_by"], shown["says"],
        shown["offers"],
    )  # fmt: skip


def _named(table: str, rows: pl.DataFrame, site: Site, told: Told) -> pl.DataFrame:
    """The columns `remote_service` and `remote_service_by`."""
    if table in ALWAYS or table == "logon":
        by = pl.repeat(CONTENT, pl.len()).alias("remote_service_by")
        known = pl.when(col("service").is_in(SERVICES)).then("service")
        return rows.select(known.alias("remote_service"), by)
    found = told.services(rows["uid"])["service"]
    by_port = rows.join(
        ports_meant(site), on=["resp_p", "proto"], how="left", maintain_order="left"
    ).select(pl.when(col("_port").is_in(ZEEK_TELLS[table])).then("_port"))
    return pl.DataFrame({"told": found, "port": by_port.to_series()}).select(
        pl.coalesce("told", "port").alias("remote_service"),
        pl.when(col("told").is_not_null())
        .then(pl.lit(CONTENT))
        .when(col("port").is_not_null())
        .then(pl.lit(PORT))
        .alias("remote_service_by"),
    )
