"""Lines to messages: the frame that syslog, the journal or nobody has put around them.

RFC 3164 and RFC 5424, with and without <PRI>, with the times of rsyslog's files and journalctl's
`-o short`, `-o short-iso` and `-o json`. A line without a frame is a message without a host or a
program, at the time of the line before.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from parsers.logons.message import Message
from parsers.logons.times import NS, Clock

PRI = re.compile(r"<\d{1,3}>")
# Version, time, host, program, process, kind of message, structured data; "-" for none.
RFC5424 = re.compile(
    r'1 (\S+) (\S+) (\S+) (\S+) \S+ (?:-|(?:\[(?:[^\]"]|"(?:[^"\\]|\\.)*+")*+\])++)(?: |$)\ufeff?'
)
# Host and tag; a host may be followed by a colon of its own. Neither has what belongs to data.
TAGGED = re.compile(
    r"(?:(?P<host>[^\s\[\]<>=,]+) (?:: )?)?(?P<tag>[^\s:\[\]<>()=,]+)(?:\[(?P<pid>\d{1,10})\])?: ?"
)
TAG = re.compile(r"(?P<tag>[\w./-]+)\[(?P<pid>\d{1,10})\]: ")
SOLARIS = re.compile(r"\[ID \d+ \w+\.\w+\] ")
REPEATED = re.compile(r"message repeated (?P<times>\d{1,9}) times: \[ ?(?P<text>.*)\]$", re.DOTALL)
NO_VALUE = "-"


def message(text: str, line: int, clock: Clock) -> Message:
    """Take the frame off a line."""
    if text.startswith("{") and (found := _of_journal(text, line)):
        clock.last = found.ts
        return found
    pri = PRI.match(text)
    text = text[pri.end() :] if pri else text
    if found := _of_5424(text, line, clock):
        return found
    ts, text, form = clock.taken(text)
    framed = TAGGED.match(text) if form and form.by_syslog else TAG.match(text)
    if not framed:
        return Message(ts, "", "", None, text, line)
    said = framed.groupdict()
    return _unpacked(ts, said.get("host") or "", said["tag"], said["pid"],
                     text[framed.end() :], line)  # fmt: skip


def _unpacked(
    ts: int | None, host: str, program: str, pid: str | None, text: str, line: int
) -> Message:
    """A message, of the line that syslog says was repeated where it is such a message."""
    text = text[found.end() :] if (found := SOLARIS.match(text)) else text
    times = 1
    if text.startswith("message repeated ") and (found := REPEATED.match(text)):
        times, text = int(found["times"]), found["text"]
    number = int(pid) if pid and pid.isdecimal() else None
    return Message(ts, host, program.rpartition("/")[2], number, text, line, times)


def _of_5424(text: str, line: int, clock: Clock) -> Message | None:
    found = RFC5424.match(text)
    if not found:
        return None
    said, host, program, pid = ("" if each == NO_VALUE else each for each in found.groups())
    return _unpacked(clock.taken(f"{said} ")[0], host, program, pid, text[found.end() :], line)


def _of_journal(text: str, line: int) -> Message | None:
    """A record of `journalctl -o json`; a message that is no text is an array of its bytes."""
    if '"__REALTIME_TIMESTAMP"' not in text:
        return None
    try:
        record: dict[str, Any] = msgspec.json.decode(text, type=dict[str, Any])
        ts = int(record["__REALTIME_TIMESTAMP"]) * (NS // 1_000_000)
        said = record["MESSAGE"]
        if isinstance(said, list):
            said = bytes(said).decode("utf-8", "backslashreplace")
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    program = record.get("SYSLOG_IDENTIFIER") or record.get("_COMM") or ""
    pid = record.get("_PID") or record.get("SYSLOG_PID") or ""
    host = record.get("_HOSTNAME") or ""
    if not 0 <= ts < 1 << 63:
        return None
    return _unpacked(ts, str(host), str(program), str(pid)[:10], str(said), line)
