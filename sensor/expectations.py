"""Expectation files: what must, and must not, be found in an input.

`NAME.expect.toml` beside the input:

    others = "deny"            # findings that no [[must]] asks for: "allow" (default) or "deny"
    options = ["--local", "10.0.0.0/8"]

    [[must]]                   # at least one finding has all of these fields
    analyzer = "remote-service"
    src_ip = "203.0.113.66"
    severity = "/low|medium/"  # a regular expression, somewhere in the text
    flow_count = { min = 4, max = 20 }

    [[must_not]]               # no finding has all of these fields
    severity = "critical"

A table asks for a part of a table, a list for elements that are in it, in any order.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sensor.findings import Finding

Asked = Mapping[str, Any]

FIELDS = frozenset(Finding.__dataclass_fields__)
KEYS = ("must", "must_not", "others", "options")
OTHERS = ("allow", "deny")


class ExpectationError(ValueError):
    """An expectation file cannot be used; one line with the file, the place and what is allowed."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """What an expectation file asks for."""

    must: tuple[Asked, ...] = ()
    must_not: tuple[Asked, ...] = ()
    others: str = "allow"
    options: tuple[str, ...] = ()

    def differences(self, findings: Iterable[Finding]) -> list[str]:
        """Return in which ways findings are not what is asked for, a sentence each; [] if none."""
        shown = [finding.to_dict() for finding in findings]
        return [
            *(_missing(asked, shown) for asked in self.must if not any(_having(asked, shown))),
            *(
                f"found, and must not be: {_named(finding)}"
                for asked in self.must_not
                for finding in _having(asked, shown)
            ),
            *(
                f"found, and nothing asks for it: {_named(finding)}"
                for finding in shown
                if self.others == "deny" and not any(_fits(asked, finding) for asked in self.must)
            ),
        ]


def load_expectation(path: Path) -> Expectation:
    """Read an expectation file; raises ExpectationError, or OSError where it cannot be opened."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ExpectationError(f"{path}: is no TOML: {error}") from None
    problem = next(_problems(data), None)
    if problem is not None:
        raise ExpectationError(f"{path}: {problem}")
    return Expectation(
        must=tuple(data.get("must", ())),
        must_not=tuple(data.get("must_not", ())),
        others=data.get("others", "allow"),
        options=tuple(data.get("options", ())),
    )


def _problems(data: Asked) -> Iterator[str]:
    yield from (
        f"{key!r} is unknown: expected {', '.join(KEYS)}" for key in data if key not in KEYS
    )
    if data.get("others", "allow") not in OTHERS:
        yield f"others is {data['others']!r}: expected {' or '.join(OTHERS)}"
    if not isinstance(data.get("options", []), list):
        yield "options is no list"
    for kind in ("must", "must_not"):
        tables = data.get(kind, [])
        if not isinstance(tables, list) or not all(isinstance(asked, dict) for asked in tables):
            yield f"{kind} is no list of tables: write [[{kind}]]"
            return
        for place, asked in enumerate(tables, start=1):
            unknown = sorted(set(asked) - FIELDS)
            if unknown or not asked:
                what = f"unknown field {unknown[0]!r}" if unknown else "no field"
                yield f"{kind} number {place} has {what}: expected some of {sorted(FIELDS)}"
            yield from (f"{kind} number {place}: {problem}" for problem in _bad_patterns(asked))


def _bad_patterns(asked: Any) -> Iterator[str]:
    if isinstance(asked, Mapping | list):
        for part in asked.values() if isinstance(asked, Mapping) else asked:
            yield from _bad_patterns(part)
    elif _is_pattern(asked):
        try:
            re.compile(asked[1:-1])
        except re.error as error:
            yield f"{asked!r} is no regular expression: {error}"


def _having(asked: Asked, findings: Iterable[Asked]) -> Iterator[Asked]:
    return (finding for finding in findings if _fits(asked, finding))


def _fits(asked: Any, value: Any) -> bool:
    """Return whether a value is what is asked for: one of the forms that the module describes."""
    if isinstance(asked, Mapping):
        if asked and set(asked) <= {"min", "max"}:
            return _is_number(value) and asked.get("min", value) <= value <= asked.get("max", value)
        return isinstance(value, Mapping) and all(
            name in value and _fits(part, value[name]) for name, part in asked.items()
        )
    if isinstance(asked, list):
        return isinstance(value, Sequence) and all(
            any(_fits(part, element) for element in value) for part in asked
        )
    if _is_pattern(asked):
        return isinstance(value, str) and re.search(asked[1:-1], value) is not None
    return isinstance(asked, bool) == isinstance(value, bool) and bool(asked == value)


def _is_pattern(asked: Any) -> bool:
    return isinstance(asked, str) and len(asked) > 1 and asked[0] == asked[-1] == "/"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _missing(asked: Asked, findings: Sequence[Asked]) -> str:
    """Say what is not found, and how the finding that comes nearest differs."""
    fields = ", ".join(f"{name} = {value!r}" for name, value in asked.items())
    if not findings:
        return f"not found: {fields}; there are no findings"
    nearest = max(findings, key=lambda finding: _agreeing(asked, finding))
    wrong = (
        f"{name} is {nearest[name]!r}"
        for name, value in asked.items()
        if not _fits(value, nearest[name])
    )
    return f"not found: {fields}; nearest is {_named(nearest)}, where {', '.join(wrong)}"


def _agreeing(asked: Asked, finding: Asked) -> tuple[bool, int]:
    same_analyzer = _fits(asked.get("analyzer", finding["analyzer"]), finding["analyzer"])
    return same_analyzer, sum(_fits(value, finding[name]) for name, value in asked.items())


def _named(finding: Asked) -> str:
    return (
        f"{finding['analyzer']} ({finding['severity']}, {finding['verdict']}): {finding['message']}"
    )
