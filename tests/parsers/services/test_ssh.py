from __future__ import annotations

import tracemalloc
from base64 import b64encode
from hashlib import md5, sha256
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parsers.schema import OWN_TABLES, TABLES
from parsers.services.parser import NOTHING, ORIG, RESP
from parsers.services.ssh import Ssh, begins
from parsers.services.ssh_auth import PATIENCE
from parsers.services.ssh_handshake import MAX_CLEAR, MAX_LINE

T0 = 1_700_000_000_000_000_000
SECOND = 10**9

Segment = tuple[int, bytes]

CLIENT, SERVER = b"SSH-2.0-OpenSSH_9.2\r\n", b"SSH-2.0-OpenSSH_8.9p1 Ubuntu-3\r\n"
KEY = b"\x00\x00\x00\x0bssh-ed25519\x00\x00\x00\x20" + bytes(32)
FINGERPRINT = "SHA256:" + b64encode(sha256(KEY).digest()).decode()[:32]
NEWKEYS = 21


def string(value: bytes) -> bytes:
    return len(value).to_bytes(4, "big") + value


def packet(message: int, content: bytes = b"", padding: int = 4) -> bytes:
    body = bytes([padding, message]) + content + bytes(padding)
    return string(body)


def kexinit(
    kex: str = "curve25519-sha256",
    host_key: str = "ssh-ed25519",
    cipher: str = "chacha20-poly1305@openssh.com",
    mac: str = "hmac-sha2-256",
    compression: str = "none",
    **to_client: str,
) -> bytes:
    """An offer; what differs towards the client is named: `cipher_to_client`."""
    lists = [kex, host_key]
    for name, value in (("cipher", cipher), ("mac", mac), ("compression", compression)):
        lists += [value, to_client.get(f"{name}_to_client", value)]
    names = b"".join(string(value.encode()) for value in [*lists, "", ""])
    return packet(20, bytes(16) + names + bytes(5))


def reply(message: int = 31) -> bytes:
    return packet(message, string(KEY) + string(b"public") + string(b"signature"))


def opening(offer: bytes = b"", answer: bytes = b"", exchange: Any = None) -> list[Segment]:
    """All that is in clear: identifications, offers, a key exchange, NEWKEYS."""
    asked, replied = exchange or (packet(30, string(b"public")), reply())
    return [
        (RESP, SERVER),
        (ORIG, CLIENT),
        (ORIG, offer or kexinit()),
        (RESP, answer or offer or kexinit()),
        (ORIG, asked),
        (RESP, replied + packet(NEWKEYS)),
        (ORIG, packet(NEWKEYS)),
    ]


LOGON = [
    *((ORIG, bytes(44)), (RESP, bytes(44)), (ORIG, bytes(60)), (RESP, bytes(52))),
    *((ORIG, bytes(148)), (RESP, bytes(52)), (ORIG, bytes(148)), (RESP, bytes(28))),
]
USUAL = [*opening(), *LOGON]


def read(segments: list[Segment], *, expected: bool = True) -> Ssh:
    """A parser that was given segments, one a second."""
    parser = Ssh(expected=expected)
    for number, (side, octets) in enumerate(segments):
        parser.data(side, octets, T0 + number * SECOND)
    return parser


def ended(segments: list[Segment], *, expected: bool = True) -> Ssh:
    parser = read(segments, expected=expected)
    if not parser.failed:
        parser.end(T0)
    return parser


def row(segments: list[Segment], *, expected: bool = True) -> dict[str, Any]:
    """The one row of `ssh` that was made."""
    (values,) = rows(ended(segments, expected=expected), "ssh")
    return values


def rows(parser: Ssh, table: str) -> list[dict[str, Any]]:
    return [values for name, values in parser.rows if name == table]


def picked(values: dict[str, Any], *names: str) -> tuple[Any, ...]:
    return tuple(values.get(name) for name in names)


