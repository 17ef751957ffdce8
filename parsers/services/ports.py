"""Ports of remote services, with where each is written down.

A port says what is likely, never what is: `confidence` is how likely the service is when a port
is all that is known. Below `ALONE` a port does not speak without content, because something else
is found there as often; such ports are listed so that their absence is no surprise.

Sources: "IANA" is the Service Name and Transport Protocol Port Number Registry, with the name that
it gives the port; where another name is registered there, that name is said too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from parsers.services import SSL_GATEWAY

ALONE = 0.3
"""The least confidence with which a port speaks without content."""

TCP: tuple[str, ...] = ("tcp",)
UDP: tuple[str, ...] = ("udp",)
BOTH: tuple[str, ...] = ("tcp", "udp")


class Port(NamedTuple):
    """A service on a port.

    `last` is the end of a range of ports. `own`: the port is registered for the service, or is its
    maker's default; a port taken by convention is not its own.
    """

    service: str
    port: int
    transports: tuple[str, ...]
    confidence: float
    source: str
    last: int | None = None
    own: bool = True


PORTS: tuple[Port, ...] = (
    Port("ssh", 22, TCP, 0.95, "IANA ssh; RFC 4251"),
    Port("ssh", 830, TCP, 0.8, "IANA netconf-ssh; RFC 6242"),
    Port("ssh", 2022, TCP, 0.3, "convention for a second sshd; IANA down", own=False),
    Port("ssh", 2222, TCP, 0.6, "convention for a second sshd; IANA EtherNet-IP-1", own=False),
    Port("ssh", 8022, TCP, 0.3, "Termux wiki, Remote Access; IANA oa-system"),
    Port("ssh", 22222, TCP, 0.4, "convention for a second sshd; IANA easyengine", own=False),
    Port("telnet", 23, TCP, 0.9, "IANA telnet; RFC 854"),
    Port("telnet", 107, TCP, 0.6, "IANA rtelnet; RFC 818"),
    Port("telnet", 992, TCP, 0.6, "IANA telnets; SoftEther VPN Server listens there as well"),
    Port("telnet", 2323, TCP, 0.5, "convention for a second telnetd; IANA 3d-nfsd", own=False),
    Port("rlogin", 512, TCP, 0.7, "IANA exec (rexec)"),
    Port("rlogin", 513, TCP, 0.9, "IANA login; RFC 1282"),
    Port("rlogin", 514, TCP, 0.2, "IANA shell (rsh); syslog over TCP is more common"),
    Port("rlogin", 543, TCP, 0.8, "IANA klogin"),
    Port("rlogin", 544, TCP, 0.8, "IANA kshell"),
    Port("rlogin", 2105, TCP, 0.3, "eklogin by convention; IANA minipay", own=False),
    Port("rdp", 3389, BOTH, 0.95, "IANA ms-wbt-server; MS-RDPBCGR 2.1, MS-RDPEUDP"),
    Port("rdp", 2179, TCP, 0.8, "IANA vmrdp (Hyper-V console)"),
    Port("rdp", 3388, TCP, 0.4, "convention for a second RDP host; IANA cbserver", own=False),
    Port("rdp", 3390, TCP, 0.4, "convention for a second RDP host; IANA dsc", own=False),
    Port("rdgateway", 3391, UDP, 0.6, "Microsoft, RD Gateway UDP transport; IANA savant"),
    Port("rdgateway", 443, TCP, 0.05, "Microsoft, RD Gateway; web servers are more common"),
    Port("vnc", 5500, TCP, 0.3, "listening viewer (reverse VNC); IANA fcp-addr-srvr1"),
    Port("vnc", 5800, TCP, 0.2, "viewer over HTTP, 5800 + display; not RFB itself", last=5809),
    Port("vnc", 5900, TCP, 0.9, "IANA rfb; RFC 6143, 5900 + display", last=5920),
    Port("x11", 6000, TCP, 0.7, "IANA x11; display 0"),
    Port("x11", 6001, TCP, 0.5, "IANA x11, 6000 + display", last=6009),
    Port("x11", 6010, TCP, 0.3, "IANA x11; forwarded displays", last=6063),
    Port("winrm", 5985, TCP, 0.95, "IANA wsman; MS-WSMV"),
    Port("winrm", 5986, TCP, 0.95, "IANA wsmans; MS-WSMV"),
    Port("winrm", 47001, TCP, 0.8, "IANA winrm"),
    Port("openvpn", 1194, BOTH, 0.9, "IANA openvpn"),
    Port("openvpn", 443, TCP, 0.05, "OpenVPN Access Server; web servers are more common"),
    Port(
        "openvpn",
        1195,
        BOTH,
        0.4,
        "OpenVPN sample configurations; IANA rsf-1",
        last=1197,
        own=False,
    ),
    Port("wireguard", 51820, UDP, 0.8, "wg(8) and WireGuard quick start; dynamic range"),
    Port("wireguard", 51821, UDP, 0.4, "convention for a second tunnel; dynamic range", own=False),
    Port("tailscale", 41641, UDP, 0.7, "Tailscale, Firewall ports; unassigned"),
    Port("ipsec", 500, UDP, 0.9, "IANA isakmp; RFC 7296"),
    Port("ipsec", 4500, UDP, 0.9, "IANA ipsec-nat-t; RFC 3948"),
    Port("ipsec", 4500, TCP, 0.6, "IANA ipsec-nat-t; RFC 9329"),
    Port("l2tp", 1701, UDP, 0.9, "IANA l2f; RFC 2661"),
    Port("pptp", 1723, TCP, 0.9, "IANA pptp; RFC 2637"),
    Port("sstp", 443, TCP, 0.05, "MS-SSTP; web servers are more common"),
    Port("anyconnect", 443, BOTH, 0.05, "Cisco, AnyConnect; web servers are more common"),
    Port("globalprotect", 4501, UDP, 0.7, "Palo Alto Networks, GlobalProtect IPSec"),
    Port("pulse", 443, TCP, 0.05, "Ivanti Connect Secure; web servers are more common"),
    Port("fortigate", 541, TCP, 0.5, "Fortinet, FGFM management; IANA uucp-rlogin"),
    Port("fortigate", 10443, TCP, 0.4, "Fortinet, usual SSL VPN port; IANA cirrossp"),
    Port("sonicwall", 4433, TCP, 0.2, "SonicWall, SSL VPN default; openssl s_server, IANA vop"),
    Port("checkpoint", 259, TCP, 0.4, "Check Point, client authentication; IANA esro-gen"),
    Port("checkpoint", 264, TCP, 0.5, "Check Point, topology download; IANA bgmp"),
    Port("checkpoint", 2746, UDP, 0.8, "IANA cpudpencap (Check Point UDP encapsulation)"),
    Port("checkpoint", 18231, TCP, 0.5, "Check Point, policy server logon (SecureClient)"),
    Port("softether", 5555, TCP, 0.3, "SoftEther VPN, default listener; IANA personal-agent"),
    Port(SSL_GATEWAY, 8443, BOTH, 0.3, "IANA pcsync-https; VPN gateways and portals over TLS"),
    Port("citrix", 1494, BOTH, 0.9, "IANA ica; Citrix, communication ports"),
    Port("citrix", 1604, UDP, 0.7, "IANA icabrowser"),
    Port("citrix", 2512, TCP, 0.6, "IANA citrixima"),
    Port("citrix", 2513, TCP, 0.6, "IANA citrixadmin"),
    Port("citrix", 2598, BOTH, 0.9, "IANA citriximaclient; Citrix, session reliability (CGP)"),
    Port("teamviewer", 5938, BOTH, 0.8, "TeamViewer, Ports used by TeamViewer; unassigned"),
    Port("anydesk", 6568, TCP, 0.5, "AnyDesk, Firewall; IANA canit-store"),
    Port("anydesk", 7070, TCP, 0.4, "AnyDesk, Firewall; IANA arcp"),
    Port("anydesk", 50001, UDP, 0.4, "AnyDesk, Discovery; dynamic range", last=50003),
    Port("screenconnect", 8040, TCP, 0.4, "ConnectWise ScreenConnect, web server; IANA ampify"),
    Port("screenconnect", 8041, TCP, 0.5, "ConnectWise ScreenConnect, relay; IANA enguity-xccetp"),
    Port("rustdesk", 21115, TCP, 0.7, "RustDesk server; unassigned", last=21119),
    Port("rustdesk", 21116, UDP, 0.7, "RustDesk server; unassigned"),
    Port("splashtop", 6783, TCP, 0.6, "Splashtop streamer; unassigned", last=6785),
    Port("guacamole", 4822, TCP, 0.8, "Apache Guacamole manual, guacd; unassigned"),
    Port("guacamole", 8080, TCP, 0.1, "Apache Guacamole on Tomcat; other web servers too"),
    Port("socks", 1080, TCP, 0.7, "IANA socks; RFC 1928"),
    Port("socks", 9050, TCP, 0.5, "Tor, SocksPort; IANA versiera"),
    Port("socks", 9150, TCP, 0.5, "Tor Browser, SocksPort; unassigned"),
    Port("docker", 2375, TCP, 0.95, "IANA docker (plain text)"),
    Port("docker", 2376, TCP, 0.95, "IANA docker-s (TLS)"),
    Port("docker", 2377, TCP, 0.8, "IANA swarm (management)"),
    Port("docker", 4243, TCP, 0.5, "port of the first Docker releases; unassigned"),
    Port("kubernetes", 6443, TCP, 0.9, "Kubernetes, Ports and Protocols; IANA sun-sr-https"),
    Port("kubernetes", 16443, TCP, 0.7, "MicroK8s, Services and ports; unassigned"),
    Port("kubernetes", 8443, TCP, 0.2, "minikube; gateways and web servers are more common"),
    Port("kubernetes", 8001, TCP, 0.2, "kubectl proxy; IANA vcom-tunnel"),
    Port("kubernetes", 8080, TCP, 0.1, "insecure API port before 1.20; web servers too"),
    Port("kubelet", 10250, TCP, 0.9, "Kubernetes, Ports and Protocols; unassigned"),
    Port("kubelet", 10255, TCP, 0.9, "kubelet --read-only-port; unassigned"),
    Port("kubelet", 10248, TCP, 0.7, "kubelet --healthz-port; unassigned"),
    Port("etcd", 2379, TCP, 0.95, "IANA etcd-client"),
    Port("etcd", 2380, TCP, 0.95, "IANA etcd-server"),
    Port("etcd", 4001, TCP, 0.3, "etcd before 2.0; IANA newoak"),
    Port("kubernetes-dashboard", 8443, TCP, 0.1, "Kubernetes dashboard; gateways too"),
    Port("kubernetes-dashboard", 9090, TCP, 0.1, "Kubernetes dashboard, insecure port; others too"),
)
"""8443 stands in ATT&CK's own query for T1133. What listens there is a gateway or portal over TLS
(Sophos SSL VPN by default, other SSL VPN portals, management pages) and the port cannot say whose,
so it is called `ssl`, Zeek's name for what is likely, and not a product."""


