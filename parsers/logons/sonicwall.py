"""SonicWall firewalls (SonicOS) and SMA gateways: SSL VPN, XAUTH, L2TP, administrators.

SonicWall, SonicOS Log Events Reference Guide, by number of the event; SMA, Administration Guide.
Confirmed on lines: the login of SMA. Unconfirmed, from that documentation: all of SonicOS.

Of a failed logon SonicOS does not say whether VPN, portal or administration was meant, but for its
text; the service is the gateway then.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from parsers.logons.message import Message
from parsers.logons.own_times import iso, when
from parsers.logons.pairs import cef, pairs
from parsers.logons.rows import Row
from parsers.logons.told import Told, address, joined, row

GATEWAY, INSIDE = "sonicwall", ""
SUCCESS: Told = {"outcome": "success"}
FAILED: Told = {"outcome": "failed"}
LOGOFF: Told = {"event": "logoff"}
LOCKOUT: Told = {"event": "lockout"}

EVENTS: Mapping[str, tuple[str, Told]] = {
    **dict.fromkeys(("29", "235", "236", "237", "238", "1080"), (GATEWAY, SUCCESS)),
    "31": (INSIDE, SUCCESS),  # from an internal zone
    "199": ("ssh", SUCCESS),  # an administrator's command line
    "200": ("ssh", FAILED),
    **dict.fromkeys(("30", "32", "33", "243", "244", "245", "246", "1035", "1048"),
                    (GATEWAY, FAILED)),
    **dict.fromkeys((*(str(code) for code in range(745, 758)), "759"), (GATEWAY, FAILED)),
    **dict.fromkeys(("35", "329", "583"), (GATEWAY, LOCKOUT)),
    **dict.fromkeys(("24", "261", "262", "263", "264", "265"), (GATEWAY, LOGOFF)),
    "139": ("ipsec", SUCCESS),  # XAUTH
    "140": ("ipsec", FAILED),
    **dict.fromkeys(("318", "319"), ("l2tp", SUCCESS)),
    **dict.fromkeys(("311", "312", "344"), ("l2tp", FAILED)),
}  # fmt: skip
SMA_EVENTS: tuple[tuple[re.Pattern[str], Told], ...] = (
    (re.compile(r"User login successful"), SUCCESS),
    (re.compile(r"User login (?:failed|denied)"), FAILED),
    (re.compile(r"User (?:logged out|logout)"), LOGOFF),
    (re.compile(r"User .*(?:locked|lockout)"), LOCKOUT),
)
SONICOS = re.compile(r"\bid=\S+\s+sn=\S+\s+time=")
SMA = re.compile(r"\bid=sslvpn\s+sn=")


def is_of(message: Message) -> bool:
    """Whether a line is of SonicOS, native or CEF, or of SMA."""
    text = message.text[:256]
    return SONICOS.search(text) is not None or ("|SonicWall|" in text and cef(text) is not None)


class Reader:
    """Makes rows of events; each tells all."""

    def read(self, message: Message) -> list[Row]:
        """Return the row of a line, if it tells of a logon."""
        parts = cef(message.text)
        if parts is None:
            said = pairs(message.text)
        else:
            header, extension = parts
            said = {"m": header["code"], "msg": header["name"]} | extension
        told = _kind(said, is_sma=SMA.search(message.text[:256]) is not None)
        if told is None:
            return []
        stamp = said.get("vp_time") or said.get("time") or ""
        own, zoned = iso(stamp)
        source, source_port = _endpoint(said.get("src", ""))
        return [
            row(
                message,
                {
                    "ts": when(message, own, zoned=zoned),
                    "host": said.get("fw"),
                    "user": said.get("usr") or said.get("user") or said.get("suser"),
                    "orig_h": source,
                    "orig_p": source_port or said.get("spt"),
                    "detail": joined(said.get("msg"), said.get("note"), said.get("portal")),
                    "software": said.get("agent"),
                    "session": said.get("sess"),
                }
                | told,
            )
        ]

    def end(self) -> list[Row]:
        """Return none: no row waits."""
        return []


def _kind(said: Mapping[str, str], *, is_sma: bool) -> Told | None:
    if is_sma:
        text = said.get("msg", "")
        told = next((told for pattern, told in SMA_EVENTS if pattern.match(text)), None)
        return None if told is None else {"service": GATEWAY} | told
    service, told = EVENTS.get(said.get("m", ""), (INSIDE, None))
    return None if told is None else {"service": service} | told


def _endpoint(text: str) -> tuple[str, str]:
    """An address and a port, of `192.0.2.1:4500:X1`, or of an address alone, as of IPv6."""
    if address(text):
        return text, ""
    host, _, rest = text.partition(":")
    return host, rest.partition(":")[0]
