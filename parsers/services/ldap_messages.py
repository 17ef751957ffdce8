"""Messages of LDAP, as far as Zeek's ldap.log and ldap_search.log tell of them.

RFC 4511 section 4, MS-ADTS section 5.1.1.1.3 for Sicily. What fills which column as in Zeek:
src/analyzer/protocol/ldap/ldap.spicy, base/protocols/ldap/main.zeek. Passwords are never kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from parsers.services.der import INTEGER, OCTET_STRING, SEQUENCE, NotDer, Value, first
from parsers.services.ldap_filter import filter_text
from parsers.services.ldap_names import (
    ABANDON,
    ADD_RESPONSE,
    ALIASES,
    BIND_REQUEST,
    BIND_RESPONSE,
    COMPARE_RESPONSE,
    DELETE_REQUEST,
    DELETE_RESPONSE,
    EXTENDED,
    EXTENDED_REQUEST,
    EXTENDED_RESPONSE,
    MODIFY_DN_RESPONSE,
    MODIFY_REQUEST,
    MODIFY_RESPONSE,
    OPERATIONS,
    RESULTS,
    SCOPES,
    SEARCH_DONE,
    SEARCH_REQUEST,
    UNKNOWN,
)

ENUMERATED = 0x0A
APPLICATION = 0x40
CONSTRUCTED = 0x20
LONGEST_INTEGER = 8
LONGEST_TEXT = 4096

SIMPLE, SASL = 0x80, 0xA3
BINDS = {
    SIMPLE: "bind simple",
    SASL: "bind SASL",
    0x89: "LDAP::BindAuthType_SICILY_PACKAGE_DISCOVERY",
    0x8A: "sicily_negotiate",
    0x8B: "sicily_response",
}
"""Names of the ways to log on, by the tag of AuthenticationChoice."""

NOT_ASCII = dict.fromkeys((*range(32), *range(127, 256)), "?")


@dataclass(frozen=True, slots=True)
class Message:
    """What a message says. `columns`: of its row; `mechanism`: of SASL; `result`: the code."""

    number: int
    operation: int
    columns: dict[str, Any] = field(default_factory=dict)
    mechanism: str = ""
    result: int | None = None


def read_message(octets: bytes) -> Message:
    """Return what a whole message says. Raises NotDer."""
    parts = first(octets).expect(SEQUENCE).content
    number = first(parts)
    operation = first(parts, len(number.whole))
    kind = operation.tag & ~CONSTRUCTED ^ APPLICATION
    if kind not in OPERATIONS:
        raise NotDer("operation")
    message = Message(_integer(number, INTEGER), kind)
    return READERS[kind](message, operation) if kind in READERS else message


def _told(message: Message, columns: dict[str, Any], mechanism: str = "") -> Message:
    """The message with those columns that are not empty."""
    told = {column: value for column, value in columns.items() if value != ""}
    return Message(message.number, message.operation, told, mechanism)


def _parts(value: Value, count: int) -> list[Value]:
    """The values within, of which there must be so many."""
    parts = list(value)
    if len(parts) < count:
        raise NotDer("parts")
    return parts


def _bind(message: Message, operation: Value) -> Message:
    version, name, choice, *_ = _parts(operation, 3)
    argument = mechanism = ""
    if choice.tag == SIMPLE:
        argument = "REDACTED" if choice.content else ""
    elif choice.tag == SASL:
        argument = mechanism = _text(first(choice.content).expect(OCTET_STRING).content)
    elif choice.tag not in BINDS:
        raise NotDer("authentication")
    elif choice.content.startswith(b"NTLMSSP"):
        argument = "NTLMSSP"
    columns = {
        "version": _integer(version, INTEGER),
        "opcode": BINDS[choice.tag],
        "object": _string(name),
        "argument": argument,
    }
    return _told(message, columns, mechanism)


def _search(message: Message, operation: Value) -> Message:
    base, scope, aliases, _, _, _, filter_, *_ = _parts(operation, 7)
    columns = {
        "scope": SCOPES.get(_integer(scope, ENUMERATED), UNKNOWN),
        "deref_aliases": ALIASES.get(_integer(aliases, ENUMERATED), UNKNOWN),
        "base_object": _string(base),
    }
    told = _told(message, columns)
    told.columns["filter"] = filter_text(filter_)
    return told


def _modify(message: Message, operation: Value) -> Message:
    return _told(message, {"object": _string(first(operation.content))})


def _delete(message: Message, operation: Value) -> Message:
    return _told(message, {"object": _text(operation.content)})


def _abandon(message: Message, operation: Value) -> Message:
    return _told(message, {"object": str(_number(operation.content))})


def _extended(message: Message, operation: Value) -> Message:
    name = _text(first(operation.content).expect(0x80).content)
    return _told(message, {"object": f"{name} ({EXTENDED.get(name, UNKNOWN)})" if name else ""})


def _result(message: Message, operation: Value) -> Message:
    code, _, diagnostic, *_ = _parts(operation, 3)
    result = _integer(code, ENUMERATED)
    columns = {"result": RESULTS.get(result, UNKNOWN), "diagnostic_message": _string(diagnostic)}
    told = {column: value for column, value in columns.items() if value}
    return Message(message.number, message.operation, told, result=result)


READERS: Mapping[int, Callable[[Message, Value], Message]] = {
    BIND_REQUEST: _bind,
    SEARCH_REQUEST: _search,
    MODIFY_REQUEST: _modify,
    DELETE_REQUEST: _delete,
    ABANDON: _abandon,
    EXTENDED_REQUEST: _extended,
    BIND_RESPONSE: _result,
    SEARCH_DONE: _result,
    MODIFY_RESPONSE: _result,
    ADD_RESPONSE: _result,
    DELETE_RESPONSE: _result,
    MODIFY_DN_RESPONSE: _result,
    COMPARE_RESPONSE: _result,
    EXTENDED_RESPONSE: _result,
}
"""By operation; nothing is told of the others."""


def _integer(value: Value, tag: int) -> int:
    return _number(value.expect(tag).content)


def _number(octets: bytes) -> int:
    if not 0 < len(octets) <= LONGEST_INTEGER:
        raise NotDer("integer")
    return int.from_bytes(octets, signed=True)


def _string(value: Value) -> str:
    return _text(value.expect(OCTET_STRING).content)


def _text(octets: bytes) -> str:
    """A text as Zeek has it: of anything but printable ASCII it keeps a question mark a byte."""
    return octets[:LONGEST_TEXT].decode("latin-1").translate(NOT_ASCII)
