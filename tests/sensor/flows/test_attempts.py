"""Flows that have sent only SYNs are packed, and nobody can tell."""

from __future__ import annotations

from itertools import accumulate
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.addresses import Networks
from sensor.flows import attempts
from sensor.flows.row import ATTEMPTS, OPEN, SERIAL, TIMERS, USED_ROWS
from sensor.flows.tracker import FlowTracker
from tests.frames import (
    CLIENT,
    SECOND,
    SERVER,
    START,
    Ends,
    Packet,
    back,
    conn,
    ethernet,
    frames,
    ipv4,
    tcp,
    track,
)

ENDS: Ends = (CLIENT, 40000, SERVER, 22)
OTHERS: tuple[Ends, ...] = (ENDS, (SERVER, 22, "192.0.2.77", 50000), ("fd00::1", 1, "fd00::2", 22))


def numbers(packets: list[Packet]) -> Any:
    """The core's numbers when all packets were read and nothing ended."""
    return held(packets).numbers


def held(packets: list[Packet]) -> Any:
    """The core's arrays then."""
    tracker = FlowTracker(Networks([]))
    for _ in tracker.follow(frames(packets)):
        pass
    return tracker._arrays


def at(*steps: tuple[float, bytes]) -> list[Packet]:
    return [Packet(START + round(seconds * SECOND), frame) for seconds, frame in steps]


def test_a_flow_that_has_sent_a_syn_takes_no_row() -> None:
    found = numbers(at((0, tcp(ENDS, "S"))))
    assert (found[ATTEMPTS], found[OPEN]) == (1, 0)


def test_it_gets_a_row_when_it_is_answered() -> None:
    found = numbers(at((0, tcp(ENDS, "S")), (1, tcp(back(ENDS), "SA", ack=1))))
    assert (found[ATTEMPTS], found[OPEN]) == (0, 1)


@pytest.mark.parametrize(
    "frame",
    [
        tcp(ENDS, "S", payload=b"early"),
        tcp(ENDS, "SA"),
        tcp(ENDS, "A"),
        tcp(ENDS, "SF"),
        ethernet(ipv4(b"\0\0\x08\0" + tcp(ENDS, "S")[14:], "10.200.0.1", "192.0.2.7", 47)),
    ],
    ids=["with data", "SYN-ACK", "ACK", "SYN and FIN", "in a tunnel"],
)
def test_what_has_more_to_remember_keeps_its_row(frame: bytes) -> None:
    found = numbers(at((0, frame)))
    assert found[ATTEMPTS] == 0
    assert found[OPEN] >= 1


def test_a_syn_sent_again_and_again_adds_no_timers_and_no_rows() -> None:
    found = numbers(at(*((k / 1000, tcp(ENDS, "S")) for k in range(1000))))
    assert (found[ATTEMPTS], found[OPEN], found[TIMERS]) == (1, 0, 1)
    assert found[USED_ROWS] <= 2


def test_thousands_of_attempts_need_a_row_at_a_time() -> None:
    syns = [tcp((f"10.1.{k >> 8}.{k & 255}", 7, SERVER, 22), "S") for k in range(5000)]
    arrays = held([Packet(START + k, frame) for k, frame in enumerate(syns)])
    assert len(arrays.flows) == 256
    assert (arrays.attempts[:, SERIAL] != 0).sum() == 5000


def test_a_syn_whose_payload_was_cut_off_keeps_the_row_that_its_size_is_counted_under() -> None:
    frame = tcp(ENDS, "S", payload=b"x" * 100)
    cut = Packet(START, frame[:54], wire=len(frame))
    other = [tcp(OTHERS[2], "A", seq=1 + 2 * k, payload=b"yy") for k in range(3)]
    table = conn([cut, *at(*((1 + k, one) for k, one in enumerate(other)))])
    sizes = dict(table.select("frame", "payload_sizes").iter_rows())
    assert sizes == {1: [100], 2: [2, 2, 2]}


def test_packing_and_unpacking_gives_the_row_again() -> None:
    packets = at((0, tcp(ENDS, "S", window=0)), (1, tcp(ENDS, "S")), (2, tcp(ENDS, "S", seq=1)))
    arrays = held(packets)
    row = attempts.unpack(*lent(arrays), attempts.PACKED + 1)
    before = arrays.flows[row].copy()
    assert attempts.is_attempt(arrays.flows.data, row)
    attempts.schedule(*lent(arrays, heap=True), row, attempts.PACKED + 1)
    again = attempts.unpack(*lent(arrays), attempts.PACKED + 1)
    assert arrays.flows[again].tolist() == before.tolist()


def lent(arrays: Any, heap: bool = False) -> list[Any]:
    names = ["flows", "attempts", "table", *(["heap"] if heap else []), "numbers"]
    return [getattr(arrays, name).data for name in names]


def frames_of(ends: Ends) -> list[bytes]:
    """What may happen to a connection attempt."""
    answer = back(ends)
    return [
        tcp(ends, "S"),
        tcp(ends, "S", window=0),
        tcp(ends, "S", seq=77_000),
        tcp(ends, "S", seq=4_000_000_000),
        tcp(ends, "S", payload=b"data"),
        tcp(ends, "SF"),
        tcp(ends, "A", seq=1, ack=1),
        tcp(ends, "R"),
        tcp(answer, "SA", ack=1),
        tcp(answer, "RA", ack=1),
        tcp(answer, "S"),
        tcp(answer, "A"),
        ethernet(ipv4(tcp(ends, "S")[34:], ends[0], ends[2])) if "." in ends[0] else tcp(ends, "S"),
    ]


FRAMES = [frame for ends in OTHERS for frame in frames_of(ends)]
GAPS = st.sampled_from([0, 0.001, 1, 4.9, 5, 5.1, 61, -1])
HEADERS = 54  # bytes of a frame without payload: what is beyond may be cut off
STEPS = st.lists(st.tuples(GAPS, st.sampled_from(FRAMES), st.booleans()), min_size=1, max_size=14)


@given(STEPS, st.booleans())
def test_flows_are_the_same_as_without_packing(
    steps: list[tuple[float, bytes, bool]], compat: bool
) -> None:
    times = accumulate(gap for gap, _, _ in steps)
    packets = [
        Packet(START + round(time * SECOND), frame[: HEADERS if cut else None], wire=len(frame))
        for time, (_, frame, cut) in zip(times, steps, strict=True)
    ]
    table = conn(packets, zeek_compat=compat)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(attempts, "is_attempt", lambda flows, row: False)
        plain = conn(packets, zeek_compat=compat)
    order = ["frame", "uid"]
    assert table.sort(order).equals(plain.sort(order))


def test_open_flows_end_in_the_order_in_which_they_began() -> None:
    packets = []
    for k in range(40):
        ends: Ends = (f"10.1.0.{k}", 7, SERVER, 22)
        packets += [Packet(START + k, tcp(ends, "S" if k % 3 else "A"))]
    table, _ = track(packets)
    assert isinstance(table, pl.DataFrame)
    assert table["frame"].to_list() == list(range(1, 41))
