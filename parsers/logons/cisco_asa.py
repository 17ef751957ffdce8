"""Cisco ASA and Firepower Threat Defense: AnyConnect, clientless and IPsec VPN, and administrators.

Cisco Secure Firewall ASA Series Syslog Messages, by number of the message. Confirmed on lines:
113004, 113005, 113019, 113039, 722033, 722051. Unconfirmed, from that documentation: the others.

One logon is told by several messages, which are joined: the AAA server agrees (113004, 113012), the
session begins (113039, 716001), an address is given (722051). AAA alone does not say for what it
was asked: its service is unset. A tunnel that is made anew within a session is no logon. User names
of failed logons are hidden (`*****`) unless the device is told not to.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from parsers.logons.attempts import Attempts
from parsers.logons.message import Message, Unreadable
from parsers.logons.rows import Row
from parsers.logons.told import Told, joined, row

SESSIONS_AT_MOST = 65_536
LONGEST = 2048  # letters of a message that are read; the device cuts them before

TAG = re.compile(r"%(?:ASA|FTD|PIX|FWSM)-(?:[a-z]{1,16}-)?\d-(\d{6})(?::|\b)\s?")
PROGRAM = re.compile(r"%(?:ASA|FTD|PIX|FWSM)-(?:[a-z]{1,16}-)?\d-(\d{6})")

# The device writes the address last, so that no user's name can stand for it.
GROUP_USER_IP = r"Group <(?P<group>.*)> User <(?P<user>.*)> IP <(?P<orig_h>[^<>]*)>,? "
GROUP_IS = r"Group = (?P<group>.*), Username = (?P<user>.*), IP = (?P<orig_h>[\w.:]+), "
REASON = r"reason ?= ?(?P<reason>.*?) ?: "
SERVER = r"server = (?P<server>.*?) : user = (?P<user>.*?)(?: : user IP = (?P<orig_h>\S*))?\s*$"
LOCAL = r"local database ?: user = (?P<user>.*?)(?: ?: user IP = (?P<orig_h>\S*))?\s*$"
FOR_USER = (
    r" (?:for|to) user '?(?P<user>.*?)'? from (?P<orig_h>[\w.:]+)/(?P<orig_p>\d+) to "
    r"(?P<server>\S+) on interface"
)
IKE = r"Local:\S+ Remote:(?P<orig_h>[\w.]+|\[?[\w:]+\]?):\d+ Username:(?P<user>.*?) "
UNAME = r"(?:IP(?: address)?[:,] ?(?P<orig_h>[\w.:]+?) ?[,:] )?Uname: (?P<user>.*)"

LOGON, TUNNEL, NOTE, LOGOFF, LOCKOUT = "logon", "tunnel", "note", "logoff", "lockout"
"""A logon; a tunnel, which is one where none is open; what only adds to a logon; the end."""

OK: Told = {"outcome": "success"}
FAILED: Told = {"outcome": "failed"}
ANYCONNECT: Told = {"service": "anyconnect"}
IPSEC: Told = {"service": "ipsec"}


class Kind(NamedTuple):
    """What a message says: how, where its values are, and what it always tells."""

    kind: str
    text: str
    told: Told = OK


KINDS: Mapping[str, Kind] = {
    "109005": Kind(LOGON, r"Authentication succeeded" + FOR_USER),
    "109006": Kind(LOGON, r"Authentication failed" + FOR_USER, FAILED),
    "109007": Kind(NOTE, r"Authorization permitted" + FOR_USER),
    "109008": Kind(LOGON, r"(?P<reason>Authorization denied)" + FOR_USER, FAILED),
    "109031": Kind(
        LOGON, r"(?P<reason>NT Domain Authentication Failed): .* username (?P<user>.*)", FAILED
    ),
    "113004": Kind(LOGON, r"AAA user authentication Successful ?: ?" + SERVER),
    "113005": Kind(LOGON, r"AAA user authentication Rejected ?: ?" + REASON + SERVER, FAILED),
    "113006": Kind(LOCKOUT, r"User '?(?P<user>.*?)'? (?P<reason>locked out on exceeding .*)", {}),
    "113008": Kind(NOTE, r"AAA transaction status ACCEPT ?: user = (?P<user>.*)"),
    "113012": Kind(LOGON, r"AAA user authentication Successful ?: ?" + LOCAL),
    "113013": Kind(
        LOGON,
        r"AAA unable to complete the request Error ?: reason = (?P<reason>.*?) ?: user = "
        r"(?P<user>.*)",
        FAILED,
    ),
    "113015": Kind(LOGON, r"AAA user authentication Rejected ?: ?" + REASON + LOCAL, FAILED),
    "113016": Kind(LOGON, r"AAA credentials rejected ?: ?" + REASON + SERVER, FAILED),
    "113017": Kind(LOGON, r"AAA credentials rejected ?: ?" + REASON + LOCAL, FAILED),
    "113019": Kind(
        LOGOFF, GROUP_IS + r"Session disconnected\. Session Type: (?P<type>[^,]*), Duration: "
        r"(?P<duration>[^,]*),.*Reason: (?P<reason>.*)", {},
    ),
    "113021": Kind(
        LOGON, r"(?P<reason>Attempted console login failed)\.? User '?(?P<user>.*?)'? did", FAILED
    ),
    "113038": Kind(LOGON, GROUP_USER_IP + r"(?P<reason>Unable to create .*)", ANYCONNECT | FAILED),
    "113039": Kind(LOGON, GROUP_USER_IP + r"AnyConnect parent session started", ANYCONNECT | OK),
    "605004": Kind(
        LOGON, r"Login denied from (?P<orig_h>[\w.:]+)/(?P<orig_p>\d+) to \S*?/(?P<to>\w+) for "
        r'user "?(?P<user>.*?)"?\s*$', FAILED,
    ),
    "605005": Kind(
        LOGON, r"Login permitted from (?P<orig_h>[\w.:]+)/(?P<orig_p>\d+) to \S*?/(?P<to>\w+) for "
        r'user "?(?P<user>.*?)"?\s*$',
    ),
    "611101": Kind(LOGON, r"User authentication succeeded: " + UNAME),
    "611102": Kind(LOGON, r"User authentication failed: " + UNAME, FAILED),
    "611103": Kind(LOGOFF, r"User logged out: Uname: (?P<user>.*)", {}),
    "713052": Kind(LOGON, GROUP_IS + r".*authenticated", IPSEC | OK),
    "713167": Kind(
        LOGON, GROUP_IS + r"(?P<reason>Remote peer has failed user authentication)", IPSEC | FAILED
    ),
    "716001": Kind(LOGON, GROUP_USER_IP + r"WebVPN session started", ANYCONNECT | OK),
    "716002": Kind(
        LOGOFF, GROUP_USER_IP + r"WebVPN session terminated: (?P<reason>.*?)\.?\s*$", ANYCONNECT
    ),
    "716023": Kind(
        LOGON, GROUP_USER_IP + r"(?P<reason>Session could not be established.*)",
        ANYCONNECT | FAILED,
    ),
    "716038": Kind(LOGON, GROUP_USER_IP + r"Authentication: successful", ANYCONNECT | OK),
    "716039": Kind(
        LOGON, GROUP_USER_IP + r"(?P<reason>Authentication: rejected)", ANYCONNECT | FAILED
    ),
    "716040": Kind(
        LOGON, r"Reboot pending, (?P<reason>.*) Denied user (?P<user>.*) login", FAILED
    ),
    "722022": Kind(TUNNEL, GROUP_USER_IP + r"\S+ SVC connection established", ANYCONNECT | OK),
    "722033": Kind(TUNNEL, GROUP_USER_IP + r"First \S+ SVC connection", ANYCONNECT | OK),
    "722034": Kind(TUNNEL, GROUP_USER_IP + r"New \S+ SVC connection", ANYCONNECT | OK),
    "722051": Kind(
        TUNNEL,
        GROUP_USER_IP + r"(?:IPv4 )?Address <(?P<assigned>[^<>]*)>.*assigned to session",
        ANYCONNECT | OK,
    ),
    "734001": Kind(
        NOTE, r"DAP: User (?P<user>.*), Addr (?P<orig_h>[\w.:]+), Connection (?P<connection>\w+):"
    ),
    "750003": Kind(LOGON, IKE + r"IKEv2 Negotiation aborted due to ERROR: (?P<reason>.*)",
                   IPSEC | FAILED),
    "751011": Kind(LOGON, IKE + r"Failed user authentication\. Error: (?P<reason>.*)",
                   IPSEC | FAILED),
}  # fmt: skip
PATTERNS = {code: re.compile(kind.text, re.DOTALL) for code, kind in KINDS.items()}

NO_LOGON: Mapping[str, re.Pattern[str]] = {
    "113004": re.compile(r"AAA user (?:authorization|accounting) "),
    "113005": re.compile(r"AAA user (?:authorization|accounting) "),
    "113012": re.compile(r"AAA user (?:authorization|accounting) "),
    # Of these negotiations most fail for other reasons than who asks.
    "750003": re.compile(r"(?!.*uthenticat)"),
}
"""By number of the message, texts of it that tell of no logon."""

WITHOUT_TAG = ("113039", "722051", "113019", "716039")
"""Messages that are known by their text alone, where a collector has cut off the number."""

TYPES: Mapping[str, str] = {
    "ssl": "anyconnect",
    "svc": "anyconnect",
    "webvpn": "anyconnect",
    "clientless": "anyconnect",
    "anyconnect-parent": "anyconnect",
    "ikev1": "ipsec",
    "ikev2": "ipsec",
    "ipsec": "ipsec",
    "ipsecoverudp": "ipsec",
    "ipsecovernatt": "ipsec",
    "ipsecovertcp": "ipsec",
    "l2tpoveripsec": "l2tp",
    "l2tpoveripsecovernatt": "l2tp",
}
SITE_TO_SITE = "lan"  # in the name of a type: no user
ADMINISTRATION: Mapping[str, str] = {"ssh": "ssh", "telnet": "telnet"}


def is_of(message: Message) -> bool:
    """Whether a line has the product's tag, or its beginning where that is gone."""
    return (
        message.program.startswith(("%ASA-", "%FTD-", "%PIX-", "%FWSM-"))
        or TAG.search(message.text[:256]) is not None
        or message.text.startswith(("Group <", "Group = "))
    )


