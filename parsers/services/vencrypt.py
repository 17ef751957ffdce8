"""VeNCrypt, RFB's way into TLS: which of its ways was chosen, then the logon inside TLS.

The RFB Protocol (community version), section "VeNCrypt": versions, subtypes, choice, and from then
on TLS, in which the logon is the one of VNC or a name and a password. Inside TLS a client that is
let in goes on with ClientInit, and one that is not has nothing more to say. Rows are those of
`logon`; the TLS itself makes none, as Zeek reads none.
"""

from __future__ import annotations

from typing import ClassVar

from parsers.services.logons import FAILED, LOST, NO_END, SUCCESS, UNKNOWN, Told, logon
from parsers.services.parser import NOTHING, ORIG, RESP, Parser, Row
from parsers.services.tls import Tls
from parsers.services.tls_records import Asks, Record, Seen, turns
from parsers.services.vnc_logon import NO_PASSWORD

VERSION = b"\0\2"
CLIENT_SIZE = 6
"""Version and subtype."""

COUNT_AT = 3
"""Behind version and acceptance: how many subtypes there are; behind them, that TLS begins."""

NAMES = {
    256: "Plain",
    257: "TLSNone",
    258: "TLSVnc",
    259: "TLSPlain",
    260: "X509None",
    261: "X509Vnc",
    262: "X509Plain",
    263: "TLSSASL",
    264: "X509SASL",
}
METHODS = dict.fromkeys((257, 260), "none") | dict.fromkeys((258, 259, 261, 262), "password")
PLAIN = (259, 262)
"""Names and passwords go in as many records as the client likes, between a server's tickets."""

MOST_HELD = 8192
"""Bytes of a side that wait for the choice of the other one."""

LONGEST_RESULT = 19
"""Four bytes, and what a block cipher may add to them."""

ACCEPTED, REFUSED = Told(SUCCESS, 0.9), Told(FAILED, 0.9)
NOT_READ = "{} is not read"
MOST_RECORDS = 40


class Vencrypt(Parser):
    """Reads the choice of both sides, then records of TLS."""

    service: ClassVar[str] = "rfb"

    def __init__(self) -> None:
        super().__init__()
        self._held = [bytearray(), bytearray()]
        self._begins = [CLIENT_SIZE, NOTHING]  # of each side, where TLS begins
        self._tls = Tls(Asks(self._tell, MOST_RECORDS))
        self._ts = 0
        self._subtype = 0
        self._offered: list[str] = []

    def data(self, side: int, octets: bytes, ts: int) -> None:
        """Read what comes next in the stream of a side, from a packet of that time."""
        if self.failed or self.wants[side] == NOTHING:
            return
        self._ts = self._ts or ts
        if not self._subtype or self._begins[RESP] == NOTHING:
            self._held[side] += octets
            self._choice()
            if not self._subtype or self._begins[RESP] == NOTHING or self.wants[side] == NOTHING:
                return
            for each in (ORIG, RESP):
                self._tls.data(each, bytes(self._held[each][self._begins[each] :]), ts)
                del self._held[each][self._begins[each] :]
        else:
            self._cut(side, octets, ts)
        self._take()

    def skipped(self, side: int, count: int, ts: int) -> None:
        """Take note of bodies that were passed over."""
        self._tls.skipped(side, count, ts)

    def gap(self, side: int, count: int, ts: int) -> None:
        """Tell what is known: behind a hole nothing is read."""
        if self.wants[side] != NOTHING:
            self._tls.gap(side, count, ts)
            self._take()
            self._give_up("content_gap")

    def closed(self, side: int, ts: int) -> None:
        """A side has sent all that it had to send."""
        self._tls.closed(side, ts)

    def end(self, ts: int) -> None:
        """No more comes."""
        self._tls.end(ts)
        self._take()

    def _cut(self, side: int, octets: bytes, ts: int) -> None:
        """Read on in TLS; of the side's choice some bytes may still come."""
        held = self._held[side]
        missing = self._begins[side] - len(held)
        held += octets[: max(missing, 0)]
        self._tls.data(side, octets[max(missing, 0) :], ts)

    def _choice(self) -> None:
        client, server = self._held
        if not all(VERSION.startswith(bytes(held[: len(VERSION)])) for held in self._held):
            self._give_up("not_vencrypt")
            return
        if max(len(client), len(server)) > MOST_HELD:
            self._give_up("spoke_too_early")
            return
        if len(server) > COUNT_AT:
            self._begins[RESP] = COUNT_AT + 1 + 4 * server[COUNT_AT] + 1
            ends = min(len(server), self._begins[RESP] - 1)
            numbers = [
                int.from_bytes(server[at : at + 4]) for at in range(COUNT_AT + 1, ends - 3, 4)
            ]
            self._offered = sorted(NAMES[each] for each in numbers if each in NAMES)
        if len(client) >= CLIENT_SIZE:
            self._subtype = int.from_bytes(client[len(VERSION) : CLIENT_SIZE])
            if self._subtype not in NAMES:
                self._give_up("unknown_vencrypt_subtype")
            elif self._subtype not in METHODS:
                self.rows.append(
                    self._row(Told(UNKNOWN, 0, NOT_READ.format(NAMES[self._subtype])), 0)
                )
                self.wants = [NOTHING, NOTHING]

    def _take(self) -> None:
        self.rows += [row for row in self._tls.rows if row[0] == "logon"]
        self._tls.rows.clear()
        if self._tls.failed:
            self._give_up(self._tls.failed)
            return
        for side in (ORIG, RESP):
            if len(self._held[side]) >= self._begins[side] or self._tls.wants[side] == NOTHING:
                self.wants[side] = min(self._begins[side] + self._tls.wants[side], NOTHING)

    def _give_up(self, reason: str) -> None:
        self.failed = self.failed or reason
        self.wants = [NOTHING, NOTHING]

    # What the records inside tell.

    def _row(self, told: Told, attempts: int = 1) -> Row:
        return logon(
            "vnc",
            self._ts,
            told,
            attempts=attempts,
            method=METHODS.get(self._subtype),
            offered=self._offered or None,
        )

    def _tell(self, seen: Seen) -> list[Row]:
        spoken = turns(seen.conversation())
        tickets = seen.is_13 and self._subtype in PLAIN
        clients = sum(1 for turn in spoken if turn[0].side == ORIG)
        if METHODS[self._subtype] == "none":
            return [self._row(ACCEPTED) if clients else self._row(Told(UNKNOWN, 0, NO_END), 0)]
        if not clients:
            return [self._row(Told(UNKNOWN, 0, NO_PASSWORD), 0)]
        if clients > (2 if self._subtype in PLAIN else 1):
            return [self._row(ACCEPTED)]
        if not tickets and clients == 1 and _refuses(seen, spoken):
            return [self._row(REFUSED)]
        return [self._row(Told(UNKNOWN, 0, NO_END if seen.whole else LOST))]


def _refuses(seen: Seen, spoken: list[list[Record]]) -> bool:
    """Whether the server answered with more than a result: only a refusal has a reason."""
    overhead = seen.overhead()
    if len(spoken) < 2 or overhead is None:
        return False
    return sum(record.length for record in spoken[1]) - overhead > LONGEST_RESULT
