"""What each part of a conversation adds to its conn record, from the specification.

Every number and letter below was written by hand from the rules that Zeek follows; none comes
from running the program. A § names a section of that specification: §3 direction, §4 reuse, §5
endpoint states, §6 conn_state, §7 history, §8 counters, §9 gaps, §10 duration. Client and server
are who they really are; who is the originator, the handshake says.
"""

from __future__ import annotations

from typing import NamedTuple

from tests.golden.builder import CLIENT, SERVER, Segment

C, S = CLIENT, SERVER
PORT, KNOWN_PORT = 9999, 443  # the second is one of Zeek's likely_server_ports


class Handshake(NamedTuple):
    """`letters` in the case that the log has. `clean`: both sides are ESTABLISHED afterwards.

    `ends`: the row of STATES, named after the states that originator and responder are left in.
    """

    segments: tuple[Segment, ...]
    letters: str
    packets: tuple[int, int]  # of client and server
    ends: str
    clean: bool = False
    port: int = PORT
    originator: int = CLIENT


class Data(NamedTuple):
    """`letters`: upper case is the client. `payload`: sent in all; `size`: of the stream."""

    segments: tuple[Segment, ...]
    letters: str
    packets: tuple[int, int]
    payload: tuple[int, int] = (0, 0)
    size: tuple[int, int] = (0, 0)
    first: tuple[int, int] = (1000, 500_000)  # initial sequence numbers
    hole: int = 0


class Ending(NamedTuple):
    """`late`: the letters if the server acknowledges only now what was lost.

    `after`: packets that follow when both sides have closed.
    """

    segments: tuple[Segment, ...]
    letters: str
    late: str
    packets: tuple[int, int]
    after: int = 0


SYN, SYN_ACK = Segment(C, "S"), Segment(S, "SA")
ACK, SERVERS_ACK = Segment(C, "A"), Segment(S, "A")
FIN, SERVERS_FIN = Segment(C, "FA"), Segment(S, "FA")
RST, SERVERS_RST = Segment(C, "RA"), Segment(S, "RA")

HANDSHAKES = {
    # §5: the SYN-ACK makes both sides ESTABLISHED.
    "complete": Handshake((SYN, SYN_ACK, ACK), "ShA", (2, 1), "established", clean=True),
    # §3: who sends first is the originator. §5: without SYN, FIN, RST a side becomes PARTIAL.
    "no SYN": Handshake((ACK,), "A", (1, 0), "partial"),
    "no SYN, server first": Handshake((SERVERS_ACK,), "A", (0, 1), "partial server", originator=S),
    # §3: "TCP, first packet anything else: source port is a likely server port, destination port
    # is not → flip". §7: a flip is a ^ at its place, here the first.
    "no SYN, known server first": Handshake(
        (SERVERS_ACK,), "^a", (0, 1), "partial", port=KNOWN_PORT
    ),
    # §5: "Becoming ESTABLISHED is caused by the peer's SYN/SYN-ACK, not by the originator's ACK".
    "no SYN-ACK": Handshake((SYN, ACK), "SA", (2, 0), "SYN sent, no answer"),
    # §3: "When the next pure ACK or data packet arrives, Zeek flips and rewrites the history to
    # ^h". §5: as originator the server became SYN_ACK_SENT, which a flip does not change; the
    # client has neither SYN nor an ESTABLISHED peer: PARTIAL.
    "SYN-ACK first": Handshake((SYN_ACK, ACK), "^hA", (1, 1), "partial, SYN-ACK sent"),
    # §5: flipped at once, the server is responder and ESTABLISHED; the client's ACK makes it so
    # too: "if ACK and p ESTABLISHED → ESTABLISHED (we missed only the SYN)".
    "SYN-ACK of known server first": Handshake(
        (SYN_ACK, ACK), "^hA", (1, 1), "established", clean=True, port=KNOWN_PORT
    ),
    # §3: "SYN/SYN-ACK reversal: flip, both become ESTABLISHED". §7: letters are "decided by flags
    # before state update": the SYN is still the responder's.
    "reversed": Handshake(
        (SYN_ACK, SYN, ACK), "Hs^A", (2, 1), "established", clean=True
    ),
    # §4: the SYN has the sequence number that the SYN-ACK acknowledged: no reuse. §5: "SYN, e is
    # orig: SYN_SENT", while the server is ESTABLISHED already and sends no other SYN-ACK.
    "reversed at known server": Handshake(
        (SYN_ACK, SYN, ACK), "^hSA", (2, 1), "SYN sent, established", port=KNOWN_PORT
    ),
}  # fmt: skip

