"""Windows event logs as files: EVTX, and XML exported in any layout, as messages of an event each.

An EVTX record becomes its JSON and an element `Event` stays XML, so that one mapping of events to
rows (`parsers.logons.windows`) serves every form. EVTX is read by the package `evtx` (Rust; MIT):
MS-EVEN6 2.2.12 describes the binary XML in it. Confirmed on files of Windows 10 and Server.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from parsers.logons.message import Message, Unreadable

EVTX_BEGINS = b"ElfFile\0"
LONGEST_EVENT = 1 << 20  # letters
PIECE = 1 << 16
BEGIN = re.compile(r"<Event[\s>]")
END = "</Event>"
UTF_16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def of_evtx(path: Path) -> Iterator[Message | Unreadable]:
    """Yield the records of an EVTX file, and a reason for each that cannot be read.

    Lines are the records' own numbers. Raises ModuleNotFoundError without the package `evtx`.
    """
    from evtx import PyEvtxParser

    try:
        records = PyEvtxParser(str(path), number_of_threads=1).records_json()
    except (RuntimeError, OSError, ValueError):
        yield Unreadable("no_event_log")
        return
    while True:
        try:
            record = next(records, None)
        except (RuntimeError, OSError, ValueError):
            yield Unreadable("damaged_record")
            continue
        if record is None:
            return
        yield Message(None, "", "", None, record["data"], record["event_record_id"])


def of_xml(source: BinaryIO) -> Iterator[Message | Unreadable]:
    """Yield the elements `Event` of XML, whatever is around and between them.

    Lines are the lines on which they begin.
    """
    text, line = "", 1
    for piece in _decoded(source):
        text += piece
        at = 0
        while (begin := BEGIN.search(text, at)) and (end := text.find(END, begin.start())) >= 0:
            line += text.count("\n", at, begin.start())
            at = end + len(END)
            yield Message(None, "", "", None, text[begin.start() : at], line)
            line += text.count("\n", begin.start(), at)
        keep = begin.start() if begin else max(at, len(text) - len(END))
        if len(text) - keep > LONGEST_EVENT:
            yield Unreadable("event_too_long")
            keep = len(text)
        line += text.count("\n", at, keep)
        text = text[keep:]
    if BEGIN.search(text):
        yield Unreadable("event_cut_off")


def _decoded(source: BinaryIO) -> Iterator[str]:
    """Yield the text in pieces: UTF-16 where it begins with its mark, else UTF-8."""
    piece = source.read(PIECE)
    encoding = "utf-16" if piece.startswith(UTF_16_MARKS) else "utf-8-sig"
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    while piece:
        yield decoder.decode(piece)
        piece = source.read(PIECE)
