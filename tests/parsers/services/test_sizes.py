from __future__ import annotations

import polars as pl
import pytest

from parsers.services import SERVICES
from parsers.services.sizes import (
    LOGON_BYTES,
    LOGON_PACKETS,
    OTHER,
    SESSION_BYTES,
    SESSION_PACKETS,
    reached,
)

SCHEMA = {
    "remote_service": pl.String,
    "proto": pl.String,
    "orig_bytes": pl.Int64,
    "resp_bytes": pl.Int64,
    "orig_payload_pkts": pl.Int64,
    "resp_payload_pkts": pl.Int64,
}
NOTHING, SPOKEN, LOGON, SESSION = range(4)


def level(service: str, sent: int | None, received: int | None, packets=(None, None), proto="tcp"):
    frame = pl.DataFrame([(service, proto, sent, received, *packets)], schema=SCHEMA, orient="row")
    return frame.select(reached(LOGON_BYTES, LOGON_PACKETS, SESSION_BYTES, SESSION_PACKETS)).item()


@pytest.mark.parametrize(
    ("service", "sent", "received", "packets", "expected"),
    [
        ("ssh", 0, 41, (0, 1), NOTHING),  # a banner
        ("ssh", None, None, (None, None), NOTHING),  # a SYN scan
        ("ssh", 390, 1177, (2, 2), SPOKEN),  # a version scan
        ("ssh", 1360, 1601, (5, 5), SPOKEN),  # nmap's ssh-auth-methods
        ("ssh", 1516, 1681, (8, 6), LOGON),  # medusa, two passwords
        ("ssh", 3381, 2993, (10, 9), LOGON),  # three passwords
        ("ssh", 5785, 11213, (62, 75), SESSION),  # 49 keystrokes
        ("ssh", 7509, 17181, (117, 151), SESSION),
        ("ssh", 5253085, 7261, (3652, 77), SESSION),
        ("rdp", 1101, 2037, (5, 6), SPOKEN),  # nmap's rdp-ntlm-info
        ("rdp", 1053, 2012, (6, 6), LOGON),  # a refused NLA logon
        ("rdp", 2534, 7627, (21, 28), LOGON),  # a wrong password in the login window
        ("rdp", 3364, 29225, (27, 43), SESSION),
        ("vnc", 12, 14, (1, 2), SPOKEN),
        ("vnc", 29, 60, (3, 4), LOGON),
        ("vnc", 456, 38697, (29, 38), SESSION),
        ("winrm", 1955, 235, (3, 1), LOGON),
        ("winrm", 9831, 4630, (15, 10), SESSION),
        ("kubernetes", 797, 2128, (5, 8), SPOKEN),
        ("kubernetes", 5588, 4870, (147, 70), SESSION),  # kubectl exec
        ("docker", 2748, 11956, (13, 33), LOGON),
    ],
)
def test_recorded_connections_reach_what_their_labels_say(
    service, sent, received, packets, expected
):
    assert level(service, sent, received, packets) == expected


@pytest.mark.parametrize(
    ("service", "sent", "received", "packets", "expected"),
    [
        ("openvpn", 14, 26, (1, 1), SPOKEN),
        ("openvpn", 2997, 3046, (8, 8), LOGON),
        ("openvpn", 44477, 1618214, (544, 1135), SESSION),
        ("ipsec", 992, 150, (3, 3), SPOKEN),
        ("ipsec", 2320, 2485, (5, 5), LOGON),
        ("ipsec", 4100, 8856, (25, 28), LOGON),
        ("ipsec", 8200, 17712, (50, 56), LOGON),  # ten tries from one port are no session
        ("wireguard", 148, 92, (1, 1), LOGON),
    ],
)
def test_tries_that_share_a_udp_flow_do_not_add_up_to_a_session(
    service, sent, received, packets, expected
):
    assert level(service, sent, received, packets, proto="udp") == expected


def test_without_packet_figures_bytes_alone_decide():
    assert level("ssh", 1516, 1681) == LOGON
    assert level("ssh", 5785, 11213) == LOGON
    assert level("ssh", 7509, 17181) == SESSION


def test_bytes_one_way_are_no_session():
    assert level("ssh", 10**9, 0) == NOTHING
    assert level("ssh", None, 10**9) == NOTHING


def test_every_name_is_a_service():
    for table in (LOGON_BYTES, LOGON_PACKETS, SESSION_BYTES):
        assert set(table) <= {*SERVICES, OTHER}
        assert OTHER in table
