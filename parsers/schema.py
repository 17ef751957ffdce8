"""Every table: its columns with type, unit, meaning, and the names others have for them.

This is the only list, with those that it takes from `parsers.logs`. Frames, the log writer and
reader, the docs and the check of analyzers are derived from it. Types are Zeek's; `polars_type`
says how each is held: times and intervals as nanoseconds, counts Int64, ports Int32, addresses as
text in canonical form, unset as null.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from parsers.logs import ENDPOINTS, LISTS
from parsers.own_tables import OWN_LISTS

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `zeek`: its name in Zeek's log, "" where Zeek has none."""

    name: str
    type: str
    meaning: str
    zeek: str = ""
    unit: str = ""
    ecs: str = ""
    cim: str = ""


def _zeek(
    name: str, type_: str, meaning: str, unit: str = "", ecs: str = "", cim: str = ""
) -> Column:
    """A column that Zeek's log has, under Zeek's name but for the prefix `id.`."""
    return Column(name.removeprefix("id."), type_, meaning, name, unit, ecs, cim)


CONN: tuple[Column, ...] = (
    _zeek("ts", "time", "first packet", "ns since the epoch", "event.start", "_time"),
    _zeek("uid", "string", "name of the connection", ecs="zeek.session_id"),
    _zeek("id.orig_h", "addr", "originator's address", ecs="source.ip", cim="src_ip"),
    _zeek("id.orig_p", "port", "originator's port; ICMP: type", ecs="source.port", cim="src_port"),
    _zeek("id.resp_h", "addr", "responder's address", ecs="destination.ip", cim="dest_ip"),
    _zeek(
        "id.resp_p",
        "port",
        "responder's port; ICMP: counterpart or code",
        ecs="destination.port",
        cim="dest_port",
    ),
    _zeek(
        "proto",
        "enum",
        "tcp, udp, icmp or unknown_transport",
        ecs="network.transport",
        cim="transport",
    ),
    _zeek(
        "service",
        "string",
        "application protocols that were confirmed",
        ecs="network.protocol",
        cim="app",
    ),
    _zeek(
        "duration",
        "interval",
        "first to last packet; unset for none",
        "ns",
        "event.duration",
        "duration",
    ),
    _zeek(
        "orig_bytes",
        "count",
        "payload the originator sent, by sequence numbers",
        "bytes",
        "source.bytes",
        "bytes_out",
    ),
    _zeek(
        "resp_bytes",
        "count",
        "payload the responder sent, by sequence numbers",
        "bytes",
        "destination.bytes",
        "bytes_in",
    ),
    _zeek("conn_state", "string", "how it began and ended (S0, SF, REJ …)"),
    _zeek("local_orig", "bool", "whether the originator is inside"),
    _zeek("local_resp", "bool", "whether the responder is inside"),
    _zeek("missed_bytes", "count", "bytes in content gaps, both directions", "bytes"),
    _zeek("history", "string", "what happened, a letter each"),
    _zeek(
        "orig_pkts",
        "count",
        "packets the originator sent",
        "packets",
        "source.packets",
        "packets_out",
    ),
    _zeek("orig_ip_bytes", "count", "bytes of them by their IP headers", "bytes"),
    _zeek(
        "resp_pkts",
        "count",
        "packets the responder sent",
        "packets",
        "destination.packets",
        "packets_in",
    ),
    _zeek("resp_ip_bytes", "count", "bytes of them by their IP headers", "bytes"),
    _zeek("tunnel_parents", "set[string]", "uids of the tunnels it went through"),
    _zeek("ip_proto", "count", "IP protocol number", ecs="network.iana_number"),
    _zeek("community_id", "string", "Community ID, version 1", ecs="network.community_id"),
)


def _payload(side: str, who: str) -> tuple[Column, ...]:
    return (
        Column(
            f"{side}_payload_pkts", "count", f"packets with payload from the {who}", unit="packets"
        ),
        Column(f"{side}_payload_min", "count", "smallest payload of them", unit="bytes"),
        Column(
            f"{side}_payload_median",
            "double",
            "median payload, read from the histogram",
            unit="bytes",
        ),
        Column(f"{side}_payload_mean", "double", "mean payload", unit="bytes"),
        Column(f"{side}_payload_max", "count", "largest payload", unit="bytes"),
        Column(f"{side}_payload_std", "double", "standard deviation of the payloads", unit="bytes"),
        Column(
            f"{side}_payload_hist",
            "vector[count]",
            "payloads in 16 bins of powers of two",
            unit="packets",
        ),
    )


