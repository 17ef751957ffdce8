"""Logs of servers as input: the table `logon`, who was let in and who was not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from io import RawIOBase
from typing import TYPE_CHECKING

import polars as pl

from parsers.capture.source import STANDARD_INPUT
from parsers.errors import ParseError
from sensor.zeek_logs import LogReading

if TYPE_CHECKING:
    from parsers.logons.read import LogonLog
    from sensor.timeline import Progress

TABLE = "logon"


class LogonLogs:
    """Reads logs one after the other; a log that cannot be opened is noted and left out.

    `stream`: standard input, for the path "-".
    """

    def __init__(self, paths: Sequence[str], stream: RawIOBase | None = None) -> None:
        self.reading = LogReading()
        self._paths, self._stream = paths, stream

    def tables(self, progress: Progress | None = None) -> Iterator[tuple[str, pl.DataFrame]]:
        """Yield the table's name and rows; those of one log are in the order of its lines."""
        assumed: Counter[str] = Counter()
        for path in self._paths:
            try:
                log = self._opened(path)
            except (ParseError, OSError) as error:
                self.reading.failed.append(str(error))
                continue
            with log:
                for rows in log:
                    self.reading.rows[TABLE] += rows.height
                    self.reading.columns.setdefault(TABLE, set()).update(rows.columns)
                    yield TABLE, rows
                    if progress:
                        progress(self.reading.octets + log.position, None)
            self.reading.logs += 1
            self.reading.octets += log.position
            self.reading.weirds += log.weirds
            self.reading.warnings += log.warnings
            assumed.update(log.assumed)
        for text, logs in assumed.items():
            self.reading.warnings.append(f"{logs} log{'' if logs == 1 else 's'}: {text}")

    def _opened(self, path: str) -> LogonLog:
        from parsers.logons.read import LogonLog, open_log

        if path == "-" and self._stream is not None:
            return LogonLog(STANDARD_INPUT, self._stream)
        return open_log(path)
