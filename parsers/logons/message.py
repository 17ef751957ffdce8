"""A line of a log without the frame that syslog, a journal or the product itself puts around it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Message:
    """One line.

    ts: ns since 1970, None where no line has told a time; host: who wrote it, program: its name
    there, "" where the frame has none; line: its number in the log, from 1.
    times: how often it was written, where syslog says so instead of repeating it.
    """

    ts: int | None
    host: str
    program: str
    pid: int | None
    text: str
    line: int
    times: int = 1


class Unreadable(ValueError):
    """A line tells of a logon and cannot be read. `reason`: snake_case, counted as a weird."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
