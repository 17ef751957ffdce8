r"""The type of a file, told by its first bytes, as Zeek tells it for a body of HTTP.

Text is told here and what is none by `mime_signatures`; Zeek's base/frameworks/files/magic/*.sig.
Every pattern takes time at most in proportion to the bytes, but for a small factor: what a
pattern passes over, it passes over once.
"""

from __future__ import annotations

import re

from parsers.services.mime_signatures import BINARY, Signature, any_of

FIRST_BYTES = 4096
"""By how much of a file its type is told: Zeek's default_file_bof_buffer_size."""

BOM = rb"(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?"
WS = rb"[\t\n\r ]*+"

# In UTF-16 of either order too.
XML = rb"\x00?<\x00?\?\x00?x\x00?m\x00?l\x00? "


def behind_prolog(tag: bytes, bom: bytes = BOM, xml: bool = True) -> bytes:
    """A tag that only comments, blanks and an XML declaration may precede.

    A comment or a declaration lasts to any of its ends, so that the first may span all others.
    """
    comment = rb"<!--.*?-->" + WS
    before = [b"", comment]
    if xml:
        declared = rb"<\?xml .*?\?>" + WS
        before += [
            declared,
            rb"<!--(?>.*?-->" + WS + rb"<\?xml ).*?\?>" + WS,
            rb"<\?xml (?>.*?\?>" + WS + rb"<!--).*?-->" + WS,
        ]
    return bom + WS + b"(?:" + b"|".join(before) + b")<" + tag


def script(interpreter: bytes) -> bytes:
    """The first line of a script that names what runs it."""
    return rb"#![^\n]{1,15}bin/(?:env[\t-\r ]+)?" + interpreter


def declared(inside: bytes) -> bytes:
    """XML that says its version and has something inside."""
    return rb"<\?xml version=\x22[^\x00].{3}.*" + inside


DOCTYPE = rb"![dD][oO][cC][tT][yY][pP][eE] +"
MARKUP = (
    Signature(
        *(100, "text/html"),
        behind_prolog(
            rb"(?i:!doctype +html|html|meta +http-equiv)",
        ),
    ),
    Signature(20, "text/html", behind_prolog(rb"(?i:head|title|body)")),
    Signature(10, "application/xml", BOM + WS + rb"(?:<!--.*?-->" + WS + b")?" + XML),
    Signature(90, "text/rss", behind_prolog(rb"(?i:rss)")),
    Signature(
        *(100, "text/atom"),
        behind_prolog(
            rb"(?:(?i:rss)[^>]*xmlns:atom"
            rb"|(?i:feed)[^>]*xmlns=[\x22']?http://www.w3.org/2005/Atom)"
        ),
    ),
    Signature(49, "application/soap+xml", behind_prolog(rb"(?i:soap(?:-env)?:envelope)")),
    Signature(
        *(49, "text/x-cross-domain-policy"),
        behind_prolog(rb"(?i:(?:!doctype +)?cross-domain-policy)", bom=b""),
    ),
    Signature(49, "application/xml-rpc", behind_prolog(rb"(?i:methodresponse)>")),
    Signature(
        *(49, "application/f4m"),
        behind_prolog(rb"(?i:manifest)[\t\n\r ]+xmlns=\x22http://ns\.adobe\.com/f4m/"),
    ),
    Signature(
        *(20, "magnus-internal/cold-fusion"),
        behind_prolog(rb"CF(?:PARAM|SET|IF)", bom=b"", xml=False),
    ),
    Signature(43, "model/x3d", rb"<\?xml version=\x22.{5}.*<!DOCTYPE ?X3D"),
    Signature(38, "image/svg+xml", declared(rb"<svg")),
    Signature(37, "application/xml-sitemap", declared(rb"<urlset")),
    Signature(37, "application/x-gnucash", declared(rb"<gnc-v2")),
    Signature(
        *(61, "application/vnd.google-earth.kml+xml"),
        rb"<\?xml.{15}.* xmlns=['\x22]http://earth.google.com/kml",
    ),
    Signature(
        *(60, "application/vnd.google-earth.kml+xml"),
        rb"<\?xml.{15}.* xmlns=['\x22]http://www.opengis.net/kml",
    ),
    Signature(260, "application/x-scribus", rb"<SCRIBUSUTF8NEW Version"),
    Signature(260, "application/x-freeplane", rb"<map ?version=\x22freeplane"),
    Signature(150, "application/x-freemind", rb"<map ?version"),
    Signature(160, "application/x-gnumeric", rb".{39}<gmr:Workbook"),
    Signature(190, "application/x-mif", rb"<MakerScreenFont"),
    Signature(130, "application/x-mif", rb"<MakerFile"),
    Signature(120, "application/x-mif", rb"<BookFile"),
    Signature(110, "application/x-mif", rb"<MIFFile"),
    Signature(90, "application/x-mif", rb"<Maker"),
    Signature(70, "application/x-mif", rb"<MML"),
)

