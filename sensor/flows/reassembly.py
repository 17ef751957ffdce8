"""What of a TCP stream has arrived: positions, holes and gaps, without keeping the bytes.

Zeek declares a gap when the peer acknowledges data that was never seen, and closes a
connection only when no data is pending; both need no payload, only intervals. Per side:
POSITION (everything before it was delivered or given up), TRIM (what the peer acknowledged),
TOP (end of the highest block seen) and a list of blocks beyond a hole, in a pool that all
flows share. Positions are relative to the side's first sequence number and start at 1.

Source: Zeek's Reassem.cc and TCP_Reassembler.cc.
"""

from __future__ import annotations

from parsers.kernel import Words, kernel
from parsers.packets.intervals import BEGIN, END, add, clear, drop_first
from parsers.packets.intervals import size as size_of
from parsers.weirds import CODES
from sensor.flows.history import LETTER_G, note_scaled
from sensor.flows.row import (
    ACK_SEQ,
    CLOSED,
    CLOSING,
    DID_EOF,
    ESTABLISHED,
    FIN_SEQ,
    FIRST_SEQ,
    FLAGS,
    GAPS,
    HELD,
    LAST_SEQ,
    MISSED,
    PARTIAL_FLOW,
    POSITION,
    PREVIOUS,
    RESET,
    SAW_END,
    SIDE,
    SIDES,
    SKIPPING,
    STATE,
    TOP,
    TRIM,
)  # fmt: skip
from sensor.flows.sequence import nothing_acked, size

MAX_INITIAL_WINDOW = 16_384  # tcp_max_initial_window
MAX_ABOVE_HOLE = 16_384  # tcp_max_above_hole_without_any_acks
MAX_UNACKED = 10_485_760  # tcp_excessive_data_without_further_acks
NO_ACKS = CODES["above_hole_data_without_any_acks"]
TOO_MUCH = CODES["excessive_data_without_further_acks"]


@kernel
def data_sent(
    flows: Words, blocks: Words, weirds: Words, row: int, side: int, begin: int, end: int
) -> None:
    """Take in the payload at [begin, end) of the side whose words start at `side`."""
    if flows[row, side + CLOSING] & SKIPPING:
        return
    acked = flows[row, side + ACK_SEQ] - flows[row, side + FIRST_SEQ]
    if begin < acked:
        if end <= acked:
            return
        begin = acked
    begin = max(begin, flows[row, side + TRIM])
    if begin < end:
        flows[row, side + TOP] = max(flows[row, side + TOP], end)
        if begin > flows[row, side + POSITION]:
            flows[row, side + HELD] = add(blocks, flows[row, side + HELD], begin, end)
        elif end > flows[row, side + POSITION]:
            flows[row, side + POSITION] = end
            deliver_held(flows, blocks, row, side)
            trim_unacked(flows, row, side)
    give_up_if_hopeless(flows, blocks, weirds, row, side)


@kernel
def trim_unacked(flows: Words, row: int, side: int) -> None:
    """Let delivered data go when the peer's acknowledgements seem never to be seen."""
    peer = 2 * SIDES + SIDE - side
    if nothing_acked(flows, row, side) and size(flows, row, side, peer) > MAX_INITIAL_WINDOW:
        flows[row, side + TRIM] = max(flows[row, side + TRIM], flows[row, side + POSITION])


@kernel
def give_up_if_hopeless(flows: Words, blocks: Words, weirds: Words, row: int, side: int) -> None:
    """Stop reassembling a side that waits for too much (Zeek's limits)."""
    position, top = flows[row, side + POSITION], flows[row, side + TOP]
    if top <= flows[row, side + TRIM]:
        return
    if top - position > MAX_ABOVE_HOLE and nothing_acked(flows, row, side):
        weirds[NO_ACKS] += 1
        stop(flows, blocks, row, side)
    elif top - flows[row, side + TRIM] > MAX_UNACKED:
        delivered = max(0, position - flows[row, side + TRIM])
        if delivered + size_of(blocks, flows[row, side + HELD]) > MAX_UNACKED:
            weirds[TOO_MUCH] += 1
            stop(flows, blocks, row, side)


