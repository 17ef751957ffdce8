"""Header fields and what their values hold: tokens, numbers, media types, credentials; URIs.

Read as leniently as Zeek does, whose rules decide what a row says: RFC 9110, and RFC 822 and 2045
for tokens and comments (Zeek's MIME.cc and HTTP.cc).
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import NamedTuple

ESCAPED = re.compile(rb"%(?:([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|(?=%.))", re.DOTALL)

FIELD_NAME = re.compile(rb"[!-9;-~]+")
TOKEN = re.compile(rb"[!#-'*+.0-9A-Z^_`a-z{|}~-]+")  # RFC 2045, 5.1
# What Zeek takes for a boundary that is not quoted: a `;` behind it is part of it.
BOUNDARY = re.compile(rb"[!#-~]+")
QUOTED = re.compile(rb'"((?:[^"\\]|\\.)*)"', re.DOTALL)
COMMENT_MARK = re.compile(rb"[()]|\\.?", re.DOTALL)
LWS = b"\t "
SPACE = b"\t\n\v\f\r "

DIGITS = {10: re.compile(rb"[0-9]*"), 16: re.compile(rb"[0-9A-Fa-f]*")}
DIGITS_MAX = {10: 18, 16: 15}  # what surely fits 63 bits

FILE_NAMED = re.compile(rb"filename[\t ]*\*?=", re.IGNORECASE)
NAMED = re.compile(rb"name[\t ]*=", re.IGNORECASE)
NAME_BEHIND = re.compile(rb".*name[\t ]*\*?=[\t ]*", re.IGNORECASE)
CHARSET = re.compile(rb"[a-z0-9!#$%&+-^_`{}~]+'[a-z0-9!#$%&+-^_`{}~]*'", re.IGNORECASE)

BASIC = re.compile(rb"basic [\t ]*", re.IGNORECASE)
NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")


def text(octets: bytes) -> str:
    """What a log shows: UTF-8, and bytes that are none by their number, as Zeek does."""
    return octets.decode("utf-8", "backslashreplace")


def unescaped(uri: bytes) -> bytes:
    """A URI with its escapes resolved: `%41`, `%u0041`; of `%%` the first is dropped."""

    def octets(found: re.Match[bytes]) -> bytes:
        code = bytes.fromhex((found[1] or found[2] or b"").decode())
        return code[1:] if found[2] and not code[0] else code

    return ESCAPED.sub(octets, uri)


def header_field(line: bytes) -> tuple[bytes, bytes] | None:
    """A field's name in capitals and its value; None where the line is no field."""
    start = after_blanks(line, 0)
    name = FIELD_NAME.search(line, start)
    if not name:
        return None
    colon = after_blanks(line, name.end())
    if line[colon : colon + 1] != b":":
        return None
    return name.group().upper(), line[colon + 1 :].lstrip(SPACE)


def after_blanks(line: bytes, start: int) -> int:
    """Where something other than blanks and comments begins."""
    while start < len(line):
        if line[start] in LWS:
            start += 1
        elif line[start] == ord("("):
            start = after_comment(line, start)
        else:
            break
    return start


def after_comment(line: bytes, start: int) -> int:
    """Where a comment ends; comments nest. One without an end takes the whole line."""
    depth = 0
    for mark in COMMENT_MARK.finditer(line, start):
        depth += {b"(": 1, b")": -1}.get(mark.group(), 0)
        if depth == 0:
            return mark.end()
    return len(line)


def token(
    value: bytes, start: int = 0, letters: re.Pattern[bytes] = TOKEN
) -> re.Match[bytes] | None:
    """The first token of a value."""
    while start < len(value):
        found = letters.match(value, start)
        if found:
            return found
        start = max(after_blanks(value, start), start + 1)
    return None


def first_token(value: bytes) -> bytes:
    """The first token of a value in small letters; b"" where there is none."""
    found = token(value, after_blanks(value, 0))
    return found.group().lower() if found else b""


