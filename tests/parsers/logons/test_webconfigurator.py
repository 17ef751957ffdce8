"""The web interfaces of pfSense and OPNsense."""

from __future__ import annotations

import pytest

from tests.parsers.logons.lines import brief, framed, log_of, rows


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("/index.php: Successful login for user 'admin' from: 192.0.2.1 (Local Database)",
         ("logon", "success", "Local Database")),
        ("/index.php: webConfigurator authentication error for user 'admin' from: 192.0.2.1",
         ("logon", "failed", "webConfigurator authentication error")),
        ("/xmlrpc.php: webConfigurator authentication error for 'admin' from 192.0.2.1",
         ("logon", "failed", "webConfigurator authentication error")),
        ("/index.php: Web GUI authentication error for 'admin' from 192.0.2.1",
         ("logon", "failed", "Web GUI authentication error")),
        ("/index.php: User logged out for user 'admin' from: 192.0.2.1 (Local Database)",
         ("logoff", None, "User logged out")),
        ("/index.php: Session timed out for user 'admin' from: 192.0.2.1",
         ("logoff", None, "Session timed out")),
    ],
)  # fmt: skip
def test_each_outcome(said, expected):
    columns = ("event", "outcome", "detail", "user", "orig_h")
    assert brief(framed("php-fpm[433]", said), *columns) == [(*expected, "admin", "192.0.2.1")]


def test_a_name_may_hold_what_looks_like_a_client():
    said = (
        "/index.php: webConfigurator authentication error for user 'a' from: 9.9.9.9' from: 1.1.1.1"
    )
    assert brief(framed("php-fpm[1]", said), "user", "orig_h") == [("a' from: 9.9.9.9", "1.1.1.1")]


def test_a_line_that_is_cut_is_counted():
    log = log_of(framed("php-fpm[433]", "/index.php: Successful login for user 'admin"))
    assert list(log) == []
    assert dict(log.weirds) == {"attempt_without_client_in_log_of_webconfigurator": 1}


def test_other_lines_tell_of_no_logon():
    assert rows(framed("php-fpm[1]", "/rc.start_packages: Restarting/Starting all packages.")) == []
