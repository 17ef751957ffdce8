"""What tests of servers' logs share: a log of a few lines, read."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from textwrap import dedent

from parsers.logons.read import LogonLog

NOW = int(datetime(2026, 12, 1, tzinfo=UTC).timestamp()) * 1_000_000_000
FRAME = "Nov 24 05:53:26 gw01 "


def log_of(text, **options):
    """A log with the lines of a text, read at a time that never changes."""
    content = text if isinstance(text, bytes) else dedent(text).encode()
    return LogonLog("a.log", io.BytesIO(content), now=NOW, **options)


def rows(text, **options):
    """The rows of a log, unset columns left out."""
    found = [row for frame in log_of(text, **options) for row in frame.rows(named=True)]
    return [{name: value for name, value in row.items() if value is not None} for row in found]


def brief(text, *columns, **options):
    """Some columns of the rows of a log."""
    columns = columns or ("outcome", "user", "orig_h", "orig_p", "method", "attempts")
    return [tuple(row.get(name) for name in columns) for row in rows(text, **options)]


def framed(program, *texts):
    """Lines of a program as syslog writes them."""
    return "".join(f"{FRAME}{program}: {text}\n" for text in texts)
