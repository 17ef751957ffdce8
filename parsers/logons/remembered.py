"""What lines before this one told, bounded: any number of clients may begin and never end."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import TypeVar

from parsers.logons.message import Message

LIMIT = 4096
WINDOW = 60_000_000_000  # ns for which a client counts as recent

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Remembered(OrderedDict[Key, Value]):
    """A dict of at most LIMIT entries."""

    def add(self, key: Key, value: Value) -> Value | None:
        """Set an entry as the newest; returns that of the oldest where it had to make room."""
        self[key] = value
        self.move_to_end(key)
        return self.popitem(last=False)[1] if len(self) > LIMIT else None


@dataclass(slots=True)
class Client:
    """A client that has begun something: where from, and who and how, once that is told."""

    address: str | None = None
    port: str | None = None
    user: str | None = None
    method: str | None = None
    ts: int | None = None


class Recent:
    """Clients that have begun and not ended, for logs whose lines do not say of whom they are."""

    def __init__(self) -> None:
        self._clients: Remembered[tuple[str, str | None], Client] = Remembered()

    def begin(self, message: Message, address: str, port: str | None) -> None:
        """Take in a client."""
        self._clients.add((address, port), Client(address, port, ts=message.ts))

    def only(self, message: Message) -> Client:
        """Return the one client that it can be; where there are several, one without anything."""
        while self._clients:
            oldest = next(iter(self._clients.values()))
            if message.ts is None or oldest.ts is None or message.ts - oldest.ts <= WINDOW:
                break
            self._clients.popitem(last=False)
        if len(self._clients) == 1:
            return next(iter(self._clients.values()))
        addresses = {address for address, _ in self._clients}
        return Client(addresses.pop() if len(addresses) == 1 else None)

    def end(self, client: Client) -> None:
        """Forget a client, and whatever came from its address."""
        for key in [key for key in self._clients if key[0] == client.address]:
            del self._clients[key]
