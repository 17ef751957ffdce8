"""The fields of the packet at hand: one small int64 array that every layer fills and reads.

An array, and not a dozen return values, because kernels call each other with one set of types
and because what a layer found must reach all those behind it.
"""

from __future__ import annotations

TIME = 0  # nanoseconds since the epoch
SOURCE_HIGH, SOURCE_LOW = 1, 2  # 16 bytes as two signed words; IPv4 as ::ffff:a.b.c.d
TARGET_HIGH, TARGET_LOW = 3, 4
PROTOCOL = 5  # IP protocol number of the transport
IP_BYTES = 6  # length of the packet by its IP header, bytes
TRANSPORT_AT = 7  # offset of the transport header
TRANSPORT_BYTES = 8  # length of transport header and payload by the IP header, bytes
CAPTURED = 9  # bytes captured from the transport header on (padding included)
SOURCE_PORT, TARGET_PORT, ONE_WAY = 10, 11, 12  # for ICMP: type and counterpart
PAYLOAD_AT, PAYLOAD_BYTES = 13, 14  # offset; length by the headers, bytes
SEQUENCE, ACKNOWLEDGED, FLAGS, WINDOW = 15, 16, 17, 18  # TCP only
IP_VERSION = 19
REDIRECTED = 31  # bits: a routing header named the target, an option the source

# A fragment, see fragments.py.
DATAGRAM_ID = 20
FRAGMENT_AT, FRAGMENT_MORE = 21, 22  # offset of its data in the datagram; whether more follow
HEADER_BYTES = 23  # IP header without the fragment header

# The frame or inner packet at hand: where it lies, what it begins with, how deep in tunnels.
FRAME_AT, FRAME_END = 24, 25  # offsets; the end of what was captured
FRAME_CUT = 26  # bytes that the capture cut off behind it
FRAME_LINK = 27  # LINKTYPE_ number
DEPTH = 28  # tunnels around it
CARRIER_ROW, CARRIER_KIND = 29, 30  # row of the innermost one's flow, 0: none; its kind
# Of CARRIER_KIND; 0: none.
GTP_KIND, GRE_KIND, TEREDO_KIND, IP_KIND, VXLAN_KIND, GENEVE_KIND, AYIYA_KIND = range(1, 8)

DEADLINES = 33  # whether the packet moved a deadline of its flow
ZEEK_COMPAT = 32  # not of the packet: whether Zeek's answer is wanted where it is known to be wrong
PLACE = 34  # where its flow was found: row, PACKED + index of an attempt, 0: nowhere

FIELDS = 40
