"""Timers: when does a flow that says nothing more come to its end?

One binary heap, one entry a flow, under the flow's earliest deadline; the deadlines themselves
stand in the row. A deadline that moves to a later time leaves the entry where it is (when it
comes up, the flow is put back); one that moves to an earlier time adds a second entry, and the
old one is recognised as stale. Timers fire at the time of the packet being read and re-arm from
that time, as Zeek's do; that is why they cannot be checked lazily at a flow's next packet.

Defaults: Zeek's scripts/base/init-bare.zeek and base/protocols/conn/inactivity.zeek.
"""

from __future__ import annotations

from parsers.kernel import Words, kernel
from parsers.packets.transport import TCP
from sensor.flows.row import (
    ACTIVE,
    ATTEMPT_AT,
    CLOSING,
    DELETE_AT,
    DID_CLOSE,
    EXPIRE_AT,
    FLAGS,
    IDLE_AFTER,
    IDLE_AT,
    INACTIVE,
    KEY_REST,
    LAST,
    LINGER_AT,
    NEVER,
    NEXT,
    ORIGINATOR,
    PACKED,
    PLACE_BITS,
    RESET,
    SERIAL,
    SIDE,
    SIDES,
    STATE,
    SYN_ACK_SENT,
    SYN_SENT,
    TIMERS,
)  # fmt: skip

SECOND = 1_000_000_000
ATTEMPT_DELAY = 5 * SECOND  # tcp_attempt_delay
SYN_TIMEOUT = 5 * SECOND  # tcp_SYN_timeout
SESSION_TIMER = 6 * SECOND  # tcp_session_timer
LINGER = 5 * SECOND  # tcp_connection_linger
CLOSE_DELAY = 5 * SECOND  # tcp_close_delay
IDLE_TCP = 300 * SECOND  # tcp_inactivity_timeout
IDLE_OTHER = 60 * SECOND  # udp_, icmp_ and unknown_ip_inactivity_timeout; TCP in its handshake
IDLE_INTERACTIVE = 3600 * SECOND  # SSH, FTP, Telnet and rlogin by their ports
IDLE_TUNNEL = 24 * 3600 * SECOND  # Tunnel::ip_tunnel_timeout
NAME_SERVICE_TIMER = 10 * SECOND  # dns_session_timeout

DUE, WHO = 0, 1  # columns of a heap entry; WHO: 31 bits of the flow's serial above its place


@kernel
def push(heap: Words, numbers: Words, due: int, place: int, serial: int) -> None:
    """Add an entry for the flow at a place."""
    entry = numbers[TIMERS]
    numbers[TIMERS] = entry + 1
    while entry > 0:
        parent = (entry - 1) // 2
        if heap[parent, DUE] <= due:
            break
        copy(heap, parent, entry)
        entry = parent
    heap[entry, DUE] = due
    heap[entry, WHO] = who(place, serial)


@kernel
def who(place: int, serial: int) -> int:
    """Which flow an entry is for."""
    return ((serial & 0x7FFFFFFF) << 32) | place


@kernel
def first_place(heap: Words) -> int:
    """Return the place of the flow whose deadline is the earliest."""
    return heap[0, WHO] & PLACE_BITS


@kernel
def pop(heap: Words, numbers: Words) -> None:
    """Remove the first entry: the last one sinks from the top to its place."""
    count = numbers[TIMERS] - 1
    numbers[TIMERS] = count
    due = heap[count, DUE]
    place = 0
    while True:
        child = 2 * place + 1
        if child >= count:
            break
        if child + 1 < count and heap[child + 1, DUE] < heap[child, DUE]:
            child += 1
        if heap[child, DUE] >= due:
            break
        copy(heap, child, place)
        place = child
    if count > 0:
        copy(heap, count, place)


@kernel
def copy(heap: Words, source: int, target: int) -> None:
    """Copy an entry to another place."""
    heap[target, DUE] = heap[source, DUE]
    heap[target, WHO] = heap[source, WHO]


