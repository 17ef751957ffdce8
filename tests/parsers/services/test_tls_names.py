from __future__ import annotations

import pytest

from parsers.services.tls_names import (
    ALERTS,
    CURVES,
    GREASE,
    SUITES,
    key_exchange,
    named,
    version_name,
)


@pytest.mark.parametrize(
    ("version", "name"),
    [
        (0x0002, "SSLv2"),
        (0x0300, "SSLv3"),
        (0x0304, "TLSv13"),
        (0x7F12, "TLSv13-draft18"),
        (0xFEFD, "DTLSv12"),
        (0x7E01, "unknown-32257"),
    ],
)
def test_versions_are_named_and_drafts_numbered(version: int, name: str) -> None:
    assert version_name(version) == name


@pytest.mark.parametrize(
    ("suite", "name"),
    [
        (0x0000, "TLS_NULL_WITH_NULL_NULL"),
        (0x0025, "TLS_KRB5_WITH_IDEA_CBC_MD5"),
        (0x0095, "TLS_RSA_PSK_WITH_AES_256_CBC_SHA"),
        (0x00C5, "TLS_DH_ANON_WITH_CAMELLIA_256_CBC_SHA256"),
        (0x1301, "TLS_AES_128_GCM_SHA256"),
        (0xC019, "TLS_ECDH_ANON_WITH_AES_256_CBC_SHA"),
        (0xC030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"),
        (0xC063, "TLS_ECDH_RSA_WITH_ARIA_256_GCM_SHA384"),
        (0xC0AB, "TLS_PSK_DHE_WITH_AES_256_CCM_8"),
        (0xCCAE, "TLS_RSA_PSK_WITH_CHACHA20_POLY1305_SHA256"),
        (0xD005, "TLS_ECDHE_PSK_WITH_AES_128_CCM_SHA256"),
        (0x0700C0, "SSLv20_CK_DES_192_EDE3_CBC_WITH_MD5"),
        (0x8C62, "unknown-35938"),
    ],
)
def test_suites_are_named_as_zeek_does(suite: int, name: str) -> None:
    assert named(SUITES, suite) == name


def test_no_two_suites_have_one_name() -> None:
    assert len(set(SUITES.values())) == len(SUITES)


def test_curves_alerts_and_values_without_meaning_are_named() -> None:
    assert (CURVES[23], CURVES[29], CURVES[4588]) == ("secp256r1", "x25519", "X25519MLKEM768")
    assert (CURVES[0x1A1A], named(ALERTS, 48)) == ("grease_0x1A1A", "unknown_ca")
    assert {0x0A0A, 0xFAFA} < GREASE
    assert len(GREASE) == 16


@pytest.mark.parametrize(
    ("suite", "kind"),
    [
        (0xC02F, "ECDHE"),
        (0xC015, "ECDH_ANON"),
        (0x0033, "DHE"),
        (0xC0AA, "DHE"),
        (0x0034, "DH_ANON"),
        (0x002F, ""),
        (0xC031, ""),
        (0xCC13, ""),
        (0xD001, ""),
        (0x1301, ""),
        (-1, ""),
    ],
)
def test_the_servers_key_exchange_is_known_by_the_suite(suite: int, kind: str) -> None:
    assert key_exchange(suite) == kind
