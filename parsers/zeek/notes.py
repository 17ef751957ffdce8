"""What is said about a log that is read: counts by reason, and one line for the first of each."""

from __future__ import annotations

from collections import Counter

from parsers.errors import printable
from parsers.weirds import meaning

LOGS_NAMED = 1000  # a log may name any number of others, and call them what it likes
LONGEST_NAME = 60
REST = "(others)"


def count_unread(unread: Counter[str], name: str, rows: int) -> None:
    """Count rows of a log that is not read, under its name; those of a thousand names at most."""
    name = name[:LONGEST_NAME]
    unread[name if name in unread or len(unread) < LOGS_NAMED else REST] += rows


class Notes:
    """Counts and lines of one log.

    weirds: rows and lines that were passed over, by reason (`parsers.weirds`).
    warnings: lines for people.
    """

    def __init__(self, path: str) -> None:
        self.weirds: Counter[str] = Counter()
        self.warnings: list[str] = []
        self._path = printable(path)
        self._said: set[str] = set()

    def passed_over(self, weird: str, count: int, line: int, detail: str = "") -> None:
        """Count rows of which the first is on `line`; say so if it is the first of all."""
        self.weirds[weird] += count
        what = f"first of the {meaning(weird)}{detail and ': '}{printable(detail)}"
        self.once(weird, f"line {line}: {what}")

    def once(self, kind: str, text: str) -> None:
        """Say something, if nothing of this kind was said yet."""
        if kind not in self._said:
            self._said.add(kind)
            self.warnings.append(f"{self._path}, {text}")