@kernel
def stop(flows: Words, blocks: Words, row: int, side: int) -> None:
    """Give up reassembling this side for good."""
    clear(blocks, flows[row, side + HELD])
    flows[row, side + HELD] = 0
    flows[row, side + TOP] = flows[row, side + TRIM]
    flows[row, side + CLOSING] |= SKIPPING


@kernel
def deliver_held(flows: Words, blocks: Words, row: int, side: int) -> None:
    """Deliver the held blocks that POSITION has reached."""
    block = flows[row, side + HELD]
    while block != 0 and blocks[block, BEGIN] <= flows[row, side + POSITION]:
        flows[row, side + POSITION] = max(flows[row, side + POSITION], blocks[block, END])
        block = drop_first(blocks, block)
    flows[row, side + HELD] = block


@kernel
def acknowledge(flows: Words, blocks: Words, row: int, side: int, up_to: int) -> bool:
    """The peer acknowledged this side's data up to `up_to`. Tells whether TRIM moved."""
    if flows[row, side + CLOSING] & SAW_END and up_to >= flows[row, side + FIN_SEQ]:
        up_to = flows[row, side + FIN_SEQ] - 1
    if up_to <= flows[row, side + TRIM]:
        return False
    if up_to > flows[row, side + POSITION]:
        undelivered(flows, blocks, row, side, up_to)
    flows[row, side + TRIM] = up_to
    if (
        flows[row, side + HELD]
        and blocks[flows[row, side + HELD], BEGIN] <= flows[row, side + POSITION]
    ):
        deliver_held(flows, blocks, row, side)
        trim_unacked(flows, row, side)
    return True


@kernel
def undelivered(flows: Words, blocks: Words, row: int, side: int, up_to: int) -> None:
    """Data up to `up_to` arrived at the peer and was not seen: every hole before it is a gap."""
    if up_to <= 2 and flows[row, FLAGS] & PARTIAL_FLOW:
        return  # the faked start of a connection seen from the middle, or its keep-alive
    if not flows[row, side + CLOSING] & SKIPPING:
        block = flows[row, side + HELD]
        while block != 0 and blocks[block, BEGIN] < up_to:
            gap(flows, row, side, blocks[block, BEGIN] - flows[row, side + POSITION])
            flows[row, side + POSITION] = blocks[block, BEGIN]
            deliver_held(flows, blocks, row, side)
            block = flows[row, side + HELD]
        if up_to > flows[row, side + POSITION]:
            gap(flows, row, side, up_to - flows[row, side + POSITION])
    flows[row, side + POSITION] = max(flows[row, side + POSITION], up_to)


@kernel
def gap(flows: Words, row: int, side: int, octets: int) -> None:
    """Report a gap, but only while both ends are established or closing cleanly."""
    if is_clean(flows, row, SIDES) and is_clean(flows, row, SIDES + SIDE):
        note_scaled(flows, row, (side - SIDES) // SIDE, side + GAPS, LETTER_G)
        flows[row, MISSED] += octets


@kernel
def is_clean(flows: Words, row: int, side: int) -> bool:
    """Tell whether a side is established, or closed from there by its FIN."""
    state = flows[row, side + STATE]
    return state == ESTABLISHED or (state == CLOSED and flows[row, side + PREVIOUS] == ESTABLISHED)


@kernel
def data_pending(flows: Words, row: int, side: int) -> bool:
    """Whether a side that closed still has data that did not arrive, or owes an answer."""
    if flows[row, side + CLOSING] & SKIPPING:
        return False
    delivered = flows[row, side + FIRST_SEQ] + flows[row, side + POSITION]
    last = flows[row, side + LAST_SEQ]
    if last < delivered:
        return False
    if delivered != last - 1 and delivered != last:
        return True
    peer = 2 * SIDES + SIDE - side
    has_blocks = flows[row, peer + TOP] > flows[row, peer + TRIM]
    return flows[row, side + STATE] != RESET and has_blocks


@kernel
def reached_end(flows: Words, row: int, side: int) -> bool:
    """Zeek's CheckEOF: true once, when a closed side's data is complete."""
    if flows[row, side + CLOSING] & DID_EOF:
        return False
    state = flows[row, side + STATE]
    if not flows[row, side + CLOSING] & SAW_END and state != CLOSED and state != RESET:
        return False
    if data_pending(flows, row, side):
        return False
    flows[row, side + CLOSING] |= DID_EOF
    return True
