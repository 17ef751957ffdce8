"""Cisco Meraki MX: AnyConnect.

Meraki, Syslog Event Types and Log Samples. Confirmed on lines: all that is read here.

What RADIUS answered and what the client did are told apart, with names of the user that may differ
(`ann`, `ann@example.com`): the connection of a client that RADIUS has just accepted is no second
logon.
"""

from __future__ import annotations

import re

from parsers.logons.attempts import WITHIN
from parsers.logons.message import Message, Unreadable
from parsers.logons.remembered import Remembered
from parsers.logons.rows import Row
from parsers.logons.told import joined, row

EVENT = re.compile(
    r"(?:^|\s)(?P<s>\d{10})(?:\.(?P<f>\d{1,9})\d*)? (?P<host>\S{1,255}) events "
    r"(?:type=)?anyconnect_vpn_(?P<name>\w{1,64}) "
)
ANSWERED = re.compile(
    r"msg= ?'\w+\[\d+\] Server IP=(?P<server>\S+) .*Peer IP=(?P<orig_h>[\w.:]+) Peer port="
    r"(?P<orig_p>\d+)(?: User=(?P<user>.*))?: (?P<reason>Authentication request \w+)"
)
CONNECTED = re.compile(r"user id '(?P<user>.*)' local ip \S+ connected from (?P<orig_h>[\w.:]+)")
LONGEST = 2048

OUTCOMES = {"auth_success": "success", "auth_failure": "failed", "connect": "success"}
CONNECT = "connect"


def is_of(message: Message) -> bool:
    """Whether a line is an event of AnyConnect."""
    return " anyconnect_vpn_" in message.text.replace("type=", " ") and bool(
        EVENT.search(message.text[:LONGEST])
    )


class Reader:
    """Makes rows of answers, and of connections without one."""

    def __init__(self) -> None:
        self._accepted: Remembered[str, int] = Remembered()

    def read(self, message: Message) -> list[Row]:
        """Return the row of a line, if it tells of a logon."""
        text = message.text[:LONGEST]
        event = EVENT.search(text)
        outcome = OUTCOMES.get(event["name"]) if event else None
        if event is None or outcome is None:
            return []
        is_connection = event["name"] == CONNECT
        found = (CONNECTED if is_connection else ANSWERED).match(text, event.end())
        if found is None:
            raise Unreadable(f"unknown_form_of_{event['name']}")
        said = found.groupdict()
        at = int(event["s"]) * 1_000_000_000 + int((event["f"] or "").ljust(9, "0"))
        if is_connection and abs(at - self._accepted.get(said["orig_h"], 0)) <= WITHIN:
            return []
        if outcome == "success":
            self._accepted.add(said["orig_h"], at)
        server = said.pop("server", None)
        detail = joined(said.pop("reason", None), server and f"asked of {server}")
        about = {"ts": at, "host": event["host"], "service": "anyconnect", "detail": detail}
        return [row(message, {**said, **about, "outcome": outcome})]

    def end(self) -> list[Row]:
        """Return none: no row waits."""
        return []
