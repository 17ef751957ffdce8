"""TCP: one segment after the other moves two endpoints through their states.

The endpoint states and what moves them are Zeek's (TCPSessionAdapter.cc); so is the order of
the steps of `segment`, on which history, byte counts and gaps depend. Every function gets the
row and the offsets of the two sides in it: `e` the endpoint that sent, `p` its peer.
"""

from __future__ import annotations

from parsers.kernel import Words, kernel
from parsers.packets.fields import (
    ACKNOWLEDGED,
    CAPTURED,
    DEADLINES,
    PAYLOAD_AT,
    PAYLOAD_BYTES,
    SEQUENCE,
    TIME,
    TRANSPORT_AT,
    WINDOW,
    ZEEK_COMPAT,
)  # fmt: skip
from parsers.packets.fields import FLAGS as TCP_FLAGS
from parsers.packets.transport import ACK, FIN, RST, SYN
from sensor.flows.begin import responder_port
from sensor.flows.history import (
    FLIP,
    LETTER_A,
    LETTER_D,
    LETTER_F,
    LETTER_H,
    LETTER_I,
    LETTER_Q,
    LETTER_R,
    LETTER_S,
    LETTER_T,
    LETTER_W,
    RESPONDER,
    SAW_ACK,
    SAW_DATA,
    SAW_FIN,
    SAW_FIN_RST,
    SAW_MIXED,
    SAW_RST,
    SAW_SYN,
    append,
    note,
    note_once,
    note_scaled,
)  # fmt: skip
from sensor.flows.reassembly import acknowledge, data_pending, data_sent, reached_end
from sensor.flows.row import (
    ACK_SEQ,
    ACTIVE,
    ATTEMPT_AT,
    BOGUS_ACK,
    CLOSE_DEFERRED,
    CLOSED,
    CLOSING,
    DELETE_AT,
    DID_CLOSE,
    ESTABLISHED,
    FIN_SEQ,
    FIRST_SEQ,
    FLAGS,
    HISTORY,
    INACTIVE,
    LAST,
    LAST_FIN,
    LAST_RST,
    LAST_SEQ,
    LAST_SYN,
    LETTERS,
    LINGER_AT,
    NEVER,
    ORIGINATOR,
    PACKETS,
    PARTIAL,
    PARTIAL_FLOW,
    PREVIOUS,
    RESET,
    RESTARTED,
    RETRANSMITS,
    SAW_END,
    SEEN_ORIG,
    SEEN_RESP,
    SIDE,
    SIDES,
    STATE,
    SYN_ACK_SENT,
    SYN_SENT,
    ZERO_WINDOWS,
)  # fmt: skip
from sensor.flows.sequence import MASK32, TOO_LARGE, advance, delta, relative, restart
from sensor.flows.timers import (
    ATTEMPT_DELAY,
    CLOSE_DELAY,
    IDLE_INTERACTIVE,
    IDLE_TCP,
    SESSION_TIMER,
    cancel_session_timers,
    set_idle_timeout,
)  # fmt: skip

INTERACTIVE_PORTS = (21, 22, 23, 513)  # base/protocols/conn/inactivity.zeek


