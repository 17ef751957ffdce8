from __future__ import annotations

import pytest

from parsers.logons import stormshield
from tests.parsers.logons.appliance_lines import rows_of, said

LINE = (
    'id=firewall time="2023-11-14 23:13:20" fw="sns1" tz=+0100 startime="2023-11-14 23:13:20" '
    'src=198.51.100.1 user="ann" domain="" {}logtype="{}"'
)


def line(text: str, method: str = "", logtype: str = "auth") -> str:
    return LINE.format(f'{method}msg="{text}" ', logtype)


@pytest.mark.parametrize(
    ("text", "method", "expected"),
    [
        ("SSH authentication success on the firewall", "", ("logon", "success", "ssh")),
        ("SSH authentication failed: user not found in ldap", "", ("logon", "failed", "ssh")),
        ("Authentication Failed", 'method="OPENVPN" ', ("logon", "failed", "openvpn")),
        ("User logged out", 'method="PLAIN" ', ("logoff", None, None)),
    ],
)
def test_the_log_of_authentication(text, method, expected):
    rows = rows_of(stormshield, line(text, method))
    assert said(rows, "event", "outcome", "service") == [expected]
    assert said(rows, "user", "orig_h", "host", "ts") == [
        ("ann", "198.51.100.1", "sns1", 1_700_000_000_000_000_000)
    ]


def test_other_logs_are_passed_over():
    assert rows_of(stormshield, line("Authentication Failed", logtype="server")) == []
    assert rows_of(stormshield, line("Something else")) == []
