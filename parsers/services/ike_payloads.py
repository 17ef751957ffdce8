"""What the payloads of an IKE message that are not encrypted offer: the lists of a row.

IKEv1: RFC 2408 sections 3.4 to 3.16; IKEv2: RFC 7296 sections 3.2 to 3.12. What is listed, and how
it is hashed, as in the Zeek package spicy-ipsec.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from hashlib import md5
from typing import Any

from parsers.services.ike_names import attribute_name, notify_name, vendor_name

IKEV1, IKEV2 = 1, 2
NONE, LAST = 0, 0
HEADER_SIZE = 4
"""Of a payload, a proposal or a transform: type of the next, a reserved byte and its length."""

SITUATION = slice(4, 8)
SHORT_FORM = 0x8000
"""Whether an attribute has its value in place of a length (AF, RFC 2408 section 3.3)."""

ENCRYPTED = {46, 53}
"""IKEv2: what contains all the rest, whose first type it announces (SK, SKF)."""


class Unreadable(ValueError):
    """The bytes are no IKE; its text says why."""


def split(next_type: int, octets: bytes) -> Iterator[tuple[int, bytes]]:
    """Take the chain of payloads apart: their types and what is in them. It must fit exactly."""
    at = 0
    while next_type != NONE:
        content, following, size = _element(octets, at)
        at += size
        yield next_type, content
        next_type = NONE if next_type in ENCRYPTED else following
    if at != len(octets):
        raise Unreadable("payloads_do_not_fit")


def _element(octets: bytes, at: int) -> tuple[bytes, int, int]:
    """What is in the element there, the type of the next one and its size."""
    size = int.from_bytes(octets[at + 2 : at + HEADER_SIZE])
    if size < HEADER_SIZE or at + size > len(octets):
        raise Unreadable("payload_does_not_fit")
    return octets[at + HEADER_SIZE : at + size], octets[at], size


class Offer:
    """Collects what a message offers."""

    def __init__(self) -> None:
        self.once: dict[str, Any] = {}
        self.vendor_ids: list[str] = []
        self.notify_messages: list[str] = []
        self.transforms: list[str] = []
        self.ke_dh_groups: list[int] = []
        self.proposals: list[int] = []
        self.certificates: list[str] = []
        self.transform_attributes: list[bytes] = []

    def read(self, version: int, kind: int, octets: bytes) -> None:
        """Take note of what is in a payload of that type; most tell nothing."""
        reader = READERS.get((version, kind))
        if reader is not None:
            reader(self, octets)

    def columns(self) -> dict[str, Any]:
        """Return the columns of the row, with the hash over all lists where one is not empty."""
        attributes = [
            octets.decode(errors="backslashreplace") for octets in self.transform_attributes
        ]
        lists: dict[str, list[Any]] = {
            "vendor_ids": self.vendor_ids,
            "notify_messages": self.notify_messages,
            "transforms": self.transforms,
            "ke_dh_groups": self.ke_dh_groups,
            "proposals": self.proposals,
            "certificates": self.certificates,
        }
        columns = self.once | lists | {"transform_attributes": attributes}
        if any(lists.values()) or attributes:
            text = b"".join(_as_text(map(_octets, each)) for each in lists.values())
            text += _as_text(self.transform_attributes)
            columns["hash"] = md5(text, usedforsecurity=False).hexdigest()
        return columns


def _octets(value: object) -> bytes:
    return str(value).encode()


def _as_text(values: Any) -> bytes:
    """A vector as Zeek's `cat` writes it."""
    return b"[" + b", ".join(values) + b"]"


def _byte(octets: bytes, at: int) -> int:
    if at >= len(octets):
        raise Unreadable("payload_too_short")
    return octets[at]


def _vendor_id(offer: Offer, octets: bytes) -> None:
    offer.vendor_ids.append(vendor_name(octets))


def _notify(offer: Offer, octets: bytes) -> None:
    """Read the type where IKEv2 has it, as Zeek does: in IKEv1 it is then part of the domain."""
    if len(octets) < HEADER_SIZE + _byte(octets, 1):
        raise Unreadable("notify_too_short")
    offer.notify_messages.append(notify_name(int.from_bytes(octets[2:4])))


def _certificate(offer: Offer, octets: bytes) -> None:
    _byte(octets, 0)  # its encoding
    offer.certificates.append(md5(octets[1:], usedforsecurity=False).hexdigest())


def _key_exchange(offer: Offer, octets: bytes) -> None:
    if len(octets) < 4:
        raise Unreadable("key_exchange_too_short")
    offer.ke_dh_groups.append(int.from_bytes(octets[:2]))


def _security_association_v1(offer: Offer, octets: bytes) -> None:
    if len(octets) < SITUATION.stop:
        raise Unreadable("security_association_too_short")
    offer.once["doi"] = int.from_bytes(octets[: SITUATION.start])
    offer.once["situation"] = octets[SITUATION].decode(errors="backslashreplace")
    for proposal in _elements(octets, SITUATION.stop):
        offer.proposals.append(_byte(proposal, 0))
        offer.once["protocol_id"] = _byte(proposal, 1)
        for transform in _transforms(proposal):
            number = _byte(transform, 1)
            offer.transforms.append(str(number))
            _attributes(offer, proposal[0], number, transform[4:])


def _security_association_v2(offer: Offer, octets: bytes) -> None:
    for proposal in _elements(octets, 0):
        offer.proposals.append(_byte(proposal, 0))
        for transform in _transforms(proposal):
            if len(transform) < 4:
                raise Unreadable("transform_too_short")
            _attributes(offer, proposal[0], int.from_bytes(transform[2:4]), transform[4:])


def _elements(octets: bytes, at: int) -> Iterator[bytes]:
    """What is in each of a row of proposals or transforms that fill the bytes from there."""
    while at < len(octets):
        content, following, size = _element(octets, at)
        at += size
        if (following == LAST) != (at == len(octets)):
            raise Unreadable("elements_do_not_fit")
        yield content


def _transforms(proposal: bytes) -> list[bytes]:
    """Those of a proposal: number, protocol, size of the SPI, their count, SPI."""
    transforms = list(_elements(proposal, 4 + _byte(proposal, 2)))
    if len(transforms) != _byte(proposal, 3):
        raise Unreadable("transforms_do_not_fit")
    return transforms


def _attributes(offer: Offer, proposal: int, transform: int, octets: bytes) -> None:
    at = 0
    while at < len(octets):
        if len(octets) - at < 4:
            raise Unreadable("attribute_too_short")
        kind, value = int.from_bytes(octets[at : at + 2]), octets[at + 2 : at + 4]
        at += 4
        if kind & SHORT_FORM:
            shown = b"%d" % int.from_bytes(value)
        else:
            shown = octets[at : at + int.from_bytes(value)]
            at += int.from_bytes(value)
            if at > len(octets):
                raise Unreadable("attribute_too_short")
        name = attribute_name(kind & ~SHORT_FORM)
        beginning = f"{proposal}:{transform}:{name}="
        offer.transform_attributes.append(beginning.encode() + shown)


READERS: dict[tuple[int, int], Callable[[Offer, bytes], None]] = {
    (IKEV1, 1): _security_association_v1,
    (IKEV1, 6): _certificate,
    (IKEV1, 11): _notify,
    (IKEV1, 13): _vendor_id,
    (IKEV2, 33): _security_association_v2,
    (IKEV2, 34): _key_exchange,
    (IKEV2, 37): _certificate,
    (IKEV2, 41): _notify,
    (IKEV2, 43): _vendor_id,
}
"""By version and type of payload."""
