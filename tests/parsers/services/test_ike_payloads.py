from __future__ import annotations

from hashlib import md5

import pytest

from parsers.services.ike_payloads import IKEV1, IKEV2, Offer, Unreadable, split

NOTHING_OFFERED = {
    "vendor_ids": [],
    "notify_messages": [],
    "transforms": [],
    "ke_dh_groups": [],
    "proposals": [],
    "certificates": [],
    "transform_attributes": [],
}


def element(following: int, content: bytes) -> bytes:
    return bytes((following, 0)) + (4 + len(content)).to_bytes(2) + content


def attribute(kind: int, value: int) -> bytes:
    return (0x8000 | kind).to_bytes(2) + value.to_bytes(2)


def long_attribute(kind: int, value: bytes) -> bytes:
    return kind.to_bytes(2) + len(value).to_bytes(2) + value


def proposal_v1(following: int, number: int, *attributes: bytes) -> bytes:
    transform = element(0, b"\1\1\0\0" + b"".join(attributes))
    return element(following, bytes((number, 1, 0, 1)) + transform)


def proposal_v2(following: int, number: int, *transforms: bytes, spi: bytes = b"") -> bytes:
    head = bytes((number, 1, len(spi), len(transforms)))
    return element(following, head + spi + b"".join(transforms))


def transform_v2(following: int, kind: int, number: int, *attributes: bytes) -> bytes:
    return element(following, bytes((kind, 0)) + number.to_bytes(2) + b"".join(attributes))


def columns(version: int, *payloads: tuple[int, bytes]) -> dict[str, object]:
    offer = Offer()
    for kind, octets in payloads:
        offer.read(version, kind, octets)
    told = offer.columns()
    told.pop("hash", None)
    return {name: value for name, value in told.items() if value != []}


def test_a_chain_is_taken_apart():
    octets = element(34, b"one") + element(0, b"")
    assert list(split(33, octets)) == [(33, b"one"), (34, b"")]
    assert list(split(0, b"")) == []


def test_what_is_encrypted_ends_the_chain_and_announces_what_is_in_it():
    assert list(split(46, element(35, b"secret"))) == [(46, b"secret")]


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        element(0, b"one")[:-1],
        element(0, b"one") + b"\0",
        element(34, b"one"),
        b"\0\0\0\3",
        b"\0\0\xff\xff",
        b"\0\0\0",
    ],
)
def test_a_chain_that_does_not_fit_is_refused(octets):
    with pytest.raises(Unreadable):
        list(split(33, octets))


def test_who_offers_nothing_has_empty_lists_and_no_hash():
    assert Offer().columns() == NOTHING_OFFERED


def test_the_hash_is_over_all_lists_as_zeek_writes_them():
    offer = Offer()
    offer.read(IKEV2, 41, b"\0\0\x40\x04")
    offer.read(IKEV2, 41, b"\0\0\x40\x05")
    offer.read(IKEV2, 34, b"\0\2\0\0key")
    text = b"[][NAT_DETECTION_SOURCE_IP, NAT_DETECTION_DESTINATION_IP][][2][][][]"
    assert offer.columns()["hash"] == md5(text).hexdigest()


def test_the_hash_is_over_the_octets_of_a_value():
    offer = Offer()
    duration = long_attribute(12, b"\0\1Q\x80")
    offer.read(IKEV1, 1, b"\0\0\0\1\0\0\0\1" + proposal_v1(0, 1, duration))
    text = b"[][][1][][1][][1:1:Life Duration=\0\1Q\x80]"
    assert offer.columns()["hash"] == md5(text).hexdigest()
    assert offer.columns()["transform_attributes"] == ["1:1:Life Duration=\0\1Q\\x80"]


def test_an_association_of_version_1_tells_of_its_proposals():
    proposals = proposal_v1(2, 1, attribute(1, 7), attribute(14, 128)) + proposal_v1(0, 2)
    assert columns(IKEV1, (1, b"\0\0\0\1\0\0\0\1" + proposals)) == {
        "doi": 1,
        "situation": "\0\0\0\1",
        "protocol_id": 1,
        "proposals": [1, 2],
        "transforms": ["1", "1"],
        "transform_attributes": ["1:1:Encryption Algorithm=7", "1:1:Key Length=128"],
    }


def test_an_association_of_version_2_tells_of_its_proposals():
    transforms = (transform_v2(3, 1, 12, attribute(14, 256)), transform_v2(0, 2, 5))
    proposals = proposal_v2(2, 1, *transforms) + proposal_v2(0, 2, spi=b"spi!")
    assert columns(IKEV2, (33, proposals)) == {
        "proposals": [1, 2],
        "transform_attributes": ["1:12:Key Length=256"],
    }


def test_vendors_groups_and_certificates_are_told():
    assert columns(IKEV1, (13, b"\1\2"), (6, b"\4cert")) == {
        "vendor_ids": ["UNKNOWN:0102"],
        "certificates": [md5(b"cert").hexdigest()],
    }
    assert columns(IKEV2, (43, b"\1\2"), (37, b"\4cert"), (34, b"\0\x13\0\0key")) == {
        "vendor_ids": ["UNKNOWN:0102"],
        "certificates": [md5(b"cert").hexdigest()],
        "ke_dh_groups": [19],
    }


def test_a_notify_of_version_1_is_read_as_zeek_reads_it():
    no_proposal = b"\0\0\0\1" + b"\1\0\0\x0e"
    assert columns(IKEV1, (11, no_proposal)) == {
        "notify_messages": ["UNSUPPORTED_CRITICAL_PAYLOAD"]
    }


def test_other_payloads_tell_nothing():
    assert columns(IKEV2, (40, b"nonce"), (46, b"secret"), (250, b"")) == {}


@pytest.mark.parametrize(
    ("version", "kind", "octets"),
    [
        (IKEV1, 1, b"\0\0\0\1\0\0\0"),
        (IKEV1, 1, b"\0\0\0\1\0\0\0\1" + proposal_v1(0, 1, attribute(1, 7))[:-1]),
        (IKEV1, 1, b"\0\0\0\1\0\0\0\1" + proposal_v1(2, 1)),
        (IKEV1, 1, b"\0\0\0\1\0\0\0\1" + proposal_v1(0, 1) + proposal_v1(0, 2)),
        (IKEV1, 1, b"\0\0\0\1\0\0\0\1" + proposal_v1(0, 1, b"\x80\1\0")),
        (IKEV1, 1, b"\0\0\0\1\0\0\0\1" + proposal_v1(0, 1, b"\0\1\0\5four")),
        (IKEV1, 1, b"\0\0\0\1\0\0\0\1" + element(0, b"\1\1\0")),
        (IKEV1, 1, b"\0\0\0\1\0\0\0\1" + element(0, b"\1\1\0\1" + element(0, b"\1"))),
        (IKEV2, 33, element(0, b"\1\1\0\2" + transform_v2(0, 1, 12))),
        (IKEV2, 33, element(0, b"\1\1\0\1" + element(0, b"\1\0\0"))),
        (IKEV2, 34, b"\0\2\0"),
        (IKEV2, 37, b""),
        (IKEV2, 41, b"\0\0\x40"),
        (IKEV2, 41, b"\0\4\x40\4spi"),
    ],
)
def test_what_is_too_short_is_refused(version, kind, octets):
    with pytest.raises(Unreadable):
        Offer().read(version, kind, octets)
