"""OpenVPN's status file, versions 1 to 3 (multi_print_status in multi.c): who is connected.

Each client that is listed has logged on, at the time that the list says. Version 1 has commas and
no kinds of lines, version 2 names the kind first, version 3 has tabs.
"""

from __future__ import annotations

import csv
import re

from parsers.logons.message import Message, Unreadable
from parsers.logons.rows import Row, logon
from parsers.logons.times import EPOCH, NS, Clock

VERSION_1 = re.compile(r"[^,\t]*,[^,\t]+,\d+,\d+,(?:\w{3} \w{3} [ \d]\d |\d{4}-\d\d-\d\d )[\d: ]+$")
VERSIONS_2_3 = re.compile(r"(?:HEADER[,\t])?CLIENT_LIST[,\t]")
HEADINGS_1 = ["Common Name", "Real Address", "Bytes Received", "Bytes Sent", "Connected Since"]
WHERE = re.compile(
    r"(?:\w+:)?\[?(?P<address>(?:\d+\.){3}\d+|[\da-fA-F:.]+?)\]?(?::(?P<port>\d{1,9}))?$"
)
UNDEF = "UNDEF"


def is_of(message: Message) -> bool:
    """Whether a line is of the list of clients."""
    return not message.program and bool(
        VERSIONS_2_3.match(message.text) or VERSION_1.match(message.text)
    )


class Reader:
    """Reads the lines of one file."""

    def __init__(self) -> None:
        self._headings: list[str] = []

    def read(self, message: Message) -> list[Row]:
        """Return the row of a client."""
        text = message.text.strip()
        kind = VERSIONS_2_3.match(text)
        cells = next(csv.reader([text], delimiter="\t" if kind and "\t" in kind[0] else ","))
        if cells[0] == "HEADER":
            self._headings = cells[2:]
            return []
        headings = self._headings if kind else HEADINGS_1
        said = dict(zip(headings, cells[1:] if kind else cells, strict=False))
        where = WHERE.match(said.get("Real Address", ""))
        if not where:
            raise Unreadable("client_without_address")
        names = (said.get("Username", ""), said.get("Common Name", ""))
        user = next((name for name in names if name not in ("", UNDEF)), None)
        if user is None:
            return []  # not let in yet
        row = logon(
            message, "openvpn", "success", user, (where["address"], where["port"]),
            session=said.get("Client ID"), detail="connected when the status was written",
        )  # fmt: skip
        return [row | {"ts": _since(said) or message.ts}]

    def end(self) -> list[Row]:
        """Return the rows of what waited for more: nothing waits."""
        return []


def _since(said: dict[str, str]) -> int | None:
    """When a client connected, ns since 1970."""
    seconds = said.get("Connected Since (time_t)", "")
    if seconds.isdecimal() and len(seconds) <= 10:
        return int(seconds) * NS
    return Clock(EPOCH).taken(said.get("Connected Since", "") + " ")[0]
