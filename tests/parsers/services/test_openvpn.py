from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.services.openvpn import (
    HMAC_SIZES,
    MOST_DATA,
    OpenvpnTcp,
    OpenvpnUdp,
    begins,
    begins_tcp,
)
from parsers.services.parser import NOTHING, ORIG, RESP
from tests.parsers.services.conversations import fed, without_logons

SECOND = 1_000_000_000
CLIENT, SERVER = b"client_8", b"server_8"

Said = list[tuple[int, bytes]]


def first(opcode: int, session: bytes) -> bytes:
    return bytes((opcode << 3,)) + session


def wrap(hmac: int, packet: int) -> bytes:
    return b"h" * hmac + packet.to_bytes(4) + b"time" if hmac else b""


def client_reset(hmac: int = 0, packet: int = 1, session: bytes = CLIENT) -> bytes:
    return first(7, session) + wrap(hmac, packet) + bytes(5)


def server_reset(hmac: int = 0, packet: int = 1, acknowledged: bytes = CLIENT) -> bytes:
    return first(8, SERVER) + wrap(hmac, packet) + b"\1" + bytes(4) + acknowledged + bytes(4)


def crypt(opcode: int, session: bytes, packet: int, size: int) -> bytes:
    return (first(opcode, session) + packet.to_bytes(4) + b"time").ljust(size, b"e")


def crypt_v3(packet: int = 0x0F000001, key: int = 299) -> bytes:
    return crypt(10, CLIENT, packet, 54) + b"k" * (key - 2) + key.to_bytes(2)


def control(session: bytes) -> bytes:
    return first(4, session) + b"\0\0\0\0\1" + b"\x16\3\1"


def acknowledgement(session: bytes, other: bytes) -> bytes:
    return first(5, session) + b"\1" + bytes(4) + other


DATA = b"\x48\0\0\0" + b"d" * 60
FLOW: Said = [(ORIG, control(CLIENT)), (RESP, control(SERVER)), (ORIG, DATA), (RESP, DATA)]
BARE: Said = [(ORIG, client_reset()), (RESP, server_reset()), *FLOW]
AUTH: Said = [(ORIG, client_reset(20)), (RESP, server_reset(20)), *FLOW]
CRYPT: Said = [(ORIG, crypt(7, CLIENT, 1, 54)), (RESP, crypt(8, SERVER, 1, 66)), *FLOW]
CRYPT_V2: Said = [(ORIG, crypt_v3()), (RESP, crypt(8, SERVER, 1, 72)), *FLOW]
KINDS = [BARE, AUTH, CRYPT, CRYPT_V2]


def framed(octets: bytes) -> bytes:
    return len(octets).to_bytes(2) + octets


def replay(said: Said) -> OpenvpnUdp:
    return without_logons(fed(OpenvpnUdp(), said))


def replay_tcp(said: Said) -> OpenvpnTcp:
    parser = OpenvpnTcp()
    for second, (side, octets) in enumerate(said, 1):
        parser.data(side, framed(octets), second * SECOND)
    return without_logons(parser)


def events(said: Said) -> list[str]:
    return [row["ev"] for table, row in replay(said).rows if table == "openvpn"]


def test_a_session_has_a_row_for_each_reset_and_one_for_its_data():
    assert replay(BARE).rows == [
        ("openvpn", {"ts": 1 * SECOND, "ev": "HARD RESET CLIENT_V2"}),
        ("openvpn", {"ts": 2 * SECOND, "ev": "HARD RESET SERVER_V2"}),
        ("openvpn", {"ts": 5 * SECOND, "ev": "TLS ESTABLISHED"}),
    ]


@pytest.mark.parametrize("said", KINDS)
def test_every_way_of_wrapping_is_read_to_its_data_over_udp_and_tcp(said):
    for parser in (replay(said), replay_tcp(said)):
        assert [row["ev"] for _, row in parser.rows][1:] == [
            "HARD RESET SERVER_V2",
            "TLS ESTABLISHED",
        ]
        assert parser.confirmed
        assert parser.wants == [NOTHING, NOTHING]


@pytest.mark.parametrize("hmac", HMAC_SIZES)
def test_every_size_of_hmac_is_confirmed_by_the_answer(hmac):
    said = [(ORIG, client_reset(hmac)), (RESP, server_reset(hmac))]
    assert begins(said[0][1], said[1][1]) is True
    assert replay(said).confirmed


