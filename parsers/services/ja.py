"""Fingerprints of hellos: JA3 and JA3S (Salesforce), JA4 (FoxIO).

They say which program speaks, by what it offers. Sources: github.com/salesforce/ja3,
github.com/FoxIO-LLC/ja4, technical_details/JA4.md. JA4S and the others of that family are not free.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import md5, sha256

from parsers.services.tls_hello import ALPN, SERVER_NAME, Hello
from parsers.services.tls_names import (
    DTLS10,
    DTLS12,
    DTLS13,
    GREASE,
    SSL2,
    SSL3,
    TLS10,
    TLS11,
    TLS12,
    TLS13,
)

_VERSIONS = {
    SSL2: "s2",
    SSL3: "s3",
    TLS10: "10",
    TLS11: "11",
    TLS12: "12",
    TLS13: "13",
    DTLS10: "d1",
    DTLS12: "d2",
    DTLS13: "d3",
}
_NOTHING = "000000000000"
_MOST = 99


def ja3(hello: Hello) -> str:
    """JA3 of a client hello."""
    codes = [code for code, _ in hello.extensions]
    parts = (_meant(hello.suites), _meant(codes), _meant(hello.groups), hello.point_formats)
    return _md5(hello.version, parts)


def ja3s(hello: Hello) -> str:
    """JA3S of a server hello."""
    return _md5(hello.version, (hello.suites, [code for code, _ in hello.extensions]))


def ja4(hello: Hello, transport: str = "t") -> str:
    """JA4 of a client hello. `transport`: t for TCP, d for DTLS, q for QUIC."""
    suites = _meant(hello.suites)
    codes = _meant(code for code, _ in hello.extensions)
    version = max(_meant(hello.versions), default=hello.version)
    name = "d" if SERVER_NAME in codes else "i"
    counts = f"{min(len(suites), _MOST):02}{min(len(codes), _MOST):02}"
    others = _hex(sorted(_hex_code(code) for code in codes if code not in {SERVER_NAME, ALPN}))
    signatures = _hex(_hex_code(code) for code in _meant(hello.signatures))
    told = f"{others}_{signatures}" if signatures else others
    return (
        f"{transport}{_version(version)}{name}{counts}{_protocol(hello)}"
        f"_{_sha256(_hex(sorted(map(_hex_code, suites))))}_{_sha256(told if codes else '')}"
    )


def _meant(codes: Iterable[int]) -> list[int]:
    return [code for code in codes if code not in GREASE]


def _md5(version: int, parts: Iterable[list[int]]) -> str:
    text = ",".join([str(version), *("-".join(map(str, part)) for part in parts)])
    return md5(text.encode(), usedforsecurity=False).hexdigest()


def _hex_code(code: int) -> str:
    return f"{code:04x}"


def _hex(codes: Iterable[str]) -> str:
    return ",".join(codes)


def _sha256(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:12] if text else _NOTHING


def _version(version: int) -> str:
    return _VERSIONS.get(version, "00")


def _protocol(hello: Hello) -> str:
    """First and last letter of the first protocol; where one is none, first and last hex digit."""
    name = hello.protocols[0] if hello.protocols else b""
    if not name:
        return "00"
    ends = bytes((name[0], name[-1]))
    if ends.isalnum():
        return ends.decode()
    return f"{name.hex()[0]}{name.hex()[-1]}"
