"""Who sent how much in turn, of SSH's encrypted bytes, while a client logs on.

Authentication asks and answers in turn (RFC 4252): what comes between two sendings of the client is
one answer, however it was cut into segments. Where the lengths of packets are in clear, a turn is
made of packets; else of what came without a pause, for a server that has let a client in says more
a moment later, before the client has answered.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from itertools import zip_longest

from parsers.services.parser import ORIG, RESP
from parsers.services.ssh_sizes import Packets, Sizes

MOST_TURNS = 2 * 42
"""Turns that are looked at: 40 questions with their answers, and what comes before and after."""

MOST_PARTS = 64
"""Parts of a turn that are kept; a logon has no turn of so many packets."""

MOST_BYTES = 1 << 16
"""Bytes of a side while a client logs on: the keys and answers of 40 questions are fewer."""

PAUSE = 3_000_000
"""Nanoseconds without a byte that part what a side sends; a segment cut in two has none."""

SUCCESS, SERVICE = 1, 17
"""Bytes of payload of a USERAUTH_SUCCESS; of a SERVICE_REQUEST and of a SERVICE_ACCEPT."""

MOST_SHIFT = 32
"""How much more than it has to a server may pad all it sends."""


class Stop(Enum):
    """Why nothing more is looked at."""

    LOGGED_IN = ""
    MANY = "more exchanges than are looked at"
    NOT_ACCEPTED = "no answer as long as a SERVICE_ACCEPT"
    UNREADABLE = "lengths of packets that cannot be"
    ENDLESS = "more bytes than a logon has"


@dataclass(slots=True)
class Turn:
    """What a side sent until the other one did.

    begin, end: the times of its first and last bytes; parts: packets, or bytes without a pause;
    total: all bytes.
    """

    side: int
    begin: int
    end: int
    total: int = 0
    parts: list[int] = field(default_factory=list)


class Turns:
    """Takes in the encrypted bytes of both sides.

    sizes: of the packets to the server, and to the client. turns: so far. stop: why it looks no
    further, None while it does.
    """

    def __init__(self, sizes: tuple[Sizes, Sizes]) -> None:
        self.sizes = sizes
        self.turns: list[Turn] = []
        self.stop: Stop | None = None
        self._packets = [Packets(each) if each.readable else None for each in sizes]
        self._octets = [0, 0]
        self._success = 0  # the size of a USERAUTH_SUCCESS, once the service was accepted

    def add(self, side: int, octets: bytes, ts: int) -> None:
        """Take in bytes of a side."""
        if not octets or self.stop is not None:
            return
        if not self.turns or self.turns[-1].side != side:
            self._begin(side, ts)
        if self.stop is None:
            self._take(side, octets, ts)

    def shift(self) -> int | None:
        """How much the server pads beyond the least; None if its first answer is no acceptance."""
        exchanges = self.exchanges()
        answer = exchanges[0][1] if exchanges else None
        if answer is None:
            return None
        to_client = self.sizes[RESP]
        accept = to_client.wire(SERVICE)
        more = answer.total - accept
        if accept in answer.parts:
            return 0
        if len(answer.parts) == 1 and 0 <= more <= MOST_SHIFT and not more % to_client.block:
            return more
        return 0 if not to_client.readable and more >= to_client.wire(SUCCESS) else None

    def exchanges(self) -> list[tuple[Turn, Turn | None]]:
        """The client's turns and the server's answers; what a server says before is no answer."""
        said = self.turns[1:] if self.turns and self.turns[0].side == RESP else self.turns
        return list(zip_longest(said[::2], said[1::2]))

    def _begin(self, side: int, ts: int) -> None:
        if self.turns and self._lets_in(self.turns[-1]):
            self.stop = Stop.LOGGED_IN
        elif side == ORIG and not self._success and self.exchanges() and self._not_accepted():
            self.stop = Stop.NOT_ACCEPTED
        elif len(self.turns) >= MOST_TURNS:
            self.stop = Stop.MANY
        else:
            self.turns.append(Turn(side, ts, ts))

    def _take(self, side: int, octets: bytes, ts: int) -> None:
        turn, packets = self.turns[-1], self._packets[side]
        paused = ts - turn.end > PAUSE or not turn.parts
        turn.total += len(octets)
        turn.end = max(ts, turn.end)
        self._octets[side] += len(octets)
        if packets is not None:
            turn.parts += packets.end(octets)[: MOST_PARTS - len(turn.parts)]
        elif not paused or len(turn.parts) >= MOST_PARTS:
            turn.parts[-1] += len(octets)
        else:
            turn.parts.append(len(octets))
        if packets is not None and packets.broken:
            self.stop = Stop.UNREADABLE
        elif packets is not None and self._lets_in(turn):
            self.stop = Stop.LOGGED_IN
        elif self._octets[side] > MOST_BYTES:
            self.stop = Stop.ENDLESS

    def _lets_in(self, turn: Turn) -> bool:
        """Whether a server's turn is, or begins with, a USERAUTH_SUCCESS."""
        if turn.side == ORIG or not self._success:
            return False
        return self._success in (turn.parts if self.sizes[RESP].readable else turn.parts[:1])

    def _not_accepted(self) -> bool:
        """Learn from the server's first answer how long its others are."""
        shift = self.shift()
        if shift is not None:
            self._success = self.sizes[RESP].wire(SUCCESS) + shift
        return shift is None
