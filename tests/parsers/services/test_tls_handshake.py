from __future__ import annotations

import pytest

from parsers.services.tls_handshake import Session
from parsers.services.tls_wire import Malformed
from tests.parsers.services.tls_messages import (
    CERTIFICATE,
    CERTIFICATES,
    CLIENT_HELLO,
    SERVER_HELLO,
    SERVER_KEY_EXCHANGE,
    TICKET,
    TLS13,
    alpn,
    certificates,
    client_hello,
    curve_key_exchange,
    extension,
    number,
    numbers,
    server_hello,
    server_name,
    vector,
)

STATUS, HELLO_VERIFY_REQUEST = 22, 3


def after(*messages: tuple[int, bytes], transport: str = "t") -> Session:
    """A session in which the client and the server sent these, by turns."""
    session = Session(transport)
    for index, (kind, body) in enumerate(messages):
        session.message(index % 2 == 0, kind, body, index)
    return session


def test_nothing_is_begun_before_the_first_message() -> None:
    assert Session().begun is None
    assert after((CLIENT_HELLO, client_hello())).begun == 0


@pytest.mark.parametrize(
    ("suite", "body", "curve"),
    [
        (0xC02F, curve_key_exchange(23), "secp256r1"),
        (0xC02F, curve_key_exchange(4000), "unknown-4000"),
        (0xC02F, b"\1explicit", None),
        (0xC018, b"\3" + numbers(24) + vector(b"point", 1), "secp384r1"),
        (0x0033, vector(b"p", 2) + vector(b"g", 2) + vector(b"y", 2) + bytes(4), None),
        (0x0034, vector(b"p", 2) + vector(b"g", 2) + vector(b"y", 2), None),
        (0x002F, b"", None),
    ],
)
def test_the_servers_key_exchange_names_the_curve(suite: int, body: bytes, curve: str) -> None:
    hello = server_hello(suite=suite)
    session = after((CLIENT_HELLO, client_hello()), (SERVER_HELLO, hello))
    session.message(False, SERVER_KEY_EXCHANGE, body, 2)
    assert session.row().get("curve") == curve
    assert session.row()["ssl_history"] == "Csk"


def test_before_tls12_a_signature_names_no_algorithm() -> None:
    body = b"\3" + numbers(23) + vector(bytes(65), 1) + vector(b"\xff" * 8, 2)
    for version, fits in ((0x0301, True), (0x0303, False)):
        session = after(
            (CLIENT_HELLO, client_hello()), (SERVER_HELLO, server_hello(version=version))
        )
        if fits:
            session.message(False, SERVER_KEY_EXCHANGE, body, 2)
            assert session.row()["curve"] == "secp256r1"
        else:
            with pytest.raises(Malformed):
                session.message(False, SERVER_KEY_EXCHANGE, body, 2)


@pytest.mark.parametrize("kind", [TICKET, STATUS, HELLO_VERIFY_REQUEST, CERTIFICATES])
def test_messages_that_are_too_short_are_malformed(kind: int) -> None:
    with pytest.raises(Malformed):
        after((kind, b"\0"))


def test_a_request_of_dtls_to_verify_the_hello_is_told() -> None:
    request = numbers(0xFEFF) + vector(b"cookie", 1)
    session = after((CLIENT_HELLO, client_hello()), (HELLO_VERIFY_REQUEST, request))
    assert session.row()["ssl_history"] == "Cv"


def test_a_version_in_an_extension_is_the_version() -> None:
    chosen = extension(43, numbers(TLS13))
    session = after((CLIENT_HELLO, client_hello()), (SERVER_HELLO, server_hello(chosen)))
    assert (session.version, session.row()["version"]) == (TLS13, "TLSv13")


def test_a_session_number_of_tls13_is_no_resumption() -> None:
    number32 = bytes(range(1, 33))
    for extensions, resumed in (((extension(43, numbers(TLS13)),), False), ((), True)):
        hello = server_hello(*extensions, session=number32)
        session = after((CLIENT_HELLO, client_hello(session=number32)), (SERVER_HELLO, hello))
        assert session.row()["resumed"] is resumed


@pytest.mark.parametrize("number_", [b"", bytes(32), bytes(33)])
def test_a_session_number_without_content_is_none(number_: bytes) -> None:
    session = after(
        (CLIENT_HELLO, client_hello(session=number_)),
        (SERVER_HELLO, server_hello(session=number_)),
    )
    assert session.row()["resumed"] is False


def test_names_that_are_no_utf8_are_escaped() -> None:
    session = after(
        (CLIENT_HELLO, client_hello(server_name("bücher".encode() + b"\xff"))),
        (SERVER_HELLO, server_hello(alpn(b"\xfe"))),
    )
    row = session.row()
    assert (row["server_name"], row["next_protocol"]) == ("bücher\\xff", "\\xfe")


def test_the_name_is_compared_with_the_servers_first_certificate() -> None:
    for host, matches in ((b"www.example.test", True), (b"first.test", False)):
        session = after(
            (CLIENT_HELLO, client_hello(server_name(host))),
            (CERTIFICATES, certificates(CERTIFICATE)),
        )
        assert session.row()["sni_matches_cert"] is matches


def test_a_certificate_is_the_hosts_if_it_is_the_first() -> None:
    session = Session()
    session.message(False, CERTIFICATES, certificates(CERTIFICATE, CERTIFICATE), 7)
    rows = [row for _, row in session.certificates]
    assert [(row["ts"], row["host_cert"], row["client_cert"]) for row in rows] == [
        (7, True, False),
        (7, False, False),
    ]


def test_a_longer_chain_than_there_are_is_cut() -> None:
    session = Session()
    session.message(False, CERTIFICATES, certificates(*[CERTIFICATE] * 70), 0)
    assert len(session.row()["cert_chain_fps"]) == 64


def test_who_is_the_client_can_be_corrected() -> None:
    session = Session()
    session.message(False, CLIENT_HELLO, client_hello(), 0)
    session.message(True, CLIENT_HELLO, client_hello(), 0)
    assert session.row()["ssl_history"] == "^C^C"


def test_a_message_that_is_never_in_the_clear_is_malformed() -> None:
    with pytest.raises(Malformed, match="unknown_handshake_message"):
        after((8, b""))


def test_the_transport_is_in_the_fingerprint() -> None:
    assert after((CLIENT_HELLO, client_hello()), transport="d").row()["ja4"][0] == "d"


def test_lengths_of_four_gigabytes_are_malformed() -> None:
    with pytest.raises(Malformed):
        after((CERTIFICATES, number(0xFFFFFF, 3) + b"x"))
