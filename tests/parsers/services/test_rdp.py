from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.services.parser import NOTHING, ORIG, RESP
from parsers.services.rdp import CHECK_INTERVAL, Rdp, begins
from tests.parsers.services.conversations import fed, without_logons

SECOND = 1_000_000_000
COOKIE = b"Cookie: mstshash=alice\r\n"

Said = list[tuple[int, bytes]]


def packet(x224: bytes) -> bytes:
    return b"\3\0" + (len(x224) + 4).to_bytes(2) + x224


def connection(code: int, variable: bytes) -> bytes:
    return packet(bytes([len(variable) + 6, code]) + b"\0\0\x12\x34\0" + variable)


def request(variable: bytes = COOKIE) -> bytes:
    return connection(0xE0, variable)


def wants(protocols: int) -> bytes:
    return b"\1\0\x08\0" + struct.pack("<I", protocols)


def chosen(protocol: int) -> bytes:
    return connection(0xD0, b"\2\1\x08\0" + struct.pack("<I", protocol))


def failure(code: int) -> bytes:
    return connection(0xD0, b"\3\0\x08\0" + struct.pack("<I", code))


def data(content: bytes) -> bytes:
    return packet(b"\2\xf0\x80" + content)


def block(kind: int, content: bytes) -> bytes:
    return struct.pack("<HH", kind, len(content) + 4) + content


def greeting(channel: bytes = b"rdpdr") -> bytes:
    """A client's MCS Connect Initial, of one channel."""
    core = struct.pack("<IHH4xII", 0x80004, 800, 600, 1033, 6001) + bytes(32 + 12 + 64 + 8)
    blocks = block(0xC001, core + struct.pack("<HHH", 16, 7, 1) + bytes(64))
    blocks += block(0xC003, struct.pack("<I8sI", 1, channel, 0))
    mcs = b"\4\1\1\4\1\1\1\1\xff\x30\0\x30\0\x30\0\4\x82\1\0"
    gcc = b"\0\5\0\x14\x7c\0\1\x81\0\0\x08\0\x10\0\1\xc0\0Duca\x81\0"
    return data(b"\x7f\x65\x82\1\0" + mcs + gcc + blocks)


def answer(method: int = 2, level: int = 3) -> bytes:
    """A server's MCS Connect Response, with a chain of one certificate."""
    certificate = struct.pack("<III", 2, 1, 3) + b"DER"
    security = struct.pack("<IIII", method, level, 0, len(certificate)) + certificate
    mcs = b"\x0a\1\0\2\1\0\x30\0\4\x82\1\0"
    gcc = b"\0\5\0\x14\x7c\0\1\x2a\x14\x76\x0a\1\1\0\1\xc0\0McDn\x81\0"
    return data(b"\x7f\x66\x82\1\0" + mcs + gcc + block(0x0C02, security))


NATIVE: Said = [
    (ORIG, request()),
    (RESP, connection(0xD0, b"")),
    (ORIG, greeting()),
    (RESP, answer()),
]
OVER_TLS: Said = [(ORIG, request(COOKIE + wants(3))), (RESP, chosen(2))]
TOKENLESS: Said = [(ORIG, request(b"\r\n")), (RESP, connection(0xD0, b"")), (ORIG, greeting())]


def replay(said: Said) -> Rdp:
    return without_logons(fed(Rdp(), said))


def row(said: Said) -> dict[str, object]:
    ((table, values),) = replay(said).rows
    assert table == "rdp"
    return values


def test_the_row_of_a_session_in_the_clear_has_every_column():
    assert row(NATIVE) == {
        "ts": SECOND,
        "cookie": "alice",
        "result": "Success",
        "security_protocol": "RDP",
        "client_channels": ["rdpdr"],
        "keyboard_layout": "English - United States",
        "client_build": "RDP 6.1",
        "client_name": "",
        "client_dig_product_id": "",
        "desktop_width": 800,
        "desktop_height": 600,
        "requested_color_depth": "16bit",
        "cert_type": "X.509",
        "cert_count": 1,
        "cert_permanent": True,
        "encryption_level": "High",
        "encryption_method": "128bit",
    }


def test_nothing_is_wanted_once_the_server_has_answered():
    parser = Rdp()
    for side, octets in NATIVE:
        assert parser.wants == [0, 0]
        parser.data(side, octets, 0)
    assert parser.wants == [NOTHING, NOTHING]
    assert [table for table, _ in parser.rows] == ["rdp", "logon"]
    parser.data(RESP, b"encrypted", 0)
    parser.gap(RESP, 10, 0)
    parser.end(0)
    assert [table for table, _ in parser.rows] == ["rdp", "logon"]
    assert parser.confirmed
    assert not parser.tls_begins
    assert not parser.failed