class Reader:
    """Joins messages to logons, and knows which sessions are open."""

    def __init__(self) -> None:
        self._attempts = Attempts()
        self._open: dict[tuple[str | None, str | None], None] = {}

    def read(self, message: Message) -> list[Row]:
        """Return the rows that are whole with this line."""
        code, text = _parts(message)
        kind = KINDS.get(code)
        if kind is None or (code in NO_LOGON and NO_LOGON[code].match(text)):
            return []
        found = PATTERNS[code].match(text)
        if found is None:
            raise Unreadable(f"unknown_form_of_{code}")
        told = _told(kind, found.groupdict())
        return [] if told is None else self._kept(code, kind.kind, row(message, told))

    def end(self) -> list[Row]:
        """Return the rows that waited for more lines."""
        return self._attempts.end()

    def _kept(self, code: str, kind: str, made: Row) -> list[Row]:
        session = made["user"], made["host"]
        if kind == NOTE:
            self._attempts.join(made)
            return []
        if kind == LOGOFF:
            self._open.pop(session, None)
        if kind == TUNNEL and (self._attempts.join(made) or session in self._open):
            return []
        if made["outcome"] == "success" and made["service"]:
            self._open[session] = None
            if len(self._open) > SESSIONS_AT_MOST:
                self._open.pop(next(iter(self._open)))
        return self._attempts.add(code, made)


