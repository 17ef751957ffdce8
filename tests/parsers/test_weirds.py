"""Weirds: names of what was passed over, and the counts of kernels by name."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import parsers
from parsers.weirds import CODES, WEIRDS, by_name

ROOT = Path(parsers.__file__).parent.parent


def strings_of_the_source() -> set[str]:
    """Every string of the code but those of the list itself."""
    found: set[str] = set()
    for folder in ("parsers", "sensor"):
        for path in (ROOT / folder).rglob("*.py"):
            if path.name != "weirds.py":
                nodes = ast.walk(ast.parse(path.read_text()))
                found |= {node.value for node in nodes if isinstance(node, ast.Constant)}  # type: ignore[misc]
    return found


@pytest.fixture(scope="module")
def used() -> set[str]:
    return strings_of_the_source()


@pytest.mark.parametrize("name", WEIRDS)
def test_a_weird_that_is_listed_is_counted_somewhere(name: str, used: set[str]) -> None:
    assert name in used


@pytest.mark.parametrize("name", WEIRDS)
def test_a_weird_has_one_line_of_meaning(name: str) -> None:
    meaning = WEIRDS[name]
    assert meaning
    assert "\n" not in meaning
    assert name.isidentifier()


def test_codes_are_the_places_in_the_list() -> None:
    assert list(CODES) == list(WEIRDS)
    assert list(CODES.values()) == list(range(len(WEIRDS)))


def test_counts_are_named_and_what_did_not_occur_is_left_out() -> None:
    counts = np.zeros(len(WEIRDS), np.int64)
    counts[CODES["truncated_IP"]] = 3
    counts[len(WEIRDS) - 1] = 2**40
    result = by_name(counts)
    assert result == Counter({"truncated_IP": 3, list(WEIRDS)[-1]: 2**40})
    assert len(result) == 2
    assert all(type(count) is int for count in result.values())


def test_no_counts_are_an_empty_counter() -> None:
    assert by_name(np.zeros(len(WEIRDS), np.int64)) == Counter()
