"""Palo Alto Networks PAN-OS: GlobalProtect, and the logs of authentication.

PAN-OS Administrator's Guide, syslog field descriptions: GlobalProtect logs (from 9.1), System and
Authentication logs; Cortex Data Lake's JSON and CEF of the same. Confirmed on lines: GlobalProtect
in CSV and JSON, SYSTEM auth and AUTH in CSV. Unconfirmed, from documentation: SYSTEM globalprotect,
administrators, CEF.

SYSTEM auth says who was asked, not for what: its service is unset, and the same logon is in the
log of GlobalProtect, too, where that is forwarded. That a weak protocol was used
(`When authenticating …`) is said beside the logon itself, and passed over.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from parsers.logons.message import Message, Unreadable
from parsers.logons.own_times import iso, when
from parsers.logons.pairs import cef
from parsers.logons.rows import Row
from parsers.logons.told import Told, is_nothing, joined, row

LONGEST = 16_384
BEGINS = re.compile(
    r"\d{1,3},\d{4}/\d\d/\d\d \d\d:\d\d:\d\d(?:\.\d+)?,[\w-]*,(GLOBALPROTECT|SYSTEM|AUTH),"
)
MAKER = "Palo Alto Networks"
CEF_PREFIX = "PanOS"

# Columns of CSV, by the names that the JSON has.
TYPE, SUBTYPE = 3, 4
GLOBALPROTECT_COLUMNS: Mapping[str, int] = {
    "TimeGenerated": 6,
    "EventIDValue": 8,
    "Stage": 9,
    "AuthMethod": 10,
    "TunnelType": 11,
    "SourceUserName": 12,
    "EndpointDeviceName": 14,
    "PublicIPv4": 15,
    "PublicIPv6": 16,
    "PrivateIPv4": 17,
    "GlobalProtectClientVersion": 21,
    "EndpointOSVersion": 23,
    "QuarantineReason": 25,
    "ConnectionError": 26,
    "Description": 27,
    "EventStatus": 28,
    "Portal": 33,
    "TimeGeneratedHighResolution": 36,
    "DeviceName": 47,
}
SYSTEM_COLUMNS: Mapping[str, int] = {
    "EventTime": 6,
    "EventName": 8,
    "EventDescription": 14,
    "LogSourceName": 22,
    "TimeGeneratedHighResolution": 25,
}
AUTH_COLUMNS: Mapping[str, int] = {
    "TimeGenerated": 6,
    "SourceAddress": 8,
    "SourceUserName": 9,
    "AuthenticationPolicy": 12,
    "AuthenticationDescription": 18,
    "ClientType": 19,
    "AuthEvent": 20,
    "DeviceName": 29,
    "AuthMethod": 31,
    "TimeGeneratedHighResolution": 33,
}
COLUMNS = {"GLOBALPROTECT": GLOBALPROTECT_COLUMNS, "SYSTEM": SYSTEM_COLUMNS, "AUTH": AUTH_COLUMNS}
NO_ADDRESS = "0.0.0.0"  # noqa: S104 (nobody listens)
TIMES = ("TimeGeneratedHighResolution", "TimeGenerated", "EventTime")

METHODS: Mapping[str, str] = {
    "saml": "saml",
    "certificate": "certificate",
    "client certificate": "certificate",
    "kerberos": "kerberos",
    **dict.fromkeys(("ldap", "local", "radius", "tacacs+", "pap", "chap"), "password"),
}
OUTCOMES: Mapping[str, str] = {"success": "success", "failure": "failed"}

# What System logs say, in the order in which they are tried.
USER = r"user '(?P<user>.*?)'"
SYSTEM_TEXTS: tuple[tuple[re.Pattern[str], Told], ...] = (
    (re.compile(rf"failed authentication for {USER}\."), {"outcome": "failed"}),
    (re.compile(rf"(?:authenticated|authentication succeeded) for {USER}\."),
     {"outcome": "success"}),
    (re.compile(rf"Kerberos SSO authenticated for {USER}\."),
     {"outcome": "success", "method": "kerberos"}),
    (re.compile(r"GlobalProtect \w+ user authentication succeeded"),
     {"outcome": "success", "service": "globalprotect"}),
    (re.compile(r"GlobalProtect \w+ user authentication failed"),
     {"outcome": "failed", "service": "globalprotect"}),
    (re.compile(r"GlobalProtect \w+ user logout"),
     {"event": "logoff", "service": "globalprotect"}),
    (re.compile(r"User (?P<user>\S+) logged in via (?P<way>\w+) from (?P<orig_h>[\w.:]+)"),
     {"outcome": "success"}),
    (re.compile(r"User (?P<user>\S+) logged out via (?P<way>\w+) from (?P<orig_h>[\w.:]+)"),
     {"event": "logoff"}),
    (re.compile(rf"(?:User|Account) .*?{USER}.* locked"), {"event": "lockout"}),
)  # fmt: skip
ADMINISTRATION: Mapping[str, str] = {"CLI": "ssh"}
DETAILS: Mapping[str, re.Pattern[str]] = {
    "reason": re.compile(r"Reason: (.*?)\.? (?:auth profile|From:|Auth type)|Reason: ([^,]*)"),
    "profile": re.compile(r"auth profile '(.*?)'"),
    "protocol": re.compile(r"auth protocol '(.*?)'"),
    "role": re.compile(r"(admin role) '"),
    "orig_h": re.compile(r"(?:From|Login from): ([0-9A-Fa-f.:]+?)[.,]?(?:\s|$)"),
    "user": re.compile(r"User name: (.*?)(?:, |\.?$)"),
    "software": re.compile(r"Client OS version: (.*?)(?:, Reason|\.?$)"),
}


def is_of(message: Message) -> bool:
    """Whether a line is of PAN-OS: CSV, Cortex's JSON, or CEF; of the logs that are read."""
    text = message.text
    if text.startswith("{"):
        return '"LogType"' in text and ("GLOBALPROTECT" in text or '"SYSTEM"' in text)
    return BEGINS.search(text[:256]) is not None or (
        MAKER in text[:64] and cef(text[:LONGEST]) is not None
    )