def test_the_usual_conversation():
    algorithms = "curve25519-sha256;chacha20-poly1305@openssh.com;hmac-sha2-256;none"
    fingerprint = md5(algorithms.encode()).hexdigest()
    assert row(USUAL) == {
        "ts": T0,
        "version": 2,
        "auth_success": True,
        "auth_attempts": 2,
        "client": "SSH-2.0-OpenSSH_9.2",
        "server": "SSH-2.0-OpenSSH_8.9p1 Ubuntu-3",
        "cipher_alg": "chacha20-poly1305@openssh.com",
        "mac_alg": "hmac-sha2-256",
        "compression_alg": "none",
        "kex_alg": "curve25519-sha256",
        "host_key_alg": "ssh-ed25519",
        "host_key_fingerprint": FINGERPRINT,
        "hasshVersion": "1.1",
        "hassh": fingerprint,
        "hasshServer": fingerprint,
        "cshka": "ssh-ed25519",
        "sshka": "ssh-ed25519",
        "hasshAlgorithms": algorithms,
        "hasshServerAlgorithms": algorithms,
    }


def test_every_column_is_in_the_schema():
    assert set(row(USUAL)) <= {column.name for column in TABLES["ssh"]}


def test_the_row_is_made_once_the_logon_worked_and_nothing_is_wanted_once_the_client_goes_on():
    parser = read(USUAL)
    assert [table for table, _ in parser.rows] == ["ssh"]
    assert parser.wants == [0, 0]
    parser.data(ORIG, bytes(112), T0 + 20 * SECOND)
    assert parser.wants == [NOTHING, NOTHING]
    made = list(parser.rows)
    assert [table for table, _ in made] == ["ssh", "logon", "logon"]
    parser.data(RESP, bytes(52), T0)
    parser.gap(RESP, 1, T0)
    parser.end(T0)
    assert parser.rows == made
    assert parser.failed == ""


def test_what_the_client_logged_on_with_is_told():
    failed, worked = rows(ended(USUAL), "logon")
    assert set(failed) <= {column.name for column in OWN_TABLES["logon"]}
    assert picked(failed, "outcome", "method", "attempts") == ("failed", "password", 1)
    assert picked(worked, "outcome", "method", "attempts") == ("success", "password", 1)
    assert worked["offered"] == ["publickey", "password"]
    assert picked(worked, "service", "software", "known_by") == (
        "ssh",
        "SSH-2.0-OpenSSH_9.2",
        "sizes and timing",
    )


@pytest.mark.parametrize("lost", [ORIG, RESP])
def test_after_a_loss_within_the_logon_it_is_not_told(lost):
    parser = read(USUAL[:-1])
    parser.gap(lost, 100, T0)
    (told,) = rows(parser, "logon")
    assert picked(told, "outcome", "attempts") == ("unknown", 0)
    assert told["detail"] == "bytes are missing in the capture"


def test_a_loss_of_what_the_client_asks_does_not_end_the_guess():
    parser = read(USUAL[:-1])
    parser.gap(ORIG, 100, T0)
    assert parser.wants == [NOTHING, 0]
    parser.data(RESP, bytes(28), T0)
    (values,) = rows(parser, "ssh")
    assert values["auth_success"] is True
    assert parser.failed == ""


@pytest.mark.parametrize("expected", [True, False])
def test_a_client_that_does_not_wait_is_followed_though_not_in_the_row(expected):
    """Dropbear offers before it knows whom it speaks with, and guesses the key exchange."""
    hasty = CLIENT + kexinit() + packet(30, string(b"public"))
    answers = SERVER + kexinit()
    others = [(ORIG, hasty), (RESP, answers), (RESP, reply() + packet(NEWKEYS))]
    parser = ended([*others, (ORIG, packet(NEWKEYS)), *LOGON], expected=expected)
    (values,) = rows(parser, "ssh")
    assert picked(values, "hassh", "cipher_alg") == (None, None)
    assert not parser.confirmed
    assert parser.failed == "packet_before_version"
    assert [told["outcome"] for told in rows(parser, "logon")] == ["failed", "success"]


