"""Header fields and what their values hold."""

from __future__ import annotations

import time

import pytest

from parsers.services.http_fields import (
    basic_user,
    content_range,
    content_type,
    disposed_name,
    first_token,
    header_field,
    number,
    text,
    typed_name,
    unescaped,
)


@pytest.mark.parametrize(
    ("uri", "plain"),
    [
        (b"/a%20b", b"/a b"),
        (b"/%u0041%u2041", b"/A A"),
        (b"/%%41", b"/A"),
        (b"/%zz%4", b"/%zz%4"),
        (b"/%", b"/%"),
        (b"/%%", b"/%%"),
        (b"/%ff", b"/\xff"),
    ],
)
def test_uri_is_unescaped(uri, plain):
    assert unescaped(uri) == plain


def test_text_is_utf8_or_bytes():
    assert text("é".encode()) == "é"
    assert text("é".encode() + b"\xff") == "é\\xff"


@pytest.mark.parametrize(
    ("line", "field"),
    [
        (b"Host: a", (b"HOST", b"a")),
        (b"host:a ", (b"HOST", b"a ")),
        (b"Host (x (y) \\) z) : a", (b"HOST", b"a")),
        (b"Host:", (b"HOST", b"")),
        (b"Host a", None),
        (b"", None),
        (b": a", None),
        (b"Host (open: a", None),
    ],
)
def test_header_field(line, field):
    assert header_field(line) == field


@pytest.mark.parametrize(
    ("digits", "base", "value"),
    [
        (b"12", 10, 12),
        (b"-12x", 10, -12),
        (b"1Ag", 16, 26),
        (b"", 10, 0),
        (b"x", 10, None),
        (b"9" * 5000, 10, None),
        (b"0" * 5000 + b"7", 10, 7),
    ],
)
def test_number(digits, base, value):
    assert number(digits, base) == value


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (b"bytes 0-9/10", (0, 10, 10)),
        (b"bytes 5 - 5/*", (5, 1, 0)),
        (b"bytes 0-9/x", (0, 10, 0)),
        (b"bytes 9-0/10", None),
        (b"bytes=0-9/10", None),
        (b"items 0-9/10", None),
        (b"bytes 0-9", None),
        (b"bytes */10", None),
        (b"", None),
    ],
)
def test_content_range(value, found):
    assert content_range(value) == found


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (b'attachment; filename="a b.txt"; x=y', "a b.txt"),
        (b"attachment; filename=a.txt; x=y", "a.txt; x=y"),
        (b"attachment; FileName = a.txt", "a.txt"),
        (b'form-data; name="field"; filename="C:\\a.txt"', "C:\\a.txt"),
        (b'form-data; filename="a.txt"; name="field"', "field"),
        (b"attachment; filename=a; filename*=UTF-8''%e2%82%ac%20b", "\u20ac b"),
        (b"attachment; filename*=iso-8859-1'en'b", "b"),
        (b"attachment; filename*='en'b", "'en'b"),
        (b'attachment; filename=""', ""),
        (b'attachment; filename="a', "a"),
        (b"attachment; filename=it's", "it's"),
        (b'form-data; name="field"', None),
        (b"attachment; filename", None),
    ],
)
def test_disposed_name(value, name):
    assert disposed_name(value) == name


def test_typed_name():
    assert typed_name(b'image/png; name="a.png"') == "a.png"
    assert typed_name(b"image/png; name*=a.png") is None
    assert typed_name(b"image/png") is None


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (b"text/html; charset=x", (b"text", b"")),
        (b"Multipart/mixed; a=b; BOUNDARY=c:d", (b"multipart", b"c:d")),
        (b'multipart/mixed; boundary="a \\"b"; c=d', (b"multipart", b'a "b')),
        (b"multipart/mixed; boundary=a;x=y", (b"multipart", b"a;x=y")),
        (b"multipart/mixed; boundary", (b"multipart", b"")),
        (b'multipart/mixed; boundary="a', (b"multipart", b"")),
        (b"multipart/mixed", (b"multipart", b"")),
        (b"text", None),
        (b"text/", None),
        (b"", None),
    ],
)
def test_content_type(value, found):
    assert content_type(value) == found


def test_first_token():
    assert first_token(b" (c) Chunked, x") == b"chunked"
    assert first_token(b"=,;") == b""


@pytest.mark.parametrize(
    ("value", "user"),
    [(b"Basic YTpi", b"a"), (b"Basic YT pi", b"a"), (b"Basic YTpiY", b"a"), (b"basic", None)],
)
def test_basic_user(value, user):
    assert basic_user(value) == user


@pytest.mark.parametrize(
    "piece",
    [b"(", b"()", b"\\", b";", b";a=", b'"', b" ", b"%", b"=(", b"name", b"name ", b"'", b"name='"],
)
def test_long_values_are_read_in_linear_time(piece):
    value = piece * 40_000
    begun = time.perf_counter()
    for read in (header_field, content_type, content_range, first_token, basic_user, unescaped):
        read(value)
        read(b"multipart/x" + value)
    for read in (disposed_name, typed_name):
        read(b"filename=a;" + value)
    assert time.perf_counter() - begun < 1
