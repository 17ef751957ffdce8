"""One side's stream as HTTP reads it: lines, and stretches of plain bytes (Zeek's ContentLine.cc).

CR, LF and CRLF each end a line; in the parts of a multipart body CRLF alone does.
"""

from __future__ import annotations

import re

LINE_MAX = 1 << 18
"""How much of a line is kept. More of it is only counted."""

FOREVER = 1 << 62
"""A length that no stream reaches."""

LINE_END = re.compile(rb"\r\n?|\n")
CR, LF = 13, 10


class Lines:
    """Where a stream stands.

    plain: how many bytes come that are no lines.
    crlf_only: whether CR and LF alone are part of a line.
    awaits_lf: whether a CR ended the last line at the last byte read: an LF would belong to it.
    held, length: the line that has no end yet: its beginning, and how long it is.
    """

    def __init__(self) -> None:
        self.plain = 0
        self.crlf_only = False
        self.awaits_lf = False
        self.held = bytearray()
        self.length = 0
        self._ends_in_cr = False

    def swallow(self, octets: bytes, start: int) -> int:
        """Pass over the LF of a line that ended at its CR."""
        if self.awaits_lf:
            self.awaits_lf = False
            start += octets[start] == LF
        return start

    def cut(self, octets: bytes, start: int, stop: int) -> tuple[bytes, int, int] | None:
        """Read on: a line as far as it is kept, its length, and where the next one begins."""
        end, following = self._end(octets, start, stop)
        self.held += octets[start : min(end, start + LINE_MAX - len(self.held))]
        self.length += end - start
        if following < 0:
            self._ends_in_cr = octets[stop - 1] == CR
            return None
        return *self.rest(), following

    def rest(self) -> tuple[bytes, int]:
        """What is held, as a line of its own."""
        line, length = bytes(self.held[: self.length]), self.length
        self.held.clear()
        self.length = 0
        self._ends_in_cr = False
        return line, length

    def count(self, octets: bytes, start: int, stop: int) -> int:
        """Read on without keeping anything: the bytes of the lines that ended, each end as CRLF."""
        last = max(octets.rfind(b"\r", start, stop), octets.rfind(b"\n", start, stop)) + 1
        if not last:
            self.length += stop - start
            return 0
        singles = (octets.count(end, start, stop) for end in (b"\r", b"\n"))
        ended = self.length + last - start + sum(singles) - 2 * octets.count(b"\r\n", start, stop)
        self.length = stop - last
        self.awaits_lf = octets[stop - 1] == CR
        return ended

    def _end(self, octets: bytes, start: int, stop: int) -> tuple[int, int]:
        """Where a line's content ends and the next line begins, -1 where it has no end here."""
        if not self.crlf_only:
            found = LINE_END.search(octets, start, stop)
            if not found:
                return stop, -1
            self.awaits_lf = found.end() == stop and octets[stop - 1] == CR
            return found.span()
        if self._ends_in_cr and octets[start] == LF:
            self.length -= 1
            return start, start + 1
        end = octets.find(b"\r\n", start, stop)
        return (end, end + 2) if end >= 0 else (stop, -1)
