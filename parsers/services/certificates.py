"""X.509 certificates: the columns of Zeek's x509.log that stand in the certificate itself.

Sources: RFC 5280; Zeek's src/file_analysis/analyzer/x509/X509.cc and X509Common.cc, which read with
OpenSSL. The certificate is walked here and not given to a library: one that is good enough for
OpenSSL must be read, also where it breaks the rules, and one that is hostile costs one walk over at
most `LONGEST_CERTIFICATE` bytes. No signature is checked.
"""

from __future__ import annotations

import re
from calendar import timegm
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from ipaddress import ip_address
from typing import Any

from parsers.services.der import (
    BIT_STRING,
    BOOLEAN,
    GENERALIZED_TIME,
    OCTET_STRING,
    SEQUENCE,
    UTC_TIME,
    NotDer,
    Value,
    dotted,
    encode,
    first,
    integer,
)
from parsers.services.x509_names import ALGORITHMS, common_name, name_text, names_host

LONGEST_CERTIFICATE = 1 << 19
MOST_EXTENSIONS = 256
LONGEST_SERIAL = 2048
"""What Zeek's buffer holds of a serial number."""
LONGEST_EXPONENT = 4096
"""Bits; of a key with a longer one nothing is told. It is written in decimals, which takes time."""
LATEST = 2**63 - 1
"""The last time that 64 bits of nanoseconds hold, in the year 2262; later ends are set to it."""

RSA, DSA, EC = "rsaEncryption", "dsaEncryption", "id-ecPublicKey"
KEY_OF_RDP = "md5WithRSAEncryption"
"""What Windows says of its RSA keys for RDP."""

CURVES = {
    "1.2.840.10045.3.1.1": ("prime192v1", 192),
    "1.2.840.10045.3.1.7": ("prime256v1", 256),
    "1.3.132.0.10": ("secp256k1", 256),
    "1.3.132.0.33": ("secp224r1", 224),
    "1.3.132.0.34": ("secp384r1", 384),
    "1.3.132.0.35": ("secp521r1", 521),
    "1.3.132.0.1": ("sect163k1", 163),
    "1.3.132.0.15": ("sect163r2", 163),
    "1.3.132.0.26": ("sect233k1", 232),
    "1.3.132.0.27": ("sect233r1", 233),
    "1.3.132.0.16": ("sect283k1", 281),
    "1.3.132.0.17": ("sect283r1", 282),
    "1.3.132.0.36": ("sect409k1", 407),
    "1.3.132.0.37": ("sect409r1", 409),
    "1.3.132.0.38": ("sect571k1", 570),
    "1.3.132.0.39": ("sect571r1", 570),
    "1.3.36.3.3.2.8.1.1.7": ("brainpoolP256r1", 256),
    "1.3.36.3.3.2.8.1.1.11": ("brainpoolP384r1", 384),
    "1.3.36.3.3.2.8.1.1.13": ("brainpoolP512r1", 512),
}
"""Curves by OpenSSL's short names, and the bits of their order."""

VERSION, EXTENSIONS = 0xA0, 0xA3
SUBJECT_ALTERNATIVE_NAME, BASIC_CONSTRAINTS = "2.5.29.17", "2.5.29.19"
NAME_KINDS = {0x81: "san_email", 0x82: "san_dns", 0x86: "san_uri"}
IP_ADDRESS = 0x87


@dataclass(slots=True)
class Certificate:
    """A certificate. `row`: its columns of `x509`; `hosts`: what it is for, wildcards included."""

    row: dict[str, Any] = field(default_factory=dict)
    hosts: list[str] = field(default_factory=list)

    def names_host(self, host: str) -> bool:
        """Whether it is a host's: by its alternative names, by its common name if it has none."""
        return any(names_host(name, host) for name in self.hosts)


def read_certificate(octets: bytes) -> Certificate | None:
    """Return what a certificate says, None if it cannot be read."""
    try:
        whole = first(octets[:LONGEST_CERTIFICATE]).expect(SEQUENCE)
        content, algorithm, bits = _unpack(whole, 3)
        certificate = Certificate({"fingerprint": _fingerprint(content, algorithm, bits)})
        _content(certificate, content.expect(SEQUENCE))
        signature = ALGORITHMS.get(dotted(next(iter(algorithm.expect(SEQUENCE)))), "")
    except (NotDer, ValueError, StopIteration):
        return None
    certificate.row["certificate_sig_alg"] = signature
    return certificate


def _fingerprint(content: Value, algorithm: Value, bits: Value) -> str:
    """SHA-256 of what OpenSSL writes after it read: all but the content with shortest lengths."""
    parts = (encode(part.tag, part.content) for part in algorithm.expect(SEQUENCE))
    outer = content.whole + encode(SEQUENCE, b"".join(parts))
    outer += encode(BIT_STRING, bits.expect(BIT_STRING).content)
    return sha256(encode(SEQUENCE, outer)).hexdigest()


def _unpack(value: Value, count: int) -> list[Value]:
    """The first values within, as many as there must be."""
    found = list(value)[:count]
    if len(found) < count:
        raise NotDer("values")
    return found


