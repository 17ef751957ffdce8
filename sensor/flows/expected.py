"""Connections that were agreed upon in others: the data connections of FTP, by their addresses.

As Zeek's Analyzer::schedule_analyzer, for which base/protocols/ftp/main.zeek asks: what is opened
within five minutes, from that host to that address and port, has the name. A connection is looked
up when it ends, since only then everything that was said before it has been read.
"""

from __future__ import annotations

from bisect import bisect_right

import numpy as np
from numpy.typing import NDArray

from parsers.packets.transport import TCP
from parsers.services.parser import ORIG, Expected
from sensor.flows.row import (
    FLAGS,
    KEY_A_HIGH,
    KEY_A_LOW,
    KEY_B_HIGH,
    KEY_B_LOW,
    KEY_REST,
    ORIGINATOR,
    START,
)  # fmt: skip

Row = NDArray[np.int64]
Address = tuple[int, int]  # high and low word, as in a row

WAITS = 300 * 1_000_000_000  # for how long a connection is expected
EXPECTED_AT_MOST = 16_384  # addresses; beyond, the first ones are forgotten
TIMES_AT_MOST = 16  # of an address; beyond, the first ones are forgotten
MAPPED = bytes(10) + b"\xff\xff"  # IPv4 within IPv6


class Expectations:
    """What is expected: who opens a connection to which address and port, and since when."""

    def __init__(self) -> None:
        self._times: dict[tuple[Address, Address, int], list[tuple[int, str]]] = {}

    def __bool__(self) -> bool:
        """Whether anything was ever expected."""
        return bool(self._times)

    def add(self, flow: Row, expected: Expected) -> None:
        """Expect a connection that was agreed upon in this flow."""
        orig, resp = ends(flow)
        opener, other = (orig, resp) if expected.opener == ORIG else (resp, orig)
        host = address(expected.host) if expected.host else other
        key = (opener, host, expected.port)
        times = self._times.pop(key, [])
        times.append((expected.ts, expected.service))
        self._times[key] = times[-TIMES_AT_MOST:]
        if len(self._times) > EXPECTED_AT_MOST:
            del self._times[next(iter(self._times))]

    def name(self, flow: Row) -> str | None:
        """The service that was expected of a flow."""
        if flow[KEY_REST] >> 33 != TCP:
            return None
        orig, resp = ends(flow)
        port = (flow[KEY_REST] >> 16 if flow[FLAGS] & ORIGINATOR else flow[KEY_REST]) & 0xFFFF
        times = self._times.get((orig, resp, int(port)), [])
        before = bisect_right(times, int(flow[START]), key=lambda time: time[0])
        if not before or flow[START] - times[before - 1][0] > WAITS:
            return None
        return times[before - 1][1]


def ends(flow: Row) -> tuple[Address, Address]:
    """The addresses of originator and responder."""
    a = int(flow[KEY_A_HIGH]), int(flow[KEY_A_LOW])
    b = int(flow[KEY_B_HIGH]), int(flow[KEY_B_LOW])
    return (b, a) if flow[FLAGS] & ORIGINATOR else (a, b)


def address(octets: bytes) -> Address:
    """The words of an address of 4 or 16 bytes."""
    octets = MAPPED + octets if len(octets) == 4 else octets
    return int.from_bytes(octets[:8], signed=True), int.from_bytes(octets[8:], signed=True)
