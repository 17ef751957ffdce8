"""What PAM's modules write."""

from __future__ import annotations

import pytest

from parsers.logons.pam import Line, read

FAILED = "authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost="


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"pam_unix(sshd:auth): {FAILED}192.0.2.1  user=root",
         Line("failure", "sshd", "pam_unix", "root", "192.0.2.1")),
        (f"pam_sss(sshd:auth): {FAILED}192.0.2.1 user=a b rhost=9.9.9.9",
         Line("failure", "sshd", "pam_sss", "a b rhost=9.9.9.9", "192.0.2.1")),
        (f"pam_unix(sshd:auth): {FAILED} ", Line("failure", "sshd", "pam_unix")),
        ("PAM 2 more authentication failures; logname= rhost=192.0.2.1  user=a",
         Line("failure", "", "", "a", "192.0.2.1", 2)),
        ("pam_unix(sshd:session): session opened for user a(uid=2) by (uid=0)",
         Line("opened", "sshd", "pam_unix", "a")),
        ("pam_unix(sshd:session): session closed for user a",
         Line("closed", "sshd", "pam_unix", "a")),
        ("pam_tally2(sshd:auth): user a (1001) tally 6, deny 5",
         Line("locked", "sshd", "pam_tally2", "a")),
        ("pam_unix(sshd:auth): check pass; user unknown", None),
        ("pam_env(sshd:session): deprecated reading of user environment enabled", None),
        ("pam_systemd(sshd:session): session closed for user a", None),
    ],
)  # fmt: skip
def test_each_line(text, expected):
    assert read(text) == expected
