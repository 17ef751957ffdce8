"""Rows of ended flows become the conn table: Zeek's columns, column by column.

What Zeek does at a connection's end: scripts/base/protocols/conn/main.zeek (set_conn,
determine_state).
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from parsers.addresses import Networks, to_text
from parsers.packets.fields import AYIYA_KIND, GENEVE_KIND, GTP_KIND, TEREDO_KIND, VXLAN_KIND
from parsers.packets.transport import ICMP, ICMPV6, TCP, UDP
from parsers.schema import CONN, CONN_EXTRA, polars_schema
from sensor.flows import history as letters
from sensor.flows.carriers import flow_uids
from sensor.flows.identity import community_ids
from sensor.flows.memory import HEAD
from sensor.flows.payloads import Sizes, median
from sensor.flows.row import (
    BOGUS_ACK,
    CLOSED,
    ESTABLISHED,
    FLAGS,
    HISTORY,
    HISTORY_WORDS,
    INACTIVE,
    IP_OCTETS,
    IS_CARRIER,
    KEY_A_HIGH,
    KEY_A_LOW,
    KEY_B_HIGH,
    KEY_B_LOW,
    KEY_REST,
    LAST,
    LETTERS,
    MISSED,
    ORIGINATOR,
    PACKETS,
    PARTIAL,
    PAYLOAD,
    RESET,
    RESTARTED,
    SEEN,
    SIDE,
    SIDES,
    START,
    STATE,
    SYN_ACK_SENT,
    SYN_SENT,
    TUNNEL_KIND,
)  # fmt: skip

Rows = NDArray[np.int64]

STEALTH = re.compile(r"\^?S[^HAFGIQ]*R.*")  # a SYN, then a RST of the same side: RSTOS0
# Zeek's names of tunnels in UDP.
TUNNELS = {
    GTP_KIND: "gtpv1",
    VXLAN_KIND: "vxlan",
    GENEVE_KIND: "geneve",
    TEREDO_KIND: "teredo",
    AYIYA_KIND: "ayiya",
}
SCHEMA = pl.Schema(polars_schema(CONN))
EXTRA = polars_schema(CONN_EXTRA)


def conn_table(rows: Rows, local: Networks, parents: pl.Series | None = None) -> pl.DataFrame:
    """Zeek's conn columns of ended flows.

    `rows`: int64 (flows, row.WORDS); `local`: the networks that count as local; `parents`:
    List(String), the tunnels that they came through, None for no tunnels.
    """
    swapped = (rows[:, FLAGS] & ORIGINATOR).astype(bool)
    orig, resp = endpoints(rows, swapped)
    protocol, one_way = rows[:, KEY_REST] >> 33, (rows[:, KEY_REST] >> 32 & 1).astype(bool)
    ports = (rows[:, KEY_REST] >> 16) & 0xFFFF, rows[:, KEY_REST] & 0xFFFF
    orig_p, resp_p = by_role(ports[0], ports[1], swapped)
    history = histories(rows)
    span = rows[:, LAST] - rows[:, START]
    lasted = span > 0
    counters = {role: counted(rows, swapped, role) for role in ("orig", "resp")}
    columns: dict[str, Any] = {
        "ts": rows[:, START],
        "uid": flow_uids(rows),
        "orig_h": to_text(*orig),
        "orig_p": orig_p,
        "resp_h": to_text(*resp),
        "resp_p": resp_p,
        "proto": transports(protocol),
        "service": pl.Series([None] * len(rows), dtype=pl.String),
        "duration": masked(span, lasted),
        "orig_bytes": masked(counters["orig"]["bytes"], lasted),
        "resp_bytes": masked(counters["resp"]["bytes"], lasted),
        "conn_state": states(rows, swapped, protocol, history),
        "local_orig": local.contains(*orig),
        "local_resp": local.contains(*resp),
        "missed_bytes": rows[:, MISSED],
        "history": history,
        "tunnel_parents": no_parents(len(rows)) if parents is None else parents,
        "ip_proto": protocol,
        "community_id": community_ids(orig, resp, (orig_p, resp_p), protocol, one_way),
    }
    for role, figures in counters.items():
        columns[f"{role}_pkts"], columns[f"{role}_ip_bytes"] = figures["pkts"], figures["ip_bytes"]
    return pl.DataFrame({name: columns[name] for name in SCHEMA}).cast(SCHEMA)


def no_parents(flows: int) -> pl.Series:
    """The tunnels of flows that came through none."""
    return pl.Series([None] * flows, dtype=pl.List(pl.String))


def by_role(a: Any, b: Any, swapped: NDArray[np.bool_]) -> tuple[Any, Any]:
    """Columns of the sides as (originator's, responder's)."""
    return np.where(swapped, b, a), np.where(swapped, a, b)


def endpoints(
    rows: Rows, swapped: NDArray[np.bool_]
) -> tuple[tuple[Rows, Rows], tuple[Rows, Rows]]:
    """Addresses (high, low) of originator and responder."""
    orig_high, resp_high = by_role(rows[:, KEY_A_HIGH], rows[:, KEY_B_HIGH], swapped)
    orig_low, resp_low = by_role(rows[:, KEY_A_LOW], rows[:, KEY_B_LOW], swapped)
    return (orig_high, orig_low), (resp_high, resp_low)


def masked(values: Rows, valid: NDArray[np.bool_]) -> pl.Series:
    """Values as a column that is unset where not valid."""
    return pl.select(pl.when(pl.lit(pl.Series(valid))).then(pl.lit(pl.Series(values)))).to_series()


def side_word(rows: Rows, swapped: NDArray[np.bool_], word: int) -> tuple[Rows, Rows]:
    """A word of both sides as (originator's, responder's)."""
    pair: tuple[Rows, Rows] = by_role(rows[:, SIDES + word], rows[:, SIDES + SIDE + word], swapped)
    return pair


def counted(rows: Rows, swapped: NDArray[np.bool_], role: str) -> dict[str, Rows]:
    """Bytes, packets and IP bytes of one role."""
    which = ("orig", "resp").index(role)
    octets = np.maximum(side_word(rows, swapped, PAYLOAD)[which], 0)
    return {
        "bytes": octets,
        "pkts": side_word(rows, swapped, PACKETS)[which],
        "ip_bytes": side_word(rows, swapped, IP_OCTETS)[which],
    }


def transports(protocol: Rows) -> pl.Series:
    """Name the transport as Zeek does."""
    known = [protocol == TCP, protocol == UDP, (protocol == ICMP) | (protocol == ICMPV6)]
    return pl.Series(np.select(known, ["tcp", "udp", "icmp"], "unknown_transport"))


def services(rows: Rows, read: pl.Series) -> pl.Series:
    """`service`: what parsers confirmed, and the tunnels over UDP that packets came through."""
    carriers = (rows[:, FLAGS] & IS_CARRIER != 0) & (rows[:, KEY_REST] >> 33 == UDP)
    if not carriers.any():
        return read
    one, other = rows[:, SIDES + TUNNEL_KIND], rows[:, SIDES + SIDE + TUNNEL_KIND]
    kinds = np.maximum(one, other)
    named = carriers & ((one == other) | (kinds != TEREDO_KIND))  # delay_teredo_confirmation
    tunnels = pl.Series(np.where(named, kinds, 0)).replace_strict(
        TUNNELS, default=None, return_dtype=pl.String
    )
    return pl.select(pl.coalesce(pl.lit(read), pl.lit(tunnels))).to_series()


def histories(rows: Rows) -> pl.Series:
    """The histories as text, null for none. There are few distinct ones, so each is read once."""
    packed = rows[:, [LETTERS, *range(HISTORY, HISTORY + HISTORY_WORDS)]]
    distinct, which = np.unique(packed, axis=0, return_inverse=True)
    texts = [
        letters.text(int(row[0]), tuple(int(word) for word in row[1:])) or None for row in distinct
    ]
    return pl.Series(texts, dtype=pl.String).gather(which.ravel())


def states(rows: Rows, swapped: NDArray[np.bool_], protocol: Rows, history: pl.Series) -> pl.Series:
    """conn_state: the first of the conditions that holds (conn/main.zeek, determine_state)."""
    o, r = side_word(rows, swapped, STATE)
    sent, received = side_word(rows, swapped, PAYLOAD)
    distinct = history.unique().drop_nulls()
    stealthy = [text for text in distinct if STEALTH.fullmatch(text)]
    stealth = history.is_in(stealthy).fill_null(False).to_numpy()
    o_quiet, r_quiet = np.isin(o, (INACTIVE, PARTIAL)), np.isin(r, (INACTIVE, PARTIAL))
    refused = np.isin(o, (SYN_SENT, SYN_ACK_SENT)) | ((o == RESET) & (sent <= 0) & (received <= 0))
    tcp = [
        ((r == RESET) & refused, "REJ"),
        ((r == RESET) & o_quiet, "RSTRH"),
        (r == RESET, "RSTR"),
        ((o == RESET) & r_quiet & stealth, "RSTOS0"),
        ((o == RESET) & r_quiet, "OTH"),
        (o == RESET, "RSTO"),
        ((o == CLOSED) & (r == CLOSED), "SF"),
        ((o == CLOSED) & r_quiet, "SH"),
        (o == CLOSED, "S2"),
        ((r == CLOSED) & o_quiet, "SHR"),
        (r == CLOSED, "S3"),
        ((o == SYN_SENT) & (r == INACTIVE), "S0"),
        ((o == ESTABLISHED) & (r == ESTABLISHED), "S1"),
    ]
    udp = [((sent >= 0) & (received >= 0), "SF"), (sent >= 0, "S0"), (received >= 0, "SHR")]
    cases = [((protocol == TCP) & case, name) for case, name in tcp]
    cases += [((protocol == UDP) & case, name) for case, name in udp]
    return pl.Series(np.select([case for case, _ in cases], [name for _, name in cases], "OTH"))


def trust_table(rows: Rows) -> pl.DataFrame:
    """Whether the byte counts of ended flows can be relied on, and why not.

    bogus_ack: acknowledgements far beyond what was seen; restarted: a SYN with another sequence
    number inside the connection; one_sided: of a conversation, the packets of one side alone.
    """
    flags = rows[:, FLAGS]
    tcp = rows[:, KEY_REST] >> 33 == TCP
    silent = (rows[:, SIDES + PACKETS] == 0) | (rows[:, SIDES + SIDE + PACKETS] == 0)
    talked = rows[:, SEEN] & (letters.SAW_ACK | letters.SAW_DATA) * 0x10001 != 0
    doubts = {
        "bogus_ack": flags & BOGUS_ACK != 0,
        "restarted": flags & RESTARTED != 0,
        "one_sided": tcp & silent & talked,
    }
    named = [pl.when(pl.lit(pl.Series(found))).then(pl.lit(name)) for name, found in doubts.items()]
    doubt = pl.select(pl.concat_str(named, separator=",", ignore_nulls=True)).to_series()
    return pl.DataFrame({
        "counters_trusted": doubt == "",
        "counters_doubt": doubt.replace("", None),
    })  # fmt: skip


def payload_table(
    rows: Rows, figures: Sizes, heads: NDArray[np.uint8], head_bytes: Rows
) -> pl.DataFrame:
    """Payload sizes and first payload bytes of ended flows, beside Zeek's columns.

    `heads`: uint8 (flows, 2 * HEAD); `head_bytes`: int64 (flows, 2), how many of them are there.
    """
    swapped = (rows[:, FLAGS] & ORIGINATOR).astype(bool)
    columns: dict[str, Any] = {}
    for role, side in (("orig", swapped.astype(int)), ("resp", 1 - swapped.astype(int))):
        columns |= {
            f"{role}_payload_{name}": values for name, values in figured(figures, side).items()
        }
        columns[f"{role}_head"] = first_bytes(heads, head_bytes, side)
    sign = np.where(swapped, -1, 1)[:, None]
    kept = pl.Series((figures.sizes != 0).sum(axis=1))
    columns["payload_sizes"] = pl.Series((figures.sizes * sign).astype(np.int64)).arr.to_list()
    columns["payload_gaps"] = pl.Series(figures.gaps).arr.to_list()
    frame = pl.DataFrame(columns).with_columns(
        pl.col("payload_sizes", "payload_gaps").list.head(pl.lit(kept))
    )
    return frame.cast({name: kind for name, kind in EXTRA.items() if name in frame.columns})


def figured(figures: Sizes, side: Rows) -> dict[str, Any]:
    """The figures of one side of each flow."""
    each = np.arange(len(side))
    packets, octets = figures.packets[each, side], figures.octets[each, side]
    smallest, largest = figures.smallest[each, side], figures.largest[each, side]
    some = packets > 0
    count = np.maximum(packets, 1)
    mean = octets / count
    spread = np.sqrt(np.maximum(figures.squares[each, side] / count - mean * mean, 0))
    bins = figures.bins[each, side]
    return {
        "pkts": packets,
        "min": masked(smallest, some),
        "median": masked_floats(median(bins, smallest, largest), some),
        "mean": masked_floats(mean, some),
        "max": masked(largest, some),
        "std": masked_floats(spread, some),
        "hist": pl.Series(bins.astype(np.int64)).arr.to_list(),
    }


def masked_floats(values: NDArray[np.float64], valid: NDArray[np.bool_]) -> pl.Series:
    """Values as a column that is unset where not valid."""
    return pl.Series(np.where(valid, values, np.nan)).fill_nan(None)


def first_bytes(heads: NDArray[np.uint8], head_bytes: Rows, side: Rows) -> pl.Series:
    """The first payload bytes of one side of each flow, Binary, null for none."""
    each = np.arange(len(side))
    octets = heads.reshape(len(heads), 2, HEAD)[each, side]
    values = pl.Series(octets.view(f"V{HEAD}").ravel().tolist(), dtype=pl.Binary)
    lengths = pl.Series(head_bytes[each, side])
    cut = pl.DataFrame({"head": values, "octets": lengths}).select(
        pl.when(pl.col("octets") > 0).then(pl.col("head").bin.slice(0, pl.col("octets")))
    )
    return cut.to_series()
