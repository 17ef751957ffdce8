"""Times that products write within their lines, to ns since 1970.

A time without a zone is taken to be UTC, unless the line has a frame, whose time is then better.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

from parsers.logons.message import Message

ISO = re.compile(
    r"(\d{4})[-/](\d\d)[-/](\d\d)[T ,:](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9})\d{0,9})?"
    r"\s?(Z|UTC|GMT|[+-]\d\d:?\d\d)?",
    re.ASCII,
)
ZONE = re.compile(r"([+-])(\d\d):?(\d\d)", re.ASCII)
SECOND = 1_000_000_000
EPOCH_SCALES = ((11, SECOND), (14, 1_000_000), (17, 1000), (20, 1))
"""The digits up to which a number is of seconds, ms, us and ns since 1970, and ns of each."""
UTC_NAMES = ("Z", "UTC", "GMT")


def when(message: Message, own: int | None, *, zoned: bool) -> int | None:
    """Return the better of a line's own time and its frame's."""
    framed = message.host or message.program
    if own is None or (framed and not zoned and message.ts is not None):
        return message.ts
    return own


def iso(text: str, zone: str = "") -> tuple[int | None, bool]:
    """Return what time `2024-01-31 12:59:59`, or with `T`, fraction and zone, is: and its zone.

    The second is whether the text, or `zone` (`+0200`), says the zone. None where it is no time.
    """
    found = ISO.match(text.strip())
    if found is None:
        return None, False
    year, month, day, hour, minute, second = (int(part) for part in found.groups()[:6])
    stated = found[8] or zone
    offset = _offset(stated)
    return since_1970(
        (year, month, day, hour, minute, second), (found[7] or "").ljust(9, "0"), offset
    ), offset is not None


def since_1970(
    parts: tuple[int, int, int, int, int, int], fraction: str = "0", offset: timedelta | None = None
) -> int | None:
    """Return a time of year, month … second, and digits of ns; None where there is no such time."""
    try:
        when = datetime(*parts, tzinfo=timezone(offset) if offset else UTC)
        return int(when.timestamp()) * SECOND + int(fraction)
    except (ValueError, OverflowError, OSError):
        return None


def epoch(text: str) -> int | None:
    """Return a time since 1970 in digits of s, ms, us or ns; None where it is none."""
    if text.isascii() and text.isdigit():
        for digits, scale in EPOCH_SCALES:
            if len(text) < digits:
                return int(text) * scale
    return None


def _offset(zone: str) -> timedelta | None:
    if zone in UTC_NAMES:
        return timedelta(0)
    found = ZONE.fullmatch(zone.strip())
    if found is None or int(found[2]) > 23:
        return None
    offset = timedelta(hours=int(found[2]), minutes=int(found[3]))
    return -offset if found[1] == "-" else offset
