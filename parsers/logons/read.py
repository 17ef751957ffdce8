"""Read logs of servers as the table `logon`: plain or in gzip or zstd, told by content.

Windows event logs are read as EVTX or as XML, as they are stored. One log may hold the lines of
several products, as auth.log does: each line is read by the product that it is of. A line tells of
one logon at most, whatever is written in it.
"""

from __future__ import annotations

import io
import os
import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta, tzinfo
from pathlib import Path
from typing import Self

import polars as pl

from parsers.capture.content import Content
from parsers.capture.source import stored_size, to_read
from parsers.errors import NotALog, looks_like
from parsers.logons.evtx import EVTX_BEGINS, of_evtx, of_xml
from parsers.logons.message import Message, Unreadable
from parsers.logons.products import PRODUCTS, LogReader
from parsers.logons.rows import Row
from parsers.logons.syslog import message
from parsers.logons.times import EPOCH, NS, Clock
from parsers.schema import LOGON, polars_schema
from parsers.weirds import IN_LOG
from parsers.zeek.lines import BLOCK, BOM, LineReader
from parsers.zeek.notes import Notes

EXPECTED = "a server's log of logons, plain or in gzip or zstd"
TABLE = "logon"
SCHEMA = polars_schema(LOGON)
ROWS = 65_536  # of a frame that is delivered
LONGEST = 65_536  # bytes of a line
DAY = 86_400 * NS
LOOKED_AT = 400  # lines of a head that tell what a file is
EVENTS = "schemas.microsoft.com/win/2004/08/events/event"
WITHOUT_EVTX = "the package evtx, which reads it: pip install evtx"
BINARY = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
# As syslogd of BSD says that it left lines out: the message is that of the line before.
REPEATED = re.compile(r"(?:\S+ )?last message repeated (?P<times>\d{1,9}) times?$")


def is_logon_log(head: bytes) -> bool:
    """Whether a file that begins with `head` (decompressed) is a server's log.

    One of its first lines is of a product, or most of them have the frame of syslog; or it is an
    event log of Windows.
    """
    if head.startswith(EVTX_BEGINS) or is_events(head):
        return True
    lines = head.removeprefix(BOM).split(b"\n")
    whole = (lines[:-1] or lines)[:LOOKED_AT]
    whole = [line for line in map(bytes.strip, whole) if line]
    texts = [line for line in whole if not BINARY.search(line)]
    if len(texts) * 2 < len(whole):  # a crash may leave a few lines of zeros in a log
        return False
    clock, framed = Clock(EPOCH + timedelta(seconds=time.time())), 0
    for line in texts:
        found = message(line[:LONGEST].decode("utf-8", "backslashreplace"), 1, clock)
        if any(product.is_of(found) for product in PRODUCTS):
            return True
        framed += bool(found.program) and found.ts is not None
    return framed * 2 > len(texts)


def is_events(head: bytes) -> bool:
    """Whether a file that begins like this is XML of Windows events."""
    return any(EVENTS.encode(code) in head for code in ("utf-8", "utf-16-le", "utf-16-be"))


def open_log(path: str, year: int | None = None, zone: tzinfo | None = None) -> LogonLog:
    """Open a log, "-" for standard input, and look at its head.

    year, zone: those of times that have none; see `parsers.logons.times` for what is assumed.
    Raises NotALog where it is something else, OSError where it cannot be read; both with one line
    for people.
    """
    with to_read(path, NotALog, EXPECTED) as (shown, raw):
        return LogonLog(shown, raw, year=year, zone=zone)


