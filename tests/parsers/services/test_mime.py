"""Types of files, told by their first bytes."""

from __future__ import annotations

import gzip
import io
import re
import tarfile
import time
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.services.mime import BY_STRENGTH, FIRST_BYTES, mime_type

XML = b'<?xml version="1.0"?>\n'
ODF = b"PK\x03\x04" + bytes(22) + b"\x08\0\0\0mimetypeapplication/"
EBML = b"\x1a\x45\xdf\xa3\x93B\x82\x88"
JPEG2000 = b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(8)


def zipped(*names):
    octets = io.BytesIO()
    with zipfile.ZipFile(octets, "w") as archive:
        for name in names:
            archive.writestr(name, b"")
    return octets.getvalue()


def tarred():
    octets = io.BytesIO()
    with tarfile.open(fileobj=octets, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        archive.addfile(tarfile.TarInfo("a"))
    return octets.getvalue()


@pytest.mark.parametrize(
    ("first", "kind"),
    [
        (zipped("a"), "application/zip"),
        (zipped("xl/a", "xl/b"), "vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (zipped("word/a", "xl/b"), "application/zip"),
        (tarred(), "application/x-tar"),
        (gzip.compress(b""), "application/x-gzip"),
        (b"Rar!\x1a\x07", "application/x-rar"),
        (b"MSCF\0\0\0\0", "application/vnd.ms-cab-compressed"),
        (b"7z\xbc\xaf'\x1c", "application/x-7z-compressed"),
        (b"!<arch>\ndebian", "application/x-debian-package"),
        (b"!<arch>\nother", "application/x-archive"),
        (ODF + b"vnd.oasis.opendocument.text", "application/zip"),
        (ODF + b"vnd.oasis.opendocument.textPK", "application/vnd.oasis.opendocument.text"),
        (
            ODF + b"vnd.oasis.opendocument.text-template",
            "application/vnd.oasis.opendocument.text-template",
        ),
        (ODF + b"vnd.oasis.opendocument.text-web", "application/vnd.oasis.opendocument.text-web"),
        (ODF + b"epub+zip", "application/epub+zip"),
        (b"MZ\x90\0", "application/x-dosexec"),
        (b"\x7fELF\x02\x01" + bytes(10) + b"\x02\0", "application/x-executable"),
        (b"\x7fELF\x01\x02" + bytes(10) + b"\0\x03", "application/x-sharedlib"),
        (b"\x7fELF\x01\x01" + bytes(10) + b"\x09\0", None),
        (b"\xca\xfe\xba\xbe\0\0\0\x34", "application/x-java-applet"),
        (b"\xca\xfe\xba\xbe\0\0\0\x02", "application/x-mach-o-executable"),
        (b"\xa7\r\r\n", "application/x-python-bytecode"),
        (b"CWS\x09", "application/x-shockwave-flash"),
        (b"%PDF-1.4", "application/pdf"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/msword"),
        (b"0" * 11 + b"\x06\x05\x2b\x0e\x03\x02\x1a", "application/ocsp-request"),
        (b"0" * 19 + b"\x06\x09\x2b\x06\x01\x05\x05\x07\x30\x01\x01", "application/ocsp-response"),
        (b"0" * 20 + b"\x06\x05\x2b\x0e\x03\x02\x1a", "text/plain"),
        (b"GIF89a", "image/gif"),
        (b"\x89PNG\r\n", "image/png"),
        (b"\xff\xd8\xff", "image/jpeg"),
        (b"II*\0", "image/tiff"),
        (b"\0\0\x01\0", "image/x-icon"),
        (b"RIFF....WEBP", "image/webp"),
        (JPEG2000 + b"jp2 ", "image/jp2"),
        (EBML + b"webm", "video/webm"),
        (EBML + b"matroska", "video/x-matroska"),
        (b"\0\0\0\x18ftypmp42", "video/mp4"),
        (b"RIFF....WAVE", "audio/x-wav"),
        (b"wOFF", "application/font-woff"),
        (b"\0\1\0\0\0", "application/x-font-ttf"),
    ],
)
def test_binary(first, kind):
    assert mime_type(first) == (f"application/{kind}" if kind and kind[:4] == "vnd." else kind)


@pytest.mark.parametrize(
    ("first", "kind"),
    [
        (b"<HTML>", "text/html"),
        (b"\xef\xbb\xbf \n<!DocType  html", "text/html"),
        (b"<body>", "text/html"),
        (b"<p>paragraph", "text/plain"),
        (XML + b"<a>", "application/xml"),
        (b"<!-- a --> <!-- b -->" + XML, "application/xml"),
        (XML + b"<html>", "text/html"),
        (XML + b"<!-- a --><html>", "text/html"),
        (b"<!-- a -->" + XML + b"<html>", "text/html"),
        (b"<!-- a --> b <html>", "text/plain"),
        (b"<!-- a <html>", "text/plain"),
        (XML + b"a <html>", "application/xml"),
        (XML + b"<rss>", "text/rss"),
        (XML + b"<rss xmlns:atom=''>", "text/atom"),
        (XML + b"<feed xmlns='http://www.w3.org/2005/Atom'>", "text/atom"),
        (XML + b"<soap:Envelope>", "application/soap+xml"),
        (XML + b"<SOAP-ENV:Envelope>", "application/soap+xml"),
        (XML + b"<cross-domain-policy>", "text/x-cross-domain-policy"),
        (XML + b"<methodResponse>", "application/xml-rpc"),
        (XML + b"<svg>", "image/svg+xml"),
        (b"#!/bin/sh", "text/x-shellscript"),
        (b"#!/usr/bin/env python3", "text/x-python"),
        (b"#!/a/much/longer/path/bin/sh", "text/plain"),
        (b"(function() {", "application/javascript"),
        (b"<script type='text/javascript'>", "application/javascript"),
        (b"document.write('", "application/javascript"),
        (b"any text <?php", "text/x-php"),
        (b"@echo off", "text/x-msdos-batch"),
        (b'{"a": 1}', "text/json"),
        (b"{a:true", "text/json"),
        (b"[1.5, 2]", "text/json"),
        (b"[{", "text/json"),
        (b"[section]\r\na=b", "text/ini"),
        (b"[{}]\n", "text/ini"),
        (b"[{}]", "text/json"),
        (b"[section] x\r\n", "text/plain"),
        (b"REGEDIT4", "application/vnd.ms-reg"),
        (
            "\ufeffWindows Registry Editor Version 5.00".encode("utf-16-le"),
            "application/vnd.ms-reg",
        ),
        ("\ufeff<?xml version".encode("utf-16-be"), "application/xml"),
        ("\ufeff<?xml version".encode("utf-16-le"), "application/xml"),
        (b"{}", None),
        (b"[1]", None),
        (b"-----BEGIN CERTIFICATE-----", "application/x-pem"),
        (b"-----BEGIN PRIVATE KEY-----", "text/plain"),
        (b"--- a\n+++ b\n@@ -1 +1 @@", "text/x-diff"),
        (b"0123456789", "text/plain"),
        (b"012345678", None),
        (b"012345678\xff", None),
        (b"0123456789\xff", "text/plain"),
        (b"\xff\xfe0123456789", "text/plain"),
        (b"\0\0\0\0", None),
        (b"", None),
    ],
)
def test_text(first, kind):
    assert mime_type(first) == kind


def test_no_more_than_the_first_bytes_count():
    assert mime_type(b"x" * (FIRST_BYTES - 5) + b"<?php") == "text/x-php"
    assert mime_type(b"x" * (FIRST_BYTES - 4) + b"<?php") == "text/plain"


def test_of_equal_strength_the_first_by_name_counts():
    assert mime_type(XML + b"<feed xmlns=http://www.w3.org/2005/Atom><html>") == "text/atom"


def test_every_signature_is_a_pattern_without_groups_of_its_own():
    assert all(re.compile(each.pattern, re.DOTALL).groups == 0 for each in BY_STRENGTH)


@pytest.mark.parametrize(
    "piece",
    [
        *(b"<!--", b"-->", b"--><?xml ?>", b"?><!--", b"--> ", b"--><rss", b"--><feed xmlns="),
        *(b"--- \n+++ \n", b"P11", b'"a"', b"PK\x03\x04", b"B\x82", b" ", b"\0", b"<svg", b"1"),
    ],
)
@pytest.mark.parametrize("begin", [b"", b"<!--", b"<?xml ", b'["', b"PK\x03\x04" + b"x" * 26])
def test_hostile_text_is_told_in_bounded_time(begin, piece):
    begun = time.perf_counter()
    mime_type(begin + piece * FIRST_BYTES)
    assert time.perf_counter() - begun < 0.1


@given(st.binary(max_size=60))
def test_random_bytes_never_raise(octets):
    mime_type(octets)
