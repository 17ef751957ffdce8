from __future__ import annotations

import pytest

from parsers.logons.told import address, is_of_host, joined, port, row
from tests.parsers.logons.appliance_lines import NOON, SECOND, message


def test_placeholders_are_unset():
    made = row(message("x"), {"outcome": "failed", "user": "*****", "orig_h": "-", "orig_p": "-"})
    assert (made["user"], made["orig_h"], made["orig_p"]) == (None, None, None)
    assert made["ts"] == NOON + SECOND
    assert made["host"] == "gateway"


def test_what_is_no_logon_has_no_outcome():
    made = row(message("x"), {"event": "logoff", "user": "ann"})
    assert (made["event"], made["outcome"], made["attempts"]) == ("logoff", None, None)


def test_names_are_escaped_and_bounded():
    made = row(message("x"), {"outcome": "failed", "user": "a\nb" + "c" * 999, "detail": "d" * 999})
    assert made["user"].startswith("a\\nb")
    assert (len(made["user"]), len(made["detail"])) == (256, 200)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("[2001:DB8::1]", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("LOCAL", None),
        ("", None),
    ],
)
def test_addresses(text, expected):
    assert address(text) == expected


@pytest.mark.parametrize(
    ("told", "expected"),
    [("22", 22), (65_535, 65_535), ("65536", None), ("0", None), ("x", None), (None, None),
     ("9" * 99, None), ("٣", None)],
)  # fmt: skip
def test_ports(told, expected):
    assert port(told) == expected


def test_loopback_is_of_the_host():
    assert is_of_host("127.0.0.1")
    assert is_of_host("::1")
    assert not is_of_host("192.0.2.1")


def test_details_are_joined_without_what_is_nothing():
    assert joined("bad.", None, "N/A", "", "group x") == "bad; group x"
