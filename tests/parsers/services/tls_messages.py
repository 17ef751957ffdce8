"""Messages of TLS, made by hand: what the tests of its parsers are fed with."""

from __future__ import annotations

from base64 import b64decode

from hypothesis import strategies as st

CERTIFICATE = b64decode(
    "MIIClzCCAjygAwIBAgIDAICrMAoGCCqGSM49BAMCMIGIMQswCQYDVQQGEwJERTEdMBsGA1UECgwUQsO8Y2hlciwgIlJh"
    "dCIgKyBDbzsxEzARBgNVBAsMCiMxIDxhPj1iXGMxEzARBgNVBAMMCmZpcnN0LnRlc3QxFzAVBgNVBAMMDiouZXhhbXBs"
    "ZS50ZXN0MRcwFQYJKoZIhvcNAQkBFghhQGIudGVzdDAeFw0yNjExMjQxNjAwNTlaFw0zNjExMjExNjAwNTlaMIGIMQsw"
    "CQYDVQQGEwJERTEdMBsGA1UECgwUQsO8Y2hlciwgIlJhdCIgKyBDbzsxEzARBgNVBAsMCiMxIDxhPj1iXGMxEzARBgNV"
    "BAMMCmZpcnN0LnRlc3QxFzAVBgNVBAMMDiouZXhhbXBsZS50ZXN0MRcwFQYJKoZIhvcNAQkBFghhQGIudGVzdDBZMBMG"
    "ByqGSM49AgEGCCqGSM49AwEHA0IABEaGuGW2W/58/dlZ5XTX9TEhXkcke1PM0fHHInmplCpnNltPy3Y+qGe1lm65R69N"
    "Nj/FhD5GWvKz82CetMonvvajgZIwgY8wEgYDVR0TAQH/BAgwBgEB/wIBAzBaBgNVHREEUzBRgg4qLmV4YW1wbGUudGVz"
    "dIIMZXhhbXBsZS50ZXN0hwTAAAIHhxAgAQ24AAAAAAAAAAAAAAAHgQhhQGIudGVzdIYPaHR0cHM6Ly94LnRlc3QvMB0G"
    "A1UdDgQWBBRvqS6lpm1fg6a9buHnEWHDZSpiZzAKBggqhkjOPQQDAgNJADBGAiEA8aDUDcHWL2ck8ZlPw1Iq6KDewODv"
    "q8MYKp15ngXYHz4CIQD9BeFxMVkzXgswf5H54W/CbVoXkZcabtWoTUCXNKtrHg=="
)
"""Made with OpenSSL, as are the fingerprint, and the subject in `test_certificates`."""
FINGERPRINT = "c7e4e10b73308ede8e7be425d042517ac3248172871196ad3110c7514d07d142"

CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE, APPLICATION_DATA, HEARTBEAT = range(20, 25)
CLIENT_HELLO, SERVER_HELLO, TICKET, CERTIFICATES = 1, 2, 4, 11
SERVER_KEY_EXCHANGE, SERVER_HELLO_DONE, CLIENT_KEY_EXCHANGE = 12, 14, 16
TLS12, TLS13 = 0x0303, 0x0304


def number(value: int, width: int) -> bytes:
    return value.to_bytes(width, "big")


def vector(content: bytes, width: int) -> bytes:
    return number(len(content), width) + content


def numbers(*values: int) -> bytes:
    return b"".join(number(value, 2) for value in values)


def record(kind: int, content: bytes, version: int = TLS12) -> bytes:
    return number(kind, 1) + number(version, 2) + vector(content, 2)


def message(kind: int, body: bytes = b"") -> bytes:
    return number(kind, 1) + vector(body, 3)


def handshake(kind: int, body: bytes = b"") -> bytes:
    return record(HANDSHAKE, message(kind, body))


def extension(code: int, content: bytes = b"") -> bytes:
    return number(code, 2) + vector(content, 2)


def server_name(host: bytes = b"www.example.test") -> bytes:
    return extension(0, vector(b"\0" + vector(host, 2), 2))


def alpn(*names: bytes) -> bytes:
    return extension(16, vector(b"".join(vector(name, 1) for name in names), 2))


def versions(*values: int) -> bytes:
    return extension(43, vector(numbers(*values), 1))


def client_hello(
    *extensions: bytes,
    version: int = TLS12,
    session: bytes = b"",
    suites: tuple[int, ...] = (0xC02F, 0x1301),
) -> bytes:
    return (
        number(version, 2)
        + bytes(range(32))
        + vector(session, 1)
        + vector(numbers(*suites), 2)
        + vector(b"\0", 1)
        + (vector(b"".join(extensions), 2) if extensions else b"")
    )


def server_hello(
    *extensions: bytes,
    version: int = TLS12,
    session: bytes = b"",
    suite: int = 0xC02F,
    random: bytes = bytes(32),
) -> bytes:
    return (
        number(version, 2)
        + random
        + vector(session, 1)
        + number(suite, 2)
        + b"\0"
        + (vector(b"".join(extensions), 2) if extensions else b"")
    )


def certificates(*octets: bytes) -> bytes:
    return vector(b"".join(vector(each, 3) for each in octets), 3)


def curve_key_exchange(curve: int = 29) -> bytes:
    return b"\x03" + number(curve, 2) + vector(bytes(32), 1) + b"\x04\x01" + vector(bytes(8), 2)


CHANGE = record(CHANGE_CIPHER_SPEC, b"\1")
FINISHED = record(HANDSHAKE, bytes(40))
DATA = record(APPLICATION_DATA, bytes(40))

ORIG, RESP = 0, 1
Flights = list[tuple[int, bytes]]


def usual() -> Flights:
    """TLS 1.2 with a certificate, ALPN and a ticket."""
    first = client_hello(server_name(), alpn(b"h2", b"http/1.1"), extension(35))
    answer = (
        handshake(SERVER_HELLO, server_hello(alpn(b"h2"), extension(35)))
        + handshake(CERTIFICATES, certificates(CERTIFICATE))
        + handshake(SERVER_KEY_EXCHANGE, curve_key_exchange())
        + handshake(SERVER_HELLO_DONE)
    )
    return [
        (ORIG, handshake(CLIENT_HELLO, first)),
        (RESP, answer),
        (ORIG, handshake(CLIENT_KEY_EXCHANGE, bytes(33)) + CHANGE + FINISHED),
        (RESP, handshake(TICKET, bytes(20)) + CHANGE + FINISHED),
        (ORIG, DATA),
    ]


def usual13() -> Flights:
    """TLS 1.3, with the change of cipher specs that only middleboxes look at."""
    first = client_hello(server_name(), versions(TLS13, TLS12), session=bytes(range(1, 33)))
    share, chosen = numbers(29) + vector(bytes(32), 2), numbers(TLS13)
    extensions = extension(51, share), extension(43, chosen)
    answer = server_hello(*extensions, session=bytes(range(1, 33)), suite=0x1301)
    return [
        (ORIG, handshake(CLIENT_HELLO, first)),
        (RESP, handshake(SERVER_HELLO, answer) + CHANGE + DATA),
        (ORIG, CHANGE + DATA),
    ]


def flipped(octets: bytes, data: st.DataObject) -> bytes:
    """Bytes with up to three bits of them flipped."""
    broken = bytearray(octets)
    for _ in range(data.draw(st.integers(0, 3))):
        at = data.draw(st.integers(0, len(octets) - 1))
        broken[at] ^= 1 << data.draw(st.integers(0, 7))
    return bytes(broken)
