from __future__ import annotations

import io
from collections import Counter

from rich.console import Console

from parsers.weirds import WEIRDS
from sensor.outputs.summary import show_summary


def shown(summary, width: int = 100) -> list[str]:
    stream = io.StringIO()
    show_summary(Console(file=stream, width=width), summary)
    return stream.getvalue().splitlines()


def test_what_was_read_and_when(summary):
    assert shown(summary()) == [
        "Read  1 capture, 1,234 packets, 56 flows, 1.2 MB in 0.31 s",
        "Time  2026-10-01 12:00:03 to 2026-10-01 12:05:03 UTC (5 min 0 s)",
    ]


def test_without_packets_there_is_no_time(summary):
    (line,) = shown(summary(captures=1, packets=0, flows=0, bytes=24, first=None, last=None))
    assert line == "Read  1 capture, 0 packets, 0 flows, 24 bytes in 0.31 s"


def test_weirds_come_with_their_meaning_the_most_frequent_first(summary):
    lines = shown(summary(weirds=Counter(truncated_header=2, truncated_IP=1200)))[2:]
    assert lines == [
        f"Weird  truncated_IP: 1,200 {WEIRDS['truncated_IP']}",
        f"       truncated_header: 2 {WEIRDS['truncated_header']}",
    ]


def test_warnings_and_notes_are_said_in_full_and_escaped(summary):
    warning = f"{'a ' * 60}\x1b[31m: cut off"
    lines = shown(summary(warnings=[warning], notes=["every host is inside: [bold] --local"]), 80)
    text = " ".join(line[9:] for line in lines)
    assert f"{'a ' * 60}\\x1b[31m: cut off" in text
    assert "every host is inside: [bold] --local" in text


def test_a_long_name_is_not_cut(summary):
    text = "".join(line[9:] for line in shown(summary(warnings=["a" * 200]), 80))
    assert "a" * 200 in text
