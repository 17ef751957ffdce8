"""The compiled pass: every frame of a block, through headers, flow table and state, in order.

It is the one place that touches a packet. What it cannot do on its own (grow an array, hand
out flows that ended) it leaves to `tracker.py`: before each frame it checks that the worst
case fits, and otherwise returns at that frame with the reason. There is no partial packet.
"""

from __future__ import annotations

from parsers.kernel import Words, kernel
from parsers.packets.fields import (
    CAPTURED,
    CARRIER_KIND,
    CARRIER_ROW,
    DEADLINES,
    DEPTH,
    FRAME_AT,
    FRAME_CUT,
    FRAME_END,
    FRAME_LINK,
    GRE_KIND,
    ONE_WAY,
    PAYLOAD_AT,
    PAYLOAD_BYTES,
    PLACE,
    PROTOCOL,
    SEQUENCE,
    SOURCE_PORT,
    TARGET_PORT,
    TIME,
    TRANSPORT_AT,
)  # fmt: skip
from parsers.packets.fields import FLAGS as TCP_FLAGS
from parsers.packets.fragments import put_together
from parsers.packets.intervals import USED, clear
from parsers.packets.ip import FRAGMENT, ip_header
from parsers.packets.link import network_header
from parsers.packets.transport import (
    FIN,
    ICMP,
    ICMPV6,
    OK,
    SYN,
    TCP,
    UDP,
    checksum_is_wrong,
    ports,
    tcp_header,
)  # fmt: skip
from parsers.packets.tunnels import (
    MAX_DEPTH,
    NO_TUNNEL,
    NOT_OF_THIS_KIND,
    ip_tunnel,
    is_ip_tunnel,
    udp_tunnel,
)  # fmt: skip
from parsers.weirds import CODES
from sensor.flows.attempts import schedule, unpack
from sensor.flows.begin import TUNNEL, begin_flow, responder_port
from sensor.flows.datagram import count, icmp, udp, unknown
from sensor.flows.history import LETTER_C, note_limit, note_scaled
from sensor.flows.key import find, insert, key_rest, packet_hash, remove, source_side
from sensor.flows.memory import CLOSED_AT_MOST, HEAD, LARGEST, ROOM, Arrays, Frame
from sensor.flows.pieces import ENOUGH, keep
from sensor.flows.row import (
    ASKED,
    ATTEMPTS,
    BAD_CHECKSUMS,
    BYTES,
    CHANGES,
    CLOSED_ROWS,
    COLUMN,
    ENDED_AT,
    FIRST_SEQ,
    FLAGS,
    FRAME,
    FRAMES,
    HEAD_BYTES,
    HELD,
    IS_CARRIER,
    KEY_REST,
    LAST,
    NEVER,
    NEXT,
    NO_CARRIER,
    NOW,
    OCTETS,
    OPEN,
    PACKED,
    PAYLOAD,
    PAYLOAD_WAITS,
    PAYLOADS,
    PIECES,
    SERIAL,
    SIDE,
    SIDES,
    STREAMS,
    TIMERS,
    TUNNEL_KIND,
    TUNNEL_NOW,
    TUNNELLED,
    VERIFY,
)  # fmt: skip
from sensor.flows.sequence import size
from sensor.flows.tcp import is_reuse, segment
from sensor.flows.timers import DUE, IDLE_TUNNEL, fire, first_place, is_stale, pop

LATEST = NEVER - 2 * IDLE_TUNNEL  # later times leave no room for a deadline
MAX_CHANGES = 5  # Tunnel::max_changes_per_connection
DONE, GROW, DRAIN, LOOK = 0, 1, 2, 3  # why the pass returned

BEFORE_1970 = CODES["negative_packet_timestamp"]
BAD_TCP = CODES["bad_TCP_checksum"]
BAD_UDP = CODES["bad_UDP_checksum"]
BAD_ICMP = CODES["bad_ICMP_checksum"]
TOO_DEEP = CODES["exceeded_tunnel_max_depth"]


