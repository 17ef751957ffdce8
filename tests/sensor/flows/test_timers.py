"""Timers: when a flow that says nothing more has ended, and another of its key begins."""

from __future__ import annotations

import heapq

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensor.flows.row import NUMBERS, TIMERS
from sensor.flows.timers import DUE, WHO, first_place, pop, push
from tests.frames import (
    CLIENT,
    SECOND,
    SERVER,
    START,
    UDP_ENDS,
    Ends,
    Packet,
    Talk,
    back,
    conn,
    ethernet,
    flows,
    icmp,
    ipv4,
    tcp,
    udp,
)

OTHER: Ends = ("10.9.9.9", 7, "192.0.2.9", 8)


def at(seconds: float, frame: bytes) -> Packet:
    return Packet(START + round(seconds * SECOND), frame)


def counts(packets: list[Packet], ends: Ends = UDP_ENDS) -> list[int]:
    """Packets in each flow between these two ends, in the order in which the flows began."""
    hosts = {ends[0], ends[2]}
    rows = [row for row in flows(packets) if {row["orig_h"], row["resp_h"]} == hosts]
    return [row["orig_pkts"] + row["resp_pkts"] for row in rows]


DUES = st.integers(0, 20)


@given(st.lists(st.one_of(DUES, st.none()), max_size=60))
def test_the_heap_gives_what_is_due_first(steps: list[int | None]) -> None:
    """A number is pushed, None pops; each entry keeps its row and its flow's number."""
    heap, numbers = np.zeros((64, 2), np.int64), np.zeros(NUMBERS, np.int64)
    expected: list[int] = []
    given_out: dict[int, int] = {}
    for serial, due in enumerate(steps, 1):
        if due is not None:
            push(heap.data, numbers.data, due, serial * 3, serial)
            heapq.heappush(expected, due)
            given_out[serial] = due
        elif expected:
            serial_of_top = int(heap[0, WHO]) >> 32
            assert heap[0, DUE] == heapq.heappop(expected) == given_out.pop(serial_of_top)
            assert first_place(heap.data) == serial_of_top * 3
            pop(heap.data, numbers.data)
        assert numbers[TIMERS] == len(expected)
        if expected:
            assert heap[0, DUE] == expected[0]
    assert sorted(int(who) >> 32 for who in heap[: len(expected), WHO]) == sorted(given_out)


PING = icmp(CLIENT, SERVER, 8)
UNKNOWN = ethernet(ipv4(b"123", CLIENT, SERVER, 89))
NANOSECOND = 1e-9


@pytest.mark.parametrize(
    "frame", [udp(UDP_ENDS, b"x"), PING, UNKNOWN], ids=["udp", "icmp", "unknown"]
)
def test_a_minute_of_silence_ends_what_is_no_tcp(frame: bytes) -> None:
    assert counts([at(0, frame), at(60, frame)]) == [1, 1]
    assert counts([at(0, frame), Packet(START + 60 * SECOND - 1, frame)]) == [2]
    assert counts([at(0, frame), at(50, frame), at(100, frame), at(160, frame)]) == [3, 1]


def test_the_minute_begins_with_the_last_packet_of_either_side() -> None:
    there, answer = udp(UDP_ENDS, b"x"), udp(back(UDP_ENDS), b"y")
    assert counts([at(0, there), at(30, answer), at(89, there), at(149, answer)]) == [3, 1]


def test_a_packet_with_a_wrong_checksum_is_no_sign_of_life() -> None:
    good, bad = udp(UDP_ENDS, b"x"), udp(UDP_ENDS, b"x", wrong=1)
    table = conn([at(0, good), at(50, bad), at(70, good)], verify=True)
    assert sorted(table["orig_pkts"]) == [1, 1]


def test_flows_end_when_other_packets_show_that_time_has_passed() -> None:
    frame, other = udp(UDP_ENDS, b"x"), udp(OTHER, b"y")
    table = conn([at(0, frame), at(61, other), at(61.5, udp(UDP_ENDS, b"z"))])
    assert table["frame"].to_list()[0] == 1
    # A packet that comes late does not bring the ended flow back.
    assert counts([at(0, frame), at(61, other), at(1, frame)]) == [1, 1]


def test_even_a_frame_that_cannot_be_read_shows_that_time_has_passed() -> None:
    frame = udp(UDP_ENDS, b"x")
    assert counts([at(0, frame), at(61, b"no frame"), at(1, frame)]) == [1, 1]


