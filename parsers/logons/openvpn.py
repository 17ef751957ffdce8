"""OpenVPN's server log (ssl_verify.c, multi.c, forward.c, push.c of OpenVPN).

A line is of the client whose address it begins with, behind its common name once it is in. A
connection that is initiated is a logon unless a password was refused before, or is yet to be
checked. Handshakes that fail before a certificate or a password is looked at are no logon.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, ClassVar

from parsers.logons.message import Message
from parsers.logons.remembered import Remembered
from parsers.logons.rows import Endpoint, Row, event, logon

PROGRAM = re.compile(r"(?:ovpn|openvpn)[\w@.-]*")
V4 = r"(?:\d{1,3}\.){3}\d{1,3}"
# With a family the port comes last; an IPv6 address without one has no port.
CLIENT = (
    rf"(?:\[AF_INET6?\]|(?:udp|tcp)[46]?(?:-server)?:)?"
    rf"(?:(?P<v4>{V4})|\[?(?P<v6>[\da-fA-F]*:[\da-fA-F:.]+)\]?)"
    r"(?::(?P<port>\d{1,9}))?"
)
OF_CLIENT = re.compile(rf"(?:(?P<cn>[^/\n]{{1,256}})/)?{CLIENT} (?P<said>\S.*)$")
# What tells OpenVPN's own file from others: a client's line, or its first lines.
LIKE_OPENVPN = re.compile(
    r"(?:OpenVPN \d+\.\d+|VERIFY (?:OK|ERROR)|TLS(?:_| Auth| Error|:)|MULTI|peer info:|SENT CONTROL"
    r"|\[.*\] Peer Connection Initiated|SIG(?:TERM|USR1)\[|Control Channel:|Data Channel|TCP connec"
    r"tion established|UDPv[46]|(?:AUTH|PLUGIN)[_-]|Initialization Sequence Completed)"
)

VERIFIED = re.compile(r"VERIFY OK: depth=0, (?P<subject>.*)$")
COMMON_NAME = re.compile(r"(?:^|[,/] ?)CN=(?P<cn>[^,/]*)")
REFUSED_CERTIFICATE = re.compile(r"VERIFY (?:\w+ )?ERROR: (?P<why>.*)$")
PASSWORD = re.compile(
    r"TLS: Username/(?:Password|auth-token) authentication (?P<said>succeeded|deferred)"
    r" for username '(?P<user>.*?)' ?(?:\[CN SET\])?$"
)
REFUSED = re.compile(r"TLS Auth Error: (?P<why>.*)$")
ANSWERED = re.compile(r"SENT CONTROL \[.*\]: '(?P<said>AUTH_FAILED|PUSH_REPLY)(?P<rest>.*)$")
INITIATED = re.compile(rf"\[(?P<cn>.*)\] Peer Connection Initiated with {CLIENT}")
LEFT = re.compile(r"(?:SIGTERM|SIGUSR1)\[(?P<how>[^\]]*)\] received, client-instance")
# Of the plugin for PAM, and of the scripts of pfSense and OPNsense: who it was that failed next.
NOT_AUTHENTICATED = re.compile(
    r"(?:AUTH-PAM: BACKGROUND: )?user '(?P<user>.*)'"
    r" (?:failed to authenticate|could not authenticate)(?:: (?P<why>.*))?\.?$"
)
CHALLENGE = ",CRV1:"


@dataclass(slots=True)
class Session:
    """A client that is being looked at.

    waits: its password is being checked; refused: it was told not to come in; inside: it is in.
    """

    user: str | None = None
    method: str = "certificate"
    waits: bool = False
    refused: bool = False
    inside: bool = False


def is_of(message: Message) -> bool:
    """Whether a line is OpenVPN's."""
    if message.program:
        return PROGRAM.fullmatch(message.program) is not None
    if message.ts is None:  # its own file has a time on every line
        return False
    text = found["said"] if (found := OF_CLIENT.match(message.text)) else message.text
    return LIKE_OPENVPN.match(text) is not None


