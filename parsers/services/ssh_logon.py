"""How a client logged on to SSH: rows of `logon`, of what is encrypted.

Nothing but sizes and times is read: bytes become turns (`ssh_turns`), turns questions and answers
(`ssh_pairs`), and these attempts (`ssh_attempts`). Attempts that are alike, one after the other,
are one row. Where sizes tell nothing there is a row that says why.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from parsers.services.ssh_attempts import Reader, Reading
from parsers.services.ssh_pairs import pairs_of
from parsers.services.ssh_sizes import sizes
from parsers.services.ssh_turns import Stop, Turns

KNOWN_BY = "sizes and timing"

CONFIDENCE = ((0.5, 0.95), (1.5, 0.85), (3.0, 0.7))
"""How sure an attempt is, by the most that something cost up to it."""

UNSURE = 0.5

COMPRESSED_AT_ONCE = "zlib"
"""Compression that begins before the client has logged on."""

COMPRESSED = "compression hides sizes"
UNKNOWN_CIPHER = "cipher or MAC not known"
LOST = "bytes are missing in the capture"
NO_ANSWER = "no question was answered"
ODD_SIZES = "sizes fit no known messages"


class Logon:
    """Follows one connection, from what it negotiated on.

    over: whether nothing more is of use.
    """

    def __init__(self) -> None:
        self.over = False
        self._turns: Turns | None = None
        self._reason = ""
        self._begin: int | None = None
        self._heard = [False, False]

    def negotiated(
        self, cipher_to_server: str, cipher_to_client: str, mac_to_server: str,
        mac_to_client: str, compression_to_server: str, compression_to_client: str,
    ) -> None:  # fmt: skip
        """Take note of what will be used."""
        to_server = sizes(cipher_to_server, mac_to_server)
        to_client = sizes(cipher_to_client, mac_to_client)
        if COMPRESSED_AT_ONCE in (compression_to_server, compression_to_client):
            self._reason = COMPRESSED
        elif to_server is None or to_client is None:
            self._reason = UNKNOWN_CIPHER
        else:
            self._turns = Turns((to_server, to_client))

    def add(self, side: int, octets: bytes, ts: int) -> None:
        """Take in encrypted bytes of a side."""
        self._begin = ts if self._begin is None else self._begin
        self._heard[side] = True
        if self._turns is not None:
            self._turns.add(side, octets, ts)
            self.over = self._turns.stop is not None
        else:
            self.over = all(self._heard)

    def lose(self) -> None:
        """Take note that bytes are missing: what comes next cannot be told."""
        self._reason = self._reason or LOST
        self.over = True

    def rows(self, client: str, server: str) -> list[dict[str, Any]]:
        """Rows of the table `logon`; `client`, `server`: how they identified themselves."""
        if not all(self._heard):
            return []
        told = list(self._told(client, server))
        always = {"service": "ssh", "known_by": KNOWN_BY, "software": client}
        return [{"ts": self._begin, **always, **each} for each in told]

    def _told(self, client: str, server: str) -> Iterator[dict[str, Any]]:
        turns = self._turns
        if turns is None or self._reason:
            yield _unknown(self._reason)
            return
        shift = turns.shift()
        if turns.stop in (Stop.NOT_ACCEPTED, Stop.UNREADABLE, Stop.ENDLESS):
            yield _unknown(turns.stop.value)
        elif shift is None:
            yield _unknown(NO_ANSWER)
        else:
            yield from _attempts(turns, Reader(*turns.sizes, shift, client), server)


def _attempts(turns: Turns, reader: Reader, server: str) -> Iterator[dict[str, Any]]:
    pairs = pairs_of(turns)
    if not any(pair.answered for pair in pairs):
        yield _unknown(NO_ANSWER)
        return
    reading, state = reader.read(pairs)
    offered = {"offered": reader.offers(state.offer, server)}
    for run in _runs(reading):
        yield run | offered
    if turns.stop is Stop.MANY and not state.over:
        yield _unknown(Stop.MANY.value) | offered
    elif reading.odd and not state.over:
        yield _unknown(ODD_SIZES) | offered
    elif not reading.attempts:
        yield _unknown(None) | offered


def _unknown(reason: str | None) -> dict[str, Any]:
    return {"outcome": "unknown", "attempts": 0, "confidence": 0.0, "detail": reason}


def _runs(reading: Reading) -> Iterator[dict[str, Any]]:
    """Attempts that are alike, one after the other, as one."""
    alike = groupby(reading.attempts, lambda each: (each.outcome, each.method, each.detail))
    for (outcome, method, detail), group in alike:
        attempts = list(group)
        doubt = attempts[-1].doubt
        sure = next((sure for most, sure in CONFIDENCE if doubt <= most), UNSURE)
        yield {
            "ts": attempts[0].ts,
            "outcome": outcome,
            "method": method,
            "attempts": len(attempts),
            "confidence": sure,
            "detail": detail,
        }
