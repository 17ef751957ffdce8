from __future__ import annotations

import polars as pl
import pytest

from parsers.services.answers import answered, said, trusted

SCHEMA = {
    "history": pl.String,
    "conn_state": pl.String,
    **{f"{side}_bytes": pl.Int64 for side in ("orig", "resp")},
    **{f"{side}_ip_bytes": pl.Int64 for side in ("orig", "resp")},
    **{f"{side}_payload_pkts": pl.Int64 for side in ("orig", "resp")},
    "missed_bytes": pl.Int64,
}


def value(expression: pl.Expr, **row: object) -> bool:
    frame = pl.DataFrame([dict.fromkeys(SCHEMA) | row], schema=SCHEMA)
    return frame.select(expression).item()


@pytest.mark.parametrize(
    ("state", "history"),
    [
        ("SF", "ShADadFf"),
        ("RSTO", "ShR"),  # a SYN scan of an open port
        ("S1", "Sh"),
        ("SF", "Dd"),  # UDP
        ("SHR", "^d"),
        ("OTH", "DadA"),  # begun before the capture
        ("OTH", "^h"),
        ("REJ", "ShAR"),  # opened, then reset from both sides without data
        ("S3", None),  # a log without history
        ("SF", ""),
        ("RSTR", None),
    ],
)
def test_more_than_a_refusal_is_an_answer(state, history):
    assert value(answered(), conn_state=state, history=history) is True


@pytest.mark.parametrize(
    ("state", "history"),
    [
        ("S0", "S"),
        ("S0", "D"),
        ("REJ", "Sr"),
        ("S0", "Sa"),  # an ACK without a SYN: another connection's
        ("RSTRH", "^r"),
        ("RSTOS0", "SR"),
        ("SH", "SF"),
        ("OTH", "DA"),
        ("S0", None),
        ("REJ", None),
        ("OTH", None),
        (None, None),
    ],
)
def test_silence_and_refusal_are_none(state, history):
    assert value(answered(), conn_state=state, history=history) is False


@pytest.mark.parametrize(
    ("octets", "packets", "expected"),
    [(1, 1, True), (1, None, True), (0, 0, False), (None, None, False), (9_999, 0, False)],
)
def test_a_side_has_said_something_if_it_sent_payload(octets, packets, expected):
    for side in ("orig", "resp"):
        row = {f"{side}_bytes": octets, f"{side}_payload_pkts": packets}
        assert value(said(side), **row) is expected


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"orig_bytes": 1000, "resp_bytes": 0, "orig_ip_bytes": 1040, "resp_ip_bytes": 40}, True),
        ({"orig_bytes": 2**31, "resp_bytes": 0, "orig_ip_bytes": 80, "resp_ip_bytes": 40}, False),
        ({"orig_bytes": 0, "resp_bytes": 2**31, "orig_ip_bytes": 80, "resp_ip_bytes": 40}, False),
        # A gap explains it, if it is smaller than what was seen.
        (
            {"orig_bytes": 1500, "orig_ip_bytes": 1040, "resp_ip_bytes": 0, "missed_bytes": 500},
            True,
        ),
        (
            {"orig_bytes": 2**31, "orig_ip_bytes": 80, "resp_ip_bytes": 0, "missed_bytes": 2**31},
            False,
        ),
        # Nothing is known against it.
        ({"orig_bytes": 2**31}, True),
        ({}, True),
    ],
)
def test_counters_that_the_packets_cannot_have_carried_are_not_trusted(row, expected):
    assert value(trusted(), **row) is expected
