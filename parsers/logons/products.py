"""The products whose logs are read."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

from parsers.logons import (
    checkpoint,
    cisco_asa,
    dropbear,
    f5_apm,
    fortigate,
    guacamole,
    meraki,
    netscaler,
    ocserv,
    openvpn,
    openvpn_status,
    paloalto,
    pulse,
    softether,
    sonicwall,
    sshd,
    stormshield,
    strongswan,
    watchguard,
    webconfigurator,
    windows,
    wireguard,
    xrdp,
)
from parsers.logons.message import Message
from parsers.logons.rows import Row


class LogReader(Protocol):
    """Reads the lines of one product in one log; remembers what several tell together, bounded."""

    def read(self, message: Message) -> list[Row]:
        """Return the rows that a line gives: none where it tells of no logon.

        Raises Unreadable for a line that should tell of one and cannot be read.
        """

    def end(self) -> list[Row]:
        """Return the rows that waited for more lines."""


class Product(NamedTuple):
    """A product. `is_of`: whether a line is its own, by program and the shape of the text."""

    name: str
    is_of: Callable[[Message], bool]
    reader: Callable[[], LogReader]


# A line is of the first that takes it: those that go by the program's name come first.
PRODUCTS: tuple[Product, ...] = (
    Product("sshd", sshd.is_of, sshd.Reader),
    Product("ocserv", ocserv.is_of, ocserv.Reader),
    Product("dropbear", dropbear.is_of, dropbear.Reader),
    Product("webconfigurator", webconfigurator.is_of, webconfigurator.Reader),
    Product("strongswan", strongswan.is_of, strongswan.Reader),
    Product("openvpn", openvpn.is_of, openvpn.Reader),
    Product("xrdp", xrdp.is_of, xrdp.Reader),
    Product("wireguard", wireguard.is_of, wireguard.Reader),
    Product("softether", softether.is_of, softether.Reader),
    Product("openvpn_status", openvpn_status.is_of, openvpn_status.Reader),
    Product("guacamole", guacamole.is_of, guacamole.Reader),
    Product("windows", windows.is_of, windows.Reader),
    Product("cisco_asa", cisco_asa.is_of, cisco_asa.Reader),
    Product("fortigate", fortigate.is_of, fortigate.Reader),
    Product("paloalto", paloalto.is_of, paloalto.Reader),
    Product("netscaler", netscaler.is_of, netscaler.Reader),
    Product("sonicwall", sonicwall.is_of, sonicwall.Reader),
    Product("pulse", pulse.is_of, pulse.Reader),
    Product("checkpoint", checkpoint.is_of, checkpoint.Reader),
    Product("f5_apm", f5_apm.is_of, f5_apm.Reader),
    Product("meraki", meraki.is_of, meraki.Reader),
    Product("stormshield", stormshield.is_of, stormshield.Reader),
    Product("watchguard", watchguard.is_of, watchguard.Reader),
)
