from __future__ import annotations

from hashlib import sha256
from time import perf_counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parsers.services.certificates import LATEST, read_certificate
from parsers.services.der import encode
from tests.parsers.services.tls_messages import CERTIFICATE, FINGERPRINT

CN, RSA, RSA_SIGNATURE, EC = "550403", "2a864886f70d010101", "2a864886f70d01010b", "2a8648ce3d0201"
MD5_RSA, ED25519, ML_DSA, DSA = (
    "2a864886f70d010104",
    "2b6570",
    "608648016503040311",
    "2a8648ce380401",
)
ALTERNATIVE, CONSTRAINTS = "551d11", "551d13"


def oid(octets: str) -> bytes:
    return encode(6, bytes.fromhex(octets))


def sequence(*values: bytes) -> bytes:
    return encode(0x30, b"".join(values))


def integer(value: int) -> bytes:
    return encode(2, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def subject(name: bytes) -> bytes:
    return sequence(encode(0x31, sequence(oid(CN), encode(12, name)))) if name else sequence()


def rsa(kind: str = RSA, modulus: int = 1 << 2047, exponent: int = 65537) -> bytes:
    key = sequence(integer(modulus), integer(exponent))
    return sequence(sequence(oid(kind), b"\5\0"), encode(3, b"\0" + key))


def extension(kind: str, content: bytes, *, critical: bool = False) -> bytes:
    flag = (encode(1, b"\xff"),) if critical else ()
    return sequence(oid(kind), *flag, encode(4, content))


def certificate(
    *extensions: bytes,
    serial: bytes = b"\2\1\1",
    name: bytes = b"host.test",
    begin: bytes = encode(23, b"250101000000Z"),
    end: bytes = encode(23, b"491231235959Z"),
    key: bytes = rsa(),
    signature: str = RSA_SIGNATURE,
) -> bytes:
    algorithm = sequence(oid(signature), b"\5\0")
    version = encode(0xA0, integer(2)) if extensions else b""
    extra = encode(0xA3, sequence(*extensions)) if extensions else b""
    parts = subject(b"issuer"), sequence(begin, end), subject(name), key, extra
    content = sequence(version, serial, algorithm, *parts)
    return sequence(content, algorithm, encode(3, bytes(9)))


def row(octets: bytes) -> dict:
    found = read_certificate(octets)
    assert found is not None
    return found.row


def test_a_certificate_of_openssl_is_read_as_openssl_shows_it() -> None:
    name = (
        "emailAddress=a@b.test,CN=*.example.test,CN=first.test,OU=\\#1 \\<a\\>=b\\\\c,"
        'O=B\\C3\\BCcher\\, \\"Rat\\" \\+ Co\\;,C=DE'
    )
    assert row(CERTIFICATE) == {
        "fingerprint": FINGERPRINT,
        "certificate_version": 3,
        "certificate_serial": "80AB",
        "certificate_subject": name,
        "certificate_issuer": name,
        "certificate_not_valid_before": 1795536059 * 10**9,
        "certificate_not_valid_after": 2110896059 * 10**9,
        "certificate_key_alg": "id-ecPublicKey",
        "certificate_sig_alg": "ecdsa-with-SHA256",
        "certificate_key_type": "ecdsa",
        "certificate_key_length": 256,
        "certificate_curve": "prime256v1",
        "san_dns": ["*.example.test", "example.test"],
        "san_uri": ["https://x.test/"],
        "san_email": ["a@b.test"],
        "san_ip": ["192.0.2.7", "2001:db8::7"],
        "basic_constraints_ca": True,
        "basic_constraints_path_len": 3,
    }


def test_a_certificate_of_version_1_with_an_rsa_key() -> None:
    found = row(certificate())
    assert (found["certificate_version"], found["certificate_key_alg"]) == (1, "rsaEncryption")
    assert (found["certificate_key_type"], found["certificate_key_length"]) == ("rsa", 2048)
    assert (found["certificate_exponent"], "san_dns" in found) == ("65537", False)


@pytest.mark.parametrize(
    ("key", "name", "kind"),
    [
        (rsa(MD5_RSA), "md5WithRSAEncryption", "rsa"),
        (sequence(sequence(oid(RSA)), encode(3, b"\0none")), "rsaEncryption", None),
        (rsa(exponent=1 << 5000), "rsaEncryption", None),
        (sequence(sequence(oid(ED25519)), encode(3, bytes(33))), "ED25519", None),
        (sequence(sequence(oid(ML_DSA)), encode(3, b"\0")), "2.16.840.1.101.3.4.3.17", None),
        (sequence(sequence(oid(EC), oid("2a03")), encode(3, b"\0")), "id-ecPublicKey", None),
        (sequence(sequence(oid(EC)), encode(3, b"\0")), "id-ecPublicKey", None),
        (
            sequence(sequence(oid(DSA), sequence(integer(1 << 1023))), encode(3, b"\0")),
            "dsaEncryption",
            "dsa",
        ),
    ],
)
def test_keys_have_a_name_and_a_kind_where_it_is_known(key: bytes, name: str, kind: str) -> None:
    found = row(certificate(key=key))
    assert (found["certificate_key_alg"], found.get("certificate_key_type")) == (name, kind)


@pytest.mark.parametrize(
    ("serial", "text"),
    [
        (b"\2\1\0", "00"),
        (b"\2\2\0\xab", "AB"),
        (b"\2\1\xff", "-01"),
        (b"\2\2\x01\x00", "0100"),
        (encode(2, b"\1" * 40), "01" * 35 + "\\\n" + "01" * 5),
        (encode(2, b"\1" * 3000), ("01" * 35 + "\\\n") * 28 + "01" * 16),
    ],
)
def test_serial_numbers_are_hexadecimal_with_a_sign(serial: bytes, text: str) -> None:
    assert row(certificate(serial=serial))["certificate_serial"] == text


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (encode(23, b"491231235959Z"), 2524607999),
        (encode(23, b"500101000000Z"), -631152000),
        (encode(23, b"2501010000Z"), 1735689600),
        (encode(23, b"250101000000+0100"), 0),
        (encode(23, b"nonsense...Z"), 0),
        (encode(24, b"20250101000000Z"), 1735689600),
        (encode(24, b"20250101000000.5Z"), 1735689600),
        (encode(24, b"20250101000000-0800"), 1735689600 - 480),
        (encode(24, b"20259901000000Z"), 0),
    ],
)
def test_times_are_read_as_zeek_does(value: bytes, seconds: int) -> None:
    assert row(certificate(end=value))["certificate_not_valid_after"] == seconds * 10**9