@kernel
def walk(f: Frame, m: Arrays, start: int, stop: int) -> tuple[int, int]:
    """Process the frames start … stop - 1.

    Returns the next frame to process, and DONE, or why it was not processed: GROW, an array has to;
    DRAIN, flows that ended have to be handed out; LOOK, pieces of streams have to be looked at.
    """
    # Taken apart once: reading an array out of a tuple costs an atomic operation in compiled code.
    block, at, captured, wire, time, link = f
    flows, attempts, table, heap, blocks, closed, numbers, weirds, p = m[:9]
    changes, datagrams, store, heads, rows, sides, times, lengths = m[9:17]
    wishes, pieces, octets = m[17:]
    for i in range(start, stop):
        lacking = what_is_full(flows, attempts, table, heap, blocks, closed, rows, numbers)
        if numbers[STREAMS] and lacking == DONE and somebody_has_to_look(pieces, octets, numbers):
            lacking = LOOK
        if lacking != DONE:
            return i, lacking
        numbers[NOW] = max(numbers[NOW], min(time[i], LATEST))
        if heap[0, DUE] <= numbers[NOW] and numbers[TIMERS] > 0:
            lacking = end_due_flows(flows, attempts, table, heap, blocks, closed, numbers)
            if lacking != DONE:
                return i, lacking
        numbers[FRAMES] += 1
        numbers[BYTES] += wire[i]
        begin_frame(p, min(time[i], LATEST), at[i], captured[i], wire[i], link[i])
        status = headers(block, numbers[VERIFY], p)
        b = block
        while True:  # once for each packet inside the other
            if status == FRAGMENT:
                status = put_together(b, datagrams, store, blocks, weirds, p, numbers[NOW])
                b = store
            if status == OK and is_ip_tunnel(p[PROTOCOL]):
                status = ip_tunnel(b, p) if p[DEPTH] < MAX_DEPTH else TOO_DEEP
                if status == OK:
                    begin_carrier(flows, attempts, table, heap, numbers, p)
            elif status == OK:
                status = ports(b, p)
                if status != OK:
                    break
                p[DEADLINES] = 0
                side = source_side(p)
                status = tcp_header(b, p) if p[PROTOCOL] == TCP else OK
                header = p[PAYLOAD_AT] - p[TRANSPORT_AT]
                row = flow_of(flows, attempts, table, blocks, closed, numbers, p, side, header)
                if p[CARRIER_ROW] or flows[row, FLAGS] & TUNNELLED:
                    note_carrier(flows, changes, numbers, p, row)
                if status == OK:
                    status = deliver(flows, blocks, numbers, weirds, b, p, row, side)
                if status == OK:
                    if numbers[PAYLOADS] and p[PAYLOAD_BYTES] > 0:
                        note_payload(flows, rows, sides, times, lengths, numbers, p, row, side)
                        keep_head(heads, flows, b, p, row, side)
                    if numbers[STREAMS] and says_something(p):
                        keep(flows, wishes, pieces, octets, numbers, b, p, row, side)
                    status = carried(flows, b, p, row, side)
                    if status == OK and p[CARRIER_KIND] == GRE_KIND:
                        begin_carrier(flows, attempts, table, heap, numbers, p)
                if p[DEADLINES]:
                    schedule(flows, attempts, table, heap, numbers, row, p[PLACE])
            if status != OK:
                break
            status = headers(b, numbers[VERIFY], p)
        if status >= 0:
            weirds[status] += 1
    return stop, DONE


@kernel
def begin_frame(p: Words, time: int, at: int, captured: int, wire: int, link: int) -> None:
    """Make the frame the packet at hand: in no tunnel yet."""
    p[TIME] = time
    p[FRAME_AT] = at
    p[FRAME_END] = at + captured
    p[FRAME_CUT] = wire - captured
    p[FRAME_LINK] = link
    p[DEPTH] = 0
    p[CARRIER_ROW] = 0
    p[CARRIER_KIND] = 0


