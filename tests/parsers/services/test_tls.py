from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parsers.services.parser import NOTHING, Row
from parsers.services.tls import LONGEST_MESSAGE, Tls, begins
from tests.parsers.services.tls_messages import (
    ALERT,
    APPLICATION_DATA,
    CERTIFICATE,
    CERTIFICATES,
    CHANGE,
    CLIENT_HELLO,
    CLIENT_KEY_EXCHANGE,
    DATA,
    FINGERPRINT,
    FINISHED,
    HANDSHAKE,
    HEARTBEAT,
    ORIG,
    RESP,
    SERVER_HELLO,
    SERVER_HELLO_DONE,
    TLS13,
    Flights,
    certificates,
    client_hello,
    extension,
    flipped,
    handshake,
    message,
    number,
    numbers,
    record,
    server_hello,
    server_name,
    usual,
    usual13,
    vector,
    versions,
)

TS = 1_700_000_000_000_000_000
HELLO = handshake(CLIENT_HELLO, client_hello(server_name()))


def read(flights: Flights, *, end: bool = True) -> Tls:
    """Feed flights, a second apart."""
    parser = Tls()
    for index, (side, octets) in enumerate(flights):
        parser.data(side, octets, TS + index * 10**9)
    if end and not parser.failed:
        parser.end(TS)
    return parser


def ssl(flights: Flights) -> dict:
    (row,) = [row for table, row in read(flights).rows if table == "ssl"]
    return row


def test_a_usual_connection_gives_its_row() -> None:
    row = ssl(usual())
    fingerprints = {name: row.pop(name) for name in ("ja3", "ja3s", "ja4")}
    assert row == {
        "ts": TS,
        "version": "TLSv12",
        "cipher": "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        "curve": "x25519",
        "server_name": "www.example.test",
        "resumed": False,
        "next_protocol": "h2",
        "established": True,
        "ssl_history": "CsxknGIti",
        "cert_chain_fps": [FINGERPRINT],
        "client_cert_chain_fps": [],
        "sni_matches_cert": True,
    }
    assert all(fingerprints.values())


def test_a_certificate_gives_a_row_at_its_own_time() -> None:
    (row,) = [row for table, row in read(usual()).rows if table == "x509"]
    assert (row["ts"], row["fingerprint"]) == (TS + 10**9, FINGERPRINT)
    assert (row["host_cert"], row["client_cert"]) == (True, False)


def test_tls13_is_established_by_data_of_both_sides() -> None:
    row = ssl(usual13())
    assert (row["version"], row["curve"], row["cipher"]) == (
        "TLSv13",
        "x25519",
        "TLS_AES_128_GCM_SHA256",
    )
    assert (row["established"], row["ssl_history"], row["resumed"]) == (True, "CsiI", False)
    assert not ssl(usual13()[:2])["established"]


def test_tls13_without_change_of_cipher_specs_is_established_too() -> None:
    flights = [(side, octets.replace(CHANGE, b"")) for side, octets in usual13()]
    assert (ssl(flights)["established"], ssl(flights)["ssl_history"]) == (True, "Cs")


def test_after_a_hello_retry_request_the_second_hellos_are_read() -> None:
    retry = bytes.fromhex("CF21AD74E59A6111BE1D8C021E65B891C2A211167ABB8C5E079E09E2C8A8339C")
    chosen = extension(43, numbers(TLS13))
    asked = server_hello(extension(51, numbers(23)), chosen, suite=0x1301, random=retry)
    answer = server_hello(extension(51, numbers(23) + vector(bytes(65), 2)), chosen, suite=0x1301)
    first = handshake(CLIENT_HELLO, client_hello(versions(TLS13)))
    row = ssl(
        [
            (ORIG, first),
            (RESP, handshake(SERVER_HELLO, asked) + CHANGE),
            (ORIG, CHANGE + first),
            (RESP, handshake(SERVER_HELLO, answer) + DATA),
            (ORIG, DATA),
        ]
    )
    assert (row["ssl_history"], row["curve"], row["established"]) == ("CjiICs", "secp256r1", True)


def test_the_row_is_made_when_both_sides_encrypt_and_nothing_more_is_wanted() -> None:
    parser = read(usual(), end=False)
    assert [table for table, _ in parser.rows] == ["x509", "ssl"]
    assert parser.wants == [NOTHING, NOTHING]
    parser.data(ORIG, b"\0" * 100, TS)
    parser.gap(ORIG, 10, TS)
    parser.end(TS)
    assert (len(parser.rows), parser.failed) == (2, "")


