"""The site file: what is ours, who is allowed, which further ports matter, the analyzers' limits.

    local = ["10.0.0.0/8", "2001:db8::/32"]   # inside; everything else is outside
    allowed = ["198.51.100.7"]                # sources whose use is expected

    [services]
    "2222/tcp" = "ssh"                        # a further port of a remote service

    [analyzers.large-transfer]
    bytes = 5_000_000                         # see `sensor analyzers large-transfer`

A wrong file is refused with the place and what is allowed there; nothing is ignored in silence.
"""

from __future__ import annotations

import ipaddress
import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from parsers.services import SERVICES
from sensor.setting_places import KeyPath, Origin, SettingsError
from sensor.setting_types import as_toml, in_words, settings_of

__all__ = ["SettingsError", "Site", "analyzer_settings", "load_site", "network"]

S = TypeVar("S", bound=msgspec.Struct)

PRIVATE = (
    "10.0.0.0/8",  # RFC 1918
    "172.16.0.0/12",
    "192.168.0.0/16",
    "100.64.0.0/10",  # RFC 6598, carrier-grade NAT
    "fc00::/7",  # RFC 4193, unique local
    "fe80::/10",  # link-local
    "169.254.0.0/16",
    "127.0.0.0/8",  # loopback
    "::1/128",
)
KEYS = ("local", "allowed", "services", "analyzers")

_PORT = re.compile(r"([0-9]{1,5})/(?:tcp|udp)")


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """One network, as its owner describes it.

    Networks are CIDR texts in canonical form. `services` gives further ports of remote services,
    `{"2222/tcp": "ssh"}`; `analyzers` the tables of the site file, by analyzer name, unchecked
    until `analyzer_settings` is asked for one.
    """

    local: tuple[str, ...] = PRIVATE
    allowed: tuple[str, ...] = ()
    services: dict[str, str] = {}
    analyzers: dict[str, dict[str, Any]] = {}
    origin: Origin = Origin()


def load_site(path: Path | None) -> Site:
    """Read the site file at `path`, or else the first there is: here, the user's, the system's.

    Raises
    ------
    SettingsError
        The file cannot be read, is no TOML, or holds a key or value that is not allowed.
    """
    found = path or next((place for place in _search() if place.is_file()), None)
    if found is None:
        return Site()
    origin = Origin(str(found), _text(found))
    data = _toml(origin)
    _refuse_unknown(data, KEYS, (), origin)
    return Site(
        local=_networks(data.get("local", list(PRIVATE)), "local", origin),
        allowed=_networks(data.get("allowed", []), "allowed", origin),
        services=_services(data.get("services", {}), origin),
        analyzers=_tables(data.get("analyzers", {}), origin),
        origin=origin,
    )


def analyzer_settings(site: Site, name: str, settings_type: type[S]) -> S:
    """Return the site's settings of one analyzer, its defaults where the site says nothing.

    Raises
    ------
    SettingsError
        A key that `settings_type` does not have, or a value that it does not allow.
    """
    table, path = site.analyzers.get(name, {}), ("analyzers", name)
    allowed = {setting.name: setting.annotation for setting in settings_of(settings_type)}
    _refuse_unknown(table, allowed, path, site.origin)
    for key, value in table.items():
        try:
            msgspec.convert(value, allowed[key])
        except msgspec.ValidationError:
            raise _wrong((*path, key), value, in_words(allowed[key]), site.origin) from None
        try:
            msgspec.convert({key: value}, settings_type)
        except msgspec.ValidationError as error:  # what the struct says of this setting
            raise site.origin.error((*path, key), f"cannot be used: {error}") from None
    try:
        return msgspec.convert(table, settings_type)
    except msgspec.ValidationError as error:  # what a struct says of its settings together
        raise site.origin.error(path, f"cannot be used: {error}") from None


def refuse_unknown_analyzers(site: Site, names: Iterable[str]) -> None:
    """Raise SettingsError where the site file sets an analyzer that is not among `names`."""
    _refuse_unknown(site.analyzers, names, ("analyzers",), site.origin)


def network(text: str) -> str:
    """Return a network (or an address, a network of one) in canonical form, or raise ValueError."""
    try:
        meant = ipaddress.ip_network(text, strict=False)
    except ValueError:
        example = "10.0.0.0/8 or 2001:db8::/32"
        raise ValueError(f"is {text!r}: expected a network such as {example}") from None
    if ipaddress.ip_address(text.partition("/")[0]) != meant.network_address:
        raise ValueError(f"is {text!r}, with bits beyond its prefix: did you mean {meant}?")
    return str(meant)


def closest(name: str, names: Iterable[str]) -> str:
    """Say which of `names` was meant, or which there are: `did you mean a?`, `expected a, b`."""
    known = list(names)
    near = get_close_matches(name, known, n=3, cutoff=0.5)
    return f"did you mean {' or '.join(near)}?" if near else f"expected {', '.join(known)}"


def _search() -> tuple[Path, ...]:
    home = Path(os.environ.get("XDG_CONFIG_HOME") or Path("~/.config").expanduser())
    return Path("sensor.toml"), home / "sensor/sensor.toml", Path("/etc/sensor/sensor.toml")


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: is no UTF-8 text, from byte {error.start} on") from None


def _toml(origin: Origin) -> dict[str, Any]:
    try:
        return tomllib.loads(origin.text)
    except tomllib.TOMLDecodeError as error:
        said = str(error)
        place = re.search(r" \(at line (\d+), column (\d+)\)$", said)
        end = max(1, len(origin.text.splitlines()))
        line, what = (place[1], said[: place.start()]) if place else (end, said)
        raise SettingsError(f"{origin.path}:{line}: is no TOML: {what}") from None


def _networks(value: Any, key: str, origin: Origin) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise _wrong((key,), value, 'a list of networks such as ["10.0.0.0/8"]', origin)
    return tuple(_network(key, at, item, origin) for at, item in enumerate(value))


def _network(key: str, at: int, item: str, origin: Origin) -> str:
    try:
        return network(item)
    except ValueError as error:
        raise origin.error((key,), str(error), element=(at, item)) from None


def _services(value: Any, origin: Origin) -> dict[str, str]:
    if not isinstance(value, dict):
        raise _wrong(("services",), value, 'a table such as "2222/tcp" = "ssh"', origin)
    for key, service in value.items():
        port = _PORT.fullmatch(key)
        if port is None or not 0 < int(port[1]) < 65_536:
            said = 'is no port: expected one such as "2222/tcp" or "4501/udp"'
            raise origin.error(("services", key), said)
        if service not in SERVICES:
            said = f"is {as_toml(service)}: {closest(str(service), SERVICES)}"
            raise origin.error(("services", key), said)
    return value


def _tables(value: Any, origin: Origin) -> dict[str, dict[str, Any]]:
    if not isinstance(value, dict):
        raise _wrong(("analyzers",), value, "a table for each analyzer", origin)
    for name, table in value.items():
        if not isinstance(table, dict):
            raise _wrong(("analyzers", name), table, "a table of its settings", origin)
    return value


def _refuse_unknown(
    table: Mapping[str, Any], names: Iterable[str], path: KeyPath, origin: Origin
) -> None:
    known = list(names)
    for key in table:
        if key not in known:
            raise origin.error((*path, key), f"is unknown: {closest(key, known)}")


def _wrong(path: KeyPath, value: Any, allowed: str, origin: Origin) -> SettingsError:
    text = as_toml(value)
    shown = text if len(text) <= 60 else f"{text[:59]}…"
    return origin.error(path, f"is {shown}: expected {allowed}")
