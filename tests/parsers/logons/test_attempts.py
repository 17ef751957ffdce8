from __future__ import annotations

from parsers.logons.attempts import HELD_AT_MOST, WITHIN, Attempts


def row(**told):
    return {
        "ts": 0, "user": "ann", "event": "logon", "outcome": "failed", "orig_h": None,
        "host": "gw", "service": None,
    } | told  # fmt: skip


def test_another_kind_of_line_completes_a_row():
    attempts = Attempts()
    assert attempts.add("aaa", row()) == []
    assert attempts.add("session", row(orig_h="192.0.2.1", service="anyconnect", ts=5)) == []
    assert attempts.end() == [row(orig_h="192.0.2.1", service="anyconnect")]


def test_what_differs_is_not_joined():
    for other in (
        {"user": "bob"},
        {"outcome": "success"},
        {"event": "logoff"},
        {"host": "gw2"},
        {"ts": WITHIN + 1},
    ):
        attempts = Attempts()
        rows = attempts.add("a", row()) + attempts.add("b", row(**other)) + attempts.end()
        assert len(rows) == 2, other


def test_different_addresses_are_different_clients():
    attempts = Attempts()
    rows = attempts.add("a", row(orig_h="192.0.2.1")) + attempts.add("b", row(orig_h="192.0.2.2"))
    assert [each["orig_h"] for each in rows + attempts.end()] == ["192.0.2.1", "192.0.2.2"]


def test_the_same_kind_again_is_another_attempt():
    attempts = Attempts()
    assert [len(attempts.add("a", row())) for _ in range(3)] == [0, 1, 1]


def test_lines_may_come_in_either_order():
    attempts = Attempts()
    attempts.add("session", row(ts=WITHIN))
    assert attempts.add("aaa", row(ts=1, orig_h="192.0.2.1")) == []
    assert len(attempts.end()) == 1


def test_rows_that_are_held_are_bounded():
    attempts = Attempts()
    given = [attempts.add("a", row(user=str(number))) for number in range(HELD_AT_MOST + 10)]
    assert sum(map(len, given)) == 10
    assert len(attempts.end()) == HELD_AT_MOST
    assert attempts.end() == []
