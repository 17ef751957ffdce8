"""Reassembly: what was seen, what was missed, and when a side's data is complete.

The model keeps every byte's number in a set, where the core keeps intervals in a pool.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parsers.packets.intervals import BEHIND, FREE, USED
from sensor.flows.tracker import FlowTracker
from tests.frames import (
    CLIENT,
    SECOND,
    SERVER,
    START,
    Ends,
    Packet,
    Talk,
    flow,
    in_order,
    tcp,
    track,
)

FIRST = 1000  # the client's initial sequence number: its first byte is 1001, position 1
NO_ACKS, TOO_MUCH = "above_hole_data_without_any_acks", "excessive_data_without_further_acks"


class Model:
    """Zeek's view of one side's data, byte by byte."""

    def __init__(self) -> None:
        self.position = 1  # everything before was delivered or given up
        self.acked = 1
        self.beyond: set[int] = set()  # bytes beyond a hole
        self.reached = 1
        self.missed = self.gaps = 0

    def data(self, begin: int, end: int) -> None:
        self.reached = max(self.reached, end)
        self.beyond |= {
            byte for byte in range(begin, end) if byte >= max(self.acked, self.position)
        }
        self._deliver()

    def acknowledge(self, up_to: int) -> None:
        self.acked = max(self.acked, up_to)
        while self.position < up_to:
            hole = self.position
            while self.position < up_to and self.position not in self.beyond:
                self.position += 1
            self.missed += self.position - hole
            self.gaps += self.position > hole
            self._deliver()

    def _deliver(self) -> None:
        while self.position in self.beyond:
            self.beyond.remove(self.position)
            self.position += 1

    def octets(self) -> int:
        return max(self.reached, self.acked) - 1

    def letters(self) -> int:
        return len([power for power in (1, 10, 100) if self.gaps >= power])


# Data: begin and length; or what the server acknowledges.
STEP = st.one_of(
    st.tuples(st.integers(1, 60), st.integers(1, 12)), st.tuples(st.integers(1, 75), st.none())
)
STEPS = st.lists(STEP, max_size=25)


def conversation(steps: list[tuple[int, int | None]], ends: Ends, first: int) -> tuple[Talk, Model]:
    talk, model = Talk(ends, first=(first, 5000), gap=0.01).handshake(), Model()
    for place, size in steps:
        if size is None:
            talk.server("A", ack=first + place)
            model.acknowledge(place)
        else:
            talk.client("PA", bytes(size), seq=first + place)
            model.data(place, place + size)
    return talk, model


def leaked(tracker: FlowTracker) -> int:
    """Nodes of the pool that are neither free nor unused though no flow is open."""
    pool = tracker._arrays.blocks
    free, node = 0, int(pool[0, FREE])
    while node:
        free, node = free + 1, int(pool[node, BEHIND])
    return int(pool[0, USED]) - free


@settings(max_examples=70)
@given(STEPS, st.sampled_from([FIRST, 2**32 - 30]))
def test_missed_bytes_are_those_that_were_acknowledged_and_not_seen(
    steps: list[tuple[int, int | None]], first: int
) -> None:
    talk, model = conversation(steps, (CLIENT, 40000, SERVER, 9999), first)
    row = flow(talk.packets)
    assert row["missed_bytes"] == model.missed
    assert row["history"].count("G") == model.letters()
    assert row["orig_bytes"] == model.octets()


@settings(max_examples=40)
@given(st.lists(STEPS, min_size=1, max_size=4), st.integers(0, 100))
def test_blocks_of_all_flows_go_back_to_the_pool(
    talks: list[list[tuple[int, int | None]]], cut: int
) -> None:
    made = [
        conversation(steps, (CLIENT, 40000 + place, SERVER, 9999), FIRST)
        for place, steps in enumerate(talks)
    ]
    packets = in_order(*(talk.packets for talk, _ in made))
    table, tracker = track(packets, [min(cut, len(packets))])
    assert dict(zip(table["orig_p"], table["missed_bytes"], strict=True)) == {
        40000 + place: model.missed for place, (_, model) in enumerate(made)
    }
    assert leaked(tracker) == 0


def holes(count: int) -> Talk:
    """A conversation of `count` blocks with holes between them, none acknowledged."""
    talk = Talk(gap=0.001).handshake()
    for _ in range(count):
        talk.client("PA", b"lost", lost=True).client("PA", b"seen")
    return talk


def test_the_pool_grows_while_holes_are_open_and_loses_nothing() -> None:
    talk = holes(300)
    tracker = track(talk.packets)[1]
    assert tracker._arrays.blocks[0, USED] >= 300
    assert leaked(tracker) == 0
    row = flow(talk.server("A").packets)
    assert (row["missed_bytes"], row["history"]) == (1200, "ShADaGGG")


def test_blocks_of_a_connection_that_is_replaced_go_back() -> None:
    talk = holes(20)
    again = Talk(first=(77_000, 88_000), start=talk.now + 1).handshake()
    table, tracker = track(talk.packets + again.packets)
    assert len(table) == 2
    assert leaked(tracker) == 0


def test_blocks_of_a_connection_that_timed_out_go_back() -> None:
    talk = holes(20)
    later = Packet(START + 10**12, tcp((CLIENT, 1, SERVER, 2), "A"))
    table, tracker = track([*talk.packets, later])
    assert len(table) == 2
    assert leaked(tracker) == 0


@pytest.mark.parametrize(("above", "given_up"), [(16_384, False), (16_385, True)])
def test_data_beyond_a_hole_without_any_acks_is_followed_for_16_kib(
    above: int, given_up: bool
) -> None:
    # `above` is counted from the position that is missing to the end of the highest block.
    talk = Talk().handshake().client("PA", bytes(100), lost=True)
    talk.client("PA", bytes(above - 100))
    tracker = track(talk.packets)[1]
    assert tracker.weirds[NO_ACKS] == int(given_up)
    row = flow(talk.server("A").packets)
    assert row["missed_bytes"] == (0 if given_up else 100)
    assert row["orig_bytes"] == above


def test_once_given_up_later_loss_is_not_seen() -> None:
    talk = Talk().handshake().client("PA", bytes(100), lost=True).client("PA", bytes(20_000))
    talk.server("A").client("PA", bytes(50), lost=True).client("PA", b"x").server("A")
    table, tracker = track(talk.packets)
    assert table["missed_bytes"].to_list() == [0]
    assert table["history"].to_list() == ["ShADa"]
    assert tracker.weirds[NO_ACKS] == 1
    assert leaked(tracker) == 0


def test_what_was_given_up_delays_no_close() -> None:
    talk = Talk().handshake().server("PA", bytes(100), lost=True).server("PA", bytes(20_000))
    talk.client("FA", ack=500_001).server("FA")
    closed = talk.now
    talk.server("A", after=1)
    row = flow(talk.packets)
    assert row["duration"] == timedelta(seconds=(closed - talk.packets[0].time) / SECOND)


def test_with_acks_data_beyond_a_hole_is_followed_further() -> None:
    talk = Talk().handshake().client("PA", b"x").server("A")
    talk.client("PA", bytes(100), lost=True).client("PA", bytes(20_000)).server("A")
    table, tracker = track(talk.packets)
    assert table["missed_bytes"].to_list() == [100]
    assert not tracker.weirds


def test_ten_mebibytes_without_further_acks_are_too_much() -> None:
    talk = Talk(gap=0.001).handshake().client("PA", b"x").server("A")
    full = tcp(talk.ends[0], "A", payload=bytes(65_000))
    for place in range(162):  # 10,530,000 bytes, of which 10,485,760 are allowed
        sequence = (talk.following[0] + 65_000 * place).to_bytes(4)
        packet = full[:38] + sequence + full[42:]
        talk.packets.append(Packet(talk.now + place, packet))
    tracker = track(talk.packets)[1]
    assert tracker.weirds[TOO_MUCH] == 1
    assert track(talk.packets[:-1])[1].weirds[TOO_MUCH] == 0


def test_a_hole_of_gibibytes_is_a_gap_and_not_too_much() -> None:
    talk = Talk(first=(2**32 - 100, 5)).handshake().client("PA", b"x").server("A")
    talk.following[0] += 2**30
    talk.client("PA", b"y").server("A")
    table, tracker = track(talk.packets)
    assert table["missed_bytes"].to_list() == [2**30]
    assert not tracker.weirds


def test_a_close_waits_for_the_data_before_its_fin() -> None:
    def lasted(lost: bool) -> timedelta:
        talk = Talk().handshake().client("PA", bytes(100), lost=lost).client("FA")
        ack = 1001 if lost else None
        talk.server("FA", ack=ack).server("A", ack=ack, after=1)
        duration: timedelta = flow(talk.packets)["duration"]
        return duration - timedelta(seconds=(talk.now - talk.packets[0].time) / 1e9)

    assert lasted(lost=True) == timedelta()
    assert lasted(lost=False) == -timedelta(seconds=1)


def test_a_close_that_waited_is_done_when_the_data_is_there() -> None:
    talk = Talk().handshake().client("PA", bytes(100), lost=True).client("FA")
    talk.client("PA", bytes(100), seq=1001).server("FA")
    closed = talk.now
    talk.client("A", after=1).server("A", after=1)
    row = flow(talk.packets)
    assert (row["conn_state"], row["missed_bytes"]) == ("SF", 0)
    assert row["duration"] == timedelta(seconds=(closed - talk.packets[0].time) / 1e9)


def test_the_peers_unacknowledged_data_delays_a_close() -> None:
    def lasted(acknowledged: bool) -> timedelta:
        talk = Talk().handshake().server("PA", b"answer")
        talk.client("FA", ack=500_007 if acknowledged else 500_001)
        talk.server("FA").server("A", after=1)
        duration: timedelta = flow(talk.packets)["duration"]
        return duration - timedelta(seconds=(talk.now - talk.packets[0].time) / 1e9)

    assert lasted(acknowledged=False) == timedelta()
    assert lasted(acknowledged=True) == -timedelta(seconds=1)


@pytest.mark.parametrize(("octets", "delays"), [(16_384, True), (16_385, False)])
def test_data_beyond_the_initial_window_without_any_acks_delays_nothing(
    octets: int, delays: bool
) -> None:
    # So much, and not one ACK: the capture has only one direction's acknowledgements.
    talk = Talk().handshake().server("PA", bytes(octets)).client("FA", ack=500_001)
    talk.server("FA").server("A", after=1)
    row = flow(talk.packets)
    closed = talk.now - (0 if delays else SECOND) - talk.packets[0].time
    assert row["duration"] == timedelta(seconds=closed / SECOND)


def test_data_on_both_sides_of_the_wrap_is_one_stream() -> None:
    talk = Talk(first=(2**32 - 5, 2**32 - 3)).handshake()
    talk.client("PA", b"123456", lost=True).client("PA", b"78").client(
        "PA", b"123456", seq=2**32 - 4
    )
    talk.server("A").server("PA", b"abcdef").client("A")
    row = flow(talk.packets)
    assert (row["missed_bytes"], row["orig_bytes"], row["resp_bytes"]) == (0, 8, 6)


def test_an_acknowledgement_before_its_data_makes_a_gap_that_late_data_does_not_fill() -> None:
    talk = Talk().handshake().client("PA", bytes(100), lost=True).server("A")
    talk.client("PA", bytes(100), seq=1001).server("A")
    row = flow(talk.packets)
    assert (row["missed_bytes"], row["history"]) == (100, "ShAaGD")


def test_the_first_keep_alive_of_a_stream_from_the_middle_is_no_gap() -> None:
    talk = Talk().client("A", b"x").server("A", ack=1002).client("A").server("A")
    assert flow(talk.packets)["missed_bytes"] == 0
