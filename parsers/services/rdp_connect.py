"""MCS Connect Initial and Connect Response: what RDP's two sides say of themselves in the clear.

MS-RDPBCGR 2.2.1.3 and 2.2.1.4: T.125's envelope in BER, in it T.124's conference request, and in
that the data blocks which tell something. What is set, and when, as in Zeek: base/protocols/rdp
(main.zeek), src/analyzer/protocol/rdp/rdp-protocol.pac. What came before a block that cannot be
read stays set.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from parsers.services.rdp_keyboards import keyboard_layout
from parsers.services.rdp_names import (
    BUILDS,
    CERTIFICATE_TYPES,
    ENCRYPTION_LEVELS,
    ENCRYPTION_METHODS,
    HIGH_COLOR_DEPTHS,
    RESULTS,
    SECURITY_PROTOCOLS,
    name_of,
)

CLIENT_KEY, SERVER_KEY = b"Duca", b"McDn"
"""The keys under which T.124 carries the data of Microsoft's clients and servers."""

WANT_32BPP = 0x0002
"""Of `earlyCapabilityFlags`: the client wants more than the 24 bits that it can ask for."""

RSA, X509 = 1, 2
"""Kinds of server certificates."""

TEMPORARY = 1 << 31
"""Of `dwVersion`: the certificate is not the server's own for good."""

_BLOCK_HEAD = struct.Struct("<HH")  # type, length with this head
_CLIENT_CORE = struct.Struct("<4xHH4xII32s12x64x8xHxxH64s")
_CHANNEL = struct.Struct("<8s4x")
_SERVER_SECURITY = struct.Struct("<IIII")  # method, level, length of random and of certificate
_RSA_KEY_HEAD = struct.Struct("<4xI8x")  # magic, length of the modulus, its bits, exponent


class Unreadable(ValueError):
    """The bytes are no RDP, or RDP that Zeek does not read further; its text says why."""


class Cursor:
    """Bytes, read from the front; what is not there cannot be read."""

    def __init__(self, octets: bytes) -> None:
        self._octets = octets
        self._at = 0

    def __bool__(self) -> bool:
        return self._at < len(self._octets)

    def take(self, count: int) -> bytes:
        """The next so many bytes."""
        if count > len(self._octets) - self._at:
            raise Unreadable("message_too_short")
        self._at += count
        return self._octets[self._at - count : self._at]

    def number(self, size: int) -> int:
        """The next number of so many bytes, the highest first."""
        return int.from_bytes(self.take(size))

    def little(self, size: int) -> int:
        """The next number of so many bytes, the lowest first."""
        return int.from_bytes(self.take(size), "little")

    def fields(self, layout: struct.Struct) -> tuple[Any, ...]:
        """The next fields."""
        return layout.unpack(self.take(layout.size))

    def ber_length(self) -> int:
        """The length of a BER element, of which the tag was read."""
        length = self.number(1)
        return self.number(length & 0x7F) if length & 0x80 else length

    def ber(self) -> bytes:
        """The content of the next BER element."""
        self.take(1)
        return self.take(self.ber_length())


def connect_initial(octets: bytes, row: dict[str, Any]) -> None:
    """Set what the client says, from what follows the tag of a Connect Initial."""
    cursor = Cursor(octets)
    cursor.ber_length()
    for _ in range(6):  # both domain selectors, upward flag, three sets of domain parameters
        cursor.ber()
    _user_data(cursor)
    cursor.take(2)  # length of the conference request
    cursor.take(8)  # T.124's ConferenceCreateRequest, as far as the key
    _data_blocks(cursor, CLIENT_KEY, row)


def connect_response(octets: bytes, row: dict[str, Any]) -> None:
    """Set what the server answers, from what follows the tag of a Connect Response."""
    cursor = Cursor(octets)
    cursor.ber_length()
    for _ in range(3):  # result, id of the call, domain parameters
        cursor.ber()
    _user_data(cursor)
    cursor.take(1)  # length of the conference response; servers write a constant
    cursor.take(5)  # T.124's ConferenceCreateResponse: node, tag
    result = cursor.number(1)
    cursor.take(3)  # as far as the key
    row["result"] = name_of(result, RESULTS, "result")
    _data_blocks(cursor, SERVER_KEY, row)


