"""DHCP: whether a connection is it.

RFC 2131 section 2 for messages, RFC 2132 for options. BOOTP without the option of the message's
type is not it, as in Zeek: src/analyzer/protocol/dhcp/dhcp-protocol.pac, dhcp-analyzer.pac.
"""

from __future__ import annotations

from typing import ClassVar

from parsers.services.recogniser import Recogniser

OPERATIONS = b"\1\2"  # BOOTREQUEST, BOOTREPLY
HARDWARE_ADDRESS_SIZE = 16
COOKIE, COOKIE_AT = b"\x63\x82\x53\x63", 236
OPTIONS_AT = COOKIE_AT + len(COOKIE)
PAD, MESSAGE_TYPE, END = 0, 53, 255
MESSAGE_TYPES = range(1, 19)


def begins(orig: bytes, resp: bytes) -> bool | None:
    """Whether first datagrams of the two sides (either may be empty) are this protocol."""
    return Dhcp.begins(orig, resp)


def is_message(octets: bytes) -> bool:
    """Whether it is a message of a known type."""
    return (
        octets[COOKIE_AT:OPTIONS_AT] == COOKIE
        and octets[0] in OPERATIONS
        and octets[2] <= HARDWARE_ADDRESS_SIZE
        and _message_type(octets) in MESSAGE_TYPES
    )


def _message_type(octets: bytes) -> int:
    """The type that its options give; 0 if they do not, or have no end."""
    at, found = OPTIONS_AT, 0
    while at < len(octets):
        code = octets[at]
        if code == END:
            return found
        if code == PAD:
            at += 1
            continue
        value = octets[at + 2 : at + 3]
        if code == MESSAGE_TYPE and not found and value:
            found = value[0]
        at += 2 + int.from_bytes(octets[at + 1 : at + 2])
    return 0


def _unreadable(octets: bytes) -> bool:
    return octets[COOKIE_AT:OPTIONS_AT] != COOKIE or not _message_type(octets)


class Dhcp(Recogniser):
    """Tells it of datagrams."""

    service: ClassVar[str] = "dhcp"
    is_message = staticmethod(is_message)
    violates = staticmethod(_unreadable)