class LogonLog:
    """The logons of one log, in frames; iterate once.

    path: as given, or "standard input"; size: bytes of the file as stored, None for a stream.
    weirds: lines that were passed over or are odd, by reason (`parsers.weirds`).
    warnings: for people; the first of each kind, with its line.
    rows: rows that were delivered; by_product: lines of each product, by its name; others: lines
    of none.
    """

    def __init__(
        self, path: str, raw: io.RawIOBase, *, year: int | None = None, zone: tzinfo | None = None,
        now: int | None = None, block: int = BLOCK,
    ) -> None:  # fmt: skip
        self.path, self.rows, self.others = path, 0, 0
        self.by_product: Counter[str] = Counter()
        self._raw = raw
        self._content = Content(path, raw, stored_size(raw))
        self._notes = Notes(path)
        self._lines = LineReader(self._content, self._notes, block)
        self._now = time.time_ns() if now is None else now
        latest = min(_last_written(raw, self._now), self._now)
        self._clock = Clock(EPOCH + timedelta(seconds=latest // NS), year, zone)
        self._readers: dict[str, LogReader] = {}
        self._waiting: list[Row] = []
        self._before: Message | None = None
        self.size = self._content.size
        self.weirds, self.warnings = self._notes.weirds, self._notes.warnings
        head = self._lines.head()
        self._events = "evtx" if head.startswith(EVTX_BEGINS) else "xml" if is_events(head) else ""
        if self._events and self.size is None:
            raise NotALog(path, "a file", "an event log of Windows from a stream")
        if not is_logon_log(head):
            if not head and self._content.damage:
                raise self._content.damage
            raise NotALog(path, EXPECTED, looks_like(head[:32]))

    @property
    def assumed(self) -> list[str]:
        """What had to be assumed so far."""
        return list(self._clock.guessed.values())

    @property
    def position(self) -> int:
        """Bytes of the file as stored that were consumed."""
        return self._content.position

    def __iter__(self) -> Iterator[pl.DataFrame]:
        """Yield rows of the table `logon`, in its columns, at most 65,536 a frame."""
        if self._events:
            yield from self._read_events()
        for lines in self._lines if not self._events else ():
            for number, octets in enumerate(lines.data.split(b"\n")[:-1], lines.first):
                self._read(number, octets)
                if len(self._waiting) >= ROWS:
                    yield self._frame()
        for name, reader in self._readers.items():
            self._keep(name, reader.end())
        if self._waiting:
            yield self._frame()
        self._end()

    def close(self) -> None:
        """Close the file; nothing can be read from then on."""
        self._raw.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _read(self, number: int, octets: bytes) -> None:
        """Read a line."""
        if not octets:
            return
        if len(octets) > LONGEST:
            self._notes.passed_over("message_too_long", 1, number)
            return
        if BINARY.search(octets):
            self._notes.passed_over("binary_message", 1, number)
            return
        found = message(octets.decode("utf-8", "backslashreplace"), number, self._clock)
        if found.ts is not None and found.ts > self._now + DAY:
            self._notes.passed_over("future_time", 1, number)
        if self._before and (repeated := REPEATED.match(found.text)):
            found = replace(self._before, ts=found.ts, line=number, times=int(repeated["times"]))
        else:
            self._before = found
        self._give(found)

    def _read_events(self) -> Iterator[pl.DataFrame]:
        """Read the events of a Windows log, which are no lines."""
        try:
            with open(self.path, "rb") as source:
                events = of_evtx(Path(self.path)) if self._events == "evtx" else of_xml(source)
                for event in events:
                    if isinstance(event, Unreadable):
                        self._notes.passed_over(f"{event.reason}{IN_LOG}windows", 1, 0)
                    else:
                        self._give(event)
                    if len(self._waiting) >= ROWS:
                        yield self._frame()
        except ModuleNotFoundError as error:
            raise NotALog(self.path, WITHOUT_EVTX, "no such package") from error

    def _give(self, found: Message) -> None:
        """Give a message to the product that it is of."""
        name = next((product.name for product in PRODUCTS if product.is_of(found)), None)
        if name is None:
            self.others += 1
            return
        self.by_product[name] += 1
        try:
            self._keep(name, self._reader(name).read(found))
        except Unreadable as error:
            self._notes.passed_over(f"{error.reason}{IN_LOG}{name}", 1, found.line)

    def _reader(self, name: str) -> LogReader:
        if name not in self._readers:
            self._readers[name] = next(each.reader for each in PRODUCTS if each.name == name)()
        return self._readers[name]

    def _keep(self, name: str, rows: list[Row]) -> None:
        for row in rows:
            if row["ts"] is None:
                self._notes.passed_over("logon_without_time", 1, row["line"], name)
            self._waiting.append(row)

    def _frame(self) -> pl.DataFrame:
        """Take out the rows that wait, as a frame."""
        rows, self._waiting = self._waiting, []
        self.rows += len(rows)
        columns = []
        for column, kind in SCHEMA.items():
            values = [row.get(column) for row in rows]
            held = pl.Int64() if kind == pl.Datetime else kind
            columns.append(pl.Series(column, values, held).cast(kind))
        return pl.DataFrame(columns).with_columns(file=pl.lit(self.path))

    def _end(self) -> None:
        if self.size is not None:  # a stream is its owner's
            self.close()
        if self._content.damage:
            self.warnings.append(str(self._content.damage))


def _last_written(raw: io.RawIOBase, now: int) -> int:
    """When a file was last written, ns since 1970; for a stream, now."""
    if stored_size(raw) is None:
        return now
    return os.fstat(raw.fileno()).st_mtime_ns
