"""Several captures on one timeline, with one worker or more."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import polars as pl
import pytest

from parsers.addresses import Networks
from sensor import timeline as module
from sensor.flows.tracker import FlowTracker
from sensor.timeline import Timeline
from tests.frames import CLIENT, SERVER, udp

HEADER = struct.pack("<IHHIIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
SAMPLES = sorted((Path(__file__).parents[2] / "pcaps").glob("*.pcap"))


def capture(path: Path, *times: int, source: int = 1000) -> str:
    frame = udp((CLIENT, source, SERVER, 2000), b"data")
    records = (struct.pack("<IIII", time, 0, len(frame), len(frame)) + frame for time in times)
    path.write_bytes(HEADER + b"".join(records))
    return str(path)


def rows(paths: list[str], workers: int = 1) -> tuple[pl.DataFrame, Timeline]:
    line = Timeline(paths, lambda _: None, workers)
    tracker = FlowTracker(Networks([]), fast=line.is_large)
    tables = [rows for _, rows in line.tables(tracker, "auto", None)]
    return pl.concat([*tables, pl.DataFrame()], how="diagonal"), line


def test_captures_are_read_in_the_order_of_their_first_packets(tmp_path: Path) -> None:
    late, early = capture(tmp_path / "a.pcap", 100), capture(tmp_path / "b.pcap", 50, 99)
    table, line = rows([late, early])
    (row,) = table.to_dicts()
    assert (row["orig_pkts"], row["file"], row["frame"]) == (3, early, 1)
    assert (line.reading.captures, line.reading.packets) == (2, 3)


def test_a_bad_input_is_noted_and_the_others_are_read(tmp_path: Path) -> None:
    good, bad = capture(tmp_path / "good.pcap", 1), tmp_path / "bad.pcap"
    bad.write_text("no capture")
    table, line = rows([str(bad), good, str(tmp_path / "missing")])
    assert len(table) == 1
    assert [str(bad) in line.reading.failed[0], len(line.reading.failed)] == [True, 2]


def test_a_name_that_is_no_text_is_escaped(tmp_path: Path) -> None:
    table, _ = rows([capture(tmp_path / os.fsdecode(b"\xff.pcap"), 1)])
    assert table["file"].to_list() == [str(tmp_path / "\\xff.pcap")]


def test_a_link_type_that_is_not_read_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.pcap"
    capture(path, 1)
    path.write_bytes(path.read_bytes().replace(struct.pack("<I", 1), struct.pack("<I", 147), 1))
    _, line = rows([str(path)])
    assert "link type 147" in "".join(line.reading.warnings)


def test_no_capture_at_all_is_an_error_for_each(tmp_path: Path) -> None:
    with pytest.raises(ExceptionGroup) as error:
        rows([str(tmp_path / "one"), str(tmp_path / "two")])
    assert len(error.value.exceptions) == 2


def test_the_rows_and_their_order_are_the_same_for_any_number_of_workers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    paths = [str(path) for path in SAMPLES]
    alone, first = rows(paths)
    monkeypatch.setattr(module, "WORTH_COMPILING", 1)
    for workers in (1, 2, 4):
        table, line = rows(paths, workers)
        assert line.is_large
        assert table.equals(alone)
        assert line.reading == first.reading
