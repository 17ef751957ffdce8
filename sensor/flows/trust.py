"""Can the byte counts of a connection in Zeek's conn log be relied on?

Zeek takes an acknowledgement for bytes that were sent, however far it lies beyond all that was seen
(zeek/zeek#3313). Such a row claims more payload than its IP packets and its gaps can have held.
"""

from __future__ import annotations

import polars as pl
from polars import col

from sensor.flows.sequence import TOO_LARGE

IP_AND_TCP = 40  # bytes of the shortest headers of a packet
NEEDED = {"proto", "history", "missed_bytes"} | {
    f"{side}_{name}" for side in ("orig", "resp") for name in ("bytes", "ip_bytes", "pkts")
}


def doubted(rows: pl.DataFrame) -> pl.DataFrame:
    """Add `counters_trusted` and `counters_doubt` to conn rows, and take back what was not sent.

    bogus_ack: more than 1 MiB of a side's bytes have no packets; the count becomes what the packets
    can have held. one_sided: of a conversation, the packets of one side alone. Where a column that
    tells it is missing, `counters_trusted` is null.
    """
    if not set(rows.columns) >= NEEDED:
        return rows.with_columns(
            pl.lit(None, pl.Boolean).alias("counters_trusted"),
            pl.lit(None, pl.String).alias("counters_doubt"),
        )
    held = {side: (col(f"{side}_ip_bytes") - IP_AND_TCP * col(f"{side}_pkts")).clip(0)
            for side in ("orig", "resp")}  # fmt: skip
    tcp = col("proto") == "tcp"
    bogus = {
        side: (tcp & (col(f"{side}_bytes") - col("missed_bytes") - held[side] > TOO_LARGE))
        .fill_null(value=False)
        for side in held
    }  # fmt: skip
    one_sided = (
        tcp & ((col("orig_pkts") == 0) | (col("resp_pkts") == 0))
        & col("history").str.contains("[AaDd]")
    ).fill_null(value=False)  # fmt: skip
    any_bogus = bogus["orig"] | bogus["resp"]
    doubt = (
        pl.when(any_bogus & one_sided).then(pl.lit("bogus_ack,one_sided"))
        .when(any_bogus).then(pl.lit("bogus_ack"))
        .when(one_sided).then(pl.lit("one_sided"))
    )  # fmt: skip
    return rows.with_columns(
        *(
            pl.when(bogus[side]).then(held[side]).otherwise(col(f"{side}_bytes"))
            .alias(f"{side}_bytes")
            for side in held
        ),
        (~any_bogus & ~one_sided).alias("counters_trusted"),
        doubt.alias("counters_doubt"),
    )  # fmt: skip
