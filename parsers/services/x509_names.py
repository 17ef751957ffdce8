"""Names in certificates: of attributes and algorithms, of subjects and issuers, of hosts.

Subjects are written as RFC 2253 says and OpenSSL does (X509_NAME_print_ex with XN_FLAG_RFC2253, as
Zeek calls it): the last part first, short names of attributes, everything that is not ASCII escaped
as its UTF-8 bytes. Which names OpenSSL knows is in its objects.txt. Hosts are matched as in Zeek's
x509_check_cert_hostname (RFC 6125).
"""

from __future__ import annotations

from parsers.services.der import (
    BMP_STRING,
    GENERALIZED_TIME,
    IA5_STRING,
    NUMERIC_STRING,
    PRINTABLE_STRING,
    SEQUENCE,
    SET,
    T61_STRING,
    UNIVERSAL_STRING,
    UTC_TIME,
    UTF8_STRING,
    VISIBLE_STRING,
    NotDer,
    Value,
    dotted,
)

LONGEST_NAME = 2047
"""What Zeek's buffer holds of a subject."""

LONGEST_HOST = 255
"""No host has a longer name (RFC 1035); longer texts are not compared."""

COMMON_NAME = "2.5.4.3"
ATTRIBUTES = {
    COMMON_NAME: "CN",
    "2.5.4.4": "SN",
    "2.5.4.5": "serialNumber",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.9": "street",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "2.5.4.12": "title",
    "2.5.4.13": "description",
    "2.5.4.15": "businessCategory",
    "2.5.4.16": "postalAddress",
    "2.5.4.17": "postalCode",
    "2.5.4.18": "postOfficeBox",
    "2.5.4.19": "physicalDeliveryOfficeName",
    "2.5.4.20": "telephoneNumber",
    "2.5.4.23": "facsimileTelephoneNumber",
    "2.5.4.41": "name",
    "2.5.4.42": "GN",
    "2.5.4.43": "initials",
    "2.5.4.44": "generationQualifier",
    "2.5.4.45": "x500UniqueIdentifier",
    "2.5.4.46": "dnQualifier",
    "2.5.4.51": "houseIdentifier",
    "2.5.4.65": "pseudonym",
    "2.5.4.72": "role",
    "2.5.4.97": "organizationIdentifier",
    "2.5.29.17": "subjectAltName",
    "0.9.2342.19200300.100.1.1": "UID",
    "0.9.2342.19200300.100.1.3": "mail",
    "0.9.2342.19200300.100.1.9": "host",
    "0.9.2342.19200300.100.1.25": "DC",
    "1.2.840.113549.1.9.1": "emailAddress",
    "1.2.840.113549.1.9.2": "unstructuredName",
    "1.2.840.113549.1.9.7": "challengePassword",
    "1.2.840.113549.1.9.8": "unstructuredAddress",
    "1.2.643.3.131.1.1": "INN",
    "1.2.643.100.1": "OGRN",
    "1.2.643.100.3": "SNILS",
    "1.2.643.100.5": "OGRNIP",
    "1.3.6.1.4.1.311.20.2.3": "msUPN",
    "1.3.6.1.4.1.311.60.2.1.1": "jurisdictionL",
    "1.3.6.1.4.1.311.60.2.1.2": "jurisdictionST",
    "1.3.6.1.4.1.311.60.2.1.3": "jurisdictionC",
    "2.16.840.1.113730.1.13": "nsComment",
}