def test_the_year_9999_is_the_latest_time_that_is_held() -> None:
    end = encode(24, b"99991231235959Z")
    assert row(certificate(end=end))["certificate_not_valid_after"] == LATEST


def test_a_signature_that_openssl_does_not_know_has_no_name() -> None:
    assert row(certificate(signature=ML_DSA))["certificate_sig_alg"] == ""


@pytest.mark.parametrize(
    ("content", "columns"),
    [
        (sequence(), {"basic_constraints_ca": False}),
        (sequence(encode(1, b"\xff")), {"basic_constraints_ca": True}),
        (
            sequence(encode(1, b"\xff"), integer(0)),
            {"basic_constraints_ca": True, "basic_constraints_path_len": 0},
        ),
        (b"\1", {}),
    ],
)
def test_basic_constraints(content: bytes, columns: dict) -> None:
    found = row(certificate(extension(CONSTRAINTS, content, critical=True)))
    assert {name: value for name, value in found.items() if name.startswith("basic")} == columns


def test_an_address_of_another_length_is_no_address() -> None:
    names = sequence(encode(0x87, b"\1\2\3"), encode(0xA4, b""), encode(0x82, b"a.test"))
    found = row(certificate(extension(ALTERNATIVE, names)))
    assert ("san_ip" in found, found["san_dns"]) == (False, ["a.test"])


def names_host(octets: bytes, host: str) -> bool:
    found = read_certificate(octets)
    assert found is not None
    return found.names_host(host)


def test_the_common_name_counts_where_no_alternative_names_are() -> None:
    other = extension(ALTERNATIVE, sequence(encode(0x82, b"other.test")))
    assert names_host(certificate(), "host.test")
    assert not names_host(certificate(name=b""), "host.test")
    assert not names_host(certificate(other), "host.test")
    assert names_host(certificate(other), "other.test")


def test_the_fingerprint_is_of_what_openssl_would_write() -> None:
    short = certificate()
    assert row(short)["fingerprint"] == sha256(short).hexdigest()
    outer = short[4:].replace(encode(3, bytes(9)), b"\3\x82\0\x09" + bytes(9))
    long = b"\x30\x83" + len(outer).to_bytes(3, "big") + outer
    assert row(long)["fingerprint"] == sha256(short).hexdigest()
    assert row(short + b"behind it")["fingerprint"] == sha256(short).hexdigest()


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"\x30\x00",
        b"\x30\x80\x00\x00",
        sequence(sequence(), sequence(oid(RSA)), encode(3, b"\0")),
        certificate(serial=b"\4\1\1"),
        certificate(serial=b"\2\2\0\1"),
        certificate(begin=encode(12, b"250101000000Z")),
        certificate(name=b"\xff"),
        certificate(key=encode(0x31, b"")),
        certificate(sequence(oid(CONSTRAINTS))),
        certificate(encode(4, b"")),
    ],
)
def test_what_openssl_would_not_read_is_none(octets: bytes) -> None:
    assert read_certificate(octets) is None


def test_a_certificate_that_is_cut_is_none() -> None:
    assert all(read_certificate(CERTIFICATE[:size]) is None for size in range(len(CERTIFICATE)))


@settings(max_examples=300)
@given(st.lists(st.tuples(st.integers(0, len(CERTIFICATE) - 1), st.integers(0, 255)), max_size=4))
def test_changed_bytes_never_raise(changes: list[tuple[int, int]]) -> None:
    broken = bytearray(CERTIFICATE)
    for at, octet in changes:
        broken[at] = octet
    found = read_certificate(bytes(broken))
    assert found is None or found.row["fingerprint"]


@settings(max_examples=200)
@given(st.binary(max_size=200))
def test_random_bytes_never_raise(octets: bytes) -> None:
    assert read_certificate(octets) is None


@pytest.mark.parametrize(
    "octets",
    [
        certificate(extension(ALTERNATIVE, sequence(encode(0x82, b"a") * 20_000))),
        certificate(*[extension(CONSTRAINTS, sequence())] * 5_000),
        certificate(key=rsa(modulus=1 << 400_000)),
        certificate(key=rsa(exponent=1 << 400_000)),
        certificate(serial=encode(2, b"\1" * 60_000)),
        certificate(name=b"," * 60_000),
        certificate(extension(ALTERNATIVE, sequence(encode(0x82, b"a" * 1_000_000)))),
    ],
)
def test_a_hostile_certificate_does_not_take_long(octets: bytes) -> None:
    begin = perf_counter()
    found = read_certificate(octets)
    if found:
        found.names_host("a" * 60_000)
    assert perf_counter() - begin < 0.5