CONN_EXTRA: tuple[Column, ...] = (
    *_payload("orig", "originator"),
    *_payload("resp", "responder"),
    Column(
        "payload_sizes", "vector[int]", "first 20 payloads, the responder's negative", unit="bytes"
    ),
    Column(
        "payload_gaps",
        "vector[int]",
        "time since the payload packet before each of them",
        unit="ns",
    ),
    Column("orig_head", "bytes", "first payload bytes of the originator, 128 at most"),
    Column("resp_head", "bytes", "first payload bytes of the responder, 128 at most"),
    Column("counters_trusted", "bool", "whether the byte counts can be relied on"),
    Column("counters_doubt", "string", "why not: bogus_ack, restarted, one_sided (commas between)"),
    Column("file", "string", "the capture that its first packet came from, or the log"),
    Column("frame", "count", "number of its first packet in that capture, from 1"),
    Column("line", "count", "number of its line in that log, from 1"),
)

ENRICHMENT: tuple[Column, ...] = (
    Column(
        "orig_inside", "bool", "whether the originator is ours; unset for multicast and broadcast"
    ),
    Column(
        "resp_inside", "bool", "whether the responder is ours; unset for multicast and broadcast"
    ),
    Column("orig_allowed", "bool", "whether the site allows the originator"),
    Column(
        "remote_service", "string", "the remote service that it speaks, or that its port suggests"
    ),
    Column("remote_service_by", "string", "content or port: what tells the remote service"),
    Column("remote_service_sure", "double", "how sure the remote service is, from 0 to 1"),
    Column(
        "client_certificate",
        "string",
        "within TLS: whether a container API asked for one, and what came of it",
    ),
    Column("remote_service_why", "string", "what tells the remote service, in words for people"),
)


SPOKEN: tuple[Column, ...] = (
    *(
        column
        for column in ENRICHMENT
        if column.name not in ("remote_service_sure", "remote_service_why", "client_certificate")
    ),
    Column("proto", "enum", "tcp or udp"),
    Column("says", "string", "what the server says of itself: version, certificate"),
    Column("offers", "string", "how the server lets people in, where that is in the clear"),
)
"""Enrichment of the tables that tell of a server, beside conn."""
SPOKEN_TABLES = ("ssh", "rdp", "rfb", "ssl", "http", "ipsec", "logon")
LOGON: tuple[Column, ...] = (
    Column("ts", "time", "first of the attempts", unit="ns since the epoch", ecs="@timestamp"),
    Column("uid", "string", "name of the connection", ecs="zeek.session_id"),
    Column("orig_h", "addr", "originator's address", ecs="source.ip", cim="src_ip"),
    Column("orig_p", "port", "originator's port", ecs="source.port", cim="src_port"),
    Column("resp_h", "addr", "responder's address", ecs="destination.ip", cim="dest_ip"),
    Column("resp_p", "port", "responder's port", ecs="destination.port", cim="dest_port"),
    Column("service", "string", "what the client logged on to", ecs="network.protocol", cim="app"),
    Column("user", "string", "who, where that can be read", ecs="user.name", cim="user"),
    Column(
        "method",
        "string",
        "how the client proved who it is: password, publickey, nla …; unset where not known",
        cim="authentication_method",
    ),
    Column("outcome", "enum", "success, failed or unknown", ecs="event.outcome", cim="action"),
    Column("attempts", "count", "attempts alike that the row stands for"),
    Column("known_by", "string", "what tells the outcome"),
    Column("confidence", "double", "how sure method and outcome are, from 0 to 1"),
    Column("software", "string", "how the client identified itself", ecs="user_agent.original"),
    Column("detail", "string", "why it failed, or is not known, in the server's words"),
    Column("offered", "set[string]", "methods that the server offers, where that can be told"),
    Column("host", "string", "the server, as the log names it", ecs="host.name", cim="dest"),
    Column("session", "string", "the log's own name of the session", cim="session_id"),
    Column("event", "enum", "logon, logoff or lockout; only a logon has an outcome"),
    Column("file", "string", "the log"),
    Column("line", "count", "number of its line in that log, from 1"),
)
ENDS = ("uid", "orig_h", "orig_p", "resp_h", "resp_p")
CONTAINER_TLS: tuple[Column, ...] = (
    Column("ts", "time", "first record", unit="ns since the epoch", ecs="@timestamp"),
    *(column for column in LOGON if column.name in ENDS),
    Column("service", "string", "docker, kubernetes or kubelet, whose port it is"),
    Column(
        "client_certificate",
        "string",
        "not asked; asked, none sent; sent; and whether it was accepted or refused",
    ),
    Column("answers", "count", "answers that were counted"),
    Column("refused_401", "count", "of them likely 401: the token is wrong"),
    Column("denied_403", "count", "of them likely 403: may not do that"),
    Column("data", "count", "of them those that hand out something"),
    Column("data_bytes", "count", "how much that is", unit="bytes"),
    Column("exec", "bool", "whether it is likely an exec, attach or port-forward session"),
    Column("confidence", "double", "how sure that is, 0 to 1"),
)


