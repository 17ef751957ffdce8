from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.services.der import SEQUENCE, NotDer, dotted, encode, first, integer, values


def test_values_have_tag_content_and_their_whole_bytes() -> None:
    one, two = values(b"\x02\x01\x05\x04\x81\x02ab")
    assert (one.tag, one.content, one.whole) == (2, b"\5", b"\x02\x01\x05")
    assert (two.tag, two.content, two.whole) == (4, b"ab", b"\x04\x81\x02ab")


def test_what_follows_the_first_value_is_no_matter() -> None:
    assert first(b"\x05\x00garbage").whole == b"\x05\x00"


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"\x30",
        b"\x30\x80\x00\x00",
        b"\x30\x02a",
        b"\x1f\x81\x01\x00",
        b"\x30\x84\xff\xff\xff\xff",
    ],
)
def test_what_has_no_end_is_not_read(octets: bytes) -> None:
    with pytest.raises(NotDer):
        first(octets)


@pytest.mark.parametrize(
    ("octets", "value"),
    [(b"\x00", 0), (b"\x7f", 127), (b"\x00\x80", 128), (b"\x80", -128), (b"\xff", -1)],
)
def test_integers_have_a_sign(octets: bytes, value: int) -> None:
    assert integer(first(encode(2, octets))) == value


@pytest.mark.parametrize("octets", [b"", b"\x00\x01", b"\xff\x80"])
def test_integers_that_are_longer_than_they_must_are_refused(octets: bytes) -> None:
    with pytest.raises(NotDer):
        integer(first(encode(2, octets)))


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        ("2a864886f70d010101", "1.2.840.113549.1.1.1"),
        ("550403", "2.5.4.3"),
        ("883703", "2.999.3"),
        ("0992268993f22c640119", "0.9.2342.19200300.100.1.25"),
    ],
)
def test_object_identifiers_are_dotted(octets: str, text: str) -> None:
    assert dotted(first(encode(6, bytes.fromhex(octets)))) == text


@pytest.mark.parametrize("octets", [b"", b"\x2a\x86", b"\x2a" * 65])
def test_object_identifiers_without_end_or_too_long_are_refused(octets: bytes) -> None:
    with pytest.raises(NotDer):
        dotted(first(encode(6, octets)))


def test_a_value_of_another_tag_is_refused() -> None:
    with pytest.raises(NotDer):
        first(b"\x31\x00").expect(SEQUENCE)


@given(st.integers(0, 70_000))
def test_what_is_encoded_is_read_again(length: int) -> None:
    whole = encode(4, bytes(length))
    assert first(whole).content == bytes(length)
    assert first(whole).whole == whole
