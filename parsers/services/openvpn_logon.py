"""How a logon to OpenVPN ended, by the kinds and times of its messages: a row of `logon`.

What the peers say is encrypted, in TLS inside of the control channel. But data flows only to who
was let in; a client that was refused leaves without acknowledging it, so that the server says it
again; and a server that refuses the client's TLS answers no more, so that the client says its part
again (openvpn-rfc of the OpenVPN project, sections on reliability and on the key exchange).
"""

from __future__ import annotations

from parsers.services.logons import FAILED, SUCCESS, UNKNOWN, Told, logon
from parsers.services.parser import ORIG, RESP, Row

SECOND = 1_000_000_000
AGAIN = SECOND
"""A message that comes again at the earliest: OpenVPN's first time-out is two seconds, less what
its clock leaves out."""

UNANSWERED = 2 * SECOND
"""A client that goes on for so long with its part was not answered, and has sent it twice."""

REFUSED = "server told the client again that it is refused"
TRIED_AGAIN = "client began anew without any data"
TLS_REFUSED = "server answered the client's TLS no more"
NO_DATA = "no data of both sides is in the capture"


class OpenvpnLogon:
    """One session, from the client's reset on."""

    def __init__(self, ts: int) -> None:
        self._ts = ts
        self._control: list[tuple[int, int] | None] = [None, None]  # last one of a side: size, time
        self._client = 0  # when the client said anything, an acknowledgement too
        self._unanswered = 0  # when the client began to speak since the server did
        self._repeated = False  # whether the server says the same to a client that is gone
        self._server_last = False  # whether the last control message is the server's

    def control(self, side: int, size: int, ts: int) -> None:
        """Take note of a control message."""
        if side == ORIG:
            self._unanswered = self._unanswered or ts
            self._repeated = False
            self._client = ts
        else:
            before = self._control[RESP]
            self._unanswered = 0
            self._repeated |= (
                before is not None
                and before[0] == size
                and ts - max(before[1], self._client) > AGAIN
            )
        self._control[side] = size, ts
        self._server_last = side == RESP

    def acknowledge(self, side: int, ts: int) -> None:
        """Take note of an acknowledgement."""
        if side == ORIG:
            self._client = ts
            self._repeated = False
        else:
            self._unanswered = 0

    def stands(self) -> Row:
        """Make the row of a session with data of both sides."""
        return logon("openvpn", self._ts, Told(SUCCESS, 0.95))

    def ended(self, *, anew: bool) -> list[Row]:
        """Make the row of a session without; `anew`: whether the client began another one."""
        client, server = self._control
        if client is None or server is None:  # it was looked whether there is a server
            return []
        if self._unanswered and client[1] - self._unanswered >= UNANSWERED:
            return [logon("openvpn", self._ts, Told(FAILED, 0.85, TLS_REFUSED))]
        if self._server_last and (self._repeated or anew):
            detail = REFUSED if self._repeated else TRIED_AGAIN
            return [logon("openvpn", self._ts, Told(FAILED, 0.85, detail))]
        return [logon("openvpn", self._ts, Told(UNKNOWN, 0, NO_DATA))]
