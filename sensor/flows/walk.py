"""The compiled pass: every frame of a block, through headers, flow table and state, in order.

It is the one place that touches a packet. What it cannot do on its own (grow an array, hand
out flows that ended) it leaves to `tracker.py`: before each frame it checks that the worst
case fits, and otherwise returns at that frame with the reason. There is no partial packet.
"""

from __future__ import annotations

from parsers.kernel import kernel
from parsers.packets.fields import (
    CAPTURED, FLAGS, PAYLOAD_AT, PAYLOAD_BYTES, PROTOCOL, SEQUENCE, TIME, TRANSPORT_AT,
)  # fmt: skip
from parsers.packets.ip import ip_header
from parsers.packets.link import network_header
from parsers.packets.transport import (
    ICMP, ICMPV6, OK, SYN, TCP, UDP, checksum_is_wrong, ports, tcp_header,
)  # fmt: skip
from parsers.weirds import CODES
from sensor.flows.begin import begin_flow
from sensor.flows.datagram import count, icmp, udp, unknown
from sensor.flows.history import LETTER_C, note_scaled
from sensor.flows.key import find, insert, key_rest, packet_hash, remove, source_side
from sensor.flows.memory import HEAD, ROOM, Arrays, Frame
from sensor.flows.reassembly import free_held
from sensor.flows.row import (
    BAD_CHECKSUMS, BYTES, CLOSED_ROWS, COLUMN, FIRST_SEQ, FRAMES, FREE_ROW, HEAD_BYTES, KEY_REST,
    NEVER, NEXT, NOW, OPEN, PAYLOAD, PAYLOADS, SERIAL, SIDE, SIDES, TIMERS, USED_BLOCKS, USED_ROWS, VERIFY,
)  # fmt: skip
from sensor.flows.sequence import size
from sensor.flows.tcp import is_reuse, segment
from sensor.flows.timers import DUE, ROW, fire, is_stale, pop, schedule

DONE, GROW, DRAIN = 0, 1, 2  # why the pass returned

BEFORE_1970 = CODES["negative_packet_timestamp"]
BAD_TCP = CODES["bad_TCP_checksum"]
BAD_UDP = CODES["bad_UDP_checksum"]
BAD_ICMP = CODES["bad_ICMP_checksum"]


@kernel
def walk(f: Frame, m: Arrays, start: int, stop: int) -> tuple[int, int]:
    """Process the frames start … stop - 1. Returns the next frame to process, and DONE or why not."""
    n = m.numbers
    for i in range(start, stop):
        lacking = what_is_full(m)
        if lacking != DONE:
            return i, lacking
        if f.time[i] > n[NOW]:
            n[NOW] = f.time[i]
        if n[TIMERS] > 0 and m.heap[0, DUE] <= n[NOW] and not end_due_flows(m):
            return i, DRAIN
        n[FRAMES] += 1
        n[BYTES] += f.wire[i]
        packet(f, m, i)
    return stop, DONE


@kernel
def what_is_full(m: Arrays) -> int:
    n = m.numbers
    if n[CLOSED_ROWS] + ROOM > len(m.closed) or n[COLUMN] + ROOM > len(m.rows) and n[PAYLOADS]:
        return DRAIN
    if n[FREE_ROW] == 0 and n[USED_ROWS] + ROOM >= len(m.flows):
        return GROW
    if 2 * (n[OPEN] + ROOM) > len(m.table) or n[TIMERS] + ROOM >= len(m.heap):
        return GROW
    return GROW if n[USED_BLOCKS] + ROOM >= len(m.blocks) else DONE


@kernel
def end_due_flows(m: Arrays) -> bool:
    """Fire the timers that are due; False: too many flows ended, some timers still wait."""
    n = m.numbers
    while n[TIMERS] > 0 and m.heap[0, DUE] <= n[NOW]:
        if n[CLOSED_ROWS] + ROOM > len(m.closed):
            return False
        row = m.heap[0, ROW]
        stale = is_stale(m.flows, m.heap)
        pop(m.heap, n)
        if stale:
            continue
        if fire(m.flows, row, n[NOW]):
            end_flow(m, row)
        else:
            m.flows[row, NEXT] = NEVER
            schedule(m.flows, m.heap, n, row)
    return True


@kernel
def end_flow(m: Arrays, row: int) -> None:
    """Take a flow out of the table, to be handed out; its row stays until then."""
    n = m.numbers
    remove(m.table, m.flows, row)
    if m.flows[row, KEY_REST] >> 33 == TCP:
        a, b = SIDES, SIDES + SIDE
        m.flows[row, a + PAYLOAD] = size(m.flows, row, a, b)
        m.flows[row, b + PAYLOAD] = size(m.flows, row, b, a)
    free_held(m.flows, m.blocks, n, row, SIDES)
    free_held(m.flows, m.blocks, n, row, SIDES + SIDE)
    m.flows[row, NEXT] = 0  # what is left of it on the heap is stale
    m.closed[n[CLOSED_ROWS]] = row
    n[CLOSED_ROWS] += 1
    n[OPEN] -= 1


