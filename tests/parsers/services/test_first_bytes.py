from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from functools import cache
from typing import NamedTuple

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.services import SERVICES, signatures
from parsers.services.first_bytes import contradicted, identify, matched
from parsers.services.signatures import AGREED, ANSWERED, SIGNATURES, UNCONFIRMED
from parsers.services.tells import BEGINNINGS, CLIENTS_TOO, TELLS


class Flow(NamedTuple):
    """The first bytes of a flow; `fixed` are the places of either side that must be as they are."""

    service: str | None
    transport: str
    orig: bytes | None
    resp: bytes | None
    sizes: tuple[int, ...] | None = None
    fixed: tuple[Iterable[int], Iterable[int]] = ((), ())
    history: str | None = None


def frame(*flows: Flow) -> pl.DataFrame:
    sizes = [flow.sizes if flow.sizes is not None else spoken(flow) for flow in flows]
    return pl.DataFrame(
        {
            "proto": [flow.transport for flow in flows],
            "orig_head": pl.Series([flow.orig for flow in flows], dtype=pl.Binary),
            "resp_head": pl.Series([flow.resp for flow in flows], dtype=pl.Binary),
            "payload_sizes": pl.Series(sizes, dtype=pl.List(pl.Int32)),
            "history": pl.Series([flow.history for flow in flows], dtype=pl.String),
        }
    )


def spoken(flow: Flow) -> list[int]:
    """Sizes where the originator spoke first, in one packet from each side."""
    return [size for size in (len(flow.orig or b""), -len(flow.resp or b"")) if size]


def found(*flows: Flow) -> list[str | None]:
    return identify(frame(*flows))["service"].to_list()


def http(status: str, *fields: str) -> bytes:
    return "\r\n".join((f"HTTP/1.1 {status}", *fields, "", "")).encode()[:128]


SPI, SPI_R, SENDER, RECEIVER = b"initiate", b"RESPONDS", b"\x0a\x0b\x0c\x0d", b"\x1a\x1b\x1c\x1d"
NEG_REQ, NEG_RSP = b"\x01\x00\x08\x00\x03\x00\x00\x00", b"\x02\x1f\x08\x00\x02\x00\x00\x00"
CR, CC = b"\x03\x00\x00\x13\x0e\xe0\0\0\0\0\0", b"\x03\x00\x00\x13\x0e\xd0\0\0\x124\0"
GET = b"GET / HTTP/1.1\r\n"
JSON = "Content-Type: application/json"
POST = b"POST /wsman HTTP/1.1\r\n"
SSTP = b"SSTP_DUPLEX_POST /sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/ HTTP/1.1\r\n"
RPC = b"RPC_OUT_DATA /rpc/rpcproxy.dll?localhost:3388 HTTP/1.1\r\n"
SCCRQ = b"\xc8\x02\x00\x6c\0\0\0\0\0\0\0\0\x80\x08\0\0\0\0\0\x01"
CORS = (
    "Access-Control-Allow-Headers: accept, content-type, authorization",
    "Access-Control-Allow-Methods: POST, GET, OPTIONS, PUT, DELETE",
)
AUDIT = "Audit-Id: 7ad8263a-6bba-4478-b4af-9311adfa98f8"


def ike(spis: bytes, version: int, exchange: int, flags: int, marker: bytes = b"") -> bytes:
    return marker + spis + bytes((33, version, exchange, flags)) + bytes(4) + b"\0\0\x01\xd0"


def reset(opcode: int, size: int) -> bytes:
    return bytes((opcode << 3,)) + SPI + bytes(size - 9)


def over_tcp(packet: bytes) -> bytes:
    return struct.pack(">H", len(packet)) + packet