def test_a_session_is_resumed_by_its_number() -> None:
    session = bytes(range(1, 33))
    for known, resumed in ((session, True), (session[::-1], False)):
        row = ssl(
            [
                (ORIG, handshake(CLIENT_HELLO, client_hello(session=session))),
                (RESP, handshake(SERVER_HELLO, server_hello(session=known)) + CHANGE + FINISHED),
                (ORIG, CHANGE + FINISHED),
            ]
        )
        assert (row["resumed"], row["ssl_history"], row["established"]) == (resumed, "CsiI", True)


def test_a_session_is_resumed_by_a_ticket_where_no_keys_are_exchanged() -> None:
    first = handshake(CLIENT_HELLO, client_hello(extension(35, b"ticket")))
    answer = handshake(SERVER_HELLO, server_hello())
    keys = handshake(CLIENT_KEY_EXCHANGE, bytes(33))
    assert ssl([(ORIG, first), (RESP, answer + CHANGE), (ORIG, CHANGE)])["resumed"]
    assert not ssl([(ORIG, first), (RESP, answer), (ORIG, keys + CHANGE)])["resumed"]


def test_a_session_is_resumed_by_a_pre_shared_key_that_both_name() -> None:
    offered = vector(vector(b"id", 2) + bytes(4), 2) + vector(vector(bytes(32), 1), 2)
    first = handshake(CLIENT_HELLO, client_hello(versions(TLS13), extension(41, offered)))
    chosen = extension(43, numbers(TLS13))
    took = handshake(SERVER_HELLO, server_hello(chosen, extension(41, numbers(0)), suite=0x1301))
    left = handshake(SERVER_HELLO, server_hello(chosen, suite=0x1301))
    assert ssl([(ORIG, first), (RESP, took)])["resumed"]
    assert not ssl([(ORIG, first), (RESP, left)])["resumed"]


def test_alerts_are_told_and_the_last_one_is_named() -> None:
    refused = record(ALERT, b"\2\x28") + record(ALERT, b"\1\x00")
    row = ssl([(ORIG, HELLO), (RESP, refused)])
    assert (row["last_alert"], row["ssl_history"], row["established"]) == (
        "close_notify",
        "Cll",
        False,
    )
    assert ssl([(ORIG, HELLO), (RESP, record(ALERT, b"\2\x28\1\xc8"))])["last_alert"] == (
        "unknown-200"
    )


def test_a_heartbeat_before_encryption_is_told() -> None:
    beat = record(HEARTBEAT, b"\1\x40\x00")
    assert ssl([(ORIG, HELLO), (ORIG, beat)])["ssl_history"] == "CB"


def test_messages_go_over_several_records_and_several_fit_in_one() -> None:
    whole = message(SERVER_HELLO, server_hello()) + message(
        CERTIFICATES, certificates(CERTIFICATE, CERTIFICATE)
    )
    cut = b"".join(record(HANDSHAKE, whole[at : at + 7]) for at in range(0, len(whole), 7))
    one = record(HANDSHAKE, whole)
    assert ssl([(ORIG, HELLO), (RESP, cut)]) == ssl([(ORIG, HELLO), (RESP, one)])
    assert ssl([(ORIG, HELLO), (RESP, cut)])["cert_chain_fps"] == [FINGERPRINT] * 2


def test_the_first_record_of_a_hello_in_several_is_the_time_of_the_row() -> None:
    hello = message(CLIENT_HELLO, client_hello())
    row = ssl([(ORIG, record(HANDSHAKE, hello[:20])), (ORIG, record(HANDSHAKE, hello[20:]))])
    assert (row["ts"], row["ssl_history"]) == (TS, "C")


def test_the_certificates_of_a_client_are_its_own() -> None:
    parser = read([(ORIG, HELLO), (ORIG, handshake(CERTIFICATES, certificates(CERTIFICATE)))])
    row = parser.rows[-1][1]
    assert (row["client_cert_chain_fps"], row["cert_chain_fps"]) == ([FINGERPRINT], [])
    assert "sni_matches_cert" not in row
    assert parser.rows[0][1]["client_cert"]


def test_a_certificate_that_cannot_be_read_is_in_no_chain() -> None:
    parser = read([(ORIG, HELLO), (RESP, handshake(CERTIFICATES, certificates(b"none", b"")))])
    (row,) = [row for _, row in parser.rows]
    assert (row["cert_chain_fps"], row["client_cert_chain_fps"]) == ([], [])
    assert (row["ssl_history"], "sni_matches_cert" in row) == ("Cx", False)


def test_no_certificates_give_no_chains() -> None:
    row = ssl([(ORIG, HELLO), (ORIG, handshake(CERTIFICATES, certificates()))])
    assert "cert_chain_fps" not in row


def test_the_server_may_have_opened_the_connection() -> None:
    row = ssl([(1 - side, octets) for side, octets in usual()])
    assert row["ssl_history"] == "^CsxknGIti"
    assert (row["cert_chain_fps"], row["sni_matches_cert"]) == ([FINGERPRINT], True)


