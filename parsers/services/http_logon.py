"""Who logged on over HTTP in the clear, and whether they were let in: rows of `logon`.

A request carries credentials, and the status of its answer judges them: RFC 9110 section 11. Basic
is RFC 7617, Digest RFC 7616, Negotiate RFC 4559 and MS-NTHT, Kerberos and CredSSP MS-WSMV section
2.2.9. NTLM and SPNEGO take several requests, of which the last is the attempt. What CredSSP sends
is TLS: nobody is named. A bearer's token is no logon.

Passwords are read over and never kept.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from parsers.services.gssapi import NotGssapi, is_kerberos_request, mechanism_token
from parsers.services.http_fields import basic_credentials, text
from parsers.services.http_start import RequestLine
from parsers.services.ntlm import AUTHENTICATE, SIGNATURE, NotNtlm, kind_of, logged_on

USER_MAX = 256
AGENT_MAX = 160
URI_MAX = 1024
"""How much of a user's name, of a user agent and of a URI is looked at."""

ORIGIN, PROXY = 401, 407
"""With which status a server, and a proxy, refuse."""

CREDENTIALS = {b"AUTHORIZATION": ORIGIN, b"PROXY-AUTHORIZATION": PROXY}
CHALLENGES = {b"WWW-AUTHENTICATE": ORIGIN, b"PROXY-AUTHENTICATE": PROXY}
"""Header fields, by whose they are."""

SCHEMES = rb"(basic|digest|ntlm|negotiate|kerberos|credssp|bearer)(?![^\s,])"
SCHEME = re.compile(SCHEMES + rb"[\t ]*", re.IGNORECASE)
CHALLENGE = re.compile(
    rb"(?:^|,)[\t ]*" + SCHEMES + rb"(?:[\t ]++([A-Za-z0-9+/._~-]++=*+)[\t ]*+(?=,|$))?",
    re.IGNORECASE,
)
"""One of the challenges of a field, and the token that it may bring."""
QUOTED = re.compile(rb'"(?:[^"\\]|\\.)*+"?', re.DOTALL)
STALE = re.compile(rb'\bstale\s*+=\s*+"?true', re.IGNORECASE)
PARAMETER = re.compile(
    rb'(?<![\w*-])([\w*-]++)[\t ]*+=[\t ]*+(?:"((?:[^"\\]|\\.)*+)"?|([^\s,"]*+))', re.DOTALL
)
ESCAPED = re.compile(rb'\\(["\\])')

WINRM, GATEWAY, HTTP = "winrm", "rdgateway", "http"
WINRM_PORTS = (5985, 47001)
AT = rb"(?i:[^ ]+ (?:https?://[^/?]*)?)"
SERVICES = (
    (WINRM, re.compile(AT + rb"(?i:/wsman)(?:[/?]|\Z)")),
    (GATEWAY, re.compile(rb"RDG_(?:IN|OUT)_DATA ")),
    (GATEWAY, re.compile(AT + rb"(?i:/remoteDesktopGateway)(?:[/?]|\Z)")),
    (GATEWAY, re.compile(rb"RPC_(?:IN|OUT)_DATA (?i:.*/rpcproxy\.dll\?[^?]*:3388)")),
)
"""What method and URI are of; other ports behind rpcproxy.dll are Exchange's (MS-TSGU 2.1.1)."""

SUCCESS, FAILED, UNKNOWN = "success", "failed", "unknown"
KNOWN_BY = "the status of the answer"
SURE = {"kerberos": 0.9}
"""How sure an outcome is that is known, where it is not certain."""

Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Credential:
    """What one request shows to be let in.

    method: the scheme, or what Negotiate has agreed upon. mark: tells those of a user apart.
    is_whole: whether it is an attempt even if the server has not gone on with the scheme before.
    """

    scheme: str
    method: str
    user: str | None = None
    workstation: str | None = None
    mark: int = 0
    is_whole: bool = True


