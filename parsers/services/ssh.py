"""SSH: who speaks, what was negotiated, which key the server has, and whether the logon worked.

Read in the order of the protocol: the identification lines (RFC 4253, 4.2; RFC 4253, 5 for those
that speak version 1 too), binary packets in clear (6), the offers of both sides (7.1), the reply
to the key exchange with the host key (8; RFC 4419 with groups that the server chooses, RFC 4462
with GSS-API, RFC 5656 and 8731 with elliptic curves), NEWKEYS (7.3). What follows is encrypted:
`parsers.services.ssh_auth`. HASSH is the MD5 of a side's offers.

The rules are Zeek's (`base/protocols/ssh/main.zeek`, `ssh-protocol.pac`, `SSH.cc`; hassh.zeek),
also where they are narrower than the RFCs: what Zeek cannot read ends its analysis, and the row is
what was known by then. The same bytes in other segments give the same row, but for the logon: it
is guessed from the lengths of encrypted segments, as they are handed to `Ssh.data`. Rows of `logon`
are our own (`parsers.services.ssh_logon`), and come of what Zeek gives up, too.
"""

from __future__ import annotations

from base64 import b64encode
from hashlib import md5, sha256
from typing import Any, ClassVar

from parsers.services.parser import NOTHING, ORIG, RESP, Parser
from parsers.services.ssh_auth import Authentication
from parsers.services.ssh_handshake import (
    HOST_KEY_IN,
    IDENTIFICATION,
    KEX_PHASES,
    KEXINIT,
    MAX_CLEAR,
    NEWKEYS,
    OTHERS_PASS,
    PUBLIC_KEY,
    SESSION_KEY,
    STRINGS,
    VERSIONED,
    VERSIONS,
    Phase,
    Stream,
    TooLong,
    Unreadable,
    first_common,
    name_lists,
    spoken,
    strings,
)
from parsers.services.ssh_logon import Logon

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
        self._gave_up = ""  # why Zeek would look no further
        self._streams = (Stream(), Stream())
        self._row: dict[str, Any] = {}
        self._told = False  # whether the row of `ssh` was made
        self._authentication = Authentication()
        self._guesses = [True, True]  # the sides that Zeek's guess still looks at
        self._logon: Logon | None = Logon()

    def data(self, side: int, octets: bytes, ts: int) -> None:
        """Read what comes next in the stream of a side, from a packet of that time."""
        if self._is_over():
            return
        self._streams[side].add(octets)
        self._read(side, ts)
        if self._unreadable and (self._begun() or not self._streams[side].identification):
            self._tell(self._unreadable)
        for waiting in (side, 1 - side):
            if self._streams[waiting].waits:
                self._read(waiting, ts)
        self._look_on()

    def gap(self, side: int, count: int, ts: int) -> None:
        """Make the rows of what was known: Zeek looks no further either."""
        if self._logon is not None:
            self._logon.lose()
        if self._guesses[side]:
            self._tell("content_gap")
        self._look_on()

    def end(self, ts: int) -> None:
        """Make the rows, unless they were made before."""
        self._tell()
        self._tell_logon()
        self._look_on()

    def _is_over(self) -> bool:
        return self.wants == [NOTHING, NOTHING]

    def _look_on(self) -> None:
        """Say what more is wanted: for the guess, and to know how the client logged on."""
        if self._guesses == [False, False]:
            self._tell()
        if self._logon is not None and self._logon.over:
            self._tell_logon()
        for side in (ORIG, RESP):
            if self._logon is None and not self._guesses[side]:
                self.wants[side] = NOTHING
        if self._is_over():
            self.failed = self._gave_up

    def _tell(self, gave_up: str = "") -> None:
        """Make the row of `ssh`, if there is anything to say."""
        if self._told:
            return
        self._told, self._gave_up = True, gave_up
        self._guesses = [False, False]
        if self._begun():
            guess = self._authentication
            told = {"auth_success": guess.success, "auth_attempts": guess.attempts}
            self.rows.append(("ssh", {**self._row, "version": self._version(), **told}))

    def _tell_logon(self) -> None:
        """Make the rows of `logon`; nothing more is of use to it."""
        if self._logon is not None:
            client, server = (stream.identification for stream in self._streams)
            self.rows += [("logon", row) for row in self._logon.rows(client, server)]
        self._logon = None

    def _begun(self) -> bool:
        """Whether Zeek reads the connection by now."""
        identified = [bool(stream.identification) for stream in self._streams]
        return any(identified) if self._expected else all(identified)

    def _version(self) -> int | None:
        """The version of the protocol that both speak, None while that is not known."""
        client, server = (spoken(stream.identification) for stream in self._streams)
        return VERSIONS.get((client, server))

    def _read(self, side: int, ts: int) -> None:
        """Read what is there of a side."""
        stream = self._streams[side]
        try:
            while self._step(side, ts):
                pass
        except Unreadable as reason:
            stream.held.clear()
            self._unreadable = str(reason)
            self._logon = None
            self.confirmed &= isinstance(reason, TooLong)
        if stream.encrypted and stream.held:
            self._encrypted(side, bytes(stream.held), ts)
            stream.held.clear()

    def _step(self, side: int, ts: int) -> bool:
        """Read a line or a packet in clear; return whether there was one."""
        stream = self._streams[side]
        if stream.encrypted:
            return False
        if stream.phase is not Phase.LINES:
            return self._packet(side)
        begun = bytes(stream.held[: len(IDENTIFICATION)])
        if side == ORIG and not IDENTIFICATION.startswith(begun):
            raise Unreadable("no_identification")
        line = stream.line()
        if line is not None and line.startswith(IDENTIFICATION):
            self._identified(side, line, ts)
        return line is not None

    def _identified(self, side: int, line: bytes, ts: int) -> None:
        if not VERSIONED.match(line):
            raise Unreadable("unknown_version")
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
            return self._too_early(side)
        stream.waits = False
        length = int.from_bytes(stream.held[:4], "big")
        padding = 8 - length % 8 if version == 1 else 0
        size = 4 + padding + length
        if size > MAX_CLEAR:
            raise TooLong("packet_too_long")
        if len(stream.held) < size:
            return False
        packet = stream.take(size)[4:]
        if version == 1:
            self._packet_1(side, packet[padding:])
        else:
            self._packet_2(side, packet)
        return not stream.waits

    def _too_early(self, side: int) -> bool:
        """Let packets wait for the other side's identification; Zeek reads no further."""
        stream = self._streams[side]
        if self._streams[1 - side].identification or len(stream.held) > MAX_CLEAR:
            raise Unreadable("packet_before_version")
        stream.waits = True
        self._unreadable = "packet_before_version"
        return False

    def _packet_1(self, side: int, packet: bytes) -> None:
        if not packet or packet[0] not in (PUBLIC_KEY, SESSION_KEY):
            raise Unreadable("unexpected_message")
        self._streams[side].encrypted = True
        self._guesses[side] = False
        self._logon = None
        self.confirmed |= packet[0] == SESSION_KEY

    def _packet_2(self, side: int, packet: bytes) -> None:
        """Padding length, message, its content, padding."""
        if len(packet) < 2 or len(packet) < 2 + packet[0]:
            raise Unreadable("bad_padding")
        stream, message = self._streams[side], packet[1]
        content = packet[2 : len(packet) - packet[0]]
        if message == NEWKEYS:
            stream.encrypted = True
            self.confirmed = not self._unreadable
            return
        try:
            if stream.phase is Phase.KEXINIT:
                self._offered(side, content)
            else:
                self._exchanged(stream.phase, message, content)
        except Unreadable as reason:  # to Zeek; the next packet begins behind this one all the same
            if message == KEXINIT:
                raise
            stream.waits = not self._told
            self._unreadable = self._unreadable or str(reason)
            self.confirmed = False

    def _offered(self, side: int, content: bytes) -> None:
        """Read a KEXINIT; that of the second side decides, and later ones change nothing."""
        stream, offers = self._streams[side], name_lists(content)
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
        chosen = [first_common(*lists) for lists in zip(client, server, strict=True)]
        self._row |= {"kex_alg": chosen[0], "host_key_alg": chosen[1]}
        for name, at in (("cipher_alg", 2), ("mac_alg", 4), ("compression_alg", 6)):
            to_server, to_client = chosen[at : at + 2]
            both = f"To server: {to_server}, to client: {to_client}"
            self._row[name] = to_server if to_server == to_client else both
        if self._logon is not None:
            self._logon.negotiated(*chosen[2:8])
        phases = (phase for begin, phase in KEX_PHASES if chosen[0].startswith(begin))
        self._streams[ORIG].phase = self._streams[RESP].phase = next(phases, Phase.KEXINIT)

    def _exchanged(self, phase: Phase, message: int, content: bytes) -> None:
        """Read a message of a key exchange."""
        if message not in STRINGS[phase]:
            if phase not in OTHERS_PASS:
                raise Unreadable("unexpected_message")
            return
        values, _ = strings(content, 0, STRINGS[phase][message])
        if message == HOST_KEY_IN.get(phase):
            digest = b64encode(sha256(values[0]).digest()).decode()
            self._row["host_key_fingerprint"] = "SHA256:" + digest[:FINGERPRINT]

    def _encrypted(self, side: int, octets: bytes, ts: int) -> None:
        """Take note of encrypted bytes in one segment; to Zeek the client's tell that it asks."""
        if self._logon is not None:
            self._logon.add(side, octets, ts)
        if not self._guesses[side]:
            return
        told = self._row.get("compression_alg") not in COMPRESSED
        if told:
            self._authentication.segment(side, len(octets))
        if side == ORIG or not told:
            self._guesses[side] = False
        if self._authentication.over:
            self._tell()
