"""How a flow begins: its row, who is the originator, and its first deadlines.

The sender of the first packet is the originator, unless the ports say otherwise: Zeek's
WantConnection in packet_analysis/protocol/{tcp,udp} and its `likely_server_ports`.
"""

from __future__ import annotations

from parsers.kernel import Words, kernel
from parsers.packets.fields import (
    CARRIER_ROW,
    DEADLINES,
    PROTOCOL,
    SOURCE_HIGH,
    SOURCE_LOW,
    SOURCE_PORT,
    TARGET_HIGH,
    TARGET_LOW,
    TARGET_PORT,
    TIME,
    ZEEK_COMPAT,
)  # fmt: skip
from parsers.packets.fields import FLAGS as TCP_FLAGS
from parsers.packets.ip import MAPPED
from parsers.packets.transport import ACK, SYN, TCP, UDP
from sensor.flows.history import FLIP, append
from sensor.flows.row import (
    ACTIVE,
    ATTEMPT_AT,
    CARRIER,
    DELETE_AT,
    EXPIRE_AT,
    FLAGS,
    FRAME,
    FRAMES,
    FREE_ROW,
    IDLE_AFTER,
    IDLE_AT,
    KEY_A_HIGH,
    KEY_A_LOW,
    KEY_B_HIGH,
    KEY_B_LOW,
    KEY_REST,
    LAST,
    LINGER_AT,
    NEVER,
    NEXT,
    NOW,
    OPEN,
    ORIGINATOR,
    PAYLOAD,
    POSITION,
    SERIAL,
    SERIALS,
    SIDE,
    SIDES,
    START,
    TOP,
    TRIM,
    TUNNEL_NOW,
    TUNNELLED,
    USED_ROWS,
    WORDS,
)  # fmt: skip
from sensor.flows.timers import IDLE_OTHER, IDLE_TUNNEL, NAME_SERVICE_TIMER, SYN_TIMEOUT

# Ports that a default Zeek 8.2 registers an analyzer for.
SERVER_PORTS_TCP = (
    21, 22, 25, 53, 79, 80, 81, 88, 135, 139, 143, 443, 445, 465, 502, 563, 585, 587, 614, 631, 636,
    989, 990, 992, 993, 995, 1080, 1434, 1883, 2811, 3128, 3306, 3389, 5222, 5223, 5269, 6666, 6667,
    6668, 6669, 8000, 8080, 8888, 20000,
)  # fmt: skip
SERVER_PORTS_UDP = (
    53, 67, 88, 123, 137, 161, 162, 443, 514, 1812, 2123, 2152, 3389, 3544, 4011, 4754, 4789, 5060,
    5072, 5353, 5355, 6081, 20000,
)  # fmt: skip
TUNNEL = 256  # no IP protocol: the key of a flow that stands for a tunnel between two hosts
# Ports of servers that Zeek does not know; remote services above all.
FURTHER_PORTS_TCP = (
    23, 389, 513, 514, 1194, 1494, 1723, 2375, 2376, 2377, 2379, 2380, 2598, 3268, 4243, 5432, 5800,
    5900, 5901, 5902, 5903, 5938, 5985, 5986, 6000, 6379, 6443, 7070, 8443, 10250, 10255,
)  # fmt: skip
FURTHER_PORTS_UDP = (389, 500, 784, 853, 1194, 1701, 4500, 51820)
NAME_SERVICE_PORTS = (53, 137, 5353, 5355)
BROADCAST = MAPPED + 0xFFFFFFFF


@kernel
def begin_flow(flows: Words, numbers: Words, p: Words, side: int, rest: int) -> int:
    """Fill a free row for the flow that the packet begins; returns the row."""
    row = take_row(flows, numbers)
    for word in range(WORDS):
        flows[row, word] = 0
    numbers[SERIALS] += 1
    numbers[OPEN] += 1
    flows[row, SERIAL] = numbers[SERIALS]
    flows[row, FRAME] = numbers[FRAMES]
    flows[row, START] = p[TIME]
    flows[row, LAST] = p[TIME]
    write_key(flows, row, p, side, rest)
    for s in (SIDES, SIDES + SIDE):
        flows[row, s + POSITION] = 1
        flows[row, s + TRIM] = 1
        flows[row, s + TOP] = 1
        flows[row, s + PAYLOAD] = -1
    flows[row, FLAGS] = ACTIVE | side
    if starts_at_the_server(p):
        flows[row, FLAGS] ^= ORIGINATOR
        append(flows, row, FLIP)
    set_deadlines(flows, numbers, p, row)
    p[DEADLINES] = 1
    if p[CARRIER_ROW]:
        flows[row, SIDES + CARRIER] = flows[p[CARRIER_ROW], SERIAL]
        flows[row, SIDES + SIDE + CARRIER] = p[CARRIER_ROW]
        flows[row, SIDES + TUNNEL_NOW] = flows[p[CARRIER_ROW], SERIAL]
        flows[row, FLAGS] |= TUNNELLED
    return row