def ssl2(kind: int, content: bytes) -> bytes:
    return number(0x8000 | len(content) + 1, 2) + number(kind, 1) + content


def hello_ssl2(version: int) -> bytes:
    lengths = numbers(version, 3, 0, 16)
    return ssl2(1, lengths + b"\x07\x00\xc0" + bytes(16))


def test_ssl2_is_established_by_the_clients_key() -> None:
    lengths = numbers(len(CERTIFICATE), 3, 16)
    answer = ssl2(4, b"\0\1\0\2" + lengths + CERTIFICATE + b"\x07\x00\xc0" + bytes(16))
    row = ssl([(ORIG, hello_ssl2(2)), (RESP, answer), (ORIG, ssl2(2, bytes(40)))])
    assert (row["version"], row["cipher"]) == ("SSLv2", "SSLv20_CK_DES_192_EDE3_CBC_WITH_MD5")
    assert (row["ssl_history"], row["established"], row["cert_chain_fps"]) == (
        "Cs",
        True,
        [FINGERPRINT],
    )


def test_an_error_of_ssl2_is_an_alert() -> None:
    assert ssl([(ORIG, hello_ssl2(2)), (RESP, ssl2(4, b"\0\1\0\2" + bytes(6)) + ssl2(0, b"\0\1"))])[
        "last_alert"
    ] == ("unknown-1")


def test_a_hello_of_ssl2_may_lead_to_tls() -> None:
    answer = handshake(SERVER_HELLO, server_hello(version=0x0301, suite=5))
    row = ssl([(ORIG, hello_ssl2(0x0301)), (RESP, answer)])
    assert (row["version"], row["ssl_history"]) == ("TLSv10", "Cs")
    assert read([(ORIG, hello_ssl2(0x0301))]).confirmed


def test_zeek_knows_tls_by_the_clients_hello() -> None:
    assert read([(ORIG, HELLO)]).confirmed
    assert not read([(RESP, handshake(SERVER_HELLO, server_hello()))]).confirmed


@pytest.mark.parametrize(
    ("flights", "reason"),
    [
        ([(ORIG, b"GET / HTTP/1.1\r\n")], "not_tls"),
        ([(ORIG, record(HANDSHAKE, b"\1", version=0x0305))], "not_tls"),
        ([(ORIG, b"\x80\x20\x01\x09\x00")], "not_tls"),
        ([(RESP, b"\x80\x20\x01\x00\x02")], "not_tls"),
        ([(ORIG, DATA)], "no_handshake"),
        ([(ORIG, record(99, b"\1"))], "no_handshake"),
    ],
)
def test_what_does_not_begin_as_tls_gives_no_row(flights: Flights, reason: str) -> None:
    parser = read(flights)
    assert (parser.failed, parser.rows) == (reason, [])


@pytest.mark.parametrize(
    ("octets", "reason", "history"),
    [
        (b"no more TLS", "bad_record_header", "C"),
        (record(99, b"\1"), "unknown_record_type", "C"),
        (record(ALERT, b"\1"), "message_too_short", "C"),
        (handshake(25), "unknown_handshake_message", "C"),
        (handshake(SERVER_HELLO, server_hello()[:36]), "message_too_short", "C"),
        (handshake(SERVER_HELLO, server_hello(version=0x0505)), "unknown_server_version", "C"),
        (handshake(CERTIFICATES, b"\0\0\5\0\0\2a"), "message_too_short", "C"),
        (handshake(SERVER_HELLO_DONE) + handshake(25), "unknown_handshake_message", "Cn"),
        (record(HANDSHAKE, b"\x0b\xff\xff\xff"), "message_too_long", "C"),
    ],
)
def test_what_cannot_be_read_ends_it_with_the_row_so_far(
    octets: bytes, reason: str, history: str
) -> None:
    parser = read([(ORIG, HELLO), (RESP, octets), (ORIG, handshake(CLIENT_KEY_EXCHANGE))])
    (row,) = [row for _, row in parser.rows]
    assert (parser.failed, row["ssl_history"]) == (reason, history)


def test_a_client_of_an_unknown_version_is_not_confirmed() -> None:
    parser = read([(ORIG, handshake(CLIENT_HELLO, client_hello(version=0x0505)))])
    assert (parser.failed, parser.confirmed) == ("unknown_client_version", False)


def test_extensions_before_a_broken_one_count() -> None:
    broken = client_hello(server_name(), numbers(10, 4, 9, 29))
    row = read([(ORIG, handshake(CLIENT_HELLO, broken))]).rows[0][1]
    assert (row["server_name"], row["ssl_history"]) == ("www.example.test", "")


def test_a_gap_ends_it_with_the_row_so_far() -> None:
    parser = read([(ORIG, HELLO)], end=False)
    parser.gap(RESP, 100, TS)
    assert (parser.failed, parser.rows[0][1]["ssl_history"]) == ("content_gap", "C")


