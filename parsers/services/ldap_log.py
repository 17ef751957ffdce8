"""The rows of `ldap` and `ldap_search` that the messages of one connection make.

A row for each number of a message: its request, and what answers it. When it is written as in Zeek:
base/protocols/ldap/main.zeek.
"""

from __future__ import annotations

from typing import Any

from parsers.services.ldap_messages import Message
from parsers.services.ldap_names import (
    ABANDON,
    ADD_RESPONSE,
    BIND_REQUEST,
    BIND_RESPONSE,
    COMPARE_RESPONSE,
    DELETE_RESPONSE,
    EXTENDED_RESPONSE,
    MODIFY_DN_RESPONSE,
    MODIFY_RESPONSE,
    OPERATIONS,
    SEARCH_DONE,
    SEARCH_ENTRY,
    SEARCH_REFERENCE,
    SEARCH_REQUEST,
    UNBIND,
)
from parsers.services.parser import Row

SEARCH = (SEARCH_REQUEST, SEARCH_ENTRY, SEARCH_DONE)
LAST = (
    BIND_RESPONSE,
    UNBIND,
    SEARCH_DONE,
    MODIFY_RESPONSE,
    ADD_RESPONSE,
    DELETE_RESPONSE,
    MODIFY_DN_RESPONSE,
    COMPARE_RESPONSE,
    ABANDON,
    EXTENDED_RESPONSE,
)
"""Messages after which nothing more comes of a number."""

MOST_OPEN = 1024
"""Requests that wait for an answer; of more the first ones are written without."""


class LdapLog:
    """The rows of one connection."""

    def __init__(self, rows: list[Row]) -> None:
        self._rows = rows
        self._open: dict[tuple[str, int], dict[str, Any]] = {}  # by table and number

    def message(self, message: Message, ts: int) -> None:
        """Take note of a message."""
        if message.operation == SEARCH_REFERENCE:
            return
        table = "ldap_search" if message.operation in SEARCH else "ldap"
        key = table, message.number
        row = self._open.get(key)
        if row is None:
            row = self._begin(key, ts)
        row |= message.columns
        if message.operation == SEARCH_ENTRY:
            row["result_count"] += 1
        elif message.operation not in (*SEARCH, BIND_REQUEST, BIND_RESPONSE):
            row["opcode"] = OPERATIONS[message.operation]
        elif message.operation == BIND_RESPONSE:
            row.setdefault("opcode", OPERATIONS[BIND_RESPONSE])
        if message.operation in LAST:
            self._write(key)

    def end(self) -> None:
        """Write the rows of what had no answer; of a number that is none nothing is told."""
        for key in list(self._open):
            if key[1] > 0:
                self._write(key)
        self._open.clear()

    def _begin(self, key: tuple[str, int], ts: int) -> dict[str, Any]:
        if len(self._open) >= MOST_OPEN:
            self._write(next(iter(self._open)))
        row: dict[str, Any] = {"ts": ts, "message_id": key[1]}
        if key[0] == "ldap_search":
            row["result_count"] = 0
        self._open[key] = row
        return row

    def _write(self, key: tuple[str, int]) -> None:
        self._rows.append((key[0], self._open.pop(key)))