def test_time_does_not_go_back() -> None:
    frame = udp(UDP_ENDS, b"x")
    assert counts([at(0, frame), at(59, udp(OTHER, b"y")), at(-100, frame), at(59.5, frame)]) == [3]


def test_the_silence_is_measured_from_the_last_packets_own_time() -> None:
    frame = udp(UDP_ENDS, b"x")
    # Packets at 50 and, late, at 20: the flow ends 60 s after 20, when a packet shows it.
    packets = [at(0, frame), at(50, frame), at(20, frame), at(80, udp(OTHER, b"y")), at(81, frame)]
    assert counts(packets) == [3, 1]


@pytest.mark.parametrize(("seconds", "expected"), [(4.999, [2]), (5, [1, 1]), (7, [1, 1])])
def test_an_attempt_without_answer_ends_five_seconds_after_the_first_syn(
    seconds: float, expected: list[int]
) -> None:
    syn = tcp(UDP_ENDS, "S", 1000)
    assert counts([at(0, syn), at(seconds, syn)]) == expected
    syn_ack = tcp(UDP_ENDS, "SA", 1000, 1)
    assert counts([at(0, syn_ack), at(seconds, syn_ack)]) == expected


def test_tries_at_1_3_and_7_seconds_are_two_attempts() -> None:
    rows = flows([at(seconds, tcp(UDP_ENDS, "S", 1000)) for seconds in (0, 1, 3, 7)])
    assert [(row["conn_state"], row["history"], row["orig_pkts"]) for row in rows] == [
        ("S0", "S", 3),
        ("S0", "S", 1),
    ]


def test_an_answered_attempt_does_not_end() -> None:
    talk = Talk().client("S").server("SA").client("A", after=20)
    assert counts(talk.packets) == [3]


@pytest.mark.parametrize(("silence", "expected"), [(299.9, [4]), (300, [3, 1])])
def test_an_established_connection_may_be_silent_for_five_minutes(
    silence: float, expected: list[int]
) -> None:
    assert counts(Talk().handshake().client("PA", b"x", after=silence).packets) == expected


@pytest.mark.parametrize(("silence", "expected"), [(299.9, [2]), (300, [1, 1])])
def test_so_may_one_that_was_seen_from_the_middle(silence: float, expected: list[int]) -> None:
    talk = Talk().client("PA", b"x").client("PA", b"x", after=silence)
    assert counts(talk.packets) == expected


@pytest.mark.parametrize("port", [21, 22, 23, 513])
def test_where_people_type_an_hour_of_silence_is_allowed(port: int) -> None:
    ends: Ends = (CLIENT, 40000, SERVER, port)
    for silence, expected in ((3599.9, [4]), (3600, [3, 1])):
        talk = Talk(ends).handshake().client("PA", b"x", after=silence)
        assert counts(talk.packets, ends) == expected


def test_no_hour_from_the_middle_and_none_for_a_client_of_such_a_port() -> None:
    middle = Talk((CLIENT, 40000, SERVER, 22)).client("A").server("A").client("PA", b"x", after=301)
    assert counts(middle.packets) == [2, 1]
    client = Talk((CLIENT, 22, SERVER, 9999)).handshake().client("PA", b"x", after=301)
    assert counts(client.packets) == [3, 1]


def test_a_closed_connection_takes_five_seconds_more() -> None:
    for after, expected in ((4.9, [6, 1]), (5, [5, 2])):
        talk = Talk().handshake().client("FA").server("FA")
        # The stray packet does not put the end off.
        talk.client("A", after=after).client("A", after=0.2)
        assert counts(talk.packets) == expected


@pytest.mark.parametrize(("after", "expected"), [(4.9, [5]), (5, [4, 1])])
def test_so_does_one_that_was_reset(after: float, expected: list[int]) -> None:
    talk = Talk().handshake().server("R").client("A", after=after)
    assert counts(talk.packets) == expected
    refused = Talk().client("S").server("RA", seq=0).client("A", after=after)
    assert counts(refused.packets) == [count - 2 for count in expected[:1]] + expected[1:]


def test_a_connection_closed_by_one_side_stays_while_the_other_is_established() -> None:
    talk = Talk().handshake().client("FA").server("A").server("PA", b"x", after=299)
    assert counts(talk.packets) == [6]
    talk = Talk().handshake().client("FA").server("A").server("PA", b"x", after=300)
    assert counts(talk.packets) == [5, 1]


