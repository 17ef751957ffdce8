"""What the inputs are: captures, logs, folders of both; told by content, not by name."""

from __future__ import annotations

import io
import os
import re
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from parsers.capture.content import Content
from parsers.capture.pcap import VARIANTS
from parsers.capture.pcapng import MAGIC
from parsers.capture.source import EXPECTED as A_CAPTURE
from parsers.capture.source import STANDARD_INPUT, raw_file, stored_size
from parsers.errors import NotACapture, ParseError, looks_like, printable
from parsers.zeek.folders import log_files
from parsers.zeek.read import kind_of

HEAD = 65_536  # bytes of content that tell what an input is
EXPECTED = (
    "a capture (pcap or pcapng) or a Zeek log (TSV or JSON) or a server's log of logons,"
    " plain or in gzip or zstd"
)
OTHERS = 2
# Of the header of a TSV log, or the keys of a JSON one.
PLACES = {
    0: rb'#path\s+x509|"certificate.serial"',
    1: rb'#path\s+ssl|"ssl_history"',
    3: rb'#path\s+conn\s|"conn_state"',
}
LISTED = 3  # files of a folder that are named when they are passed over


@dataclass(slots=True)
class Inputs:
    """The inputs, told apart; captures in the order in which they were given.

    Logs, too, but by `place_of` first; places: that of each. logons: servers' logs of logons.
    mixed: whether a log may hold rows of several tables, as streams of JSON do.
    stream: standard input, where it was given, to be read from its beginning.
    errors: why an input cannot be read; warnings: lines for people.
    """

    captures: list[str] = field(default_factory=list)
    logs: list[str] = field(default_factory=list)
    logons: list[str] = field(default_factory=list)
    places: dict[str, int] = field(default_factory=dict)
    mixed: bool = False
    stream: Replayed | None = None
    errors: list[ParseError | OSError] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def leave_captures(self) -> None:
        """Make errors of the logs, where only captures are of use."""
        for paths, found in ((self.logs, "a Zeek log"), (self.logons, "a server's log")):
            names = (STANDARD_INPUT if path == "-" else path for path in paths)
            self.errors += [NotACapture(name, A_CAPTURE, found) for name in names]
            paths.clear()

    def count(self) -> int:
        """How many inputs there are to read."""
        return len(self.captures) + len(self.logs) + len(self.logons)

    def refuse_nothing(self) -> None:
        """Raise the errors, as a group, where nothing is left to read."""
        if self.errors and not self.count():
            raise ExceptionGroup("no input can be read", self.errors)


def tell_apart(paths: Sequence[str]) -> Inputs:
    """Look at the head of every input, and of every file of a folder."""
    found, seen = Inputs(), set[tuple[int, int]]()
    for path in paths:
        try:
            if path == "-":
                found.stream = Replayed(raw_file(path))
                _sort(path, found.stream, found)
                found.stream.replay()
            elif os.path.isdir(path):
                _sort_folder(path, found, seen)
            elif _is_new(path, found, seen):
                with raw_file(path) as raw:
                    _sort(path, raw, found)
        except OSError as error:
            reason = error.strerror or str(error)
            shown = STANDARD_INPUT if path == "-" else printable(path)
            found.errors.append(type(error)(f"{shown}: cannot be read: {reason}"))
        except ParseError as error:
            found.errors.append(error)
    found.logs.sort(key=lambda path: found.places.get(path, OTHERS))
    return found


def place_of(head: bytes) -> int:
    """Where among all logs one is read: certificates and TLS first, `conn` last.

    They tell of connections what `conn` does not. A log tells by its header or columns which it
    is; one that does not is read between.
    """
    for place, tell in PLACES.items():
        if re.search(tell, head):
            return place
    return OTHERS


def _sort_folder(folder: str, found: Inputs, seen: set[tuple[int, int]]) -> None:
    """Take what can be read of a folder; say how many files are something else."""
    others: list[str] = []
    read = found.count()
    for path in log_files(folder):
        try:
            if _is_new(path, found, seen):
                with raw_file(path) as raw:
                    _sort(path, raw, found)
        except ParseError:
            others.append(os.path.relpath(path, folder))
        except OSError as error:
            found.warnings.append(f"{printable(path)}: cannot be read: {error.strerror or error}")
    if others:
        named = ", ".join(printable(name) for name in others[:LISTED])
        more = f" and {len(others) - LISTED} more" if len(others) > LISTED else ""
        found.warnings.append(
            f"{printable(folder)}: passed over, no captures or logs: {named}{more}"
        )
    if found.count() == read:
        raise NotACapture(folder, EXPECTED, "a folder that has none")


def _is_new(path: str, found: Inputs, seen: set[tuple[int, int]]) -> bool:
    """Tell whether a file, by whatever name, was not given before; say so if it was."""
    about = os.stat(path)
    if not stat.S_ISREG(about.st_mode):
        return True
    file = (about.st_dev, about.st_ino)
    if file in seen:
        found.warnings.append(f"{printable(path)}: given more than once, read once")
    new = file not in seen
    seen.add(file)
    return new


def _sort(path: str, raw: io.RawIOBase, found: Inputs) -> None:
    """Add an input to its list; raises ParseError if it is of no kind that is read."""
    shown = STANDARD_INPUT if path == "-" else path
    content = Content(shown, raw, stored_size(raw))
    head = read_head(content)
    if head[:4] in (*VARIANTS, MAGIC):
        found.captures.append(path)
    elif (kind := kind_of(head)) != "tsv" and _is_logon_log(head):
        found.logons.append(path)  # the journal's JSON would be taken for Zeek's
    elif kind:
        found.logs.append(path)
        found.places[path] = place_of(head)
        found.mixed |= b'"_path"' in head
    elif content.damage and not head:
        raise content.damage
    else:
        raise NotACapture(shown, EXPECTED, looks_like(head[:32]))


def _is_logon_log(head: bytes) -> bool:
    from parsers.logons.read import is_logon_log  # with all products: 100 ms that captures need not

    return is_logon_log(head)


def read_head(content: Content) -> bytes:
    """The first bytes of an input's content."""
    head, room = bytearray(HEAD), 0
    while room < HEAD and (got := content.readinto(memoryview(head)[room:])):
        room += got
        if bytes(head[:4]) in (*VARIANTS, MAGIC) or b"\n" in head[:room]:
            break  # of a stream, more may be long in coming
    return bytes(head[:room])


class Replayed(io.RawIOBase):
    """A stream of which the beginning can be read a second time, once.

    Until `replay` is called what is read is kept; then it is read again, and the rest after it.
    """

    def __init__(self, raw: io.RawIOBase) -> None:
        super().__init__()
        self._raw, self._kept, self._again = raw, bytearray(), memoryview(b"")
        self._keeps = True

    def replay(self) -> None:
        """Read from the beginning again."""
        self._keeps, self._again = False, memoryview(bytes(self._kept))

    def readable(self) -> bool:
        """Whether it can be read: always."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read once."""
        view = memoryview(buffer).cast("B")
        if self._again:
            got = min(len(view), len(self._again))
            view[:got], self._again = self._again[:got], self._again[got:]
            return got
        got = self._raw.readinto(view) or 0
        if self._keeps:
            self._kept += view[:got]
        return got

    def close(self) -> None:
        """Close the stream."""
        self._raw.close()
        super().close()
