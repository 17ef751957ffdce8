"""What remote services begin with: the table that `parsers.services.first_bytes` walks.

Only what is certain: a signature matches what no other protocol begins with, and a client's words
alone never do, since a scanner says them to everything. So every row asks something of the
responder, and where its answer is not telling by itself both sides must agree. TLS stays undecided:
what is inside does not show, and the port then has to speak.

A row is confirmed where recordings of real servers show it. What was written after the protocol's
public description alone is unconfirmed, and less sure. Of rows that differ in a length alone
(OpenVPN's digests, SOCKS's methods) some are recorded, and all count as confirmed. All rows are
unconfirmed of anyconnect, citrix, guacamole, l2tp, rdgateway, rlogin, screenconnect, sstp,
teamviewer and x11; of others these are: RDP without negotiation, OpenSSH's refusal since 9.8,
OpenVPN over TCP with a wrapped client key, WireGuard's cookie reply, IPsec over TCP, SoftEther and
Tailscale's relay without TLS, and etcd's API v2.
`docs/services.md` lists every row.

Patterns are explained in `parsers.services.patterns`.
"""

from __future__ import annotations

from typing import NamedTuple


class Echo(NamedTuple):
    """Bytes that the responder gives back: where the two sides have them, and how many."""

    orig_at: int
    resp_at: int
    size: int


class Signature(NamedTuple):
    """What the first bytes of a service look like.

    `sizes` are the lengths of the first payload packets of originator and responder, one pair of
    which must hold (0: any length). `greets`: the responder is the first to send. `confidence`: how
    sure the service is then; 1 where recordings confirm it, else `UNCONFIRMED` at most.
    """

    service: str
    transport: str
    orig: str
    resp: str
    source: str
    sizes: tuple[tuple[int, int], ...] = ()
    echo: Echo | None = None
    greets: bool = False
    confidence: float = 1.0

    @property
    def confirmed(self) -> bool:
        """Whether recordings of real servers show it."""
        return self.confidence > UNCONFIRMED

    @property
    def why(self) -> str:
        """What tells the service, in words for people."""
        return AGREED if self.orig else ANSWERED


UNCONFIRMED = 0.7
"""The most that a signature is believed that no recording has shown."""

AGREED, ANSWERED = "both sides agreed", "the responder's first bytes"

HTTP = "'HTTP/1.' 3[01] 20"
HTTP_OK = f"{HTTP} '2'"
NEGOTIATED = "( 01 | 02 | 03 ) ?? 08 00"  # MS-RDPBCGR 2.2.1.1.1, 2.2.1.2.1, 2.2.1.2.2
TPKT_REQUEST = "03 00 ??{2} ?? e0 00 00 ??{2} 00"  # RFC 1006 section 6, X.224 13.3
TPKT_CONFIRM = "03 00 00 ?? ?? d0 ??{4} 00"
IAC = "ff f[b-e] ??"
# A hard reset is opcode, session id, ack count and packet id: 14 bytes. The server's adds one ack
# and the client's session id: 26. A packet authentication of n bytes adds n + 8 to both.
OPENVPN_SIZES = tuple((14 + more, 26 + more) for more in (0, 24, 28, 36, 40, 72))
OPENVPN_V3_SIZES = ((0, 66), (0, 72))
WIREGUARD_DATA = "04 00 00 00 ??{8} 00{4} ??{16}"  # a counter below 2^32, and at least the tag

