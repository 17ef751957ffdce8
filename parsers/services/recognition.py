"""Which protocol a connection speaks, by the first bytes of both sides, whatever the port.

Two looks: the first two bytes of a side, for many connections at once, rule out nearly all that no
parser reads; then each parser's own question to the bytes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache, partial
from itertools import product

import numpy as np
from numpy.typing import NDArray

from parsers.packets.transport import TCP
from parsers.services import (
    dce_rpc,
    dhcp,
    dnp3,
    dns,
    dtls,
    ftp,
    http,
    ike,
    imap,
    irc,
    kerberos,
    ldap,
    modbus,
    mqtt,
    mysql,
    ntp,
    openvpn,
    pop3,
    radius,
    rdp,
    rdpeudp,
    rfb,
    rlogin,
    shell,
    sip,
    smb,
    smtp,
    snmp,
    socks,
    ssh,
    telnet,
    tls,
    wireguard,
    xmpp,
)
from parsers.services.parser import Parser
from parsers.services.tls_asked import ASKED

LOOKED_AT = 256  # first bytes of a side, at most, that decide


@dataclass(frozen=True, slots=True)
class Protocol:
    """A protocol that is read, as Zeek recognises it.

    begins: what first bytes of both sides say. ports: the responder's on which Zeek expects it, and
    reads from the first byte on. alone: whether elsewhere the bytes of one side are enough.
    expected: what the originator (of datagrams, who speaks first) may begin with there, too.
    at: makes the parser, if it has to know the port. on_port: where it may be something special.
    midstream: whether a connection that was seen from the middle is read, too.
    """

    begins: Callable[[bytes, bytes], bool | None]
    parser: type[Parser]
    ports: frozenset[int] = frozenset()
    alone: bool = False
    expected: re.Pattern[bytes] | None = None
    at: Callable[[int], Parser] | None = None
    on_port: Mapping[int, Callable[[], Parser]] = field(default_factory=dict)
    midstream: bool = False

    def read(self, port: int) -> Parser:
        """Make a parser for a connection to a port."""
        if port in self.on_port:
            return self.on_port[port]()
        return self.at(port) if self.at is not None else self.parser()


PROTOCOLS: tuple[Protocol, ...] = (
    Protocol(
        ssh.begins,
        ssh.Ssh,
        frozenset((22,)),
        at=lambda port: ssh.Ssh(expected=port == 22),
    ),
    Protocol(
        tls.begins,
        tls.Tls,
        frozenset((443, 563, 585, 614, 636, 853, 989, 990, 992, 993, 995, 5223)),
        alone=True,
        on_port={port: partial(tls.Tls, asks) for port, asks in ASKED.items()},
    ),
    Protocol(
        http.begins,
        http.Http,
        frozenset((80, 81, 631, 1080, 3128, 8000, 8080, 8888)),
        alone=True,
        expected=re.compile(rb"[A-Z]+ [!-~]"),
        at=http.Http,
    ),
    Protocol(rfb.begins, rfb.Rfb),
    Protocol(rdp.begins, rdp.Rdp, frozenset((3389,))),
    Protocol(smb.begins, smb.Smb, frozenset((139, 445)), midstream=True),
    Protocol(dce_rpc.begins, dce_rpc.DceRpc, frozenset((135,)), alone=True, midstream=True),
    Protocol(
        smtp.begins,
        smtp.Smtp,
        frozenset((25, 587)),
        expected=re.compile(rb"(?:EHLO|HELO) ", re.IGNORECASE),
    ),
    Protocol(
        ftp.begins,
        ftp.Ftp,
        frozenset((21, 2811)),
        expected=ftp.ANY_COMMAND,
        midstream=True,
    ),
    Protocol(pop3.begins, pop3.Pop3, frozenset((110,))),
    Protocol(imap.begins, imap.Imap, frozenset((143,))),
    Protocol(
        irc.begins,
        irc.Irc,
        frozenset((6666, 6667, 6668, 6669)),
        expected=irc.FIRST_COMMAND,
        midstream=True,
    ),
    Protocol(mysql.begins, mysql.Mysql, frozenset((1434, 3306))),
    Protocol(mqtt.begins, mqtt.Mqtt, frozenset((1883,)), midstream=True),
    Protocol(xmpp.begins, xmpp.Xmpp, frozenset((5222, 5269))),
    Protocol(socks.begins, socks.Socks, frozenset((1080,))),
    Protocol(
        dns.begins_tcp, dns.DnsTcp, frozenset((53,)), expected=dns.HEAD_OF_STREAM, midstream=True
    ),
    Protocol(kerberos.begins_tcp, kerberos.KrbTcp, frozenset((88, 750))),
    Protocol(ldap.begins_tcp, ldap.LdapTcp, frozenset((389, 3268)), midstream=True),
    Protocol(openvpn.begins_tcp, openvpn.OpenvpnTcp),
    Protocol(modbus.begins, modbus.Modbus, frozenset((502,)), midstream=True),
    Protocol(dnp3.begins, dnp3.Dnp3Tcp, frozenset((20000,)), alone=True, midstream=True),
    Protocol(telnet.begins, telnet.Telnet, frozenset((23, 2323))),
    Protocol(rlogin.begins, rlogin.Rlogin, frozenset((513,))),
    Protocol(shell.begins, shell.Shell, midstream=True),
)

DATAGRAMS: tuple[Protocol, ...] = (
    Protocol(wireguard.begins, wireguard.Wireguard, alone=True),
    Protocol(openvpn.begins, openvpn.OpenvpnUdp),
    Protocol(ike.begins, ike.Ike, alone=True),
    Protocol(dtls.begins, dtls.Dtls, alone=True),
    Protocol(dns.begins, dns.Dns, frozenset((53, 5353, 5355)), expected=dns.HEAD),
    Protocol(dns.begins, dns.NetbiosNames, frozenset((137,)), expected=dns.HEAD),
    Protocol(ntp.begins, ntp.Ntp, frozenset((123,))),
    Protocol(dhcp.begins, dhcp.Dhcp, frozenset((67, 68, 4011))),
    Protocol(kerberos.begins, kerberos.Krb, frozenset((88, 750))),
    Protocol(snmp.begins, snmp.Snmp, frozenset((161, 162))),
    Protocol(ldap.begins, ldap.LdapUdp, frozenset((389,))),
    Protocol(radius.begins, radius.Radius, frozenset((1812,)), expected=radius.HEAD),
    Protocol(rdpeudp.begins, rdpeudp.Rdpeudp, frozenset((3389,)), alone=True),
    Protocol(sip.begins, sip.Sip, frozenset((5060,)), alone=True),
    Protocol(dnp3.begins, dnp3.Dnp3Udp, frozenset((20000,)), alone=True),
)


def recognise(
    orig: bytes, resp: bytes, transport: int, port: int, *, midstream: bool = False
) -> tuple[Protocol | None, bool]:
    """Return what a connection with these first bytes speaks, and whether more bytes may tell.

    Of TCP at most LOOKED_AT bytes of each side are of use, of UDP each side's first datagram.
    `transport`: the IP protocol number; `port`: the responder's;
    `midstream`: whether the connection was seen from the middle.
    """
    if transport == TCP:
        may_be, first = False, orig
        protocols = _begin_so(orig[:2], resp[:2] if not orig else b"", midstream)
    else:
        may_be, first = dtls.is_stun(orig) or dtls.is_stun(resp), orig or resp
        protocols = DATAGRAMS
    for protocol in protocols:
        answer = protocol.begins(orig, resp)
        waits = not (protocol.alone or port in protocol.ports or (orig and resp))
        if answer and not waits:
            return protocol, False
        may_be |= answer is not False
    expected = _expected(first, transport, port)
    if expected is None or (midstream and not expected.midstream):
        return None, may_be
    return expected, False


def _expected(first: bytes, transport: int, port: int) -> Protocol | None:
    """The protocol that begins like this only where it is expected."""
    for protocol in PROTOCOLS if transport == TCP else DATAGRAMS:
        if port in protocol.ports and protocol.expected and protocol.expected.match(first):
            return protocol
    return None


@lru_cache(maxsize=4 * 65_536)
def _begin_so(orig: bytes, resp: bytes, midstream: bool) -> tuple[Protocol, ...]:
    """The protocols over TCP that may begin with these two bytes: of most that is none or one."""
    protocols = (each for each in PROTOCOLS if each.midstream or not midstream)
    return tuple(each for each in protocols if each.begins(orig, resp) is not False)


def may_begin(first: NDArray[np.int64], roles: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return whether streams with these first two bytes may be of a protocol that is read.

    `first`: (n,), the first byte times 256 and the second; `roles`: (n,), ORIG or RESP.
    """
    return _BEGINNINGS[roles, first]


