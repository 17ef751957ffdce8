"""HTTP/1 on both sides of a connection: rows of `http`.

What a message begins with is read in `http_start`, what follows in `http_message`; `http_pairs`
makes rows of requests and responses. RFC 9110 and 9112, and what Zeek makes of traffic that does
not keep to them: base/protocols/http/main.zeek and dpd.sig, analyzer/protocol/http/HTTP.cc.

Behind a CONNECT that was granted comes another protocol; what follows an upgrade is not read,
unless it answers a request to a container API: those make rows of `container_api` beside.
Credentials and challenges make rows of `logon` beside (`http_logon`).
"""

from __future__ import annotations

import re
from collections import deque

from parsers.services.container_api import Kept
from parsers.services.http_beyond import Beyond
from parsers.services.http_entity import Body, Exchange
from parsers.services.http_fields import first_token
from parsers.services.http_lines import FOREVER, LINE_MAX, Lines
from parsers.services.http_logon import Logons
from parsers.services.http_message import Message
from parsers.services.http_pairs import Pairs, Values
from parsers.services.http_start import (
    REQUEST_MAX,
    RequestLine,
    StatusLine,
    begins_request,
    begins_response,
    first_request,
    request_line,
    status_line,
)
from parsers.services.parser import NOTHING, ORIG, RESP, Parser

LINE_ENDS = re.compile(rb"[\r\n]*")
NOT_A_START = ("not_a_request_line", "not_a_status_line")
UNANSWERED_MAX = 1024
"""How many requests may wait for a response before it is forgotten whether the first was HEAD."""
VIOLATIONS_UNTIL = 10 * 1024  # Zeek's ignore_violations_after: behind it the other side is read on


def begins(orig: bytes, resp: bytes) -> bool | None:
    """Whether first bytes of the two sides (either may be empty) are this protocol.

    None while too few bytes are there to tell. One side is enough, as for Zeek.
    """
    told = (begins_request(orig), begins_response(resp))
    return True if True in told else None if None in told else False


def skipped_line_ends(octets: bytes, start: int) -> int:
    """Where something other than a line's end begins."""
    found = LINE_ENDS.match(octets, start)
    return found.end() if found else start


class Half:
    """What one side sends.

    position: how much of its stream was read. reads: whether more of it is.
    raw: whether all that comes is an HTTP/0.9 response.
    """

    def __init__(self, side: int) -> None:
        self.side = side
        self.lines = Lines()
        self.message: Message | None = None
        self.position = 0
        self.reads = True
        self.raw = False

    @property
    def current(self) -> Message | None:
        """The message that has begun and not ended."""
        return self.message if self.message and not self.message.done else None

    @property
    def wants(self) -> int:
        """Before which position nothing more needs to be seen."""
        passes = self.current.passes if self.current else 0
        return NOTHING if not self.reads or passes >= FOREVER >> 1 else self.position + passes