def _content(certificate: Certificate, content: Value) -> None:
    fields = list(content)
    version = 0
    if fields and fields[0].tag == VERSION:
        version = integer(_unpack(fields.pop(0), 1)[0])
    if len(fields) < 6:
        raise NotDer("certificate")
    serial, _, issuer, validity, subject, key, *others = fields
    begin, end = _unpack(validity.expect(SEQUENCE), 2)
    certificate.row |= {
        "certificate_version": version + 1,
        "certificate_serial": _serial(serial),
        "certificate_subject": name_text(subject),
        "certificate_issuer": name_text(issuer),
        "certificate_not_valid_before": _time(begin),
        "certificate_not_valid_after": _time(end),
    }
    certificate.row |= _key(key.expect(SEQUENCE))
    certificate.hosts = [common_name(subject)]
    for other in others:
        if other.tag == EXTENSIONS:
            _extensions(certificate, _unpack(other, 1)[0].expect(SEQUENCE))


def _serial(value: Value) -> str:
    number = integer(value)
    octets = abs(number).to_bytes(max((number.bit_length() + 7) // 8, 1), "big")
    lines = (octets[at : at + 35].hex().upper() for at in range(0, len(octets), 35))
    text = "-" * (number < 0) + "\\\n".join(lines)  # OpenSSL breaks long ones so
    return text[:LONGEST_SERIAL]


TIMES = {
    UTC_TIME: re.compile(rb"(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?()Z"),
    GENERALIZED_TIME: re.compile(
        rb"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?(?:\.\d*)?(?:Z|([+-]\d{4}))?"
    ),
}


def _time(value: Value) -> int:
    """A time in nanoseconds; 0 where Zeek cannot read it either."""
    if value.tag not in TIMES:
        raise NotDer("time")
    found = TIMES[value.tag].fullmatch(value.content)
    if not found:
        return 0
    *parts, zone = found.groups()
    year, month, day, hour, minute, second = (int(part or 0) for part in parts)
    if value.tag == UTC_TIME:
        year += 2000 if year < 50 else 1900
    try:
        seconds = timegm((year, month, day, hour, minute, second))
    except ValueError:
        return 0
    if zone:  # that Zeek adds, and takes its minutes for seconds
        seconds += int(zone[:1] + b"1") * (int(zone[1:3]) * 60 + int(zone[3:]))
    return min(seconds * 10**9, LATEST)


def _key(info: Value) -> dict[str, Any]:
    """The columns of the public key. Where it cannot be read, it has an algorithm and no more."""
    algorithm, bits = _unpack(info, 2)
    oid, *parameters = algorithm.expect(SEQUENCE)
    name = ALGORITHMS.get(dotted(oid), dotted(oid))
    columns: dict[str, Any] = {"certificate_key_alg": name}
    key = bits.expect(BIT_STRING).content[1:]
    try:
        if name in {RSA, KEY_OF_RDP}:
            columns |= _rsa(key)
        elif name == EC:
            columns |= _ec(parameters)
        elif name == DSA:
            prime = integer(next(iter(parameters[0].expect(SEQUENCE))))
            columns |= {"certificate_key_type": "dsa", "certificate_key_length": prime.bit_length()}
    except (NotDer, IndexError, StopIteration):
        return columns
    return columns


def _rsa(key: bytes) -> dict[str, Any]:
    modulus, exponent = (integer(each) for each in _unpack(first(key).expect(SEQUENCE), 2))
    if exponent.bit_length() > LONGEST_EXPONENT:
        raise NotDer("exponent")
    return {
        "certificate_key_type": "rsa",
        "certificate_key_length": modulus.bit_length(),
        "certificate_exponent": str(exponent),
    }


def _ec(parameters: list[Value]) -> dict[str, Any]:
    curve, length = CURVES.get(dotted(parameters[0]), ("", 0))
    if not curve:
        return {}
    return {
        "certificate_key_type": "ecdsa",
        "certificate_key_length": length,
        "certificate_curve": curve,
    }


def _extensions(certificate: Certificate, extensions: Value) -> None:
    named = False
    for extension in _some(extensions, MOST_EXTENSIONS):
        kind, *rest = extension.expect(SEQUENCE)
        content = next(value for value in rest if value.tag != BOOLEAN).expect(OCTET_STRING).content
        oid = dotted(kind)
        try:
            if oid == BASIC_CONSTRAINTS:
                certificate.row |= _basic_constraints(first(content).expect(SEQUENCE))
            elif oid == SUBJECT_ALTERNATIVE_NAME:
                names = _alternative_names(first(content).expect(SEQUENCE))
                if not named:
                    certificate.hosts = names.get("san_dns", [])
                certificate.row |= names
                named = True
        except NotDer:
            continue


def _some(values: Value, most: int) -> Iterator[Value]:
    return (value for value, _ in zip(values, range(most), strict=False))


def _basic_constraints(content: Value) -> dict[str, Any]:
    columns: dict[str, Any] = {"basic_constraints_ca": False}
    for value in content:
        if value.tag == BOOLEAN:
            columns["basic_constraints_ca"] = any(value.content)
        else:
            columns["basic_constraints_path_len"] = integer(value)
    return columns


def _alternative_names(content: Value) -> dict[str, Any]:
    columns: dict[str, Any] = {}
    for value in content:
        if value.tag in NAME_KINDS:
            text = value.content.decode(errors="backslashreplace")
            columns.setdefault(NAME_KINDS[value.tag], []).append(text)
        elif value.tag == IP_ADDRESS and len(value.content) in {4, 16}:
            columns.setdefault("san_ip", []).append(str(ip_address(value.content)))
    return columns