@kernel
def what_is_full(
    flows: Words,
    attempts: Words,
    table: Words,
    heap: Words,
    blocks: Words,
    closed: Words,
    rows: Words,
    numbers: Words,
) -> int:
    """Whether the worst case of one more frame fits everywhere."""
    if numbers[CLOSED_ROWS] + ROOM > len(closed):
        return DRAIN
    if numbers[COLUMN] + ROOM > len(rows) and numbers[PAYLOADS]:
        return DRAIN
    if numbers[CHANGES] + ROOM > CLOSED_AT_MOST:
        return DRAIN
    if numbers[OPEN] + numbers[CLOSED_ROWS] + ROOM >= len(flows):
        return GROW
    if numbers[ATTEMPTS] + ROOM >= len(attempts) or numbers[TIMERS] + ROOM >= len(heap):
        return GROW
    if 2 * (numbers[OPEN] + numbers[ATTEMPTS] + ROOM) > len(table):
        return GROW
    return GROW if blocks[0, USED] + ROOM >= len(blocks) else DONE


@kernel
def says_something(p: Words) -> bool:
    """Whether the packet adds to a stream, or ends it."""
    if p[PROTOCOL] == TCP:
        return p[PAYLOAD_BYTES] > 0 or p[TCP_FLAGS] & FIN != 0
    return p[PROTOCOL] == UDP and p[PAYLOAD_BYTES] > 0


@kernel
def somebody_has_to_look(pieces: Words, octets: Words, numbers: Words) -> bool:
    """Whether pieces of streams have to be looked at, for want of room or of knowing what more."""
    if numbers[ASKED] >= ENOUGH or numbers[PIECES] + ROOM > len(pieces):
        return True
    return numbers[OCTETS] + ROOM * LARGEST > len(octets)


@kernel
def end_due_flows(
    flows: Words,
    attempts: Words,
    table: Words,
    heap: Words,
    blocks: Words,
    closed: Words,
    numbers: Words,
) -> int:
    """Fire the timers that are due; GROW or DRAIN: some still wait, for want of room."""
    while numbers[TIMERS] > 0 and heap[0, DUE] <= numbers[NOW]:
        if numbers[CLOSED_ROWS] + ROOM > len(closed):
            return DRAIN
        if numbers[OPEN] + numbers[CLOSED_ROWS] + ROOM >= len(flows):
            return GROW
        place = first_place(heap)
        stale = is_stale(flows, attempts, heap)
        pop(heap, numbers)
        if stale:
            continue
        row = row_at(flows, attempts, table, numbers, place)
        if fire(flows, row, numbers[NOW]):
            end_flow(flows, table, blocks, closed, numbers, row)
        else:
            flows[row, NEXT] = NEVER
            schedule(flows, attempts, table, heap, numbers, row, place)
    return DONE


@kernel
def row_at(flows: Words, attempts: Words, table: Words, numbers: Words, place: int) -> int:
    """The row of the flow at a place; an attempt is unpacked."""
    return unpack(flows, attempts, table, numbers, place) if place >= PACKED else place


@kernel
def end_flow(
    flows: Words, table: Words, blocks: Words, closed: Words, numbers: Words, row: int
) -> None:
    """Take a flow out of the table, to be handed out; its row stays until then."""
    remove(table, flows, row)
    a, b = SIDES, SIDES + SIDE
    clear(blocks, flows[row, a + HELD])
    clear(blocks, flows[row, b + HELD])
    if flows[row, KEY_REST] >> 33 == TCP:
        flows[row, a + PAYLOAD] = size(flows, row, a, b)
        flows[row, b + PAYLOAD] = size(flows, row, b, a)
    if flows[row, FLAGS] & IS_CARRIER:
        flows[row, ENDED_AT] = numbers[NOW]
    flows[row, NEXT] = 0  # what is left of it on the heap is stale
    closed[numbers[CLOSED_ROWS]] = row
    numbers[CLOSED_ROWS] += 1
    numbers[OPEN] -= 1


