"""How a logon to a VPN over HTTPS ended, by records of TLS: rows of `logon`.

AnyConnect's protocol (draft-mavrogiannopoulos-openconnect), as ocserv speaks it: forms are answered
until a password is; who is let in asks for the tunnel next, who is not gets the form again.
SoftEther asks with a watermark and a logon; who is refused leaves, who is let in goes on. Both look
like any web site, so that each is told only by what else gives the server or the client away.
"""

from __future__ import annotations

import re
from hashlib import md5
from typing import Any

from parsers.services.logons import FAILED, SUCCESS, Told, logon
from parsers.services.parser import ORIG, Row
from parsers.services.tls_records import ALERT, CLOSED, Asks, Record, Seen, turns

MOST_RECORDS = 60

GNUTLS = {md5(f"771,{suite},51-43".encode()).hexdigest() for suite in (4865, 4866, 4867)}  # noqa: S324
"""JA3S of ocserv's library with TLS 1.3: the order of two extensions."""

FORM, ANSWER = range(850, 1500), range(350, 1000)
"""Bytes of a client's form, with all that AnyConnect tells of itself, and of what it gets."""

GROWS = range(41)
"""How much longer than the first the second form is, which names what was chosen."""

PASSWORD = range(30, 300)
"""And the third one than the second: a name, or a password."""

WORD, OTHER_PASSWORD, SHORT_ANSWER = 60, 40, 150
"""Bytes by which the form for a password differs when it comes again, and what is filled in; and
bytes of an answer that only says no."""

ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+")
HELLO, UPLOAD = range(230, 280), range(1000, 8000)
"""Bytes of SoftEther's first request, and of those that are filled up at random."""

LIKELY_OCSERV = "likely ocserv"
LIKELY_SOFTETHER = "likely SoftEther"


def tell(seen: Seen) -> list[Row]:
    """Make the rows of a connection; of one that is no VPN's there are none."""
    overhead = seen.overhead()
    if overhead is None:
        return []
    said = seen.conversation()
    logons = _anyconnect if _is_gnutls(seen.established) else _softether
    return logons(said, turns(said), overhead)


def _may_be(established: dict[str, Any]) -> bool:
    """Whether a connection may be a VPN's; of all others on the port nothing is followed."""
    return _is_gnutls(established) or bool(
        ADDRESS.fullmatch(str(established.get("server_name", "")))
    )


def _is_gnutls(established: dict[str, Any]) -> bool:
    return established.get("ja3s") in GNUTLS


ASKS = Asks(tell, MOST_RECORDS, _may_be)


def _sizes(spoken: list[list[Record]], overhead: int) -> list[int]:
    """What each turn holds, in bytes."""
    return [sum(record.length - overhead for record in turn) for turn in spoken]


def _anyconnect(said: list[Record], spoken: list[list[Record]], overhead: int) -> list[Row]:
    """Forms are the turns before the fourth, and the third answer is the form for a password."""
    sizes = _sizes(spoken, overhead)
    if not _is_logon(sizes):
        return []
    refused, place = 0, 4
    while _asks_again(sizes, place) and len(sizes) > place + 2 and _same(sizes, place + 2):
        refused, place = refused + 1, place + 2
    following = len(sizes) - place - 2  # turns behind the last answer
    last = _asks_again(sizes, place) or (refused > 0 and sizes[place + 1] < SHORT_ANSWER)
    if last and not following and said[-1].kind in (ALERT, CLOSED):
        refused += 1
    rows = []
    if refused:
        rows.append(_row("anyconnect", spoken[4], FAILED, refused, LIKELY_OCSERV))
    if not last and following >= 2 and not _same(sizes, place + 2):
        rows.append(_row("anyconnect", spoken[place], SUCCESS, 1, LIKELY_OCSERV))
    return rows


def _is_logon(sizes: list[int]) -> bool:
    """Whether the first three questions are forms that are filled in, and were answered."""
    return (
        len(sizes) >= 6
        and all(size in FORM for size in sizes[:5:2])
        and sizes[2] - sizes[0] in GROWS
        and sizes[4] - sizes[2] in PASSWORD
        and all(size in ANSWER for size in sizes[1:4:2])
    )


def _asks_again(sizes: list[int], place: int) -> bool:
    """Whether the answer to a password is the form once more, with a word about it."""
    return len(sizes) > place + 1 and abs(sizes[place + 1] - sizes[3]) <= WORD


def _same(sizes: list[int], place: int) -> bool:
    """Whether a question is a password once more."""
    return abs(sizes[place] - sizes[4]) <= OTHER_PASSWORD


def _softether(said: list[Record], spoken: list[list[Record]], overhead: int) -> list[Row]:
    sizes = _sizes(spoken, overhead)
    if len(sizes) < 6 or sizes[0] not in HELLO or not all(each in UPLOAD for each in sizes[2:5:2]):
        return []
    if len(sizes) > 6:
        return [_row("softether", spoken[4], SUCCESS, 1, LIKELY_SOFTETHER)]
    left = next((record for record in said if record.kind in (ALERT, CLOSED)), None)
    if left is None or left.side != ORIG:
        return []
    return [_row("softether", spoken[4], FAILED, 1, LIKELY_SOFTETHER)]


def _row(service: str, turn: list[Record], outcome: str, attempts: int, detail: str) -> Row:
    told = Told(outcome, 0.75, detail)
    return logon(service, turn[0].ts, told, attempts=attempts, method="password")
