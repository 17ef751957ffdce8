"""Text into values, type by type."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.addresses import from_text, to_text
from parsers.schema import Column, polars_type
from parsers.zeek.values import first_of_each, typed, wrapped

LAST = 2**63 - 1


def read(type_: str, *texts: Any) -> tuple[list[Any], list[bool]]:
    """Values (times and intervals in nanoseconds), and which of them are bad."""
    column = Column("x", type_, "a column")
    many = type_.endswith("]")
    series = pl.Series("x", texts, pl.List(pl.String) if many else pl.String)
    values, bad = typed(series.to_frame(), [column])
    assert values.schema == {"x": polars_type(type_)}
    held = values["x"].to_physical() if type_ in ("time", "interval") else values["x"]
    return held.to_list(), bad[0].rows.to_list() if bad else [False] * len(texts)


@pytest.mark.parametrize(
    ("type_", "text", "value"),
    [
        ("count", "0", 0), ("count", str(LAST), LAST), ("count", str(LAST + 1), None),
        ("count", "-1", None), ("count", "1.0", None), ("count", "", None), ("count", " 1", None),
        ("int", "-5", -5), ("int", str(-LAST - 1), -LAST - 1), ("int", "x", None),
        ("port", "65535", 65535), ("port", "65536", None), ("port", "-1", None),
        ("double", "1.5", 1.5), ("double", "1e3", 1000.0), ("double", "one", None),
        ("bool", "T", True), ("bool", "F", False), ("bool", "true", True), ("bool", "false", False),
        ("bool", "1", None), ("bool", "", None), ("string", "", ""), ("enum", "tcp", "tcp"),
        ("addr", "10.0.0.1", "10.0.0.1"), ("addr", "2001:DB8::0", "2001:db8::"),
        ("addr", "::ffff:10.0.0.1", "10.0.0.1"), ("addr", "10.0.0.256", None),
        ("addr", "01.0.0.1", None), ("addr", "10.0.0", None), ("addr", "10.0.0.1\n", None),
        ("addr", "fe80::1%eth0", None), ("addr", "", None),
        ("interval", "0.000001", 1000), ("interval", "-1.5", -1_500_000_000),
        ("interval", "1e-9", 1), ("interval", "9999999999999", None), ("interval", "1:00", None),
        ("time", "0", 0), ("time", "1700000000.123456789", 1_700_000_000_123_456_789),
        ("time", "-0.000001", -1000), ("time", "253402300799", LAST),
        ("time", "253402300801", None),
        ("time", "-62135596800", -LAST), ("time", "-99999999999", None), ("time", "nan", None),
        ("time", "2262-04-11T23:47:16.854775807Z", LAST), ("time", "1600-01-01T00:00:00Z", -LAST),
    ],
)  # fmt: skip
def test_values(type_: str, text: str, value: Any) -> None:
    # Beside one that is sound and one that is unset, which stay what they are.
    sound = {"addr": "10.9.8.7", "bool": "T"}.get(type_, "7")
    values, bad = read(type_, text, None, sound)
    assert values[0] == value
    assert values[1] is None
    assert values[2] is not None
    assert bad == [value is None, False, False]


@given(st.datetimes(datetime(1700, 1, 1), datetime(2250, 1, 1)), st.integers(-840, 840))  # noqa: DTZ001
def test_iso_times(time: datetime, zone: int) -> None:
    sign, ahead = "-" if zone < 0 else "+", abs(zone)
    text = f"{time.isoformat()}{sign}{ahead // 60:02}:{ahead % 60:02}"
    (value,), _ = read("time", text)
    since = time.replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    seconds = (since.days * 86400 + since.seconds - zone * 60) * 10**9
    assert value == seconds + since.microseconds * 1000


@given(st.integers(-(2**33) * 10**6, 2**33 * 10**6))
def test_seconds_are_exact_to_the_microsecond(microseconds: int) -> None:
    sign, rest = "-" if microseconds < 0 else "", abs(microseconds)
    text = f"{sign}{rest // 10**6}.{rest % 10**6:06}"
    assert read("time", text) == ([microseconds * 1000], [False])
    assert read("interval", text) == ([microseconds * 1000], [False])


@given(st.lists(st.ip_addresses().map(str), min_size=1))
def test_addresses_are_as_the_rest_of_the_program_writes_them(texts: list[str]) -> None:
    hi, lo, _ = from_text(pl.Series(texts))
    assert read("addr", *texts)[0] == to_text(hi, lo).to_list()


@pytest.mark.parametrize(
    ("type_", "lists", "values", "bad"),
    [
        ("set[string]", [["a"], None, []], [["a"], None, []], [False] * 3),
        ("vector[count]", [["1", None], None, [], ["2"]], [[1, None], None, [], [2]], [False] * 4),
        ("vector[count]", [["1"], ["x", "y"], []], [[1], [None, None], []], [False, True, False]),
        ("vector[addr]", [["::0", "1.2.3.4"], ["1"]], [["::", "1.2.3.4"], [None]], [False, True]),
        ("set[port]", [[], None], [[], None], [False, False]),
    ],
)  # fmt: skip
def test_lists(type_: str, lists: list[Any], values: list[Any], bad: list[bool]) -> None:
    assert read(type_, *lists) == (values, bad)


def test_a_row_is_bad_once() -> None:
    columns = [Column("a", "count", "one"), Column("b", "addr", "two")]
    texts = pl.DataFrame({"a": ["x", "1", "x"], "b": ["y", "y", "::"]})
    _, bad = typed(texts, columns)
    found = [(one.column.name, rows.to_list()) for one, rows in first_of_each(bad, 3)]
    assert found == [("a", [True, False, True]), ("b", [False, True, False])]


def test_no_rows_and_no_columns() -> None:
    assert read("time") == ([], [])
    assert typed(pl.DataFrame(), [])[0].is_empty()


def test_single_values_as_lists() -> None:
    assert wrapped(pl.Series("x", ["a", None, ""])).to_list() == [["a"], None, [""]]
