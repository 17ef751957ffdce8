from __future__ import annotations

import pytest

from parsers.services.der import NotDer, Value, encode, first
from parsers.services.x509_names import ATTRIBUTES, common_name, name_text, names_host

OIDS = {"CN": "550403", "O": "55040a", "unknown": "2a0304"}


def attribute(kind: str, content: bytes, tag: int = 12) -> bytes:
    return encode(0x30, encode(6, bytes.fromhex(OIDS[kind])) + encode(tag, content))


def name(*parts: bytes) -> Value:
    return first(encode(0x30, b"".join(encode(0x31, part) for part in parts)))


@pytest.mark.parametrize(
    ("content", "tag", "text"),
    [
        (b"plain", 12, "plain"),
        (b' a,b+"c"\\<>; ', 12, '\\ a\\,b\\+\\"c\\"\\\\\\<\\>\\;\\ '),
        (b"#a#", 12, "\\#a#"),
        (b" ", 12, "\\ "),
        (b"", 12, ""),
        (b"a\nb\x7f", 12, "a\\0Ab\\7F"),
        ("é€".encode(), 12, "\\C3\\A9\\E2\\82\\AC"),
        (b"\xe9", 20, "\\C3\\A9"),
        (b"\x00e\x00\xe9", 30, "e\\C3\\A9"),
        (b"\x00\x01\xf6\x00", 28, "\\F0\\9F\\98\\80"),
        (b"abc", 4, "#0403616263"),
    ],
)
def test_values_are_escaped_as_openssl_does(content: bytes, tag: int, text: str) -> None:
    assert name_text(name(attribute("CN", content, tag))) == f"CN={text}"


def test_the_last_part_is_first_and_parts_of_several_are_joined() -> None:
    several = attribute("CN", b"a") + attribute("O", b"b")
    assert name_text(name(attribute("O", b"x"), several)) == "O=b+CN=a,O=x"


def test_an_attribute_that_openssl_does_not_know_is_its_bytes() -> None:
    assert name_text(name(attribute("unknown", b"a"))) == "1.2.3.4=#0C0161"


def test_a_long_name_is_cut() -> None:
    assert len(name_text(name(attribute("CN", b"a" * 3000)))) == 2047


def test_the_last_common_name_counts() -> None:
    assert common_name(name(attribute("CN", b"a"), attribute("CN", b"b"))) == "b"
    assert common_name(name(attribute("O", b"a"))) == ""
    assert ATTRIBUTES["2.5.4.3"] == "CN"


@pytest.mark.parametrize(
    "broken",
    [
        attribute("CN", b"\xff"),
        attribute("CN", b"odd", 30),
        encode(0x30, b""),
        encode(0x30, encode(6, b"\x55\x04\x03")),
        b"\x05\x00",
    ],
)
def test_a_broken_name_is_refused(broken: bytes) -> None:
    with pytest.raises((NotDer, ValueError)):
        name_text(name(broken))


@pytest.mark.parametrize(
    ("pattern", "host", "matches"),
    [
        ("example.test", "EXAMPLE.test", True),
        ("example.test", "www.example.test", False),
        ("*.example.test", "www.example.test", True),
        ("*.example.test", "a.www.example.test", False),
        ("*.example.test", "example.test", False),
        ("w*.example.test", "www.example.test", True),
        ("w*.example.test", "ftp.example.test", False),
        ("*w.example.test", "www.example.test", False),
        ("w*w.example.test", "www.example.test", False),
        ("*.test", "example.test", False),
        ("www.*.test", "www.example.test", False),
        ("*.*.test", "www.example.test", False),
        ("", "", False),
        ("a" * 300, "a" * 300, False),
    ],
)
def test_a_wildcard_stands_for_the_end_of_the_first_label(
    pattern: str, host: str, matches: bool
) -> None:
    assert names_host(pattern, host) is matches