@dataclass(slots=True)
class Challenged:
    """What a server, or a proxy, asks for: its schemes, and of which it goes on with a token."""

    offered: set[str] = field(default_factory=set)
    continued: set[str] = field(default_factory=set)
    is_stale: bool = False

    def add(self, value: bytes) -> None:
        """Read a field; it may hold several challenges."""
        for found in CHALLENGE.finditer(QUOTED.sub(b'""', value)):
            scheme = found[1].decode().lower()
            self.offered.add(scheme)
            if found[2]:
                self.continued.add(scheme)
        self.is_stale |= STALE.search(value) is not None


class Shown:
    """The credentials of one request and the challenges of its answer, by whom they are for."""

    def __init__(self) -> None:
        self.credentials: dict[int, Credential] = {}
        self.challenges: dict[int, Challenged] = {}

    def credential(self, name: bytes, value: bytes) -> None:
        """Read a field of CREDENTIALS."""
        found = credential(value)
        if found:
            self.credentials[CREDENTIALS[name]] = found

    def challenge(self, name: bytes, value: bytes) -> None:
        """Read a field of CHALLENGES."""
        self.challenges.setdefault(CHALLENGES[name], Challenged()).add(value)


class Logons:
    """The attempts of one connection to a port. What is like the one before is told once."""

    def __init__(self, port: int, write: Callable[[Values], None]) -> None:
        self._port, self._write = port, write
        self._offered: set[str] = set()
        self._continued: set[tuple[int, str]] = set()
        self._last: dict[int, tuple[Credential, str]] = {}
        self._refused: Values | None = None  # who was asked for a password and showed nothing yet
        self._attempted = False

    def answered(self, shown: Shown, line: RequestLine | None, row: Values) -> None:
        """A request is over, and so is its answer if there was one; `row` is that of `http`."""
        status = row.get("status_code", 0)
        challenged = shown.challenges.get(status)
        if challenged:
            self._offered |= challenged.offered
            if "basic" in challenged.offered and not self._refused:
                self._refused = self._told(status, line, row)
        for whose, credential in shown.credentials.items():
            if credential.is_whole or (whose, credential.scheme) in self._continued:
                self._judge(whose, credential, challenged or Challenged(), line, row)
        if challenged:
            self._continued |= {(status, scheme) for scheme in challenged.continued}

    def end(self) -> None:
        """No more comes: tell that passwords are taken in the clear, if no attempt tells it."""
        if self._refused and not self._attempted:
            nothing = {"outcome": UNKNOWN, "attempts": 0, "confidence": 0.0}
            self._write(self._refused | nothing | {"offered": sorted(self._offered)})
        self._refused = None

    def _judge(
        self,
        whose: int,
        credential: Credential,
        challenged: Challenged,
        line: RequestLine | None,
        row: Values,
    ) -> None:
        told = outcome(whose, credential, row.get("status_code", 0), challenged)
        if told is None:
            return
        result, detail = told
        last = self._last.get(whose)
        if result != FAILED and last in ((credential, SUCCESS), (credential, result)):
            return
        self._last[whose] = credential, result
        self._attempted = True
        workstation = credential.workstation and f"workstation {credential.workstation}"
        self._write(
            self._told(whose, line, row)
            | {
                "user": credential.user,
                "method": credential.method,
                "outcome": result,
                "attempts": 1,
                "confidence": 0.0 if result == UNKNOWN else SURE.get(credential.method, 1.0),
                "detail": detail or workstation,
                "offered": sorted(self._offered) or None,
            }
        )

    def _told(self, whose: int, line: RequestLine | None, row: Values) -> Values:
        """What every row says of the request; a proxy is asked for itself, whatever for."""
        agent = row.get("user_agent")
        return {
            "ts": row["ts"],
            "service": HTTP if whose == PROXY else service(line, self._port),
            "known_by": KNOWN_BY,
            "software": agent and agent[:AGENT_MAX],
        }