# §7: a retransmission is T, "so out-of-order segments count as T"; an overlap that goes on is none.
# §9: a gap is G when "the peer acknowledges past data never seen". §8: retransmissions do not count
# into the size, what was lost and acknowledged does, or what lies below the highest end seen.
DATA = {
    "no data": Data((), "", (0, 0)),
    "one way": Data(
        (Segment(C, "PA", 100), SERVERS_ACK), "Da", (1, 1), payload=(100, 0), size=(100, 0)
    ),
    "both ways": Data(
        (Segment(C, "PA", 100), Segment(S, "PA", 200), ACK),
        "DdA", (2, 1), payload=(100, 200), size=(100, 200),
    ),
    "loss": Data(
        (Segment(C, "PA", 50), Segment(C, "PA", 30, at=150), SERVERS_ACK),
        "DaG", (2, 1), payload=(80, 0), size=(180, 0), hole=100,
    ),
    "server's loss": Data(
        (Segment(S, "PA", 50), Segment(S, "PA", 30, at=150), ACK),
        "dAg", (1, 2), payload=(0, 80), size=(0, 180), hole=100,
    ),
    "loss acknowledged late": Data(
        (Segment(C, "PA", 50), Segment(C, "PA", 30, at=150)),
        "D", (2, 0), payload=(80, 0), size=(180, 0), hole=100,
    ),
    "retransmission": Data(
        (Segment(C, "PA", 100), Segment(C, "PA", 100, at=0), SERVERS_ACK),
        "DTa", (2, 1), payload=(200, 0), size=(100, 0),
    ),
    "reordering": Data(
        (Segment(C, "PA", 50, at=100), Segment(C, "PA", 100, at=0), SERVERS_ACK),
        "DTa", (2, 1), payload=(150, 0), size=(150, 0),
    ),
    "overlap": Data(
        (Segment(C, "PA", 100), Segment(C, "PA", 100, at=50), SERVERS_ACK),
        "Da", (2, 1), payload=(200, 0), size=(150, 0),
    ),
    "wrap": Data(
        (Segment(C, "PA", 100), Segment(C, "PA", 100), Segment(S, "PA", 120),
         Segment(S, "PA", 120), ACK),
        "DdA", (3, 2), payload=(200, 240), size=(200, 240), first=(2**32 - 51, 2**32 - 121),
    ),
}  # fmt: skip

# §9: "state is updated before the ack is applied, so a gap revealed by a RST is not reported", one
# revealed by a FIN is. §10: the duration grows "until both sides have closed: the final ACK of a
# normal teardown and later strays are excluded from duration but included in packet counts".
ENDINGS = {
    "nothing": Ending((), "", "", (0, 0)),
    "FIN both": Ending((FIN, SERVERS_FIN, ACK), "FfA", "FfGA", (2, 1), after=1),
    "FIN client": Ending((FIN, SERVERS_ACK), "Fa", "FaG", (1, 1)),
    "FIN server": Ending((SERVERS_FIN, ACK), "fA", "fGA", (1, 1)),
    "RST client": Ending((RST,), "R", "R", (1, 0)),
    "RST server": Ending((SERVERS_RST,), "r", "r", (0, 1)),
    "RST both": Ending((RST, SERVERS_RST), "Rr", "Rr", (1, 1)),
    "FIN client, RST server": Ending((FIN, SERVERS_RST), "Fr", "Fr", (1, 1)),
    "FIN client, RST client": Ending((FIN, RST), "FR", "FR", (2, 0)),
    "FIN both, RST client": Ending((FIN, SERVERS_FIN, RST), "FfR", "FfGR", (2, 1), after=1),
}

# §6, first match wins. A row: the states that a handshake leaves; a column: an ending, in the
# order of ENDINGS: nothing, FIN both, FIN client, FIN server, RST client, RST server, RST both,
# FIN then RST server, FIN then RST client, FIN both then RST ("FIN/FIN/RST stays SF").
STATES = {
    "established":           "S1  SF S2 S3  RSTO  RSTR  RSTR RSTR RSTO  SF",
    "partial":               "OTH SF SH SHR OTH   RSTRH RSTR RSTR OTH   SF",
    "partial server":        "OTH SF SHR SH RSTRH OTH   RSTR RSTO RSTRH SF",
    "SYN sent, no answer":   "S0  SF SH S3  OTH   REJ   RSTR RSTR OTH   SF",
    "partial, SYN-ACK sent": "OTH SF S2 SHR RSTO  RSTRH RSTR RSTR RSTO  SF",
    "SYN sent, established": "OTH SF S2 S3  RSTO  REJ   RSTR RSTR RSTO  SF",
}  # fmt: skip


class Exceptional(NamedTuple):
    """Where parts interact: the fields that differ, and the sentence that demands it.

    Empty handshakes: any. Bytes are those of client and server.
    """

    handshakes: tuple[str, ...]
    data: tuple[str, ...]
    endings: tuple[str, ...]
    fields: dict[str, str | int | None]
    sentence: str


ACKNOWLEDGED_ONLY = ("one way", "loss", "retransmission", "reordering", "overlap")
MIDSTREAM = ("no SYN", "no SYN, server first", "no SYN, known server first")
EXCEPTIONS = (
    Exceptional(
        (), ("no data",), ("RST both",), {"conn_state": "REJ"},
        "§6: rs RESET and (os in SYN_SENT, SYN_ACK_SENT, or os RESET with both payload sizes 0)",
    ),
    Exceptional(
        ("no SYN-ACK",), ("both ways", "server's loss", "wrap"), ("nothing",),
        {"conn_state": "OTH"},
        "§6: S0 needs rs INACTIVE; §5: a server that sends data becomes PARTIAL, one that sends "
        "a pure ACK while the originator is SYN_SENT stays as it is",
    ),
    Exceptional(
        ("no SYN-ACK",), ACKNOWLEDGED_ONLY, ("RST client",), {"client_bytes": 0},
        "§8: SYN_SENT → RESET with peer INACTIVE and some ack state → 0",
    ),
    Exceptional(
        ("no SYN, server first", "no SYN, known server first"), ("reordering",), (),
        {"client_bytes": 50},
        "§8: partial connections fake a start of first seq - 1: the client's first packet is the "
        "later segment, and what comes before that start does not count",
    ),
    Exceptional(
        MIDSTREAM, ("no data",), ("nothing",),
        {"duration": None, "client_bytes": None, "server_bytes": None},
        "§8: both fields and duration are unset when duration is 0",
    ),
)  # fmt: skip
