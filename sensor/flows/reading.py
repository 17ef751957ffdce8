"""One connection that is being read: its pieces in order, to the parser that its first bytes name.

Of segments that overlap the first data wins, as in Zeek. Bytes behind a hole wait, a bounded number
of them, until the hole is filled or given up.
"""

from __future__ import annotations

from bisect import bisect_right

from parsers.packets.transport import TCP
from parsers.schema import MADE
from parsers.services.dtls import is_stun
from parsers.services.parser import NOTHING, ORIG, RESP, Expected, Parser, Row
from parsers.services.recognition import LOOKED_AT, Protocol, recognise
from parsers.services.tls import Tls
from parsers.weirds import IN

AHEAD_AT_MOST = 262_144  # bytes of a side that wait behind a hole
PIECES_AT_MOST = 1024  # and pieces of them
NO_PORT = 0  # of what is inside another protocol
UNKNOWN_AT_MOST = 8192  # bytes of a connection whose protocol is not known yet


class Ahead:
    """What of a stream lies behind a hole: pieces that do not overlap, in order."""

    def __init__(self) -> None:
        self.octets = 0
        self._begins: list[int] = []
        self._pieces: list[tuple[bytes, int]] = []  # bytes, time

    @property
    def begin(self) -> int:
        """Where the first piece begins; NOTHING without any."""
        return self._begins[0] if self._begins else NOTHING

    @property
    def is_full(self) -> bool:
        """Whether more waits than is allowed."""
        return self.octets > AHEAD_AT_MOST or len(self._begins) > PIECES_AT_MOST

    def add(self, begin: int, octets: bytes, when: int) -> None:
        """Add a piece, less what is there already."""
        first, end = begin, begin + len(octets)
        place = bisect_right(self._begins, begin)
        if place:
            begin = max(begin, self._end(place - 1))
        while begin < end:
            until = min(end, self._begins[place]) if place < len(self._begins) else end
            if begin < until:
                self._begins.insert(place, begin)
                self._pieces.insert(place, (octets[begin - first : until - first], when))
                self.octets += until - begin
                place += 1
            if until == end:
                return
            begin = self._end(place)
            place += 1

    def take(self) -> tuple[int, bytes, int]:
        """Take out the first piece."""
        octets, when = self._pieces.pop(0)
        self.octets -= len(octets)
        return self._begins.pop(0), octets, when

    def _end(self, place: int) -> int:
        return self._begins[place] + len(self._pieces[place][0])


