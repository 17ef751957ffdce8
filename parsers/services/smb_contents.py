"""What SMB carries for others: security tokens, and DCE/RPC in named pipes."""

from __future__ import annotations

from parsers.services.dce_rpc import Pdus
from parsers.services.gssapi import Gssapi, Services

SHORTEST_TOKEN = 8
"""A shorter one Zeek does not look at."""

MOST_PIPES = 64
"""So many pipes are read at once; of more, the one that was opened first is given up."""

MOST_KEPT = 1000
"""So many trees and requests are remembered: Zeek's `SMB::max_pending_messages`."""


class Misread(ValueError):
    """The bytes are no SMB message that can be read."""


class Contents:
    """The security contexts and the pipes of one connection."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._context = Gssapi(services)
        self._pipes: dict[int, Pdus] = {}

    def token(self, octets: bytes, ts: int) -> None:
        """Read a security token."""
        if len(octets) >= SHORTEST_TOKEN:
            self._context.blob(octets, ts)

    def pipe(self, file: int, side: int, octets: bytes, ts: int) -> None:
        """Read what a side put into a pipe."""
        if file not in self._pipes:
            if len(self._pipes) >= MOST_PIPES:
                del self._pipes[next(iter(self._pipes))]
            self._pipes[file] = Pdus(self._services)
        self._pipes[file].data(side, octets, ts)


def part(message: bytes, at: int, length: int) -> bytes:
    """So many bytes of a message from there. Raises Misread where it has fewer."""
    octets = message[at : at + length]
    if len(octets) < length:
        raise Misread
    return octets
