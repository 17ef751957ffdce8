from __future__ import annotations

from parsers.services import SERVICES, SSL_GATEWAY, ZEEK_NAMES


def test_names_are_there_once_and_plain():
    assert len(set(SERVICES)) == len(SERVICES) == 35
    assert SSL_GATEWAY not in SERVICES


def test_zeeks_names_mean_services_that_there_are():
    assert set(ZEEK_NAMES.values()) <= set(SERVICES)
    assert ZEEK_NAMES["rfb"] == "vnc"
