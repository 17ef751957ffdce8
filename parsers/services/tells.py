"""What a server gives itself away by: first bytes that only servers of one protocol send.

A port whose responder speaks another protocol is no evidence of the service that the port stands
for, nor is one whose responder does not begin as that service must (`BEGINNINGS`). Patterns are
explained in `parsers.services.patterns`.
"""

from __future__ import annotations

from typing import NamedTuple

from parsers.services.signatures import HTTP


class Tell(NamedTuple):
    """First bytes that only a server of one protocol sends, and the services that may send them.

    `orig`: what the client must have begun with, where the answer alone is not telling.
    """

    protocol: str
    resp: str
    fits: tuple[str, ...] = ()
    orig: str = ""


class Beginning(NamedTuple):
    """What a service's responder begins with, at the least, where it sends anything over TCP."""

    service: str
    resp: str


_OVER_HTTP: tuple[str, ...] = (
    *("winrm", "sstp", "anyconnect", "globalprotect", "pulse", "fortigate", "sonicwall"),
    *("checkpoint", "softether", "citrix", "screenconnect", "rustdesk", "guacamole", "rdgateway"),
    *("docker", "kubernetes", "kubelet", "etcd", "kubernetes-dashboard", "ssl", "ipsec"),
    *("openvpn", "anydesk", "splashtop", "teamviewer"),
)
_QUIC = "[c-f]? ( 00 00 00 01 | 6b 33 43 cf | ff 00 00 [12]? )"  # RFC 9000 17.2, RFC 9369 3.1
_QUIC_ANSWER = f"( {_QUIC} | [8-f]? 00{{4}} )"  # RFC 9000 17.2.1: or which versions there are
_BER = "( [0-7]? | 81 ?? | 82 ??{2} | 84 ??{4} )"  # X.690 8.1.3: a length, as far as it is used
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
    Tell("http2", "00 00 ?? 04 0[01] 00{4}", ("etcd",), orig="'PRI * HTTP/2.0' 0d 0a"),
    Tell("quic", _QUIC_ANSWER, orig=_QUIC),
    Tell("smb", "00 ??{3} f[c-f] 'SMB'"),
    Tell("netbios session", "8[234] 00 00 0[0-6]", orig="81 00 00 ?? 20"),
    Tell("dce_rpc", "05 0[01] ( 0c | 0d | 0f | 03 ) ?? 10 00{3}", orig="05 0[01] 0b ?? 10 00{3}"),
    Tell("kerberos", f"( 6b | 6d | 7e ) {_BER} 30", orig=f"6[ac] {_BER} 30"),
    Tell("kerberos over tcp", f"00 ??{{3}} ( 6b | 6d | 7e ) {_BER} 30", orig="00 ??{3} 6[ac]"),
    Tell(
        "ldap",
        f"30 {_BER} 02 01 ?? ( 61 | 64 | 65 | 73 | 78 )",
        orig=f"30 {_BER} 02 01 ?? ( 60 | 63 | 77 )",
    ),
    Tell(
        "postgresql",
        "( 'R' 00 00 00 | 'E' 00 00 | 'S' $ | 'N' $ )",
        orig="00 00 ??{2} ( 00 03 00 0? | 04 d2 16 2f )",
    ),
    Tell("mqtt", "20 0? 0[01]", orig="10 ?? ( 00 | ?? 00 ) ( 04 'MQTT' | 06 'MQIsdp' )"),
    Tell("tds", "04 01 ??{2} 00{2}", orig="12 01 00 ?? 00 00"),
    Tell("bittorrent", "( 13 'BitTorrent protocol' | 'd1:' | 'd2:ip' )"),
    Tell("irc", "':' [2-7]?+ 20"),
    Tell("mysql", "??{2} 00 00 0a 3? 2e"),
)
"""Each protocol with its first bytes.

TLS fits most services, also those that know it only by a wrapper around them; SSH, rlogin, PPTP and
X11 begin in clear."""

BEGINNINGS: tuple[Beginning, ...] = (
    Beginning("x11", "0[0-2]"),  # X11 protocol, section 8: failed, success, authenticate
    Beginning("socks", "( 00 | 05 | 15 | 16 )"),  # SOCKS 4 and 5, or TLS around them
)
"""Only services whose ports others take as well. On a port such as SSH's, what begins otherwise may
be a further path of a connection that began elsewhere (Multipath TCP, RFC 8684)."""

ZEEK_TELLS: dict[str, tuple[str, ...]] = {
    "http": _OVER_HTTP,
    "ssl": _OVER_TLS,
    "dtls": _OVER_TLS,
    **dict.fromkeys(("dns", "ftp", "imap", "irc", "mysql", "ntp", "pop3", "sip"), ()),
    **dict.fromkeys(("smb", "smtp", "snmp", "syslog", "bittorrent", "quic", "dce_rpc", "krb"), ()),
    **dict.fromkeys(("krb_tcp", "ldap_tcp", "ldap_udp", "postgresql", "mqtt", "xmpp", "redis"), ()),
}
"""Protocols that Zeek confirms in `conn.service` -> the services that may speak them."""

CLIENTS_TOO = ("ssh", "bittorrent", "irc", "smb", "quic")
"""Tells that a client sends as well, so that they do not show which side is the server."""