TELLING = [
    Flow("ssh", "tcp", b"SSH-2.0-x\r\n", b"SSH-2.0-OpenSSH_9.6\r\n", None, ((), range(8))),
    Flow("ssh", "tcp", None, b"SSH-1.99-Cisco-1.25\n", None, ((), range(9))),
    Flow("ssh", "tcp", b"", b"SSH-1.5-1.2.27\n", None, ((), (0, 1, 2, 3, 4, 5, 7))),
    Flow(
        "ssh",
        "tcp",
        b"SSH-2.0-x\r\n",
        b"Exceeded MaxStartups\r\n",
        None,
        (range(4), (0, 9, 19, 20, 21)),
    ),
    Flow(
        "ssh",
        "tcp",
        b"SSH-2.0-x\r\n",
        b"Not allowed at this time\r\n",
        None,
        (range(4), (0, 4, 23, 24, 25)),
    ),
    Flow("vnc", "tcp", GET, http("200 OK", "Server: RealVNC/4.0"), None, ((), (0, 17, 25, 32))),
    Flow("vnc", "tcp", b"RFB 003.008\n", b"RFB 003.008\n", (-12, 12), ((), (0, 1, 2, 3, 7, 11))),
    Flow("rdp", "tcp", CR + NEG_REQ, CC + NEG_RSP, None, ((0, 1, 5, 6, 7, 13), (0, 5, 10, 13))),
    Flow("rdp", "tcp", CR + b"Cookie: mstshash=joe\r\n", CC, None, (range(11, 28), (0, 1, 5))),
    Flow("rdp", "tcp", CR + b"Cookie: msts=1.2.3", CC, None, ((5, 11, 19), (5,))),
    Flow(
        "rdp",
        "tcp",
        b"\x03\0\0\x0b\x06\xe0\0\0\0\0\0",
        b"\x03\0\0\x0b\x06\xd0\0\0\x124\0",
        None,
        ((3, 4, 5), (3, 4, 5)),
    ),
    Flow(
        "rdp",
        "udp",
        b"\xff" * 4 + b"\0\x40\x18\x01" + SPI,
        SPI[:4] + b"\0\x40\x10\x05",
        None,
        ((0, 3, 7, 8, 11), (0, 3, 7)),
    ),
    Flow("telnet", "tcp", b"\xff\xfd\x03", b"\xff\xfb\x18", None, ((0, 1), (0, 1))),
    Flow(
        "telnet",
        "tcp",
        b"",
        b"\xff\xfd\x18\xff\xfd\x20\xff\xfd\x23",
        None,
        ((), (0, 1, 3, 4, 6, 7)),
    ),
    Flow("rlogin", "tcp", b"\0joe\0root\0xterm/38400\0", b"\0", None, ((0, 4, 9, 15), (0,))),
    Flow("x11", "tcp", b"l\0\x0b\0" + bytes(8), b"\x01\0\x0b\0\0\0", None, ((0, 2, 3, 4), (2, 3))),
    Flow("x11", "tcp", b"B\0\0\x0b" + bytes(8), b"\0\x10\0\x0b", None, ((0, 2, 3, 4), (2, 3))),
    *(
        Flow(
            "openvpn",
            "tcp",
            over_tcp(reset(7, size)),
            over_tcp(reset(8, size + 12)),
            None,
            ((0, 1, 2), (0, 1, 2)),
        )
        for size in (14, 38, 42, 50, 54, 86)
    ),
    Flow(
        "openvpn",
        "tcp",
        over_tcp(reset(10, 353))[:128],
        over_tcp(reset(8, 72)),
        None,
        ((0, 2), (0, 1, 2)),
    ),
    Flow("openvpn", "udp", reset(7, 14), reset(8, 26), None, ((0,), (0,))),
    Flow("openvpn", "udp", reset(7, 54), reset(8, 66), None, ((0,), (0,))),
    Flow("openvpn", "udp", reset(10, 353)[:128], reset(8, 72), (353, -72), ((0,), (0,))),
    Flow(
        "wireguard",
        "udp",
        b"\1\0\0\0" + SENDER + bytes(120),
        b"\2\0\0\0" + RECEIVER + SENDER,
        (148, -92),
        (range(8), (0, 1, 2, 3, 8, 11)),
    ),
    Flow(
        "wireguard",
        "udp",
        b"\1\0\0\0" + SENDER + bytes(120),
        b"\3\0\0\0" + SENDER,
        (148, -64),
        (range(8), range(8)),
    ),
    Flow(
        "wireguard",
        "udp",
        b"\4\0\0\0" + SENDER + b"\x07\1" + bytes(22),
        b"\4\0\0\0" + RECEIVER + b"\x4d" + bytes(23),
        None,
        ((0, 1, 2, 3, 12, 15), (0, 1, 2, 3, 12, 15)),
    ),
    Flow(
        "tailscale",
        "udp",
        b"TS\xf0\x9f\x92\xac1",
        b"TS\xf0\x9f\x92\xac2",
        None,
        (range(6), range(6)),
    ),
    Flow(
        "ipsec",
        "udp",
        ike(SPI + bytes(8), 0x20, 34, 8),
        ike(SPI + SPI_R, 0x20, 34, 0x20),
        None,
        ((0, 8, 15, 17, 18, 19), (0, 7, 17, 18)),
    ),
    Flow(
        "ipsec",
        "udp",
        ike(SPI + bytes(8), 0x10, 2, 0),
        ike(SPI + SPI_R, 0x10, 2, 0),
        None,
        ((0, 8, 17), (0, 7, 17)),
    ),
    Flow(
        "ipsec",
        "udp",
        ike(SPI + bytes(8), 0x10, 4, 0),
        ike(SPI + SPI_R, 0x10, 5, 0),
        None,
        ((0, 8, 17), (0, 7, 17)),
    ),
    Flow(
        "ipsec",
        "udp",
        ike(SPI + SPI_R, 0x20, 35, 8, bytes(4)),
        ike(SPI + SPI_R, 0x20, 35, 0x20, bytes(4)),
        None,
        ((0, 3, 4, 12, 21, 22), (0, 4, 19, 21)),
    ),
    Flow(
        "ipsec",
        "udp",
        ike(SPI + SPI_R, 0x10, 2, 1, bytes(4)),
        ike(SPI + SPI_R, 0x10, 2, 1, bytes(4)),
        None,
        ((0, 3, 4, 12, 21), (0, 4, 19, 21)),
    ),
    Flow("ipsec", "tcp", b"IKETCP\0\x20\0\0\0\0", b"\0\x20\0\0\0\0", None, ((0, 5, 8, 11), (2, 5))),
    Flow("l2tp", "udp", SCCRQ, b"\xc8\x02\0\x80\0\x01", None, ((0, 1, 4, 7, 12, 13, 19), (0, 1))),
    Flow(
        "pptp",
        "tcp",
        b"\0\x9c\0\x01\x1a\x2b\x3c\x4d\0\x01",
        b"\0\x9c\0\x01\x1a\x2b\x3c\x4d\0\x02",
        None,
        (range(10), range(10)),
    ),
    Flow("sstp", "tcp", SSTP, http("200 OK"), None, (range(72), (0, 4, 9))),
    Flow(
        "anyconnect",
        "tcp",
        b"CONNECT /CSCOSSLC/tunnel HTTP/1.1\r\n",
        http("200 CONNECTED"),
        None,
        (range(32), (0, 9)),
    ),
    Flow(
        "rdgateway",
        "tcp",
        b"RDG_OUT_DATA /remoteDesktopGateway/ HTTP/1.1",
        http("401 Unauthorized"),
        None,
        ((0, 4, 14, 34), (0, 9)),
    ),
    Flow("rdgateway", "tcp", RPC, http("200 Success"), None, ((0, 4, 14, 30, 40), (0, 9))),
    Flow(
        "winrm",
        "tcp",
        POST,
        http("401 ", "Server: Microsoft-HTTPAPI/2.0"),
        None,
        (range(12), (0, 9, 30)),
    ),
    Flow(
        "winrm", "tcp", POST, http("200 OK", "WWW-Authenticate: Kerberos"), None, ((0, 6), (9, 17))
    ),
    Flow(
        "tailscale",
        "tcp",
        b"GET /derp HTTP/1.1\r\n",
        http("101 Switching Protocols", "Upgrade: DERP", "Connection: Upgrade"),
        None,
        ((), (0, 9, 34, 46)),
    ),
    Flow(
        "softether",
        "tcp",
        b"POST /vpnsvc/connect.cgi HTTP/1.1\r\n",
        http("200 OK", "Date: Tue, 24 Nov 2026 18:00:00 GMT", "Keep-Alive: timeout=15; max=19"),
        None,
        ((0, 6, 13, 23), (0, 9, 54, 76, 83)),
    ),
    Flow(
        "softether",
        "tcp",
        b"POST /vpnsvc/vpn.cgi HTTP/1.1\r\n",
        http("200 OK", "Keep-Alive: timeout=15; max=19"),
        None,
        ((0, 13), (9, 17)),
    ),
    Flow(
        "screenconnect",
        "tcp",
        GET,
        http("200 OK", "Server: ScreenConnect/23.9.8.8811-1 Microsoft-HTTPAPI/2.0"),
        None,
        ((), (0, 17, 25, 38)),
    ),
    Flow("citrix", "tcp", b"", b"\x7f\x7fICA\0\x7f\x7fICA\0", None, ((), range(6))),
    Flow("citrix", "tcp", b"\x1aCGP/01\x01", b"\x1aCGP/01\x02", None, (range(7), range(7))),
    Flow("teamviewer", "tcp", b"\x17\x24\x0b\x00", b"\x11\x30\x31\x00", None, ((0, 1), (0, 1))),
    Flow(
        "teamviewer",
        "udp",
        bytes(11) + b"\x17\x24",
        bytes(11) + b"\x17\x24",
        None,
        ((0, 11, 12), (0, 11, 12)),
    ),
    Flow("softether", "udp", b"A", b"IP=192.0.2.1,PORT=51381", None, ((0,), (0, 2, 3, 12, 17))),
    Flow(
        "softether",
        "udp",
        b"\0\0\0\3\0\0\0\7opcode\0\0\0\2\0\0\0\1\0\0\0\x09get_token",
        b"\0\0\0\x09\0\0\0\6isret\0\0\0\0\0\0\0\1",
        None,
        ((0, 4, 7, 8, 13, 17), (0, 4, 7, 8, 12, 16)),
    ),
    Flow("guacamole", "tcp", b"6.select,3.vnc;", b"4.args,8.hostname;", None, (range(9), range(7))),
    Flow(
        "guacamole",
        "tcp",
        b"GET /guacamole/websocket-tunnel?token=1",
        http("101 "),
        None,
        ((0, 14, 30), (0, 9)),
    ),
    Flow("socks", "tcp", b"\x05\x01\x00", b"\x05\x00", (3, -2), ((0, 1), (0,))),
    Flow("socks", "tcp", b"\x05\x02\x00\x02\x01", b"\x05\x02", (4, -2), ((0, 1), (0,))),
    Flow("socks", "tcp", b"\x05\x03\x00\x01\x02", b"\x05\x00", (5, -2), ((0, 1), (0,))),
    Flow("socks", "tcp", b"\x05\x04\x00\x01\x02\x80", b"\x05\xff", (6, -2), ((0, 1), (0,))),
    Flow(
        "socks",
        "tcp",
        b"\x04\x01\0\x50\x0a\0\0\x01joe\0",
        b"\x00\x5a" + bytes(6),
        None,
        ((0,), (0, 1)),
    ),
    Flow("docker", "tcp", GET, http("200 OK", "Api-Version: 1.41"), None, ((), (0, 17, 19, 29))),
    Flow(
        "docker",
        "tcp",
        GET,
        http("100 Continue", "", "HTTP/1.1 200 OK", "Server: Docker/24.0"),
        None,
        ((), (0, 45)),
    ),
    Flow(
        "docker",
        "tcp",
        GET,
        http("404 Not Found", "Docker-Experimental: false"),
        None,
        ((), (0, 26)),
    ),
    Flow(
        "docker",
        "tcp",
        POST,
        http("101 UPGRADED", "Content-Type: application/vnd.docker.raw-stream"),
        None,
        ((), (0, 40)),
    ),
    Flow("kubernetes", "tcp", GET, http("403 Forbidden", AUDIT), None, ((), (0, 25, 42))),
    Flow(
        "kubernetes",
        "tcp",
        GET,
        http("101 Switching", "X-Stream-Protocol-Version: v4.channel.k8s.io"),
        None,
        ((), (0, 55)),
    ),
    Flow(
        "kubernetes",
        "tcp",
        b"GET /api/v1/namespaces/default/pods/web/exec?command=sh HTTP/1.1\r\n",
        http("101 Switching", "Upgrade: websocket"),
        None,
        ((0, 5, 14, 33, 42), (0, 9)),
    ),
    Flow(
        "kubelet",
        "tcp",
        b"GET /pods HTTP/1.1\r\n",
        http("200 OK", JSON, "", '{"kind":"PodList"'),
        None,
        ((0, 5, 9), (0, 9, 17, 30, 53)),
    ),
    Flow(
        "kubelet",
        "tcp",
        b"GET /stats/summary HTTP/1.1\r\n",
        http("200 OK", JSON, "", '{\n "node"'),
        None,
        ((0, 5, 18), (0, 9, 17, 30, 53)),
    ),
    Flow("etcd", "tcp", GET, http("200 OK", *CORS), None, ((), (0, 17, 60, 100))),
    Flow(
        "etcd",
        "tcp",
        GET,
        http("200 OK", "X-Etcd-Cluster-Id: 7e27652122e8b2ae"),
        None,
        ((), (0, 20)),
    ),
]


