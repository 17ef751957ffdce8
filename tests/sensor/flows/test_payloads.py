"""Payload sizes: every figure against a plain computation over each flow's packets."""

from __future__ import annotations

import statistics
from collections import defaultdict
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensor.flows.payloads import BINS, FIRST, PayloadSizes, median
from tests.frames import UDP_ENDS, Talk, back, flow, flows, timed, udp


class Payload(NamedTuple):
    row: int
    side: int
    time: int
    size: int


def add(sizes: PayloadSizes, packets: list[Payload]) -> None:
    rows, sides, times, lengths = zip(*packets, strict=True) if packets else ((),) * 4
    sizes.add(
        np.array(rows, np.int32),
        np.array(sides, np.uint8),
        np.array(times, np.int64),
        np.array(lengths, np.int32),
    )


def bin_of(size: int) -> int:
    """Bin k counts sizes from 2**k up to, not including, 2**(k + 1); the last whatever is above."""
    return min(size.bit_length() - 1, BINS - 1)


def expected(packets: list[Payload]) -> dict[str, Any]:
    """The figures of one flow's packets, one after the other."""
    figures: dict[str, Any] = {"packets": [], "octets": [], "squares": [], "bins": []}
    figures |= {"smallest": [], "largest": []}
    for side in (0, 1):
        sizes = [packet.size for packet in packets if packet.side == side]
        figures["packets"].append(len(sizes))
        figures["octets"].append(sum(sizes))
        figures["squares"].append(sum(size * size for size in sizes))
        figures["smallest"].append(min(sizes, default=np.iinfo(np.int64).max))
        figures["largest"].append(max(sizes, default=0))
        figures["bins"].append([sum(bin_of(size) == k for size in sizes) for k in range(BINS)])
    first = packets[:FIRST]
    figures["sizes"] = [one.size if one.side == 0 else -one.size for one in first]
    before = packets[:1] + first[:-1]
    figures["gaps"] = [one.time - other.time for one, other in zip(first, before, strict=True)]
    for name in ("sizes", "gaps"):
        figures[name] += [0] * (FIRST - len(figures[name]))
    return figures


def taken(sizes: PayloadSizes, row: int) -> dict[str, Any]:
    result = sizes.take(np.array([row]))
    names = ("packets", "octets", "squares", "bins", "smallest", "largest", "sizes", "gaps")
    return {name: getattr(result, name)[0].tolist() for name in names}


SIZES = st.one_of(
    st.integers(1, 65_535), st.sampled_from([1, 2, 3, 4, 1460, 65_534, 65_535, 70_000])
)
PACKETS = st.lists(
    st.builds(Payload, st.integers(1, 5), st.integers(0, 1), st.integers(0, 10**12), SIZES),
    max_size=90,
)


@given(PACKETS, st.lists(st.integers(0, 90), max_size=4))
def test_figures_are_those_of_each_flows_packets_however_they_are_added(
    packets: list[Payload], cuts: list[int]
) -> None:
    sizes = PayloadSizes(8)
    places = [0, *sorted(min(cut, len(packets)) for cut in cuts), len(packets)]
    for begin, end in pairwise(places):
        add(sizes, packets[begin:end])
    by_row: dict[int, list[Payload]] = defaultdict(list)
    for packet in packets:
        by_row[packet.row].append(packet)
    for row in range(1, 6):
        assert taken(sizes, row) == expected(by_row[row])


@given(PACKETS, PACKETS)
def test_a_row_that_was_taken_begins_anew(before: list[Payload], after: list[Payload]) -> None:
    sizes = PayloadSizes(8)
    add(sizes, before)
    sizes.take(np.arange(1, 6))
    add(sizes, after)
    for row in range(1, 6):
        assert taken(sizes, row) == expected([one for one in after if one.row == row])


def test_taking_a_row_leaves_the_others() -> None:
    sizes = PayloadSizes(8)
    packets = [Payload(1, 0, 5, 10), Payload(2, 1, 6, 20)]
    add(sizes, packets)
    sizes.take(np.array([1]))
    assert taken(sizes, 2) == expected(packets[1:])


def test_making_room_keeps_what_is_there_and_clears_what_is_new() -> None:
    sizes = PayloadSizes(2)
    add(sizes, [Payload(1, 0, 5, 10)])
    sizes.make_room(8)
    add(sizes, [Payload(7, 0, 6, 20)])
    sizes.make_room(4)
    assert taken(sizes, 1) == expected([Payload(1, 0, 5, 10)])
    assert taken(sizes, 7) == expected([Payload(7, 0, 6, 20)])
    assert taken(sizes, 5) == expected([])


@pytest.mark.parametrize("exponent", range(16))
def test_bins_are_powers_of_two(exponent: int) -> None:
    sizes = PayloadSizes(2)
    add(sizes, [Payload(1, 0, 0, size) for size in {2**exponent, 2 ** (exponent + 1) - 1}])
    counted = taken(sizes, 1)["bins"][0]
    assert [k for k, count in enumerate(counted) if count] == [exponent]


def test_sums_of_squares_are_exact_for_a_million_full_packets() -> None:
    sizes = PayloadSizes(2)
    for _ in range(16):
        add(sizes, [Payload(1, 0, 0, 1460)] * 65_536)
    assert taken(sizes, 1)["squares"][0] == 16 * 65_536 * 1460**2


