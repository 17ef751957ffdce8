"""One HTTP/1 message behind its start line: header, body and trailer, as Zeek measures them.

A body's length is what Zeek's log says: of a compressed body what it comes to, of a body that is
read line by line (with parts, or without a length and not followed by the end of the connection)
with two bytes for every line's end. RFC 9112; Zeek's HTTP.cc (HTTP_Message).
"""

from __future__ import annotations

from collections.abc import Callable

from parsers.services.container_api import Kept
from parsers.services.http_entity import Body, Entity, Exchange
from parsers.services.http_files import Files
from parsers.services.http_lines import FOREVER, LINE_MAX, Lines

HEAD_MAX = LINE_MAX
"""How long a header may be, with the trailer of its message."""


class Message:
    """The message that a side sends.

    head: bytes of the header, or the header of the part, that was read last.
    done: whether it has ended.
    on_body: told when the header has ended; gives what the body is to be kept in.
    """

    def __init__(
        self,
        lines: Lines,
        exchange: Exchange,
        body: Body,
        on_field: Callable[[bytes, bytes], None],
        on_end: Callable[[int], None],
        on_file: Callable[[], Files],
    ) -> None:
        self.lines, self.exchange, self.expects = lines, exchange, body
        self.on_field, self._on_end = on_field, on_end
        self.on_file = on_file
        self.head = 0
        self.done = False
        self.top = Entity(self)
        # Bytes of a multipart body that are to come, and whether none has come yet.
        self.remaining = FOREVER
        self._begins = False
        # What keeps the body, and whether lines of it are kept, with their ends.
        self.on_body: Callable[[], Kept | None] | None = None
        self.kept: Kept | None = None
        self._keeps_lines = False

    @property
    def passes(self) -> int:
        """How many bytes it need not see."""
        keeps = self.kept and not self.kept.is_full
        reads = self.top.inflated or keeps or not self._innermost.file.told
        return 0 if reads or self.lines.awaits_lf else self.lines.plain

    @property
    def _innermost(self) -> Entity:
        """The entity that what comes belongs to."""
        entity = self.top
        while entity.child and not entity.child.ended:
            entity = entity.child
        return entity

    @property
    def too_long(self) -> bool:
        """Whether it has more header than is read."""
        unended = self.lines.length if self.top.in_header else 0
        return self.head + unended > HEAD_MAX

    def feed(self, octets: bytes, start: int) -> int:
        """Read a line or a stretch of the body; tell where the next begins."""
        lines, keeps_lines = self.lines, self._keeps_lines
        position = lines.swallow(octets, start)
        if keeps_lines:
            self._keep_line_end(octets[start:position])
        begin = position
        if self._begins:
            self._begins, start = False, position
        if position < len(octets):
            position = self._read(octets, position, min(len(octets), start + self.remaining))
        if keeps_lines:
            self.keep(octets[begin:position])
        self._consumed(position - start)
        return position

    def _read(self, octets: bytes, start: int, stop: int) -> int:
        lines = self.lines
        if lines.plain:
            stop = min(stop, start + lines.plain)
            lines.plain -= stop - start
            self.top.plain(octets[start:stop], stop - start)
            return stop
        if self.top.reads_lines:
            self.top.length += lines.count(octets, start, stop)
            return stop
        cut = lines.cut(octets, start, stop)
        if cut is None:
            return stop
        line, length, following = cut
        self.top.line(line, length)
        return following

    def _consumed(self, count: int) -> None:
        """Note what came of a body with parts and a length: its last line may have no end."""
        if self.remaining == FOREVER or self._begins:
            return
        self.remaining -= count
        if self.remaining <= 0 and not self.done:
            self.remaining = FOREVER
            self.last_line()

    def begin_body(self) -> None:
        """Its header has ended."""
        self.kept = self.on_body() if self.on_body else None
        by_lines = self.top.is_unframed and not self.exchange.closes
        self._keeps_lines = self.kept is not None and by_lines

    def _keep_line_end(self, octets: bytes) -> None:
        """Keep the LF of a line that ended at its CR, unless that was the header's last."""
        if self.kept and self.kept.length:
            self.keep(octets)

    def keep(self, octets: bytes) -> None:
        """Hand on bytes of the body, decoded, to what keeps it."""
        if self.kept and not self.kept.is_full:
            self.kept.more(octets)

    def limit(self, length: int) -> None:
        """Let a body that is read by lines be no longer than that."""
        self.remaining, self._begins = length, True

    def last_line(self) -> None:
        """Take what is held for a line."""
        if self.lines.length and self.top.reads_lines:
            self.top.length += self.lines.rest()[1] + 2
        elif self.lines.length:
            self.top.line(*self.lines.rest())

    def skip(self, count: int) -> None:
        """Bytes that it need not see were passed over."""
        count = min(count, self.lines.plain)
        self.lines.plain -= count
        self.top.plain(b"", count)
        self._consumed(count)

    def gap(self, count: int) -> bool:
        """Bytes are not in the capture: whether the body goes on behind them."""
        if not self._innermost.gap(count):
            return False
        self._consumed(count)
        return True

    def end(self) -> None:
        """It goes no further."""
        self.top.end()

    def finish(self) -> None:
        """Tell that it has ended."""
        if not self.done:
            self.done = True
            self._on_end(self.top.length)
