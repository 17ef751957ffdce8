"""Check Point gateways: remote access VPN, Mobile Access, administrators of the management.

Check Point, Log Exporter (sk122323): syslog (`key:"value"; …`), generic (`key=value|…`), CEF. The
forms are confirmed on lines of traffic; logons are unconfirmed, from documentation of the fields
`action`, `auth_status`, `auth_method`, `reason`.

Identity Awareness also learns of users from a directory: such lines tell of no logon to a gateway,
and so name no service.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from parsers.logons.message import Message
from parsers.logons.own_times import epoch, iso, when
from parsers.logons.pairs import PAIRS_AT_MOST, cef, pairs
from parsers.logons.rows import Row
from parsers.logons.told import Told, joined, row

LONGEST = 16_384
FIELD = re.compile(r'([A-Za-z_]\w{0,63}):\s?"((?:[^"\\]|\\.)*)"', re.DOTALL)
CEF_NAMES: Mapping[str, str] = {"act": "action", "suser": "user", "duser": "user", "rt": "time",
                                "spt": "s_port", "outcome": "status"}  # fmt: skip

ACTIONS: Mapping[str, Mapping[str, str]] = {
    "log in": {"outcome": "success"},
    "failed log in": {"outcome": "failed"},
    "log out": {"event": "logoff"},
    "account locked": {"event": "lockout"},
}
FAILED = re.compile(r"fail|denied|reject|wrong|incorrect|invalid", re.IGNORECASE)
ABOUT_USERS = re.compile(r"authenticat|password|credential|user", re.IGNORECASE)
GATEWAY_PRODUCTS = frozenset(("mobile access", "connectra", "vpn-1 & firewall-1", "vpn",
                              "endpoint security vpn", "remote access"))  # fmt: skip
MANAGEMENT_PRODUCTS = frozenset(("smartconsole", "smartdashboard", "web-ui", "web_api", "gaia",
                                 "system monitor"))  # fmt: skip
REMOTE_SOURCES = re.compile(r"remote access|vpn|mobile", re.IGNORECASE)
METHODS: Mapping[str, str] = {
    "certificate": "certificate",
    "saml": "saml",
    **dict.fromkeys(("password", "radius", "ldap", "username/password", "check point password",
                     "internal password"), "password"),
}  # fmt: skip
NAME = re.compile(r"(?P<full>.*) \((?P<user>[^()]+)\)")


def is_of(message: Message) -> bool:
    """Whether a line is of the log exporter, in one of three forms."""
    text = message.text
    if "|Check Point|" in text[:128]:
        return cef(text[:LONGEST]) is not None
    return ("loguid" in text or message.program == "CheckPoint") and "product" in text


class Reader:
    """Makes rows of lines; each tells all."""

    def read(self, message: Message) -> list[Row]:
        """Return the row of a line, if it tells of a logon."""
        said = _said(message.text[:LONGEST])
        told = _kind(said)
        if told is None:
            return []
        product = said.get("product", "")
        told |= {
            "ts": _time(message, said.get("time", "")),
            "host": said.get("hostname") or said.get("origin"),
            "service": _service(said, product.lower()),
            "user": _name(said.get("user") or said.get("administrator") or ""),
            "orig_h": said.get("src") or said.get("client_ip"),
            "orig_p": said.get("s_port"),
            "method": METHODS.get(said.get("auth_method", "").lower()),
            "software": said.get("client_name") or said.get("os_name"),
            "session": said.get("session_id") or said.get("session_uid"),
            "detail": joined(
                said.get("reason"),
                said.get("auth_status") or said.get("status"),
                said.get("auth_method"),
                product,
            ),
        }
        return [row(message, told)]

    def end(self) -> list[Row]:
        """Return none: no row waits."""
        return []


def _said(text: str) -> dict[str, str]:
    if parts := cef(text):
        header, extension = parts
        named = {ours: extension[name] for name, ours in CEF_NAMES.items() if name in extension}
        return {"product": header["product"]} | extension | named
    found: dict[str, str] = {}
    for each in FIELD.finditer(text):
        if len(found) >= PAIRS_AT_MOST:
            break
        found.setdefault(each[1], each[2].replace("\\]", "]").replace('\\"', '"'))
    return found or pairs(text)


def _kind(said: Mapping[str, str]) -> Told | None:
    """What an action says; a refusal is of a logon where its reason is about who asks."""
    action = said.get("action", "").lower()
    told = dict(ACTIONS.get(action) or {})
    status = said.get("auth_status") or said.get("status") or ""
    refused = action == "reject" and ABOUT_USERS.search(said.get("reason", ""))
    accepted = action in ("accept", "update") and "login" in status.lower()
    if refused or accepted:
        told = {"outcome": "success" if accepted else "failed"}
    if told.get("outcome") == "success" and FAILED.search(status):
        told["outcome"] = "failed"
    return told or None


def _service(said: Mapping[str, str], product: str) -> str:
    source = said.get("identity_src") or said.get("client_name") or said.get("vpn_feature_name")
    is_gateway = product in GATEWAY_PRODUCTS | MANAGEMENT_PRODUCTS
    return "checkpoint" if is_gateway or REMOTE_SOURCES.search(source or "") else ""


def _name(text: str) -> str:
    """The user's name, of `Full Name (name)`."""
    found = NAME.match(text)
    return found["user"] if found else text


def _time(message: Message, text: str) -> int | None:
    at = epoch(text)
    if at is not None:
        return at
    own, zoned = iso(text)
    return when(message, own, zoned=zoned)
