"""SSH: who speaks, what was negotiated, which key the server has, and whether the logon worked.

Read in the order of the protocol: the identification lines (RFC 4253, 4.2; RFC 4253, 5 for those
that speak version 1 too), binary packets in clear (6), the offers of both sides (7.1), the reply
to the key exchange with the host key (8; RFC 4419 with groups that the server chooses, RFC 4462
with GSS-API, RFC 5656 and 8731 with elliptic curves), NEWKEYS (7.3). What follows is encrypted:
`parsers.services.ssh_auth`. HASSH is the MD5 of a side's offers.

The rules are Zeek's (`base/protocols/ssh/main.zeek`, `ssh-protocol.pac`, `SSH.cc`; hassh.zeek),
also where they are narrower than the RFCs: what Zeek cannot read ends its analysis, and the row is
what was known by then. The same bytes in other segments give the same row, but for the logon: it
is guessed from the lengths of encrypted segments, as they are handed to `Ssh.data`.
"""

from __future__ import annotations

import re
from base64 import b64encode
from enum import Enum
from hashlib import md5, sha256
from typing import Any, ClassVar

from parsers.services.parser import NOTHING, ORIG, RESP, Parser
from parsers.services.ssh_auth import Authentication

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


NEWKEYS = 21
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
COMPRESSED = ("zlib", "zlib@openssh.com")
"""Compression under which lengths tell nothing of the logon."""

HASSH_VERSION = "1.1"
HASSH = (
    ("hasshVersion", "hassh", "hasshAlgorithms", "cshka"),
    ("hasshVersion", "hasshServer", "hasshServerAlgorithms", "sshka"),
)
"""The columns of HASSH, by side."""

FINGERPRINT = 32
"""Characters that Zeek 8 writes of the SHA-256 in base64, of 43; so `ssh-keygen -l` begins too."""


class _Unreadable(Exception):
    """What a side sent is not what the protocol has at this place."""


class _TooLong(_Unreadable):
    """More than is kept here; to Zeek this is no violation of the protocol."""


def begins(orig: bytes, resp: bytes) -> bool | None:
    """Whether first bytes of the two sides (either may be empty) are this protocol.

    None while too few bytes are there to tell. A server may send other lines first.
    """
    if not orig and not resp:
        return None
    before, found, rest = resp.partition(b"\nSSH-")
    told = (_identifies(orig), _identifies(b"SSH-" + rest if found else before))
    if False in told:
        return False
    return True if True in told else None


def _identifies(octets: bytes) -> bool | None:
    """Whether a side begins as one that speaks SSH, None where it may yet."""
    if VERSIONED.match(octets):
        return True
    starts = (b"SSH-1.", b"SSH-2.")
    return None if any(start.startswith(octets) for start in starts) else False


class _Stream:
    """One side: what it sends next, and the beginning of it where it has not come whole."""

    def __init__(self) -> None:
        self.phase = Phase.LINES
        self.encrypted = False
        self.identification = ""
        self.offers: list[list[str]] = []
        self.held = bytearray()
        self._clear = 0
        self._ended_by_cr = False

    def add(self, octets: bytes) -> None:
        self.held += octets
        if self._ended_by_cr and self.held:  # its LF may come in the next segment
            self._ended_by_cr = False
            if self.held.startswith(b"\n"):
                self.take(1)

    def take(self, size: int) -> bytes:
        self._clear += size
        if self._clear > MAX_CLEAR:
            raise _TooLong("endless_handshake")
        taken = bytes(self.held[:size])
        del self.held[:size]
        return taken

    def line(self) -> bytes | None:
        """The next line, None while it has not ended; CR, LF and CR LF end one."""
        end = LINE_END.search(self.held, 0, MAX_LINE)
        if end is None:
            if len(self.held) >= MAX_LINE:
                raise _TooLong("endless_line")
            return None
        line = self.take(end.end())
        self._ended_by_cr = line.endswith(b"\r") and not self.held
        return line.rstrip(b"\r\n")


