"""Laws of the core for conversations that are carried in many ways.

`tests/sensor/flows/test_tracker.py` has the same laws for packets of all kinds; these add what
lives on between packets below TCP: datagrams in the making and tunnels.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from parsers.addresses import Networks
from sensor.flows.tracker import FlowTracker
from tests.frames import LOCAL, Packet, blocks, conn, in_order
from tests.golden.builder import CARRIAGES, packets
from tests.golden.test_matrix import COMBINATIONS, conversation

# A way of carrying, and the place of a combination.
CARRIED = st.tuples(st.sampled_from(list(CARRIAGES)), st.integers(0, len(COMBINATIONS) - 1))
SEVERAL = st.lists(CARRIED, min_size=1, max_size=6, unique_by=lambda one: one[1])


def made(name: str, number: int) -> list[Packet]:
    carriage, version, _ = CARRIAGES[name]
    return packets(conversation(number, COMBINATIONS[number]), carriage, version)


def together(several: Sequence[tuple[str, int]]) -> list[Packet]:
    return in_order(*(made(*one) for one in several))


def anywhere(table: pl.DataFrame) -> list[dict[str, Any]]:
    """The rows without their place, in an order that does not depend on when they came."""
    return table.drop("file", "frame").sort("uid").to_dicts()


@settings(max_examples=40)
@given(SEVERAL, st.lists(st.integers(0, 200), max_size=8))
def test_any_cut_into_blocks_gives_the_same_records(
    several: list[tuple[str, int]], cuts: list[int]
) -> None:
    frames = together(several)
    places = [min(cut, len(frames)) for cut in cuts]
    assert conn(frames, places, verify=True).to_dicts() == conn(frames, verify=True).to_dicts()


@settings(max_examples=40)
@given(SEVERAL)
def test_conversations_at_the_same_time_are_what_each_is_alone(
    several: list[tuple[str, int]],
) -> None:
    several = [one for one in several if one[0] != "GRE"]  # these share one tunnel
    alone = [conn(made(*one), verify=True) for one in several]
    if alone:
        assert anywhere(conn(together(several), verify=True)) == anywhere(pl.concat(alone))


@settings(max_examples=40)
@given(SEVERAL, st.integers(0, 200))
def test_reading_it_as_two_files_changes_only_file_and_frame(
    several: list[tuple[str, int]], cut: int
) -> None:
    frames = together(several)
    tracker = FlowTracker(Networks(LOCAL), verify=True)
    tables = []
    for path, block in zip("ab", blocks(frames, [min(cut, len(frames))]), strict=True):
        tracker.begin_file(path)
        tables += tracker.feed(block)
    tables += tracker.finish()
    assert anywhere(pl.concat(tables)) == anywhere(conn(frames, verify=True))