class Place(NamedTuple):
    """A port that stands for a service."""

    port: int
    transport: str


def places(ports: tuple[Port, ...] = PORTS) -> dict[Place, Port]:
    """Return for each port and transport the service that is likeliest there."""
    found: dict[Place, Port] = {}
    for row in sorted(ports, key=lambda row: row.confidence):
        for number in range(row.port, (row.last or row.port) + 1):
            found.update((Place(number, transport), row) for transport in row.transports)
    return found


def listed(service: str, port: int, transport: str) -> tuple[Port, ...]:
    """Return the rows that give the port to the service, the likeliest first."""
    rows = (
        row
        for row in PORTS
        if row.service == service
        and transport in row.transports
        and row.port <= port <= (row.last or row.port)
    )
    return tuple(sorted(rows, key=lambda row: -row.confidence))


def declared(services: Mapping[str, str]) -> dict[Place, str]:
    """Read a site's further ports, such as `{"2222/tcp": "ssh"}`.

    Raises
    ------
    ValueError
        A key is not a port from 1 to 65535, a slash, and tcp or udp.
    """
    found: dict[Place, str] = {}
    for text, service in services.items():
        number, _, transport = text.partition("/")
        in_range = number.isascii() and number.isdigit() and 0 < int(number) < 65_536
        if not in_range or transport not in BOTH:
            raise ValueError(f'{text!r} is not a port such as "2222/tcp"')
        found[Place(int(number), transport)] = service
    return found
