from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.services.tls_hello import Hello
from parsers.services.tls_wire import Malformed
from tests.parsers.services.tls_messages import (
    TLS12,
    TLS13,
    alpn,
    client_hello,
    extension,
    numbers,
    server_hello,
    server_name,
    vector,
    versions,
)

SHARES = extension(51, vector(numbers(29) + vector(bytes(32), 2) + numbers(23, 0), 2))
FULL = client_hello(
    server_name(b"a.test"),
    extension(10, vector(numbers(29, 23), 2)),
    extension(11, b"\1\0"),
    extension(13, vector(numbers(0x0403, 0x0804), 2)),
    alpn(b"h2", b"http/1.1"),
    versions(TLS13, TLS12),
    SHARES,
    session=b"session",
)


def client(body: bytes) -> Hello:
    hello = Hello(client=True)
    hello.read(body)
    return hello


def server(body: bytes) -> Hello:
    hello = Hello(client=False)
    hello.read(body)
    return hello


def test_a_client_hello_tells_what_it_offers() -> None:
    hello = client(FULL)
    assert (hello.version, hello.session_id, hello.suites) == (TLS12, b"session", [0xC02F, 0x1301])
    assert (hello.server_names, hello.protocols) == ([b"a.test"], [b"h2", b"http/1.1"])
    assert (hello.groups, hello.point_formats) == ([29, 23], [0])
    assert (hello.signatures, hello.versions) == ([0x0403, 0x0804], [TLS13, TLS12])
    assert hello.key_shares == [29, 23]
    assert [code for code, _ in hello.extensions] == [0, 10, 11, 13, 16, 43, 51]


def test_a_server_hello_tells_what_it_chose() -> None:
    chosen = extension(51, numbers(29) + vector(bytes(32), 2)), extension(43, numbers(TLS13))
    hello = server(server_hello(*chosen, alpn(b"h2"), session=b"s", suite=0x1301))
    assert (hello.suites, hello.session_id, hello.protocols) == ([0x1301], b"s", [b"h2"])
    assert (hello.versions, hello.key_shares) == ([TLS13], [29])


def test_a_hello_retry_request_names_a_group_without_a_key() -> None:
    assert server(server_hello(extension(51, numbers(24)))).key_shares == [24]


def test_the_server_hello_of_drafts_has_no_session_and_no_compression() -> None:
    body = numbers(0x7F12) + bytes(32) + numbers(0x1301) + vector(extension(40, numbers(23)), 2)
    assert (server(body).suites, server(body).key_shares) == ([0x1301], [23])


def test_the_client_hello_of_dtls_has_a_cookie() -> None:
    body = client_hello(version=0xFEFD)
    assert client(body[:35] + vector(b"cookie", 1) + body[35:]).suites == [0xC02F, 0x1301]


def test_hellos_without_extensions_are_whole() -> None:
    assert client(client_hello()).extensions == []
    assert server(server_hello()).extensions == []


def test_an_empty_extension_is_one_that_says_nothing() -> None:
    hello = server(server_hello(extension(0), extension(16)))
    assert (hello.server_names, hello.protocols, len(hello.extensions)) == ([], [], 2)


def test_a_name_of_another_kind_is_not_a_host() -> None:
    other = extension(0, vector(b"\1" + vector(b"x", 2), 2))
    assert client(client_hello(other)).server_names == []


def test_what_was_read_before_a_fault_stays() -> None:
    hello = Hello(client=True)
    with pytest.raises(Malformed):
        hello.read(client_hello(server_name(b"a.test"), extension(10, numbers(8, 29))))
    assert (hello.server_names, [code for code, _ in hello.extensions]) == ([b"a.test"], [0])


def test_a_hello_that_is_cut_is_malformed_or_shorter() -> None:
    for size in range(len(FULL)):
        hello = Hello(client=True)
        try:
            hello.read(FULL[:size])
        except Malformed:
            continue
        assert len(hello.extensions) < 7


@pytest.mark.parametrize(
    ("code", "content"),
    [
        (0, b"\0\5\0\0\3a"),
        (0, b"\0\3\0\0\3"),
        (10, b"\0\4\0\1"),
        (11, b"\2\0"),
        (13, b"\0\3\0\1\0"),
        (16, b"\0\3\3h2"),
        (40, b"\0\4\0\1\0\1"),
        (41, b"\0\4\0\2id"),
        (43, b"\3\3\4\0"),
        (51, b"\0\5"),
    ],
)
def test_an_extension_that_is_too_short_is_malformed(code: int, content: bytes) -> None:
    with pytest.raises(Malformed):
        client(client_hello(extension(code, content)))


@given(st.booleans(), st.binary(max_size=120))
def test_random_bytes_are_read_or_malformed(is_client: bool, octets: bytes) -> None:
    try:
        Hello(client=is_client).read(octets)
    except Malformed:
        return
    assert len(octets) > 34