@kernel
def headers(b: Words, verify: int, p: Words) -> int:
    """Read the frame at hand down to its transport; OK, FRAGMENT, or the code of the weird."""
    if p[TIME] < 0:
        return BEFORE_1970
    ip = network_header(b, p[FRAME_AT], p[FRAME_END], p[FRAME_LINK])
    if ip < 0:
        return -1 - ip
    return ip_header(b, ip, p[FRAME_END], p[FRAME_END] - ip + p[FRAME_CUT], verify, p)


@kernel
def begin_carrier(
    flows: Words, attempts: Words, table: Words, heap: Words, numbers: Words, p: Words
) -> None:
    """The flow that stands for a tunnel of two hosts, such as GRE; it is never handed out."""
    p[PROTOCOL] = TUNNEL
    p[ONE_WAY] = 0
    p[SOURCE_PORT] = 0
    p[TARGET_PORT] = 0
    side = source_side(p)
    rest = key_rest(p, side)
    tag = packet_hash(p, side, rest)
    row = find(table, flows, attempts, p, side, rest, tag)
    if row == 0:
        row = begin_flow(flows, numbers, p, side, rest)
        flows[row, SIDES + TUNNEL_KIND] = p[CARRIER_KIND]
        insert(table, row, tag)
        schedule(flows, attempts, table, heap, numbers, row, row)
    flows[row, LAST] = p[TIME]
    flows[row, FLAGS] |= IS_CARRIER
    p[CARRIER_ROW] = row


@kernel
def note_carrier(flows: Words, changes: Words, numbers: Words, p: Words, row: int) -> None:
    """Note that the flow began in a tunnel, if anybody wants to know, or that it is another now."""
    tunnel = flows[p[CARRIER_ROW], SERIAL] if p[CARRIER_ROW] else 0
    if numbers[STREAMS] and tunnel and flows[row, FRAME] == numbers[FRAMES]:
        note_use(changes, numbers, p, 0, tunnel)
    if tunnel == flows[row, SIDES + TUNNEL_NOW]:
        return
    flows[row, FLAGS] |= TUNNELLED
    flows[row, SIDES + TUNNEL_NOW] = tunnel
    flows[row, SIDES + SIDE + TUNNEL_NOW] += 1
    count = flows[row, SIDES + SIDE + TUNNEL_NOW]
    if count == MAX_CHANGES + 1:
        note_limit(flows, row)
    if tunnel and count <= MAX_CHANGES:
        note_use(changes, numbers, p, flows[row, SERIAL], tunnel)


@kernel
def note_use(changes: Words, numbers: Words, p: Words, flow: int, tunnel: int) -> None:
    """Note that a flow (0: a new one) came through a tunnel that it did not use before."""
    waiting = numbers[CHANGES]
    changes[waiting, 0] = flow
    changes[waiting, 1] = tunnel
    changes[waiting, 2] = p[CARRIER_ROW]
    changes[waiting, 3] = numbers[NOW]
    numbers[CHANGES] = waiting + 1


@kernel
def carried(flows: Words, b: Words, p: Words, row: int, side: int) -> int:
    """Whether the datagram just delivered carries another packet, which then is the one at hand."""
    if p[PROTOCOL] != UDP or flows[row, FLAGS] & NO_CARRIER:
        return NO_TUNNEL
    port = responder_port(flows, row)
    depth = p[DEPTH]
    status = udp_tunnel(b, port, p)
    if status == NOT_OF_THIS_KIND:
        flows[row, FLAGS] |= NO_CARRIER
    if status == OK and depth >= MAX_DEPTH:
        note_limit(flows, row)
        return TOO_DEEP
    if status == OK:
        flows[row, FLAGS] |= IS_CARRIER
        flows[row, SIDES + side * SIDE + TUNNEL_KIND] = p[CARRIER_KIND]
        p[CARRIER_ROW] = row
    return status