@pytest.mark.parametrize(
    ("protocol", "name"),
    [(1, "SSL"), (2, "HYBRID"), (8, "HYBRID_EX"), (4, "security_protocol-4")],
)
def test_tls_begins_where_the_server_chooses_it(protocol, name):
    parser = Rdp()
    parser.data(ORIG, request(COOKIE + wants(15)), SECOND)
    assert not parser.tls_begins
    parser.data(RESP, chosen(protocol), 2 * SECOND)
    assert parser.tls_begins
    assert parser.wants == [NOTHING, NOTHING]
    expected = {"ts": SECOND, "cookie": "alice", "result": "encrypted", "cert_count": 0}
    assert parser.rows == [("rdp", {**expected, "security_protocol": name})]


def test_a_server_that_stays_with_rdp_is_named():
    said = [(ORIG, request(wants(0))), (RESP, chosen(0))]
    known = row(said)
    assert known["security_protocol"] == "RDP"
    assert "result" not in known
    assert not replay(said).tls_begins


@pytest.mark.parametrize(
    ("code", "name"),
    [(2, "SSL_NOT_ALLOWED_BY_SERVER"), (5, "HYBRID_REQUIRED_BY_SERVER"), (9, "failure_code-9")],
)
def test_a_failed_negotiation_says_why(code, name):
    assert row([(ORIG, request(COOKIE + wants(1))), (RESP, failure(code))])["result"] == name


@pytest.mark.parametrize(
    ("variable", "cookie"),
    [
        (b"", ""),
        (wants(3), ""),
        (b"Cookie: mstshash=\r\n" + wants(3), ""),
        (b"Cookie: mstshash=JOHN-PC  \r\n" + wants(3), "JOHN-PC  "),
        (b"Cookie: mstshash=\xe4\r\n", "\\xe4"),
        (b"Cookie: msts=3640205228.15629.0000\r\n" + wants(3), ""),
        (b"tsv://MS Terminal Services Plugin.1.AH\r\n" + wants(11), ""),
        (COOKIE + b"\1\x08\x08\0\3\0\0\0\6\0\x24\0" + bytes(32), "alice"),
    ],
)
def test_the_cookie_of_every_kind_of_request(variable, cookie):
    assert row([(ORIG, request(variable))]) == {"ts": SECOND, "cookie": cookie, "cert_count": 0}
    assert begins(request(variable), b"") is True


def test_what_comes_ten_seconds_later_is_not_in_the_row():
    for late, known in ((CHECK_INTERVAL, True), (CHECK_INTERVAL + 1, False)):
        parser = Rdp()
        parser.data(ORIG, request(), SECOND)
        parser.data(RESP, chosen(1), SECOND + late)
        assert ("result" in parser.rows[0][1]) is known
        assert parser.tls_begins


def test_an_unreadable_request_begins_the_row_with_the_clients_greeting():
    parser = replay(TOKENLESS)
    assert parser.failed == "unreadable_request"
    assert not parser.confirmed
    known = parser.rows[0][1]
    assert (known["ts"], known["client_channels"]) == (3 * SECOND, ["rdpdr"])
    assert "cookie" not in known


def test_an_unreadable_request_without_a_telling_channel_makes_no_row():
    assert replay([*TOKENLESS[:2], (ORIG, greeting(b"other"))]).rows == []
    assert replay(TOKENLESS[:2]).rows == []


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ([*NATIVE[:1], (ORIG, request(b"Cookie: mstshash="))], "unreadable_request"),
        ([*NATIVE[:1], (RESP, connection(0xD0, b"\4" + bytes(7)))], "unreadable_confirm"),
        ([*NATIVE[:1], (RESP, connection(0xD0, b"\2\0"))], "unreadable_confirm"),
        ([*NATIVE[:2], (ORIG, data(b"\x28"))], "message_too_short"),
        ([*NATIVE[:2], (ORIG, data(b"\x7f\x65\x82"))], "message_too_short"),
        ([*NATIVE[:2], (ORIG, b"\x16\3\1")], "not_tpkt"),
        ([*NATIVE[:2], (ORIG, b"\3\0\0\4")], "packet_too_short"),
    ],
)
def test_what_cannot_be_read_keeps_the_row_so_far(said, reason):
    parser = replay(said)
    assert parser.failed == reason
    assert parser.rows[0][1]["cookie"] == "alice"