def test_an_encrypted_answer_is_confirmed_when_the_client_goes_on():
    assert not replay(CRYPT[:2]).confirmed
    assert not replay([*CRYPT[:2], (ORIG, control(SERVER))]).confirmed
    assert replay(CRYPT[:3]).confirmed


def test_who_is_refused_gets_no_data():
    assert events(BARE[:-1]) == ["HARD RESET CLIENT_V2", "HARD RESET SERVER_V2"]


def test_each_try_in_a_connection_has_its_resets():
    other = b"anotherc"
    again = [(ORIG, client_reset(session=other)), (RESP, server_reset(acknowledged=other))]
    assert events([*BARE[:3], *again]) == ["HARD RESET CLIENT_V2", "HARD RESET SERVER_V2"] * 2


def test_a_repeated_reset_may_acknowledge():
    repeated = first(7, CLIENT) + b"\1" + bytes(4) + SERVER + bytes(4)
    parser = replay([*BARE[:2], (ORIG, repeated), (RESP, server_reset()), *FLOW])
    assert len(parser.rows) == 5
    assert not parser.failed


def test_a_soft_reset_is_told_with_its_side():
    said = [*BARE[:2], (ORIG, first(3, CLIENT) + bytes(9)), (RESP, first(3, SERVER) + bytes(9))]
    assert events(said)[2:] == ["SOFT RESET CLIENT", "SOFT RESET SERVER"]


def test_nothing_is_read_behind_the_data():
    parser = replay([*BARE, (ORIG, b"\xff" * 20), (ORIG, client_reset(session=b"another!"))])
    assert len(parser.rows) == 3
    assert not parser.failed


def test_endless_data_of_one_side_is_given_up():
    parser = replay([*BARE[:2], *[(RESP, DATA)] * MOST_DATA])
    assert parser.wants == [NOTHING, NOTHING]
    assert len(parser.rows) == 2


@pytest.mark.parametrize(
    "said",
    [
        [(ORIG, control(CLIENT))],
        [(RESP, server_reset())],
        [(ORIG, b"GET / HTTP/1.1\r\n")],
        [(ORIG, client_reset()), (RESP, b"\0")],
        [(ORIG, client_reset()), (RESP, b"\x68" + SERVER)],
        [(ORIG, client_reset() + b"\0")],
    ],
)
def test_what_is_no_message_ends_it(said):
    assert replay(said).failed == "not_openvpn"


def test_an_answer_to_another_session_is_refused():
    said = [(ORIG, client_reset()), (RESP, server_reset(acknowledged=SERVER))]
    parser = replay(said)
    assert parser.failed == "reset_not_acknowledged"
    assert not parser.confirmed
    assert begins(said[0][1], said[1][1]) is False


def test_a_client_alone_is_not_enough():
    assert begins(b"", b"") is None
    assert begins(client_reset(), b"") is None
    assert begins(b"", server_reset()) is None
    assert begins(client_reset(), server_reset()) is True


FIXED = {
    "bare": (client_reset(), server_reset(), [0, *range(9, 14)]),
    "auth": (client_reset(20), server_reset(20), [0, *range(29, 32), *range(37, 42)]),
    "crypt": (crypt(7, CLIENT, 1, 54), crypt(8, SERVER, 1, 66), [0, 9, 10, 11]),
    "crypt_v2": (crypt_v3(), crypt(8, SERVER, 1, 72), [0, 11, 351, 352]),
}


@pytest.mark.parametrize("kind", FIXED)
def test_a_byte_away_of_the_client_is_refused(kind):
    client, server, fixed = FIXED[kind]
    for at in fixed:
        near = bytearray(client)
        near[at] ^= 0x80
        assert begins(bytes(near), server) is False, at
        assert begins(bytes(near), b"") is False, at
    for near in (client + b"\0", client[:-1]):
        assert begins(near, server) is False


@pytest.mark.parametrize("at", [0, *range(9, 26)])
def test_a_byte_away_of_the_server_is_refused(at):
    near = bytearray(server_reset())
    near[at] ^= 1
    assert begins(client_reset(), bytes(near)) is False


@pytest.mark.parametrize("size", [65, 67, 71, 73])
def test_an_encrypted_answer_of_another_size_is_refused(size):
    assert begins(crypt(7, CLIENT, 1, 54), crypt(8, SERVER, 1, size)) is False