@kernel
def flow_of(
    flows: Words,
    attempts: Words,
    table: Words,
    blocks: Words,
    closed: Words,
    numbers: Words,
    p: Words,
    side: int,
    header: int,
) -> int:
    """The row of the packet's flow; one is begun if there is none, or if a SYN reuses its key.

    `header`: the length that a TCP header claims to have.
    """
    rest = key_rest(p, side)
    tag = packet_hash(p, side, rest)
    p[PLACE] = find(table, flows, attempts, p, side, rest, tag)
    row = row_at(flows, attempts, table, numbers, p[PLACE])
    if p[PLACE] >= PACKED:
        p[DEADLINES] = 1
    if row and p[PROTOCOL] == TCP and p[TCP_FLAGS] & SYN and header >= 20:
        if is_reuse(flows, row, p[TCP_FLAGS], p[SEQUENCE]):
            end_flow(flows, table, blocks, closed, numbers, row)
            row = 0
    if row == 0:
        row = begin_flow(flows, numbers, p, side, rest)
        insert(table, row, tag)
    return row


@kernel
def deliver(
    flows: Words,
    blocks: Words,
    numbers: Words,
    weirds: Words,
    b: Words,
    p: Words,
    row: int,
    side: int,
) -> int:
    """Hand the packet to its transport; OK, or the code of the weird if its checksum is wrong."""
    protocol = p[PROTOCOL]
    if numbers[VERIFY] and protocol in (TCP, UDP, ICMP, ICMPV6) and checksum_is_wrong(b, p):
        if protocol == TCP or protocol == UDP:
            note_scaled(flows, row, side, SIDES + side * SIDE + BAD_CHECKSUMS, LETTER_C)
        return BAD_TCP if protocol == TCP else BAD_UDP if protocol == UDP else BAD_ICMP
    if protocol == TCP:
        segment(flows, blocks, weirds, p, row, side)
        count(flows, p, row, side)
    elif protocol == UDP:
        udp(flows, b, p, row, side)
    elif protocol == ICMP or protocol == ICMPV6:
        icmp(flows, p, row, side)
    else:
        unknown(flows, p, row, side)
    return OK


@kernel
def note_payload(
    flows: Words,
    rows: Words,
    sides: Words,
    times: Words,
    lengths: Words,
    numbers: Words,
    p: Words,
    row: int,
    side: int,
) -> None:
    """A line of the packet columns, from which NumPy makes the payload sizes."""
    column = numbers[COLUMN]
    flows[row, FLAGS] |= PAYLOAD_WAITS
    rows[column] = row
    sides[column] = side
    times[column] = p[TIME]
    lengths[column] = p[PAYLOAD_BYTES]
    numbers[COLUMN] = column + 1


@kernel
def keep_head(heads: Words, flows: Words, b: Words, p: Words, row: int, side: int) -> None:
    """Keep the first bytes that this side sent: of TCP in order, of others the first datagram's."""
    word = SIDES + side * SIDE + HEAD_BYTES
    have = flows[row, word]
    if have >= HEAD:
        return
    if p[PROTOCOL] == TCP:
        syn = 1 if p[TCP_FLAGS] & SYN else 0
        first = flows[row, SIDES + side * SIDE + FIRST_SEQ]
        if (p[SEQUENCE] + syn - first - 1) & 0xFFFFFFFF != have:
            return
    elif have > 0:
        return
    here = p[CAPTURED] - (p[PAYLOAD_AT] - p[TRANSPORT_AT])
    octets = min(min(p[PAYLOAD_BYTES], here), HEAD - have)
    for k in range(octets):
        heads[row, side * HEAD + have + k] = b[p[PAYLOAD_AT] + k]
    if octets > 0:
        flows[row, word] = have + octets


@kernel
def end_flows(m: Arrays, places: Words, start: int) -> tuple[int, int]:
    """End the flows at `places[start:]`; returns as `walk` does."""
    flows, attempts, table, numbers = m.flows, m.attempts, m.table, m.numbers
    for k in range(start, len(places)):
        if numbers[CLOSED_ROWS] + ROOM > len(m.closed):
            return k, DRAIN
        if numbers[OPEN] + numbers[CLOSED_ROWS] + ROOM >= len(flows):
            return k, GROW
        row = row_at(flows, attempts, table, numbers, places[k])
        end_flow(flows, table, m.blocks, m.closed, numbers, row)
    return len(places), DONE
