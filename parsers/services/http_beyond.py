"""What a connection carries behind the end of HTTP: the streams of container APIs.

A client that asks for such a stream may send what it has to say at once (Docker Engine API,
"Hijacking"): it waits here until the answer decides whether it is of the stream or of HTTP.
"""

from __future__ import annotations

from collections.abc import Callable

from parsers.services.container_api import Exchange
from parsers.services.container_streams import WIRE_MAX
from parsers.services.http_pairs import Values
from parsers.services.parser import ORIG


class Beyond:
    """The stream that answers a request, and the rows of all requests to container APIs.

    waits: whether what the client sends must wait.
    """

    def __init__(self, write: Callable[[Values], None]) -> None:
        self.waits = False
        self._write = write
        self._waiting = bytearray()
        self._asked: Exchange | None = None
        self._exchange: Exchange | None = None

    def asked(self, exchange: Exchange | None) -> None:
        """A request has ended."""
        self.waits = bool(exchange and exchange.upgrades and not exchange.status)
        self._asked = exchange

    def wait(self, octets: bytes) -> None:
        """Take in what the client sends meanwhile; too much of it is lost."""
        self._waiting += octets[: WIRE_MAX - len(self._waiting)]

    def answered(self, exchange: Exchange | None) -> bytes:
        """The header of an answer has ended: what waited and is of HTTP."""
        if exchange and exchange.is_hijacked:
            self._begin(exchange)
        if not self.waits or exchange is not self._asked or (exchange and exchange.is_interim):
            return b""
        self.waits = False
        waiting = bytes(self._waiting)
        self._waiting.clear()
        return waiting

    def exchanged(self, exchange: Exchange) -> None:
        """A request and its answer are over, but for the stream that may follow."""
        if exchange.becomes_stream and not self._exchange:
            self._begin(exchange)
        elif exchange is not self._exchange:
            self._tell(exchange)

    def read(self, side: int, octets: bytes) -> None:
        """Bytes of a side that are none of HTTP."""
        if self._exchange:
            self._exchange.stream(side, octets)

    def skipped(self, side: int, count: int) -> None:
        """Bytes of a side that are none of HTTP, and that nobody needed to see."""
        if self._exchange:
            self._exchange.streamed[side] += count

    @property
    def is_open(self) -> bool:
        """Whether there is a stream."""
        return self._exchange is not None

    def listens(self, side: int) -> bool:
        """Whether more of a side's stream is of use."""
        return bool(self._exchange and self._exchange.streamed[side] < WIRE_MAX)

    def end(self) -> None:
        """No more comes."""
        exchange, self._exchange = self._exchange, None
        if exchange:
            self._tell(exchange)

    def _begin(self, exchange: Exchange) -> None:
        self.waits = False
        self._exchange = exchange
        exchange.stream(ORIG, bytes(self._waiting))
        self._waiting.clear()

    def _tell(self, exchange: Exchange) -> None:
        row = exchange.row()
        if row:
            self._write(row)