SIGNATURES: tuple[Signature, ...] = (
    Signature("ssh", "tcp", "", "'SSH-' ( '1.' 3? | '1.99' | '2.0' ) '-'", "RFC 4253 section 4.2"),
    Signature(
        *("ssh", "tcp", "'SSH-'", "'Exceeded MaxStartups' 0d 0a"),
        source="OpenSSH sshd.c: refused before its version, RFC 4253 section 4.2",
    ),
    Signature(
        *("ssh", "tcp", "'SSH-'", "'Not allowed at this time' 0d 0a"),
        source="OpenSSH sshd.c, from 9.8 on: refused for earlier failures",
        confidence=UNCONFIRMED,
    ),
    Signature("vnc", "tcp", "", "'RFB ' 3[0-9]{3} 2e 3[0-9]{3} 0a", "RFC 6143 7.1.1", greets=True),
    Signature("vnc", "tcp", "", f"{HTTP} * 0d 0a 'Server: RealVNC/'", "RealVNC: viewer over HTTP"),
    Signature(
        *("rdp", "tcp", f"{TPKT_REQUEST} 'Cookie: ' ( 'mstshash=' | 'msts=' )", TPKT_CONFIRM),
        source="MS-RDPBCGR 2.2.1.1, 2.2.1.2",
    ),
    Signature(
        *("rdp", "tcp", f"{TPKT_REQUEST} {NEGOTIATED}", f"{TPKT_CONFIRM} {NEGOTIATED}"),
        source="MS-RDPBCGR 2.2.1.1.1, 2.2.1.2.1",
    ),
    Signature(
        *("rdp", "tcp", "03 00 00 0b 06 e0 00 00 ??{2} 00", "03 00 00 0b 06 d0 ??{4} 00"),
        source="MS-RDPBCGR 2.2.1.1: no cookie, no negotiation (RDP 4); ISO-TSAP names its ends",
        confidence=UNCONFIRMED,
    ),
    Signature(
        *("rdp", "udp", "ff ff ff ff ??{2} [01]? 01", "??{4} ??{2} [01]? 05"),
        source="MS-RDPEUDP 2.2.2.1, 3.1.5.1: SYN, answered by SYN and ACK of its sequence number",
        echo=Echo(8, 0, 4),
    ),
    Signature("telnet", "tcp", "ff f[b-e]", "ff f[b-e]", "RFC 854, RFC 855: both negotiate"),
    Signature("telnet", "tcp", "", f"{IAC} {IAC} ff f[b-e]", "RFC 855: three options in a row"),
    Signature(
        *("rlogin", "tcp", "00 [2-7]?+ 00 [2-7]?+ 00 [2-7]?+ 2f 3[0-9]+ 00", "00"),
        source="RFC 1282: client user, server user, terminal/speed, each ended by a zero",
        confidence=UNCONFIRMED,
    ),
    *(
        Signature(*("x11", "tcp", orig, resp), "X11 protocol, section 8", confidence=UNCONFIRMED)
        for orig, resp in (
            ("6c ?? 0b 00 00 00", "0[0-2] ?? 0b 00"),
            ("42 ?? 00 0b 00 00", "0[0-2] ?? 00 0b"),
        )
    ),
    *(
        Signature(
            *("openvpn", "tcp", f"00 {client:02x} 38", f"00 {server:02x} 40"),
            source="OpenVPN protocol: hard resets of client and server, with length over TCP",
        )
        for client, server in OPENVPN_SIZES
    ),
    Signature(
        *("openvpn", "tcp", "0[12] ?? 50", "00 4[28] 40"),
        source="OpenVPN protocol: hard reset with a wrapped client key (tls-crypt-v2)",
        confidence=UNCONFIRMED,
    ),
    Signature(
        *("openvpn", "udp", "38", "40"),
        source="OpenVPN protocol: hard resets of client and server",
        sizes=OPENVPN_SIZES,
    ),
    Signature(
        *("openvpn", "udp", "50", "40"),
        source="OpenVPN protocol: hard reset with a wrapped client key (tls-crypt-v2)",
        sizes=OPENVPN_V3_SIZES,
    ),
    Signature(
        *("wireguard", "udp", "01 00 00 00", "02 00 00 00"),
        source="WireGuard paper 5.4.2, 5.4.3: initiation, response to its sender index",
        sizes=((148, 92),),
        echo=Echo(4, 8, 4),
    ),
    Signature(
        *("wireguard", "udp", "01 00 00 00", "03 00 00 00"),
        source="WireGuard paper 5.4.7: initiation, cookie reply to its sender index",
        sizes=((148, 64),),
        echo=Echo(4, 4, 4),
        confidence=UNCONFIRMED,
    ),
    Signature(
        *("wireguard", "udp", WIREGUARD_DATA, WIREGUARD_DATA),
        source="WireGuard paper 5.4.6: data both ways, seen from the middle",
    ),
    Signature("tailscale", "udp", "'TS' f0 9f 92 ac", "'TS' f0 9f 92 ac", "Tailscale disco"),
    Signature(
        *("tailscale", "tcp", "", f"{HTTP} '101 Switching Protocols' 0d 0a 'Upgrade: DERP' 0d 0a"),
        source="Tailscale, derpserver/handler.go: a relay, its TLS ended before it",
        confidence=UNCONFIRMED,
    ),
    Signature(
        *("ipsec", "udp", "??{8} 00{8} ?? 20 22 08 00{4} 00{2}", "??{8} ??{8} ?? 20 22 [23]?"),
        source="RFC 7296 3.1: IKE_SA_INIT of the initiator, answered to its SPI",
        echo=Echo(0, 0, 8),
    ),
    Signature(
        *("ipsec", "udp", "??{8} 00{8} ?? 10 0[24] 0? 00{4} 00{2}", "??{8} ??{8} ?? 10 0[245]"),
        source="RFC 2408 3.1: main or aggressive mode, answered to the initiator's cookie",
        echo=Echo(0, 0, 8),
    ),
    Signature(
        *("ipsec", "udp", "00{4} ??{16} ?? 20 2[2-5] [02][08]", "00{4} ??{16} ?? 20 2[2-5] [23]?"),
        source="RFC 3948 2.2 and RFC 7296 3.1: IKEv2 behind the marker, the same two SPIs",
        echo=Echo(4, 4, 16),
    ),
    Signature(
        *("ipsec", "udp", "00{4} ??{16} ?? 10 [02][0-6]", "00{4} ??{16} ?? 10 [02][0-6]"),
        source="RFC 3948 2.2 and RFC 2408 3.1: IKEv1 behind the marker, the same two cookies",
        echo=Echo(4, 4, 16),
    ),
    Signature(
        *("ipsec", "tcp", "'IKETCP' ??{2} 00{4}", "??{2} 00{4}", "RFC 9329 section 4"),
        confidence=UNCONFIRMED,
    ),
    Signature(
        *("l2tp", "udp", "c8 0[23] ??{2} 00{4} 00{2} ??{2} 80 08 00{4} 00 01", "c8 0[23]"),
        source="RFC 2661 3.1, 4.4.1 and RFC 3931: Start-Control-Connection-Request, answered",
        confidence=UNCONFIRMED,
    ),
    Signature(
        *("pptp", "tcp", "00 9c 00 01 1a 2b 3c 4d 00 01", "00 9c 00 01 1a 2b 3c 4d 00 02"),
        source="RFC 2637 2.1, 2.2: Start-Control-Connection-Request and -Reply",
    ),
    Signature(
        "sstp",
        "tcp",
        "'SSTP_DUPLEX_POST /sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/ HTTP/1.1' 0d 0a",
        HTTP_OK,
        source="MS-SSTP 3.2.4.1",
        confidence=UNCONFIRMED,
    ),
    Signature(
        *("anyconnect", "tcp", "'CONNECT /CSCOSSLC/tunnel HTTP/1.'", HTTP_OK),
        source="draft-mavrogiannopoulos-openconnect section 2.1.3",
        confidence=UNCONFIRMED,
    ),
    Signature(
        "rdgateway",
        "tcp",
        "'RDG_' ( 'IN' | 'OUT' ) '_DATA /remoteDesktopGateway/'",
        f"{HTTP} ( '101' | '200' | '401' )",
        source="MS-TSGU 3.3.5.1",
        confidence=UNCONFIRMED,
    ),
    Signature(
        "rdgateway",
        "tcp",
        "'RPC_' ( 'IN' | 'OUT' ) '_DATA /rpc/rpcproxy.dll?' * ':3388 '",
        f"{HTTP} ( '200' | '401' )",
        source="MS-TSGU 2.1.1, MS-RPCH 2.2.2",
        confidence=UNCONFIRMED,
    ),
    Signature(
        "winrm",
        "tcp",
        "'POST /wsman' ( 20 | '?' | '/' )",
        f"{HTTP} ( '200' | '401' | '500' ) * "
        "( 'Microsoft-HTTPAPI/' | 'application/soap+xml' | "
        "'WWW-Authenticate: ' ( 'Negotiate' | 'Kerberos' | 'CredSSP' ) )",
        source="MS-WSMV 2.2, MS-WSMV 3.1.4",
    ),
    Signature(
        "softether",
        "tcp",
        "'POST /vpnsvc/' ( 'connect' | 'vpn' ) '.cgi HTTP/1.'",
        f"{HTTP_OK} * 0d 0a 'Keep-Alive: timeout=15; max=19' 0d 0a",
        source="SoftEther VPN, HTTP.h: HTTP_KEEP_ALIVE; its TLS ended before it",
        confidence=UNCONFIRMED,
    ),
    Signature(
        *("screenconnect", "tcp", "", f"{HTTP} * 0d 0a 'Server: ScreenConnect/'"),
        source="ConnectWise ScreenConnect, its web server's name",
        confidence=UNCONFIRMED,
    ),
    Signature(
        *("citrix", "tcp", "", "7f 7f 'ICA' 00", "Citrix ICA: the host's greeting"),
        confidence=UNCONFIRMED,
    ),
    Signature(
        *("citrix", "tcp", "1a 'CGP/01'", "1a 'CGP/01'", "Citrix CGP (session reliability)"),
        confidence=UNCONFIRMED,
    ),
    Signature(
        *("teamviewer", "tcp", "( 17 24 | 11 30 )", "( 17 24 | 11 30 )", "nDPI teamviewer.c"),
        confidence=0.5,  # two bytes of each side
    ),
    Signature(
        *("teamviewer", "udp", "00 ??{10} 17 24", "00 ??{10} 17 24", "nDPI teamviewer.c"),
        confidence=UNCONFIRMED,
    ),
    Signature(
        *("softether", "udp", "'A' $", "'IP=' [23][0-9e] * ',PORT=' 3[1-9]"),
        source="SoftEther VPN, Network.c: NAT traversal, asked for one's own address and port",
    ),
    Signature(
        "softether",
        "udp",
        "00{3} ?? 00{3} ( 07 'opcode' | 0a 'host_name' ) 00 00 00 02",
        "00{3} ?? 00{3} 06 'isret' 00{4}",
        source="SoftEther VPN, Network.c and Pack.c: a call of NAT traversal, and its result",
    ),
    Signature(
        *("guacamole", "tcp", "'6.select,'", "'4.args,'", "Guacamole manual, protocol"),
        confidence=UNCONFIRMED,
    ),
    Signature(
        *("guacamole", "tcp", "'GET ' * '/websocket-tunnel'", f"{HTTP} '101'"),
        source="Guacamole manual, WebSocket tunnel",
        confidence=UNCONFIRMED,
    ),
    # A method list and the method chosen from it, as the first packets, or the request behind it.
    *(
        Signature(
            *("socks", "tcp", f"05 0{count} [08]?{{{count}}}", "05 ( 00 | 01 | 02 | ff )"),
            source="RFC 1928 section 3",
            sizes=((count + 2, 2),),
        )
        for count in (1, 2, 3, 4)
    ),
    Signature(
        *("socks", "tcp", "04 0[12] ??{6}", "00 5[a-d]"),
        source="SOCKS 4, Ying-Da Lee: a request and its reply of eight bytes",
        sizes=((0, 8),),
    ),
    # Go sorts header fields, so these follow the status line. A 100 Continue may stand before it.
    *(
        Signature(*("docker", "tcp", "", f"{HTTP} * 0d 0a {field}"), source="Docker Engine API")
        for field in (
            "'Api-Version: 1.' 3[0-9]+ 0d",
            "'Docker-Experimental: '",
            "'Server: Docker/'",
            "'Content-Type: application/vnd.docker.'",
        )
    ),
    Signature(
        "kubernetes",
        "tcp",
        "",
        f"{HTTP} * 0d 0a 'Audit-Id: ' ??{{8}} 2d ??{{4}} 2d ??{{4}} 2d ??{{4}} 2d ??{{12}} 0d 0a",
        source="Kubernetes, Auditing: the id of the request's audit event",
    ),
    Signature(
        *("kubernetes", "tcp", "", f"{HTTP} '101' * '.channel.k8s.io'"),
        source="Kubernetes, remotecommand subprotocols",
    ),
    Signature(
        "kubernetes",
        "tcp",
        "( 'GET' | 'POST' ) ' /api/v1/namespaces/' * '/pods/' * "
        "( '/exec' | '/attach' | '/portforward' ) ( '?' | 20 )",
        f"{HTTP} '101 '",
        source="Kubernetes API reference, Pod: connect operations, which switch protocols",
    ),
    Signature(
        *("kubelet", "tcp", "'GET /' ( 'pods' | 'runningpods' ) ( 20 | '?' | '/' )"),
        f"{HTTP_OK} * 0d 0a 'Content-Type: application/json' * '{{\"k'",
        source="Kubernetes, kubelet server.go: a PodList, whose first field is its kind",
    ),
    Signature(
        *("kubelet", "tcp", "'GET /stats/summary' ( 20 | '?' | '/' )"),
        f"{HTTP_OK} * 0d 0a 'Content-Type: application/json' * '{{' 0a ' \"n'",
        source="Kubernetes, kubelet stats API: a Summary, whose first field is the node",
    ),
    Signature(
        "etcd",
        "tcp",
        "",
        f"{HTTP} * 0d 0a 'Access-Control-Allow-Headers: accept, content-type, authorization' 0d 0a"
        " 'Access-Control-Allow-Methods: POST, GET, '",
        source="etcd, its fixed CORS fields",
    ),
    Signature(
        *("etcd", "tcp", "", f"{HTTP} * 0d 0a 'X-Etcd-Cluster-Id: '", "etcd API v2"),
        confidence=UNCONFIRMED,
    ),
)
"""What is certain, the first that matches wins."""
