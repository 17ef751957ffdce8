from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

import msgspec
import pytest

from sensor.setting_types import as_toml, in_words, settings_of


class Settings(msgspec.Struct, kw_only=True):
    bytes: Annotated[int, msgspec.Meta(ge=1, description="sent and received")] = 1_000_000
    names: list[str] = msgspec.field(default_factory=lambda: ["a"])


@pytest.mark.parametrize(
    ("annotation", "words"),
    [
        (int, "integer"),
        (bool, "true or false"),
        (Annotated[float, msgspec.Meta(gt=0, le=1)], "number, more than 0, at most 1"),
        (tuple[str, ...], "list of text"),
        (dict[str, int], "table of integer"),
        (Literal["a", "b"], '"a" or "b"'),
        (int | None, "integer or nothing"),
        (timedelta, 'duration such as "PT10M"'),
        (Settings, "Settings"),
    ],
)
def test_what_is_allowed_is_said_in_words(annotation, words: str):
    assert in_words(annotation) == words


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (1234, "1234"),
        (1_000_000, "1_000_000"),
        (0.5, "0.5"),
        ('say "a"', r'"say \"a\""'),
        ((22, 3389), "[22, 3389]"),
        ({"b": 1}, '{"b" = 1}'),
        (frozenset({2, 1}), "[1, 2]"),
        (timedelta(minutes=10), '"PT600S"'),
    ],
)
def test_values_are_written_as_toml(value, text: str):
    assert as_toml(value) == text


def test_settings_come_in_order_with_default_and_meaning():
    first, second = settings_of(Settings)
    assert (first.name, first.default, first.description) == (
        "bytes",
        1_000_000,
        "sent and received",
    )
    assert (second.name, second.default, second.description) == ("names", ["a"], "")
