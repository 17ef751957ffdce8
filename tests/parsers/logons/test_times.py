"""Times of lines, in every form that is read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from parsers.logons.times import Clock

LATEST = datetime(2026, 11, 24, 12, tzinfo=UTC)


def taken(text, **stated):
    clock = Clock(LATEST, **stated)
    ts, rest, _ = clock.taken(text)
    return ts, rest, set(clock.guessed)


def ns(*moment, fraction=0):
    return int(datetime(*moment, tzinfo=UTC).timestamp()) * 1_000_000_000 + fraction


@pytest.mark.parametrize(
    ("text", "moment", "fraction"),
    [
        ("Nov 24 05:53:26 x", (2026, 11, 24, 5, 53, 26), 0),
        ("Nov  4 05:53:26 x", (2026, 11, 4, 5, 53, 26), 0),
        ("Nov 24 2024 05:53:26 x", (2024, 11, 24, 5, 53, 26), 0),
        ("2026-11-24T05:53:26.5+02:00 x", (2026, 11, 24, 3, 53, 26), 500_000_000),
        ("2026-11-24T05:53:26-0130 x", (2026, 11, 24, 7, 23, 26), 0),
        ("2026-11-24T05:53:26Z x", (2026, 11, 24, 5, 53, 26), 0),
        ("[2026-11-24T05:53:26.125+0000] x", (2026, 11, 24, 5, 53, 26), 125_000_000),
        ("2026-11-24 05:53:26 us=285967 x", (2026, 11, 24, 5, 53, 26), 0),
        ("Tue Aug 12 08:26:29 2025 us=285967 x", (2025, 8, 12, 8, 26, 29), 0),
        ("[20261124-05:57:39] x", (2026, 11, 24, 5, 57, 39), 0),
        ("DEBUG: (wg0) 2026/11/24 06:02:02 x", (2026, 11, 24, 6, 2, 2), 0),
        ("24-Nov-2026 06:00:00.123 x", (2026, 11, 24, 6, 0, 0), 123_000_000),
        ("apr 15, 2013 8:34:08 PM x", (2013, 4, 15, 20, 34, 8), 0),
        ("apr 15, 2013 12:34:08 AM x", (2013, 4, 15, 0, 34, 8), 0),
        ("Jun 30 23:59:60 x", (2026, 6, 30, 23, 59, 59), 0),
    ],
)
def test_a_time_is_read_and_taken_off(text, moment, fraction):
    assert taken(text)[:2] == (ns(*moment, fraction=fraction), "x")


def test_a_year_is_the_latest_that_is_not_later_than_the_log():
    assert taken("Nov 25 11:00:00 x")[0] == ns(2026, 11, 25, 11)  # clocks differ by up to a day
    assert taken("Nov 26 11:00:00 x")[0] == ns(2025, 11, 26, 11)
    assert taken("Feb 29 11:00:00 x")[0] == ns(2024, 2, 29, 11)


def test_what_is_not_told_is_said_to_be_assumed():
    assert taken("Nov 24 05:53:26 x")[2] == {"year", "zone"}
    assert taken("2026-11-24 05:53:26 x")[2] == {"zone"}
    assert taken("2026-11-24T05:53:26Z x")[2] == set()


def test_year_and_zone_can_be_stated():
    zone = timezone(timedelta(hours=1))
    ts, _, guessed = taken("Nov 26 05:53:26 x", year=2020, zone=zone)
    assert (ts, guessed) == (ns(2020, 11, 26, 4, 53, 26), set())


@pytest.mark.parametrize(
    "text", ["Feb 30 05:53:26 x", "2026-13-24T05:53:26Z x", "Xyz 1 01:01:01 x"]
)
def test_a_time_that_is_none_is_unset(text):
    assert taken(text)[0] is None


def test_a_time_without_a_date_is_of_the_day_before_it_or_the_next():
    clock = Clock(LATEST)
    assert clock.taken("23:59:58.907 x")[0] is None
    clock.taken("2026-11-23T23:59:58Z x")
    assert clock.taken("23:59:59.907 x")[0] == ns(2026, 11, 23, 23, 59, 59, fraction=907_000_000)
    assert clock.taken("00:00:01.5 x")[0] == ns(2026, 11, 24, 0, 0, 1, fraction=500_000_000)


def test_a_line_without_a_time_has_that_of_the_line_before():
    clock = Clock(LATEST)
    clock.taken("2026-11-23T23:59:58Z x")
    assert clock.taken("  at java.lang") == (ns(2026, 11, 23, 23, 59, 58), "  at java.lang", None)
