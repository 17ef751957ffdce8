"""HTTP requests and responses paired into rows of `http`, as Zeek's base/protocols/http/main.zeek.

Requests and responses are numbered, each side on its own, and those of one number share a row. It
is written when its response ends, or with the connection.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from parsers.services.container_api import Conversation, Exchange, begun, unexpected
from parsers.services.container_proof import FIELDS
from parsers.services.http_fields import basic_user, text, unescaped
from parsers.services.http_files import Files
from parsers.services.http_logon import CHALLENGES, CREDENTIALS, Logons, Shown
from parsers.services.http_start import RequestLine, StatusLine
from parsers.services.parser import ORIG

PENDING_MAX = 100  # Zeek's HTTP::max_pending_requests
PROXIED_MAX = 100
"""How many fields that tell of a proxy a row names."""

COLUMNS = {
    b"HOST": "host",
    b"REFERER": "referrer",
    b"ORIGIN": "origin",
    b"USER-AGENT": "user_agent",
}
"""Header fields of a request whose value is a column."""
PROXY_FIELDS = frozenset(
    (
        *(b"FORWARDED", b"X-FORWARDED-FOR", b"X-FORWARDED-FROM", b"CLIENT-IP"),
        *(b"VIA", b"XROXY-CONNECTION", b"PROXY-CONNECTION"),
    )
)

Values = dict[str, Any]


@dataclass
class Row:
    """What a row is to say, and the files that the two sides sent.

    line: the request's; exchange: what it asks of a container API, if it may be one.
    credentials: whether the request had any. shown: what it and its answer say of logons.
    """

    values: Values
    line: RequestLine | None = None
    exchange: Exchange | None = None
    credentials: bool = False
    shown: Shown | None = None
    files: tuple[Files, Files] = field(default_factory=lambda: (Files(), Files()))


class Pairs:
    """The rows of a connection.

    now: the time of what is read.
    """

    def __init__(
        self,
        write: Callable[[Values], None],
        on_exchange: Callable[[Exchange], None],
        logons: Logons,
    ) -> None:
        self.now = 0
        self._write, self._on_exchange, self._logons = write, on_exchange, logons
        self._talk = Conversation()
        self._pending: dict[int, Row] = {}
        self._last: Row | None = None
        # The request and the response that are in progress, and how many rows there were.
        self._request = self._response = self._depth = 0

    def request(self, line: RequestLine) -> None:
        """A request begins."""
        self._request = max(self._request, self._response)
        if len(self._pending) > PENDING_MAX:
            self._let_go()
        self._request += 1
        self._of(ORIG).update(method=text(line.method), uri=text(unescaped(line.uri)))
        row = self._row(ORIG)
        row.line, row.exchange = line, begun(line, self.now, self._talk)

    def response(self, line: StatusLine) -> None:
        """A response begins; after an interim one it is to the same request."""
        pending = self._pending.get(self._response)
        answered = pending is None or "status_code" in pending.values
        if answered and not (pending and is_interim(pending.values)):
            self._response += 1
        reason = "<empty>" if line.reason is None else text(line.reason)
        values = self._of(1 - ORIG)
        values.update(version=line.version, status_code=line.status, status_msg=reason)
        if is_interim(values):
            values.update(info_code=line.status, info_msg=reason)
        exchange = self.exchange(1 - ORIG)
        if exchange:
            exchange.answered(line.status)

    def field(self, side: int, name: bytes, value: bytes) -> None:
        """A header field."""
        row = self._last = self._row(side)
        if row.exchange or (side != ORIG and name in FIELDS):
            self._tell_exchange(row, side, name, value)
        if side != ORIG:
            if name in CHALLENGES:
                self._shown(row).challenge(name, value)
            return
        if name in COLUMNS:
            row.values[COLUMNS[name]] = text(value)
        elif name in PROXY_FIELDS:
            proxied = row.values.setdefault("proxied", {})
            if len(proxied) < PROXIED_MAX:
                proxied[f"{name.decode()} -> {text(value)}"] = True
        elif name in CREDENTIALS:
            self._credentials(row, name, value)

    def ended(self, side: int, body: int) -> None:
        """A message ends that had so long a body."""
        values = self._of(side)
        exchange = self.exchange(side)
        if exchange:
            exchange.ended(side, body)
        if side == ORIG:
            values["request_body_len"] = body
            return
        values["response_body_len"] = body
        if not is_interim(values):
            self._log(self._pending.pop(self._response))

    def flush(self) -> None:
        """No more comes: write what waits."""
        for number, row in self._pending.items():
            if number:
                self._log(row)
        self._pending.clear()
        self._logons.end()

    def files(self, side: int) -> Files:
        """Where a file belongs that a side begins to send: the row that was worked on last."""
        row = self._last or self._row(side)
        return row.files[side]

    def exchange(self, side: int) -> Exchange | None:
        """What the message of a side that is in progress belongs to, of a container API."""
        row = self._pending.get(self._request if side == ORIG else self._response)
        return row.exchange if row else None

    @staticmethod
    def _shown(row: Row) -> Shown:
        row.shown = row.shown or Shown()
        return row.shown

    def _credentials(self, row: Row, name: bytes, value: bytes) -> None:
        """A field of CREDENTIALS."""
        row.credentials |= name == b"AUTHORIZATION"
        self._shown(row).credential(name, value)
        user = basic_user(value)
        if user is not None:
            row.values["username"] = text(user)

    def _tell_exchange(self, row: Row, side: int, name: bytes, value: bytes) -> None:
        if row.exchange is None and row.line:
            row.exchange = unexpected(row.line, row.values, name, value, self._talk)
            if row.exchange:
                row.exchange.credentials = row.credentials
        if row.exchange:
            row.exchange.field(side, name, value)

    def cut(self, side: int) -> None:
        """Something of the body that a side sends is missing, or its end."""
        exchange = self.exchange(side)
        if exchange:
            exchange.cut(side)

    def _log(self, row: Row) -> None:
        values = row.values
        for side, files in zip(("orig", "resp"), row.files, strict=True):
            if files.names:
                values[f"{side}_filenames"] = list(files.names)
            if files.types:
                values[f"{side}_mime_types"] = list(files.types)
        if "proxied" in values:
            values["proxied"] = list(values["proxied"])
        self._write(values)
        if row.shown:
            self._logons.answered(row.shown, row.line, values)
        if row.exchange:
            self._on_exchange(row.exchange)

    def _of(self, side: int) -> Values:
        """What the row says that a side's message belongs to."""
        self._last = self._row(side)
        return self._last.values

    def _row(self, side: int) -> Row:
        number = self._request if side == ORIG else self._response
        if number not in self._pending:
            self._depth += 1
            values = {
                "ts": self.now,
                "trans_depth": self._depth,
                "request_body_len": 0,
                "response_body_len": 0,
                "tags": [],
            }
            self._pending[number] = Row(values)
        return self._pending[number]

    def _let_go(self) -> None:
        """Write the rows of the requests that wait for too many responses."""
        self._response = max(self._response, 1)
        for number in range(self._response, self._request):
            if number in self._pending:
                self._log(self._pending.pop(number))
        self._response = max(self._response, self._request)


def is_interim(values: Values) -> bool:
    """Whether the last response of a row was one before the response (1xx)."""
    status: int = values.get("status_code", 0)
    return 100 <= status <= 199
