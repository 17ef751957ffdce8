from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from sensor.outputs.figures import counted, moment, size, span


def test_counts_have_their_plural():
    assert [counted(n, "flow") for n in (0, 1, 1234)] == ["0 flows", "1 flow", "1,234 flows"]


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (999_949, "999.9 kB"),
        (999_950, "1.0 MB"),
        (3_500_000_000, "3.5 GB"),
        (12_345_000_000_000_000, "12,345.0 TB"),
    ],
)
def test_sizes_are_decimal(count: int, text: str):
    assert size(count) == text


def test_moments_are_utc():
    there = datetime(2026, 10, 1, 1, 2, 3, 999, tzinfo=timezone(timedelta(hours=2)))
    assert moment(there) == "2026-09-30 23:02:03"
    assert moment(there.astimezone(UTC)) == moment(there)


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (timedelta(milliseconds=250), "0.25 s"),
        (timedelta(seconds=59.99), "59.99 s"),
        (timedelta(seconds=59.999), "1 min 0 s"),
        (timedelta(minutes=4, seconds=10), "4 min 10 s"),
        (timedelta(hours=2, minutes=5), "2 h 5 min"),
        (timedelta(days=3, hours=4, minutes=59), "3 d 4 h"),
    ],
)
def test_spans_have_their_two_greatest_units(length: timedelta, text: str):
    assert span(length) == text
