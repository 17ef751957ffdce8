from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.services.der import NotDer, encode, first
from parsers.services.ldap_filter import DEEPEST, LONGEST, filter_text
from tests.parsers.services.ldap_conversations import text


def compared(tag: int, attribute: bytes, value: bytes) -> bytes:
    return encode(tag, text(attribute) + text(value))


def equal(attribute: bytes, value: bytes) -> bytes:
    return compared(0xA3, attribute, value)


def present(attribute: bytes) -> bytes:
    return encode(0x87, attribute)


def substrings(*parts: tuple[int, bytes]) -> bytes:
    inner = b"".join(encode(tag, value) for tag, value in parts)
    return encode(0xA4, text(b"cn") + encode(0x30, inner))


A, B, C, D = (equal(letter, b"1") for letter in (b"a", b"b", b"c", b"d"))
SID = bytes.fromhex("0104000000000005 15000000 01000000 02000000 03000000")


@pytest.mark.parametrize(
    ("octets", "told"),
    [
        (A, "(a=1)"),
        (compared(0xA5, b"a", b"1"), "(a>=1)"),
        (compared(0xA6, b"a", b"1"), "(a<=1)"),
        (compared(0xA8, b"a", b"1"), "(a~=1)"),
        (present(b"objectClass"), "(objectClass=*)"),
        (encode(0xA2, A), "(!(a=1))"),
        (encode(0xA0, b""), ""),
        (encode(0xA0, A), "(&(a=1))"),
        (encode(0xA0, A + B), "(&(a=1)(b=1))"),
        (encode(0xA1, A + B + C + D), "(|(|(|(a=1)(b=1))(c=1))(d=1))"),
        (encode(0xA0, A + encode(0xA1, B + C)), "(&(a=1)(|(b=1)(c=1)))"),
        (substrings((0x80, b"x"), (0x81, b"y"), (0x81, b"z"), (0x82, b"w")), "(cn=x*y*z*w)"),
        (substrings((0x82, b"w")), "(cn=*w)"),
        (substrings((0x80, b"w")), "(cn=w*)"),
        (
            encode(0xA9, encode(0x81, b"1.2.3") + encode(0x82, b"uac") + encode(0x83, b"2")),
            "(uac:1.2.3:=2)",
        ),
        (encode(0xA9, encode(0x82, b"uac") + encode(0x83, b"2")), "(uac:=2)"),
        (equal(b"cn", b"(*)\0\x1b\\"), "(cn=\\28\\2a\\29\\00\\1b\\)"),
        (equal(b"cn", "Jörg".encode()), "(cn=Jörg)"),
        (equal(b"cn", b"\xff"), "(cn=\\xff)"),
        (equal(b"NtVer", b"\x16\0\0\x20"), "(NtVer=0x20000016)"),
        (equal(b"NtVer", b"\x16"), "(NtVer=HEX_FORMAT_FAILED)"),
        (equal(b"DomainSid", SID), "(DomainSid=S-1-5-21-1-2-3)"),
        (equal(b"DomainSid", SID[1:]), "(DomainSid=SID_FORMAT_FAILED)"),
        (equal(b"AAC", b"\1\xff"), "(AAC=01:ff)"),
        (
            equal(b"DomainGuid", bytes(range(16))),
            "(DomainGuid=03020100-0504-0706-0809-0a0b0c0d0e0f)",
        ),
        (equal(b"DomainGuid", b"x"), "(DomainGuid=GUID_FORMAT_FAILED)"),
    ],
)
def test_filters_are_told_as_zeek_tells_them(octets: bytes, told: str):
    assert filter_text(first(octets)) == told


@pytest.mark.parametrize(
    "octets",
    [
        encode(0xAA, b""),
        encode(0x04, b""),
        encode(0xA3, text(b"a")),
        encode(0xA3, text(b"a") * 3),
        encode(0xA2, b""),
        encode(0xA4, text(b"cn")),
        substrings((0x83, b"w")),
        encode(0xA0, b"\xa3\x05"),
    ],
)
def test_near_misses_are_refused(octets: bytes):
    with pytest.raises(NotDer):
        filter_text(first(octets))


def nested(depth: int) -> bytes:
    octets = A
    for _ in range(depth):
        octets = encode(0xA2, octets)
    return octets


def test_deeper_filters_are_refused():
    assert filter_text(first(nested(DEEPEST))).startswith("(!(!(!(")
    with pytest.raises(NotDer):
        filter_text(first(nested(DEEPEST + 1)))


def test_many_filters_take_no_time_and_no_room():
    begin = time.process_time()
    told = filter_text(first(encode(0xA0, present(b"a") * 60_000)))
    assert len(told) == LONGEST
    assert time.process_time() - begin < 1


@given(st.binary(max_size=80), st.sampled_from([0xA0, 0xA1, 0xA2, 0xA3, 0xA4, 0xA9]))
def test_random_bytes_are_refused_or_read(octets: bytes, tag: int):
    try:
        filter_text(first(encode(tag, octets)))
    except NotDer:
        return
