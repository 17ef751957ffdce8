"""pcapng times against exact arithmetic, over the whole range that 64 bits allow."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from parsers.capture.clock import LATEST, clock, nanoseconds
from parsers.kernel import checked, compiled

SECOND = 1_000_000_000
RESOLUTIONS = st.integers(0, 255)
VALUES = st.integers(0, 2**64 - 1) | st.integers(0, 64).map(lambda bits: 2**bits - 1)
OFFSETS = st.integers(-9_223_372_036, 9_223_372_036) | st.integers(-10, 10)


def exact(value: int, resolution: int, offset: int) -> int:
    exponent = resolution & 0x7F
    units = 2**exponent if resolution & 0x80 else 10**exponent
    ns = min(value * SECOND // units, LATEST)
    return max(-LATEST, min(ns + offset * SECOND, LATEST))


def ours(form: Callable[..., int], value: int, resolution: int, offset: int) -> int:
    return int(form(value >> 32, value & 0xFFFFFFFF, *clock(resolution, offset)))


@given(value=VALUES, resolution=RESOLUTIONS, offset=OFFSETS)
@example(2**64 - 1, 9, 0)
@example(2**64 - 1, 28, 0)
@example(2**64 - 1, 0x80, 0)
@example(2**64 - 1, 0x80 | 127, 0)
@example(2**63 - 1, 9, 9_223_372_036)
def test_every_time_in_every_unit_is_exact_or_the_latest(
    value: int, resolution: int, offset: int
) -> None:
    expected = exact(value, resolution, offset)
    # Units below 10^-27 s are taken for that small: none of their times reaches two nanoseconds.
    slack = 1 if not resolution & 0x80 and resolution > 27 else 0
    for form in (nanoseconds, compiled(nanoseconds), checked(nanoseconds)):
        assert abs(ours(form, value, resolution, offset) - expected) <= slack


@pytest.mark.parametrize(
    ("resolution", "value"),
    [(6, 1_500_000), (9, 1_500_000_000), (0x8A, 1536), (3, 1500), (0x80, 1)],
)
def test_common_units_give_the_time_they_stand_for(resolution: int, value: int) -> None:
    expected = SECOND if resolution == 0x80 else 1_500_000_000
    assert ours(nanoseconds, value, resolution, 0) == expected


def test_an_offset_may_lead_before_the_epoch() -> None:
    assert ours(nanoseconds, 1_000_000, 6, -3) == -2 * SECOND


@given(value=VALUES, offset=st.sampled_from((-(2**63), -(10**10), 10**10, 2**63 - 1)))
def test_an_absurd_offset_stays_within_int64(value: int, offset: int) -> None:
    for form in (nanoseconds, compiled(nanoseconds)):
        ns = ours(form, value, 6, offset)
        assert -LATEST <= ns <= LATEST
        assert ns == LATEST or offset < 0