def test_hasty_offers_are_held_up_to_a_limit():
    parser = read([(ORIG, CLIENT)], expected=False)
    for _ in range(MAX_CLEAR // 1460 + 2):
        parser.data(ORIG, b"\x00" * 1460, T0)
    parser.data(RESP, SERVER, T0)
    assert parser.failed == "packet_before_version"
    assert rows(parser, "logon") == []


def test_the_row_of_a_failed_logon_waits_for_the_end():
    parser = read(USUAL[:-1])
    assert parser.rows == []
    parser.end(T0)
    assert picked(parser.rows[0][1], "auth_success", "auth_attempts") == (False, 1)


def test_bulk_without_an_answer_ends_it():
    bulk = [(RESP, bytes(1460))] * (PATIENCE // 1460 + 1)
    parser = read([*USUAL[:-1], *bulk])
    assert parser.wants == [NOTHING, NOTHING]
    assert picked(parser.rows[0][1], "auth_success", "auth_attempts") == (False, 1)


def test_what_comes_in_the_segment_of_newkeys_is_one_answer():
    segments = opening()
    segments[6] = (ORIG, packet(NEWKEYS) + bytes(44))
    assert row([*segments, (RESP, bytes(44)), (RESP, bytes(28))])["auth_success"] is True


def test_answers_are_told_apart_by_segments():
    glued = [*USUAL[:-1], (RESP, bytes(28 + 36))]
    assert row(glued)["auth_success"] is False


@pytest.mark.parametrize("compression", ["zlib", "zlib@openssh.com"])
def test_lengths_tell_nothing_under_compression(compression):
    parser = read([*opening(kexinit(compression=compression)), *LOGON])
    assert picked(parser.rows[0][1], "auth_success", "auth_attempts") == (None, 0)


def test_compression_that_begins_after_the_logon_hides_nothing_of_it():
    offer = kexinit(compression="zlib@openssh.com")
    parser = ended([*opening(offer), *LOGON])
    assert [told["outcome"] for told in rows(parser, "logon")] == ["failed", "success"]


def test_compression_from_the_start_hides_the_logon():
    parser = read([*opening(kexinit(compression="zlib")), *LOGON])
    (told,) = rows(parser, "logon")
    assert picked(told, "outcome", "detail") == ("unknown", "compression hides sizes")
    assert parser.wants == [NOTHING, NOTHING]


def test_it_is_confirmed_by_newkeys():
    assert not read(USUAL[:5]).confirmed
    assert read(USUAL[:6]).confirmed


def test_what_cannot_be_read_takes_that_back_but_not_what_is_too_long():
    segments = [*USUAL[:4], (ORIG, packet(NEWKEYS))]
    assert not read([*segments, (RESP, packet(4))]).confirmed
    assert read([*segments, (RESP, b"\xff" * 4)]).confirmed


def test_the_first_name_of_the_client_that_the_server_has_is_chosen():
    offer = kexinit("a,curve25519-sha256,b", "x,y", "c,d", "e,f", "none,zlib")
    answer = kexinit("b,curve25519-sha256", "y,x", "d,c", "f", "zlib,none")
    values = row(opening(offer, answer))
    names = ("kex_alg", "host_key_alg", "cipher_alg", "mac_alg", "compression_alg")
    assert picked(values, *names) == ("curve25519-sha256", "x", "c", "f", "none")


def test_both_directions_are_told_where_they_differ():
    offer = kexinit(cipher="a,b", cipher_to_client="b,a")
    assert row(opening(offer))["cipher_alg"] == "To server: a, to client: b"


def test_hassh_is_made_of_what_each_side_sends():
    offer = kexinit(cipher="up", cipher_to_client="down")
    algorithms = picked(row(opening(offer)), "hasshAlgorithms", "hasshServerAlgorithms")
    assert algorithms == (
        "curve25519-sha256;up;hmac-sha2-256;none",
        "curve25519-sha256;down;hmac-sha2-256;none",
    )


def test_no_common_algorithm_is_said():
    values = row(opening(kexinit("a"), kexinit("b"))[:4])
    assert values["kex_alg"] == "Algorithm negotiation failed"
    assert values["cipher_alg"] == "chacha20-poly1305@openssh.com"


@pytest.mark.parametrize(
    ("kex", "asked", "replied"),
    [
        ("diffie-hellman-group14-sha256", packet(30, string(b"e")), reply(31)),
        (
            "diffie-hellman-group-exchange-sha256",
            packet(34, bytes(12)),
            packet(31, string(b"p") + string(b"g")) + reply(33),
        ),
        ("ecdh-sha2-nistp256", packet(30, string(b"q")), reply(31)),
        ("sntrup761x25519-sha512@openssh.com", packet(30, string(b"q")), reply(31)),
        ("mlkem768x25519-sha256", packet(30, string(b"q")), reply(31)),
        ("gss-group14-sha256-x", packet(30, string(b"t") + string(b"e")), packet(33, string(KEY))),
    ],
)
def test_the_host_key_is_found_in_every_key_exchange(kex, asked, replied):
    values = row([*opening(kexinit(kex), exchange=(asked, replied)), *LOGON])
    assert picked(values, "host_key_fingerprint", "auth_success") == (FINGERPRINT, True)


def test_rsa_key_exchange_shows_no_host_key():
    exchange = (packet(31, string(b"s")), packet(30, string(KEY) + string(b"t")))
    values = row([*opening(kexinit("rsa2048-sha256"), exchange=exchange), *LOGON])
    assert picked(values, "host_key_fingerprint", "auth_success") == (None, True)


@pytest.mark.parametrize(
    ("kex", "passed_over"),
    [("diffie-hellman-group14-sha1", True), ("curve25519-sha256", False)],
)
def test_other_messages_are_passed_over_in_some_key_exchanges(kex, passed_over):
    debug = packet(4, bytes(9))
    exchange = (debug + packet(30, string(b"e")), reply())
    parser = ended([*opening(kexinit(kex), exchange=exchange), *LOGON])
    assert parser.failed == ("" if passed_over else "unexpected_message")
    assert picked(parser.rows[0][1], "auth_success", "kex_alg") == (passed_over or None, kex)


def test_an_unknown_key_exchange_ends_it():
    parser = ended([*opening(kexinit("new-kex")), *LOGON])
    assert parser.failed == "string_too_long"
    assert picked(parser.rows[0][1], "kex_alg", "auth_success") == ("new-kex", None)


def test_a_cut_off_reply_shows_no_host_key():
    exchange = (packet(30, string(b"e")), packet(31, string(KEY) + string(b"f")))
    parser = ended(opening(exchange=exchange))
    assert parser.failed == "string_too_long"
    assert "host_key_fingerprint" not in parser.rows[0][1]


@pytest.mark.parametrize(
    ("client", "server", "version"),
    [
        ("2.0", "2.0", 2),
        ("1.99", "2.0", 2),
        ("2.0", "1.99", 2),
        ("1.99", "1.99", 2),
        ("1.5", "1.5", 1),
        ("1.5", "1.99", 1),
        ("1.99", "1.5", 1),
        ("1.5", "2.0", None),
        ("2.0", "1.5", None),
    ],
)
def test_the_version_is_what_both_speak(client, server, version):
    lines = [(ORIG, f"SSH-{client}-a\n".encode()), (RESP, f"SSH-{server}-b\n".encode())]
    assert row(lines)["version"] == version


def packet_1(message: int, content: bytes) -> bytes:
    length = 1 + len(content) + 4
    return length.to_bytes(4, "big") + bytes(8 - length % 8) + bytes([message]) + content + bytes(4)


def version_1(rest: bytes = b"") -> list[Segment]:
    lines = [(RESP, b"SSH-1.99-server\n"), (ORIG, b"SSH-1.5-client\n")]
    return [*lines, (RESP, packet_1(2, bytes(267))), (ORIG, packet_1(3, bytes(148)) + rest)]


@pytest.mark.parametrize("rest", [b"", bytes(60)])
def test_version_1_is_read_as_far_as_it_is_in_clear(rest):
    parser = read(version_1(rest))
    assert parser.confirmed
    assert parser.wants == [NOTHING, NOTHING]
    ((_, values),) = parser.rows
    assert values == {
        "ts": T0,
        "version": 1,
        "client": "SSH-1.5-client",
        "server": "SSH-1.99-server",
        "auth_success": None,
        "auth_attempts": 0,
    }


def test_another_message_of_version_1_ends_it():
    segments = version_1()
    parser = read([*segments[:2], (RESP, packet_1(4, bytes(16)))])
    assert parser.failed == "unexpected_message"
    assert len(parser.rows) == 1


def test_one_side_alone_makes_a_row():
    assert picked(row([(ORIG, CLIENT)]), "client", "server") == ("SSH-2.0-OpenSSH_9.2", None)
    assert picked(row([(RESP, SERVER)]), "client", "version") == (None, None)


def test_where_it_is_not_expected_both_sides_must_identify_themselves():
    assert ended([(ORIG, CLIENT)], expected=False).rows == []
    assert row(USUAL, expected=False)["ts"] == T0 + SECOND


def test_a_packet_before_the_version_is_known_ends_it():
    eager = [(ORIG, CLIENT + kexinit()), (RESP, SERVER)]
    parser = ended(eager)
    assert parser.failed == "packet_before_version"
    assert picked(parser.rows[0][1], "client", "server") == ("SSH-2.0-OpenSSH_9.2", None)


def test_where_it_is_not_expected_that_ends_it_once_both_have_identified_themselves():
    eager = [(ORIG, CLIENT + kexinit()), (RESP, SERVER)]
    parser = ended(eager, expected=False)
    assert parser.failed == "packet_before_version"
    assert picked(parser.rows[0][1], "version", "kex_alg") == (2, None)


def test_lines_before_the_servers_identification_are_passed_over():
    lines = b"Welcome\r\nSSH is spoken here\n"
    assert row([(RESP, lines + SERVER), *USUAL[1:]])["server"] == "SSH-2.0-OpenSSH_8.9p1 Ubuntu-3"


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_every_end_of_a_line_is_one(end):
    lines = [(RESP, b"SSH-2.0-s" + end), (ORIG, b"SSH-2.0-c" + end)]
    values = row([*lines, *USUAL[2:]])
    assert picked(values, "client", "server", "auth_success") == ("SSH-2.0-c", "SSH-2.0-s", True)


def test_bytes_that_are_no_text_are_escaped():
    assert row([(ORIG, b"SSH-2.0-\xff\xc3\xa4\n")])["client"] == "SSH-2.0-\\xff\u00e4"


def test_a_gap_ends_it_with_what_is_known():
    parser = read(USUAL[:-1])
    parser.gap(RESP, 100, T0)
    assert parser.failed == "content_gap"
    assert parser.rows[0][1]["auth_attempts"] == 1


@pytest.mark.parametrize(
    "octets", [b"GET / HTTP/1.1\r\n", b"\x16\x03\x01\x02\x00", b"ssh-2.0-x\n", b"SSI"]
)
def test_what_is_another_protocol_fails_at_once_without_a_row(octets):
    parser = read([(ORIG, octets)])
    assert (parser.failed, parser.rows) == ("no_identification", [])


def test_an_unknown_version_is_refused():
    parser = read([(ORIG, b"SSH-3.0-x\n")])
    assert (parser.failed, parser.rows) == ("unknown_version", [])


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        (b"\xff\xff\xff\xff" + bytes(100), "packet_too_long"),
        (string(b"\x04"), "bad_padding"),
        (string(b"\xff\x14" + bytes(100)), "bad_padding"),
        (packet(20, bytes(16) + b"\xff\xff\xff\xff"), "string_too_long"),
        (packet(20, bytes(16 + 10 * 4)), "kexinit_too_short"),
    ],
)
def test_what_cannot_be_read_is_said(octets, reason):
    parser = read([*USUAL[:2], (RESP, octets)])
    assert parser.failed == reason
    assert len(parser.rows) == 1


