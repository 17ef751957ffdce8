"""Zeek's logs as input: the tables that analyzers observe, and what is missing in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from io import RawIOBase
from typing import TYPE_CHECKING

import polars as pl

from parsers.capture.source import STANDARD_INPUT
from parsers.errors import ParseError
from parsers.schema import OWN_TABLES
from parsers.zeek.read import ZeekLog, open_log
from sensor.analyzer import Analyzer, columns_read
from sensor.enrich.container_requests import READ as REQUESTS
from sensor.enrich.logons import READ as LOGONS
from sensor.enrich.spoken import READ as SPOKEN
from sensor.enrich.told import X509
from sensor.flows.direction import corrected
from sensor.flows.trust import doubted

if TYPE_CHECKING:
    from sensor.timeline import Progress

ROWS = 262_144  # of the frames that are handed on
# What is read of a conn log beside what analyzers ask for: for its direction, its trust, the time.
CONN = {"proto", "service", "duration", "conn_state", "history", "missed_bytes"} | {
    f"{side}_{name}"
    for side in ("orig", "resp")
    for name in ("h", "p", "bytes", "ip_bytes", "pkts")
}


def wanted(analyzers: Iterable[Analyzer]) -> dict[str, set[str]]:
    """Return the columns to read, by table: what analyzers, and what comes before them, ask for."""
    every = {"ts", "uid", "orig_h", "resp_h", "resp_p"}
    observed = columns_read(analyzers)
    sources: dict[str, set[str]] = {}
    for read in ({"conn": CONN}, SPOKEN, {"x509": X509} if "ssl" in observed else {}):
        for table, names in read.items():
            sources.setdefault(table, set()).update(names)
    told = LOGONS if "logon" in observed else {}
    if "container_api" in observed:
        sources.setdefault("http", set()).update(REQUESTS, ("file", "line"))
    for table, names in told.items():
        sources.setdefault(table, set()).update(names, ("orig_p", "file", "line"))
    tables = observed.keys() | told.keys() | sources.keys()
    return {
        table: observed.get(table, set())
        | (every if table != "x509" else set())
        | sources.get(table, set())
        for table in tables - OWN_TABLES.keys()
    }


@dataclass(slots=True)
class LogReading:
    """What was read so far.

    logs: how many logs were read; rows: rows that were delivered, by table.
    columns: by table, the columns that some log has; unread: rows of logs that are not read, by the
    name of the log. weirds: rows passed over, by reason; warnings: lines for people; failed: logs
    that could not be opened.
    """

    logs: int = 0
    rows: Counter[str] = field(default_factory=Counter)
    octets: int = 0
    columns: dict[str, set[str]] = field(default_factory=dict)
    unread: Counter[str] = field(default_factory=Counter)
    weirds: Counter[str] = field(default_factory=Counter)
    warnings: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


class ZeekLogs:
    """Reads logs one after the other; a log that cannot be opened is noted and left out.

    wanted: the columns to read, by table; `stream`: standard input, for the path "-".
    """

    def __init__(
        self, paths: Sequence[str], wanted: Mapping[str, Collection[str]],
        stream: RawIOBase | None = None,
    ) -> None:  # fmt: skip
        self.reading = LogReading()
        self._paths, self._wanted, self._stream = paths, wanted, stream

    def tables(self, progress: Progress | None = None) -> Iterator[tuple[str, pl.DataFrame]]:
        """Yield tables' names and rows, as captures give them: with the server as responder."""
        for path in self._paths:
            try:
                log = self._opened(path)
            except (ParseError, OSError) as error:
                self.reading.failed.append(str(error))
                continue
            with log:
                for table, rows in gathered(log):
                    self.reading.rows[table] += rows.height
                    yield table, doubted(corrected(rows)) if table == "conn" else rows
                    if progress:
                        progress(self.reading.octets + log.position, None)
            self._note(log)

    def _opened(self, path: str) -> ZeekLog:
        if path == "-" and self._stream is not None:
            return ZeekLog(STANDARD_INPUT, self._stream, self._wanted)
        return open_log(path, self._wanted)

    def _note(self, log: ZeekLog) -> None:
        """Keep what a log has to say when it was read to its end."""
        reading = self.reading
        reading.logs += 1
        reading.octets += log.position
        reading.weirds += log.weirds
        reading.warnings += log.warnings
        reading.unread += log.unread
        for table, columns in log.columns_seen.items():
            reading.columns.setdefault(table, set()).update(columns)


def gathered(frames: Iterable[tuple[str, pl.DataFrame]]) -> Iterator[tuple[str, pl.DataFrame]]:
    """Join frames of one table that follow each other, up to ROWS: each costs beside its rows."""
    waiting: list[pl.DataFrame] = []
    name, height = "", 0
    for table, rows in frames:
        if waiting and (table != name or height + rows.height > ROWS):
            yield name, _joined(waiting)
            height = 0
        name, height = table, height + rows.height
        waiting.append(rows)
        del rows  # it would be held while the joined ones are worked on
    if waiting:
        yield name, _joined(waiting)


def _joined(waiting: list[pl.DataFrame]) -> pl.DataFrame:
    """Take out what waits, as one frame."""
    joined = pl.concat(waiting, rechunk=True)
    waiting.clear()
    return joined
