"""Connection attempts: a flow that has sent nothing but SYNs is kept in a third of a row.

A scan or a SYN flood opens flows by the million that never become connections. What such a flow
has to remember fits 24 words (the first 13 are those of a row), so after each SYN its row is packed
into the array of attempts and is free for others. Anything else that happens to the flow (a
packet, a timer) unpacks it first, so that the rest of the core knows rows only.

In the hash table and on the heap of timers an attempt's place is PACKED + its index.
"""

from __future__ import annotations

from parsers.kernel import Words, kernel
from sensor.flows.begin import take_row
from sensor.flows.key import replace, row_hash
from sensor.flows.row import (
    ACK_SEQ,
    ATTEMPT_AT,
    ATTEMPTS,
    DELETE_AT,
    EXPIRE_AT,
    FIRST_SEQ,
    FLAGS,
    FRAME,
    FREE_ATTEMPT,
    FREE_ROW,
    HISTORY,
    HISTORY_WORDS,
    IDLE_AFTER,
    IDLE_AT,
    INACTIVE,
    IP_OCTETS,
    LAST_SEQ,
    LAST_SYN,
    LINGER_AT,
    MISSED,
    NEVER,
    NEXT,
    OPEN,
    ORIGINATOR,
    PACKED,
    PACKETS,
    PAYLOAD,
    PAYLOAD_WAITS,
    POSITION,
    RETRANSMITS,
    SERIAL,
    SIDE,
    SIDES,
    STATE,
    SYN_SENT,
    TOP,
    TRIM,
    USED_ATTEMPTS,
    WORDS,
    ZERO_WINDOWS,
)  # fmt: skip
from sensor.flows.timers import IDLE_OTHER, earliest, push

SAME = 13  # words that lie where a row has them: up to the first of the history
OF_FLOW = (IDLE_AT, ATTEMPT_AT, EXPIRE_AT, FRAME)
OF_SENDER = (FIRST_SEQ, LAST_SEQ, PACKETS, IP_OCTETS, LAST_SYN, RETRANSMITS, ZERO_WINDOWS)
ATTEMPT_WORDS = SAME + len(OF_FLOW) + len(OF_SENDER)


@kernel
def schedule(
    flows: Words, attempts: Words, table: Words, heap: Words, numbers: Words, row: int, before: int
) -> None:
    """Put a flow on the heap if its earliest deadline moved before the one it waits under.

    A flow that has sent only SYNs is packed. `before`: its place until now; packed again it lies
    there again, and its entry on the heap stays good.
    """
    place = row
    if is_attempt(flows, row):
        place = PACKED + pack(flows, attempts, numbers, row)
        replace(table, row_hash(flows, row), row, place)
    if before >= PACKED and place != before:
        flows[row, NEXT] = NEVER
    due = earliest(flows, row)
    if due < flows[row, NEXT]:
        flows[row, NEXT] = due
        push(heap, numbers, due, place, flows[row, SERIAL])
    if place != row:
        attempts[place - PACKED, NEXT] = flows[row, NEXT]
        flows[row, SERIAL] = 0
        flows[row, NEXT] = numbers[FREE_ROW]
        numbers[FREE_ROW] = row


@kernel
def is_attempt(flows: Words, row: int) -> bool:
    """Tell whether a flow has sent SYNs, received nothing, and has nothing else to remember."""
    sender = SIDES + (flows[row, FLAGS] & ORIGINATOR) * SIDE
    peer = 2 * SIDES + SIDE - sender
    if flows[row, sender + STATE] != SYN_SENT or flows[row, peer + STATE] != INACTIVE:
        return False
    if flows[row, FLAGS] & PAYLOAD_WAITS:
        return False
    for word in range(HISTORY + 1, HISTORY + HISTORY_WORDS):
        if flows[row, word] != 0:
            return False
    if flows[row, IDLE_AFTER] != IDLE_OTHER or flows[row, MISSED] != 0:
        return False
    if flows[row, LINGER_AT] != NEVER or flows[row, DELETE_AT] != NEVER:
        return False
    for word in range(SIDE):
        if flows[row, peer + word] != untouched(word):
            return False
        expected = untouched(word)
        if word in OF_SENDER:
            expected = flows[row, sender + word]
        elif word == STATE:
            expected = SYN_SENT
        elif word == ACK_SEQ:
            expected = flows[row, sender + FIRST_SEQ]
        if flows[row, sender + word] != expected:
            return False
    return True


@kernel
def untouched(word: int) -> int:
    """Return what a word of a side is before the side's first packet."""
    if word in (POSITION, TRIM, TOP):
        return 1
    return -1 if word == PAYLOAD else 0


@kernel
def pack(flows: Words, attempts: Words, numbers: Words, row: int) -> int:
    """Copy a row that `is_attempt` into an attempt; returns its index."""
    index = numbers[FREE_ATTEMPT]
    if index:
        numbers[FREE_ATTEMPT] = attempts[index, NEXT]
    else:
        numbers[USED_ATTEMPTS] += 1
        index = numbers[USED_ATTEMPTS]
    numbers[ATTEMPTS] += 1
    numbers[OPEN] -= 1
    for word in range(SAME):
        attempts[index, word] = flows[row, word]
    for k in range(len(OF_FLOW)):
        attempts[index, SAME + k] = flows[row, OF_FLOW[k]]
    sender = SIDES + (flows[row, FLAGS] & ORIGINATOR) * SIDE
    for k in range(len(OF_SENDER)):
        attempts[index, SAME + len(OF_FLOW) + k] = flows[row, sender + OF_SENDER[k]]
    return index


@kernel
def unpack(flows: Words, attempts: Words, table: Words, numbers: Words, place: int) -> int:
    """Give the attempt at PACKED + index a row again; returns the row, which is to be scheduled."""
    index = place - PACKED
    row = take_row(flows, numbers)
    numbers[OPEN] += 1
    for word in range(SAME):
        flows[row, word] = attempts[index, word]
    for word in range(SAME, WORDS):
        flows[row, word] = 0
    flows[row, IDLE_AFTER] = IDLE_OTHER
    flows[row, LINGER_AT] = NEVER
    flows[row, DELETE_AT] = NEVER
    for k in range(len(OF_FLOW)):
        flows[row, OF_FLOW[k]] = attempts[index, SAME + k]
    for word in range(SIDE):
        flows[row, SIDES + word] = untouched(word)
        flows[row, SIDES + SIDE + word] = untouched(word)
    sender = SIDES + (flows[row, FLAGS] & ORIGINATOR) * SIDE
    for k in range(len(OF_SENDER)):
        flows[row, sender + OF_SENDER[k]] = attempts[index, SAME + len(OF_FLOW) + k]
    flows[row, sender + STATE] = SYN_SENT
    flows[row, sender + ACK_SEQ] = flows[row, sender + FIRST_SEQ]
    replace(table, row_hash(flows, row), place, row)
    attempts[index, SERIAL] = 0
    attempts[index, NEXT] = numbers[FREE_ATTEMPT]
    numbers[FREE_ATTEMPT] = index
    numbers[ATTEMPTS] -= 1
    return row
