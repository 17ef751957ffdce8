"""strongSwan's charon (ike_sa.c, task_manager, authenticators and plugins of libcharon).

Its own files name the security association of a line, `<name|number>`; syslog does not, unless
asked, and then what a line tells is of the one client that is in the middle of it, if it is one.
A gateway may be the initiator as well: what it initiates is no logon to it.
"""

from __future__ import annotations

import re
from typing import Any

from parsers.logons.message import Message
from parsers.logons.remembered import Client, Recent, Remembered
from parsers.logons.rows import Row, event, logon

PROGRAMS = frozenset(("charon", "charon-systemd", "ipsec", "swanctl", "strongswan"))
# Thread and group, at the beginning of a line: 12[IKE], with the association: <rw-psk|1>, <1>
PREFIX = re.compile(
    r"(?P<thread>\d{2,3})\[(?P<group>[A-Z]{3})\d?\] (?:<(?P<sa>(?:[^|>]*\|)?\d{1,10})> )?"
)

RECEIVED = re.compile(
    r"received packet: from (?P<address>[\da-fA-F.:]+)\[(?P<port>\d{1,9})\] to ",
)
# Our own end of an association comes before the client's.
OURS = r"[^\s\[.]{0,64}(?:\.[^\s\[.]{1,64}){0,3}(?:\[[^\]]*\])?\.\.\."
INITIATING = re.compile(r"(?P<address>[\da-fA-F.:]+) is initiating an? (?:[\w ]+ )?IKE_SA$")
WE_INITIATE = re.compile(r"initiating (?:[\w ]+ )?IKE_SA (?P<sa>[^\s\[]+\[\d+\]) to ")
MATCHING = re.compile(
    rf"looking for (?:[\w-]+ ){{0,3}}peer configs matching {OURS}[\da-fA-F.:]+\[(?P<user>[^\]]*)\]$"
)
IDENTITY = re.compile(r"received EAP identity '(?P<user>.*)'$")
AUTHENTICATED = re.compile(r"authentication of '(?P<user>.*)' with (?P<method>[^']*) successful$")
XAUTH = re.compile(r"XAuth authentication of '(?P<user>.*)' (?P<said>successful|failed)$")
ENDPOINTS = (
    r"(?P<sa>[^\s\[]+\[\d+\]) (?P<said>established )?between "
    rf"{OURS}(?P<address>[\da-fA-F.:]+)\[(?P<user>.*)\]$"
)
ESTABLISHED = re.compile(rf"IKE_SA {ENDPOINTS}")
DELETING = re.compile(rf"deleting IKE_SA {ENDPOINTS}")
# How a failure is said, the method that it is of, and whether that is said in general: it counts
# where no line has told it in particular.
FAILURES: tuple[tuple[re.Pattern[str], str | None, bool], ...] = tuple(
    (re.compile(pattern), method, again)
    for pattern, method, again in (
        (r"(?P<why>tried \d+ shared keys? for '[^']*' - '(?P<user>.*)', but MAC mismatched)$",
         "psk", False),
        (r"(?P<why>no shared key found for '[^']*' - '(?P<user>.*)')$", "psk", False),
        (r"(?P<why>no trusted [^']* found for '(?P<user>.*)')$", "certificate", False),
        (r"(?P<why>EAP-MS-CHAPv2 verification failed.*)$", "eap", False),
        (r"(?P<why>RADIUS authentication of '(?P<user>.*)' failed)$", "eap", False),
        (r"(?P<why>EAP method \w+ failed for peer (?P<user>.*))$", "eap", True),
        (r"(?P<why>no (?:matching|alternative|suitable) (?:peer )?config found)$", None, True),
        (r"(?P<why>signature validation failed)", "certificate", True),
        (r"(?P<why>constraint check failed.*)$", None, True),
        (r"(?P<why>invalid HASH_V1 payload length, decryption failed\?)$", "psk", True),
    )
)  # fmt: skip
METHODS = (("pre-shared key", "psk"), ("EAP", "eap"), ("XAuth", "xauth"))


def is_of(message: Message) -> bool:
    """Whether a line is charon's: by program, or by thread and group where it has no program."""
    if message.program:
        return message.program in PROGRAMS
    return message.ts is not None and PREFIX.match(message.text) is not None