@pytest.mark.parametrize(
    ("side", "segments", "octets", "reason"),
    [
        (ORIG, [], b"SSH-2.0-" + bytes(MAX_LINE), "endless_line"),
        (RESP, [], b"x" * (MAX_LINE + 1), "endless_line"),
        (RESP, [], b"more lines\r\n" * 30_000, "endless_handshake"),
        (
            RESP,
            opening(kexinit("diffie-hellman-group14-sha1"))[:4],
            packet(2, bytes(100)) * 3_000,
            "endless_handshake",
        ),
    ],
)
def test_what_never_ends_is_given_up_in_bounded_memory(side, segments, octets, reason):
    parser = read(segments)
    tracemalloc.start()
    try:
        for at in range(0, len(octets), 1460):
            parser.data(side, octets[at : at + 1460], T0)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert parser.failed == reason
    assert peak < 2 * MAX_CLEAR


def test_a_large_packet_in_small_pieces_takes_time_by_its_length():
    large = packet(2, bytes(MAX_CLEAR - 10_000))
    parser = read(opening(kexinit("diffie-hellman-group14-sha1"))[:4])
    for at in range(0, len(large), 4):
        parser.data(RESP, large[at : at + 4], T0)
    assert parser.failed == ""


STREAMS = tuple(b"".join(octets for side, octets in opening() if side == each) for each in (0, 1))
TURNS = opening()


