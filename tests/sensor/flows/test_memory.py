"""The core's arrays: they grow when they run full, and rows are used again."""

from __future__ import annotations

import mmap
import sys
from pathlib import Path

import numpy as np
import pytest

from sensor.flows.begin import take_row
from sensor.flows.memory import allocate, doubled, grow, on_pages, release
from sensor.flows.row import NEXT, SERIAL, USED_ROWS, WORDS
from tests.frames import (
    CLIENT,
    SECOND,
    SERVER,
    START,
    Packet,
    conn,
    ethernet,
    ipv4,
    tcp,
    track,
    udp,
)


def host(place: int) -> str:
    return f"10.{place >> 16}.{place >> 8 & 255}.{place & 255}"


def hosts(count: int) -> list[str]:
    return [host(place) for place in range(count)]


def scan(count: int, start: int = START, payload: bytes = b"") -> list[Packet]:
    """`count` flows of a frame each: a datagram, or without payload a SYN."""
    packets = []
    for place in range(count):
        frame = tcp((host(place), 7, SERVER, 80), "S")
        if payload:
            frame = udp((host(place), 7, SERVER, 9999), payload)
        packets.append(Packet(start + place * 1000, frame))
    return packets


@pytest.mark.parametrize("rows", [1, 2, 3, 256])
def test_rows_begin_on_a_cache_line_and_are_zero(rows: int) -> None:
    for _ in range(8):
        array = on_pages((rows, WORDS))
        assert array.shape == (rows, WORDS)
        assert array.ctypes.data % 64 == 0
        assert array.flags.c_contiguous
        assert not array.any()


@pytest.mark.parametrize("rows", [1, 3, 20_000])
def test_an_array_that_doubles_keeps_what_it_holds(rows: int) -> None:
    array = on_pages((rows, WORDS))
    array[:] = np.arange(rows * WORDS).reshape(rows, WORDS)
    larger = doubled(array)
    assert larger.shape == (2 * rows, WORDS)
    assert (larger[:rows] == np.arange(rows * WORDS).reshape(rows, WORDS)).all()
    assert not larger[rows:].any()


@pytest.mark.skipif(sys.platform != "linux", reason="it reads /proc")
def test_growing_does_not_take_the_memory_of_both() -> None:
    rows = 100_000
    array = on_pages((rows, WORDS))
    array[:] = 1
    before = resident()
    larger = doubled(array)
    assert resident() - before < 8 * WORDS * rows / 4
    assert larger[rows - 1, 0] == 1


def resident() -> int:
    """Bytes of memory that this process holds now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * mmap.PAGESIZE


def test_what_is_not_full_does_not_grow() -> None:
    arrays = allocate(payloads=True, streams=True)
    same = grow(arrays)
    assert all(one is other for one, other in zip(arrays, same, strict=True))


def test_rows_that_were_released_are_taken_again_before_new_ones() -> None:
    arrays = allocate(payloads=False, streams=False)
    first = [take_row(arrays.flows.data, arrays.numbers.data) for _ in range(5)]
    assert first == [1, 2, 3, 4, 5]
    arrays.flows[1:6, SERIAL] = 9
    release(arrays, np.array([4, 2]))
    release(arrays, np.array([], np.int64))
    assert arrays.flows[[4, 2], SERIAL].tolist() == [0, 0]
    again = [take_row(arrays.flows.data, arrays.numbers.data) for _ in range(3)]
    assert again == [4, 2, 6]
    assert arrays.numbers[USED_ROWS] == 6
    assert arrays.flows[3, NEXT] == 0


@pytest.mark.parametrize("payloads", [True, False])
@pytest.mark.parametrize("payload", [b"", b"x"])
def test_thousands_of_open_flows_are_all_handed_out_at_the_end(
    payloads: bool, payload: bytes
) -> None:
    packets = scan(3000, payload=payload)
    table = conn(packets, payloads=payloads)
    assert table["orig_h"].to_list() == hosts(3000)
    assert table["orig_pkts"].to_list() == [1] * 3000
    if payloads:
        assert table["orig_head"].to_list() == [payload or None] * 3000


@pytest.mark.parametrize("payload", [b"", b"x"])
def test_more_flows_may_end_at_once_than_are_handed_out_at_once(payload: bytes) -> None:
    packets = scan(5000, payload=payload)
    last = Packet(START + 1000 * SECOND, udp((CLIENT, 1, SERVER, 2)))
    table = conn([*packets, last])
    assert sorted(table["orig_h"].to_list()) == sorted([*hosts(5000), CLIENT])
    assert table["frame"].n_unique() == 5001


def test_rows_of_flows_that_ended_are_used_again() -> None:
    rounds = [scan(200, start=START + k * 100 * SECOND, payload=b"x") for k in range(60)]
    table, tracker = track([packet for one in rounds for packet in one])
    assert len(table) == 200 * 60
    assert table["orig_pkts"].to_list() == [1] * 200 * 60
    # At most those that waited to be handed out, and the open ones.
    assert len(tracker._arrays.flows) < 2 * (4096 + 200)


def test_a_row_that_is_used_again_has_nothing_of_the_flow_before() -> None:
    before = scan(4200, payload=b"before, and long")
    after = scan(4200, start=START + 100 * SECOND, payload=b"now")
    table = conn([*before, *after]).sort("frame")
    assert table["orig_head"].to_list() == [b"before, and long"] * 4200 + [b"now"] * 4200
    assert table["payload_sizes"].to_list() == [[16]] * 4200 + [[3]] * 4200
    assert table["history"].to_list() == ["D"] * 8400
    assert table["uid"].n_unique() == 8400


def test_more_flows_through_a_tunnel_than_are_handed_out_at_once() -> None:
    packets = []
    for place, one in enumerate(scan(4500)):
        carried = ipv4(b"\0\0\x08\0" + one.data[14:], "10.200.0.1", "192.0.2.7", 47)
        packets.append(Packet(START + place * 1000, ethernet(carried)))
    table = conn(packets)
    assert len(table) == 4500
    parents = table["tunnel_parents"]
    assert parents.list.len().to_list() == [1] * 4500
    assert parents.explode().n_unique() == 1


def test_figures_of_more_payload_packets_than_wait_at_once_are_added_up() -> None:
    frames = [udp((CLIENT, 1, SERVER, 2), bytes(1 + k)) for k in range(3)]
    packets = [Packet(START + k, frames[k % 3]) for k in range(66_000)]
    table = conn(packets, fast=True)
    assert table["orig_payload_pkts"].to_list() == [66_000]
    assert table["orig_bytes"].to_list() == [132_000]
    assert table["orig_payload_mean"].to_list() == [2.0]
