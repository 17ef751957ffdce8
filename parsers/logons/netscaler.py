"""Citrix ADC (NetScaler): Gateway, AAA and administrators.

Citrix, NetScaler syslog message reference: SSLVPN, AAA, AAATM, CLI, GUI, API. Confirmed on lines:
AAA LOGIN_FAILED, AAA Message "Authentication is rejected", SSLVPN LOGOUT. Unconfirmed, from
documentation: SSLVPN LOGIN, AAATM LOGIN and LOGOUT, CMD_EXECUTED.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from parsers.logons.attempts import Attempts
from parsers.logons.message import Message, Unreadable
from parsers.logons.own_times import iso, since_1970, when
from parsers.logons.rows import Row
from parsers.logons.told import Told, joined, row

LONGEST = 4096

# 01/24/2025:12:06:37 GMT host 0-PPE-0 : default AAA LOGIN_FAILED 73912122 0 :  rest
FRAME = re.compile(
    r"(?:GMT\s+)?(?:(?<!\S)(?P<host>[^\s:]{1,255})\s+)?\d{1,3}-PPE-\d{1,3}\s+:\s+(?:\S{1,64}\s+)?"
    r"(?P<feature>[A-Z]{2,12})\s(?P<name>\w{1,40})\s\d{1,20}\s\d{1,9}\s+:\s*"
)
STAMP = re.compile(
    r"(\d\d)/(\d\d)/(\d{4}):(\d\d):(\d\d):(\d\d)(\s+GMT)?|(\d{4}/\d\d/\d\d:\d\d:\d\d:\d\d(?: GMT)?)"
)
FIELD = re.compile(r"(?:^| - ?)([A-Z]\w{1,40}(?:\(s\))?):? ")
REJECTED = re.compile(
    r"Authentication is rejected for (?P<User>.*) ?\(client ip : (?P<Client_ip>[\w.:]+)\s*,"
)
LOGGING_ON = re.compile(r"log(?:in|on)\b", re.IGNORECASE)
FAILED = re.compile(r"error|fail", re.IGNORECASE)

EVENTS: Mapping[tuple[str, str], Told] = {
    ("SSLVPN", "LOGIN"): {"outcome": "success"},
    ("SSLVPN", "LOGOUT"): {"event": "logoff"},
    ("AAA", "LOGIN_FAILED"): {"outcome": "failed"},
    ("AAATM", "LOGIN"): {"outcome": "success"},
    ("AAATM", "LOGOUT"): {"event": "logoff"},
}
ADMINISTRATION: Mapping[str, str] = {"CLI": "ssh", "UI": "", "GUI": "", "API": ""}


def is_of(message: Message) -> bool:
    """Whether a line names a packet engine as the product does."""
    return "-PPE-" in message.text and FRAME.search(message.text[:512]) is not None


class Reader:
    """Makes rows of messages; a failure that is told twice is one."""

    def __init__(self) -> None:
        self._attempts = Attempts()

    def read(self, message: Message) -> list[Row]:
        """Return the rows that are whole with this line."""
        text = message.text[:LONGEST]
        frame = FRAME.search(text)
        if frame is None:
            raise Unreadable("no_packet_engine")
        feature, name, rest = frame["feature"], frame["name"], text[frame.end() :]
        if told := _told(feature, name, rest):
            about = {"ts": _time(message, text[: frame.end()]), "host": frame["host"]}
            return self._attempts.add(f"{feature} {name}", row(message, about | told))
        return []

    def end(self) -> list[Row]:
        """Return the rows that waited for more lines."""
        return self._attempts.end()


def _told(feature: str, name: str, rest: str) -> Told | None:
    if (feature, name) in EVENTS:
        said = _fields(rest)
        if "User" not in said:
            raise Unreadable("no_user")
        return _user(said) | EVENTS[feature, name]
    if name == "Message" and (rejected := REJECTED.match(rest.lstrip(' "'))):
        return _user(rejected.groupdict()) | {"outcome": "failed"}
    if name == "CMD_EXECUTED" and feature in ADMINISTRATION:
        return _administrator(feature, _fields(rest))
    return None


def _user(said: Mapping[str, str]) -> Told:
    return {
        "service": "citrix",
        "user": said["User"],
        "orig_h": said.get("Client_ip"),
        "session": said.get("SessionId"),
        "software": said.get("Browser_type") or said.get("Browser"),
        "detail": joined(
            said.get("Failure_reason"),
            said.get("LogoutMethod"),
            said.get("SSLVPN_client_type"),
            f"at {said['Vserver']}" if said.get("Vserver") else "",
            f"after {said['Duration']}" if said.get("Duration") else "",
        ),
    }


def _administrator(feature: str, said: Mapping[str, str]) -> Told | None:
    if not LOGGING_ON.match(said.get("Command", "")):
        return None
    return {
        "service": ADMINISTRATION[feature],
        "user": said.get("User"),
        "orig_h": said.get("Remote_ip"),
        "outcome": "failed" if FAILED.search(said.get("Status", "")) else "success",
        "detail": joined("administrator", feature, said.get("Status")),
    }


def _fields(rest: str) -> dict[str, str]:
    """The values of a message by their names.

    What stands there in two ways is not believed: a client may have written one of them, in its
    name or its browser's. Of the user the first is kept, which no other value can come before.
    """
    names = list(FIELD.finditer(rest))
    ends = [each.start() for each in names[1:]] + [len(rest)]
    found: dict[str, str] = {}
    for each, end in zip(names, ends, strict=False):  # without names there is an end too many
        told = rest[each.end() : end].strip(' "')
        if found.setdefault(each[1], told) != told and each[1] != "User":
            found[each[1]] = ""
    return found


def _time(message: Message, before: str) -> int | None:
    """The time: month or year first, or day first as it can be set and only then is clear."""
    stamp = STAMP.search(before)
    if stamp is None:
        return message.ts
    if stamp[8]:
        own, zoned = iso(stamp[8])
        return when(message, own, zoned=zoned)
    first, second, year, hour, minute, at_second = (int(part) for part in stamp.groups()[:6])
    month, day = (second, first) if first > 12 else (first, second)
    own = since_1970((year, month, day, hour, minute, at_second))
    return when(message, own, zoned=stamp[7] is not None)