def service(line: RequestLine | None, port: int) -> str:
    """What a request, to that port, is to be let in to."""
    asked = b"%b %b" % (line.method, line.uri[:URI_MAX]) if line else b""
    named = next((name for name, pattern in SERVICES if pattern.match(asked)), HTTP)
    return WINRM if named == HTTP and port in WINRM_PORTS else named


def outcome(
    whose: int, credential: Credential, status: int, challenged: Challenged
) -> tuple[str, str | None] | None:
    """What a status says of credentials, and why if that is nothing; None: they were not judged."""
    if status == whose:
        # With a token the negotiation goes on; behind the last message of NTLM it begins anew.
        goes_on = credential.scheme in challenged.continued and credential.method != "ntlm"
        is_stale = credential.method == "digest" and challenged.is_stale
        return None if goes_on or is_stale else (FAILED, None)
    if status in (ORIGIN, PROXY):  # a proxy lets through what the server refuses
        return (SUCCESS, None) if whose == PROXY else None
    if status == 101 or 200 <= status < 400:
        return SUCCESS, None
    if status < 200:
        return UNKNOWN, "no answer"
    return UNKNOWN, "forbidden" if status == 403 else f"answered {status}"


def credential(value: bytes) -> Credential | None:
    """What a field of CREDENTIALS shows; None for what is no attempt, and for what is not known."""
    found = SCHEME.match(value)
    if not found:
        return None
    scheme = found[1].decode().lower()
    return READERS[scheme](scheme, value[found.end() :], value) if scheme in READERS else None


def _basic(scheme: str, _: bytes, value: bytes) -> Credential:
    user, colon, _ = (basic_credentials(value) or b"").partition(b":")
    return Credential(scheme, scheme, _user(user if colon else b""), mark=hash(value))


def _digest(scheme: str, shown: bytes, _: bytes) -> Credential:
    parameters = {
        each[1].lower(): ESCAPED.sub(rb"\1", each[2]) if each[2] is not None else each[3]
        for each in PARAMETER.finditer(shown)
    }
    hashed = parameters.get(b"userhash", b"").lower() == b"true"
    user = b"" if hashed else parameters.get(b"username", b"")
    return Credential(scheme, scheme, _user(user))


def _token(scheme: str, shown: bytes, _: bytes) -> Credential | None:
    """NTLM, Kerberos, or either of them within SPNEGO."""
    try:
        token = mechanism_token(binascii.a2b_base64(shown))
    except (NotGssapi, binascii.Error):
        token = b""
    if token.startswith(SIGNATURE):
        return _ntlm(scheme, token)
    if is_kerberos_request(token):
        return Credential(scheme, "kerberos")
    return Credential(scheme, scheme, is_whole=False)


def _ntlm(scheme: str, message: bytes) -> Credential | None:
    """The last message of a client's; the one before asks for a challenge."""
    try:
        if kind_of(message) != AUTHENTICATE:
            return None
        told = logged_on(message)
    except NotNtlm:
        return Credential(scheme, "ntlm", is_whole=False)
    user = "\\".join(name[:USER_MAX] for name in (told.domain, told.user) if name)
    return Credential(
        scheme, "ntlm", user if told.user else None, told.workstation[:USER_MAX] or None
    )


def _credssp(scheme: str, _: bytes, __: bytes) -> Credential:
    """TLS over several requests: only what the server has gone on with holds credentials."""
    return Credential(scheme, scheme, is_whole=False)


def _user(octets: bytes) -> str | None:
    return text(octets[:USER_MAX]) or None


READERS: dict[str, Callable[[str, bytes, bytes], Credential | None]] = {
    "basic": _basic,
    "digest": _digest,
    "ntlm": _token,
    "negotiate": _token,
    "kerberos": _token,
    "credssp": _credssp,
}
