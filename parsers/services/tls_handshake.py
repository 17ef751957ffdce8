"""What a TLS connection's plain messages tell: the row of Zeek's ssl.log, and its certificates.

Handshake messages and the few other records that are read come in order; nothing is known here of
records, so that it serves TLS over any transport. Sources: RFC 5246 section 7, RFC 8446 section 4;
what fills which column, and when, is as in Zeek's base/protocols/ssl/main.zeek and files.zeek, and
src/analyzer/protocol/ssl/tls-handshake-*.pac.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from parsers.services.certificates import Certificate, read_certificate
from parsers.services.ja import ja3, ja3s, ja4
from parsers.services.parser import Row
from parsers.services.tls_hello import PRE_SHARED_KEY, RETRY, TICKET, Hello
from parsers.services.tls_names import (
    ALERTS,
    CURVES,
    DRAFT,
    DTLS10,
    SSL2,
    SUITES,
    TLS11,
    TLS13,
    VERSIONS,
    key_exchange,
    named,
    version_name,
)
from parsers.services.tls_wire import Malformed, Reader

LONGEST_HISTORY = 100
MOST_CERTIFICATES = 64
"""Certificates of a connection that are read; real chains have up to ten."""

NAMED_CURVE = 3
NO_SESSION = bytes(32)
SERVER_HELLO, CLIENT_KEY_EXCHANGE = 2, 16
LETTERS = {
    0: "h",
    1: "c",
    SERVER_HELLO: "s",
    3: "v",
    4: "t",
    11: "x",
    12: "k",
    13: "r",
    14: "n",
    15: "y",
    CLIENT_KEY_EXCHANGE: "g",
    20: "f",
    21: "w",
    22: "u",
}
"""Handshake messages in `ssl_history`. Others end the reading; TLS 1.3 sends them encrypted."""


class Session:
    """One TLS connection, as far as it can be read.

    begun: when the first of it was seen, None before.
    version: the number of the chosen version, 0 before the server chose.
    confirmed: whether a client hello of a known version was seen; by that Zeek knows TLS.
    certificates: rows of `x509` that were made and not yet taken.
    """

    def __init__(self, transport: str = "t") -> None:
        self.begun: int | None = None
        self.version = 0
        self.confirmed = False
        self.certificates: list[Row] = []
        self._transport = transport
        self._now = 0
        self._flipped = self._retried = False
        self._shown_version = 0
        self._suite = -1
        self._session_id = NO_SESSION
        self._ticket = self._offered_key = self._exchanged_key = False
        self._chains: tuple[list[str], list[str]] = ([], [])
        self._shown = 0
        self._server: Certificate | None = None
        self._columns: dict[str, Any] = {"resumed": False, "established": False, "ssl_history": ""}

    def begin(self, ts: int) -> None:
        """Note the time; that of the first sign of TLS is the row's."""
        self._now = ts
        if self.begun is None:
            self.begun = ts

    def message(self, orig: bool, kind: int, body: bytes, ts: int) -> None:
        """Read a whole handshake message, `Malformed` where it is none."""
        self.begin(ts)
        if kind not in LETTERS:
            raise Malformed("unknown_handshake_message")
        if kind in self._READERS:
            self._READERS[kind](self, orig, body)
        letter = LETTERS[kind]
        if kind == SERVER_HELLO and self._retried:
            letter = "j"
        self._exchanged_key |= kind == CLIENT_KEY_EXCHANGE and self._is_client(orig)
        self._note(orig, letter)

    def change_cipher_spec(self, orig: bool, ts: int) -> None:
        """The side encrypts from now on: before keys were exchanged, with those of a ticket."""
        self.begin(ts)
        self._note(orig, "i")
        if self._is_client(orig) and self._ticket and not self._exchanged_key:
            self._columns["resumed"] = True

    def alert(self, orig: bool, description: int, ts: int) -> None:
        """An alert that is not encrypted."""
        self.begin(ts)
        self._note(orig, "l")
        self._columns["last_alert"] = named(ALERTS, description)

    def heartbeat(self, orig: bool, ts: int) -> None:
        """A heartbeat that is not encrypted."""
        self.begin(ts)
        self._note(orig, "b")

    def establish(self, ts: int) -> None:
        """Both sides encrypt."""
        self.begin(ts)
        self._columns["established"] = True

    def hello_ssl2(self, session_id: bytes, ts: int) -> None:
        """The client hello of SSL 2, which newer clients sent as well. It has no side."""
        self.begin(ts)
        self.confirmed = True
        self._remember(session_id)
        self._letter("C")

    def server_ssl2(self, suite: int, certificate: bytes, ts: int) -> None:
        """The server hello of SSL 2."""
        self.begin(ts)
        self._choose(SSL2, suite, b"")
        self._letter("s")
        self._chain(False, [certificate])

    def row(self) -> dict[str, Any]:
        """The row of `ssl` from what was seen so far."""
        row = {"ts": self.begun, **self._columns}
        if self._shown:
            row["cert_chain_fps"], row["client_cert_chain_fps"] = map(list, self._chains)
        if self._server and "server_name" in row:
            row["sni_matches_cert"] = self._server.names_host(row["server_name"])
        return row

    def _is_client(self, orig: bool) -> bool:
        return orig != self._flipped

    def _direct(self, orig: bool, client: bool) -> None:
        """Take note of who is the client: not always who opened the connection."""
        if self._is_client(orig) != client:
            self._flipped = not self._flipped
            self._letter("^")

    def _note(self, orig: bool, letter: str) -> None:
        self._letter(letter.upper() if self._is_client(orig) else letter)

    def _letter(self, letter: str) -> None:
        if len(self._columns["ssl_history"]) < LONGEST_HISTORY:
            self._columns["ssl_history"] += letter

    def _remember(self, session_id: bytes) -> None:
        """Keep the session that the client wants back. Zeek does not compare longer ones."""
        padded = session_id.ljust(32, b"\0")
        if len(padded) == len(NO_SESSION) and padded != NO_SESSION:
            self._session_id = padded
            self._ticket = False

    def _choose(self, version: int, suite: int, session_id: bytes) -> None:
        """What the server chose, unless an extension said the version before."""
        self._shown_version = self._shown_version or version
        self._columns["version"] = version_name(self._shown_version)
        self._columns["cipher"] = named(SUITES, suite)
        self._suite = suite
        newer = self._shown_version == TLS13 or self._shown_version // 0xFF == DRAFT
        same = self._session_id == session_id.ljust(32, b"\0") != NO_SESSION
        self._columns["resumed"] |= same and not newer

    # What is in handshake messages.

    def _hello_request(self, orig: bool, _body: bytes) -> None:
        self._direct(orig, client=False)

    def _client_hello(self, orig: bool, body: bytes) -> None:
        self._direct(orig, client=True)
        hello = Hello(client=True)
        try:
            hello.read(body)
        finally:  # what was read before a fault counts
            self._client_extensions(hello)
        if hello.version not in VERSIONS and hello.version >> 8 != DRAFT:
            raise Malformed("unknown_client_version")
        self.confirmed = True
        self._remember(hello.session_id)
        if "ja3" not in self._columns:
            self._columns |= {"ja3": ja3(hello), "ja4": ja4(hello, self._transport)}

    def _client_extensions(self, hello: Hello) -> None:
        for code, content in hello.extensions:
            self._ticket |= code == TICKET and bool(content)
            self._offered_key |= code == PRE_SHARED_KEY
        if hello.server_names:
            self._columns["server_name"] = _text(hello.server_names[0])

    def _server_hello(self, orig: bool, body: bytes) -> None:
        self._direct(orig, client=False)
        hello = Hello(client=False)
        try:
            hello.read(body)
        finally:
            self._server_extensions(hello)
        if hello.version not in VERSIONS and hello.version >> 8 != DRAFT:
            raise Malformed("unknown_server_version")
        self.version = self.version or (hello.versions[0] if hello.versions else hello.version)
        self._choose(hello.version, hello.suites[0], hello.session_id)
        self._retried = hello.random == RETRY
        if not self._retried:
            self._columns["ja3s"] = ja3s(hello)

    def _server_extensions(self, hello: Hello) -> None:
        for code, _ in hello.extensions:
            self._columns["resumed"] |= code == PRE_SHARED_KEY and self._offered_key
        if hello.versions:
            self._shown_version = hello.versions[0]
            self._columns["version"] = version_name(self._shown_version)
        if hello.key_shares:
            self._columns["curve"] = named(CURVES, hello.key_shares[0])
        if hello.protocols:
            self._columns["next_protocol"] = _text(hello.protocols[0])

    def _hello_verify_request(self, _orig: bool, body: bytes) -> None:
        reader = Reader(body)
        reader.number(2)  # version
        reader.vector(1)  # cookie

    def _certificate(self, orig: bool, body: bytes) -> None:
        certificates = Reader(Reader(body).vector(3))
        self._chain(self._is_client(orig), list(certificates.vectors(3)))

    def _chain(self, client: bool, certificates: list[bytes]) -> None:
        for index, octets in enumerate(certificates):
            if not octets or self._shown >= MOST_CERTIFICATES:
                continue
            self._shown += 1
            certificate = read_certificate(octets)
            if not certificate:
                continue
            self._chains[client].append(certificate.row["fingerprint"])
            if index == 0 and not client:
                self._server = self._server or certificate
            sides = {"ts": self._now, "host_cert": index == 0, "client_cert": client}
            self.certificates.append(("x509", {**certificate.row, **sides}))

    def _server_key_exchange(self, _orig: bool, body: bytes) -> None:
        exchange, reader = key_exchange(self._suite), Reader(body)
        if exchange in {"ECDHE", "ECDH_ANON"} and reader.number(1) == NAMED_CURVE:
            curve = reader.number(2)
            reader.vector(1)  # point
            self._signature(exchange, reader)
            self._columns["curve"] = named(CURVES, curve)
        elif exchange in {"DHE", "DH_ANON"}:
            for _ in range(3):
                reader.vector(2)  # prime, generator, public value
            self._signature(exchange, reader)

    def _signature(self, exchange: str, reader: Reader) -> None:
        if exchange.endswith("ANON"):
            return
        if self.version > TLS11 and self.version != DTLS10:
            reader.number(2)  # algorithm
        reader.vector(2)

    def _ticket_or_status(self, _orig: bool, body: bytes) -> None:
        Reader(body).take(4)  # lifetime of the ticket; or kind and length of the status

    _READERS: ClassVar[dict[int, Callable[[Session, bool, bytes], None]]] = {
        0: _hello_request,
        1: _client_hello,
        SERVER_HELLO: _server_hello,
        3: _hello_verify_request,
        4: _ticket_or_status,
        11: _certificate,
        12: _server_key_exchange,
        22: _ticket_or_status,
    }


def _text(octets: bytes) -> str:
    return octets.decode(errors="backslashreplace")
