"""What a parser holds of the stream of one side while a message is not whole."""

from __future__ import annotations


class Side:
    """The stream of one side: what is held of the message that comes.

    position: how many bytes of it came. passing: how many that come next are passed over.
    """

    def __init__(self) -> None:
        self.held = bytearray()
        self.position = 0
        self.passing = 0

    def add(self, octets: bytes) -> None:
        """Hold what comes next, but for what is passed over."""
        self.position += len(octets)
        passed = min(self.passing, len(octets))
        self.passing -= passed
        self.held += octets[passed:] if passed else octets

    def drop(self, count: int) -> None:
        """Let go of the next bytes: of those that are held, and of those that come."""
        self.passing += max(count - len(self.held), 0)
        del self.held[:count]
