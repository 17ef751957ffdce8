"""What every protocol parser is: a reader of both streams of one connection, that makes rows.

A parser is fed with what the two sides sent, in the order in which it arrived, in pieces of any
size; the same bytes cut otherwise give the same rows. It keeps a bounded amount of them. What it
cannot read ends it: it says why in `failed`, and the rows that it made stay.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

if TYPE_CHECKING:
    from parsers.services.tls_records import Asks

ORIG, RESP = 0, 1
"""The sides: who opened the connection, and who answered."""

NOTHING = 1 << 62
"""A position that no stream reaches: nothing more of a side is wanted."""

Row = tuple[str, dict[str, Any]]
"""A table of `parsers.schema`, and values by the names of its columns; unset ones may be left out.

`ts` is whole nanoseconds since 1970. The columns that name the connection (`uid`, `orig_h` …) are
added by who feeds the parser, where the row does not have them.
"""


class Expected(NamedTuple):
    """A connection that two hosts agree upon in another one, as in FTP.

    service: its name in `conn.service`. ts: when it was agreed upon. opener: the side that will
    open it. host, port: to where; an address of 4 or 16 bytes, or none: that of the other side.
    """

    service: str
    ts: int
    opener: int
    host: bytes
    port: int


class Parser(ABC):
    """Reads one connection.

    service: Zeek's name for the protocol in `conn.service`.
    rows: what was made so far; who feeds the parser takes them out.
    proxied: when a proxy was asked for a connection or opened one, and the type of tunnel that Zeek
        calls it; taken out as rows are.
    expects: connections that were agreed upon so far; taken out as rows are.
    confirmed: whether both sides spoke the protocol so far that Zeek would name it in `service`.
    failed: why it gave up, a name in lower case with underscores; "" while it reads.
    tls_begins: whether what comes next of both sides is TLS, and not for this parser.
    asks: who asks for the records of that TLS.
    passes_on: whether what comes next is another protocol, that has to be recognised anew.
    successor: who reads it, where that is known already.
    rest: for each side, bytes that it was given and that are of what comes next.
    wants: for each side the position in its stream, from 0, before which bytes are of no use to the
        parser; they may then be passed over and told by `skipped`. Never falls.
    """

    service: ClassVar[str]

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.proxied: list[tuple[int, str]] = []
        self.expects: list[Expected] = []
        self.confirmed = False
        self.failed = ""
        self.tls_begins = False
        self.asks: Asks | None = None
        self.passes_on = False
        self.successor: Parser | None = None
        self.rest = [b"", b""]
        self.wants = [0, 0]

    def confirmed_names(self) -> list[str]:
        """Return what `conn.service` names, in the order in which it was confirmed."""
        return [self.service] if self.confirmed else []

    @abstractmethod
    def data(self, side: int, octets: bytes, ts: int) -> None:
        """Read what comes next in the stream of a side, from a packet of that time."""

    def skipped(self, side: int, count: int, ts: int) -> None:  # noqa: B027 (many need not know)
        """Take note of bytes of a side that it did not want and that were passed over."""

    def gap(self, side: int, count: int, ts: int) -> None:
        """Take note of bytes of a side that were sent and are not in the capture."""
        self.failed = "content_gap"

    def closed(self, side: int, ts: int) -> None:  # noqa: B027 (many need not know)
        """Take note that a side has sent all that it had to send (a FIN, all before it read)."""

    def end(self, ts: int) -> None:  # noqa: B027 (many need not know)
        """Make the rows that wait for the end: no more bytes come. Not called after a failure."""
