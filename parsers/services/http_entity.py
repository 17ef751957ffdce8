"""A header and a body, of an HTTP/1 message or of a part of one: where the body ends, its length.

RFC 9112 sections 6 and 7, RFC 2046 section 5; Zeek's HTTP.cc (HTTP_Entity) and MIME.cc
(MIME_Entity).
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from parsers.services.http_fields import (
    LWS,
    content_range,
    content_type,
    disposed_name,
    first_token,
    header_field,
    number,
    typed_name,
)
from parsers.services.http_files import Base64, File
from parsers.services.http_inflated import Inflated
from parsers.services.http_lines import FOREVER

if TYPE_CHECKING:
    from parsers.services.http_message import Message

DEPTH_MAX = 32
"""How deep parts within parts are read; Zeek reads 100, which costs as much for every line."""
COMPRESSED = (b"gzip", b"x-gzip", b"deflate")


class Body(enum.Enum):
    """Whether a message has a body where its header does not say so."""

    NONE = enum.auto()
    MAYBE = enum.auto()
    EXPECTED = enum.auto()


class Chunk(enum.Enum):
    """What comes next in a chunked body."""

    UNUSED = enum.auto()
    SIZE = enum.auto()
    DATA = enum.auto()
    DATA_END = enum.auto()
    TRAILER = enum.auto()


@dataclass
class Exchange:
    """What the messages of a connection tell each other.

    requesting: whether a request has begun and not ended.
    status: of the response that has begun and not ended, else 0.
    closes: whether a response said that the connection ends.
    """

    request_version: str = "0.0"
    reply_version: str = "0.0"
    requesting: bool = False
    status: int = 0
    closes: bool = False

    @property
    def version(self) -> str:
        """Of the message whose header is read; while there is a request Zeek takes it for that."""
        return self.request_version if self.requesting else self.reply_version


class Entity:
    """A header and a body: of a message, or of a part of a multipart one.

    length: bytes of the body so far.
    file: what its body is, if it has no parts.
    """

    def __init__(self, message: Message, parent: Entity | None = None) -> None:
        self.message, self.parent = message, parent
        self.depth: int = parent.depth + 1 if parent else 0
        self.in_header = True
        self.ended = False
        self.length = 0
        self.child: Entity | None = None
        self.inflated: Inflated | None = None
        self.file = File(message.on_file)
        if parent and parent.file.base64:
            self.file.base64 = Base64()
        self._field: bytearray | None = None
        self._kind = b""
        self._boundary = b""
        self._content_length = -1
        self._range = -1
        self._whole = 0
        self._chunk = Chunk.UNUSED
        self._left = 0

    @property
    def reads_lines(self) -> bool:
        """Whether all that comes counts, line by line, and nothing else of it is needed."""
        return self.file.told and self.is_unframed

    @property
    def is_unframed(self) -> bool:
        """Whether it is read line by line for want of anything that says where it ends."""
        framed = self.has_parts or self._chunk is not Chunk.UNUSED or self._content_length >= 0
        return not (self.in_header or self.ended or framed or self.inflated)

    @property
    def has_parts(self) -> bool:
        """Whether the body is read as entities of its own."""
        return self._kind != b""

    def line(self, line: bytes, length: int) -> None:
        """Read a line."""
        if self.ended:
            return
        if self.in_header:
            self._header_line(line, length)
        elif self.has_parts:
            self._count(line, length + 2)
            self._part_line(line, length)
            self._take(length + 2)
        elif self._chunk is Chunk.SIZE:
            self._begin_chunk(line)
        elif self._chunk is Chunk.DATA_END:
            self._chunk = Chunk.SIZE
        else:
            self._count(line, length + 2, b"\r\n")

    def plain(self, octets: bytes, length: int) -> None:
        """Read a stretch of the body; `octets` is empty where nobody needed to see it."""
        if self.ended:
            return
        self._count(octets, length)
        if self.has_parts:
            if self.child:
                self.child.plain(octets, length)
            self._take(length)
        elif self._chunk is Chunk.DATA:
            self._left -= length
            if self._left <= 0:
                self._chunk = Chunk.DATA_END
        elif self._content_length >= 0:
            self._left -= length
            if self._left <= 0:
                self.message.lines.plain = 0
                self.end()

    def gap(self, count: int) -> bool:
        """Bytes are missing: whether they are within a stretch of known length that has begun."""
        if self.length:
            self.file.end()
        chunked = self._chunk is not Chunk.UNUSED
        within = self._chunk is Chunk.DATA if chunked else self._content_length >= 0
        if not (self.length and within and self._left >= count):
            return False
        self.length += count
        self._left -= count
        self.message.lines.plain = self._left
        if not self._left and chunked:
            self._chunk = Chunk.DATA_END
        elif not self._left:
            self.end()
        return True

    def end(self) -> None:
        """Nothing more belongs to it."""
        if self.ended:
            return
        self.ended = True
        if self.in_header:
            self._end_field()
            self.in_header = False
        elif self.child:
            self.child.end()
        if not self._is_partial:
            self.file.end()
        if self.parent and self.parent.is_multipart:
            self.message.lines.crlf_only = False
        if not self.parent:
            self.message.finish()

    @property
    def is_multipart(self) -> bool:
        """Whether boundaries part its body."""
        return self._kind == b"multipart"

    @property
    def _is_partial(self) -> bool:
        """Whether more of its file may come in other responses."""
        return self.message.expects is not Body.MAYBE and self.message.exchange.status == 206

    def _count(self, octets: bytes, length: int, line_end: bytes = b"") -> None:
        if self.inflated:
            self.length += self.inflated.more(octets)
            return
        self.length += length
        if self.message.kept and not (self.parent or line_end):
            self.message.keep(octets)
        # The last line end before a boundary belongs to the boundary: RFC 2046, 5.1.1.
        if self.parent and self.parent.is_multipart:
            self._read_file(octets, line_end)
        else:
            self._read_file(octets + line_end)

    def _read_file(self, octets: bytes, line_end: bytes = b"") -> None:
        if not self.has_parts:
            self.file.more(octets, line_end)

    def _read_inflated(self, octets: bytes) -> None:
        self._read_file(octets)
        if not self.parent:
            self.message.keep(octets)

    def _take(self, length: int) -> None:
        """Note that so much of a body with parts has come."""
        if self.depth == 0 and self._content_length > 0:
            self._left -= length
            if self._left <= 0:
                self.message.lines.plain = 0
                self.end()

    def _header_line(self, line: bytes, length: int) -> None:
        self.message.head += length + 2
        if not line or line[0] == 0:
            self._end_field()
            self.in_header = False
            self._begin_body()
        elif line[0] not in LWS:
            self._end_field()
            self._field = bytearray(line)
        elif self._field is None:
            self._field = bytearray(line.lstrip(LWS)) or None
        else:
            self._field += line

    def _end_field(self) -> None:
        field = header_field(bytes(self._field)) if self._field else None
        self._field = None
        if field:
            read = FIELDS.get(field[0])
            if read:
                read(self, field[1])
            self.message.on_field(*field)

    def _begin_body(self) -> None:
        """Decide from the header how the body is read: the first that applies."""
        if not self.parent and self._chunk is not Chunk.TRAILER:
            self.message.begin_body()
        size = self._whole if self._range > 0 else self._content_length
        if size > 0 and not self.inflated:
            self.file.size = size
        if self.parent and self.parent.is_multipart:
            self.message.lines.crlf_only = True
        if self._chunk is Chunk.TRAILER or self.message.expects is Body.NONE:
            self.end()
        elif self.has_parts:
            self._begin_parts()
        elif self._chunk is Chunk.UNUSED:
            self._begin_plain()

    def _begin_plain(self) -> None:
        lines = self.message.lines
        if self._content_length >= 0:
            self._left = lines.plain = self._content_length
            if not self._left:
                self.end()
        elif self.message.exchange.closes or self.inflated:
            lines.plain = FOREVER
        elif self.depth == 0 and self.message.expects is not Body.EXPECTED:
            self.end()

    def _begin_parts(self) -> None:
        if self.depth == 0 and self._content_length >= 0:
            self._left = self._content_length
            self.message.limit(self._left)
            if not self._left:
                self.end()
        if not (self.ended or self.is_multipart):
            self._begin_part()

    def _begin_part(self) -> None:
        self.message.head = 0
        self.child = Entity(self.message, self) if self.depth < DEPTH_MAX else None

    def _part_line(self, line: bytes, length: int) -> None:
        delimiter = b"--" + self._boundary
        if not (self.is_multipart and line.startswith(delimiter)):
            if self.child:
                self.child.line(line, length)
            return
        if self.child:
            self.child.end()
        self.child = None
        if line.startswith(b"--", len(delimiter)):
            self.end()
        else:
            self._begin_part()

    def _begin_chunk(self, line: bytes) -> None:
        self._left = max(number(line, 16) or 0, 0)
        self.message.lines.plain = self._left
        self._chunk = Chunk.DATA if self._left else Chunk.TRAILER
        self.in_header = not self._left

    def read_content_type(self, value: bytes) -> None:
        """Take over what kind of body it has."""
        name = typed_name(value)
        self.file.name = self.file.name if name is None else name
        found = content_type(value)
        if found:
            kind, self._boundary = found
            parted = kind == b"message" or (kind == b"multipart" and self._boundary)
            self._kind = kind if parted else b""

    def read_content_length(self, value: bytes) -> None:
        """Take over how long the body is."""
        digits = first_token(value)
        if digits:
            length = number(digits, 10)
            self._content_length = 0 if length is None or length < 0 else max(length, self._range)

    def read_content_range(self, value: bytes) -> None:
        """Take over how long the part of a body is."""
        found = content_range(value) if self.message.exchange.status == 206 else None
        if found:
            self._range = found.length
            self._content_length = max(self._content_length, found.length)
            self.file.begins_at, self._whole = found.first, found.whole

    def read_transfer_encoding(self, value: bytes) -> None:
        """Take over whether the body comes in chunks."""
        chunked = first_token(value) == b"chunked" and self.message.exchange.version == "1.1"
        if chunked and self.depth == 0:
            self._chunk = Chunk.SIZE

    def read_content_encoding(self, value: bytes) -> None:
        """Take over whether the body is compressed."""
        if first_token(value) in COMPRESSED:
            self.inflated = Inflated(self._read_inflated)

    def read_content_disposition(self, value: bytes) -> None:
        """Take over how the file is called."""
        name = disposed_name(value)
        self.file.name = self.file.name if name is None else name

    def read_content_transfer_encoding(self, value: bytes) -> None:
        """Take over whether the body is encoded; parts of it are then too."""
        self.file.base64 = Base64() if first_token(value) == b"base64" else None


FIELDS: dict[bytes, Callable[[Entity, bytes], None]] = {
    b"CONTENT-TYPE": Entity.read_content_type,
    b"CONTENT-LENGTH": Entity.read_content_length,
    b"CONTENT-RANGE": Entity.read_content_range,
    b"TRANSFER-ENCODING": Entity.read_transfer_encoding,
    b"CONTENT-ENCODING": Entity.read_content_encoding,
    b"CONTENT-TRANSFER-ENCODING": Entity.read_content_transfer_encoding,
    b"CONTENT-DISPOSITION": Entity.read_content_disposition,
}
