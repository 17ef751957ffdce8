"""Messages of Kerberos 5, as far as Zeek's kerberos.log tells of them.

RFC 4120 section 5: requests to the KDC, its replies, tickets and errors; RFC 4556 section 3.2 for
the certificates in pre-authentication data. What is read, and of which names nothing is told, as in
Zeek: src/analyzer/protocol/krb (krb-protocol.pac, krb-types.pac, krb-padata.pac).
"""

from __future__ import annotations

import re
from calendar import timegm
from dataclasses import dataclass, replace

from parsers.services.certificates import LATEST
from parsers.services.der import BIT_STRING, INTEGER, OID, SEQUENCE, NotDer, Value, first

APPLICATION, CONTEXT = 0x60, 0xA0  # tags that hold others; a number is added
VERSION = b"\5"

AS_REQ, AS_REP, TGS_REQ, TGS_REP, AP_REQ, KRB_ERROR = 10, 11, 12, 13, 14, 30
MESSAGES = {
    AS_REQ: (1, 2, 4),
    AS_REP: (0, 1, 3, 4, 5, 6),
    TGS_REQ: (1, 2, 4),
    TGS_REP: (0, 1, 3, 4, 5, 6),
    AP_REQ: (0, 1, 2, 3, 4),
    15: (0, 1, 2),  # AP-REP
    20: (0, 1, 2, 3),  # KRB-SAFE
    21: (0, 1, 3),  # KRB-PRIV
    22: (0, 1, 2, 3),  # KRB-CRED
    KRB_ERROR: (0, 1, 6),
}
"""By their numbers: the fields that must be there, the first two of them version and number."""

LONGEST_NAME = 3
"""Parts of a principal's name; of a longer one Zeek tells nothing."""
LONGEST_INTEGER = 8
LONGEST_TEXT = 4096
PA_PK_AS = {AS_REQ: 16, TGS_REQ: 16, AS_REP: 17, TGS_REP: 17}
"""Pre-authentication by certificate: PA-PK-AS-REQ and PA-PK-AS-REP."""
MOST_PRE_AUTHENTICATION = 64
DEEPEST = 8
"""What is around the signed data of a certificate, at most."""
CERTIFICATES = 3
"""Place in SignedData, RFC 5652 section 5.1, where there are any."""
TIME = re.compile(rb"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z")


@dataclass(frozen=True, slots=True)
class Message:
    """What a message says; None for what is not in it.

    realm: the client's; in a request that of the service, which is the same. start, till: ns.
    certificates: one after the other, of who sent it; b"" for pre-authentication without any.
    """

    kind: int
    client: str | None = None
    realm: str | None = None
    service: str | None = None
    start: int | None = None
    till: int | None = None
    options: int | None = None
    cipher: int | None = None
    error: int | None = None
    text: str | None = None
    certificates: bytes | None = None


def read_message(octets: bytes) -> Message | None:
    """Return what a message of a known kind says, None if it is none that can be read."""
    try:
        message = first(octets)
        (content,) = message
        kind = message.tag - APPLICATION
        fields = _fields(content)
        if message.whole != octets or not fields.keys() >= set(MESSAGES[kind]):
            return None
        version, number, *_ = (fields[index] for index in MESSAGES[kind])
        if _content(version, INTEGER) != VERSION or _content(number, INTEGER) != bytes((kind,)):
            return None
        if kind in {AS_REQ, TGS_REQ}:
            return _request(kind, fields)
        if kind in {AS_REP, TGS_REP}:
            return _reply(kind, fields)
        return _error(fields) if kind == KRB_ERROR else Message(kind)
    except (NotDer, KeyError, ValueError):  # of them: more than one value where one belongs
        return None


def _request(kind: int, fields: dict[int, Value]) -> Message:
    body = _fields(first(fields[4].content))
    told = Message(
        kind,
        client=_name(body.get(1)),
        realm=_text(body.get(2)),
        service=_name(body.get(3)),
        start=_time(body.get(4)),
        till=_time(body.get(5)),
        certificates=_certificates(kind, fields.get(3)),
    )
    if 0 not in body:
        return told
    return replace(told, options=int.from_bytes(_content(body[0], BIT_STRING)[1:5]))


def _reply(kind: int, fields: dict[int, Value]) -> Message:
    (ticket,) = fields[5]
    parts = _fields(first(ticket.content))
    return Message(
        kind,
        client=_name(fields[4]),
        realm=_text(fields[3]),
        service=_name(parts[2]),
        cipher=_integer(_fields(first(parts[3].content))[0]),
        certificates=_certificates(kind, fields.get(2)),
    )


def _error(fields: dict[int, Value]) -> Message:
    return Message(
        KRB_ERROR,
        client=_name(fields.get(8)),
        realm=_text(fields.get(7)),
        service=_name(fields.get(10)),
        error=_integer(fields[6]),
        text=_text(fields.get(11)),
    )


def _fields(sequence: Value) -> dict[int, Value]:
    return {field.tag - CONTEXT: field for field in sequence.expect(SEQUENCE)}


def _content(field: Value, tag: int) -> bytes:
    return first(field.content).expect(tag).content


def _integer(field: Value) -> int:
    """A number as Zeek holds it: without a sign."""
    return int.from_bytes(_content(field, INTEGER)[:LONGEST_INTEGER])


def _text(field: Value | None) -> str | None:
    return None if field is None else _decoded(first(field.content).content)


def _decoded(octets: bytes) -> str:
    return octets[:LONGEST_TEXT].decode(errors="backslashreplace")


def _name(field: Value | None) -> str | None:
    """A principal's name. Of one in parts Zeek takes each until a zero."""
    if field is None:
        return None
    _, names = first(field.content).expect(SEQUENCE)
    parts = [part.content for part in first(names.content).expect(SEQUENCE)]
    if not 0 < len(parts) <= LONGEST_NAME:
        return "unknown"
    if len(parts) > 1:
        parts = [part.partition(b"\0")[0] for part in parts]
    return "/".join(map(_decoded, parts))


def _time(field: Value | None) -> int | None:
    """A KerberosTime in nanoseconds; None for one that is none or before 1970."""
    found = TIME.fullmatch(first(field.content).content) if field is not None else None
    if found is None:
        return None
    try:
        seconds = timegm(tuple(map(int, found.groups())))
    except ValueError:
        return None
    return min(seconds * 10**9, LATEST) if seconds >= 0 else None


def _certificates(kind: int, field: Value | None) -> bytes | None:
    """What of the pre-authentication data holds the sender's certificates; None without any."""
    if field is None or (sequence := first(field.content)).tag != SEQUENCE:
        return None
    for data, _ in zip(sequence, range(MOST_PRE_AUTHENTICATION), strict=False):
        told = _fields(data)
        if _integer(told[1]) == PA_PK_AS[kind]:
            try:
                return _signers(first(told[2].content))
            except NotDer:
                return b""
    return None


def _signers(value: Value) -> bytes:
    """Certificates of a ContentInfo with SignedData, which lies within values of one value each."""
    for _ in range(DEEPEST):
        inner = first(value.content)
        if inner.tag == OID:
            content = first(value.content, len(inner.whole))
            parts = list(first(content.content).expect(SEQUENCE))
            return parts[CERTIFICATES].content if len(parts) > CERTIFICATES else b""
        value = inner
    raise NotDer("depth")
