"""Byte counts of Zeek's conn log that no packets bear out."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from sensor.flows.trust import NEEDED, doubted

ROW: dict[str, Any] = {
    "proto": "tcp", "history": "ShADadFf", "missed_bytes": 0,
    "orig_bytes": 1000, "resp_bytes": 5000,
    "orig_pkts": 10, "orig_ip_bytes": 1500, "resp_pkts": 10, "resp_ip_bytes": 5500,
}  # fmt: skip
GIB = 1 << 30


def doubt(**changes: Any) -> dict[str, Any]:
    (row,) = doubted(pl.DataFrame([ROW | changes])).to_dicts()
    return row


def test_counts_that_packets_bear_out_are_trusted_and_kept() -> None:
    row = doubt()
    assert (row["counters_trusted"], row["counters_doubt"]) == (True, None)
    assert (row["orig_bytes"], row["resp_bytes"]) == (1000, 5000)


def test_bytes_without_packets_are_taken_back() -> None:
    row = doubt(resp_bytes=2 * GIB)
    assert (row["counters_trusted"], row["counters_doubt"]) == (False, "bogus_ack")
    assert (row["orig_bytes"], row["resp_bytes"]) == (1000, 5500 - 40 * 10)


@pytest.mark.parametrize(
    "changes",
    [
        {"resp_bytes": 2 * GIB, "missed_bytes": 2 * GIB},
        {"resp_bytes": 2 * GIB, "proto": "udp"},
        {"resp_bytes": None},
        {"resp_bytes": 5000 + (1 << 20)},
        {"resp_pkts": None, "resp_bytes": 2 * GIB},
    ],
    ids=["in a gap", "UDP", "unset", "little", "packets unset"],
)
def test_other_counts_are_kept(changes: dict[str, Any]) -> None:
    row = doubt(**changes)
    assert (
        row["resp_bytes"] == changes["resp_bytes"] if "resp_bytes" in changes else ROW["resp_bytes"]
    )
    assert row["counters_doubt"] is None


def test_one_side_of_a_conversation_is_doubted() -> None:
    row = doubt(resp_pkts=0, resp_ip_bytes=0, resp_bytes=0, history="ADF")
    assert (row["counters_trusted"], row["counters_doubt"]) == (False, "one_sided")
    assert doubt(resp_pkts=0, resp_ip_bytes=0, resp_bytes=0, history="S")["counters_trusted"]


@pytest.mark.parametrize("lacking", sorted(NEEDED))
def test_without_what_tells_it_trust_is_unknown(lacking: str) -> None:
    rows = pl.DataFrame([ROW]).drop(lacking)
    (row,) = doubted(rows).to_dicts()
    assert (row["counters_trusted"], row["counters_doubt"]) == (None, None)
