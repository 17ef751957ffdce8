from __future__ import annotations

import pytest

from parsers.services.ike_names import attribute_name, notify_name, vendor_name


@pytest.mark.parametrize(
    ("octets", "name"),
    [
        ("4a131c81070358455c5728f20e95452f", "RFC 3947 NAT-T"),
        ("90cb80913ebb696e086381b5ec427b1f", "draft-ietf-ipsec-nat-t-ike-02"),
        ("cd60464335df21f87cfdb2fc68b6a448", "draft-ietf-ipsec-nat-t-ike-02"),
        ("afcad71368a1f1c96b8696fc77570100", "Dead Peer Detection"),
        ("09002689dfd6b712", "XAUTH"),
        ("12f5f28c457168a9702d9fe274cc0100", "Cisco Unity"),
        ("1f07f70eaa6514d3b0fa96542a500407", "Cisco VPN Concentrator (4.0.7)"),
        ("1f07f70eaa6514d3b0fa96542a999999", "Cisco VPN Concentrator"),
        ("1e2b516905991c7d7c96fcbfb587e46100000009", "Windows-8"),
        ("1e2b516905991c7d7c96fcbfb587e46100000077", "MS NT5 ISAKMPOAKLEY"),
        ("882fe56d6fd20dbc2251613b2ebe5beb", "strongSwan 4.3.6"),
        ("dc3afcdda0514da394b4b36f4cb1b9a7", "strongSwan 5.0.4"),
        ("b037a21aceccb5570f602546f97bde8c", "SSH IPSEC Express 5.0"),
        ("8f9cc94e01248ecdf147594c284b213b", "SSH QuickSec 2.1.0"),
        ("699369228741c6d4ca094c93e242c9de19e7b7c6", "Netscreen-06"),
        (b"CISCO-DELETE-REASON".hex(), "Cisco-Delete-Reason"),
        (b"OE0123456789".hex(), "FreeS/WAN or OpenSWAN"),
        (b"OEN123456789".hex(), "FreeS/WAN or OpenSWAN or Libreswan"),
        (b"OE012345678".hex(), "UNKNOWN:4f45303132333435363738"),
        ("0102", "UNKNOWN:0102"),
        ("", "UNKNOWN:"),
    ],
)
def test_a_vendor_is_named_by_what_its_id_begins_with(octets, name):
    assert vendor_name(bytes.fromhex(octets)) == name


@pytest.mark.parametrize(
    ("number", "name"),
    [
        (1, "UNSUPPORTED_CRITICAL_PAYLOAD"),
        (14, "NO_PROPOSAL_CHOSEN"),
        (24, "AUTHENTICATION_FAILED"),
        (30, "UNEQUAL_PAYLOAD_LENGTHS"),
        (31, "unknown-notify-message-type: 31"),
        (46, "AUTHORIZATION_FAILED"),
        (16384, "INITIAL_CONTACT"),
        (16390, "COOKIE"),
        (16404, "MULTIPLE_AUTH_SUPPORTED"),
        (16430, "IKEV2_FRAGMENTATION_SUPPORTED"),
        (16437, "NO_PPK_AUTH"),
    ],
)
def test_notify_messages_have_the_names_of_their_numbers(number, name):
    assert notify_name(number) == name


def test_attributes_have_the_names_of_their_numbers():
    assert [attribute_name(number) for number in (1, 14, 16)] == [
        *("Encryption Algorithm", "Key Length", "Group Order")
    ]
    assert attribute_name(17) == "unknown-transform-type: 17"