class Ssh(Parser):
    """Makes the row of `ssh`: at once where the logon worked, else at the end of the connection.

    expected: whether Zeek reads the connection as SSH from the start, as on its registered port.
        Elsewhere it begins when both sides have identified themselves: that is the time of the row
        then, there is none of one side alone, and what could not be read before ends it only then.
    """

    service: ClassVar[str] = "ssh"

    def __init__(self, *, expected: bool = True) -> None:
        super().__init__()
        self._expected = expected
        self._unreadable = ""
        self._streams = (_Stream(), _Stream())
        self._row: dict[str, Any] = {}
        self._authentication = Authentication()

    def data(self, side: int, octets: bytes, ts: int) -> None:
        """Read what comes next in the stream of a side, from a packet of that time."""
        if self._is_over():
            return
        stream = self._streams[side]
        try:
            stream.add(octets)
            while self._step(side, ts):
                pass
        except _Unreadable as reason:
            stream.held.clear()
            self._unreadable = str(reason)
            self.confirmed &= isinstance(reason, _TooLong)
        if stream.encrypted and stream.held and not self._is_over():
            self._encrypted(side, len(stream.held))
            stream.held.clear()
        if self._unreadable and (self._begun() or not stream.identification):
            self._finish(self._unreadable)

    def gap(self, side: int, count: int, ts: int) -> None:
        """Make the row of what was known: Zeek looks no further either."""
        if not self._is_over():
            self._finish("content_gap")

    def end(self, ts: int) -> None:
        """Make the row, unless it was made before."""
        if not self._is_over():
            self._finish()

    def _is_over(self) -> bool:
        return self.wants == [NOTHING, NOTHING]

    def _finish(self, failed: str = "") -> None:
        """Make the row, if there is anything to say."""
        self.failed = failed
        self.wants = [NOTHING, NOTHING]
        if self._begun():
            logon = self._authentication
            told = {"auth_success": logon.success, "auth_attempts": logon.attempts}
            self.rows.append(("ssh", {**self._row, "version": self._version(), **told}))

    def _begun(self) -> bool:
        """Whether Zeek reads the connection by now."""
        identified = [bool(stream.identification) for stream in self._streams]
        return any(identified) if self._expected else all(identified)

    def _version(self) -> int | None:
        """The version of the protocol that both speak, None while that is not known."""
        client, server = (_spoken(stream.identification) for stream in self._streams)
        return VERSIONS.get((client, server))

    def _step(self, side: int, ts: int) -> bool:
        """Read a line or a packet in clear; return whether there was one."""
        stream = self._streams[side]
        if stream.encrypted:
            return False
        if stream.phase is not Phase.LINES:
            return self._packet(side)
        begun = bytes(stream.held[: len(IDENTIFICATION)])
        if side == ORIG and not IDENTIFICATION.startswith(begun):
            raise _Unreadable("no_identification")
        line = stream.line()
        if line is not None and line.startswith(IDENTIFICATION):
            self._identified(side, line, ts)
        return line is not None

    def _identified(self, side: int, line: bytes, ts: int) -> None:
        if not VERSIONED.match(line):
            raise _Unreadable("unknown_version")
        stream = self._streams[side]
        stream.identification = line.decode(errors="backslashreplace")
        stream.phase = Phase.KEXINIT
        if self._expected:
            self._row.setdefault("ts", ts)
        else:
            self._row["ts"] = ts
        self._row["client" if side == ORIG else "server"] = stream.identification

    def _packet(self, side: int) -> bool:
        stream, version = self._streams[side], self._version()
        if len(stream.held) < 4:
            return False
        if version is None:
            raise _Unreadable("packet_before_version")
        length = int.from_bytes(stream.held[:4], "big")
        padding = 8 - length % 8 if version == 1 else 0
        size = 4 + padding + length
        if size > MAX_CLEAR:
            raise _TooLong("packet_too_long")
        if len(stream.held) < size:
            return False
        packet = stream.take(size)[4:]
        if version == 1:
            self._packet_1(side, packet[padding:])
        else:
            self._packet_2(side, packet)
        return True

    def _packet_1(self, side: int, packet: bytes) -> None:
        if not packet or packet[0] not in (PUBLIC_KEY, SESSION_KEY):
            raise _Unreadable("unexpected_message")
        self._streams[side].encrypted = True
        self.wants[side] = NOTHING
        self.confirmed |= packet[0] == SESSION_KEY
        if self._is_over():
            self._finish()

    def _packet_2(self, side: int, packet: bytes) -> None:
        """Padding length, message, its content, padding."""
        if len(packet) < 2 or len(packet) < 2 + packet[0]:
            raise _Unreadable("bad_padding")
        stream, message = self._streams[side], packet[1]
        content = packet[2 : len(packet) - packet[0]]
        if message == NEWKEYS:
            stream.encrypted = True
            self.confirmed = True
        elif stream.phase is Phase.KEXINIT:
            self._offered(side, content)
        else:
            self._exchanged(stream.phase, message, content)

    def _offered(self, side: int, content: bytes) -> None:
        """Read a KEXINIT; that of the second side decides, and later ones change nothing."""
        stream, offers = self._streams[side], _offers(content)
        if stream.offers:
            return
        stream.offers = offers
        kex, host_key, *pairs = stream.offers
        listed = ";".join(",".join(names) for names in (kex, *pairs[side::2]))
        fingerprint = md5(listed.encode(), usedforsecurity=False).hexdigest()
        values = (HASSH_VERSION, fingerprint, listed, ",".join(host_key))
        self._row |= zip(HASSH[side], values, strict=True)
        if all(each.offers for each in self._streams):
            self._negotiated()

    def _negotiated(self) -> None:
        client, server = (stream.offers for stream in self._streams)
        chosen = [_first_common(*lists) for lists in zip(client, server, strict=True)]
        self._row |= {"kex_alg": chosen[0], "host_key_alg": chosen[1]}
        for name, at in (("cipher_alg", 2), ("mac_alg", 4), ("compression_alg", 6)):
            to_server, to_client = chosen[at : at + 2]
            both = f"To server: {to_server}, to client: {to_client}"
            self._row[name] = to_server if to_server == to_client else both
        phases = (phase for begin, phase in KEX_PHASES if chosen[0].startswith(begin))
        self._streams[ORIG].phase = self._streams[RESP].phase = next(phases, Phase.KEXINIT)

    def _exchanged(self, phase: Phase, message: int, content: bytes) -> None:
        """Read a message of a key exchange."""
        if message not in STRINGS[phase]:
            if phase not in OTHERS_PASS:
                raise _Unreadable("unexpected_message")
            return
        strings, _ = _strings(content, 0, STRINGS[phase][message])
        if message == HOST_KEY_IN.get(phase):
            digest = b64encode(sha256(strings[0]).digest()).decode()
            self._row["host_key_fingerprint"] = "SHA256:" + digest[:FINGERPRINT]

    def _encrypted(self, side: int, length: int) -> None:
        """Take note of encrypted bytes in one segment; the client's tell only that it asks."""
        told = self._row.get("compression_alg") not in COMPRESSED
        if told:
            self._authentication.segment(side, length)
        if side == ORIG or not told:
            self.wants[side] = NOTHING
        if self._authentication.over or self._is_over():
            self._finish()


def _spoken(identification: str) -> str:
    """Which version an identification stands for: "2", "1", "1.99" for both, "" for none."""
    return "1.99" if identification.startswith("SSH-1.99") else identification[4:5]


def _strings(content: bytes, at: int, count: int) -> tuple[list[bytes], int]:
    """So many strings (RFC 4251, 5) from a place on, and where they end."""
    strings = []
    for _ in range(count):
        begin = at + 4
        at = begin + int.from_bytes(content[at:begin], "big")
        if begin > len(content) or at > len(content):
            raise _Unreadable("string_too_long")
        strings.append(content[begin:at])
    return strings, at


def _offers(content: bytes) -> list[list[str]]:
    """The lists of names in a KEXINIT but for the languages."""
    lists, end = _strings(content, 16, NAME_LISTS)  # after the cookie
    if len(content) < end + 5:  # whether a guess follows, reserved
        raise _Unreadable("kexinit_too_short")
    return [names.decode(errors="backslashreplace").split(",") for names in lists[:-2]]


def _first_common(client: list[str], server: list[str]) -> str:
    """What is chosen: the first name of the client's that the server has too."""
    offered = set(server)
    return next((name for name in client if name in offered), NO_COMMON)
