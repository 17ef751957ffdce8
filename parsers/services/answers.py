"""What a flow's figures say of it: was it answered, what was said, are its counters to be trusted.

Expressions over the columns of `conn`, none of them ever null. History letters and states are
Zeek's (`base/protocols/conn/main.zeek`); small letters are the responder's.
"""

from __future__ import annotations

import polars as pl

ANSWERED_STATES = ("S1", "S2", "S3", "SF", "RSTO", "RSTR", "SHR")
UNANSWERED_STATES = ("S0", "REJ")


def answered() -> pl.Expr:
    """Return whether the responder answered with more than a refusal.

    A SYN-ACK is an answer, and so is whatever else but a reset, unless the state says that the
    connection was never opened. Where a log has no history, the state alone decides.
    """
    history, state = pl.col("history").fill_null(""), pl.col("conn_state").fill_null("")
    opened = history.str.contains("h", literal=True)
    went_on = history.str.contains("[adf]") & ~state.is_in(UNANSWERED_STATES)
    by_state = (history == "") & state.is_in(ANSWERED_STATES)
    return opened | went_on | by_state


def said(side: str) -> pl.Expr:
    """Return whether "orig" or "resp" sent payload, and not only sequence numbers that jump."""
    counted = pl.col(f"{side}_bytes").fill_null(0) > 0
    return counted & (pl.col(f"{side}_payload_pkts").fill_null(1) > 0)


def doubted() -> pl.Expr:
    """Return whether more was claimed than sent: in the byte counts, or before they were put right.

    The second is `counters_doubt`: an acknowledgement far beyond all that was seen.
    """
    put_right = pl.col("counters_doubt").str.contains("bogus_ack", literal=True)
    return ~trusted() | put_right.fill_null(value=False)


def trusted() -> pl.Expr:
    """Return whether the byte counts of both sides can be what was sent.

    They come from sequence numbers, and one odd reset makes gigabytes of a scan. They are believed
    if the packets that were seen, and the gaps that Zeek reports, could have carried them, and if
    less is in gaps than was seen.
    """
    missed = pl.col("missed_bytes").fill_null(0)
    seen = pl.col("orig_ip_bytes") + pl.col("resp_ip_bytes")
    fits = [
        pl.col(f"{side}_bytes").fill_null(0) <= pl.col(f"{side}_ip_bytes") + missed
        for side in ("orig", "resp")
    ]
    return pl.all_horizontal(missed <= seen, *fits).fill_null(value=True)