class Reader:
    """Makes rows of lines; each tells all."""

    def read(self, message: Message) -> list[Row]:
        """Return the row of a line, if it tells of a logon."""
        kind, said = _said(message.text[:LONGEST])
        tell = KINDS.get(kind)
        told = tell(said) if tell else None
        if told is None:
            return []
        stamp = next((said[name] for name in TIMES if said.get(name)), "")
        own, zoned = iso(stamp)
        host = said.get("DeviceName") or said.get("LogSourceName")
        return [row(message, {"ts": when(message, own, zoned=zoned), "host": host} | told)]

    def end(self) -> list[Row]:
        """Return none: no row waits."""
        return []


def _said(text: str) -> tuple[str, Mapping[str, str]]:
    """The kind of log, and its values by the names of the JSON."""
    if text.startswith("{"):
        try:
            record: dict[str, Any] = msgspec.json.decode(text, type=dict[str, Any])
        except (msgspec.DecodeError, RecursionError, UnicodeError) as wrong:
            raise Unreadable("broken_json") from wrong
        said = {name: str(told) for name, told in record.items() if isinstance(told, (str, int))}
        return said.get("LogType", ""), said
    if begin := BEGINS.search(text[:256]):
        return begin[1], _columns(text[begin.start() :], begin[1])
    parts = cef(text)
    if parts is None:
        raise Unreadable("unknown_form")
    header, extension = parts
    return header["code"], {name.removeprefix(CEF_PREFIX): told for name, told in extension.items()}


def _columns(text: str, kind: str) -> Mapping[str, str]:
    try:
        values = next(csv.reader([text.replace("\0", "")]), [])
    except csv.Error as wrong:
        raise Unreadable("broken_csv") from wrong
    return {name: values[place] for name, place in COLUMNS[kind].items() if place < len(values)}


def _globalprotect(said: Mapping[str, str]) -> Told | None:
    """A logon to a portal or a gateway, or the end of a session."""
    name, outcome = said.get("EventIDValue", ""), OUTCOMES.get(said.get("EventStatus", "").lower())
    told: Told
    if name.endswith("-auth"):
        told = {"outcome": outcome or "unknown"}
    elif name.endswith("-logout"):
        told = {"event": "logoff"}
    else:
        return None
    version, system = said.get("GlobalProtectClientVersion"), said.get("EndpointOSVersion")
    public = said.get("PublicIPv4", "")
    return told | {
        "service": "globalprotect",
        "user": said.get("SourceUserName"),
        "orig_h": said.get("PublicIPv6") if public in ("", NO_ADDRESS) else public,
        "method": METHODS.get(said.get("AuthMethod", "").lower()),
        "software": " ".join(each for each in (version, system) if each),
        "detail": joined(
            said.get("ConnectionError"),
            said.get("QuarantineReason"),
            name,
            _labelled("at", said.get("Portal")),
            said.get("Description"),
        ),
    }


def _authentication(said: Mapping[str, str]) -> Told | None:
    """An answer to somebody who was asked; without one the outcome is not known."""
    event = said.get("AuthEvent", "")
    outcome = next((told for name, told in OUTCOMES.items() if name in event.lower()), "unknown")
    return {
        "outcome": outcome,
        "service": "globalprotect" if said.get("ClientType") == "GlobalProtect" else "",
        "user": said.get("SourceUserName"),
        "orig_h": said.get("SourceAddress"),
        "method": METHODS.get(said.get("AuthMethod", "").lower()),
        "detail": joined(
            said.get("AuthenticationDescription"),
            event,
            said.get("ClientType"),
            _labelled("policy", said.get("AuthenticationPolicy")),
        ),
    }


def _system(said: Mapping[str, str]) -> Told | None:
    text = said.get("EventDescription", "")
    matches = ((pattern.match(text), fixed) for pattern, fixed in SYSTEM_TEXTS)
    found, fixed = next((each for each in matches if each[0]), (None, {}))
    if found is None:
        return None
    more = {name: _first(each, text) for name, each in DETAILS.items()}
    named = found.groupdict()
    way = named.get("way") or ("" if not more["role"] else "administrator")
    return {
        "service": ADMINISTRATION.get(way, ""),
        "user": named.get("user") or more["user"],
        "orig_h": named.get("orig_h") or more["orig_h"],
        "method": METHODS.get(more["protocol"].lower()),
        "software": more["software"],
        "detail": joined(more["reason"], way, _labelled("auth profile", more["profile"])),
    } | fixed


def _first(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return next((group for group in found.groups() if group), "") if found else ""


def _labelled(label: str, text: str | None) -> str:
    return f"{label} {text}" if text and not is_nothing(text) else ""


KINDS = {"GLOBALPROTECT": _globalprotect, "SYSTEM": _system, "AUTH": _authentication}