class Reading:
    """Reads one connection. Sides are places in the flow's key; parsers know roles.

    originator: which side is it; port: the responder's; transport: its IP protocol number;
    midstream: whether the connection was seen from the middle.
    position: of each side, up to where its stream was read. services: what was confirmed, in that
    order. expects: connections that were agreed upon; who takes them, empties it.
    failed: why a parser gave up, "" if none did. is_over: nobody reads on.
    """

    def __init__(
        self, originator: int, port: int, transport: int, *, midstream: bool = False
    ) -> None:
        self.position = [0, 0]
        self.services: list[str] = []
        self.expects: list[Expected] = []
        self.failed = ""
        self.is_over = False
        self._originator, self._port, self._transport = originator, port, transport
        self._midstream = midstream
        self._ahead = (Ahead(), Ahead())
        self._parser: Parser | None = None
        self._unknown: list[tuple[int, bytes | int, int]] = []  # role, bytes or missing, time
        self._torn = [False, False]  # by role: whether something is missing in what is unknown
        self._unknown_octets = 0
        self._heads = (b"", b"")  # by role
        self._base = [0, 0]  # by role: where the parser's stream begins
        self._before: list[str] = []  # services of parsers that passed on
        self._ends = [NOTHING, NOTHING]  # where each side's stream ends, once it is known
        self._made: list[Row] = []
        self._last = 0

    def piece(self, side: int, begin: int, octets: bytes, when: int) -> None:
        """Take in a piece of a side's stream, in the order of arrival; without bytes: its end."""
        self._last = max(self._last, when)
        if self._transport != TCP:
            self.position[side] = begin
            self._read_on(side, begin, octets, when)
            return
        self.pass_to(side, begin)
        if not octets:
            self._ends[side] = begin
        elif begin > self.position[side]:
            self._ahead[side].add(begin, octets, when)
            if self._ahead[side].is_full:
                self._lose_hole(side, self._ahead[side].begin)
        else:
            self._read_on(side, begin, octets, when)
        self._release(side)
        self._close_at_end(side)

    def pass_to(self, side: int, position: int) -> None:
        """Pass over what of a side the parser did not want and nobody copied, up to a position."""
        position = min(position, self.wants(side), self._ahead[side].begin)
        count = position - self.position[side]
        if count > 0 and self._parser is not None and not self.is_over:
            self.position[side] = position
            self._parser.skipped(self._role(side), count, self._last)
            self._look_at_parser()

    def give_up_holes(self, side: int, reached: int) -> None:
        """Pass over holes of a side before a position: what is missing there will not come."""
        while self.position[side] < reached and not self.is_over and self._transport == TCP:
            self._lose_hole(side, min(reached, self._ahead[side].begin))
            self._release(side)
        self._close_at_end(side)

    def end(self) -> None:
        """No more comes."""
        if self._parser is not None and not self.is_over:
            self._parser.end(self._last)
            self._look_at_parser()
        self.is_over = True

    def wants(self, side: int) -> int:
        """The position before which bytes of a side are of no use; NOTHING: none are any more."""
        if self.is_over:
            return NOTHING
        if self._parser is None:
            return 0
        role = self._role(side)
        return min(self._base[role] + self._parser.wants[role], NOTHING)

    def take(self) -> list[Row]:
        """Take out the rows that were made."""
        made, self._made = self._made, []
        return made

    def _role(self, side: int) -> int:
        return ORIG if side == self._originator else RESP

    def _side(self, role: int) -> int:
        return self._originator if role == ORIG else 1 - self._originator

    def _close_at_end(self, side: int) -> None:
        """Tell that a side has sent all that it had to send, once it was read."""
        if self.position[side] >= self._ends[side] and self._parser is not None:
            self._ends[side] = NOTHING
            if not self.is_over:
                self._parser.closed(self._role(side), self._last)
                self._look_at_parser()

    def _lose_hole(self, side: int, until: int) -> None:
        """Give up what is missing up to a position, behind which pieces may wait."""
        self.pass_to(side, until)
        count = until - self.position[side]
        if self.is_over or count <= 0:
            return
        self.position[side] = until
        role = self._role(side)
        if self._parser is None:  # the other side may tell
            self._unknown.append((role, count, self._last))
            self._torn[role] = True
            self.is_over = all(self._torn)
        else:
            self._parser.gap(role, count, self._last)
            self._look_at_parser()

    def _release(self, side: int) -> None:
        """Read on with what waited, as far as its turn has come."""
        while not self.is_over and self._ahead[side].begin <= self.position[side]:
            self._read_on(side, *self._ahead[side].take())

    def _read_on(self, side: int, begin: int, octets: bytes, when: int) -> None:
        fresh = octets[self.position[side] - begin :] if begin < self.position[side] else octets
        if fresh and not self.is_over:
            self.position[side] += len(fresh)
            self._parse(self._role(side), fresh, when)

    def _parse(self, role: int, octets: bytes, when: int) -> None:
        if self._parser is not None:
            self._parser.data(role, octets, when)
            self._look_at_parser()
            return
        self._unknown.append((role, octets, when))
        self._unknown_octets += len(octets)
        before, (orig, resp) = self._heads, self._heads
        if self._torn[role]:
            pass  # what is behind a hole begins nothing
        elif role == ORIG:
            self._heads = self._longer(orig, octets), resp
        else:
            self._heads = orig, self._longer(resp, octets)
        found, may_be = None, True  # the same heads tell no more now
        if self._heads != before:
            found, may_be = recognise(
                *self._heads, self._transport, self._port, midstream=self._midstream
            )
        if found is not None:
            self._begin(found, when)
        elif not may_be or self._unknown_octets > UNKNOWN_AT_MOST:
            self._unknown.clear()
            self.is_over = True

    def _longer(self, head: bytes, octets: bytes) -> bytes:
        """What a side began with: of TCP its first bytes, of UDP its first datagram behind STUN."""
        if self._transport != TCP:
            return octets if is_stun(head) or not head else head
        return head + octets[: max(0, LOOKED_AT - len(head))]

    def _begin(self, protocol: Protocol, now: int) -> None:
        """Read what was kept. As in Zeek it is read now, and not when it came, on foreign ports."""
        self._parser = protocol.read(self._port)
        unknown, self._unknown, self._unknown_octets = self._unknown, [], 0
        expected = self._port in protocol.ports
        for role, octets, came in unknown:
            if self.is_over:
                return
            when = came if expected else now
            if isinstance(octets, int):
                self._parser.gap(role, octets, when)
            else:
                self._parser.data(role, octets, when)
            self._look_at_parser()

    def _look_at_parser(self) -> None:
        """Take over what the parser has made of it."""
        parser = self._parser
        if parser is None:
            return
        if parser.rows:
            self._made += [row for row in parser.rows if row[0] in MADE]
            parser.rows.clear()
        if parser.proxied:
            tunnels = [{"ts": ts, "tunnel_type": f"Tunnel::{kind}"} for ts, kind in parser.proxied]
            self._made += [("tunnel", values) for values in tunnels]
            parser.proxied.clear()
        if parser.expects:
            self.expects += parser.expects
            parser.expects.clear()
        self.services = list(dict.fromkeys([*self._before, *parser.confirmed_names()]))
        if parser.failed:
            self.failed, self.is_over = f"{parser.failed}{IN}{parser.service}", True
        elif parser.tls_begins or parser.passes_on:
            self._parser = Tls(parser.asks) if parser.tls_begins else parser.successor
            self._base = [
                self.position[self._side(role)] - len(parser.rest[role]) for role in (ORIG, RESP)
            ]
            self._heads, self._torn = (b"", b""), [False, False]
            self._port, self._before = NO_PORT, self.services
            for role in (ORIG, RESP):
                if parser.rest[role] and not self.is_over:
                    self._parse(role, parser.rest[role], self._last)
