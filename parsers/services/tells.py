"""What a server gives itself away by: first bytes that only servers of one protocol send.

A port whose responder speaks another protocol is no evidence of the service that the port stands
for. Patterns are explained in `parsers.services.patterns`.
"""

from __future__ import annotations

from typing import NamedTuple

from parsers.services.signatures import HTTP


class Tell(NamedTuple):
    """First bytes that only a server of one protocol sends, and the services that may send them."""

    protocol: str
    resp: str
    fits: tuple[str, ...] = ()


_OVER_HTTP: tuple[str, ...] = (
    *("winrm", "sstp", "anyconnect", "globalprotect", "pulse", "fortigate", "sonicwall"),
    *("checkpoint", "softether", "citrix", "screenconnect", "rustdesk", "guacamole", "rdgateway"),
    *("docker", "kubernetes", "kubelet", "etcd", "kubernetes-dashboard", "ssl", "ipsec"),
    *("openvpn", "anydesk", "splashtop", "teamviewer"),
)
_OVER_TLS: tuple[str, ...] = (*_OVER_HTTP, "rdp", "vnc", "telnet", "socks", "tailscale")

TELLS: tuple[Tell, ...] = (
    Tell("http", HTTP, _OVER_HTTP),
    Tell("tls", "( 16 03 0[0-4] ??{2} 02 00 | 15 03 0[0-4] 00 02 0[12] )", _OVER_TLS),
    Tell("dtls", "16 fe f[df] ??{10} 0[23]", _OVER_TLS),
    Tell("ssh", "'SSH-'", ("ssh",)),
    Tell("rfb", "'RFB 0'", ("vnc",)),
    Tell("smtp or ftp", "'220' ( 20 | 2d )"),
    Tell("pop3", "'+OK'"),
    Tell("imap", "'* OK'"),
    Tell("redis", "( '-ERR ' | '-NOAUTH' | '-DENIED' )"),
    Tell("rtsp or sip", "( 'RTSP/1.' | 'SIP/2.0 ' )"),
    Tell("x224", "03 00 ??{2} ?? d0", ("rdp",)),
    Tell("ica", "7f 7f 'ICA'", ("citrix",)),
    Tell("smb", "00 ??{3} ( ff | fe ) 'SMB'"),
    Tell("bittorrent", "( 13 'BitTorrent protocol' | 'd1:' | 'd2:ip' )"),
    Tell("irc", "':' [2-7]?+ 20"),
    Tell("mysql", "??{2} 00 00 0a 3? 2e"),
)
"""Each protocol with its first bytes.

TLS fits most services, also those that know it only by a wrapper around them; SSH, rlogin, PPTP and
X11 begin in clear."""

ZEEK_TELLS: dict[str, tuple[str, ...]] = {
    "http": _OVER_HTTP,
    "ssl": _OVER_TLS,
    "dtls": _OVER_TLS,
    **dict.fromkeys(("dns", "ftp", "imap", "irc", "mysql", "ntp", "pop3", "sip"), ()),
    **dict.fromkeys(("smb", "smtp", "snmp", "syslog", "bittorrent"), ()),
}
"""Protocols that Zeek confirms in `conn.service` -> the services that may speak them."""

CLIENTS_TOO = ("ssh", "bittorrent", "irc", "smb")
"""Tells that a client sends as well, so that they do not show which side is the server."""
