"""SNMP: whether a connection is it.

RFC 1157 section 4, RFC 3416 section 3 and RFC 3412 section 6 for messages of versions 1, 2c and 3.
What the responder says names the protocol, as in Zeek: src/analyzer/protocol/snmp.
"""

from __future__ import annotations

from typing import ClassVar

from parsers.services.der import INTEGER, OCTET_STRING, OID, SEQUENCE, NotDer, Value, first
from parsers.services.parser import RESP
from parsers.services.recogniser import Recogniser

VERSION_1, VERSION_2C, VERSION_3 = 0, 1, 3
IP_ADDRESS, TIME_TICKS = 0x40, 0x43
PDUS = range(0xA0, 0xA9)  # GetRequest to Report
TRAP = 0xA4  # of version 1

PDU = (INTEGER, INTEGER, INTEGER, SEQUENCE)
TRAP_PDU = (OID, IP_ADDRESS, INTEGER, INTEGER, TIME_TICKS, SEQUENCE)
GLOBAL_DATA = (INTEGER, INTEGER, OCTET_STRING, INTEGER)
SCOPE = (OCTET_STRING, OCTET_STRING)  # engine and context, before the PDU
LONGEST_INTEGER = 9  # bytes, as Zeek has it


def begins(orig: bytes, resp: bytes) -> bool | None:
    """Whether first datagrams of the two sides (either may be empty) are this protocol."""
    return Snmp.begins(orig, resp)


def is_message(octets: bytes) -> bool:
    """Whether it is a message of a known version."""
    if octets[0] != SEQUENCE:
        return False
    try:
        message = first(octets)
        return message.whole == octets and _is_message(list(message))
    except NotDer:
        return False


def _is_message(parts: list[Value]) -> bool:
    if not parts or not _are(parts[:1], (INTEGER,)):
        return False
    version, *parts = parts
    if int.from_bytes(version.content) in (VERSION_1, VERSION_2C):
        return len(parts) == 2 and parts[0].tag == OCTET_STRING and _is_pdu(parts[1])
    return int.from_bytes(version.content) == VERSION_3 and _is_version_3(parts)


def _is_pdu(value: Value) -> bool:
    if value.tag not in PDUS:
        return False
    parts = list(value)
    fields = TRAP_PDU if value.tag == TRAP else PDU
    return _are(parts, fields) and all(binding.tag == SEQUENCE for binding in parts[-1])


def _is_version_3(parts: list[Value]) -> bool:
    """Whether header, security parameters and the message's inside are there."""
    if len(parts) != 3 or not _are(parts[:2], (SEQUENCE, OCTET_STRING)):
        return False
    header, _, inside = parts
    header_parts = list(header)
    if not _are(header_parts, GLOBAL_DATA) or len(header_parts[2].content) != 1:
        return False
    if inside.tag == OCTET_STRING:  # encrypted
        return True
    scoped = list(inside.expect(SEQUENCE))
    return _are(scoped[:-1], SCOPE) and _is_pdu(scoped[-1])


def _are(values: list[Value], tags: tuple[int, ...]) -> bool:
    """Whether values are of these types, integers of a size that there is."""
    return tuple(value.tag for value in values) == tags and all(
        0 < len(value.content) <= LONGEST_INTEGER for value in values if value.tag == INTEGER
    )


def _unreadable(octets: bytes) -> bool:
    return not is_message(octets)


class Snmp(Recogniser):
    """Tells it of datagrams."""

    service: ClassVar[str] = "snmp"
    is_message = staticmethod(is_message)
    violates = staticmethod(_unreadable)

    def confirms(self, side: int) -> bool:
        """Only an answer does."""
        return side == RESP
