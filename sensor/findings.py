"""Findings: what an analyzer says about one key on one UTC day, as frozen values.

A `judge` returns a `Judgement`; the engine adds what the judge need not know (id, analyzer, times,
the key's addresses) and makes it a `Finding`, whose `to_dict` is the JSON that every output shows.
Text that came from packets is kept as it is; whoever shows it escapes it.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import IntEnum
from typing import Any


class Severity(IntEnum):
    """What it would cost to ignore the finding, least first."""

    INFO = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4

    def __str__(self) -> str:
        return self.name.lower()


class Verdict(IntEnum):
    """What the wire proves and no more, weakest first."""

    EXPOSED = 0  # reachable, answered
    PROBED = 1  # touched, no session
    ATTEMPTED = 2  # tried; failed or unknown
    SUCCEEDED = 3  # the response proves it
    USED = 4  # a session did something

    def __str__(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Attack:
    """MITRE ATT&CK ids, such as technique T1133, tactic TA0001, mitigation M1035."""

    technique: tuple[str, ...]
    tactic: tuple[str, ...]
    mitigation: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a `judge` says of one key's totals. None counts bytes that could not be known."""

    severity: Severity
    verdict: Verdict
    message: str  # one sentence with the numbers
    confidence: float = 1.0  # 0 .. 1
    evidence: tuple[Mapping[str, Any], ...] = ()
    not_seen: tuple[str, ...] = ()
    service: str | None = None  # where it is not in the key
    status: str | None = None  # success, failed, unknown
    user: str | None = None  # where it is not in the key
    flow_count: int = 0
    bytes_sent: int | None = None
    bytes_received: int | None = None
    title: str | None = None  # None: the analyzer's


@dataclass(frozen=True, slots=True)
class Finding:
    """One analyzer's finding on one key and UTC day; it grows under one id."""

    id: str
    analyzer: str
    title: str
    message: str
    severity: Severity
    verdict: Verdict
    confidence: float
    first_seen: datetime
    last_seen: datetime
    src_ip: str | None
    dest_ip: str | None
    dest_port: int | None
    protocol: str | None
    service: str | None
    user: str | None
    status: str | None
    flow_count: int
    bytes_sent: int | None
    bytes_received: int | None
    data_size: int | None  # sent + received, None unless both are known
    evidence: tuple[Mapping[str, Any], ...]
    not_seen: tuple[str, ...]
    attack: Attack

    def to_dict(self) -> dict[str, Any]:
        """Return the finding as JSON has it: keys in their fixed order, values plain."""
        fields = {name: getattr(self, name) for name in self.__dataclass_fields__}
        fields["attack"] = {
            "technique": self.attack.technique,
            "tactic": self.attack.tactic,
            "mitigation": self.attack.mitigation,
        }
        return {name: _plain(value) for name, value in fields.items()}


def finding_id(analyzer: str, day: date, key: Mapping[str, object]) -> str:
    """Return the id of a finding: no time, count, uid or file is in it, so it is stable over runs.

    It is the first 16 hex digits of SHA-256 over the canonical text (UTF-8) of the analyzer's name,
    the UTC day as YYYY-MM-DD and the key's values, in the order in which the key is declared.
    """
    text = canonical((analyzer, day.isoformat(), *key.values()))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def canonical(values: Iterable[object]) -> str:
    r"""Return values as one text that no other values give, joined by `|`.

    Numbers are decimal, booleans T and F, None is `-`. Text is itself, but `\` and `|` in it get a
    `\` before them, and so does the text `-`.
    """
    return "|".join(_canonical_value(value) for value in values)


def _canonical_value(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "T" if value else "F"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return "\\-" if value == "-" else value.replace("\\", "\\\\").replace("|", "\\|")
    raise TypeError(f"a key holds text, whole numbers, truth values or nothing, not {value!r}")


def _plain(value: object) -> object:
    """Return a value as JSON can hold it; what no entry of `_PLAIN` fits becomes text."""
    if value is None:
        return None
    for kinds, plain in _PLAIN:
        if isinstance(value, kinds):
            return plain(value)
    return str(value)


def _time(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _mapping(value: Mapping[str, object]) -> dict[str, object]:
    return {str(name): _plain(item) for name, item in value.items()}


# In order: an IntEnum is a whole number too.
_PLAIN: tuple[tuple[Any, Callable[[Any], object]], ...] = (
    (Severity | Verdict, str),
    (bool | int | str, lambda value: value),
    (float, lambda value: value if math.isfinite(value) else None),
    (datetime, _time),  # RFC 3339
    (timedelta, timedelta.total_seconds),
    (bytes, bytes.hex),
    (Mapping, _mapping),
    (list | tuple, lambda value: [_plain(item) for item in value]),
)