@kernel
def take_row(flows: Words, numbers: Words) -> int:
    """Take a free row."""
    row = numbers[FREE_ROW]
    if row:
        numbers[FREE_ROW] = flows[row, NEXT]
        return row
    numbers[USED_ROWS] += 1
    return numbers[USED_ROWS]


@kernel
def write_key(flows: Words, row: int, p: Words, side: int, rest: int) -> None:
    """Write the key: the packet's endpoints in the order of their sides."""
    a, b = (KEY_B_HIGH, KEY_A_HIGH) if side else (KEY_A_HIGH, KEY_B_HIGH)
    flows[row, a] = p[SOURCE_HIGH]
    flows[row, a + KEY_A_LOW - KEY_A_HIGH] = p[SOURCE_LOW]
    flows[row, b] = p[TARGET_HIGH]
    flows[row, b + KEY_B_LOW - KEY_B_HIGH] = p[TARGET_LOW]
    flows[row, KEY_REST] = rest


@kernel
def starts_at_the_server(p: Words) -> bool:
    """Whether the first packet seen was sent by what is, by its port, the server."""
    source, target = p[SOURCE_PORT], p[TARGET_PORT]
    if p[TARGET_LOW] == BROADCAST and p[TARGET_HIGH] == 0:
        return False
    if p[PROTOCOL] == UDP:
        return is_udp_server(source, p) and not is_udp_server(target, p)
    if p[PROTOCOL] != TCP or p[TCP_FLAGS] & (SYN | ACK) == SYN:
        return False
    if not is_tcp_server(source, p):
        return False
    if not is_tcp_server(target, p):
        return True
    # Both may be servers: not for a SYN-ACK, which a stealth scan provokes.
    return not p[TCP_FLAGS] & SYN and source < target


@kernel
def is_tcp_server(port: int, p: Words) -> bool:
    """Tell whether servers are likely to listen on a TCP port."""
    return port in SERVER_PORTS_TCP or (not p[ZEEK_COMPAT] and port in FURTHER_PORTS_TCP)


@kernel
def is_udp_server(port: int, p: Words) -> bool:
    """Tell whether servers are likely to listen on a UDP port."""
    return port in SERVER_PORTS_UDP or (not p[ZEEK_COMPAT] and port in FURTHER_PORTS_UDP)


@kernel
def set_deadlines(flows: Words, numbers: Words, p: Words, row: int) -> None:
    """Set the first deadlines by protocol and port."""
    flows[row, NEXT] = NEVER
    flows[row, IDLE_AFTER] = IDLE_OTHER
    flows[row, IDLE_AT] = p[TIME] + IDLE_OTHER
    flows[row, ATTEMPT_AT] = NEVER
    flows[row, EXPIRE_AT] = NEVER
    flows[row, LINGER_AT] = NEVER
    flows[row, DELETE_AT] = NEVER
    if p[PROTOCOL] == TCP:
        flows[row, EXPIRE_AT] = numbers[NOW] + SYN_TIMEOUT
    elif p[PROTOCOL] == TUNNEL:
        flows[row, IDLE_AFTER] = IDLE_TUNNEL
        flows[row, IDLE_AT] = p[TIME] + IDLE_TUNNEL
    elif p[PROTOCOL] == UDP and responder_port(flows, row) in NAME_SERVICE_PORTS:
        flows[row, ATTEMPT_AT] = numbers[NOW] + NAME_SERVICE_TIMER


@kernel
def responder_port(flows: Words, row: int) -> int:
    """Return the port of the responder as the roles are now."""
    rest = flows[row, KEY_REST]
    return (rest >> 16) & 0xFFFF if flows[row, FLAGS] & ORIGINATOR else rest & 0xFFFF
