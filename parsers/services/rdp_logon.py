"""How a logon to RDP ended, by the records of TLS around it: rows of `logon`.

With Network Level Authentication the client logs on before RDP goes on (MS-CSSP 3.1.5): NEGOTIATE,
CHALLENGE, AUTHENTICATE, then the server proves that it knows the key, only to who is let in, and
the client sends credentials and goes on with RDP. Without it the logon is in RDP itself, and its
records are the same whether it worked or not.
"""

from __future__ import annotations

from functools import partial

from parsers.services.logons import FAILED, LOST, NO_END, SUCCESS, UNKNOWN, Told, logon
from parsers.services.parser import ORIG, RESP, Row
from parsers.services.tls_records import (
    APPLICATION_DATA,
    CLOSED,
    MOST_RECORDS,
    Asks,
    Record,
    Seen,
    turns,
)

SSL, HYBRID, HYBRID_EX = 1, 2, 8
"""Protocols that a server may choose (MS-RDPBCGR 2.2.1.2.1)."""

NLA = "nla"

NEGOTIATE = range(30, 300)
"""Bytes of a client's first message with NTLM; Kerberos begins with a longer one."""

AUTHENTICATE = 150
PROOF = 45
"""Bytes at least of a client's answer, and of a server's proof. An error code takes 17."""

GOES_ON = 280
"""Bytes at least of what a client goes on with: MCS Connect Initial."""

PICTURE = 15_000
"""Bytes that a server sends at least of a desktop; a window that asks for a password is smaller."""

NOT_NTLM = "not logged on with NTLM"
NOT_STARTED = "credentials accepted, session not started"
HIDDEN = "sizes cannot be told from this cipher"
CLASSIC = "logon is within RDP's own encryption"
DESKTOP = "no NLA; session reached the desktop: {}"


def asks(protocol: int, user: str) -> Asks | None:
    """Who tells the logon, by the protocol that the server chose."""
    if protocol in (HYBRID, HYBRID_EX):
        return Asks(partial(_nla, user), 64)
    return Asks(partial(_desktop, user), MOST_RECORDS) if protocol == SSL else None


def classic(ts: int, user: str) -> Row:
    """Make the row of a session without TLS, whether or not anybody logs on in it."""
    return logon("rdp", ts, Told(UNKNOWN, 0, CLASSIC), attempts=0, user=user or None)


def _nla(user: str, seen: Seen) -> list[Row]:
    said = seen.conversation()
    spoken = turns(said)
    overhead = seen.overhead()
    if not spoken or (len(spoken) < 3 and overhead is not None):
        return []  # asked what the server is, and sent no credentials
    told = Told(UNKNOWN, 0, HIDDEN)
    if overhead is not None:
        told = _outcome(seen, said, spoken, overhead)
    return [logon("rdp", spoken[0][0].ts, told, method=NLA, user=user or None)]


def _outcome(seen: Seen, said: list[Record], spoken: list[list[Record]], overhead: int) -> Told:
    sizes = [sum(record.length - overhead for record in turn) for turn in spoken]
    if sizes[0] not in NEGOTIATE or sizes[2] < AUTHENTICATE:
        return Told(UNKNOWN, 0, NOT_NTLM)
    sent = next(place for place, record in enumerate(said) if record is spoken[2][-1])
    after = said[sent + 1 :]
    answer = spoken[3] if len(spoken) > 3 else []
    if any(_holds(record, RESP, PROOF + overhead) for record in answer):
        started = any(_holds(record, ORIG, GOES_ON + overhead) for record in after)
        return Told(SUCCESS, 0.95) if started else Told(SUCCESS, 0.8, NOT_STARTED)
    if after and after[0].side == RESP:  # a short answer, an alert, or the end
        return Told(FAILED, 0.95)
    return Told(UNKNOWN, 0, NO_END if seen.whole else LOST)


def _holds(record: Record, side: int, least: int) -> bool:
    return record.side == side and record.kind == APPLICATION_DATA and record.length >= least


def _desktop(user: str, seen: Seen) -> list[Row]:
    """Say how far it came. Who types the password into a window looks the same, whoever it is."""
    said = seen.conversation()
    client = [record for record in said if record.side == ORIG and record.kind == APPLICATION_DATA]
    if len(client) < 2:  # a greeting alone
        return []
    shown = sum(record.length for record in said if record.side == RESP)
    ended = any(record.kind == CLOSED for record in said)
    reached = "likely" if shown >= PICTURE else "unlikely" if ended else "not known"
    told = Told(UNKNOWN, 0, DESKTOP.format(reached))
    return [logon("rdp", client[0].ts, told, user=user or None)]