def by_service(flow: Flow) -> str:
    return f"{flow.service}-{TELLING.index(flow)}"


@pytest.mark.parametrize("flow", TELLING, ids=by_service)
def test_a_service_is_told_by_its_first_bytes(flow):
    assert found(flow) == [flow.service]


@pytest.mark.parametrize("flow", TELLING, ids=by_service)
def test_one_byte_away_is_not_the_service(flow):
    near = list(one_byte_away(flow))

    assert [
        flow for flow, service in zip(near, found(*near), strict=True) if service == flow.service
    ] == []


def one_byte_away(flow: Flow) -> Iterator[Flow]:
    for place in flow.fixed[0]:
        yield flow._replace(orig=changed(flow.orig or b"", place))
    for place in flow.fixed[1]:
        yield flow._replace(resp=changed(flow.resp or b"", place))


def changed(head: bytes, place: int) -> bytes:
    return head[:place] + bytes((head[place] ^ 0x80,)) + head[place + 1 :]


@pytest.mark.parametrize("flow", TELLING, ids=by_service)
def test_without_an_answer_nothing_is_told(flow):
    assert found(flow._replace(resp=None), flow._replace(resp=b"")) == [None, None]


@pytest.mark.parametrize("flow", TELLING, ids=by_service)
def test_the_other_transport_is_another_protocol(flow):
    other = {"tcp": "udp", "udp": "tcp"}[flow.transport]

    assert found(flow._replace(transport=other)) == [None]


