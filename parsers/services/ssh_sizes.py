"""How long SSH's packets are on the wire, by cipher and MAC, and where each ends if that shows.

A packet (RFC 4253, 6) is its length, how long the padding is, a payload, padding of 4 bytes or more
up to a whole block, and a MAC. Encrypt-then-MAC and AEAD ciphers leave the length out of the block
and, but for chacha20-poly1305, in clear (RFC 5647; OpenSSH's PROTOCOL and
PROTOCOL.chacha20poly1305). AEAD ciphers bring their own tag, whatever MAC was negotiated.
"""

from __future__ import annotations

from dataclasses import dataclass

LENGTH = 4
"""Bytes of the field that says how long a packet is."""

LEAST_PADDING = 4
MAX_PACKET = 35_000
"""The longest packet that every side must take (RFC 4253, 6.1)."""

BLOCKS: tuple[tuple[str, int], ...] = (
    ("aes", 16),
    ("rijndael", 16),
    ("camellia", 16),
    ("twofish", 16),
    ("serpent", 16),
    ("seed", 16),
    ("3des", 8),
    ("blowfish", 8),
    ("cast128", 8),
    ("idea", 8),
    ("arcfour", 8),
    ("none", 8),
)
"""How the names of ciphers begin, and their block."""

AEAD: dict[str, tuple[int, int, bool]] = {
    "chacha20-poly1305@openssh.com": (8, 16, False),
    "chacha20-poly1305": (8, 16, False),
    "aes128-gcm@openssh.com": (16, 16, True),
    "aes256-gcm@openssh.com": (16, 16, True),
    "AEAD_AES_128_GCM": (16, 16, True),
    "AEAD_AES_256_GCM": (16, 16, True),
}
"""Block, tag, and whether the length is in clear."""

MACS: dict[str, int] = {
    "hmac-md5": 16,
    "hmac-md5-96": 12,
    "hmac-sha1": 20,
    "hmac-sha1-96": 12,
    "hmac-ripemd160": 20,
    "hmac-sha2-256": 32,
    "hmac-sha2-256-96": 12,
    "hmac-sha2-512": 64,
    "hmac-sha2-512-96": 12,
    "umac-64": 8,
    "umac-128": 16,
    "none": 0,
}
"""Bytes of a MAC, by its name without `@...` and `-etm`."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """The packets of one direction.

    block: what they are padded to; mac: bytes behind that; apart: whether the length is outside of
    the block; readable: whether it is in clear.
    """

    block: int
    mac: int
    apart: bool
    readable: bool

    def wire(self, payload: int) -> int:
        """Bytes on the wire of a payload with the least padding."""
        head = 1 if self.apart else LENGTH + 1
        blocks = -(-(head + payload + LEAST_PADDING) // self.block)
        return (LENGTH if self.apart else 0) + blocks * self.block + self.mac

    def payload(self, wire: int) -> range:
        """How long the payload of a packet is that was padded no more than it had to be."""
        body = self.body(wire)
        head = 1 if self.apart else LENGTH + 1
        if body % self.block or body < head + LEAST_PADDING:
            return range(0)
        most = body - head - LEAST_PADDING
        return range(max(0, most - self.block + 1), most + 1)

    def body(self, wire: int) -> int:
        """The whole blocks of a packet."""
        return wire - self.mac - (LENGTH if self.apart else 0)


def sizes(cipher: str, mac: str) -> Sizes | None:
    """The packets under a cipher and a MAC, None where these are not known."""
    if cipher in AEAD:
        block, tag, readable = AEAD[cipher]
        return Sizes(block, tag, apart=True, readable=readable)
    block = next((block for begin, block in BLOCKS if cipher.startswith(begin)), 0)
    name = mac.partition("@")[0]
    length = MACS.get(name.removesuffix("-etm"))
    if not block or length is None:
        return None
    apart = name.endswith("-etm")
    return Sizes(block, length, apart, readable=apart or cipher == "none")


class Packets:
    """Where the packets of one direction end, told by their lengths in clear.

    broken: whether a length was none: what follows cannot be told either.
    """

    def __init__(self, of: Sizes) -> None:
        self.broken = False
        self._sizes = of
        self._length = b""
        self._missing = 0  # of the packet whose length is known

    def end(self, octets: bytes) -> list[int]:
        """The sizes of the packets that end in the next bytes."""
        ended: list[int] = []
        at = 0
        while at < len(octets) and not self.broken:
            if len(self._length) < LENGTH:
                taken = octets[at : at + LENGTH - len(self._length)]
                self._length += taken
                at += len(taken)
                if len(self._length) == LENGTH:
                    self._missing = self._body() + self._sizes.mac
                    self.broken = not 0 < self._body() <= MAX_PACKET
                continue
            taken_over = min(self._missing, len(octets) - at)
            self._missing -= taken_over
            at += taken_over
            if not self._missing:
                ended.append(LENGTH + self._body() + self._sizes.mac)
                self._length = b""
        return ended

    def _body(self) -> int:
        return int.from_bytes(self._length)
