"""Remote services: what they are called here, and which of Zeek's names means which of them."""

from __future__ import annotations

SERVICES: tuple[str, ...] = (
    *("ssh", "rdp", "vnc", "winrm", "telnet", "rlogin", "x11"),
    *("openvpn", "wireguard", "ipsec", "l2tp", "pptp", "sstp", "anyconnect", "globalprotect"),
    *("pulse", "fortigate", "sonicwall", "checkpoint", "softether", "citrix"),
    *("teamviewer", "anydesk", "screenconnect", "rustdesk", "splashtop", "guacamole"),
    *("rdgateway", "tailscale", "socks"),
    *("docker", "kubernetes", "kubelet", "etcd", "kubernetes-dashboard"),
)
"""Names of the remote services that are told apart."""

SSL_GATEWAY = "ssl"
"""Zeek's name for TLS: a gateway or portal of which no more is known than that it speaks TLS."""

ZEEK_NAMES: dict[str, str] = {
    "ssh": "ssh",
    "rdp": "rdp",
    "rdpeudp": "rdp",
    "rfb": "vnc",
    "socks": "socks",
    "openvpn": "openvpn",
    "spicy_openvpn_udp": "openvpn",
    "spicy_openvpn_tcp": "openvpn",
    "wireguard": "wireguard",
    "spicy_wireguard": "wireguard",
    "ipsec": "ipsec",
    "spicy_ipsec_udp": "ipsec",
    "spicy_ipsec_tcp": "ipsec",
    "ipsec_udp": "ipsec",
    "ipsec_ike_udp": "ipsec",
}
"""Zeek's name in `conn.service`, set once a parser has confirmed the content -> ours."""
