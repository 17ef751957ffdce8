"""The first line of an HTTP/1 message: whether bytes begin one, and its parts.

RFC 9112 sections 3 and 4, and what Zeek takes for one beside that (dpd.sig, HTTP.cc).
"""

from __future__ import annotations

import re
from typing import NamedTuple

from parsers.services.http_fields import LWS

METHODS = (
    *(b"OPTIONS", b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"ACL", b"BASELINE-CONTROL"),
    *(b"BIND", b"CHECKIN", b"CHECKOUT", b"CONNECT", b"COPY", b"LABEL", b"LINK", b"LOCK", b"MERGE"),
    *(b"MKACTIVITY", b"MKCALENDAR", b"MKCOL", b"MKREDIRECTREF", b"MOVE", b"ORDERPATCH", b"PATCH"),
    *(b"PROPFIND", b"PROPPATCH", b"REBIND", b"REPORT", b"SEARCH", b"TRACE", b"UNBIND"),
    *(b"UNCHECKOUT", b"UNLINK", b"UNLOCK", b"UPDATE", b"VERSION-CONTROL", b"BCOPY", b"BDELETE"),
    *(b"BMOVE", b"BPROPFIND", b"BPROPPATCH", b"NOTIFY", b"POLL", b"SUBSCRIBE", b"UNSUBSCRIBE"),
    *(b"X-MS-ENUMATTS", b"MKWORKSPACE", b"RPC_IN_DATA", b"RPC_OUT_DATA"),
)
"""What a request may begin with whose version is not seen (yet): Zeek's dpd.sig."""
METHOD_MAX = max(map(len, METHODS))

BLANKS = b"\t\n\v\f\r "
STATUS_LINE = b"HTTP/"
HTTP2 = b"PRI * HTTP/2"  # RFC 9113, 3.4: what is no request though it looks like one
# A method that is none of these needs a version of HTTP/1 at the end of its line.
REQUEST_MAX = 4096
OTHER_METHOD = re.compile(rb"[!#-'*+.0-9A-Z^_`a-z|~-]{1,64}(?![^\t ])")
VERSION_BEHIND = re.compile(rb"[\t ]HTTP/[0-9]", re.IGNORECASE)

METHOD = re.compile(rb"""[^\x00-\x20\x7f-\xff()<>@,;:\\"/\[\]?={}]+""")  # RFC 9110, 5.6.2
URI = re.compile(rb"[\x00:/?#\[\]@!$&'()*+,;=0-9A-Za-z_.~%-]*")  # RFC 3986, 2; Zeek takes NUL too
KEYWORD = re.compile(rb"HTTP/", re.IGNORECASE)
VERSION = re.compile(rb"[0-9]\.[0-9]")
STATUS = re.compile(rb"(?is)HTTP/([^\t ]*)[\t ]+([^\t ]..)[^\t ]*(?:[\t ]+(.*))?")


class RequestLine(NamedTuple):
    """A request line. version: "" where it says HTTP/ and nothing that could be a version."""

    method: bytes
    uri: bytes
    version: str


class StatusLine(NamedTuple):
    """A status line. reason: None where there is nothing behind the status."""

    version: str
    status: int
    reason: bytes | None


def begins_request(octets: bytes) -> bool | None:
    """Whether a stream begins with a request: a known method, or any before a version."""
    octets = octets.lstrip(BLANKS)[:REQUEST_MAX]
    if octets.startswith(HTTP2):
        return False
    if not OTHER_METHOD.match(octets):
        return False if octets else None
    method, blank, _ = octets[: METHOD_MAX + 1].replace(b"\t", b" ").partition(b" ")
    line = octets.splitlines()[0]
    if (blank and method in METHODS) or VERSION_BEHIND.search(line):
        return True
    return None if line == octets and len(octets) < REQUEST_MAX else False


def begins_response(octets: bytes) -> bool | None:
    """Whether a stream begins with a status line: `HTTP/` and a digit."""
    head = octets[: len(STATUS_LINE)].upper()
    if not STATUS_LINE.startswith(head):
        return False
    digit = octets[len(STATUS_LINE) : len(STATUS_LINE) + 1]
    return digit.isdigit() if digit else None


def request_line(line: bytes) -> RequestLine | None:
    """The parts of a request line; None where it is none. Without a version it is HTTP/0.9."""
    method = METHOD.match(line)
    rest = line[method.end() :].lstrip(LWS) if method else b""
    if not method or method.end() == len(line) or line[method.end()] not in LWS:
        return None
    uri, keyword = request_target(rest)
    if keyword < 0:
        version = "0.9"
    else:
        version = http_version(rest[keyword + 5 :]) if keyword + 8 <= len(rest) else ""
    if version == "0.9" and (method.end() < 3 or not uri):
        return None
    return RequestLine(method.group(), uri, version)


def first_request(line: bytes) -> RequestLine | None:
    """The parts of the first request line of a connection, which must look more like HTTP."""
    request = request_line(line)
    doubtful = request and (request.version == "0.9" or line.startswith(HTTP2))
    return None if doubtful and not begins_request(line) else request


def request_target(rest: bytes) -> tuple[bytes, int]:
    """What stands before the version, and where the version begins: -1 where there is none.

    Blanks in a URI are part of it, as long as more follows. Where no version follows, the last
    character behind one is lost, as in Zeek.
    """
    end = 0
    found = URI.match(rest)
    if found and not (found.end() == len(rest) and KEYWORD.match(rest)):
        end = found.end()
    keyword = KEYWORD.search(rest, end)
    if keyword:
        return rest[: max(end, len(rest[: keyword.start()].rstrip(LWS)))], keyword.start()
    if end < len(rest):
        stripped = rest.rstrip(LWS)
        if len(stripped) == len(rest):
            stripped = rest[:-1].rstrip(LWS)
        end = max(end, len(stripped))
    return rest[:end], -1


def status_line(line: bytes) -> StatusLine | None:
    """The parts of a status line; None where it is none. What is no number is status 0."""
    found = STATUS.fullmatch(line)
    if not found:
        return None
    version, status, reason = found.groups()
    return StatusLine(http_version(version), int(status) if status.isdigit() else 0, reason)


def http_version(octets: bytes) -> str:
    """A version of one digit, a dot and one digit; "0.0" where there is none."""
    found = VERSION.match(octets)
    return found.group().decode() if found else "0.0"