ALGORITHMS = {
    "1.2.840.113549.1.1.1": "rsaEncryption",
    "1.2.840.113549.1.1.2": "md2WithRSAEncryption",
    "1.2.840.113549.1.1.3": "md4WithRSAEncryption",
    "1.2.840.113549.1.1.4": "md5WithRSAEncryption",
    "1.2.840.113549.1.1.5": "sha1WithRSAEncryption",
    "1.2.840.113549.1.1.7": "rsaesOaep",
    "1.2.840.113549.1.1.10": "rsassaPss",
    "1.2.840.113549.1.1.11": "sha256WithRSAEncryption",
    "1.2.840.113549.1.1.12": "sha384WithRSAEncryption",
    "1.2.840.113549.1.1.13": "sha512WithRSAEncryption",
    "1.2.840.113549.1.1.14": "sha224WithRSAEncryption",
    "1.2.840.113549.1.1.15": "sha512-224WithRSAEncryption",
    "1.2.840.113549.1.1.16": "sha512-256WithRSAEncryption",
    "1.2.840.113549.1.3.1": "dhKeyAgreement",
    "1.2.840.10046.2.1": "X9.42 DH",
    "1.3.14.3.2.3": "md5WithRSA",
    "1.3.14.3.2.12": "dsaEncryption-old",
    "1.3.14.3.2.13": "dsaWithSHA",
    "1.3.14.3.2.15": "shaWithRSAEncryption",
    "1.3.14.3.2.27": "dsaWithSHA1-old",
    "1.3.14.3.2.29": "sha1WithRSA",
    "1.3.36.3.3.1.2": "ripemd160WithRSA",
    "1.2.840.10040.4.1": "dsaEncryption",
    "1.2.840.10040.4.3": "dsaWithSHA1",
    "2.16.840.1.101.3.4.3.1": "dsa_with_SHA224",
    "2.16.840.1.101.3.4.3.2": "dsa_with_SHA256",
    "2.16.840.1.101.3.4.3.3": "dsa_with_SHA384",
    "2.16.840.1.101.3.4.3.4": "dsa_with_SHA512",
    "2.16.840.1.101.3.4.3.9": "ecdsa_with_SHA3-224",
    "2.16.840.1.101.3.4.3.10": "ecdsa_with_SHA3-256",
    "2.16.840.1.101.3.4.3.11": "ecdsa_with_SHA3-384",
    "2.16.840.1.101.3.4.3.12": "ecdsa_with_SHA3-512",
    "2.16.840.1.101.3.4.3.13": "RSA-SHA3-224",
    "2.16.840.1.101.3.4.3.14": "RSA-SHA3-256",
    "2.16.840.1.101.3.4.3.15": "RSA-SHA3-384",
    "2.16.840.1.101.3.4.3.16": "RSA-SHA3-512",
    "1.2.840.10045.2.1": "id-ecPublicKey",
    "1.2.840.10045.4.1": "ecdsa-with-SHA1",
    "1.2.840.10045.4.2": "ecdsa-with-Recommended",
    "1.2.840.10045.4.3": "ecdsa-with-Specified",
    "1.2.840.10045.4.3.1": "ecdsa-with-SHA224",
    "1.2.840.10045.4.3.2": "ecdsa-with-SHA256",
    "1.2.840.10045.4.3.3": "ecdsa-with-SHA384",
    "1.2.840.10045.4.3.4": "ecdsa-with-SHA512",
    "1.3.101.110": "X25519",
    "1.3.101.111": "X448",
    "1.3.101.112": "ED25519",
    "1.3.101.113": "ED448",
    "1.2.156.10197.1.301": "sm2",
    "1.2.156.10197.1.501": "SM2-with-SM3",
    "1.2.643.2.2.3": "GOST R 34.11-94 with GOST R 34.10-2001",
    "1.2.643.2.2.4": "GOST R 34.11-94 with GOST R 34.10-94",
    "1.2.643.2.2.19": "GOST R 34.10-2001",
    "1.2.643.2.2.20": "GOST R 34.10-94",
    "1.2.643.7.1.1.1.1": "GOST R 34.10-2012 with 256 bit modulus",
    "1.2.643.7.1.1.1.2": "GOST R 34.10-2012 with 512 bit modulus",
    "1.2.643.7.1.1.3.2": "GOST R 34.10-2012 with GOST R 34.11-2012 (256 bit)",
    "1.2.643.7.1.1.3.3": "GOST R 34.10-2012 with GOST R 34.11-2012 (512 bit)",
}
"""Algorithms of keys and signatures, by OpenSSL's long names."""

_ENCODINGS = {
    UTF8_STRING: "utf-8",
    NUMERIC_STRING: "latin-1",
    PRINTABLE_STRING: "latin-1",
    T61_STRING: "latin-1",  # so OpenSSL has it, though it is none
    IA5_STRING: "latin-1",
    UTC_TIME: "latin-1",
    GENERALIZED_TIME: "latin-1",
    VISIBLE_STRING: "latin-1",
    UNIVERSAL_STRING: "utf-32-be",
    BMP_STRING: "utf-16-be",
}
_ESCAPED = frozenset(b',+"\\<>;')


def name_text(name: Value) -> str:
    """A subject or issuer in one line."""
    parts = ["+".join(map(_attribute, reversed(list(part)))) for part in _parts(name)]
    return ",".join(reversed(parts))[:LONGEST_NAME]


def common_name(name: Value) -> str:
    """The last common name of a subject, "" for none."""
    found = ""
    for part in _parts(name):
        for attribute in part:
            kind, value = attribute
            if dotted(kind) == COMMON_NAME:
                found = _string(value) or ""
    return found


def _parts(name: Value) -> list[Value]:
    return [part.expect(SET) for part in name.expect(SEQUENCE)]


def _attribute(attribute: Value) -> str:
    kind, value = attribute.expect(SEQUENCE)
    oid = dotted(kind)
    short, text = ATTRIBUTES.get(oid), _string(value)
    if short is None or text is None:
        return f"{short or oid}=#{value.whole.hex().upper()}"
    return f"{short}={_escape(text.encode())}"


def _string(value: Value) -> str | None:
    """The text of a string, None where it is of a kind that has no characters."""
    if value.tag not in _ENCODINGS:
        return None
    try:
        return value.content.decode(_ENCODINGS[value.tag])
    except UnicodeDecodeError as error:
        raise NotDer("string") from error


def _escape(text: bytes) -> str:
    escaped = [_octet(octet) for octet in text]
    if text[:1] in {b" ", b"#"}:
        escaped[0] = f"\\{escaped[0]}"
    if len(text) > 1 and text[-1:] == b" ":
        escaped[-1] = "\\ "
    return "".join(escaped)


def _octet(octet: int) -> str:
    if octet < 0x20 or octet > 0x7E:
        return f"\\{octet:02X}"
    return f"\\{chr(octet)}" if octet in _ESCAPED else chr(octet)


def names_host(name: str, host: str) -> bool:
    """Whether a name of a certificate, maybe with a wildcard, stands for a host.

    The star is in the first label, at its end, stands for the rest of that label, and two labels at
    least must follow.
    """
    if not 0 < len(name) <= LONGEST_HOST >= len(host):
        return False
    name, host = name.lower(), host.lower()
    if "*" not in name:
        return name == host
    label, _, rest = name.partition(".")
    host_label, _, host_rest = host.partition(".")
    start = label[:-1]
    return (
        label.endswith("*")
        and "*" not in start + rest
        and "." in rest
        and rest == host_rest
        and host_label.startswith(start)
    )