@given(st.data())
@settings(max_examples=60)
def test_every_cut_of_what_is_in_clear_gives_the_same_row(data):
    segments = []
    for side, octets in TURNS:
        cuts = data.draw(st.lists(st.integers(0, len(octets)), max_size=6))
        places = sorted({0, len(octets), *cuts})
        segments += [(side, octets[begin:end]) for begin, end in pairwise(places)]
    assert row([*segments, *LOGON]) | {"ts": T0} == row(USUAL)


def test_bytes_one_by_one_give_the_same_row():
    bytewise = [(side, bytes([octet])) for side, octets in TURNS for octet in octets]
    assert row([*bytewise, *LOGON]) | {"ts": T0} == row(USUAL)


@pytest.mark.parametrize("expected", [True, False])
def test_every_truncation_is_met(expected):
    for number, (side, octets) in enumerate(TURNS):
        for length in range(len(octets)):
            parser = ended([*TURNS[:number], (side, octets[:length])], expected=expected)
            assert len(parser.rows) <= 1
            assert parser.failed == ""


@given(st.integers(0, len(TURNS) - 1), st.data(), st.booleans())
@settings(max_examples=300)
def test_bit_flips_are_met(number, data, expected):
    segments = list(TURNS)
    side, octets = segments[number]
    at, bit = data.draw(st.integers(0, len(octets) - 1)), data.draw(st.integers(0, 7))
    flipped = octets[:at] + bytes([octets[at] ^ 1 << bit]) + octets[at + 1 :]
    segments[number] = (side, flipped)
    assert len(rows(ended([*segments, *LOGON], expected=expected), "ssh")) <= 1