@pytest.mark.parametrize(("packet", "verdict"), [(0, False), (255, True), (256, False)])
def test_packet_ids_are_those_of_a_beginning(packet, verdict):
    assert begins(client_reset(20, packet), server_reset(20)) is verdict
    assert begins(client_reset(20), server_reset(20, packet)) is verdict


@pytest.mark.parametrize(
    ("key", "verdict"), [(289, False), (290, True), (1024, True), (1025, False)]
)
def test_a_wrapped_key_has_a_size(key, verdict):
    assert begins(crypt_v3(key=key), crypt(8, SERVER, 1, 66)) is verdict


@pytest.mark.parametrize("said", KINDS)
def test_streams_begin_as_datagrams_with_their_length_do(said):
    (_, client), (_, server) = said[:2]
    orig, resp = framed(client) + framed(control(CLIENT)), framed(server) + b"more"
    assert begins_tcp(orig, resp) is True
    assert begins_tcp(orig[:200], resp) is True
    for length in range(len(framed(server))):
        assert begins_tcp(orig, resp[:length]) is None
    for length in range(13):
        assert begins_tcp(orig[:length], resp) is None
        assert begins_tcp(orig[:length], b"") is None


@pytest.mark.parametrize("at", range(3))
def test_a_length_or_opcode_away_is_refused_in_streams(at):
    near = bytearray(framed(client_reset()))
    near[at] ^= 1
    assert begins_tcp(bytes(near), framed(server_reset())) is False


def test_no_length_is_no_message():
    assert begins_tcp(bytes(3), b"") is False
    parser = OpenvpnTcp()
    parser.data(ORIG, bytes(3), 0)
    assert parser.failed == "not_openvpn"


def test_a_long_stream_of_another_protocol_is_not_held():
    parser = OpenvpnTcp()
    parser.data(ORIG, b"GET", 0)
    assert parser.failed == "not_openvpn"


def test_a_gap_ends_it_unless_nothing_more_is_wanted():
    parser = replay_tcp(BARE[:3])
    parser.gap(RESP, 10, 0)
    assert parser.failed == "content_gap"
    assert parser.confirmed
    parser = replay_tcp(BARE)
    parser.gap(RESP, 10, 0)
    assert not parser.failed


@pytest.mark.parametrize("said", KINDS)
@given(data=st.data())
def test_pieces_do_not_matter(said, data):
    parser, whole = OpenvpnTcp(), OpenvpnTcp()
    for side, message in said:
        octets = framed(message)
        whole.data(side, octets, 0)
        cuts = data.draw(st.lists(st.integers(0, len(octets)), max_size=4).map(sorted))
        for start, stop in zip([0, *cuts], [*cuts, len(octets)], strict=True):
            parser.data(side, octets[start:stop], 0)
    assert parser.rows == whole.rows
    assert parser.confirmed
    assert parser.wants == whole.wants


@pytest.mark.parametrize("said", KINDS)
def test_every_truncation_is_met(said):
    for at, (side, octets) in enumerate(said):
        for length in range(len(octets)):
            cut = [*said[:at], (side, octets[:length])]
            assert len(replay(cut).rows) <= 3
            assert len(replay_tcp(cut).rows) <= 3


@given(said=st.sampled_from(KINDS), at=st.integers(0, 5), bit=st.integers(0, 1 << 12))
def test_no_flipped_bit_is_an_exception(said, at, bit):
    side, octets = said[at]
    flipped = bytearray(octets)
    flipped[bit // 8 % len(octets)] ^= 1 << bit % 8
    near = [*said[:at], (side, bytes(flipped)), *said[at + 1 :]]
    assert len(replay(near).rows) <= 3
    assert len(replay_tcp(near).rows) <= 3


@given(st.lists(st.tuples(st.sampled_from([ORIG, RESP]), st.binary(max_size=64)), max_size=12))
def test_no_bytes_are_an_exception(said):
    assert replay(said).rows == []
    assert replay_tcp(said).rows == []
    for _, octets in said:
        assert begins(octets, b"") in (None, False)
        assert begins(client_reset(), octets) in (None, False)
        assert begins_tcp(octets, octets) in (None, False)
        assert begins_tcp(framed(client_reset()), octets) in (None, False)
