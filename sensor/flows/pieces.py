"""Payload that some parser still wants, copied out of the packets: pieces of streams.

Each flow has a line of wishes: from which position of a side's stream on its bytes are of use,
and up to which they are copied before somebody has to look at them. What nobody wants is never
copied, so that bulk transfer costs a comparison a packet. Wishes belong to the flow whose serial
number they carry; a row that was handed on begins anew.

Positions count a stream's bytes from 0; of UDP, those of its datagrams as they came. Pieces lie in
the order of their arrival and overlap where the segments did; `streams.py` makes streams of them.
"""

from __future__ import annotations

from parsers.kernel import Words, kernel
from parsers.packets.fields import (
    CAPTURED,
    PAYLOAD_AT,
    PAYLOAD_BYTES,
    PROTOCOL,
    SEQUENCE,
    TRANSPORT_AT,
    TRANSPORT_BYTES,
)  # fmt: skip
from parsers.packets.fields import FLAGS as TCP_FLAGS
from parsers.packets.octets import copy
from parsers.packets.transport import FIN, RST, SYN, TCP
from sensor.flows.row import (
    ASKED,
    FIRST_SEQ,
    FLAGS,
    NOW,
    OCTETS,
    PAYLOAD,
    PAYLOAD_WAITS,
    PIECES,
    POSITION,
    SERIAL,
    SIDE,
    SIDES,
)  # fmt: skip
from sensor.flows.sequence import MASK32, delta

# A line of wishes.
FROM = 0  # and 1, for side 1: bytes before are of no use
UNTIL = 2  # and 3: bytes behind need somebody who has looked at those before
OWNER = 4  # serial of the flow
WISHES = 5

# A piece; one without bytes is the end of a stream, where its FIN stands.
WHOSE = 0  # row * 2 + side
BEGIN, LENGTH, WHEN = 1, 2, 3  # position, bytes, network time (it never goes back)
AT = 4  # where its bytes lie
OTHER = 5  # how far the other side's stream had got
WORDS = 6

FIRST_LOOK = 4096  # bytes of a side, after which somebody looks what they are
SLACK = 65_536  # bytes copied beyond, until he does
ENOUGH = 64  # sides that wait: somebody has to look


@kernel
def keep(
    flows: Words,
    wishes: Words,
    pieces: Words,
    octets: Words,
    numbers: Words,
    b: Words,
    p: Words,
    row: int,
    side: int,
) -> None:
    """Copy the payload of the segment or datagram at hand, if it is wanted."""
    if wishes[row, OWNER] != flows[row, SERIAL]:
        wishes[row, OWNER] = flows[row, SERIAL]
        for k in range(2):
            wishes[row, FROM + k] = 0
            wishes[row, UNTIL + k] = FIRST_LOOK
    until = wishes[row, UNTIL + side]
    length = p[PAYLOAD_BYTES]
    flags = p[TCP_FLAGS]
    tcp = p[PROTOCOL] == TCP
    captured = p[CAPTURED] - (p[PAYLOAD_AT] - p[TRANSPORT_AT])
    if until == 0 or (tcp and (flags & RST or captured < length)):
        return
    e = SIDES + side * SIDE
    other = 0
    if tcp:
        other = flows[row, SIDES + (1 - side) * SIDE + POSITION] - 1
        syn = 1 if flags & SYN else 0
        position = flows[row, e + POSITION]
        expected = (flows[row, e + FIRST_SEQ] + position) & MASK32
        begin = position + delta((p[SEQUENCE] + syn) & MASK32, expected) - 1
    else:
        # As in Zeek: what was counted may have gone to the other role, and what the IP header
        # says counts, not what the UDP header says; a datagram that was cut is read as it is.
        begin = max(flows[row, e + PAYLOAD] - length, 0)
        length = captured
        if p[TRANSPORT_BYTES] > 0:
            length = min(length, p[TRANSPORT_BYTES] - (p[PAYLOAD_AT] - p[TRANSPORT_AT]))
    end = begin + length
    before = max(0, -begin)  # at the sequence numbers of the SYN or before: no part of the stream
    begin, length = begin + before, length - before
    if length > 0 and end > wishes[row, FROM + side] and begin < until + SLACK:
        at = note(pieces, numbers, row * 2 + side, begin, length, other)
        copy(octets, at, b, p[PAYLOAD_AT] + before, length)
        flows[row, FLAGS] |= PAYLOAD_WAITS
        if begin < until and end >= until:
            numbers[ASKED] += 1
        if end >= until + SLACK:
            numbers[ASKED] += ENOUGH
    if tcp and flags & FIN:
        note(pieces, numbers, row * 2 + side, max(end, 0), 0, other)
        flows[row, FLAGS] |= PAYLOAD_WAITS


@kernel
def note(pieces: Words, numbers: Words, whose: int, begin: int, length: int, other: int) -> int:
    """Add a piece; returns where its bytes have to lie."""
    piece, at = numbers[PIECES], numbers[OCTETS]
    pieces[piece, WHOSE] = whose
    pieces[piece, BEGIN] = begin
    pieces[piece, LENGTH] = length
    pieces[piece, WHEN] = numbers[NOW]
    pieces[piece, AT] = at
    pieces[piece, OTHER] = other
    numbers[PIECES] = piece + 1
    numbers[OCTETS] = at + length
    return at