@kernel
def segment(flows: Words, blocks: Words, weirds: Words, p_: Words, row: int, side: int) -> None:
    """Process one TCP segment that `side` sent."""
    flags = p_[TCP_FLAGS]
    flip_after_syn_ack(flows, row, flags)
    deferred = flows[row, FLAGS] & CLOSE_DEFERRED
    e, p = SIDES + side * SIDE, SIDES + (1 - side) * SIDE
    length, seq = p_[PAYLOAD_BYTES], p_[SEQUENCE]
    octets = sequence_length(length, flags)
    end = (seq + octets) & MASK32

    note_partial(flows, row, side, flags)
    begin_endpoint(flows, row, e, flags, seq, end)
    at = relative(flows[row, e + FIRST_SEQ], seq, flows[row, e + LAST_SEQ])
    note_flags(flows, row, side, flags, at, length)
    if p_[WINDOW] == 0 and not flags & RST:
        if flows[row, p + STATE] != CLOSED and flows[row, e + STATE] != RESET:
            note_scaled(flows, row, side, e + ZERO_WINDOWS, LETTER_W)
    if not flows[row, e + CLOSING] & flows[row, p + CLOSING] & DID_CLOSE:
        flows[row, LAST] = p_[TIME]
    if flags & FIN:
        flows[row, e + CLOSING] |= SAW_END
        flows[row, e + FIN_SEQ] = at + octets if at + octets >= 0 else NEVER
    acked = 0
    if flags & ACK:
        acked = take_acknowledgement(flows, row, p, p_[ACKNOWLEDGED], flags, p_[ZEEK_COMPAT])
    take_sequence(flows, row, side, e, flags, end, length)

    do_close = change_state(flows, row, side, e, p, flags, length, p_[TIME])
    if flags & ACK and acknowledge(flows, blocks, row, p, acked):
        if reached_end(flows, row, p):
            end_of_data(flows, row, p, e)
    flows[row, FLAGS] |= SEEN_ORIG if is_originator(flows, row, side) else SEEN_RESP
    if length > 0 and at >= 0 and not flags & RST:
        if p_[CAPTURED] - (p_[PAYLOAD_AT] - p_[TRANSPORT_AT]) >= length:
            begin = at + 1 if flags & SYN else at
            data_sent(flows, blocks, weirds, row, e, begin, begin + length)
    if reached_end(flows, row, e):
        end_of_data(flows, row, e, p)
    if do_close:
        close(flows, row, e, p)
    if flags & (SYN | FIN | RST) or flows[row, FLAGS] & CLOSE_DEFERRED or deferred:
        p_[DEADLINES] = 1


@kernel
def is_originator(flows: Words, row: int, side: int) -> bool:
    """Tell whether a side is the originator."""
    return flows[row, FLAGS] & ORIGINATOR == side


@kernel
def sequence_length(length: int, flags: int) -> int:
    """Sequence space that a segment takes: SYN and FIN count one, data of a RST does not count."""
    octets = 0 if flags & RST else length
    if flags & SYN:
        octets += 1
    if flags & FIN:
        octets += 1
    return octets


@kernel
def flip_after_syn_ack(flows: Words, row: int, flags: int) -> None:
    """A connection that began with a SYN-ACK and goes on was seen from its second packet."""
    if flags & (SYN | FIN | RST) or flows[row, LETTERS] != 1 or flows[row, HISTORY] != LETTER_H:
        return
    flip(flows, row)
    flows[row, LETTERS] = 0
    flows[row, HISTORY] = 0
    append(flows, row, FLIP)
    append(flows, row, LETTER_H + RESPONDER)


@kernel
def flip(flows: Words, row: int) -> None:
    """Exchange the roles: one bit, and the roles' own flags."""
    flags = flows[row, FLAGS] ^ ORIGINATOR
    seen = (flags & SEEN_ORIG) * 2 + (flags & SEEN_RESP) // 2
    flows[row, FLAGS] = (flags & ~(SEEN_ORIG | SEEN_RESP | PARTIAL_FLOW)) | seen


@kernel
def note_partial(flows: Words, row: int, side: int, flags: int) -> None:
    """Zeek's SetPartialStatus: judged at the first packet of each role."""
    state = flows[row, FLAGS]
    partial = state & PARTIAL_FLOW
    if is_originator(flows, row, side):
        if not state & SEEN_ORIG:
            partial = 0 if flags & SYN and not flags & ACK else PARTIAL_FLOW
    elif not state & SEEN_RESP and not partial:
        partial = 0 if flags & SYN else PARTIAL_FLOW
    flows[row, FLAGS] = (state & ~PARTIAL_FLOW) | partial