def number(digits: bytes, base: int) -> int | None:
    """The number that a text begins with; none of what is none is 0 where there is no text."""
    sign = -1 if digits[:1] == b"-" else 1
    digits = digits.removeprefix(b"-")
    found = DIGITS[base].match(digits)
    if not found or (digits and not found.group()):
        return None
    significant = found.group().lstrip(b"0")
    if len(significant) > DIGITS_MAX[base]:
        return None
    return sign * int(significant or b"0", base)


class ContentRange(NamedTuple):
    """Which part of a body comes: where it begins, how long it is, and the whole (0: unsaid)."""

    first: int
    length: int
    whole: int


def content_range(value: bytes) -> ContentRange | None:
    """What a Content-Range says; None where it does not say how many bytes come."""
    unit = token(value, after_blanks(value, 0))
    if not unit or unit.group() != b"bytes":
        return None
    positions, slash, whole = value[unit.end() :].replace(b" ", b"").partition(b"/")
    first, dash, last = positions.partition(b"-")
    begin, end = number(first, 10), number(last, 10)
    if not (slash and dash) or begin is None or end is None or not 0 <= begin <= end:
        return None
    return ContentRange(begin, end - begin + 1, max(number(whole, 10) or 0, 0))


def content_type(value: bytes) -> tuple[bytes, bytes] | None:
    """A media type in small letters, and its boundary if it is multipart; None for no type."""
    kind = token(value, after_blanks(value, 0))
    slash = after_blanks(value, kind.end()) if kind else 0
    if not kind or value[slash : slash + 1] != b"/":
        return None
    subtype = token(value, slash + 1)
    if not subtype:
        return None
    name = kind.group().lower()
    return name, boundary(value, subtype.end()) if name == b"multipart" else b""


def boundary(value: bytes, start: int) -> bytes:
    """The boundary among the parameters of a media type; the last one counts."""
    found = b""
    while True:
        start = after_blanks(value, start)
        attribute = token(value, start + 1) if value[start : start + 1] == b";" else None
        if not attribute:
            return found
        start = attribute.end()
        equals = after_blanks(value, start)
        if value[equals : equals + 1] != b"=":
            continue
        start = equals + 1
        wanted = attribute.group().lower() == b"boundary"
        begin = start if wanted else after_blanks(value, start)
        quoted = value[begin : begin + 1] == b'"'
        letters = BOUNDARY if wanted else TOKEN
        parameter = QUOTED.match(value, begin) if quoted else token(value, begin, letters)
        if parameter:
            start = parameter.end()
            if wanted:
                found = re.sub(rb"\\(.?)", rb"\1", parameter[1]) if quoted else parameter.group()


def disposed_name(value: bytes) -> str | None:
    """The name of the file that a Content-Disposition field gives: RFC 6266, 4.3."""
    return file_name(value) if FILE_NAMED.search(value) else None


def typed_name(value: bytes) -> str | None:
    """The name of the file among the parameters of a media type."""
    return file_name(value) if NAMED.search(value) else None


def file_name(value: bytes) -> str:
    """What the last parameter is whose name ends in `name`, to the end of a value not quoted.

    Of an extended one (RFC 8187) the character set and the language are left out.
    """
    name = NAME_BEHIND.sub(b"", value, count=1)
    if name.startswith(b'"'):
        name = name.split(b'"', 2)[1]
    if CHARSET.match(name):
        name = name.rpartition(b"'")[2]
    return text(unescaped(name))


def basic_credentials(value: bytes) -> bytes | None:
    """User and password of an Authorization field; None where it is not of the Basic scheme."""
    scheme = BASIC.match(value)
    if not scheme:
        return None
    letters = NOT_BASE64.sub(b"", value[scheme.end() :].partition(b"=")[0])
    try:
        return base64.b64decode(letters + b"=" * (-len(letters) % 4))
    except binascii.Error:  # one letter too many
        return base64.b64decode(letters[:-1])


def basic_user(value: bytes) -> bytes | None:
    """The user whom an Authorization field names; None where it is not of the Basic scheme."""
    credentials = basic_credentials(value)
    if credentials is None:
        return None
    user, colon, _ = credentials.partition(b":")
    return user if colon else b"<problem-decoding> (" + value + b")"
