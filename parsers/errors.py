"""Errors about what is read: one line that says where, what was expected and what was found.

Bad structure raises one of these, with path and offset, after what came before it was delivered;
bad content is no error but counted (`parsers.weirds`).
"""

from __future__ import annotations

from typing import ClassVar

SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"\x1f\x8b", "gzip data"),
    (b"\x28\xb5\x2f\xfd", "zstd data"),
    (b"\xfd7zXZ\x00", "xz data"),
    (b"\x04\x22\x4d\x18", "lz4 data"),
    (b"BZh", "bzip2 data"),
    (b"PK\x03\x04", "a zip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"\x7fELF", "an ELF program"),
    (b"MZ", "a Windows program"),
    (b"%PDF", "a PDF document"),
    (b"SQLite format 3", "an SQLite database"),
    (b"ElfFile\x00", "a Windows event log"),
    (b"snoop\x00\x00\x00", "a snoop capture"),
    (b"GMBU", "a Network Monitor capture"),
    (b"RTSS", "a Network Monitor 1 capture"),
    (b"TRSNIFF data", "a Sniffer capture"),
    (b"\xd4\xc3\xb2\xa1", "the start of a pcap file"),
    (b"\xa1\xb2\xc3\xd4", "the start of a pcap file"),
    (b"\x4d\x3c\xb2\xa1", "the start of a pcap file"),
    (b"\xa1\xb2\x3c\x4d", "the start of a pcap file"),
    (b"\n\r\r\n", "the start of a pcapng section"),
)
TEXT = frozenset(b"\t\r\n" + bytes(range(0x20, 0x7F)))


class ParseError(ValueError):
    """What is read is not as it must be. `str()` is one line for people.

    path: what was read, as the user named it.
    expected, found: what should have been there, and what was.
    offset: byte offset at which it was found, after decompression; None where it says nothing.
    """

    what: ClassVar[str] = ""
    weird: ClassVar[str] = "damaged_capture"

    def __init__(self, path: str, expected: str, found: str, offset: int | None = None) -> None:
        super().__init__(path, expected, found, offset)
        self.path, self.expected, self.found, self.offset = path, expected, found, offset

    def __eq__(self, other: object) -> bool:
        """Errors are values: equal if they say the same."""
        return isinstance(other, ParseError) and repr(self) == repr(other)

    def __hash__(self) -> int:
        return hash(repr(self))

    def __str__(self) -> str:
        place = "" if self.offset is None else f", byte offset {self.offset}"
        what = f"{self.what}: " if self.what else ""
        return f"{printable(self.path)}{place}: {what}expected {self.expected}, found {self.found}"


class NotACapture(ParseError):
    """The input is of another kind altogether: nothing was read."""


class NotALog(ParseError):
    """The input is no Zeek log: nothing was read."""


class CutOff(ParseError):
    """The input ends in the middle of something; what is whole before it was delivered."""

    what = "cut off in the middle"
    weird = "truncated_capture"


class Damaged(ParseError):
    """Something cannot be what it must be; what came before it was delivered, nothing after it."""

    what = "damaged, not read any further"


def looks_like(data: bytes) -> str:
    """Say what data that begins with these bytes looks like; safe to show on a terminal."""
    if not data:
        return "nothing (it is empty)"
    for signature, name in SIGNATURES:
        if data.startswith(signature):
            return f"{name} ({data[:8].hex(' ')})"
    if TEXT.issuperset(data):
        return f'text "{data[:32].decode("ascii").encode("unicode_escape").decode("ascii")}"'
    return f"the bytes {data[:8].hex(' ')}"


def printable(text: str) -> str:
    """Escape what a terminal would act on: control characters, and bytes that are no text."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii")
        for letter in text
    )
