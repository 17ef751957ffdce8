"""The logs of a folder, in the order in which to read them."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator

# 2026-11-01, 20261101; then 00:00:00, 00-00-00, 000000; what is between them does not matter.
DATE = re.compile(r"(?<!\d)(\d{4})-?([01]\d)-?([0-3]\d)(?!\d{3})")
CLOCK = re.compile(r"(?<!\d)([0-2]\d)[:.-]?([0-5]\d)[:.-]?([0-6]\d)(?!\d)")
LATEST = "9"  # logs without a date are still written, so they come last


def log_files(folder: str) -> list[str]:
    """Every file of a folder tree that may be a log, in the order in which to read them.

    That is every file that is not hidden and not still being made (`.part`); `open_log` tells
    what it is. They are ordered by the time in their path, those without one last, and by name.
    A file that is there under several names is listed once. A folder that cannot be read is
    listed as if it were a file: opening it says why. Raises OSError if `folder` cannot be read.
    """
    os.scandir(folder).close()
    return sorted(_files(folder, set()), key=lambda path: (_time(folder, path), path))


def _files(folder: str, seen: set[tuple[int, int]]) -> Iterator[str]:
    """Walk a tree. What is reached a second time, by links or in a loop of them, is left out."""
    try:
        entries = sorted(os.listdir(folder), key=lambda name: (_is_link(folder, name), name))
    except OSError:
        yield folder
        return
    for name in entries:
        path = os.path.join(folder, name)
        if name.startswith(".") or name.endswith(".part"):
            continue
        try:
            status = os.stat(path)
        except OSError:  # a link that leads nowhere, or a file that was just moved away
            continue
        identity = status.st_dev, status.st_ino
        if identity in seen:
            continue
        seen.add(identity)
        if stat.S_ISDIR(status.st_mode):
            yield from _files(path, seen)
        elif stat.S_ISREG(status.st_mode):
            yield path


def _is_link(folder: str, name: str) -> bool:
    return os.path.islink(os.path.join(folder, name))


def _time(folder: str, path: str) -> str:
    """The time in a path below the folder, as digits that sort."""
    below = path[len(folder) :]
    dates = list(DATE.finditer(below))
    if not dates:
        return LATEST
    rest = below[dates[-1].end() :]
    clock = CLOCK.search(rest)
    return "".join((*dates[-1].groups(), *(clock.groups() if clock else ())))
