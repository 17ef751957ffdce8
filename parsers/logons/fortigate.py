"""FortiGate: SSL VPN, IPsec VPN of users, administrators and users of the firewall.

Fortinet, FortiOS Log Message Reference; CEF as "FortiOS to CEF log field mapping guidelines" has
it, of which names get back those of the native log. Confirmed on lines: 32002, 32021, 39426, 43008.
Unconfirmed, from that documentation: 32001, 32003, 39424, 39947, 39425, 39948, 43009 to 43011,
37138, 37139.

A logon to the SSL VPN is told as a web session and again as a tunnel, which are joined. Tunnels of
IPsec between sites have no user and are passed over.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from parsers.logons.attempts import Attempts
from parsers.logons.message import Message
from parsers.logons.own_times import epoch, iso, when
from parsers.logons.pairs import cef, pairs
from parsers.logons.rows import Row
from parsers.logons.told import Told, is_nothing, joined, row, value

MAKER = "fortinet"
PREFIX = re.compile(r"(?:FTNTFGT|FortinetFortiGate)")
CEF_NAMES: Mapping[str, str] = {
    "duser": "user",
    "src": "srcip",
    "spt": "srcport",
    "act": "action",
    "outcome": "status",
    "sproc": "ui",
    "dvchost": "devname",
}
MARKS = ("logid=", "log_id=")
WITHIN_BRACKETS = re.compile(r"\(([0-9A-Fa-f.:]+)\)")

SUCCEEDED = frozenset(("success", "authenticated"))
FAILED = frozenset(("failed", "failure", "denied", "error", "negotiate_error", "timed_out"))
CONSOLE = frozenset(("console", "jsconsole"))
ADMINISTRATION: Mapping[str, str] = {"ssh": "ssh", "telnet": "telnet"}
LOCKED_OUT = frozenset(("32021", "43011"))  # the last five digits of a logid
VPN_ACTIONS: Mapping[str, tuple[str, str]] = {
    "ssl-login-fail": ("logon", "failed"),
    "tunnel-up": ("logon", "success"),
    "tunnel-down": ("logoff", ""),
    "ssl-exit-fail": ("logon", "failed"),
    "negotiate": ("logon", "failed"),  # only where it says so
}


def is_of(message: Message) -> bool:
    """Whether a line is FortiOS's own or its CEF."""
    text = message.text
    if "ortinet" in text[:64]:
        return cef(text[:1024]) is not None
    return any(mark in text for mark in MARKS) and "type=" in text and "vd=" in text


class Reader:
    """Makes rows of events, and joins a tunnel to the web session before it."""

    def __init__(self) -> None:
        self._attempts = Attempts()

    def read(self, message: Message) -> list[Row]:
        """Return the rows that are whole with this line."""
        said = _said(message.text)
        tell = SUBTYPES.get(said.get("subtype", "")) if _is_event(said) else None
        told = tell(said) if tell else None
        if told is None:
            return []
        made = row(message, {"ts": _time(message, said), "host": said.get("devname")} | told)
        return self._attempts.add(said.get("tunneltype") or _code(said), made)

    def end(self) -> list[Row]:
        """Return the rows that waited for more lines."""
        return self._attempts.end()


def _said(text: str) -> dict[str, str]:
    if (parts := cef(text)) is None:
        return pairs(text)
    header, extension = parts
    said = {PREFIX.sub("", name): told for name, told in extension.items()}
    said |= {ours: said[name] for name, ours in CEF_NAMES.items() if name in said}
    said.setdefault("type", header["name"].partition(":")[0])
    return said


def _is_event(said: Mapping[str, str]) -> bool:
    return said.get("type") == "event"


def _code(said: Mapping[str, str]) -> str:
    return (said.get("logid") or said.get("log_id") or "")[-5:]


def _time(message: Message, said: Mapping[str, str]) -> int | None:
    at = epoch(said.get("eventtime", ""))
    if at is not None:
        return at
    zone = said.get("tz", "")
    own, zoned = iso(f"{said.get('date', '')} {said.get('time', '')}", zone)
    return when(message, own, zoned=zoned)


def _vpn(said: Mapping[str, str]) -> Told | None:
    action = said.get("action", "")
    if action not in VPN_ACTIONS:
        return None
    over_ssl = said.get("tunneltype", "").startswith("ssl") or action.startswith("ssl")
    user = said.get("user") if over_ssl else value(said.get("xauthuser")) or value(said.get("user"))
    if not over_ssl and (user is None or (action == "negotiate" and not _has_failed(said))):
        return None
    event, outcome = VPN_ACTIONS[action]
    return {
        "service": "fortigate" if over_ssl else "ipsec",
        "user": user,
        "orig_h": said.get("remip"),
        "outcome": outcome,
        "event": event,
        "session": said.get("tunnelid") if said.get("tunnelid") != "0" else None,
        "detail": joined(
            said.get("reason"),
            said.get("tunneltype"),
            _labelled("group", said.get("group")),
            _labelled("given", said.get("tunnelip")),
        ),
    }


def _system(said: Mapping[str, str]) -> Told | None:
    """Administrators. From the console nobody comes from outside."""
    method = (said.get("method") or said.get("ui") or "").partition("(")[0].lower()
    action, code = said.get("action"), _code(said)
    if action not in ("login", "logout") or method in CONSOLE:
        return None
    told = _user_of(said) | {
        "service": ADMINISTRATION.get(method, "fortigate"),
        "detail": joined("administrator", method, said.get("reason")),
    }
    if action == "logout":
        told["event"] = "logoff"
    if code in LOCKED_OUT:
        told["event"] = "lockout"
        told["detail"] = joined("administrator", said.get("reason"), said.get("msg"))
    return told if told.get("event") or told["outcome"] else None


def _user(said: Mapping[str, str]) -> Told | None:
    """Users that the firewall asked who they are: no service is named."""
    if not said.get("action", "").startswith(("auth", "logon", "FSSO")):
        return None
    told = _user_of(said) | {
        "detail": joined(said.get("authproto"), said.get("reason"),
                         _labelled("group", said.get("group"))),
    }  # fmt: skip
    if said.get("action") in ("auth-logout", "FSSO-logoff"):
        told["event"] = "logoff"
    if _code(said) in LOCKED_OUT:
        told["event"] = "lockout"
    return told if told.get("event") or told["outcome"] else None


def _user_of(said: Mapping[str, str]) -> Told:
    outcome = "failed" if _has_failed(said) else ""
    if said.get("status", "").lower() in SUCCEEDED:
        outcome = "success"
    source = said.get("srcip", "")
    if is_nothing(source):  # https(192.0.2.1), or the address alone
        within = WITHIN_BRACKETS.search(said.get("ui", ""))
        source = within[1] if within else said.get("ui", "")
    return {"user": said.get("user"), "orig_h": source, "orig_p": said.get("srcport"),
            "outcome": outcome}  # fmt: skip


def _has_failed(said: Mapping[str, str]) -> bool:
    return said.get("status", "").lower() in FAILED or "failed" in said.get("xauthresult", "")


def _labelled(label: str, text: str | None) -> str:
    return f"{label} {text}" if text and not is_nothing(text) else ""


SUBTYPES = {"vpn": _vpn, "system": _system, "user": _user}