@kernel
def packet(f: Frame, m: Arrays, i: int) -> None:
    """One frame: headers, then the flow that it belongs to."""
    if f.time[i] < 0:
        m.weirds[BEFORE_1970] += 1
        return
    b, p = f.block, m.packet
    at, end = f.at[i], f.at[i] + f.captured[i]
    ip = network_header(b, at, end, f.link[i])
    if ip < 0:
        m.weirds[-1 - ip] += 1
        return
    p[TIME] = f.time[i]
    status = ip_header(b, ip, end, f.wire[i] - (ip - at), m.numbers[VERIFY], p)
    if status == OK:
        status = ports(b, p)
    if status != OK:
        m.weirds[status] += 1
        return
    flow_packet(f, m)


@kernel
def flow_packet(f: Frame, m: Arrays) -> None:
    """Find or begin the packet's flow and move it on."""
    p = m.packet
    status = tcp_header(f.block, p) if p[PROTOCOL] == TCP else OK
    side = source_side(p)
    rest = key_rest(p, side)
    tag = packet_hash(p, side, rest)
    row = find(m.table, m.flows, p, side, rest, tag)
    if row and p[PROTOCOL] == TCP and p[FLAGS] & SYN and status == OK:
        if is_reuse(m.flows, row, p[FLAGS], p[SEQUENCE]):
            end_flow(m, row)
            row = 0
    if row == 0:
        row = begin_flow(m.flows, m.numbers, p, side, rest)
        insert(m.table, row, tag)
    if status != OK:
        m.weirds[status] += 1
    else:
        deliver(f, m, row, side)
    schedule(m.flows, m.heap, m.numbers, row)


@kernel
def deliver(f: Frame, m: Arrays, row: int, side: int) -> None:
    """Hand the packet to its transport."""
    p, protocol = m.packet, m.packet[PROTOCOL]
    if m.numbers[VERIFY] and protocol in (TCP, UDP, ICMP, ICMPV6) and checksum_is_wrong(f.block, p):
        refuse(m, row, side, protocol)
        return
    if protocol == TCP:
        segment(m.flows, m.blocks, m.numbers, m.weirds, p, row, side)
        count(m.flows, p, row, side)
    elif protocol == UDP:
        udp(m.flows, f.block, p, row, side)
    elif protocol == ICMP or protocol == ICMPV6:
        icmp(m.flows, p, row, side)
    else:
        unknown(m.flows, p, row, side)
    if m.numbers[PAYLOADS] and p[PAYLOAD_BYTES] > 0:
        note_payload(m, row, side)
        keep_head(f, m, row, side)


@kernel
def refuse(m: Arrays, row: int, side: int, protocol: int) -> None:
    """A wrong checksum: the packet leaves a letter, for TCP and UDP, and nothing else."""
    m.weirds[BAD_TCP if protocol == TCP else BAD_UDP if protocol == UDP else BAD_ICMP] += 1
    if protocol == TCP or protocol == UDP:
        note_scaled(m.flows, row, side, SIDES + side * SIDE + BAD_CHECKSUMS, LETTER_C)


@kernel
def note_payload(m: Arrays, row: int, side: int) -> None:
    """A line of the packet columns, from which NumPy makes the payload sizes."""
    column = m.numbers[COLUMN]
    m.rows[column] = row
    m.sides[column] = side
    m.times[column] = m.packet[TIME]
    m.lengths[column] = m.packet[PAYLOAD_BYTES]
    m.numbers[COLUMN] = column + 1


@kernel
def keep_head(f: Frame, m: Arrays, row: int, side: int) -> None:
    """Keep the first bytes that this side sent: of TCP in order, of others the first datagram's."""
    p = m.packet
    word = SIDES + side * SIDE + HEAD_BYTES
    have = m.flows[row, word]
    if have >= HEAD:
        return
    if p[PROTOCOL] == TCP:
        first = m.flows[row, SIDES + side * SIDE + FIRST_SEQ]
        syn = 1 if p[FLAGS] & SYN else 0
        if (p[SEQUENCE] + syn - first - 1) & 0xFFFFFFFF != have:
            return
    elif have > 0:
        return
    here = p[CAPTURED] - (p[PAYLOAD_AT] - p[TRANSPORT_AT])
    octets = min(min(p[PAYLOAD_BYTES], here), HEAD - have)
    for k in range(octets):
        m.heads[row, side * HEAD + have + k] = f.block[p[PAYLOAD_AT] + k]
    if octets > 0:
        m.flows[row, word] = have + octets


@kernel
def end_open_flows(m: Arrays, start: int) -> int:
    """End the open flows from row `start` on; returns the row at which the list was full."""
    for row in range(start, m.numbers[USED_ROWS] + 1):
        if m.numbers[CLOSED_ROWS] + ROOM > len(m.closed):
            return row
        if m.flows[row, SERIAL] != 0 and m.flows[row, NEXT] != 0:
            end_flow(m, row)
    return m.numbers[USED_ROWS] + 1