@given(st.lists(SIZES, min_size=1, max_size=60))
def test_a_median_lies_in_the_bin_of_the_middle_packet_and_within_the_extremes(
    packets: list[int],
) -> None:
    counted = [[sum(bin_of(size) == k for size in packets) for k in range(BINS)]]
    (value,) = median(
        np.array(counted, np.int32), np.array([min(packets)]), np.array([max(packets)])
    )
    middle = bin_of(sorted(packets)[(len(packets) - 1) // 2])
    assert min(packets) <= value <= max(packets)
    assert 2**middle <= value
    assert value <= 2 ** (middle + 1) or middle == BINS - 1


def test_a_median_of_nothing_is_none() -> None:
    (value,) = median(np.zeros((1, BINS), np.int32), np.array([1]), np.array([0]))
    assert np.isnan(value)


def test_medians_of_many_flows_are_each_their_own() -> None:
    bins = np.zeros((3, BINS), np.int32)
    bins[0, 3], bins[2, 10] = 1, 5
    values = median(bins, np.array([9, 0, 1024]), np.array([9, 0, 2000]))
    assert values[0] == 9
    assert np.isnan(values[1])
    assert 1024 <= values[2] <= 2000


def test_the_columns_of_a_conversation() -> None:
    talk = Talk().handshake()
    sent = [b"x" * size for size in (100, 300, 200)]
    for data in sent:
        talk.client("PA", data).server("A")
    talk.server("PA", b"y" * 50).client("FA", b"z")
    row = flow(talk.packets)
    assert row["orig_payload_pkts"] == 4
    assert (row["orig_payload_min"], row["orig_payload_max"]) == (1, 300)
    assert row["orig_payload_mean"] == pytest.approx(601 / 4)
    assert row["orig_payload_std"] == pytest.approx(statistics.pstdev([100, 300, 200, 1]))
    assert 64 <= row["orig_payload_median"] <= 128
    assert [(k, n) for k, n in enumerate(row["orig_payload_hist"]) if n] == [
        (0, 1), (6, 1), (7, 1), (8, 1),
    ]  # fmt: skip
    assert (row["resp_payload_pkts"], row["resp_payload_min"], row["resp_payload_std"]) == (
        1,
        50,
        0,
    )
    assert row["payload_sizes"] == [100, 300, 200, -50, 1]
    assert row["payload_gaps"] == [0, 200_000_000, 200_000_000, 200_000_000, 100_000_000]


def test_sides_are_roles_whichever_address_is_lower() -> None:
    for ends in (UDP_ENDS, back(UDP_ENDS)):
        row = flow(timed(udp(ends, b"123"), udp(back(ends), b"12345")))
        assert (row["orig_payload_max"], row["resp_payload_max"]) == (3, 5)
        assert row["payload_sizes"] == [3, -5]
        assert (row["orig_head"], row["resp_head"]) == (b"123", b"12345")


def test_a_side_without_payload_has_no_figures_but_counts() -> None:
    row = flow(timed(udp(UDP_ENDS, b"123")))
    figures = ("min", "median", "mean", "max", "std")
    assert [row[f"resp_payload_{name}"] for name in figures] == [None] * 5
    assert (row["resp_payload_pkts"], row["resp_payload_hist"]) == (0, [0] * 16)
    assert row["resp_head"] is None
    row = flow(Talk().handshake().packets)
    assert (row["payload_sizes"], row["payload_gaps"]) == ([], [])


def test_the_first_twenty_sizes_are_kept_of_more_packets() -> None:
    packets = timed(*(udp(UDP_ENDS, b"x" * (size + 1)) for size in range(30)))
    for cuts in ((), (1, 2, 19, 20, 21)):
        (row,) = flows(packets, cuts=cuts)
        assert row["payload_sizes"] == list(range(1, 21))
        assert row["orig_payload_pkts"] == 30


def test_without_payload_columns_there_are_zeeks_alone() -> None:
    row = flow(timed(udp(UDP_ENDS, b"123")), payloads=False)
    assert "payload_sizes" not in row
    assert "orig_head" not in row
    assert (row["file"], row["frame"]) == ("made.pcap", 1)


def test_the_first_bytes_are_kept_up_to_128() -> None:
    talk = Talk().handshake().client("PA", b"a" * 100).client("PA", b"b" * 100)
    talk.server("PA", b"\0\xff\0").server("PA", b"\0")
    row = flow(talk.packets)
    assert row["orig_head"] == b"a" * 100 + b"b" * 28
    assert row["resp_head"] == b"\0\xff\0\0"


def test_the_first_bytes_of_a_stream_have_no_hole_and_nothing_twice() -> None:
    talk = Talk().handshake().client("PA", b"one").client("PA", b"one", seq=1001)
    talk.client("PA", b"lost", lost=True).client("PA", b"late")
    assert flow(talk.packets)["orig_head"] == b"one"
    talk = Talk().handshake()
    talk.client("PA", b"two", seq=1004).client("PA", b"one").client("PA", b"two")
    assert flow(talk.packets)["orig_head"] == b"onetwo"


def test_data_of_a_syn_is_the_first_of_its_stream() -> None:
    talk = Talk().client("S", b"fast").server("SA").client("A").client("PA", b" open")
    assert flow(talk.packets)["orig_head"] == b"fast open"


def test_of_datagrams_the_first_is_kept() -> None:
    row = flow(timed(udp(UDP_ENDS, b"first"), udp(UDP_ENDS, b"second")))
    assert row["orig_head"] == b"first"


def test_padding_is_not_of_the_first_bytes() -> None:
    packets = [one._replace(data=one.data + bytes(20)) for one in timed(udp(UDP_ENDS, b"12"))]
    row = flow(packets)
    assert (row["orig_head"], row["orig_bytes"]) == (b"12", None)