@cache
def told_by() -> list[int | None]:
    """The row of the table that tells each conversation above."""
    return matched(frame(*TELLING)).to_list()


def examples(number: int) -> list[Flow]:
    """The conversations above that a row of the table tells, and no row before it."""
    return [flow for flow, by in zip(TELLING, told_by(), strict=True) if by == number]


@pytest.mark.parametrize("number", range(len(SIGNATURES)), ids=lambda n: SIGNATURES[n].service)
def test_every_signature_has_an_example(number):
    row = SIGNATURES[number]

    assert row.service in SERVICES
    assert {flow.service for flow in examples(number)} == {row.service}


@pytest.mark.parametrize("number", range(len(SIGNATURES)), ids=lambda n: SIGNATURES[n].service)
def test_every_signature_has_near_misses_on_each_side_that_it_asks(number):
    orig, resp = (
        [place for flow in examples(number) for place in flow.fixed[side]] for side in (0, 1)
    )

    assert resp
    assert orig or not SIGNATURES[number].orig


def test_what_no_recording_confirms_is_less_sure():
    for row in SIGNATURES:
        assert row.confidence == 1 if row.confirmed else 0 < row.confidence <= UNCONFIRMED


def test_the_module_names_the_services_of_which_nothing_is_confirmed():
    confirmed = {row.service for row in SIGNATURES if row.confirmed}
    others = sorted({row.service for row in SIGNATURES} - confirmed)

    said = " ".join((signatures.__doc__ or "").split())
    assert f"All rows are unconfirmed of {', '.join(others[:-1])} and {others[-1]};" in said