def _user_data(cursor: Cursor) -> None:
    """Go into the user data, past the name of T.124 that they begin with."""
    cursor.take(1)
    cursor.ber_length()
    cursor.take(cursor.number(2))


def _data_blocks(cursor: Cursor, key: bytes, row: dict[str, Any]) -> None:
    if cursor.take(len(key)) != key:
        raise Unreadable("unknown_user_data")
    cursor.take(2)  # length of all blocks
    while cursor:
        kind, length = cursor.fields(_BLOCK_HEAD)
        if length < _BLOCK_HEAD.size:
            raise Unreadable("data_block_too_short")
        block = Cursor(cursor.take(length - _BLOCK_HEAD.size))
        if kind in _BLOCKS:
            _BLOCKS[kind](block, row)


def _client_core(block: Cursor, row: dict[str, Any]) -> None:
    width, height, layout, build, name, depth, flags, product = block.fields(_CLIENT_CORE)
    row |= {
        "keyboard_layout": keyboard_layout(layout),
        "client_build": name_of(build, BUILDS, "client_build"),
        "client_name": _unicode(name),
        "client_dig_product_id": _unicode(product),
        "desktop_width": width,
        "desktop_height": height,
        "requested_color_depth": "32bit"
        if flags & WANT_32BPP
        else name_of(depth, HIGH_COLOR_DEPTHS, "high_color_depth"),
    }


def _client_network(block: Cursor, row: dict[str, Any]) -> None:
    channels = []
    for _ in range(block.little(4)):
        (name,) = block.fields(_CHANNEL)
        channels.append(name.rstrip(b"\0").decode(errors="backslashreplace"))
    row["client_channels"] = channels


def _server_security(block: Cursor, row: dict[str, Any]) -> None:
    method, level, random_length, certificate_length = block.fields(_SERVER_SECURITY)
    block.take(random_length)
    _certificate(Cursor(block.take(certificate_length)), row)
    if method and level:
        row["security_protocol"] = SECURITY_PROTOCOLS[0]
    row["encryption_method"] = name_of(method, ENCRYPTION_METHODS, "encryption_method")
    row["encryption_level"] = name_of(level, ENCRYPTION_LEVELS, "encryption_level")


def _certificate(certificate: Cursor, row: dict[str, Any]) -> None:
    version = certificate.little(4)
    kind = version & ~TEMPORARY
    if kind == RSA:
        certificate.take(8)  # algorithms of signature and key
        _rsa_key(certificate)
        _blob(certificate)  # signature
        row["cert_count"] += 1
    elif kind == X509:
        for _ in range(certificate.little(4)):
            certificate.take(certificate.little(4))
            row["cert_count"] += 1
    else:
        raise Unreadable("unknown_certificate")
    row["cert_type"] = CERTIFICATE_TYPES[kind]
    row["cert_permanent"] = not version & TEMPORARY


def _rsa_key(certificate: Cursor) -> None:
    key = Cursor(_blob(certificate))
    (modulus_length,) = key.fields(_RSA_KEY_HEAD)
    key.take(modulus_length)


def _blob(certificate: Cursor) -> bytes:
    certificate.take(2)  # kind
    return certificate.take(certificate.little(2))


def _unicode(octets: bytes) -> str:
    """Text of UTF-16 that ends at a zero; half of a pair becomes what Zeek makes of it."""
    text = octets.decode("utf-16-le", "surrogatepass").partition("\0")[0]
    return text.encode("utf-8", "surrogatepass").decode(errors="backslashreplace")


_BLOCKS: dict[int, Callable[[Cursor, dict[str, Any]], None]] = {
    0xC001: _client_core,
    0xC003: _client_network,
    0x0C02: _server_security,
}