@kernel
def begin_endpoint(flows: Words, row: int, e: int, flags: int, seq: int, end: int) -> None:
    """Set or reset where the endpoint's numbering begins."""
    state = flows[row, e + STATE]
    if state == INACTIVE:
        if flags & SYN:
            restart(flows, row, e, seq, end)
        else:
            # As if there had been a SYN, so that the first byte is number 1.
            restart(flows, row, e, (seq - 1) & MASK32, seq)
    elif flags & SYN:
        again = state == RESET and flows[row, e + PREVIOUS] == INACTIVE
        if state == SYN_SENT or state == SYN_ACK_SENT:
            again = seq != flows[row, e + FIRST_SEQ] & MASK32
        if state >= PARTIAL and seq != flows[row, e + FIRST_SEQ] & MASK32:
            flows[row, FLAGS] |= RESTARTED
        if again or state == ESTABLISHED or state == PARTIAL:
            restart(flows, row, e, seq, end)


@kernel
def note_flags(flows: Words, row: int, side: int, flags: int, at: int, length: int) -> None:
    """The segment's letter in the history."""
    kind = flags & (SYN | FIN | RST)
    e = SIDES + side * SIDE
    if kind == 0:
        if length:
            note_once(flows, row, side, SAW_DATA, LETTER_D)
        elif flags & ACK:
            note_once(flows, row, side, SAW_ACK, LETTER_A)
    elif kind == SYN:
        letter = LETTER_H if flags & ACK else LETTER_S
        note_again(flows, row, side, SAW_SYN, letter, e + LAST_SYN, at)
    elif kind == FIN:
        # A FIN stands at the end of its segment's data.
        note_again(flows, row, side, SAW_FIN, LETTER_F, e + LAST_FIN, at + length)
    elif kind == RST:
        note_again(flows, row, side, SAW_RST, LETTER_R, e + LAST_RST, at)
    elif kind & FIN and kind & RST:
        note_once(flows, row, side, SAW_FIN_RST, LETTER_I)
    else:
        note_once(flows, row, side, SAW_MIXED, LETTER_Q)


@kernel
def note_again(
    flows: Words, row: int, side: int, bit: int, letter: int, word: int, at: int
) -> None:
    """Note a SYN, FIN or RST the first time, and again when its sequence number is another."""
    if note_once(flows, row, side, bit, letter) and at != flows[row, word]:
        note(flows, row, side, letter)
    flows[row, word] = at


@kernel
def take_acknowledgement(flows: Words, row: int, p: int, ack: int, flags: int, compat: int) -> int:
    """Note what the peer's data is acknowledged up to; returns it relative to the peer's start.

    An acknowledgement far beyond all that the peer was seen to send is bogus (zeek/zeek#3313).
    Zeek counts it as bytes; otherwise it is not believed.
    """
    if flows[row, p + STATE] == INACTIVE:
        restart(flows, row, p, (ack - 1) & MASK32, (ack - 1) & MASK32)
        return 1
    at = relative(flows[row, p + FIRST_SEQ], ack, flows[row, p + ACK_SEQ])
    if at < 0:
        return 0
    seen = flows[row, p + LAST_SEQ] - flows[row, p + FIRST_SEQ]
    if at - seen > TOO_LARGE and flows[row, p + PACKETS] > 0:
        flows[row, FLAGS] |= BOGUS_ACK
        if not compat:
            return 0
    if not flags & RST:
        moved = delta(ack, flows[row, p + ACK_SEQ] & MASK32)
        if moved > 0 and not (ack == 0 and moved > TOO_LARGE):
            advance(flows, row, p + ACK_SEQ, ack)
    return at


