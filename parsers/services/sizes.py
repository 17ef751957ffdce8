"""How much a logon takes, and how much is clearly a session, by service.

Payload figures of recordings, between failed logons and sessions: OpenSSH 9.2, Dropbear 2022.83,
hydra, medusa and ncrack; xrdp 0.9.21 and FreeRDP 2.11; TigerVNC 1.12; OpenVPN 2.6; strongSwan 5.9;
wireguard-go; dockerd 20.10; kube-apiserver 1.20. Where a protocol gives the number, it is that.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl
from polars import col

from parsers.services.answers import said

OTHER = "other"  # stands for every service that is not named

LOGON_BYTES: dict[str, tuple[int, int]] = {
    "ssh": (1_000, 1_500),  # beyond both banners and the key exchange
    "rdp": (1_000, 2_000),  # a TLS handshake and the first message of CredSSP
    "vnc": (29, 30),  # RFC 6143 section 7: version, choice, response; version, types, challenge
    "winrm": (1_000, 200),  # a SOAP request with credentials, and its 401
    "telnet": (40, 60),  # options, a name and a password; options and two prompts
    "rlogin": (20, 10),  # RFC 1282: the names; a zero and a prompt
    "x11": (12, 8),  # a connection setup and any reply to it
    "socks": (13, 4),  # RFC 1928: a method list and a request
    "ipsec": (400, 400),  # IKE_SA_INIT with an answer that is more than a refusal
    "wireguard": (148, 92),  # an initiation is answered only if its key is known
    OTHER: (1_000, 1_000),
}
"""The least payload bytes of originator and responder with which a logon is tried."""

LOGON_PACKETS: dict[str, int] = {
    "ssh": 6,  # banner, key exchange in three, service request, an attempt
    "rdp": 6,  # connection request, TLS in two or three, CredSSP in two
    OTHER: 1,
}
"""The least packets with payload that the originator sends for it."""

SESSION_BYTES: dict[str, int] = {
    "telnet": 2_000,
    "rlogin": 2_000,
    "wireguard": 2_000,
    "winrm": 10_000,
    "ipsec": 100_000,  # failed tries of one client share a flow: they have the same ports
    "openvpn": 100_000,  # the same
    OTHER: 20_000,
}
"""Payload bytes of both sides together that failed logons do not come to."""

SESSION_PACKETS = 32
"""Packets with payload from each side that failed logons over TCP do not come to."""


def reached(
    logon_bytes: Mapping[str, tuple[int, int]],
    logon_packets: Mapping[str, int],
    session_bytes: Mapping[str, int],
    session_packets: int,
) -> pl.Expr:
    """Return how far a flow of `conn` with its `remote_service` went, Int32 and never null.

    0: hardly anything was said; 1: both sides sent payload; 2: as much as a logon takes; 3: as much
    as only a session has. Figures that the input lacks are no hindrance to 2 and no reason for 3.
    """
    sent, received = col("orig_bytes"), col("resp_bytes")
    packets = [col("orig_payload_pkts"), col("resp_payload_pkts")]
    tried = (
        (sent >= _of({service: size for service, (size, _) in logon_bytes.items()}))
        & (received >= _of({service: size for service, (_, size) in logon_bytes.items()}))
        & (packets[0] >= _of(logon_packets)).fill_null(value=True)
    )
    # UDP has no connections: tries that follow each other add up in one flow.
    many = pl.all_horizontal(count >= session_packets for count in packets).fill_null(value=False)
    session = (sent + received >= _of(session_bytes)) | ((col("proto") == "tcp") & many)
    spoken = said("orig") & said("resp")
    level = pl.when(spoken & session).then(3).when(spoken & tried).then(2).when(spoken).then(1)
    return level.otherwise(0)


def _of(values: Mapping[str, int]) -> pl.Expr:
    """The value for each row's service."""
    named = {service: value for service, value in values.items() if service != OTHER}
    return col("remote_service").replace_strict(
        list(named), list(named.values()), default=values[OTHER], return_dtype=pl.Int64
    )
