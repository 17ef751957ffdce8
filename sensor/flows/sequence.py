"""TCP sequence numbers: 32 bits that wrap, kept as 64 with the wraps counted above.

Arithmetic as in Zeek's TCP_Endpoint.h and TCPSessionAdapter.cc.
"""

from __future__ import annotations

from parsers.kernel import Words, kernel
from sensor.flows.row import (
    ACK_SEQ,
    CLOSING,
    FIRST_SEQ,
    INACTIVE,
    LAST_SEQ,
    PREVIOUS,
    RESET,
    SAW_END,
    STATE,
    SYN_SENT,
)  # fmt: skip

MASK32 = 0xFFFFFFFF
TOO_LARGE = 1_048_576  # a jump that a SYN, a RST or an ack of zero is not believed


@kernel
def delta(later: int, earlier: int) -> int:
    """later - earlier as a signed 32-bit number."""
    difference = (later - earlier) & MASK32
    return difference - ((difference & 0x80000000) << 1)


@kernel
def relative(first: int, seq: int, reached: int) -> int:
    """Where `seq` lies behind `first`, given the 64-bit number that the side had reached.

    Below zero: before the start, or too far behind to tell (Zeek's underflow).
    """
    last = reached & MASK32
    wraps = reached >> 32
    moved = delta(seq, last)
    if moved < 0 and wraps > 0 and seq > last:
        wraps -= 1
    elif moved > 0 and seq < last:
        wraps += 1
    if wraps == 0:
        return delta(seq, first & MASK32)
    return (wraps << 32) + seq - first


@kernel
def advance(flows: Words, row: int, word: int, seq: int) -> None:
    """Move a 64-bit sequence number on to `seq`; a smaller one means that it wrapped."""
    wraps = flows[row, word] >> 32
    if seq < flows[row, word] & MASK32:
        wraps += 1
    flows[row, word] = (wraps << 32) | seq


@kernel
def restart(flows: Words, row: int, side: int, first: int, last: int) -> None:
    """Begin the numbering of a side; `side` is its offset in the row. Wraps stay as counted."""
    flows[row, side + FIRST_SEQ] = first
    flows[row, side + ACK_SEQ] = (flows[row, side + ACK_SEQ] & ~MASK32) | first
    flows[row, side + LAST_SEQ] = (flows[row, side + LAST_SEQ] & ~MASK32) | last


@kernel
def nothing_acked(flows: Words, row: int, side: int) -> bool:
    """Whether at most the SYN of this side was acknowledged."""
    acked = flows[row, side + ACK_SEQ] - flows[row, side + FIRST_SEQ]
    return acked == 0 or acked == 1


@kernel
def size(flows: Words, row: int, side: int, peer: int) -> int:
    """Payload bytes of a side by its sequence numbers, seen or acknowledged, less SYN and FIN."""
    if (
        flows[row, side + PREVIOUS] == SYN_SENT
        and flows[row, side + STATE] == RESET
        and flows[row, peer + STATE] == INACTIVE
        and not nothing_acked(flows, row, side)
    ):
        return 0  # a half-open connection aborted: the numbers may be anything
    reached = max(flows[row, side + LAST_SEQ], flows[row, side + ACK_SEQ])
    octets = reached - flows[row, side + FIRST_SEQ]
    if octets != 0:
        octets -= 1
    if flows[row, side + CLOSING] & SAW_END and octets != 0:
        octets -= 1
    return octets
