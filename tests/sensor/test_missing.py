"""What logs lack is said, and which script would provide it."""

from __future__ import annotations

from polars import col

from sensor.analyzer import Analyzer, Count, From
from sensor.findings import Attack
from sensor.missing import notes, told, unread

ATTACK = Attack(technique=("T1133",), tactic=(), mitigation=())


def analyzer(name: str, table: str, *columns: str) -> Analyzer:
    where = col("ts").is_not_null()
    for column in columns:
        where &= col(column).is_not_null()
    source = From(table, where=where, key={"source": col("uid")})
    return Analyzer(name, name, (source,), (Count(),), lambda key, totals: None, ATTACK)


def test_an_analyzer_whose_log_is_not_there_checked_nothing() -> None:
    assert list(notes([analyzer("a", "rdp"), analyzer("b", "rdp")], {"conn": {"ts"}})) == [
        "There is no rdp log (Zeek: base/protocols/rdp): a and b checked nothing."
    ]


def test_a_column_that_is_not_there_is_said_with_those_who_read_it() -> None:
    analyzers = [analyzer("a", "conn", "ip_proto"), analyzer("b", "conn", "service")]
    assert list(notes(analyzers, {"conn": {"ts", "uid", "service"}})) == [
        "The conn log has no ip_proto (base/protocols/conn, since Zeek 7.1): a did without."
    ]


def test_what_only_packets_have_is_said_in_one_line() -> None:
    analyzers = [analyzer("a", "conn", "orig_head"), analyzer("b", "conn", "resp_head")]
    assert list(notes(analyzers, {"conn": {"ts", "uid"}})) == [
        "Logs hold no payload: a and b did without orig_head and resp_head."
    ]


def test_where_nothing_is_missing_nothing_is_said() -> None:
    analyzers = [analyzer("a", "conn", "file", "line", "orig_inside", "counters_trusted")]
    assert list(notes(analyzers, {"conn": {"ts", "uid"}})) == []


def test_logs_that_were_not_read_are_named_the_largest_first() -> None:
    rows = {f"log{k}": k for k in range(1, 11)}
    (line,) = unread(rows)
    assert line.startswith("Not read, since no analyzer asks for them: log10 (10 rows), log9 (9")
    assert line.endswith("log3 (3 rows) and 2 more.")
    assert list(unread({"ssh": 1})) == ["Not read, since no analyzer asks for them: ssh (1 row)."]
    assert list(unread({})) == []


def test_names_are_joined_as_in_a_sentence() -> None:
    assert [told(["a"]), told(["a", "b"]), told(["a", "b", "c"])] == ["a", "a and b", "a, b and c"]