@kernel
def take_sequence(
    flows: Words, row: int, side: int, e: int, flags: int, end: int, length: int
) -> None:
    """Move the highest sequence number of the endpoint; what does not move it was sent before."""
    moved = delta(end, flows[row, e + LAST_SEQ] & MASK32)
    if flags & (SYN | RST) and (moved > TOO_LARGE or moved < -TOO_LARGE):
        return
    only_syn = flows[row, e + LAST_SEQ] & MASK32 == (flows[row, e + FIRST_SEQ] + 1) & MASK32
    if flags & FIN and only_syn:
        # More than 2 GB of which only SYN and FIN were seen.
        advance(flows, row, e + LAST_SEQ, end)
    elif flows[row, e + STATE] == RESET:
        return
    elif moved > 0:
        advance(flows, row, e + LAST_SEQ, end)
    elif length > 0:
        note_scaled(flows, row, side, e + RETRANSMITS, LETTER_T)


@kernel
def set_state(flows: Words, row: int, e: int, state: int) -> None:
    """Change the state of an endpoint; the first to leave the handshake sets the timeout."""
    before = flows[row, e + STATE]
    if state == before:
        return
    peer = flows[row, 2 * SIDES + SIDE - e + STATE]
    if state >= PARTIAL and before < PARTIAL and peer < PARTIAL:
        set_idle_timeout(flows, row, IDLE_TCP)
    flows[row, e + PREVIOUS] = before
    flows[row, e + STATE] = state


@kernel
def change_state(
    flows: Words, row: int, side: int, e: int, p: int, flags: int, length: int, time: int
) -> bool:
    """Zeek's UpdateStateMachine; tells whether this endpoint closes."""
    state = flows[row, e + STATE]
    if state == INACTIVE:
        return from_inactive(flows, row, side, e, p, flags, length, time)
    if state == SYN_SENT or state == SYN_ACK_SENT:
        if flags & FIN:
            set_state(flows, row, e, CLOSED)
        if flags & RST:
            set_state(flows, row, e, RESET)
            flows[row, FLAGS] &= ~ACTIVE
        return flags & (FIN | RST) != 0
    if state == ESTABLISHED or state == PARTIAL:
        return from_established(flows, row, e, p, flags)
    if state == CLOSED and flags & RST and flows[row, p + STATE] != CLOSED:
        set_state(flows, row, e, RESET)
        return not flows[row, e + CLOSING] & DID_CLOSE
    return False


@kernel
def from_inactive(
    flows: Words, row: int, side: int, e: int, p: int, flags: int, length: int, time: int
) -> bool:
    """The first packets of an endpoint."""
    if flags & SYN:
        if is_originator(flows, row, side):
            set_state(flows, row, e, SYN_ACK_SENT if flags & ACK else SYN_SENT)
            flows[row, ATTEMPT_AT] = time + ATTEMPT_DELAY
        else:
            answer_to_syn(flows, row, e, p, flags)
    if flags & FIN:
        set_state(flows, row, e, CLOSED)
    if flags & RST:
        set_state(flows, row, e, RESET)
    if flows[row, e + STATE] == INACTIVE:
        first_without_syn(flows, row, side, e, p, flags, length)
    return flags & (FIN | RST) != 0


@kernel
def answer_to_syn(flows: Words, row: int, e: int, p: int, flags: int) -> None:
    """A SYN or SYN-ACK of the responder."""
    if not flags & ACK and flows[row, p + STATE] == SYN_ACK_SENT:
        # The SYN came after its SYN-ACK: the capture had them in the wrong order.
        flip(flows, row)
        append(flows, row, FLIP)
        set_state(flows, row, p, ESTABLISHED)
        flows[row, FLAGS] |= SEEN_ORIG
    if flows[row, p + STATE] == SYN_SENT:
        set_state(flows, row, p, ESTABLISHED)
    set_state(flows, row, e, ESTABLISHED)
    if flows[row, p + STATE] != PARTIAL:
        established(flows, row)


@kernel
def established(flows: Words, row: int) -> None:
    """Services at whose prompt a person may sit for long are given an hour of silence."""
    if responder_port(flows, row) in INTERACTIVE_PORTS:
        set_idle_timeout(flows, row, IDLE_INTERACTIVE)


