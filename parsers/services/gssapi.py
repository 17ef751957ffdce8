"""GSS-API tokens: SPNEGO and what it carries, NTLMSSP or Kerberos; and NTLMSSP without it.

RFC 4178 section 4.2, RFC 4121 section 4.1, MS-SPNG. What confirms which service, and what takes it
back, as in Zeek: src/analyzer/protocol/gssapi, src/analyzer/protocol/asn1,
base/frameworks/analyzer/dpd.zeek.
"""

from __future__ import annotations

from collections.abc import Iterator

from parsers.services.kerberos_log import KerberosLog
from parsers.services.kerberos_messages import read_message
from parsers.services.ntlm import SIGNATURE, NotNtlm, NtlmLog
from parsers.services.parser import Row

INITIAL = 0x60
"""Tag of InitialContextToken; of anything else Zeek expects a NegTokenResp."""

SPNEGO = bytes.fromhex("06062b0601050502")
"""Its object identifier, in DER."""

PER_MESSAGE = (b"\x04\x04", b"\x05\x04")
"""Token ids of MIC and Wrap, RFC 4121 section 4.2.6."""

NEG_STATE, MECH_TOKEN = 0xA0, 0xA2
ARGUMENTS = range(0xA0, 0xA4)
"""Tags of the fields of NegTokenInit and NegTokenResp."""

AP_REQ, AP_REP, KRB_ERROR = b"\x6e", b"\x6f", b"\x7e"
"""Tags of messages of Kerberos, RFC 4120 section 5.10."""

KERBEROS_MESSAGES = (AP_REQ, AP_REP, KRB_ERROR)
BARE_KERBEROS = (AP_REQ, AP_REP)
"""Those that DCE/RPC sends without a mechanism around them."""

FORGIVEN_AFTER = 10 * 1024
"""What is misread beyond as many bytes of the connection takes back no name."""


class NotGssapi(ValueError):
    """The bytes are no token that can be read."""


class Services:
    """The services of one connection: their names in the order of confirmation, and their rows.

    octets: how many bytes of the connection were seen.
    """

    def __init__(self, rows: list[Row]) -> None:
        self.names: list[str] = []
        self.octets = 0
        self.ntlm = NtlmLog(rows)
        self.kerberos = KerberosLog(rows)

    def confirm(self, name: str) -> None:
        """Add a name that is not there yet."""
        if name not in self.names:
            self.names.append(name)

    def misread(self, name: str) -> None:
        """Take a name back, early in the connection."""
        if name in self.names and self.octets <= FORGIVEN_AFTER:
            self.names.remove(name)

    def end(self) -> None:
        """Make the rows that wait for the end of the connection."""
        self.ntlm.end()
        self.kerberos.end()


class Gssapi:
    """The tokens of one security context. Each protocol in it confirms itself but once."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._unconfirmed = {"gssapi", "ntlm", "krb"}

    def blob(self, octets: bytes, ts: int) -> None:
        """Read a token, or the NTLMSSP message that SMB allows in its place."""
        if octets.startswith(SIGNATURE):
            self.ntlm(octets, ts)
        else:
            self.token(octets, ts)

    def ntlm(self, octets: bytes, ts: int) -> None:
        """Read an NTLMSSP message; one that is none is no reason to take back the name."""
        try:
            self._services.ntlm.message(octets, ts)
        except NotNtlm:
            return
        self._confirm("ntlm")

    def token(self, octets: bytes, ts: int) -> None:
        """Read a token."""
        try:
            if octets[:2] not in PER_MESSAGE:
                self._negotiation(octets, ts)
        except NotGssapi:
            self._services.misread("gssapi")
        else:
            self._confirm("gssapi")

    def _confirm(self, name: str) -> None:
        if name in self._unconfirmed:
            self._unconfirmed.remove(name)
            self._services.confirm(name)

    def _negotiation(self, octets: bytes, ts: int) -> None:
        """Read NegTokenInit or NegTokenResp."""
        for tag, value in _arguments(octets):
            if tag == NEG_STATE and octets[0] != INITIAL:
                self._services.ntlm.result(int.from_bytes(value))
            elif tag == MECH_TOKEN:
                self._mechanism(value, ts)

    def _mechanism(self, token: bytes, ts: int) -> None:
        if token.startswith(SIGNATURE):
            self.ntlm(token, ts)
        elif token[:1] == bytes([INITIAL]):
            inner = _end(token, _head(token, 0)[1]) + 2  # behind thisMech and TOK_ID
            self._kerberos(token[inner:], ts)
        elif token[:1] in BARE_KERBEROS:
            self._kerberos(token, ts)

    def _kerberos(self, message: bytes, ts: int) -> None:
        if message[:1] not in KERBEROS_MESSAGES or not _is_whole(message):
            self._services.misread("krb")
            return
        if message[:1] == AP_REQ:
            self._services.kerberos.begin(ts)  # Zeek tells no more of it
        elif (told := read_message(message)) is not None:
            self._services.kerberos.message(told, ts)
        self._confirm("krb")


def mechanism_token(octets: bytes) -> bytes:
    """What a token of SPNEGO carries; b"" for nothing, and the token itself if it is of no SPNEGO.

    Raises NotGssapi.
    """
    if octets.startswith(SIGNATURE):
        return octets
    if octets[:1] == bytes([INITIAL]) and not octets.startswith(SPNEGO, _head(octets, 0)[1]):
        return octets
    return next((value for tag, value in _arguments(octets) if tag == MECH_TOKEN), b"")


def is_kerberos_request(token: bytes) -> bool:
    """Whether a mechanism's token is an AP-REQ of Kerberos, RFC 4121 section 4.1."""
    try:
        inner = _end(token, _head(token, 0)[1]) + 2 if token[:1] == bytes([INITIAL]) else 0
    except NotGssapi:
        return False
    return token[inner : inner + 1] == AP_REQ


def _arguments(octets: bytes) -> Iterator[tuple[int, bytes]]:
    """Tags and values of NegTokenInit or NegTokenResp; lengths of what holds others do not count.

    Raises NotGssapi.
    """
    at = _head(octets, 0)[1]
    if octets[0] == INITIAL:
        at = _end(octets, at)  # thisMech
        at = _head(octets, at)[1]
    at = _head(octets, at)[1]
    while at < len(octets):
        tag, start, end = octets[at], _head(octets, at)[1], _end(octets, at)
        if tag not in ARGUMENTS or _end(octets, start) > end:
            raise NotGssapi
        yield tag, octets[_head(octets, start)[1] : _end(octets, start)]
        at = end


def _is_whole(octets: bytes) -> bool:
    """Whether the value that they begin with is there to its end."""
    try:
        return _end(octets, 0) > 0
    except NotGssapi:
        return False


def _head(octets: bytes, at: int) -> tuple[int, int]:
    """Length of the value whose tag is there, and where its content begins."""
    if len(octets) < at + 2:
        raise NotGssapi
    short = octets[at + 1]
    if short < 0x80:
        return short, at + 2
    start = at + 2 + (short & 0x7F)
    if len(octets) < start:
        raise NotGssapi
    return int.from_bytes(octets[at + 2 : start]), start


def _end(octets: bytes, at: int) -> int:
    """Where the value whose tag is there ends; it must be whole."""
    length, start = _head(octets, at)
    if start + length > len(octets):
        raise NotGssapi
    return start + length
