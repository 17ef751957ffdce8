"""Several captures as one network on one timeline: read in the order of their first packets.

A capture that cannot be opened, or is none, is noted and left out; the others are read.
"""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from io import RawIOBase
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from parsers.capture.frames import Frames
from parsers.capture.source import STANDARD_INPUT, Capture, open_capture
from parsers.errors import ParseError
from parsers.kernel import is_cached
from parsers.packets.link import LINKS_READ
from sensor.ahead import ahead
from sensor.flows.offload import OffloadSurvey
from sensor.flows.tables import Ended
from sensor.flows.walk import walk

if TYPE_CHECKING:
    from sensor.flows.tracker import FlowTracker

Progress = Callable[[int, int | None], None]
Checksums = Literal["auto", "verify", "ignore"]

WORTH_COMPILING = 8_000_000  # bytes of captures: above, compiled code is loaded at once
RING = 4  # blocks in memory at once when reading goes ahead
AHEAD = 4  # batches of ended flows that may wait to become tables
COMPILING = "compiling the packet core for this machine, once (up to half a minute)"


@dataclass(slots=True)
class Reading:
    """What was read so far.

    captures: how many captures were read; failed: a line for each that could not be.
    packets, octets: frames of all captures, and their bytes on the wire.
    weirds: what was passed over, by reason; warnings: lines for people.
    """

    captures: int = 0
    packets: int = 0
    octets: int = 0
    weirds: Counter[str] = field(default_factory=Counter)
    warnings: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


class Timeline:
    """Reads captures in the order of their first packets through one tracker.

    paths: files, "-" for standard input, which is `stream` if that is given; `say`: told what takes
    long before it begins.
    Raises ParseError or OSError when none of the inputs is a capture.
    """

    def __init__(
        self, paths: Sequence[str], say: Callable[[str], None], workers: int = 1,
        stream: RawIOBase | None = None,
    ) -> None:  # fmt: skip
        self.reading = Reading()
        self._stream = stream
        self._say = say
        self._workers = workers
        self._total: int | None = 0
        self._captures = self._in_order(paths)

    @property
    def captures(self) -> int:
        """How many captures there are to read."""
        return len(self._captures)

    @property
    def is_large(self) -> bool:
        """Whether compiled code pays from the first block on."""
        return self._total is not None and self._total >= WORTH_COMPILING

    def tables(
        self, tracker: FlowTracker, checksums: Checksums, progress: Progress | None
    ) -> Iterator[tuple[str, pl.DataFrame]]:
        """Feed every capture to the tracker; yields tables and their rows as flows end.

        Rows of other tables come before the conn row of their connection.

        With more than one worker, a large input is read, followed and made tables of in three
        threads; the rows and their order are the same.
        """
        threads = self._workers > 1 and self.is_large
        frames = self._frames(tracker, progress, RING if threads else 1)
        if threads:
            frames = ahead(frames, RING - 2)
        ended = self._ended(tracker, frames, checksums)
        for batch in ahead(ended, AHEAD) if threads else ended:
            yield from tracker.tables.others(batch)
            table = tracker.tables.table(batch)
            if len(table):
                yield "conn", table
        self.reading.packets, self.reading.octets = tracker.frames, tracker.octets
        self.reading.weirds += tracker.weirds

    def _frames(
        self, tracker: FlowTracker, progress: Progress | None, ring: int
    ) -> Iterator[tuple[Capture, Frames]]:
        """The frames of all captures, with the capture that each block belongs to."""
        before = 0
        for path, opened in self._captures:
            capture = opened or open_capture(path, compiled=tracker.fast, ring=ring)
            unread: set[int] = set()
            for frames in capture:
                unread |= links_unread(frames.link)
                yield capture, frames
                capture.compiled = tracker.fast
                if progress:
                    progress(before + capture.position, self._total)
            before += capture.position
            for link in sorted(unread):
                capture.warnings.append(
                    f"{capture.path}: frames of link type {link} are not read "
                    "(numbers: https://www.tcpdump.org/linktypes.html)"
                )
            self._note(capture)

    def _ended(
        self,
        tracker: FlowTracker,
        blocks: Iterator[tuple[Capture, Frames]],
        checksums: Checksums,
    ) -> Iterator[Ended]:
        """Follow the frames of all captures; yields flows as they end."""
        announced = False
        current: Capture | None = None
        offload = OffloadSurvey()
        for capture, frames in blocks:
            if capture is not current:
                self._warn(current, offload)
                current, offload = capture, OffloadSurvey()
                tracker.begin_file(capture.path)
            if checksums == "auto":
                offload.look(frames)
                tracker.verify = not offload.is_offloaded
            if tracker.will_compile(frames) and not announced:
                announced = True
                if not is_cached(walk):
                    self._say(COMPILING)
            yield from tracker.follow(frames)
        self._warn(current, offload)
        yield from tracker.end()

    def _warn(self, capture: Capture | None, offload: OffloadSurvey) -> None:
        if capture and offload.is_offloaded:
            self.reading.warnings.append(f"{capture.path}: {offload}")

    def _note(self, capture: Capture) -> None:
        """Keep what a capture has to say when it was read to its end."""
        capture.close()
        self.reading.captures += 1
        self.reading.weirds += capture.weirds
        self.reading.warnings += capture.warnings

    def _in_order(self, paths: Sequence[str]) -> list[tuple[str, Capture | None]]:
        """Open each input to learn its first time.

        A file is opened again when its turn comes: a thousand rotated captures must not keep a
        thousand buffers. A stream cannot be opened twice.
        """
        found: list[tuple[int, int, str, Capture | None]] = []
        errors: list[ParseError | OSError] = []
        for place, path in enumerate(paths):
            try:
                capture = self._opened(path)
            except (ParseError, OSError) as error:
                errors.append(error)
                self.reading.failed.append(str(error))
                continue
            first = capture.first_ts()
            self._add_size(capture.size)
            again = is_regular(path)
            if again:
                capture.close()
            found.append(
                (first if first is not None else 0, place, path, None if again else capture)
            )
        if errors and not found:
            raise ExceptionGroup("no input is a capture", errors)
        found.sort(key=lambda entry: entry[:2])
        return [(path, capture) for _, _, path, capture in found]

    def _opened(self, path: str) -> Capture:
        if path == "-" and self._stream is not None:
            return Capture(STANDARD_INPUT, self._stream, compiled=False)
        return open_capture(path, compiled=False)

    def _add_size(self, size: int | None) -> None:
        self._total = None if self._total is None or size is None else self._total + size


def links_unread(links: NDArray[np.int64]) -> set[int]:
    """Return the link types of frames that are not read; nearly always all frames have one type."""
    if not len(links):
        return set()
    first = links[0]
    found = {int(first)} if (links == first).all() else {int(link) for link in np.unique(links)}
    return found - LINKS_READ


def is_regular(path: str) -> bool:
    """Tell whether an input is a file that can be opened twice."""
    return path != "-" and stat.S_ISREG(os.stat(path).st_mode)
