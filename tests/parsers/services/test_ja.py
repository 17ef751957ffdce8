from __future__ import annotations

from hashlib import md5, sha256

from parsers.services.ja import ja3, ja3s, ja4
from parsers.services.tls_hello import Hello
from tests.parsers.services.tls_messages import (
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

GREASE = 0x1A1A


def client(*extensions: bytes, suites: tuple[int, ...] = (GREASE, 0xC02F, 0x1301)) -> Hello:
    hello = Hello(client=True)
    hello.read(client_hello(*extensions, suites=suites))
    return hello


def server(*extensions: bytes) -> Hello:
    hello = Hello(client=False)
    hello.read(server_hello(*extensions))
    return hello


FULL = client(
    extension(GREASE),
    server_name(),
    extension(10, vector(numbers(GREASE, 29, 23), 2)),
    extension(11, b"\1\0"),
    extension(13, vector(numbers(0x0804, 0x0403), 2)),
    alpn(b"h2", b"http/1.1"),
    versions(GREASE, TLS13, 0x0303),
)


def hashed(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:12]


def test_ja3_is_of_what_the_client_offers_in_its_order() -> None:
    text = b"771,49199-4865,0-10-11-13-16-43,29-23,0"
    assert ja3(FULL) == md5(text).hexdigest()


def test_ja3_of_a_hello_without_extensions_has_empty_parts() -> None:
    assert ja3(client(suites=(4, 5))) == md5(b"771,4-5,,,").hexdigest()


def test_ja3s_is_of_what_the_server_chose() -> None:
    hello = server(extension(65281, b"\0"), extension(11, b"\1\0"))
    assert ja3s(hello) == md5(b"771,49199,65281-11").hexdigest()


def test_ja4_is_of_what_the_client_offers_in_sorted_order() -> None:
    suites, extensions = hashed("1301,c02f"), hashed("000a,000b,000d,002b_0804,0403")
    assert ja4(FULL) == f"t13d0206h2_{suites}_{extensions}"


def test_ja4_is_that_of_the_example_in_its_specification() -> None:
    suites = (
        *(0x1301, 0x1302, 0x1303, 0xC02B, 0xC02F, 0xC02C, 0xC030, 0xCCA9, 0xCCA8, 0xC013),
        *(0xC014, 0x009C, 0x009D, 0x002F, 0x0035),
    )
    signatures = (0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601)
    empty = (0xFF01, 0x4469, 0x0033, 0x002D, 0x0023, 0x001B, 0x0017, 0x0015, 0x0012)
    hello = client(
        extension(13, vector(numbers(*signatures), 2)),
        *map(extension, (*empty, 0x000B, 0x000A, 0x0005)),
        versions(TLS13, 0x0303),
        server_name(),
        alpn(b"h2"),
        suites=suites,
    )
    assert ja4(hello) == "t13d1516h2_8daaf6152771_e5627efa2ab1"


def test_ja4_without_names_protocols_and_signatures() -> None:
    assert ja4(client(extension(23)), "q") == f"q12i020100_{hashed('1301,c02f')}_{hashed('0017')}"


def test_ja4_of_nothing_is_zeros() -> None:
    assert ja4(client(suites=(GREASE,))) == "t12i000000_000000000000_000000000000"


def test_ja4_of_a_protocol_that_is_no_text_is_hex() -> None:
    assert ja4(client(alpn(b"\xab\xcd")))[8:10] == "ad"
    assert ja4(client(alpn(b"x")))[8:10] == "xx"


def test_ja4_counts_to_99() -> None:
    assert ja4(client(suites=tuple(range(1, 150))))[4:6] == "99"


def test_ja4_of_an_unknown_version_is_00() -> None:
    assert ja4(client(versions(0x0505)))[1:3] == "00"