@kernel
def earliest(flows: Words, row: int) -> int:
    """Return the earliest of the flow's deadlines."""
    due = min(flows[row, IDLE_AT], flows[row, DELETE_AT])
    due = min(due, flows[row, ATTEMPT_AT])
    return min(due, min(flows[row, EXPIRE_AT], flows[row, LINGER_AT]))


@kernel
def set_idle_timeout(flows: Words, row: int, timeout: int) -> None:
    """Change the inactivity timeout; it counts from the last packet so far."""
    if flows[row, IDLE_AFTER] != timeout:
        flows[row, IDLE_AFTER] = timeout
        flows[row, IDLE_AT] = flows[row, LAST] + timeout


@kernel
def cancel_session_timers(flows: Words, row: int) -> None:
    """Forget the attempt and session timers: the connection closed completely."""
    flows[row, ATTEMPT_AT] = NEVER
    flows[row, EXPIRE_AT] = NEVER
    flows[row, LINGER_AT] = NEVER


@kernel
def fire(flows: Words, row: int, now: int) -> bool:
    """Run the flow's due timers in the order of their deadlines; tell whether it has ended."""
    while True:
        due = earliest(flows, row)
        if due > now:
            return False
        if due == flows[row, DELETE_AT]:
            return True
        if due == flows[row, IDLE_AT]:
            if idle(flows, row, now):
                return True
        elif due == flows[row, ATTEMPT_AT]:
            if attempt(flows, row, now):
                return True
        else:
            which = EXPIRE_AT if due == flows[row, EXPIRE_AT] else LINGER_AT
            if session(flows, row, now, which):
                return True


@kernel
def idle(flows: Words, row: int, now: int) -> bool:
    """Tell whether the flow was silent for its timeout; else wait on."""
    quiet_until = flows[row, LAST] + flows[row, IDLE_AFTER]
    if quiet_until <= now:
        return True
    flows[row, IDLE_AT] = quiet_until
    return False


@kernel
def attempt(flows: Words, row: int, now: int) -> bool:
    """A SYN without answer; or, under the same deadline, a quiet exchange of name service."""
    if flows[row, KEY_REST] >> 33 != TCP:
        if now - flows[row, LAST] >= NAME_SERVICE_TIMER - SECOND:
            return True
        flows[row, ATTEMPT_AT] = now + NAME_SERVICE_TIMER
        return False
    flows[row, ATTEMPT_AT] = NEVER
    if not flows[row, FLAGS] & ACTIVE:
        return False
    orig = SIDES + (flows[row, FLAGS] & ORIGINATOR) * SIDE
    resp = 2 * SIDES + SIDE - orig
    return (
        flows[row, orig + STATE] == SYN_SENT or flows[row, orig + STATE] == SYN_ACK_SENT
    ) and flows[row, resp + STATE] == INACTIVE


@kernel
def session(flows: Words, row: int, now: int, which: int) -> bool:
    """Zeek's ExpireTimer: is the connection over although not all of its end was seen?"""
    if not flows[row, FLAGS] & ACTIVE:
        flows[row, which] = NEVER
        return False
    a, b = SIDES, SIDES + SIDE
    if flows[row, LAST] + LINGER < now:
        closed = (flows[row, a + CLOSING] & DID_CLOSE) + (flows[row, b + CLOSING] & DID_CLOSE)
        one, other = flows[row, a + STATE], flows[row, b + STATE]
        if closed == 2 * DID_CLOSE:
            return True
        if closed and (one == RESET or other == RESET or one == INACTIVE or other == INACTIVE):
            return True
        if one == INACTIVE and other == INACTIVE:
            return True
    flows[row, which] = now + SESSION_TIMER
    return False


@kernel
def is_stale(flows: Words, attempts: Words, heap: Words) -> bool:
    """Whether the first entry's flow has ended, or waits under another deadline by now."""
    place = first_place(heap)
    if place >= PACKED:
        serial, due = attempts[place - PACKED, SERIAL], attempts[place - PACKED, NEXT]
    else:
        serial, due = flows[place, SERIAL], flows[place, NEXT]
    return due != heap[0, DUE] or who(place, serial) != heap[0, WHO]
