# SPDX-License-Identifier: GPL-2.0-only
"""Make large_transfer.pcap: a file of 1.2 MB taken over SSH by a host outside, captured in part.

The packets are as long as on the wire (jumbo frames), but only their first 96 bytes are kept, as
`tcpdump -s 96` does. Nothing is random, so every run writes the same bytes. It imports scapy, which
is GPL-2.0-only, and so is this file; it is a recipe and no part of the package.

    python pcaps/make_large_transfer.py
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from scapy.layers.inet import IP, TCP
from scapy.layers.l2 import Ether
from scapy.packet import Packet
from scapy.utils import RawPcapWriter

CLIENT, SERVER = ("203.0.113.66", 50522), ("10.20.0.10", 22)
START = 1_795_500_000  # 2026-11-24 06:00:00 UTC
KEPT = 96  # bytes of each packet
SEGMENT = 8_960  # an MTU of 9,000 less the headers of IPv4 and TCP
BANNER = b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"
DIALOGUE = ((True, 1_080), (False, 1_084), (True, 48), (False, 564), (True, 16), (True, 44))
DIALOGUE += ((False, 44), (True, 60), (False, 52), (True, 148), (False, 28), (True, 112))
FILE = 1_200_000  # bytes that the server sends


def main() -> None:
    """Write the capture beside this file."""
    target = Path(__file__).with_name("large_transfer.pcap")
    with RawPcapWriter(str(target), linktype=1, snaplen=KEPT, sync=True) as writer:
        writer.write_header(None)
        for place, packet in enumerate(conversation()):
            wire = bytes(packet)
            writer.write_packet(
                wire[:KEPT],
                sec=START,
                usec=place * 2_000,
                caplen=min(len(wire), KEPT),
                wirelen=len(wire),
            )


def conversation() -> Iterator[Packet]:
    """Handshake, banners, a dialogue as long as a logon with a key, the file, and the ends."""
    sides = Sides()
    yield from (sides.segment(True, "S"), sides.segment(False, "SA"), sides.segment(True, "A"))
    yield from sides.said(True, BANNER)
    yield from sides.said(False, BANNER)
    for by_client, size in DIALOGUE:
        yield from sides.said(by_client, bytes(size))
    sent = 0
    while sent < FILE:
        size = min(SEGMENT, FILE - sent)
        yield from sides.said(False, bytes(size))
        sent += size
    yield from (sides.segment(True, "FA"), sides.segment(False, "FA"), sides.segment(True, "A"))


class Sides:
    """Both ends of the connection: what each has sent, by sequence number."""

    def __init__(self) -> None:
        self.next = {True: 1_000, False: 9_000}
        self.packets = 0

    def said(self, by_client: bool, payload: bytes) -> Iterator[Packet]:
        """Payload of one side, and the acknowledgment of the other."""
        yield self.segment(by_client, "PA", payload)
        yield self.segment(not by_client, "A")

    def segment(self, by_client: bool, flags: str, payload: bytes = b"") -> Packet:
        """One frame of one side, which counts its sequence numbers."""
        source, target = (CLIENT, SERVER) if by_client else (SERVER, CLIENT)
        self.packets += 1
        segment = TCP(
            sport=source[1],
            dport=target[1],
            flags=flags,
            seq=self.next[by_client],
            ack=self.next[not by_client] if "A" in flags else 0,
            window=64_240,
        )
        self.next[by_client] += len(payload) + sum(flags.count(flag) for flag in "SF")
        link = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02", type=0x0800)
        return link / IP(src=source[0], dst=target[0], id=self.packets) / segment / payload


if __name__ == "__main__":
    main()