class Http(Parser):
    """Reads one connection that speaks HTTP/1; port: the responder's, where that is known."""

    service = "http"

    def __init__(self, port: int = 0) -> None:
        super().__init__()
        self._halves = (Half(ORIG), Half(RESP))
        self._exchange = Exchange()
        self._beyond = Beyond(lambda values: self.rows.append(("container_api", values)))
        logons = Logons(port, lambda values: self.rows.append(("logon", values)))
        self._pairs = Pairs(self._write, self._beyond.exchanged, logons)
        # Whether each request that waits for its response was HEAD.
        self._unanswered: deque[bool] = deque(maxlen=UNANSWERED_MAX)
        self._requests = 0
        self._keep_alive = False
        # Whether the request was CONNECT and, of the response in progress, whether it says that a
        # tunnel follows, and to what it upgrades.
        self._connects = self._tunnels = self._upgrades = False
        self._upgrade = b""
        self._is_websocket = False
        # Whether what the client sends is no request: a server may still answer in HTTP, once.
        self._alone = False

    def confirmed_names(self) -> list[str]:
        """Return what `conn.service` names."""
        return [*super().confirmed_names(), *(["websocket"] if self._is_websocket else [])]

    def data(self, side: int, octets: bytes, ts: int) -> None:
        """Read what comes next in the stream of a side, from a packet of that time."""
        self._pairs.now = ts
        half = self._halves[side]
        half.position += len(octets)
        self._data(half, octets)
        self._want()

    def skipped(self, side: int, count: int, ts: int) -> None:
        """Count bytes of a body that were passed over as if they had been read."""
        self._pairs.now = ts
        half = self._halves[side]
        half.position += count
        if half.reads and half.current:
            half.current.skip(count)
        elif not half.reads:
            self._beyond.skipped(side, count)
        self._want()

    def gap(self, side: int, count: int, ts: int) -> None:
        """Count what is missing within a body; elsewhere it ends the side."""
        self._pairs.now = ts
        half = self._halves[side]
        half.position += count
        self._pairs.cut(side)
        if half.reads and not (half.current and half.current.gap(count)):
            self._stop(half)
            # Whether a response has a body may depend on the request that is not known.
            if side == ORIG and self._halves[RESP].current:
                self._stop(self._halves[RESP])
        self._want()

    def closed(self, side: int, ts: int) -> None:
        """A side has sent all that it will, and all of it was read."""
        self._pairs.now = ts
        half = self._halves[side]
        if half.reads and half.lines.length:
            self._last_line(half)
        self._stop(half)

    def end(self, ts: int) -> None:
        """End both messages as the connection does, and write the rows that wait."""
        self._pairs.now = ts
        self._leave()
        self._beyond.end()

    def _data(self, half: Half, octets: bytes) -> None:
        """Read what comes of a side, as far as it is HTTP."""
        start = 0
        while start < len(octets) and half.reads and not self.failed:
            if half.side == ORIG and self._beyond.waits:
                self._beyond.wait(octets[half.lines.swallow(octets, start) :])
                return
            start = self._read(half, octets, start)
        if self.passes_on:
            self.rest[half.side] = octets[start:]
        elif start < len(octets) and not half.reads:
            self._beyond.read(half.side, octets[half.lines.swallow(octets, start) :])

    def _read(self, half: Half, octets: bytes, start: int) -> int:
        """Read a line or a stretch of a body; tell where the next begins."""
        if half.raw and not half.current:
            self._response(half, StatusLine("0.9", 0, None))
        message = half.current
        if not message:
            return self._read_start(half, octets, start)
        start = message.feed(octets, start)
        if message.too_long:
            self._fail("header_too_long")
        if self._tunnels and half.side == RESP and not message.top.in_header:
            self._leave()
            self.passes_on = True
        return start

    def _read_start(self, half: Half, octets: bytes, start: int) -> int:
        # Empty lines between messages do not count; nor does an LF that belongs to the last line.
        if not half.lines.length:
            half.lines.awaits_lf = False
            start = skipped_line_ends(octets, start)
        if start == len(octets):
            return start
        cut = half.lines.cut(octets, start, len(octets))
        if half.lines.length > LINE_MAX or (cut and cut[1] > LINE_MAX):
            self._fail("line_too_long")
        if not cut:
            self._first_bytes(half)
            return len(octets)
        line, _, following = cut
        self._start_line(half, line)
        return following

    def _first_bytes(self, half: Half) -> None:
        """See whether a side's first line, of which the end did not come, can become one."""
        begins_so = begins_response if half.side == RESP else begins_request
        if not half.message and begins_so(bytes(half.lines.held[:REQUEST_MAX])) is False:
            self._violation(half, NOT_A_START[half.side])

    def _start_line(self, half: Half, line: bytes) -> None:
        if half.side == RESP:
            response = status_line(line)
            if response:
                self._response(half, response)
            elif line:
                self._violation(half, NOT_A_START[RESP])
            return
        request = request_line(line) if self._requests else first_request(line)
        if request:
            self._request(half, request)
        elif line and (self._keep_alive or not self._requests):
            self._violation(half, NOT_A_START[ORIG])

    def _request(self, half: Half, line: RequestLine) -> None:
        self.confirmed = True
        self._requests += 1
        self._exchange.request_version = line.version or self._exchange.request_version
        self._keep_alive |= self._exchange.request_version >= "1.1"
        self._exchange.requesting = True
        method = line.method.upper()
        self._connects |= b"CONNECT".startswith(method)
        self._unanswered.append(b"HEAD".startswith(method))
        self._pairs.request(line)
        self._begin(half, Body.MAYBE)
        if self._exchange.request_version == "0.9":
            self._await_raw(self._halves[RESP])

    def _await_raw(self, half: Half) -> None:
        """After a request of HTTP/0.9, all that the server sends is the response."""
        if half.current:
            half.current.end()
        half.raw, half.lines = True, Lines()

    def _response(self, half: Half, line: StatusLine) -> None:
        self.confirmed |= bool(self._unanswered)
        self._exchange.reply_version, self._exchange.status = line.version, line.status
        self._keep_alive |= line.version >= "1.1"
        self._exchange.closes |= half.raw
        self._connects &= half.raw or line.status == 200
        self._tunnels = self._connects and not half.raw
        if self._connects and line.status == 200:
            self.proxied.append((self._pairs.now, "HTTP"))
        self._pairs.response(line)
        self._begin(half, self._expected(line.status))
        if half.raw and half.current:
            half.current.top.line(b"", 0)

    def _expected(self, status: int) -> Body:
        """Whether a response has a body: RFC 9112, 6.3."""
        is_head = bool(self._unanswered) and self._unanswered[0]
        none = is_head or 100 <= status <= 199 or status in (204, 304)
        return Body.NONE if none else Body.EXPECTED

    def _begin(self, half: Half, body: Body) -> None:
        side = half.side
        half.message = Message(
            half.lines,
            self._exchange,
            body,
            lambda name, value: self._field(side, name, value),
            lambda length: self._ended(side, length),
            lambda: self._pairs.files(side),
        )
        half.message.on_body = lambda: self._body_begins(side)

    def _body_begins(self, side: int) -> Kept | None:
        """A header has ended: what takes the body, and whether the client's side leaves HTTP."""
        exchange = self._pairs.exchange(side)
        if side == RESP:
            waited = self._beyond.answered(exchange)
            if exchange and exchange.is_hijacked:
                self._stop(self._halves[ORIG])
            if waited:
                self._data(self._halves[ORIG], waited)
        return exchange.body(side) if exchange else None

    def _field(self, side: int, name: bytes, value: bytes) -> None:
        self._pairs.field(side, name, value)
        if name == b"CONNECTION":
            option = first_token(value)
            self._keep_alive |= side == ORIG and option == b"keep-alive"
            self._exchange.closes |= side == RESP and option == b"close"
            self._upgrades |= side == RESP and option == b"upgrade"
        elif name == b"UPGRADE" and side == RESP:
            self._upgrade = first_token(value)

    def _ended(self, side: int, length: int) -> None:
        self._pairs.ended(side, length)
        if side == ORIG:
            self._exchange.requesting = False
            self._beyond.asked(self._pairs.exchange(ORIG))
            return
        status, self._exchange.status = self._exchange.status, 0
        if self._alone and not 100 <= status <= 199:
            self._fail(NOT_A_START[ORIG])
        if not 100 <= status <= 199 and self._unanswered:
            self._unanswered.popleft()
        upgraded = status == 101 and len(self._unanswered) == 1 and self._upgrades
        if upgraded and self._upgrade:
            self._leave()
            self._is_websocket = self._upgrade.lower() == b"websocket"
        self._upgrades, self._upgrade = False, b""

    def _last_line(self, half: Half) -> None:
        """Take what has no line end for a line: the side has ended."""
        if half.current:
            half.current.last_line()
        else:
            self._start_line(half, half.lines.rest()[0])

    def _stop(self, half: Half) -> None:
        """End a side's message; nothing more of it is read."""
        half.reads = False
        if half.current:
            self._pairs.cut(half.side)
            half.current.end()

    def _leave(self) -> None:
        """The connection speaks something else from here on: end what there is."""
        for half in self._halves:
            self._stop(half)
        self._pairs.flush()

    def _violation(self, half: Half, reason: str) -> None:
        """A line is none of HTTP: the end, or in a long connection that of the side.

        It is not the end either if the client's first line is not HTTP. If then the server answers
        in HTTP, Zeek begins anew and sees the response before it gives up again.
        """
        self._alone = half.side == ORIG and not self._requests and not self._halves[RESP].message
        if self._alone:
            half.reads = False
        elif sum(each.position for each in self._halves) > VIOLATIONS_UNTIL:
            self._stop(half)
        else:
            self._fail(reason)

    def _fail(self, reason: str) -> None:
        self._leave()
        self._beyond.end()
        self.confirmed = False
        self.failed = reason

    def _want(self) -> None:
        self.wants = [max(*pair) for pair in zip(self.wants, self._wanted(), strict=True)]

    def _wanted(self) -> list[int]:
        if not self._beyond.is_open:
            return [half.wants for half in self._halves]
        return [
            half.position if not half.reads and self._beyond.listens(half.side) else half.wants
            for half in self._halves
        ]

    def _write(self, values: Values) -> None:
        self.rows.append(("http", values))