@given(
    st.sampled_from(range(len(TURNS))),
    st.lists(st.tuples(st.sampled_from((ORIG, RESP)), st.binary(max_size=80)), max_size=6),
)
@settings(max_examples=500)
def test_random_bytes_are_met(number, noise):
    assert len(rows(ended([*TURNS[:number], *noise]), "ssh")) <= 1


@pytest.mark.parametrize(
    ("orig", "resp"),
    [
        (CLIENT, b""),
        (b"", SERVER),
        (CLIENT, SERVER),
        (b"SSH-1.", b"S"),
        (b"", b"Welcome\r\n" + SERVER),
        (CLIENT, b"Welcome\nto this place\n" + SERVER),
    ],
)
def test_ssh_begins_with_an_identification(orig, resp):
    assert begins(orig, resp) is True


@pytest.mark.parametrize("length", range(6))
def test_too_few_bytes_tell_nothing(length):
    assert begins(CLIENT[:length], b"") is None
    assert begins(b"", SERVER[:length]) is None


@pytest.mark.parametrize("at", [0, 1, 2, 3, 4, 5])
def test_one_other_byte_is_not_ssh(at):
    other = CLIENT[:at] + bytes([CLIENT[at] ^ 0x20]) + CLIENT[at + 1 :]
    assert begins(other, b"") is False
    assert begins(b"", other) is False
    assert begins(other, SERVER) is False
    assert begins(CLIENT, other) is False


@pytest.mark.parametrize(
    ("orig", "resp"),
    [
        (b"SSH-3.0-x\n", b""),
        (b"ssh-2.0-x\n", b""),
        (b"", b"220 ready\r\n"),
        (CLIENT, b"HTTP/1.1 400 Bad Request\r\n"),
        (b"GET / HTTP/1.1\r\n", SERVER),
        (b" " + CLIENT, b""),
    ],
)
def test_near_misses_are_not_ssh(orig, resp):
    assert begins(orig, resp) is False