def test_an_answer_says_how_sure_it_is_and_why():
    ssh = Flow("ssh", "tcp", None, b"SSH-2.0-x\r\n")
    x11 = Flow("x11", "tcp", b"l\0\x0b\0\0\0\0\0", b"\x01\0\x0b\0\0\0")
    web = Flow(None, "tcp", GET, http("200 OK"))

    assert identify(frame(ssh, web, x11)).rows() == [
        ("ssh", 1.0, ANSWERED),
        (None, None, None),
        ("x11", UNCONFIRMED, AGREED),
    ]


@pytest.mark.parametrize(
    "flow",
    [
        pytest.param(Flow(None, "tcp", GET, http("200 OK", "Server: nginx")), id="a web server"),
        pytest.param(Flow(None, "tcp", GET, http("200 OK", "X-Api-Version: 1.41")), id="a web API"),
        pytest.param(
            Flow(None, "tcp", POST, http("404 Not Found")), id="a web server asked for WinRM"
        ),
        pytest.param(
            Flow(None, "tcp", POST, http("401 Unauthorized", "WWW-Authenticate: Basic")), id="Basic"
        ),
        pytest.param(
            Flow(None, "tcp", b"GET /_ping HTTP/1.1", http("200 OK")), id="asked for Docker"
        ),
        pytest.param(Flow(None, "tcp", SSTP, http("501 Not Implemented")), id="refused SSTP"),
        pytest.param(
            Flow(None, "tcp", b"SSH-2.0-x\r\n", http("400 Bad Request")), id="SSH to a web server"
        ),
        pytest.param(
            Flow(None, "tcp", b"RFB 003.008\n", b"RFB 003.008\n", (12, -12)), id="reverse VNC"
        ),
        pytest.param(
            Flow(None, "tcp", b"\x16\x03\x01\0\xc8\x01", b"\x16\x03\x03\0\x7a\x02"), id="TLS"
        ),
        pytest.param(
            Flow(None, "tcp", CR + b"\xc1\x02\x01\0", CC + b"\xc1\x02\x01\0"), id="ISO-TSAP"
        ),
        pytest.param(Flow(None, "udp", reset(7, 14), reset(8, 27)), id="OpenVPN of another size"),
        pytest.param(
            Flow(None, "udp", ike(SPI + bytes(8), 0x20, 34, 8), ike(SPI_R + SPI, 0x20, 34, 0x20)),
            id="another SPI",
        ),
        pytest.param(Flow(None, "udp", bytes(148), bytes(92)), id="zeros"),
        pytest.param(
            Flow(None, "udp", b"\1\0\0\0" + SENDER, b"\2\0\0\0" + RECEIVER + SENDER, (147, -92)),
            id="147 bytes",
        ),
        pytest.param(
            Flow(None, "tcp", b"\x05\x01\x00", b"\x05\x00", (3, -3)), id="SOCKS of another size"
        ),
        pytest.param(Flow(None, "tcp", b"", b"\xff\xfb\x90\x64\0\0\0\0\0"), id="MPEG audio"),
        pytest.param(Flow(None, "tcp", None, None), id="nothing"),
    ],
)
def test_what_is_not_certain_is_not_told(flow):
    assert found(flow) == [None]


