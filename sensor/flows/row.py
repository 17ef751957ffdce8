"""A flow is one row of 72 int64 words: nine cache lines, the hottest first.

The first three lines belong to the connection, then come three for each side. A side is a
place in the key (0: the endpoint that the key names first), not a role: which side is the
originator is one bit, so that a flip of roles moves no data. Times are nanoseconds since the
epoch, sequence numbers 64 bits wide with the wraps counted in the upper half.
"""

from __future__ import annotations

# Line 0: touched by every packet.
KEY_A_HIGH, KEY_A_LOW, KEY_B_HIGH, KEY_B_LOW = 0, 1, 2, 3
KEY_REST = 4  # protocol, one-way bit and both ports, see key.py
SERIAL = 5  # number of the flow in this run, from 1; 0 while the row is free
LAST = 6  # time of the last packet that counts for the duration
FLAGS = 7

# Line 1: history and the first packet.
NEXT = 8  # the deadline under which the flow waits on the heap of timers
SEEN = 9  # history letters that are noted once: a bit each, the responder's shifted by 16
LETTERS = 10  # letters in the history
START = 11  # time of the first packet
HISTORY = 12  # four words of twelve letters, five bits each
HISTORY_WORDS = 4

# Line 2: deadlines (NEVER: none) and what is rare.
IDLE_AFTER = 16  # the inactivity timeout in force
IDLE_AT = 17
ENDED_AT = IDLE_AT  # of a tunnel that ended: network time then
ATTEMPT_AT = 18
EXPIRE_AT = 19
LINGER_AT = 20
DELETE_AT = 21
MISSED = 22  # bytes in content gaps, both directions
FRAME = 23  # ordinal of the first packet in this run, from 1

# Three lines a side; word w of side s is at SIDES + s * SIDE + w.
SIDES, SIDE = 24, 24
STATE, PREVIOUS = 0, 1
CLOSING = 2  # bits below
FIRST_SEQ, LAST_SEQ, ACK_SEQ = 3, 4, 5
POSITION = 6  # reassembled up to here, relative to FIRST_SEQ
TRIM = 7  # acknowledged data below here was let go
TOP = 8  # end of the highest block seen
HELD = 9  # set of blocks beyond a hole (parsers/packets/intervals.py), 0: none
CARRIER = 10  # side 0: serial of the flow that is its tunnel, 0: none; side 1: that flow's row then
PACKETS, IP_OCTETS = 11, 12
PAYLOAD = 13  # UDP and ICMP: bytes by the headers, -1: nothing valid seen; TCP: set at the end
FIN_SEQ = 14
TUNNEL_NOW = 15  # side 0: serial of the tunnel of its last packet; side 1: how often it changed
LAST_SYN, LAST_FIN, LAST_RST = 16, 17, 18  # relative sequence numbers, for the history
RETRANSMITS, ZERO_WINDOWS, GAPS, BAD_CHECKSUMS = 19, 20, 21, 22
HEAD_BYTES = 23  # bytes kept of this side's first payload
# Of a tunnel, which is never TCP:
TUNNEL_KIND = 14  # kind of the last packet of this side that carried another (fields.py), 0: none

WORDS = SIDES + 2 * SIDE

# Bits of FLAGS.
ORIGINATOR = 1  # the side that is the originator
ACTIVE = 2  # Zeek's is_active: attempt and session timers still matter
PARTIAL_FLOW = 4  # began in the middle
SEEN_ORIG, SEEN_RESP = 8, 16  # a packet of this role was processed
CLOSE_DEFERRED = 32  # a close waits for data that is still missing
ROLES_KNOWN = 64  # UDP whose application told who asks and who answers
IS_CARRIER = 128  # other flows go through this one
NO_CARRIER = 256  # looked like a tunnel, and was none
BOGUS_ACK = 512  # acknowledged far more than was seen
RESTARTED = 1024  # a SYN with another number inside the connection
TUNNELLED = 2048  # came through a tunnel at some time
PAYLOAD_WAITS = 4096  # the packet columns name its row, which it has to keep

# Bits of CLOSING.
DID_CLOSE, DID_EOF = 1, 2
SKIPPING = 4  # reassembly was given up
SAW_END = 8  # a FIN was seen

# Endpoint states (Zeek's TCP_Endpoint.h).
INACTIVE, SYN_SENT, SYN_ACK_SENT, PARTIAL, ESTABLISHED, CLOSED, RESET = 0, 1, 2, 3, 4, 5, 6

NEVER = 0x7FFFFFFFFFFFFFFF

# Numbers that the whole run shares: one small int64 array.
NOW = 0  # network time: never goes back
FRAMES = 1  # frames read in this run
SERIALS = 2  # flows begun in this run
OPEN = 3  # flows open, attempts apart
FREE_ROW = 4  # head of the list of free rows, 0: none
USED_ROWS = 5  # rows ever handed out; row 0 stays empty
CLOSED_ROWS = 6  # rows that wait in the list of closed flows
TIMERS = 7  # entries on the heap
COLUMN = 10  # packets waiting in the packet columns
BYTES = 11  # bytes on the wire, all frames
VERIFY = 12  # whether wrong checksums drop packets
CHANGES = 8  # changes of tunnels that wait
PAYLOADS = 13  # whether payload columns and first payload bytes are wanted
ATTEMPTS = 9  # flows open that are packed (attempts.py)
FREE_ATTEMPT = 14  # head of the list of free attempts, 0: none
USED_ATTEMPTS = 15  # attempts ever packed; attempt 0 stays empty
STREAMS = 16  # whether payload is copied for parsers (pieces.py)
PIECES, OCTETS = 17, 18  # pieces that wait, and bytes of them
ASKED = 19  # sides whose next bytes wait for somebody to look
NUMBERS = 20

# A flow's place is that of its row, or from PACKED on that of an attempt.
PACKED = 1 << 31
PLACE_BITS = 0xFFFFFFFF
