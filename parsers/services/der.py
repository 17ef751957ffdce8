"""Values of ASN.1 in DER, read from bytes with an end.

Source: ITU-T X.690. As lenient as OpenSSL's reader where certificates in the field need it: lengths
may take more bytes than they must. Lengths that are not told (BER's indefinite form) are refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, OID = 0x01, 0x02, 0x03, 0x04, 0x06
UTF8_STRING, NUMERIC_STRING, PRINTABLE_STRING, T61_STRING, IA5_STRING = 0x0C, 0x12, 0x13, 0x14, 0x16
UTC_TIME, GENERALIZED_TIME, VISIBLE_STRING = 0x17, 0x18, 0x1A
UNIVERSAL_STRING, BMP_STRING = 0x1C, 0x1E
SEQUENCE, SET = 0x30, 0x31
LONGEST_OID = 64


class NotDer(ValueError):
    """The bytes are not the value that is asked for."""


@dataclass(frozen=True, slots=True)
class Value:
    """A value. `whole`: its bytes with tag and length."""

    tag: int
    content: bytes
    whole: bytes

    def expect(self, tag: int) -> Value:
        """Itself, if it has this tag."""
        if self.tag != tag:
            raise NotDer("tag")
        return self

    def __iter__(self) -> Iterator[Value]:
        """The values within."""
        return values(self.content)


def values(octets: bytes) -> Iterator[Value]:
    """The values that follow one another until the end."""
    at = 0
    while at < len(octets):
        value = first(octets, at)
        at += len(value.whole)
        yield value


def first(octets: bytes, at: int = 0) -> Value:
    """The value that begins there; what follows is no matter."""
    head = octets[at : at + 2]
    if len(head) < 2 or head[0] & 0x1F == 0x1F or head[1] == 0x80:
        raise NotDer("head")
    start, length = at + 2, head[1]
    if length > 0x80:
        start += length - 0x80
        length = int.from_bytes(octets[at + 2 : start], "big")
    end = start + length
    if end > len(octets):
        raise NotDer("length")
    return Value(head[0], octets[start:end], octets[at:end])


def encode(tag: int, content: bytes) -> bytes:
    """A value with its length in as few bytes as it can be."""
    length = len(content)
    if length < 0x80:
        return bytes((tag, length)) + content
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets + content


def integer(value: Value) -> int:
    """An INTEGER of any size, in as few bytes as it can be."""
    content = value.expect(INTEGER).content
    if not content or (len(content) > 1 and (content[0], content[1] >> 7) in {(0, 0), (0xFF, 1)}):
        raise NotDer("integer")
    return int.from_bytes(content, "big", signed=True)


def dotted(value: Value) -> str:
    """An OBJECT IDENTIFIER as its numbers with dots between them."""
    content = value.expect(OID).content
    if not content or content[-1] & 0x80 or len(content) > LONGEST_OID:
        raise NotDer("oid")
    arcs, arc = [], 0
    for octet in content:
        arc = arc << 7 | octet & 0x7F
        if not octet & 0x80:
            arcs.append(arc)
            arc = 0
    top = min(arcs[0] // 40, 2)
    return ".".join(map(str, [top, arcs[0] - 40 * top, *arcs[1:]]))
