from __future__ import annotations

import pytest

from parsers.logons.windows_codes import kerberos, number, status


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        (("0xC000006A", "0xC000006D"), "wrong password"),
        (("0x0", "0xc000006e"), "account restriction"),
        (("0xc0000234",), "account locked out"),
        (("-1073741715",), "wrong user or password"),
        (("0xC0FFEE00",), "0xC0FFEE00"),
        (("0x0", ""), ""),
        (("junk",), ""),
    ],
)
def test_status(codes, expected):
    assert status(*codes) == expected


def test_errors_of_kerberos():
    assert kerberos("0x18") == "wrong password"
    assert kerberos("0x0") == ""
    assert kerberos("0x99") == "0x99"


def test_numbers():
    assert number("0x6") == number("6") == 6
    assert number("9" * 999) is not None
    assert number("") is None