def test_rows_keep_their_order():
    nothing = Flow(None, "tcp", GET, http("200 OK"))
    flows = [nothing, TELLING[0], nothing, TELLING[-1], nothing]

    assert found(*flows) == [None, "ssh", None, "etcd", None]
    assert found() == []


heads = st.one_of(st.none(), st.binary(max_size=128))


@given(heads, heads, st.sampled_from(("tcp", "udp", "icmp", "unknown_transport")))
def test_any_bytes_are_read(orig, resp, transport):
    flow = frame(Flow(None, transport, orig, resp, history="ShADad"))
    flow = flow.with_columns(service=pl.lit("ssh"))

    assert identify(flow).height == 1
    assert contradicted(flow, "service").null_count() == 0


def contradiction(flow: Flow) -> bool:
    return bool(contradicted(frame(flow).with_columns(service=pl.lit(flow.service)), "service")[0])


@pytest.mark.parametrize(
    ("service", "resp"),
    [
        ("ssh", http("400 Bad Request")),
        ("ssh", b"\x16\x03\x03\0\x7a\x02\0\0\x76"),
        ("ssh", b"220 mail ESMTP\r\n"),
        ("rdp", b"SSH-2.0-x\r\n"),
        ("vnc", http("200 OK")),
        ("docker", b"SSH-2.0-x\r\n"),
        ("telnet", b"RFB 003.008\n"),
        ("winrm", b"220-ftp\r\n"),
        ("kubernetes", b"-NOAUTH Authentication required.\r\n"),
        ("pptp", b"\x15\x03\x01\0\x02\x02\x28"),
    ],
)
def test_another_protocol_contradicts_a_port(service, resp):
    assert contradiction(Flow(service, "tcp", b"", resp))


PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 6, 4)) + bytes(5)
SETTINGS = b"\0\0\x06\x04\0\0\0\0\0\0\x03\0\0\0\x64"
QUIC = b"\xc3\0\0\0\x01\x08" + SPI + b"\0\0"
TGS = b"\x6c\x81\x90\x30\x81\x8d\xa1\x03"
OTHERS = [
    ("docker", "tcp", PREFACE, SETTINGS),
    ("ssl", "udp", QUIC, b"\xc1\0\0\0\x01\0\x08" + SPI),
    ("ssl", "udp", b"\xd3\x6b\x33\x43\xcf\x08" + SPI, b"\xd1\x6b\x33\x43\xcf\0"),
    ("ssl", "udp", QUIC, b"\x9a\0\0\0\0\0\x08" + SPI),
    ("vnc", "tcp", b"\0\0\0\x45\xffSMB\x72", b"\0\0\0\x55\xfeSMB\x40"),
    ("ssh", "tcp", b"\x81\0\0\x44\x20CKFD", b"\x82\0\0\0"),
    ("ssh", "tcp", b"\5\0\x0b\3\x10\0\0\0", b"\5\0\x0c\3\x10\0\0\0"),
    ("rdp", "udp", TGS, b"\x6d\x82\x03\xe8\x30\x82\x03\xe4"),
    ("rdp", "tcp", b"\0\0\0\x93" + TGS, b"\0\0\0\x7e\x7e\x7c\x30\x7a\xa0\x03"),
    ("winrm", "tcp", b"\x30\x0c\2\1\1\x60\7\2\1\3", b"\x30\x0c\2\1\1\x61\7\x0a\1\0"),
    ("winrm", "tcp", b"\x30\x84\0\0\0\x10\2\1\1\x63", b"\x30\x84\0\0\0\x10\2\1\1\x64"),
    ("docker", "tcp", b"\0\0\0\x21\0\3\0\0user\0joe\0", b"R\0\0\0\x08\0\0\0\3"),
    ("docker", "tcp", b"\0\0\0\x08\x04\xd2\x16\x2f", b"S"),
    ("docker", "tcp", b"\x10\x0c\0\4MQTT\4\2", b"\x20\2\0\0"),
    ("rdp", "tcp", b"\x12\1\0\x2f\0\0\1\0", b"\4\1\0\x2b\0\0\1\0"),
]