@pytest.mark.parametrize("octets", [b"GET / HTTP/1.1\r\n", b"\x16\3\1\2\0", b"SSH-2.0-x\r\n"])
def test_another_protocol_fails_without_a_row(octets):
    for said in ([(ORIG, octets)], [(RESP, octets)], [(ORIG, request()), (RESP, octets)]):
        parser = replay(said)
        assert (parser.failed, parser.rows) == ("not_tpkt", [])


def test_other_packets_are_passed_over():
    others = [(ORIG, packet(b"\6\x80" + bytes(5))), (RESP, data(b"\x68\0\1"))]
    assert row([*NATIVE[:2], *others, *NATIVE[2:]]) == row(NATIVE)


def test_a_gap_keeps_the_row_so_far():
    parser = Rdp()
    for side, octets in NATIVE[:3]:
        parser.data(side, octets, 0)
    parser.gap(RESP, 10, 0)
    assert parser.failed == "content_gap"
    assert parser.rows[0][1]["client_build"] == "RDP 6.1"
    assert parser.confirmed


@pytest.mark.parametrize("said", [NATIVE, OVER_TLS, TOKENLESS])
@given(data=st.data())
def test_pieces_do_not_matter(said, data):
    parser, whole = Rdp(), Rdp()
    for side, octets in said:
        whole.data(side, octets, 0)
        cuts = data.draw(st.lists(st.integers(0, len(octets)), max_size=4).map(sorted))
        for start, stop in zip([0, *cuts], [*cuts, len(octets)], strict=True):
            parser.data(side, octets[start:stop], 0)
    assert parser.rows == whole.rows
    assert len([table for table, _ in parser.rows if table == "rdp"]) == 1
    assert (parser.wants, parser.tls_begins) == (whole.wants, whole.tls_begins)


@pytest.mark.parametrize("said", [NATIVE, OVER_TLS, TOKENLESS])
def test_every_truncation_ends_with_at_most_a_row(said):
    for at, (side, octets) in enumerate(said):
        for length in range(len(octets)):
            assert len(replay([*said[:at], (side, octets[:length])]).rows) <= 1


@given(
    said=st.sampled_from([NATIVE, OVER_TLS, TOKENLESS]),
    at=st.integers(0, 3),
    bit=st.integers(0, 1 << 12),
)
def test_no_flipped_bit_is_an_exception(said, at, bit):
    side, octets = said[at % len(said)]
    flipped = bytearray(octets)
    flipped[bit // 8 % len(octets)] ^= 1 << bit % 8
    said = list(said)
    said[at % len(said)] = (side, bytes(flipped))
    assert len(replay(said).rows) <= 1


@given(st.lists(st.tuples(st.sampled_from([ORIG, RESP]), st.binary(max_size=64)), max_size=12))
def test_no_bytes_are_an_exception(said):
    assert len(replay(said).rows) <= 1
    packets = [(side, packet(b"\2\xf0\x80\x7f" + octets)) for side, octets in said]
    assert len(replay([*NATIVE[:1], *packets]).rows) == 1


def test_it_begins_with_a_request():
    whole = request(COOKIE + wants(3))
    assert begins(whole, b"") is True
    assert begins(whole, chosen(1)) is True
    assert begins(request(b"\r\n"), connection(0xD0, b"")) is True
    assert begins(b"", chosen(1)) is None
    for length in range(len(whole)):
        assert begins(whole[:length], b"") is None


@pytest.mark.parametrize("at", [0, 1, 2, 3, 4, 5, 6, 7, 10, *range(11, 28), 33, 34, 35, 37, 38])
def test_a_byte_away_is_refused(at):
    near = bytearray(request(COOKIE + wants(3)))
    near[at] ^= 0x20
    assert begins(bytes(near), b"") is False


@pytest.mark.parametrize("at", [0, 1, 2, 3, 4, 5, 10])
def test_an_answer_a_byte_away_is_refused(at):
    near = bytearray(chosen(1))
    near[at] ^= 0x20
    assert begins(request(), bytes(near)) is False


def test_other_users_of_tpkt_are_refused():
    s7 = request(b"\xc1\2\1\0\xc2\2\1\2\xc0\1\x0a")
    assert begins(s7, b"") is False
    assert replay([(ORIG, s7), (RESP, connection(0xD0, b"\xc0\1\x0a"))]).rows == []
