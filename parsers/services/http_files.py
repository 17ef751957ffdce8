"""Bodies as files: their names, and their types as their first bytes tell them.

Zeek's base/protocols/http/entities.zeek, and file_analysis/File.cc for when a type is told.
"""

from __future__ import annotations

import base64
from collections.abc import Callable

from parsers.services.http_fields import NOT_BASE64
from parsers.services.mime import FIRST_BYTES, mime_type

FILES_MAX = 15  # Zeek's HTTP::max_files_orig and max_files_resp


class Files:
    """The files that a side sent within one row: names and types of those that have any."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.types: list[str] = []
        self._begun = 0

    def begin(self, name: str | None) -> None:
        """A file begins."""
        self._begun += 1
        if name is not None and self._begun <= FILES_MAX:
            self.names.append(name)

    def tell(self, mime_type: str) -> None:
        """The type of a file is known."""
        if len(self.types) < FILES_MAX:
            self.types.append(mime_type)


class Base64:
    """Decodes a body piece by piece; what is no letter is passed over, what follows `=` is lost."""

    def __init__(self) -> None:
        self._letters = b""
        self._padded = False

    def more(self, octets: bytes) -> bytes:
        """What the next letters come to."""
        if self._padded:
            return b""
        octets, padding, _ = octets.partition(b"=")
        self._letters += NOT_BASE64.sub(b"", octets)
        if padding:
            self._padded = True
            return self.rest()
        whole = len(self._letters) // 4 * 4
        letters, self._letters = self._letters[:whole], self._letters[whole:]
        return base64.b64decode(letters)

    def rest(self) -> bytes:
        """What the letters come to that are left at the end."""
        letters, self._letters = self._letters, b""
        last = len(letters) % 4
        return base64.b64decode(letters[:-1] if last == 1 else letters + b"=" * (-last % 4))


class File:
    """The body of an entity, of which nothing more is needed when its type was `told`.

    name: what the header calls it.
    begins_at: which byte of the file the body begins with. No other than the first is told by.
    size: how long the file is, where the header says so.
    base64: what decodes it, if it is encoded (RFC 2045, 6.8).
    """

    def __init__(self, begin: Callable[[], Files]) -> None:
        self.name: str | None = None
        self.told = False
        self.begins_at = 0
        self.size = FIRST_BYTES
        self.base64: Base64 | None = None
        self._begin = begin
        self._files: Files | None = None
        self._first = bytearray()
        self._line_end = b""

    def more(self, octets: bytes, line_end: bytes = b"") -> None:
        """Its next bytes; the end of the line behind them counts if others follow."""
        if self.told:
            return
        octets, self._line_end = self._line_end + octets, line_end
        self._add(self.base64.more(octets) if self.base64 else octets)

    def end(self) -> None:
        """No more of it comes, or none that follows on what there is."""
        if self.base64 and not self.told:
            self._add(self.base64.rest())
        self._tell()

    def _add(self, octets: bytes) -> None:
        if not octets:
            return
        if not self._files:
            self._files = self._begin()
            self._files.begin(self.name)
        self._first += octets[: FIRST_BYTES - len(self._first)]
        if self.begins_at or len(self._first) >= min(self.size, FIRST_BYTES):
            self._tell()

    def _tell(self) -> None:
        if self._files and not (self.told or self.begins_at):
            found = mime_type(bytes(self._first))
            if found:
                self._files.tell(found)
        self.told = True
        self._first.clear()