class Reader:
    """Reads the lines of one log."""

    def __init__(self) -> None:
        self._recent = Recent()
        self._named: Remembered[tuple[str, str], Client] = Remembered()
        self._methods: Remembered[tuple[str, str], str] = Remembered()
        self._failed: Remembered[tuple[str, str], bool] = Remembered()
        self._ours: Remembered[tuple[str, str], bool] = Remembered()

    def read(self, message: Message) -> list[Row]:
        """Return the rows that a line gives."""
        prefix = PREFIX.match(message.text)
        if not prefix:
            return []
        text = message.text[prefix.end() :].strip()
        number = (prefix["sa"] or "").rpartition("|")[2]
        if (found := RECEIVED.match(text)) and number:
            client = self._client(message, number)
            client.address, client.port = found["address"], found["port"]
        elif found := INITIATING.match(text):
            self._recent.begin(message, found["address"], None)
            if number:
                client = self._client(message, number)
                client.address = found["address"]
        elif found := WE_INITIATE.match(text):
            self._ours.add((message.host, found["sa"]), True)
        elif found := ESTABLISHED.match(text):
            return self._established(message, number, found)
        elif found := DELETING.match(text):
            return self._deleting(message, found)
        else:
            return self._told(message, number, text)
        return []

    def end(self) -> list[Row]:
        """Return the rows of what waited for more: nothing waits."""
        return []

    def _client(self, message: Message, number: str) -> Client:
        """The client of a line: of its association, or the only one there can be."""
        if not number:
            return self._recent.only(message)
        key = (message.host, number)
        if key not in self._named:
            self._named.add(key, Client())
        return self._named[key]

    def _told(self, message: Message, number: str, text: str) -> list[Row]:
        """What comes before an association is established, or is not."""
        client = self._client(message, number)
        if found := MATCHING.match(text):
            client.user = client.user or found["user"]
        elif found := IDENTITY.match(text):
            client.user = found["user"]
        elif found := AUTHENTICATED.match(text):
            if not found["user"].endswith("(myself)"):
                self._methods.add((message.host, found["user"]), _method(found["method"]))
        elif found := XAUTH.match(text):
            client.user, client.method = found["user"], "xauth"
            if found["said"] == "failed":
                return [self._failure(message, number, client, "xauth", {"why": text})]
        else:
            return self._failures(message, number, client, text)
        return []

    def _failures(self, message: Message, number: str, client: Client, text: str) -> list[Row]:
        key = (message.host, number or str(client.address))
        for pattern, method, again in FAILURES:
            if found := pattern.match(text):
                if again and self._failed.pop(key, False):
                    return []
                return [self._failure(message, number, client, method, found.groupdict())]
        return []

    def _failure(
        self, message: Message, number: str, client: Client, method: str | None,
        said: dict[str, Any],
    ) -> Row:  # fmt: skip
        self._failed.add((message.host, number or str(client.address)), True)
        if method != "eap":  # which asks again
            self._recent.end(client)
        return logon(
            message,
            "ipsec",
            "failed",
            said.get("user") or client.user,
            (client.address, client.port),
            said["why"],
            method=method,
            session=number or None,
        )

    def _established(self, message: Message, number: str, found: re.Match[str]) -> list[Row]:
        if (message.host, found["sa"]) in self._ours:
            return []
        client = self._client(message, number)
        port = client.port if client.address == found["address"] else None
        method = client.method or self._methods.get((message.host, found["user"]))
        user = client.user if method in ("xauth", "eap") and client.user else found["user"]
        self._recent.end(Client(found["address"]))
        return [
            logon(
                message,
                "ipsec",
                "success",
                user,
                (found["address"], port),
                method=method,
                session=found["sa"],
            )
        ]

    def _deleting(self, message: Message, found: re.Match[str]) -> list[Row]:
        if self._ours.pop((message.host, found["sa"]), None):
            return []
        return [
            event(
                message,
                "ipsec",
                "logoff",
                user=found["user"],
                client=(found["address"], None),
                session=found["sa"],
            )
        ]


def _method(said: str) -> str:
    return next((method for name, method in METHODS if said.startswith(name)), "certificate")
