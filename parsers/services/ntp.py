"""NTP: whether a connection is it.

RFC 5905 section 7.3 for time, RFC 9327 section 2 for control messages, ntpd's ntp_request.h for its
private ones. Zeek checks no more than sizes, which is what takes the name back:
src/analyzer/protocol/ntp/ntp-protocol.pac, ntp-mode7.pac.
"""

from __future__ import annotations

import struct
from typing import ClassVar

from parsers.services.recogniser import Recogniser

VERSIONS = range(1, 5)
CLIENT, CONTROL, PRIVATE = 3, 6, 7

TIME = struct.Struct(">xBbbHxxHxx36x")  # stratum, poll, precision, seconds of delay and dispersion
LOWEST_STRATUM = 16
POLLS = range(-7, 18)  # as a power of two, as the precision is
PRECISIONS = range(-32, 0)
UNTOLD = (0, 32)  # precisions of clients that tell little of themselves, and 0 of others
FARTHEST = 64  # seconds; servers call themselves out of step at 16
WORD = 4  # extensions and authenticators are whole ones
LONGEST_AUTHENTICATOR = 24
EXTENSION = struct.Struct(">xxHxxxxxxxxxxxxI")  # its length; the length of its value

CONTROLS = struct.Struct(">xBxxHxxxxH")  # response, error, more, operation; status; size of data
IS_RESPONSE, OPERATION = 0x80, 0x1F
OPERATIONS = frozenset((*range(13), 31))

PRIVATES = struct.Struct(">xBBBHH")  # authenticated, sequence; implementation; request; items
AUTHENTICATED, AUTHENTICATOR = 0x80, 20
IMPLEMENTATIONS = (0, 2, 3)  # every one, and those of xntpd and ntpd
REQUESTS, ERRORS, MOST_ITEMS = range(46), range(8), 500


def begins(orig: bytes, resp: bytes) -> bool | None:
    """Whether first datagrams of the two sides (either may be empty) are this protocol."""
    return Ntp.begins(orig, resp)


def is_message(octets: bytes) -> bool:
    """Whether it is a message with values that they who speak NTP send."""
    if octets[0] >> 3 & 7 not in VERSIONS or _unreadable(octets):
        return False
    mode = octets[0] & 7
    if mode == CONTROL:
        return _is_control(octets)
    if mode == PRIVATE:
        return _is_private(octets)
    return mode > 0 and _is_time(octets, mode)


def _is_time(octets: bytes, mode: int) -> bool:
    stratum, poll, precision, delay, dispersion = TIME.unpack_from(octets)
    untold = UNTOLD if mode == CLIENT else UNTOLD[:1]
    return bool(
        stratum <= LOWEST_STRATUM
        and poll in POLLS
        and (precision in PRECISIONS or (precision in untold and delay == 0))
        and delay < FARTHEST
        and dispersion < FARTHEST
        and len(octets) % WORD == 0
    )


def _is_control(octets: bytes) -> bool:
    flags, status, size = CONTROLS.unpack_from(octets)
    spare = len(octets) - CONTROLS.size - size
    return (
        flags & OPERATION in OPERATIONS
        and (flags >= IS_RESPONSE or (flags <= OPERATION and not status))
        and spare < WORD  # one that is signed looks like DNS
    )


def _is_private(octets: bytes) -> bool:
    _, implementation, request, items, size = PRIVATES.unpack_from(octets)
    error, items = items >> 12, items & 0xFFF
    spare = len(octets) - PRIVATES.size - items * size
    padded = octets[0] < IS_RESPONSE and len(octets) >= TIME.size  # as requests are, to that size
    return (
        (spare == 0 or (padded and spare > 0))
        and implementation in IMPLEMENTATIONS
        and request in REQUESTS
        and error in ERRORS
        and items <= MOST_ITEMS
        and size <= MOST_ITEMS
        and (items > 0) == (size > 0)
    )


def _unreadable(octets: bytes) -> bool:
    """Whether it is shorter than Zeek reads it."""
    mode, size = octets[0] & 7, len(octets)
    if mode == CONTROL:
        return size < CONTROLS.size or size < CONTROLS.size + int(CONTROLS.unpack_from(octets)[-1])
    if mode == PRIVATE:
        return size < PRIVATES.size or size < _private_size_as_zeek_has_it(octets)
    return mode > 0 and (size < TIME.size or _unreadable_extensions(octets))


def _private_size_as_zeek_has_it(octets: bytes) -> int:
    """Its size, with the number of items for that of their bytes."""
    flags, _, _, items, _ = PRIVATES.unpack_from(octets)
    authenticator = AUTHENTICATOR if flags & AUTHENTICATED else 0
    return PRIVATES.size - 2 + int(items & 0xFFF) + authenticator


def _unreadable_extensions(octets: bytes) -> bool:
    """Whether what is behind the time is too long for an authenticator, and not Autokey's.

    Zeek reads no other extension, and takes other authenticators for extensions.
    """
    at = TIME.size
    while len(octets) - at > LONGEST_AUTHENTICATOR:
        length, value_size = EXTENSION.unpack_from(octets, at)
        signature = at + EXTENSION.size + value_size
        size = int.from_bytes(octets[signature : signature + 4])
        at = max(signature + 4 + size, at + length)
        if at > len(octets):
            return True
    return False


class Ntp(Recogniser):
    """Tells it of datagrams."""

    service: ClassVar[str] = "ntp"
    is_message = staticmethod(is_message)
    violates = staticmethod(_unreadable)
