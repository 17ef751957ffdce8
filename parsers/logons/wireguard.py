"""WireGuard: the kernel's module with dynamic debug (receive.c, timers.c), and wireguard-go.

A handshake that is answered has proved the key of a peer. A session renews it every two minutes,
so what follows from the same address within the time that a key lasts is the same logon.
"""

from __future__ import annotations

import re

from parsers.logons.message import Message
from parsers.logons.remembered import Remembered
from parsers.logons.rows import Endpoint, Row, event, logon

REJECT_AFTER = 180 * 1_000_000_000  # ns that a key lasts (REJECT_AFTER_TIME of the protocol)
LESS_SURE = 0.9  # that a session comes of a handshake which is answered

CLIENT = r"\[?(?P<address>[\da-fA-F.:]+?)\]?:(?P<port>\d{1,9})"
KERNEL = re.compile(
    r"(?:\[ *\d+\.\d+\] )?(?:\[\d+\] |<intr> )?(?:wireguard:\w+:\d+: )?"
    r"wireguard: (?P<device>[^\s:]+): (?P<said>.*)$"
)
BEGUN = re.compile(rf"Receiving handshake initiation from peer (?P<peer>\d+) \({CLIENT}\)$")
REFUSED = re.compile(
    r"(?P<why>Invalid handshake initiation|Invalid MAC of handshake, dropping packet)"
    rf" from {CLIENT}$"
)
EXPIRED = re.compile(rf"Zeroing out all keys for peer (?P<peer>\d+) \({CLIENT}\)(?P<why>.*)$")
GO_BEGUN = re.compile(r"(?P<peer>peer\(\S+\)) - Received handshake initiation$")
GO_REFUSED = re.compile(
    rf"(?P<why>Received (?:invalid initiation message|packet with invalid mac1)) from {CLIENT}$"
)
GO_EXPIRED = re.compile(r"(?P<peer>peer\(\S+\)) - Removing all keys, since .*$")


def is_of(message: Message) -> bool:
    """Whether a line is WireGuard's: the kernel's, or one of wireguard-go's that is read."""
    if message.program in ("", "kernel") and "wireguard: " in message.text[:100]:
        return KERNEL.match(message.text) is not None
    if message.program not in ("", "wireguard-go"):
        return False
    return message.text.startswith(("peer(", "Received invalid initiation", "Received packet with"))


class Reader:
    """Reads the lines of one log; a peer is known by device and number, or by its key."""

    def __init__(self) -> None:
        self._peers: Remembered[tuple[str, str], tuple[str | None, int | None]] = Remembered()

    def read(self, message: Message) -> list[Row]:
        """Return the rows that a line gives."""
        kernel = KERNEL.match(message.text.strip())
        said = kernel["said"] if kernel else message.text.strip()
        device = kernel["device"] if kernel else ""
        if found := BEGUN.match(said):
            return self._begun(
                message, f"{device} peer {found['peer']}", (found["address"], found["port"])
            )
        if found := GO_BEGUN.match(said):
            return self._begun(message, found["peer"], (None, None))
        if found := REFUSED.match(said) or GO_REFUSED.match(said):
            return [
                logon(
                    message,
                    "wireguard",
                    "failed",
                    None,
                    (found["address"], found["port"]),
                    found["why"],
                    method="publickey",
                )
            ]
        if found := EXPIRED.match(said):
            return self._gone(
                message, f"{device} peer {found['peer']}", (found["address"], found["port"])
            )
        if found := GO_EXPIRED.match(said):
            return self._gone(message, found["peer"], (None, None))
        return []

    def end(self) -> list[Row]:
        """Return the rows of what waited for more: nothing waits."""
        return []

    def _begun(self, message: Message, peer: str, client: Endpoint) -> list[Row]:
        key = (message.host, peer)
        before, ts = self._peers.get(key, (None, None))
        known = key in self._peers
        self._peers.add(key, (client[0], message.ts))
        lasts = ts is None or message.ts is None or abs(message.ts - ts) <= REJECT_AFTER
        if known and before == client[0] and lasts:
            return []
        return [
            logon(
                message,
                "wireguard",
                "success",
                peer,
                client,
                method="publickey",
                confidence=LESS_SURE,
            )
        ]

    def _gone(self, message: Message, peer: str, client: Endpoint) -> list[Row]:
        self._peers.pop((message.host, peer), None)
        return [
            event(message, "wireguard", "logoff", user=peer, client=client, detail="no new key")
        ]
