"""Read Zeek logs as tables: TSV or JSON, plain or in gzip or zstd, told by content."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import Literal, Self

import polars as pl

from parsers.capture.content import Content
from parsers.capture.source import stored_size, to_read
from parsers.errors import NotALog, looks_like
from parsers.zeek.lines import BLOCK, BOM, LineReader
from parsers.zeek.ndjson import Ndjson
from parsers.zeek.notes import Notes
from parsers.zeek.rows import Rows
from parsers.zeek.tsv import Tsv

EXPECTED = "a Zeek log (TSV with its header, or JSON, plain or in gzip or zstd)"
FORMATS: dict[str, type[Tsv | Ndjson]] = {"tsv": Tsv, "json": Ndjson}
ROWS = 65_536  # of a frame that is delivered
HEADER_LINE = re.compile(rb"#(?:separator|fields|path)\b", re.MULTILINE)


def kind_of(head: bytes) -> Literal["tsv", "json"] | None:
    """What a file that begins with `head` (decompressed) is; None: no Zeek log.

    TSV has a header line before any row; JSON has a line that begins as an object does.
    """
    head = head.removeprefix(BOM)
    for line in head.split(b"\n"):
        text = line.strip()
        if HEADER_LINE.match(text):
            return "tsv"
        if text and not text.startswith(b"#"):
            break
    if b"\0" not in head and re.search(rb"^[ \t]*\{\s*[\"}]", head, re.MULTILINE):
        return "json"
    return None


def open_log(path: str, wanted: Mapping[str, Collection[str]] | None = None) -> ZeekLog:
    """Open a log, "-" for standard input, and look at its head.

    Parameters
    ----------
    path
        The file; what it is is told by content.
    wanted
        Columns to parse by table (names of `parsers.schema`), None for all. Names that the schema
        does not have are ignored, but for "file" and "line".

    Raises
    ------
    NotALog
        It is something else; other ParseErrors where nothing of it can be decompressed.
    OSError
        It cannot be read. Both with one line for people.
    """
    with to_read(path, NotALog, EXPECTED) as (shown, raw):
        return ZeekLog(shown, raw, wanted)


class ZeekLog:
    """The rows of one log, in frames; iterate once.

    path: as given, or "standard input".
    size: bytes of the file as stored, None for a stream.
    weirds: rows and lines that were passed over, by reason (`parsers.weirds`).
    warnings: for people; the first of each kind, with its line.
    rows: rows that were delivered. Rows of the file are these, those of `weirds`, those of
        `unread`.
    unread: rows of logs that were not asked for, or that the schema does not have, by their name.
    columns_seen: by table, the columns of the schema that the file has.
    """

    def __init__(
        self,
        path: str,
        raw: io.RawIOBase,
        wanted: Mapping[str, Collection[str]] | None = None,
        *,
        block: int = BLOCK,
    ) -> None:
        self.path, self.rows = path, 0
        self.unread: Counter[str] = Counter()
        self._raw = raw
        self._content = Content(path, raw, stored_size(raw))
        self._notes = Notes(path)
        self._lines = LineReader(self._content, self._notes, block)
        self._rows = Rows(path, wanted, self._notes)
        self.size = self._content.size
        self.weirds, self.warnings = self._notes.weirds, self._notes.warnings
        self.columns_seen = self._rows.seen
        self._reader = self._recognised(self._lines.head())

    @property
    def position(self) -> int:
        """Bytes of the file as stored that were consumed."""
        return self._content.position

    def __iter__(self) -> Iterator[tuple[str, pl.DataFrame]]:
        """Yield tables' names and rows, at most 65,536 rows a frame.

        The columns are the wanted ones of the table, in the order and the types of the schema,
        null where the log lacks them; then "file" (String) and "line" (Int64), if wanted.
        """
        for lines in self._lines:
            for table, rows in self._reader.read(lines):
                for part in rows.iter_slices(ROWS):
                    self.rows += part.height
                    yield table, part
        self._end()

    def close(self) -> None:
        """Close the file; nothing can be read from then on."""
        self._raw.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _recognised(self, head: bytes) -> Tsv | Ndjson:
        """The reader for a log that begins like this."""
        kind = kind_of(head)
        if kind is None:
            if not head and self._content.damage:
                raise self._content.damage
            raise NotALog(self.path, EXPECTED, looks_like(head))
        return FORMATS[kind](self.path, self._rows, self.unread)

    def _end(self) -> None:
        if self.size is not None:  # a stream is its owner's
            self.close()
        if self._content.damage:
            self.warnings.append(str(self._content.damage))