def _listed(text: str) -> tuple[Column, ...]:
    """The columns of a list in `parsers.logs`. Dots are underscores: `version.major`."""
    lines = text.replace("*\n", ENDPOINTS, 1).replace("\n+\n", "\n").split("\n")
    columns = (_zeek(*line.split(" ", 2)) for line in lines if line)
    return tuple(replace(column, name=column.name.replace(".", "_")) for column in columns)


# What readers know, by the name of the log.
TABLES: dict[str, tuple[Column, ...]] = {
    "conn": CONN + CONN_EXTRA + ENRICHMENT,
    **{
        table: _listed(text) + (SPOKEN if table in SPOKEN_TABLES else ())
        for table, text in LISTS.items()
    },
}
# Tables of our own that captures are read for; Zeek has none of them.
OWN_TABLES: dict[str, tuple[Column, ...]] = {
    "logon": LOGON,
    "container_tls": CONTAINER_TLS,
    **{
        table: tuple(replace(column, zeek="") for column in _listed(text))
        for table, text in OWN_LISTS.items()
    },
}
# Logs that captures are read for, with the columns of packages and options that are not filled.
LEFT_OUT: dict[str, tuple[str, ...]] = {
    "http": ("client_header_names", "server_header_names", "cookie_vars", "uri_vars", "post_body",
             "ja4h"),
    "ssl": ("validation_status", "cert_chain_fuids", "client_cert_chain_fuids", "subject",
            "issuer", "client_subject", "client_issuer", "ja4s"),
    "x509": ("id", "ja4x"),
    "ssh": ("host_key", "remote_location_country_code", "remote_location_region",
            "remote_location_city", "remote_location_latitude", "remote_location_longitude"),
    "rdp": ("ssl",),
    "rfb": (),
    "ntlm": ("status",),
    "kerberos": ("client_cert_fuid", "server_cert_fuid", "auth_ticket", "new_ticket"),
    "ldap": (),
    "ldap_search": (),
    "socks": (),
    "tunnel": ("community_id",),
    "radius": ("remote_ip", "logged"),
    "openvpn": (),
    "wireguard": (),
    "ipsec": (),
}  # fmt: skip
# What `LogWriter` writes.
LOGS: dict[str, tuple[Column, ...]] = {"conn": CONN} | {
    table: tuple(column for column in TABLES[table] if column.zeek and column.name not in left_out)
    for table, left_out in LEFT_OUT.items()
}
# What is made of captures.
MADE = LOGS | OWN_TABLES
# What analyzers may observe, with what enrichment adds.
OBSERVED: dict[str, tuple[Column, ...]] = TABLES | {
    "logon": LOGON + SPOKEN,
    **{table: OWN_TABLES[table] + ENRICHMENT[:3] for table in (*OWN_LISTS, "container_tls")},
}


def element_type(column: Column) -> str:
    """The type of a set's or vector's elements; "" for a single value."""
    return column.type.partition("[")[2].removesuffix("]")


def polars_type(zeek_type: str) -> pl.DataType:
    """The Polars type that holds a Zeek type."""
    import polars as pl

    if zeek_type.startswith(("set[", "vector[")):
        return pl.List(polars_type(zeek_type[zeek_type.index("[") + 1 : -1]))
    types = {
        "time": pl.Datetime("ns", "UTC"),
        "interval": pl.Duration("ns"),
        "count": pl.Int64(),
        "int": pl.Int64(),
        "port": pl.Int32(),
        "double": pl.Float64(),
        "bool": pl.Boolean(),
        "bytes": pl.Binary(),
    }
    return types.get(zeek_type, pl.String())


def polars_schema(columns: tuple[Column, ...]) -> dict[str, pl.DataType]:
    """Names and Polars types of columns, in their order."""
    return {column.name: polars_type(column.type) for column in columns}
