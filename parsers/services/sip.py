"""SIP: whether a connection over UDP is it.

RFC 3261 section 7: the first line of a request or a response. Confirmed as in Zeek by a response
of either side: src/analyzer/protocol/sip, base/protocols/sip/dpd.sig.
"""

from __future__ import annotations

import re
from typing import ClassVar

from parsers.services.recogniser import Recogniser

TOKEN = rb"[A-Za-z0-9_.!%*+`'~-]{1,32}"
REQUEST = re.compile(rb"%b[ \t]+[!-~]{1,1024}[ \t]+SIP/[0-9]\.[0-9][\r\n]" % TOKEN)
RESPONSE = re.compile(rb"SIP/[0-9]\.[0-9][ \t]+[1-6][0-9]{2}[ \t\r\n]")
BLANKS = b"\r\n\0 "  # what keeps the way open, between messages


def begins(orig: bytes, resp: bytes) -> bool | None:
    """Whether first datagrams of the two sides (either may be empty) are this protocol."""
    said = [octets for octets in (orig, resp) if octets]
    return any(is_response(octets) or is_request(octets) for octets in said) if said else None


def is_request(octets: bytes) -> bool:
    """Whether it is a request."""
    return bool(REQUEST.match(octets))


def is_response(octets: bytes) -> bool:
    """Whether it is a response."""
    return bool(RESPONSE.match(octets))


def _unreadable(octets: bytes) -> bool:
    return not (is_request(octets) or is_response(octets) or not octets.strip(BLANKS))


class Sip(Recogniser):
    """Tells it of datagrams."""

    service: ClassVar[str] = "sip"
    is_message = staticmethod(is_response)
    violates = staticmethod(_unreadable)