def _parts(message: Message) -> tuple[str, str]:
    """The number of a message and its text."""
    if tag := PROGRAM.match(message.program):
        return tag[1], message.text[:LONGEST]
    if tag := TAG.search(message.text[:256]):
        return tag[1], message.text[tag.end() :][:LONGEST]
    text = message.text[:LONGEST]
    return next((code for code in WITHOUT_TAG if PATTERNS[code].match(text)), ""), text


def _told(kind: Kind, said: Mapping[str, str | None]) -> Told | None:
    """What a message tells; None of the end of a tunnel between sites."""
    told = dict(kind.told) | {
        name: said[name] for name in ("user", "orig_h", "orig_p") if said.get(name)
    }
    if kind.kind in (LOGOFF, LOCKOUT):
        told["event"] = kind.kind
    if session_type := said.get("type"):
        if SITE_TO_SITE in session_type.lower():
            return None
        told["service"] = TYPES.get(session_type.strip().lower())
    if to := said.get("to"):
        told["service"] = ADMINISTRATION.get(to)
    told["detail"] = joined(
        said.get("reason"),
        _labelled("group", said.get("group")),
        _labelled("asked of", said.get("server")),
        _labelled("to", to),
        _labelled("given", said.get("assigned")),
        _labelled("after", said.get("duration")),
    )
    return told


def _labelled(label: str, text: str | None) -> str:
    return f"{label} {text}" if text else ""
