from __future__ import annotations

import pytest

from parsers.services.der import INTEGER, OCTET_STRING, OID, SEQUENCE, encode
from parsers.services.parser import ORIG, RESP
from parsers.services.snmp import Snmp, begins

BINDINGS = encode(SEQUENCE, encode(SEQUENCE, encode(OID, b"\x2b\6\1\2\1\1\1\0") + b"\5\0"))
GET, REPLY, TRAP, BULK = 0xA0, 0xA2, 0xA4, 0xA5


def number(value: int, size: int = 1) -> bytes:
    return encode(INTEGER, value.to_bytes(size))


def pdu(tag: int, bindings: bytes = BINDINGS) -> bytes:
    return encode(tag, number(70000, 3) + number(0) + number(0) + bindings)


def message(version: int, *parts: bytes) -> bytes:
    return encode(SEQUENCE, number(version) + b"".join(parts))


def header(flags: bytes = b"\4") -> bytes:
    return encode(SEQUENCE, number(7) + number(1500, 2) + encode(OCTET_STRING, flags) + number(3))


PUBLIC = encode(OCTET_STRING, b"public")
QUESTION, ANSWER = message(1, PUBLIC, pdu(GET)), message(1, PUBLIC, pdu(REPLY))
TRAP_1 = encode(
    TRAP,
    encode(OID, b"\x2b\6\1") + b"\x40\4\x0a\0\0\1" + number(6) + number(1) + b"\x43\1\5" + BINDINGS,
)
SCOPED = encode(SEQUENCE, encode(OCTET_STRING, b"engine") + encode(OCTET_STRING, b"") + pdu(GET))


@pytest.mark.parametrize(
    "octets",
    [
        QUESTION,
        message(0, PUBLIC, pdu(GET)),
        message(0, PUBLIC, TRAP_1),
        message(1, PUBLIC, pdu(BULK)),
        message(3, header(), PUBLIC, SCOPED),
        message(3, header(b"\7"), PUBLIC, encode(OCTET_STRING, b"encrypted")),
    ],
)
def test_messages_of_every_version_begin_it(octets):
    assert begins(octets, b"")
    assert begins(b"", octets)


def test_only_an_answer_confirms():
    parser = Snmp()
    parser.data(ORIG, QUESTION, 0)
    assert not parser.confirmed
    assert not parser.failed
    parser.data(RESP, ANSWER, 0)
    assert parser.confirmed


def test_what_cannot_be_read_takes_the_name_back():
    parser = Snmp()
    parser.data(RESP, ANSWER, 0)
    parser.data(ORIG, QUESTION[:-1], 0)
    assert not parser.confirmed
    assert parser.failed == "snmp_violation"


@pytest.mark.parametrize(
    "octets",
    [
        QUESTION[:-1],
        QUESTION + b"\0",
        b"\x31" + QUESTION[1:],
        message(2, PUBLIC, pdu(GET)),
        message(1, encode(SEQUENCE, b""), pdu(GET)),
        message(1, PUBLIC, pdu(0xA9)),
        message(1, PUBLIC, pdu(GET, b"")),
        message(1, PUBLIC, pdu(GET, encode(SEQUENCE, b"\5\0"))),
        message(1, PUBLIC, encode(GET, number(0, 10) + number(0) + number(0) + BINDINGS)),
        message(1, PUBLIC, encode(GET, b"\2\0" + number(0) + number(0) + BINDINGS)),
        message(1, PUBLIC, pdu(GET), pdu(GET)),
        message(1, PUBLIC, TRAP_1.replace(b"\x40\4", b"\x41\4")),
        message(1, PUBLIC),
        message(1),
        message(3, header(b""), PUBLIC, SCOPED),
        message(3, header(), PUBLIC, encode(SEQUENCE, PUBLIC)),
        message(3, header(), PUBLIC, pdu(GET)),
        message(3, header(), PUBLIC, encode(SEQUENCE, b"")),
        encode(SEQUENCE, b""),
        encode(SEQUENCE, PUBLIC + PUBLIC + pdu(GET)),
    ],
)
def test_near_misses_are_refused(octets):
    parser = Snmp()
    parser.data(RESP, octets, 0)
    assert begins(octets, b"") is False
    assert not parser.confirmed
    assert parser.failed == "not_snmp"