SCRIPTS = (
    Signature(250, "text/x-shellscript", script(rb"(?:ba|tc|c|z|fa|ae|k)?sh")),
    Signature(60, "text/x-perl", script(rb"perl")),
    Signature(60, "text/x-ruby", script(rb"ruby")),
    Signature(60, "text/x-python", script(rb"python")),
    Signature(60, "text/x-awk", script(rb"[gn]?awk")),
    Signature(60, "text/x-tcl", script(rb"(?:wish|tcl)")),
    Signature(49, "text/x-lua", script(rb"lua")),
    Signature(60, "text/x-php", script(rb"php")),
    Signature(40, "text/x-php", rb".*<\?php"),
    any_of(
        *(60, "application/javascript", script(rb"node")),
        WS + rb"(?i:<script[\t ]+(?:type|language)=['\x22]?(?:text/)?javascript)",
        WS + rb"for \(;;\);",
        WS + rb"document\.write(?:ln)?[:blank]?\(",
        rb"\(function\(\)[\t\n ]*\{",
        WS + rb"<script>" + WS + rb"(?:var|function) ",
    ),
    Signature(110, "text/x-msdos-batch", rb"(?i:@ *echo +off)"),
    Signature(70, "text/x-msdos-batch", rb"(?i:@set) "),
    Signature(60, "text/x-msdos-batch", rb"(?i:@rem)"),
    Signature(40, "text/x-m4", rb"dnl "),
)

JSON_NAME = rb"(?:\x22[^\x22]+\x22|[a-zA-Z][a-zA-Z0-9\\_]*)"
JSON_VALUE = rb"(?:[\x22\[{0-9]|true|false)"
JSON_ELEMENT = rb"(?:\x22[^\x22]+\x22|[0-9]+(?:\.[0-9]+)?|true|false)"
TEXT = (
    any_of(
        *(1, "text/json"),  # RFC 8259, 2
        BOM + WS + rb"\{" + WS + JSON_NAME + WS + b":" + WS + JSON_VALUE,
        BOM + WS + rb"\[" + WS + b"(?:" + JSON_ELEMENT + WS + rb",|[{\[])",
    ),
    Signature(20, "text/ini", BOM + rb"[\x00\t\n\r ]*\[[^\r\n]+\][\x00\t ]*[\r\n]"),
    Signature(49, "application/vnd.ms-reg", rb"REGEDIT4"),
    Signature(0, "application/x-pem", rb"-----BEGIN CERTIFICATE-----"),  # RFC 7468, 5
    Signature(330, "application/pgp-keys", rb".{2}---BEGIN PGP PUBLIC KEY BLOCK-"),  # RFC 9580, 6.2
    Signature(280, "application/pgp-signature", rb"-----BEGIN PGP SIGNATURE-"),
    Signature(260, "application/pgp", rb"-----BEGIN PGP MESSAGE-"),
    Signature(
        *(100, "application/pkcs7-signature"),
        rb"MIME-Version:.*protocol=\x22application/pkcs7-signature\x22",
    ),
    Signature(320, "application/mac-binhex40", rb".{11}must be converted with BinHex"),
    Signature(170, "message/rfc822", rb"Relay-Version:"),
    Signature(160, "message/rfc822", rb"(?i:delivered-to:)"),
    Signature(150, "message/rfc822", rb"(?i:return-path:)"),
    Signature(130, "message/rfc822", rb"Forward to"),
    Signature(120, "message/rfc822", rb"N#! rnews"),
    Signature(110, "message/rfc822", rb"#! rnews"),
    Signature(100, "message/rfc822", rb"Pipe to"),
    Signature(80, "message/rfc822", rb"From:"),
    Signature(100, "message/news", rb"Article"),
    any_of(80, "message/news", rb"Path:", rb"Xref:"),
    Signature(180, "text/calendar", rb"BEGIN:VCALENDAR"),  # RFC 5545, 3.4
    Signature(140, "text/x-vcard", rb"BEGIN:VCARD"),  # RFC 6350, 6.1.1
    Signature(220, "application/x-kdelnk", rb"\[KDE Desktop Entry\]"),
    Signature(200, "application/x-kdelnk", rb"# KDE Config File"),
    Signature(190, "model/vrml", rb"#VRML ?V1\.0 ?ascii"),
    Signature(180, "model/vrml", rb"#VRML ?V2\.0 ?utf8"),
    Signature(10, "application/sla", rb"solid "),
    Signature(140, "application/x-sc", rb".{38}Spreadsheet"),
    Signature(90, "text/x-xmcd", rb"# xmcd"),
    Signature(50, "application/marc", rb"[0-9]{5}[acdn]w"),
    Signature(37, "text/x-po", rb"msgid "),
    Signature(
        *(55, "text/x-diff"),
        rb"(?>.*?--- )(?>.*?\n)(?>.*?\+\+\+ )(?>.*?\n).*?@@",
    ),
    Signature(42, "image/x-portable-bitmap", rb".*P1[0-9]{1,50}  [0-9]"),
    Signature(42, "image/x-portable-greymap", rb".*P2[0-9]{1,50}  [0-9]"),
    Signature(42, "image/x-portable-pixmap", rb".*P3[0-9]{1,50}  [0-9]"),
    Signature(
        *(-20, "text/plain"),
        rb"(?:\xef\xbb\xbf|(?:\x00\x00)?\xfe\xff|\xff\xfe(?:\x00\x00)?)?[\t-\r\x20-\x7e]{10}",
    ),
)

# The strongest first, and of equals the first by name: what matches first is the type.
BY_STRENGTH = sorted((*BINARY, *MARKUP, *SCRIPTS, *TEXT), key=lambda each: (-each[0], each[1]))
ANY = re.compile(b"|".join(b"(%b)" % each.pattern for each in BY_STRENGTH), re.DOTALL)


def mime_type(first: bytes) -> str | None:
    """The type of a file that begins so; None where the bytes do not tell."""
    found = ANY.match(first[:FIRST_BYTES])
    return BY_STRENGTH[found.lastindex - 1].mime_type if found and found.lastindex else None
