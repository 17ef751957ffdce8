"""Numbers and times as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_UNITS = ("kB", "MB", "GB", "TB")


def counted(count: int, thing: str) -> str:
    """Say `1 flow`, `1,234 flows`."""
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


def size(count: int) -> str:
    """Say a number of bytes in decimal units (ISO 80000-13): `999 bytes`, `1.2 MB`."""
    if abs(count) < 1000:
        return counted(count, "byte")
    figure = float(count)
    for unit in _UNITS:
        figure /= 1000
        if abs(figure) < 999.95 or unit == _UNITS[-1]:
            break
    return f"{figure:,.1f} {unit}"


def moment(when: datetime) -> str:
    """Say a time to the second, in UTC: `2026-10-01 12:00:03`."""
    return when.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def span(length: timedelta) -> str:
    """Say how long: `0.25 s`, `4 min 10 s`, `2 h 5 min`, `3 d 4 h`."""
    seconds = length.total_seconds()
    if round(seconds, 2) < 60:
        return f"{seconds:.2f} s"
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s"