LETTERS = [bytes((one, other)) for one in range(65, 91) for other in range(65, 91)]
BLANK = [bytes((one, other)) for one in b"\t\n\r " for other in range(256)]
SHORT = [bytes((high, length)) for high in (0, 1) for length in range(256)]
ALPHANUMERIC = [octet for octet in range(128) if chr(octet).isalnum()]
COMMAND = [bytes((one, other)) for one in ALPHANUMERIC for other in (*ALPHANUMERIC, *b" .-")]
TAG = [bytes((one, 32)) for one in range(33, 127)]  # of IMAP: any one character
REPLY = [bytes((one, other)) for one in b"12345" for other in b"0123456789"]
SOCKS = [bytes(each) for each in product((0, 4, 5), (*range(10), *range(0x5A, 0x5E), 0xFF))]
LDAP = [bytes((0x30, length)) for length in range(256)]
MYSQL = [bytes((low, high)) for low in range(256) for high in (0, 1)]  # of a length
OTHER_NETBIOS = [bytes((kind, 0)) for kind in (0x81, 0x82, 0x83, 0x84, 0x85)]
TELNET = [bytes((0xFF, command)) for command in range(0xFA, 0xFF)]
GREETING = [b"\r\n", b"\n\r", b"\r\r", b"Lo", b"Us", b"Pa", b"We"]  # of a server that prints first
LOWER = range(ord("a"), ord("z") + 1)
TYPED = [bytes((one, other)) for one in LOWER for other in (*LOWER, *b"0123456789 -_.@:/\n\r")]
DRIVE = [bytes((drive, ord(":"))) for drive in range(ord("A"), ord("Z") + 1)]
PRINTED = [bytes((ord("["), one)) for one in LOWER] + [b"$ ", b"# ", b"% ", b"/ ", b"~ ", b"/b"]
PRINTED += [
    b"\r\n",
    b"\n/",
    b"\n$",
    b"\n#",
    b"\x1b[",
    b"\x1b]",
    b"\xe2\x94",
    b"Mi",
    b"Wi",
    b"PS",
    b"Li",
]
SHELL = [*TYPED, *DRIVE, *PRINTED]
SHORT_SSL2 = [bytes((0x80, length)) for length in range(256)]
BEGINNINGS: tuple[tuple[list[bytes], ...], ...] = (
    # What the originator, and what the responder may begin with.
    ([b"SS"], [b"SS"]),  # SSH
    ([b"\x16\x03", *SHORT_SSL2], [b"\x16\x03", b"\x15\x03", *SHORT_SSL2]),  # TLS
    (LETTERS + BLANK, [b"HT"]),  # HTTP: a method
    ([b"RF"], [b"RF"]),  # RFB
    ([b"\x03\x00"], [b"\x03\x00"]),  # TPKT, in which RDP is
    (SHORT, SHORT),  # SMB: a message of a session; OpenVPN, DNS, Kerberos: a length
    (OTHER_NETBIOS, OTHER_NETBIOS),  # SMB: what else NetBIOS has
    ([b"\x05\x00"], [b"\x05\x00"]),  # DCE/RPC
    (COMMAND + TAG, [*REPLY, b"+O", b"-E", b"* "]),  # SMTP, FTP, POP3, IMAP
    (COMMAND, [bytes((58, other)) for other in range(256)]),  # IRC
    (MYSQL, MYSQL),
    ([b"\x05\x64"], [b"\x05\x64"]),  # DNP3
    ([bytes((0x10, length)) for length in range(256)], [b"\x20\x02"]),  # MQTT
    ([b"<?", b"<s"], [b"<?", b"<s"]),  # XMPP
    (SOCKS, SOCKS),
    (LDAP, LDAP),
    (TELNET, TELNET + GREETING),
    (SHELL, SHELL),
)


def may_be_shell(first: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return whether streams with these first two bytes may be of either side of a bare shell.

    `first`: (n,), the first byte times 256 and the second.
    """
    return np.isin(first, _SHELL)


def _numbers(beginnings: list[bytes]) -> list[int]:
    return [each[0] * 256 + each[1] for each in beginnings]


def _beginnings() -> NDArray[np.bool_]:
    """By role and first two bytes: whether some parser may read it (bool, (2, 65536))."""
    table = np.zeros((2, 65_536), np.bool_)
    for protocol in BEGINNINGS:
        for role, octets in enumerate(protocol):
            table[role, _numbers(octets)] = True
    return table


_BEGINNINGS = _beginnings()
_SHELL = np.array(_numbers(SHELL))
