"""What SSH sends in clear: lines, packets, and what the messages of key exchanges are made of.

RFC 4253 (4.2 identifications, 6 packets, 7.1 offers), RFC 4251 (5 strings); the kinds of key
exchanges as in Zeek's `ssh-protocol.pac`.
"""

from __future__ import annotations

import re
from enum import Enum

IDENTIFICATION = b"SSH-"
VERSIONED = re.compile(rb"SSH-[12]\.")
LINE_END = re.compile(rb"\r\n?|\n")

MAX_LINE = 8_192
"""Bytes of a line before the packets begin; RFC 4253 allows 255 for an identification."""

MAX_CLEAR = 1 << 18
"""Bytes of a side in clear, its lines and its key exchange; also of one packet."""


class Phase(Enum):
    """What a side sends next. Those of a key exchange are named after its kind."""

    LINES = "identification"
    KEXINIT = "kexinit"
    DH = "diffie-hellman"
    GEX = "group exchange"
    ECC = "elliptic curves"
    GSS = "gss-api"
    RSA = "rsa"


KEXINIT, NEWKEYS = 20, 21
KEX_PHASES: tuple[tuple[str, Phase], ...] = (
    ("diffie-hellman-group-exchange-", Phase.GEX),
    ("diffie-hellman-group", Phase.DH),
    ("gss-", Phase.GSS),
    ("rsa1024-sha1", Phase.RSA),
    ("rsa2048-sha256", Phase.RSA),
    ("ecdh-sha2-", Phase.ECC),
    ("ecmqv-sha2", Phase.ECC),
    ("curve25519-sha256", Phase.ECC),
    ("curve448-sha512", Phase.ECC),
    ("sntrup761x25519-sha512", Phase.ECC),
    ("mlkem", Phase.ECC),
)
"""How the names of key exchanges begin, and the kind of each. The first that fits."""

STRINGS: dict[Phase, dict[int, int]] = {
    Phase.DH: {30: 1, 31: 3},
    Phase.GEX: {31: 2, 32: 1, 33: 3},
    Phase.ECC: {30: 1, 31: 3},
    Phase.GSS: {30: 2, 31: 1, 32: 2, 33: 1, 34: 0, 40: 0, 41: 2},
    Phase.RSA: {30: 2, 31: 1, 32: 1},
}
"""The messages of each kind, and with how many strings they begin."""

OTHERS_PASS = (Phase.DH, Phase.GEX)
"""Kinds among whose messages Zeek passes over any other; else it ends the analysis."""

HOST_KEY_IN: dict[Phase, int] = {Phase.DH: 31, Phase.GEX: 33, Phase.ECC: 31, Phase.GSS: 33}
"""The message of each kind whose first string is the host key."""

PUBLIC_KEY, SESSION_KEY = 2, 3
"""Messages of version 1 after which a side encrypts."""

VERSIONS: dict[tuple[str, str], int] = {
    **dict.fromkeys((("2", "2"), ("2", "1.99"), ("1.99", "2"), ("1.99", "1.99")), 2),
    **dict.fromkeys((("1", "1"), ("1", "1.99"), ("1.99", "1")), 1),
}
"""What client and server say that they speak -> what they will speak."""

NAME_LISTS = 10
"""Lists of names in a KEXINIT: key exchanges, host keys, and, each to the server and to the client,
ciphers, MACs, compression, languages."""

NO_COMMON = "Algorithm negotiation failed"


class Unreadable(Exception):
    """What a side sent is not what the protocol has at this place."""


class TooLong(Unreadable):
    """More than is kept here; to Zeek this is no violation of the protocol."""


class Stream:
    """One side: what it sends next, and the beginning of it where it has not come whole."""

    def __init__(self) -> None:
        self.phase = Phase.LINES
        self.encrypted = False
        self.identification = ""
        self.offers: list[list[str]] = []
        self.held = bytearray()
        self.waits = False  # for the other side's identification, or until Zeek's row is made
        self._clear = 0
        self._ended_by_cr = False

    def add(self, octets: bytes) -> None:
        """Hold what came, less the LF that belongs to the CR before it."""
        self.held += octets
        if self._ended_by_cr and self.held:  # its LF may come in the next segment
            self._ended_by_cr = False
            if self.held.startswith(b"\n"):
                self.take(1)

    def take(self, size: int) -> bytes:
        """Take out the first bytes of what is held."""
        self._clear += size
        if self._clear > MAX_CLEAR:
            raise TooLong("endless_handshake")
        taken = bytes(self.held[:size])
        del self.held[:size]
        return taken

    def line(self) -> bytes | None:
        """The next line, None while it has not ended; CR, LF and CR LF end one."""
        end = LINE_END.search(self.held, 0, MAX_LINE)
        if end is None:
            if len(self.held) >= MAX_LINE:
                raise TooLong("endless_line")
            return None
        line = self.take(end.end())
        self._ended_by_cr = line.endswith(b"\r") and not self.held
        return line.rstrip(b"\r\n")


def spoken(identification: str) -> str:
    """Which version an identification stands for: "2", "1", "1.99" for both, "" for none."""
    return "1.99" if identification.startswith("SSH-1.99") else identification[4:5]


def strings(content: bytes, at: int, count: int) -> tuple[list[bytes], int]:
    """So many strings (RFC 4251, 5) from a place on, and where they end."""
    strings = []
    for _ in range(count):
        begin = at + 4
        at = begin + int.from_bytes(content[at:begin], "big")
        if begin > len(content) or at > len(content):
            raise Unreadable("string_too_long")
        strings.append(content[begin:at])
    return strings, at


def name_lists(content: bytes) -> list[list[str]]:
    """The lists of names in a KEXINIT but for the languages."""
    lists, end = strings(content, 16, NAME_LISTS)  # after the cookie
    if len(content) < end + 5:  # whether a guess follows, reserved
        raise Unreadable("kexinit_too_short")
    return [names.decode(errors="backslashreplace").split(",") for names in lists[:-2]]


def first_common(client: list[str], server: list[str]) -> str:
    """What is chosen: the first name of the client's that the server has too."""
    offered = set(server)
    return next((name for name in client if name in offered), NO_COMMON)