class Reader:
    """Reads the lines of one log; a client is known by address and port."""

    def __init__(self) -> None:
        self._sessions: Remembered[tuple[str, str, str | None], Session] = Remembered()
        self._held: Row | None = None

    def read(self, message: Message) -> list[Row]:
        """Return the rows that a line gives."""
        text = message.text.strip()
        if found := NOT_AUTHENTICATED.match(text):
            before, self._held = (
                self._held,
                logon(
                    message,
                    "openvpn",
                    "failed",
                    found["user"],
                    method="password",
                    detail=found["why"] or "could not authenticate",
                ),
            )
            return [before] if before else []
        if not (found := OF_CLIENT.match(text)):
            return []
        address, port = found["v4"] or found["v6"], found["port"]
        if not port and found["v6"] and "[AF_INET6]" in text:
            address, _, port = address.rpartition(":")
        key = (message.host, address, port)
        session = self._sessions.get(key)
        if not session:
            session = Session(user=found["cn"], inside=found["cn"] is not None)
            self._sessions.add(key, session)
        rows = self._said(message, found["said"], session, (address, port))
        if LEFT.match(found["said"]):
            self._sessions.pop(key, None)
        return rows

    def end(self) -> list[Row]:
        """Return the rows of what waited for more."""
        return [self._held] if self._held else []

    def _said(self, message: Message, said: str, session: Session, client: Endpoint) -> list[Row]:
        """What a line says of a client."""
        for pattern, handle in self._LINES:
            if found := pattern.match(said):
                return list(handle(self, message, found, session, client))
        return []

    def _verified(
        self, _: Message, found: re.Match[str], session: Session, __: Endpoint
    ) -> list[Row]:
        name = COMMON_NAME.search(found["subject"])
        session.user = session.user or (name["cn"] if name else None)
        return []

    def _password(
        self, _: Message, found: re.Match[str], session: Session, __: Endpoint
    ) -> list[Row]:
        session.user, session.method = found["user"], "password"
        session.waits, session.refused = found["said"] == "deferred", False
        return []

    def _certificate_refused(
        self, message: Message, found: re.Match[str], session: Session, client: Endpoint
    ) -> list[Row]:
        name = COMMON_NAME.search(found["why"])
        session.user = name["cn"] if name else session.user
        return self._refused(message, session, client, found["why"])

    def _login_refused(
        self, message: Message, found: re.Match[str], session: Session, client: Endpoint
    ) -> list[Row]:
        if "Username/Password" in found["why"]:
            session.method = "password"
        return self._refused(message, session, client, found["why"])

    def _answered(
        self, message: Message, found: re.Match[str], session: Session, client: Endpoint
    ) -> list[Row]:
        """The answer that a client gets, which repeats a refusal that was told before."""
        if found["said"] == "PUSH_REPLY":
            return self._in(message, session, client)
        if found["rest"].startswith(CHALLENGE):
            session.method, session.waits = "mfa", True
            return []
        return [] if session.refused else self._refused(message, session, client, found["said"])

    def _initiated(
        self, message: Message, found: re.Match[str], session: Session, client: Endpoint
    ) -> list[Row]:
        session.user = session.user or found["cn"]
        return [] if session.waits else self._in(message, session, client)

    def _left(
        self, message: Message, found: re.Match[str], session: Session, client: Endpoint
    ) -> list[Row]:
        if not session.inside:
            return []
        return [
            event(
                message, "openvpn", "logoff", user=session.user, client=client, detail=found["how"]
            )
        ]

    def _in(self, message: Message, session: Session, client: Endpoint) -> list[Row]:
        if session.inside or session.refused:
            return []
        session.inside, session.waits = True, False
        return [
            logon(message, "openvpn", "success", session.user, method=session.method, client=client)
        ]

    def _refused(self, message: Message, session: Session, client: Endpoint, why: str) -> list[Row]:
        """A refusal; the name that a plugin gave just before is that of this client."""
        held, self._held = self._held, None
        session.refused, session.waits = True, False
        user = held["user"] if held else session.user
        return [
            logon(
                message, "openvpn", "failed", user, method=session.method, detail=why, client=client
            )
        ]

    _LINES: ClassVar[tuple[tuple[re.Pattern[str], Any], ...]] = (
        (VERIFIED, _verified),
        (PASSWORD, _password),
        (REFUSED_CERTIFICATE, _certificate_refused),
        (REFUSED, _login_refused),
        (ANSWERED, _answered),
        (INITIATED, _initiated),
        (LEFT, _left),
    )