def test_a_fin_without_anything_of_the_peer_is_a_close() -> None:
    talk = Talk().client("PA", b"x").client("F").client("F", after=4.9)
    assert counts(talk.packets) == [3]
    talk = Talk().client("PA", b"x").client("F").client("F", after=5)
    assert counts(talk.packets) == [2, 1]


def test_a_reset_after_a_fin_ends_with_the_timers_of_the_session() -> None:
    # Zeek's crafted case: at 7.1 s it still counts, at 14.1 s it is another connection.
    talk = Talk().handshake().client("FA").client("R")
    start = talk.packets[0].time
    for seconds in (4, 7.1, 14.1):
        talk.server("PA", b"x", after=(start + round(seconds * SECOND) - talk.now) / SECOND)
    assert counts(talk.packets) == [7, 1]


def test_a_connection_of_which_nothing_was_read_ends_at_its_first_timer() -> None:
    bad = tcp(UDP_ENDS, "A", 1000, wrong=1)
    table = conn([at(0, bad), at(5, bad), at(5.1, bad), at(12, bad)], verify=True)
    # At 5 s the last sign of life was not yet more than 5 s ago; the next look is 6 s later.
    assert table["history"].to_list() == ["C", "C"]


NAME: Ends = (CLIENT, 40000, SERVER, 53)


@pytest.mark.parametrize("port", [53, 137, 5353, 5355])
def test_name_service_ends_ten_seconds_after_it_began_if_nothing_is_going_on(port: int) -> None:
    ends: Ends = (CLIENT, 40000, SERVER, port)
    ask, answer = udp(ends, bytes(12)), udp(back(ends), bytes(12))
    assert counts([at(0, ask), at(0.1, answer), at(9.999, ask)], ends) == [3]
    assert counts([at(0, ask), at(0.1, answer), at(10, ask)], ends) == [2, 1]


def test_name_service_goes_on_while_it_was_active_in_the_last_nine_seconds() -> None:
    ask = udp(NAME, bytes(12))
    assert counts([at(0, ask), at(1, ask), at(10, ask)]) == [2, 1]
    assert counts([at(0, ask), at(1.001, ask), at(10, ask)]) == [3]


def test_the_next_look_at_name_service_is_ten_seconds_after_the_last_look() -> None:
    ask, tick = udp(NAME, bytes(12)), udp(OTHER, b"tick")
    # Looked at when 12 shows that 10 has passed: 7 s of silence. So next at 22, not at 20.
    before = [at(0, ask), at(5, ask), at(12, tick)]
    assert counts([*before, at(21, ask)]) == [3]
    assert counts([*before, at(22, ask)]) == [2, 1]


def test_other_ports_know_no_such_timer() -> None:
    ends: Ends = (CLIENT, 40000, SERVER, 54)
    assert counts([at(0, udp(ends, bytes(12))), at(59, udp(ends, bytes(12)))], ends) == [2]


def test_the_timer_of_name_service_is_for_the_responders_port() -> None:
    ends: Ends = (SERVER, 53, CLIENT, 40000)  # flipped by its ports
    assert counts([at(0, udp(ends, bytes(12))), at(10, udp(ends, bytes(12)))], ends) == [1, 1]


def test_a_long_pause_ends_every_open_flow_at_once_and_each_once() -> None:
    ends = [(CLIENT, 1000 + port, SERVER, 9999) for port in range(100)]
    packets = [at(place / 100, udp(one, b"x")) for place, one in enumerate(ends)]
    table = conn([*packets, at(10_000, udp(OTHER, b"y"))])
    assert len(table) == 101
    assert table["orig_p"].to_list()[:100] == [1000 + port for port in range(100)]


LATEST = 2**63 - 1  # what is later than the year 2262 is read as this instant
FRAMES = {"udp": udp(UDP_ENDS, b"x"), "SYN": tcp(UDP_ENDS, "S"), "ACK": tcp(UDP_ENDS, "A")}


@pytest.mark.parametrize("seconds", [0, 59, 299, 3700, 24 * 3600 + 1])
@pytest.mark.parametrize("name", FRAMES)
def test_the_latest_times_that_a_capture_can_say_are_times(seconds: int, name: str) -> None:
    last, frame, early = LATEST - seconds * SECOND, FRAMES[name], udp(OTHER, b"y")
    packets = [Packet(START, early), Packet(last, frame), Packet(last, frame)]
    rows = flows(packets)
    assert [row["orig_pkts"] for row in rows] == [1, 2]