def test_data_in_the_clear_of_tls12_tells_nothing() -> None:
    answer = handshake(SERVER_HELLO, server_hello())
    row = ssl([(ORIG, HELLO), (RESP, answer + DATA), (ORIG, DATA)])
    assert (row["ssl_history"], row["established"]) == ("Cs", False)


def test_the_history_of_an_endless_handshake_is_bounded() -> None:
    parser = Tls()
    parser.data(ORIG, HELLO, TS)
    for _ in range(300):
        parser.data(RESP, handshake(0), TS)
        parser.data(ORIG, handshake(0), TS)
    parser.end(TS)
    assert len(parser.rows[0][1]["ssl_history"]) == 100


def test_endless_certificates_are_not_all_read() -> None:
    parser = Tls()
    for _ in range(20):
        parser.data(RESP, handshake(CERTIFICATES, certificates(*[CERTIFICATE] * 5)), TS)
    assert len(parser.rows) == 64


def test_what_is_kept_of_an_unfinished_message_is_bounded() -> None:
    parser = Tls()
    parser.data(ORIG, record(HANDSHAKE, b"\1" + number(LONGEST_MESSAGE, 3)), TS)
    for _ in range(100):
        parser.data(ORIG, record(HANDSHAKE, bytes(60_000)), TS)
    held = sum(map(len, (*parser._pending, *parser._messages)))
    assert held <= LONGEST_MESSAGE + (1 << 16)


def in_pieces(flights: Flights, cuts: list[int]) -> list[Row]:
    """Rows where each flight is cut, all at one time."""
    parser = Tls()
    sizes = iter(cuts * 5000)
    for side, octets in flights:
        at = 0
        while at < len(octets):
            size = next(sizes)
            parser.data(side, octets[at : at + size], TS)
            at += size
    parser.end(TS)
    return parser.rows


@settings(max_examples=40)
@given(st.sampled_from([usual(), usual13()]), st.lists(st.integers(1, 400), min_size=1, max_size=6))
def test_pieces_of_any_size_give_the_same_rows(flights: Flights, cuts: list[int]) -> None:
    assert in_pieces(flights, cuts) == in_pieces(flights, [1 << 20])


def test_a_connection_may_end_anywhere() -> None:
    for flights in (usual(), usual13()):
        whole = [(side, bytes((octet,))) for side, octets in flights for octet in octets]
        parser = Tls()
        for side, octet in whole:
            parser.data(side, octet, TS)
            assert not parser.failed
            assert parser._session.row()["ssl_history"] in "CsxknGIti CsiI"


@settings(max_examples=150)
@given(st.sampled_from([usual(), usual13()]), st.data())
def test_flipped_bits_never_raise(flights: Flights, data: st.DataObject) -> None:
    parser = Tls()
    for side, octets in flights:
        parser.data(side, flipped(octets, data), TS)
    if not parser.failed:
        parser.end(TS)
    assert len([table for table, _ in parser.rows if table == "ssl"]) <= 1


@settings(max_examples=150)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([ORIG, RESP]),
            st.sampled_from([b"", b"\x16\x03\x01", b"\x80", HELLO, HELLO[:7], CHANGE]),
            st.binary(max_size=80),
        ),
        max_size=6,
    )
)
def test_random_bytes_never_raise(pieces: list[tuple[int, bytes, bytes]]) -> None:
    read([(side, start + rest) for side, start, rest in pieces])


def test_begins_with_a_hello_of_either_side() -> None:
    server = handshake(SERVER_HELLO, server_hello())
    assert begins(HELLO, b"") is True
    assert begins(b"", server) is True
    assert begins(b"anything", record(ALERT, b"\1\x70") + server) is True
    assert begins(hello_ssl2(2), b"") is True
    assert begins(b"", HELLO) is True


@pytest.mark.parametrize("octets", [HELLO[:11], hello_ssl2(0x0301)[:11]])
def test_begins_cannot_tell_from_too_few_bytes(octets: bytes) -> None:
    assert begins(b"", b"") is None
    assert begins(octets, b"") is True
    for size in range(1, len(octets)):
        assert begins(octets[:size], b"") is None
        assert begins(octets[:size], b"SSH-2.0-x\r\n") is None


def test_begins_refuses_what_is_one_byte_away() -> None:
    for at in (0, 1, 2, 5, 9, 10):
        assert begins(HELLO[:at] + b"\x7f" + HELLO[at + 1 :], b"") is False
    hello = hello_ssl2(2)
    for at in (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10):
        assert begins(hello[:at] + b"\x7f" + hello[at + 1 :], b"") is False
    assert begins(b"GET / HTTP/1.1\r\n", b"") is False
    assert begins(DATA, record(APPLICATION_DATA, b"\2\0\0\0\3\3")) is False