@kernel
def first_without_syn(
    flows: Words, row: int, side: int, e: int, p: int, flags: int, length: int
) -> None:
    """The first packet of an endpoint has neither SYN, FIN nor RST."""
    originator = is_originator(flows, row, side)
    if not originator and length == 0 and flows[row, p + STATE] == SYN_SENT:
        return  # some stacks acknowledge a SYN before they answer it
    if flags & ACK and flows[row, p + STATE] == ESTABLISHED:
        # Only the SYN was missed.
        set_state(flows, row, e, ESTABLISHED)
        flows[row, FLAGS] = (flows[row, FLAGS] & ~PARTIAL_FLOW) | (
            SEEN_ORIG if originator else SEEN_RESP
        )
    else:
        set_state(flows, row, e, PARTIAL)


@kernel
def from_established(flows: Words, row: int, e: int, p: int, flags: int) -> bool:
    """A FIN or RST of an established endpoint; tells whether it closes."""
    if flags & SYN and not flags & ACK:
        if flows[row, e + STATE] == PARTIAL and flows[row, p + STATE] == INACTIVE:
            set_state(flows, row, e, SYN_SENT)
    if flags & FIN and not flags & RST:
        set_state(flows, row, e, CLOSED)
        if flows[row, p + STATE] == RESET and flows[row, p + PREVIOUS] == CLOSED:
            # The peer's FIN, then its RST: a normal end after all.
            set_state(flows, row, p, CLOSED)
        return True
    if flags & RST:
        set_state(flows, row, e, RESET)
        if flows[row, p + STATE] != RESET or flows[row, p + PREVIOUS] != ESTABLISHED:
            flows[row, FLAGS] &= ~ACTIVE
        return True
    return False


@kernel
def end_of_data(flows: Words, row: int, e: int, p: int) -> None:
    """A side's data is complete: a close that waited for it goes on."""
    if flows[row, FLAGS] & CLOSE_DEFERRED:
        close(flows, row, e, p)
        flows[row, FLAGS] &= ~CLOSE_DEFERRED


@kernel
def close(flows: Words, row: int, e: int, p: int) -> None:
    """Zeek's ConnectionClosed: mark the side closed, and set when the connection is over."""
    if data_pending(flows, row, e):
        flows[row, FLAGS] |= CLOSE_DEFERRED
        return
    flows[row, FLAGS] &= ~CLOSE_DEFERRED
    if flows[row, e + CLOSING] & DID_CLOSE:
        return
    flows[row, e + CLOSING] |= DID_CLOSE
    peer_done = flows[row, p + CLOSING] & DID_CLOSE or flows[row, p + STATE] == INACTIVE
    if flows[row, e + STATE] == RESET or peer_done:
        cancel_session_timers(flows, row)
        flows[row, DELETE_AT] = flows[row, LAST] + CLOSE_DELAY
    elif flows[row, e + PREVIOUS] != INACTIVE:
        flows[row, LINGER_AT] = flows[row, LAST] + SESSION_TIMER


@kernel
def is_reuse(flows: Words, row: int, flags: int, seq: int) -> bool:
    """Whether a SYN on a known key begins a new connection (Zeek's IsReuse)."""
    if not flags & SYN:
        return False
    orig = SIDES + (flows[row, FLAGS] & ORIGINATOR) * SIDE
    resp = 2 * SIDES + SIDE - orig
    known = orig
    if flags & ACK:
        if flows[row, orig + STATE] != INACTIVE:
            return False
        known = resp
    if (flows[row, orig + CLOSING] | flows[row, resp + CLOSING]) & DID_CLOSE:
        return True
    if seq == flows[row, known + FIRST_SEQ] & MASK32:
        return False
    reversal = (
        not flags & ACK
        and flows[row, orig + STATE] == SYN_ACK_SENT
        and flows[row, resp + STATE] == INACTIVE
        and seq == flows[row, resp + FIRST_SEQ] & MASK32
    )
    return not reversal
