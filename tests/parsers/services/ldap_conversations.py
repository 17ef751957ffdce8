"""Messages of LDAP: what the tests of its parser are fed with."""

from __future__ import annotations

from parsers.services.der import INTEGER, OCTET_STRING, SEQUENCE, encode

ENUMERATED, BOOLEAN = 0x0A, 0x01


def text(value: bytes) -> bytes:
    return encode(OCTET_STRING, value)


def integer(value: int, tag: int = INTEGER) -> bytes:
    return encode(tag, value.to_bytes(value.bit_length() // 8 + 1, signed=True))


def message(number: int, operation: int, *parts: bytes) -> bytes:
    return encode(SEQUENCE, integer(number) + encode(operation, b"".join(parts)))


def simple(number: int, name: bytes, password: bytes = b"secret") -> bytes:
    return message(number, 0x60, integer(3), text(name), encode(0x80, password))


def sasl(number: int, mechanism: bytes, credentials: bytes = b"") -> bytes:
    choice = encode(0xA3, text(mechanism) + text(credentials))
    return message(number, 0x60, integer(3), text(b""), choice)


def result(number: int, operation: int, code: int, diagnostic: bytes = b"") -> bytes:
    return message(number, operation, integer(code, ENUMERATED), text(b""), text(diagnostic))


def bound(number: int, code: int = 0, diagnostic: bytes = b"") -> bytes:
    return result(number, 0x61, code, diagnostic)


def search(number: int, base: bytes = b"dc=ex", filter_: bytes = b"\x87\x0bobjectClass") -> bytes:
    head = text(base) + integer(2, ENUMERATED) + integer(0, ENUMERATED) + integer(0) + integer(0)
    attributes = encode(SEQUENCE, text(b"cn"))
    return message(number, 0x63, head, encode(BOOLEAN, b"\0"), filter_, attributes)


def entry(number: int, size: int = 10) -> bytes:
    return message(number, 0x64, text(b"cn=ann,dc=ex"), encode(SEQUENCE, text(bytes(size))))


def done(number: int, code: int = 0) -> bytes:
    return result(number, 0x65, code)


def unbind(number: int) -> bytes:
    return message(number, 0x42)


def extended(number: int, name: bytes) -> bytes:
    return message(number, 0x77, encode(0x80, name))


def was_extended(number: int, code: int = 0) -> bytes:
    return result(number, 0x78, code)


def token(payload: bytes, *, sealed: bool = False, rotated: bool = True) -> bytes:
    """A Wrap token of Kerberos, behind its length, with a checksum of twelve bytes."""
    check = bytes(range(12))
    head = b"\5\4" + bytes((2 * sealed, 0xFF)) + b"\0\x0c" + (b"\0\x0c" if rotated else bytes(2))
    body = head + bytes(8) + (check + payload if rotated else payload + check)
    return len(body).to_bytes(4) + body