@pytest.mark.parametrize(("service", "transport", "orig", "resp"), OTHERS)
def test_two_sides_of_another_protocol_contradict_a_port(service, transport, orig, resp):
    assert contradiction(Flow(service, transport, orig, resp))
    assert found(Flow(None, transport, orig, resp)) == [None]


@pytest.mark.parametrize(("service", "transport", "orig", "resp"), OTHERS)
def test_one_byte_away_from_another_protocol_the_port_speaks(service, transport, orig, resp):
    assert not contradiction(Flow(service, transport, orig, changed(resp, 0)))


def test_etcd_speaks_http2_too():
    assert not contradiction(Flow("etcd", "tcp", PREFACE, SETTINGS))


def test_quic_of_an_unknown_version_does_not_contradict_a_port():
    unknown = b"\xc3\x1a\x2a\x3a\x4a\x08" + SPI

    assert not contradiction(Flow("ssl", "udp", unknown, unknown))


@pytest.mark.parametrize(
    ("service", "resp"),
    [
        ("x11", b"\x03\x63\x50\x5f"),
        ("socks", b"\x13\x88"),
    ],
)
def test_a_responder_that_begins_as_the_service_never_does_contradicts_a_port(service, resp):
    assert contradiction(Flow(service, "tcp", b"", resp, history="ShADad"))
    assert not contradiction(Flow(service, "tcp", b"", resp, history="DadA"))  # from the middle
    assert not contradiction(Flow(service, "udp", b"", resp, history="Dd"))


def test_ssh_may_go_on_on_a_further_path():
    assert not contradiction(Flow("ssh", "tcp", b"", b"\0\0\3\x0c", history="ShADad"))


def test_what_services_must_begin_with_fits_their_signatures():
    in_clear = (flow for flow in TELLING if not (flow.resp or b"").startswith(b"HTTP/"))
    flows = [flow._replace(history="ShADad") for flow in in_clear]
    services = pl.Series("service", [flow.service for flow in flows])

    assert not contradicted(frame(*flows).with_columns(services), "service").any()
    assert {row.service for row in BEGINNINGS} <= set(SERVICES)


@pytest.mark.parametrize(
    ("service", "resp"),
    [
        ("ssh", None),
        ("ssh", b""),
        ("ssh", b"\x99\x98\x97"),
        ("rdp", b"\x16\x03\x03\0\x7a\x02\0\0\x76"),
        ("ssl", http("400 The plain HTTP request was sent to HTTPS port")),
        ("docker", http("400 Bad Request")),
        ("vnc", b"RFB 003.008\n"),
        ("telnet", b"\r\nlogin: "),
    ],
)
def test_silence_and_what_fits_do_not_contradict_a_port(service, resp):
    assert not contradiction(Flow(service, "tcp", b"", resp, (1,)))


@pytest.mark.parametrize(
    ("orig", "sizes"),
    [
        (http("200 OK"), (60,)),
        (b"220 mail ESMTP\r\n", (16,)),
        (CC + NEG_RSP, (19,)),
        (b"\x16\x03\x03\0\x7a\x02\0\0\x76", (127,)),
        (b"RFB 003.008\n", (12, -12)),
    ],
)
def test_a_server_that_is_the_originator_contradicts_any_port(orig, sizes):
    assert contradiction(Flow("ssh", "tcp", orig, None, sizes))


@pytest.mark.parametrize(
    ("orig", "sizes"), [(b"SSH-2.0-x\r\n", (11,)), (b"RFB 003.008\n", (-12, 12)), (GET, (16,))]
)
def test_what_clients_say_too_does_not(orig, sizes):
    assert not contradiction(Flow("ssh", "tcp", orig, None, sizes))


def test_tells_name_services_that_there_are():
    for row in TELLS:
        assert set(row.fits) <= {*SERVICES, "ssl"}
    assert set(CLIENTS_TOO) <= {row.protocol for row in TELLS}
