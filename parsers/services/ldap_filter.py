"""Filters of LDAP searches, as text.

RFC 4511 section 4.5.1.7 for filters; RFC 4515 for the text, but for what Zeek does otherwise
(src/analyzer/protocol/ldap/ldap.spicy): of more than two filters that are joined, each is joined to
all before it. MS-ADTS section 6.3.3 for the values of Active Directory's pings.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from parsers.services.der import NotDer, Value, first

DEEPEST = 64
"""Filters within filters: deeper ones are not read."""
LONGEST = 16_384
"""Characters that are kept."""

AND, OR, NOT, EQUAL, SUBSTRINGS, GREATER, LESS = 0xA0, 0xA1, 0xA2, 0xA3, 0xA4, 0xA5, 0xA6
PRESENT, APPROXIMATE, EXTENSIBLE = 0x87, 0xA8, 0xA9
JOINED = {AND: "&", OR: "|"}
COMPARED = {EQUAL: "=", GREATER: ">=", LESS: "<=", APPROXIMATE: "~="}
INITIAL, ANY, FINAL = 0x80, 0x81, 0x82
MATCHING_RULE, TYPE, MATCH_VALUE = 0x81, 0x82, 0x83

ESCAPED = re.compile(r"[\0\x1b()*]")
"""Zeek takes 27 for the backslash."""


def filter_text(value: Value, depth: int = 0) -> str:
    """Return a filter as text. Raises NotDer."""
    if depth > DEEPEST:
        raise NotDer("filter")
    if value.tag in JOINED:
        return _joined(JOINED[value.tag], [filter_text(each, depth + 1) for each in value])
    if value.tag == NOT:
        return f"(!{filter_text(first(value.content), depth + 1)})"
    if value.tag in COMPARED:
        type_, asserted = _pair(value)
        return f"({type_}{COMPARED[value.tag]}{asserted})"
    if value.tag in OTHERS:
        return OTHERS[value.tag](value)
    raise NotDer("filter")


def _joined(by: str, filters: list[str]) -> str:
    if not filters:
        return ""
    if len(filters) == 1:
        return f"({by}{filters[0]})"
    closed = "".join(f"{each})" for each in filters[1:])
    return (f"({by}" * (len(filters) - 1) + filters[0] + closed)[:LONGEST]


def _pair(value: Value) -> tuple[str, str]:
    """Attribute and what is asserted of it."""
    parts = list(value)
    if len(parts) != 2:
        raise NotDer("assertion")
    type_, asserted = (part.content for part in parts)
    return _text(type_), VALUES.get(type_, _escaped)(asserted)[:LONGEST]


def _substrings(value: Value) -> str:
    parts = list(value)
    if len(parts) != 2:
        raise NotDer("substrings")
    found: dict[int, list[str]] = {INITIAL: [""], ANY: [], FINAL: [""]}
    for part in parts[1]:
        if part.tag not in found:
            raise NotDer("substring")
        found[part.tag].append(_escaped(part.content))
    anys = "".join(f"{each}*" for each in found[ANY])
    return f"({_text(parts[0].content)}={found[INITIAL][-1]}*{anys}{found[FINAL][-1]})"[:LONGEST]


def _present(value: Value) -> str:
    return f"({_text(value.content)}=*)"


def _extensible(value: Value) -> str:
    parts = {part.tag: _text(part.content) for part in value}
    rule = f":{parts[MATCHING_RULE]}" if MATCHING_RULE in parts else ""
    return f"({parts.get(TYPE, '')}{rule}:={parts.get(MATCH_VALUE, '')})"


OTHERS: Mapping[int, Callable[[Value], str]] = {
    SUBSTRINGS: _substrings,
    PRESENT: _present,
    EXTENSIBLE: _extensible,
}


def _text(octets: bytes) -> str:
    return octets[:LONGEST].decode(errors="backslashreplace")


def _escaped(octets: bytes) -> str:
    return ESCAPED.sub(lambda found: f"\\{ord(found[0]):02x}", _text(octets))


def _guid(octets: bytes) -> str:
    if len(octets) != 16:
        return "GUID_FORMAT_FAILED"
    mixed = octets[3::-1] + octets[5:3:-1] + octets[7:5:-1] + octets[8:]
    text = mixed.hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def _sid(octets: bytes) -> str:
    """A security identifier of a domain, MS-DTYP section 2.4.2."""
    if len(octets) != 24:
        return "SID_FORMAT_FAILED"
    parts = [octets[0], int.from_bytes(octets[2:8])]
    parts += [int.from_bytes(octets[at : at + 4], "little") for at in range(8, 24, 4)]
    return "-".join(["S", *map(str, parts)])


def _version(octets: bytes) -> str:
    return f"0x{octets[::-1].hex()}" if len(octets) == 4 else "HEX_FORMAT_FAILED"


def _octets(octets: bytes) -> str:
    return octets[:LONGEST].hex(":")


VALUES: Mapping[bytes, Callable[[bytes], str]] = {
    b"DomainGuid": _guid,
    b"objectSid": _octets,
    b"AAC": _octets,
    b"DomainSid": _sid,
    b"NtVer": _version,
}
"""Attributes whose values are no text."""
