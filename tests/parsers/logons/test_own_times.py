from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.logons.message import Message
from parsers.logons.own_times import epoch, iso, since_1970, when

AT = 1_700_000_000_000_000_000  # 2023-11-14T22:13:20Z


@pytest.mark.parametrize(
    ("text", "zone", "expected"),
    [
        ("2023-11-14T22:13:20Z", "", (AT, True)),
        ("2023-11-14T22:13:20.123456789Z", "", (AT + 123_456_789, True)),
        ("2023-11-14T23:13:20.5+01:00", "", (AT + 500_000_000, True)),
        ("2023/11/14 22:13:20", "", (AT, False)),
        ("2023-11-14 22:13:20 UTC", "", (AT, True)),
        ("2023-11-14 17:13:20", "-0500", (AT, True)),
        ("2023-13-14 22:13:20", "", (None, False)),
        ("yesterday", "", (None, False)),
        ("", "", (None, False)),
    ],
)
def test_iso(text, zone, expected):
    assert iso(text, zone) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1700000000", AT),
        ("1700000000123", AT + 123_000_000),
        ("1700000000123456", AT + 123_456_000),
        ("1700000000123456789", AT + 123_456_789),
        ("17e8", None),
        ("", None),
        ("9" * 30, None),
    ],
)
def test_epoch(text, expected):
    assert epoch(text) == expected


@given(st.text(max_size=40), st.text(max_size=8))
def test_no_text_raises(text, zone):
    iso(text, zone)
    epoch(text)


def test_no_time_is_no_time():
    assert since_1970((2023, 2, 30, 0, 0, 0)) is None


def test_the_frame_is_preferred_to_a_time_without_a_zone():
    framed, bare = Message(7, "fw", "", None, "", 1), Message(7, "", "", None, "", 1)
    assert when(framed, AT, zoned=False) == 7
    assert when(framed, AT, zoned=True) == AT
    assert when(bare, AT, zoned=False) == AT
    assert when(bare, None, zoned=False) == 7
