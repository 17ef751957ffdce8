"""Which side is the server, for connections in Zeek's logs that were seen from the middle.

Where the first packet is no SYN, Zeek takes its sender for the client, unless the port tells
otherwise; and Zeek does not know the ports of VNC, WinRM, Docker, Kubernetes and others. Here the
same rule is applied with the longer list (`begin.starts_at_the_server`), so that rows of a log
and flows of a capture have one direction.
"""

from __future__ import annotations

import polars as pl
from polars import col

from sensor.flows.begin import (
    FURTHER_PORTS_TCP,
    FURTHER_PORTS_UDP,
    SERVER_PORTS_TCP,
    SERVER_PORTS_UDP,
)

TCP_SERVERS = SERVER_PORTS_TCP + FURTHER_PORTS_TCP
UDP_SERVERS = SERVER_PORTS_UDP + FURTHER_PORTS_UDP
BROADCAST = "255.255.255.255"
# Histories that began without a SYN: the originator came first, or Zeek saw a server's port first.
KEPT, FLIPPED = r"^[HADFRI][^^]*$", r"^\^[adfri][^^]*$"
LETTERS = "SHADFRCTWIQG"
OTHER_CASE = {one: one.swapcase() for one in LETTERS + LETTERS.lower()}
ENDINGS = {"S2": "S3", "RSTO": "RSTR", "SH": "SHR"}  # by who did it
OTHER_ENDING = ENDINGS | {resp: orig for orig, resp in ENDINGS.items()}
RESET_ALONE = {"OTH": "RSTRH", "RSTRH": "OTH"}  # one side reset what had no SYN
OTHER_ENDING_UDP = {"S0": "SHR", "SHR": "S0"}  # only one side sent
ORIG, RESP = "orig_", "resp_"


def corrected(rows: pl.DataFrame) -> pl.DataFrame:
    """Return conn rows in which the server is the responder.

    Reads `history`, `proto`, `orig_p`, `resp_p` and `resp_h`; where one of them is missing nothing
    changes. Exchanged are all columns of the two sides, the ending in `conn_state` and the case of
    the letters in `history`, in front of which `^` says that the roles were exchanged.
    """
    if not {"history", "proto", "orig_p", "resp_p", "resp_h"} <= set(rows.columns):
        return rows
    if not rows.select(may_be_wrong().any()).item():
        return rows
    wrong = rows.select(is_wrong().fill_null(value=False)).to_series()
    if not wrong.any():
        return rows
    exchanged = {name: col(other) for name, other in sides(rows.columns)}
    letters = col("history").str.replace_many(OTHER_CASE)
    was_flipped = letters.str.starts_with("^")
    exchanged["history"] = (
        pl.when(was_flipped).then(letters.str.slice(1)).otherwise(pl.lit("^") + letters)
    )
    if "conn_state" in rows.columns:
        exchanged["conn_state"] = other_ending()
    return rows.with_columns(
        pl.when(wrong).then(value).otherwise(col(name)).alias(name)
        for name, value in exchanged.items()
    )


def other_ending() -> pl.Expr:
    """`conn_state` with the roles exchanged."""
    state, history = col("conn_state"), col("history")
    orig_reset, resp_reset = history.str.contains("R"), history.str.contains("r")
    return (
        pl.when(col("proto") != "tcp").then(state.replace(OTHER_ENDING_UDP))
        .when(orig_reset & resp_reset).then(state)
        .when(orig_reset | resp_reset).then(state.replace(OTHER_ENDING | RESET_ALONE))
        .otherwise(state.replace(OTHER_ENDING))
    )  # fmt: skip


def may_be_wrong() -> pl.Expr:
    """Whether the roles may be exchanged: cheap to ask, and false for nearly all rows."""
    servers = list({*TCP_SERVERS, *UDP_SERVERS})
    return (col("orig_p").is_in(servers) & ~col("history").str.starts_with("S")) | (
        col("history").str.starts_with("^")
    )


def is_wrong() -> pl.Expr:
    """Whether the longer list of ports makes the other side the server."""
    kept, flipped = (col("history").str.contains(each) for each in (KEPT, FLIPPED))
    exchange = kept & sent_by_server("orig_p", "resp_p")
    exchange_back = flipped & ~sent_by_server("resp_p", "orig_p")
    return (exchange | exchange_back) & (col("resp_h") != BROADCAST)


def sent_by_server(source: str, target: str) -> pl.Expr:
    """`begin.starts_at_the_server` of the first packet's ports."""
    from_tcp, to_tcp = (col(port).is_in(TCP_SERVERS) for port in (source, target))
    from_udp, to_udp = (col(port).is_in(UDP_SERVERS) for port in (source, target))
    no_syn = ~col("history").str.starts_with("H")  # both may be servers: not for a SYN-ACK
    by_number = no_syn & (col(source) < col(target))
    tcp = (col("proto") == "tcp") & from_tcp & (~to_tcp | by_number)
    return tcp | ((col("proto") == "udp") & from_udp & ~to_udp)


def sides(columns: list[str]) -> list[tuple[str, str]]:
    """Each column of a side, and the same of the other side."""
    pairs = [(f"{ORIG}{name}", f"{RESP}{name}") for name in suffixes(columns)]
    if {"local_orig", "local_resp"} <= set(columns):
        pairs.append(("local_orig", "local_resp"))
    return pairs + [(resp, orig) for orig, resp in pairs]


def suffixes(columns: list[str]) -> list[str]:
    """What both sides have a column of."""
    have = set(columns)
    names = (name.removeprefix(ORIG) for name in columns if name.startswith(ORIG))
    return [name for name in names if f"{RESP}{name}" in have]
