"""Rows of the table `logon`."""

from __future__ import annotations

from typing import Any, NamedTuple

from parsers.services.parser import Row

SUCCESS, FAILED, UNKNOWN = "success", "failed", "unknown"
SIZES = "sizes and timing"
MESSAGES = "messages in the clear"

LOST = "bytes are missing in the capture"
NO_END = "the capture does not show how it ended"


class Told(NamedTuple):
    """How a logon ended, how sure that is, and what is to be said of it."""

    outcome: str
    confidence: float = 0.0
    detail: str | None = None


def logon(service: str, ts: int, told: Told, **columns: Any) -> Row:
    """Make a row; `columns`: others of the table, one attempt known by sizes if not told."""
    always = {"ts": ts, "service": service, "attempts": 1, "known_by": SIZES}
    return "logon", always | told._asdict() | columns
