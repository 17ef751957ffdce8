"""Client hello and server hello of SSL 3 to TLS 1.3, and of DTLS, with their extensions.

Sources: RFC 8446 section 4.1 and 4.2, RFC 5246 section 7.4.1, RFC 6066 (server name), RFC 7301
(ALPN), RFC 8422 (curves). How strictly each is read is as in Zeek's tls-handshake-protocol.pac:
what is too short is malformed, what is left over is passed over.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from parsers.services.tls_names import DRAFT, DTLS10, DTLS12, TLS13
from parsers.services.tls_wire import Reader

SERVER_NAME, GROUPS, POINT_FORMATS, SIGNATURES, ALPN = 0, 10, 11, 13, 16
TICKET, KEY_SHARE_OLD, PRE_SHARED_KEY, SUPPORTED_VERSIONS, KEY_SHARE = 35, 40, 41, 43, 51

RETRY = bytes.fromhex("CF21AD74E59A6111BE1D8C021E65B891C2A211167ABB8C5E079E09E2C8A8339C")
"""The random of a server hello that is a hello retry request (RFC 8446 section 4.1.3)."""


@dataclass(slots=True)
class Hello:
    """A hello of either side, filled while it is read: where that fails, as far as it was read.

    versions, key_shares: of a server one, the chosen one; none where it did not say.
    """

    client: bool
    version: int = 0
    random: bytes = b""
    session_id: bytes = b""
    suites: list[int] = field(default_factory=list)
    extensions: list[tuple[int, bytes]] = field(default_factory=list)
    server_names: list[bytes] = field(default_factory=list)
    protocols: list[bytes] = field(default_factory=list)
    groups: list[int] = field(default_factory=list)
    point_formats: list[int] = field(default_factory=list)
    signatures: list[int] = field(default_factory=list)
    versions: list[int] = field(default_factory=list)
    key_shares: list[int] = field(default_factory=list)

    def read(self, message: bytes) -> None:
        """Read the message's body. `Malformed` where it is too short for what it says."""
        reader = Reader(message)
        self.version = reader.number(2)
        self.random = reader.take(32)
        if self.client:
            self._client(reader)
        else:
            self._server(reader)
        if reader:
            reader.number(2)  # the length of all extensions; they go on to the message's end
        while reader:
            code, content = reader.number(2), reader.vector(2)
            if content and code in _EXTENSIONS:
                _EXTENSIONS[code](self, Reader(content))
            self.extensions.append((code, content))

    def _client(self, reader: Reader) -> None:
        self.session_id = reader.vector(1)
        if self.version in {DTLS10, DTLS12}:
            reader.vector(1)  # cookie
        length = reader.number(2)
        self.suites = Reader(reader.take(length // 2 * 2)).numbers(2)
        reader.vector(1)  # compression methods

    def _server(self, reader: Reader) -> None:
        draft = self.version == TLS13 or self.version >> 8 == DRAFT
        if not draft:
            self.session_id = reader.vector(1)
        self.suites = [reader.number(2)]
        if not draft:
            reader.take(1)  # compression method


def _server_name(hello: Hello, reader: Reader) -> None:
    names = Reader(reader.vector(2))
    while names:
        if names.number(1):
            return  # a name of another kind: its length is not known
        hello.server_names.append(names.vector(2))


def _protocols(hello: Hello, reader: Reader) -> None:
    hello.protocols.extend(Reader(reader.vector(2)).vectors(1))


def _groups(hello: Hello, reader: Reader) -> None:
    length = reader.number(2)
    hello.groups = Reader(reader.take(length // 2 * 2)).numbers(2)


def _point_formats(hello: Hello, reader: Reader) -> None:
    hello.point_formats = list(reader.vector(1))


def _signatures(hello: Hello, reader: Reader) -> None:
    reader.number(2)  # length
    hello.signatures = reader.numbers(2)


def _versions(hello: Hello, reader: Reader) -> None:
    hello.versions = Reader(reader.vector(1)).numbers(2) if hello.client else [reader.number(2)]


def _key_shares(hello: Hello, reader: Reader) -> None:
    entries = Reader(reader.vector(2)) if hello.client else reader
    while entries:
        hello.key_shares.append(entries.number(2))
        if not hello.client and not entries:
            return  # a hello retry request names the group and has no key
        entries.vector(2)
        if not hello.client:
            return


def _pre_shared_key(hello: Hello, reader: Reader) -> None:
    if not hello.client:
        reader.number(2)  # the chosen one
        return
    identities, binders = Reader(reader.vector(2)), Reader(reader.vector(2))
    while identities:
        identities.vector(2)
        identities.take(4)  # obfuscated age of the ticket
    for _ in binders.vectors(1):
        pass


_EXTENSIONS: dict[int, Callable[[Hello, Reader], None]] = {
    SERVER_NAME: _server_name,
    GROUPS: _groups,
    POINT_FORMATS: _point_formats,
    SIGNATURES: _signatures,
    ALPN: _protocols,
    KEY_SHARE_OLD: _key_shares,
    PRE_SHARED_KEY: _pre_shared_key,
    SUPPORTED_VERSIONS: _versions,
    KEY_SHARE: _key_shares,
}
