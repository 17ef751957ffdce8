"""Rows of a log get the direction that our own flows have."""

from __future__ import annotations

from itertools import accumulate

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensor.flows.direction import corrected
from tests.frames import SECOND, START, Ends, Packet, back, conn, tcp, udp

INSIDE, OUTSIDE = "10.0.0.1", "203.0.113.9"
PORTS = st.sampled_from([22, 443, 5900, 5985, 2375, 6443, 40_000, 50_000])
FLAGS = st.sampled_from(["A", "A", "F", "FA", "R", "RA"])
UDP_PORTS = st.sampled_from([53, 500, 1194, 51_820, 40_000, 50_000])
LOG = ["orig_h", "orig_p", "resp_h", "resp_p", "conn_state", "history", "orig_bytes", "resp_bytes",
       "orig_pkts", "orig_ip_bytes", "resp_pkts", "resp_ip_bytes", "local_orig", "local_resp",
       "proto", "missed_bytes", "duration"]  # fmt: skip


def as_zeek_has_it(packets: list[Packet]) -> pl.DataFrame:
    return conn(packets, zeek_compat=True).select(LOG)


def as_we_have_it(packets: list[Packet]) -> pl.DataFrame:
    return conn(packets, zeek_compat=False).select(LOG)


def at_half_seconds(frames: list[bytes]) -> list[Packet]:
    times = accumulate([START, *[SECOND // 2] * (len(frames) - 1)])
    return [Packet(time, frame) for time, frame in zip(times, frames, strict=True)]


STEPS = st.lists(st.tuples(st.booleans(), FLAGS, st.booleans()), min_size=1, max_size=6)


@given(PORTS, PORTS, STEPS)
def test_tcp_from_the_middle_has_the_direction_of_our_own_flows(
    client: int, server: int, steps: list[tuple[bool, str, bool]]
) -> None:
    ends: Ends = (OUTSIDE, client, INSIDE, server)
    following, frames = [1000, 5000], []
    for answers, flags, has_data in steps:
        data = b"data" if has_data else b""
        sender = back(ends) if answers else ends
        frames.append(tcp(sender, flags, following[answers], following[not answers], data))
        following[answers] += len(data) + ("S" in flags) + ("F" in flags)
    packets = at_half_seconds(frames)
    assert corrected(as_zeek_has_it(packets)).equals(as_we_have_it(packets))


@pytest.mark.parametrize("following", [[], ["A", "R"]])
def test_so_has_a_connection_of_which_the_syn_ack_came_first(following: list[str]) -> None:
    ends: Ends = (INSIDE, 5900, OUTSIDE, 40_000)
    packets = at_half_seconds([tcp(ends, "SA"), *(tcp(back(ends), flag, 1) for flag in following)])
    assert corrected(as_zeek_has_it(packets)).equals(as_we_have_it(packets))


@given(UDP_PORTS, UDP_PORTS, st.lists(st.booleans(), min_size=1, max_size=4))
def test_so_has_udp(client: int, server: int, steps: list[bool]) -> None:
    ends: Ends = (OUTSIDE, client, INSIDE, server)
    packets = at_half_seconds([udp(back(ends) if answers else ends, b"xy") for answers in steps])
    assert corrected(as_zeek_has_it(packets)).equals(as_we_have_it(packets))


@pytest.mark.parametrize("lacking", ["history", "proto", "orig_p", "resp_p", "resp_h"])
def test_a_log_without_what_tells_it_is_left_alone(lacking: str) -> None:
    packets = at_half_seconds([tcp((INSIDE, 5900, OUTSIDE, 40_000), "A", payload=b"x")])
    rows = as_zeek_has_it(packets)
    assert not corrected(rows).equals(rows)
    assert corrected(rows.drop(lacking)).equals(rows.drop(lacking))


def test_unset_values_stay_unset_and_are_exchanged() -> None:
    packets = at_half_seconds([tcp((INSIDE, 5900, OUTSIDE, 40_000), "A", payload=b"x")])
    rows = as_zeek_has_it(packets).with_columns(pl.lit(None, pl.Int64).alias("orig_pkts"))
    (row,) = corrected(rows).to_dicts()
    assert (row["orig_h"], row["resp_h"]) == (OUTSIDE, INSIDE)
    assert (row["orig_pkts"], row["resp_pkts"]) == (0, None)
    unknown = rows.with_columns(pl.lit(None, pl.String).alias("history"))
    assert corrected(unknown).equals(unknown)
