"""What every engine does with what an analyzer declares."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
from polars import col

from sensor.analyzer import (
    Analyzer,
    Bins,
    Count,
    Distinct,
    DistinctCount,
    From,
    Histogram,
    Max,
    Min,
    Rows,
    Stage,
    Sum,
)
from sensor.findings import Attack, Finding, Judgement, Severity, Verdict, finding_id

ATTACK = Attack(("T1133",), ("TA0001",), ("M1035",))
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MIDNIGHT = datetime(2026, 3, 2, tzinfo=UTC)
CONN = {
    "ts": pl.Datetime("ns", "UTC"),
    "uid": pl.String,
    "orig_h": pl.String,
    "resp_h": pl.String,
    "resp_p": pl.Int32,
    "orig_bytes": pl.Int64,
}
HTTP = {
    "ts": CONN["ts"],
    "uid": pl.String,
    "client": pl.String,
    "host": pl.String,
    "port": pl.Int32,
}
Row = tuple[Any, ...]


def conn(*rows: Row) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=CONN, orient="row")


def http(*rows: Row) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=HTTP, orient="row")


class Heard(list[tuple[dict[str, Any], dict[str, Any]]]):
    """A judge that says nothing and keeps the keys and totals that it was shown."""

    def judge(self, key, totals) -> None:
        self.append((dict(key), dict(totals)))

    def totals(self, name: str) -> list[Any]:
        return sorted(totals[name] for _, totals in self)

    def keys(self) -> list[tuple[Any, ...]]:
        return [tuple(key.values()) for key, _ in self]


def say(key, totals) -> Judgement:
    return Judgement(
        Severity.LOW, Verdict.USED, f"{totals['count']} rows", flow_count=totals["count"]
    )


def watching(judge, *measures, **changes) -> Analyzer:
    key = {"source": col("orig_h"), "target": col("resp_h"), "port": col("resp_p")}
    fields = {"observes": (From("conn", col("resp_p") < 100, key),), "measures": measures}
    return Analyzer(name="toy", title="Toy", judge=judge, attack=ATTACK, **(fields | changes))


def test_totals_are_kept_for_each_key(engine):
    heard = Heard()
    running = engine([watching(heard.judge, Count(), Sum("orig_bytes"))])

    running.add("conn", conn((NOON, "C1", "a", "x", 22, 5), (NOON, "C2", "a", "x", 22, None)))
    running.add("conn", conn((NOON, "C3", "b", "x", 22, 7), (NOON, "C4", "b", "x", 443, 9)))
    running.add("conn", conn((NOON, "C5", "a", "x", 22, 1)))

    assert running.findings() == []
    seen = {"first_seen": NOON, "last_seen": NOON}
    assert sorted(heard, key=str) == [
        ({"source": "a", "target": "x", "port": 22}, {"count": 3, "sum_orig_bytes": 6} | seen),
        ({"source": "b", "target": "x", "port": 22}, {"count": 1, "sum_orig_bytes": 7} | seen),
    ]


def test_a_value_of_the_key_that_is_missing_is_a_value(engine):
    heard = Heard()
    running = engine([watching(heard.judge, Count())])

    running.add("conn", conn((NOON, "C1", None, "x", 22, 5), (NOON, "C2", "a", "x", 22, 5)))
    running.add("conn", conn((NOON, "C3", None, "x", 22, 5)))
    running.findings()

    assert {key: totals["count"] for key, (_, totals) in zip(heard.keys(), heard, strict=True)} == {
        (None, "x", 22): 2,
        ("a", "x", 22): 1,
    }


def test_a_key_may_have_the_name_of_a_column_that_is_measured(engine):
    heard = Heard()
    where, key = col("resp_p") < 100, {"orig_h": col("resp_h"), "resp_p": pl.lit("any")}
    measures = (Distinct("orig_h"), Rows(("uid", "orig_h")))
    running = engine([watching(heard.judge, *measures, observes=(From("conn", where, key),))])

    running.add("conn", conn((NOON, "C1", "a", "x", 22, 5), (NOON, "C2", "b", "x", 22, 5)))
    running.findings()

    assert heard.keys() == [("x", "any")]
    assert heard[0][1]["distinct_orig_h"] == DistinctCount(2, exact=True)
    assert heard[0][1]["rows"] == [{"uid": "C1", "orig_h": "a"}, {"uid": "C2", "orig_h": "b"}]


def two_tables() -> tuple[From, From]:
    by_host = {"target": col("host"), "source": col("client"), "port": col("port").cast(pl.Int64)}
    by_connection = {"source": col("orig_h"), "target": col("resp_h"), "port": col("resp_p")}
    true = pl.lit(value=True)
    return From("conn", true, by_connection), From("http", true, by_host)


def test_each_table_says_how_its_columns_make_the_key(engine):
    heard = Heard()
    running = engine([watching(heard.judge, Count(), observes=two_tables())])

    running.add("http", http((NOON, "C1", "a", "x", 80), (NOON, "C1", "b", "x", 80)))
    running.add("conn", conn((NOON, "C1", "a", "x", 80, 5)))
    running.add("dns", conn((NOON, "C1", "a", "x", 80, 5)))
    running.findings()

    assert sorted(heard.keys()) == [("a", "x", 80), ("b", "x", 80)]
    assert heard.totals("count") == [1, 2]


def test_a_table_adds_nothing_to_a_measure_of_a_column_that_it_lacks(engine):
    heard = Heard()
    lacking = (Sum("orig_bytes"), Min("orig_bytes"), Distinct("orig_bytes"), Rows(("orig_bytes",)))
    lacking += (Histogram("orig_bytes", (1,)), Bins(timedelta(minutes=1), of=Sum("orig_bytes")))
    analyzer = watching(heard.judge, *lacking, Rows(("host",), name="hosts"), observes=two_tables())
    running = engine([analyzer])

    running.add("http", http((NOON, "C1", "a", "x", 80), (NOON, "C2", "a", "x", 80)))
    running.findings()

    nothing = DistinctCount(0, exact=True)
    totals = heard.pop()[1]
    assert totals.pop("hosts") == [{"host": "x"}, {"host": "x"}]
    assert list(totals.values()) == [0, None, nothing, [], [0, 0], [], NOON, NOON]

    running.add("conn", conn((NOON, "C3", "a", "x", 80, 5)))
    running.findings()

    totals = heard.pop()[1]
    assert totals.pop("hosts") == [{"host": "x"}, {"host": "x"}]
    assert totals["rows"] == [{"orig_bytes": 5}]
    assert (totals["sum_orig_bytes"], totals["histogram_orig_bytes"]) == (5, [0, 1])


def test_rows_shortly_before_midnight_count_for_the_next_day_too(engine):
    heard = Heard()
    running = engine([watching(heard.judge, Count(), reach=timedelta(minutes=10))])
    early, late = MIDNIGHT - timedelta(minutes=11), MIDNIGHT - timedelta(minutes=10)
    after = MIDNIGHT + timedelta(seconds=1)

    for place, ts in enumerate((early, late, after)):
        running.add("conn", conn((ts, f"C{place}", "a", "x", 22, 5)))
    running.findings()

    assert sorted((t["count"], t["first_seen"], t["last_seen"]) for _, t in heard) == [
        (2, early, late),
        (2, late, after),
    ]


def test_a_day_without_a_row_of_its_own_has_no_finding(engine):
    running = engine([watching(say, Count())])
    key = {"source": "a", "target": "x", "port": 22}
    late = MIDNIGHT - timedelta(minutes=1)
    running.add("conn", conn((late, "C1", "a", "x", 22, 5)))

    assert [each.id for each in running.findings()] == [finding_id("toy", date(2026, 3, 1), key)]

    running.add("conn", conn((MIDNIGHT, "C2", "a", "x", 22, 5)))

    assert {each.id: each.flow_count for each in running.findings()} == {
        finding_id("toy", date(2026, 3, 1), key): 1,
        finding_id("toy", date(2026, 3, 2), key): 2,
    }


def test_no_reach_keeps_the_days_apart(engine):
    heard = Heard()
    running = engine([watching(heard.judge, Count(), reach=timedelta(0))])

    last = MIDNIGHT - timedelta(microseconds=1)
    running.add("conn", conn((last, "C1", "a", "x", 22, 5), (MIDNIGHT, "C2", "a", "x", 22, 5)))
    running.findings()

    assert heard.totals("first_seen") == [last, MIDNIGHT]
    assert heard.totals("count") == [1, 1]


def test_the_second_stage_is_fed_the_figures_of_the_first(engine):
    heard = Heard()
    columns = ("source", "count", "sum_orig_bytes", "min_orig_bytes", "distinct_uid", "ts", "uid")
    columns += ("rows",)
    then = Stage(
        ("target",),
        (
            Count(),
            Sum("sum_orig_bytes"),
            Max("count", name="most"),
            Distinct("source"),
            Rows(columns, keep=2, largest="count"),
        ),
        heard.judge,
    )
    measures = (
        Count(),
        Sum("orig_bytes"),
        Min("orig_bytes"),
        Distinct("uid"),
        Rows(("orig_bytes",)),
    )
    running = engine([watching(None, *measures, then=then)])
    later = NOON + timedelta(minutes=1)

    running.add("conn", conn((later, "C1", "a", "x", 22, 5), (NOON, "C2", "a", "x", 22, 7)))
    running.add("conn", conn((later, "C3", "b", "x", 22, None), (NOON, "C4", "a|c", "x", 22, 9)))
    running.findings()

    [(key, totals)] = heard
    assert key == {"target": "x"}
    assert totals["rows"] == [
        dict(zip(columns, ("a", 2, 12, 5, 2, NOON, "a|x|22", {"orig_bytes": 7}), strict=True)),
        dict(zip(columns, ("a|c", 1, 9, 9, 1, NOON, "a\\|c|x|22", {"orig_bytes": 9}), strict=True)),
    ]
    assert (totals["count"], totals["sum_sum_orig_bytes"], totals["most"]) == (3, 21, 2)
    assert totals["distinct_source"] == DistinctCount(3, exact=True)
    assert (totals["first_seen"], totals["last_seen"]) == (NOON, later)


def test_the_second_stage_is_fed_nothing_of_a_table_that_did_not_come(engine):
    heard = Heard()
    fed = (Rows(("sum_orig_bytes", "max_orig_bytes", "distinct_orig_bytes")),)
    measures = (Sum("orig_bytes"), Max("orig_bytes"), Distinct("orig_bytes"))
    then = Stage(("target",), fed, heard.judge)
    running = engine([watching(None, *measures, observes=two_tables(), then=then)])

    running.add("http", http((NOON, "C1", "a", "x", 80)))
    running.findings()

    nothing = {"sum_orig_bytes": 0, "max_orig_bytes": None, "distinct_orig_bytes": 0}
    assert heard[0][1]["rows"] == [nothing]


def test_both_stages_speak_under_ids_of_their_own_keys(engine):
    then = Stage(("target",), (Count(),), say)
    running = engine([watching(say, Count(), then=then)])
    running.add("conn", conn((NOON, "C1", "a", "x", 22, 5), (NOON, "C2", "b", "x", 22, 5)))

    by_id = {each.id: each for each in running.findings()}

    day = date(2026, 3, 1)
    pairs = [{"source": source, "target": "x", "port": 22} for source in "ab"]
    ids = [finding_id("toy", day, key) for key in (*pairs, {"target": "x"})]
    assert sorted(by_id) == sorted(ids)
    assert (by_id[ids[2]].src_ip, by_id[ids[2]].dest_ip, by_id[ids[2]].flow_count) == (None, "x", 2)


def test_a_second_stage_needs_a_row_of_the_day_too(engine):
    running = engine(
        [watching(None, Count(), then=Stage(("target",), (Sum("count"), Count()), say))]
    )
    late = MIDNIGHT - timedelta(minutes=1)
    running.add("conn", conn((late, "C1", "a", "x", 22, 5)))

    assert [each.first_seen for each in running.findings()] == [late]

    running.add("conn", conn((MIDNIGHT, "C2", "b", "x", 22, 5)))

    assert {each.id: each.flow_count for each in running.findings()} == {
        finding_id("toy", date(2026, 3, 1), {"target": "x"}): 1,
        finding_id("toy", date(2026, 3, 2), {"target": "x"}): 2,
    }


def test_a_judgement_becomes_a_whole_finding(engine):
    def judge(key, totals) -> Judgement:
        return Judgement(
            severity=Severity.HIGH,
            verdict=Verdict.SUCCEEDED,
            message="in",
            confidence=0.5,
            evidence=({"uid": "C1"},),
            not_seen=("contents",),
            status="success",
            flow_count=1,
            bytes_sent=2,
            bytes_received=3,
        )

    key = {"source": col("orig_h"), "target": col("resp_h"), "port": col("resp_p")}
    named = {"protocol": pl.lit("tcp"), "service": pl.lit("ssh"), "user": pl.lit("root")}
    observes = (From("conn", pl.lit(value=True), key | named),)
    running = engine([watching(judge, Count(), observes=observes)])
    running.add("conn", conn((NOON, "C1", "a", "x", 22, 5)))

    values = {"source": "a", "target": "x", "port": 22}
    values |= {"protocol": "tcp", "service": "ssh", "user": "root"}
    assert running.findings() == [
        Finding(
            id=finding_id("toy", date(2026, 3, 1), values),
            analyzer="toy",
            title="Toy",
            message="in",
            severity=Severity.HIGH,
            verdict=Verdict.SUCCEEDED,
            confidence=0.5,
            first_seen=NOON,
            last_seen=NOON,
            src_ip="a",
            dest_ip="x",
            dest_port=22,
            protocol="tcp",
            service="ssh",
            user="root",
            status="success",
            flow_count=1,
            bytes_sent=2,
            bytes_received=3,
            data_size=5,
            evidence=({"uid": "C1"},),
            not_seen=("contents",),
            attack=ATTACK,
        )
    ]


def test_a_judgement_may_name_title_service_and_user_and_leave_bytes_unknown(engine):
    def judge(key, totals) -> Judgement:
        words = {"title": "Better", "service": "vnc", "user": "root", "bytes_sent": 5}
        return Judgement(Severity.LOW, Verdict.USED, "m", **words)

    running = engine([watching(judge, Count())])
    running.add("conn", conn((NOON, "C1", "a", "x", 22, 5)))

    [found] = running.findings()

    assert (found.title, found.service, found.user) == ("Better", "vnc", "root")
    assert (found.bytes_sent, found.bytes_received, found.data_size) == (5, None, None)


def test_findings_come_by_severity_then_time_then_id(engine):
    def judge(key, totals) -> Judgement:
        severity = Severity.CRITICAL if key["source"] == "z" else Severity.LOW
        return Judgement(severity, Verdict.USED, key["source"])

    running = engine([watching(judge, Count())])
    later = NOON + timedelta(seconds=1)
    same = [(NOON, f"C{place}", f"s{place}", "x", 22, 5) for place in range(5)]
    running.add("conn", conn((later, "Ca", "a", "x", 22, 5), (later, "Cz", "z", "x", 22, 5), *same))

    found = running.findings()

    assert [each.message for each in found][::6] == ["z", "a"]
    assert [each.id for each in found[1:6]] == sorted(each.id for each in found[1:6])


def test_findings_grow_under_their_ids_as_rows_come(engine):
    running = engine([watching(say, Count())])
    running.add("conn", conn((NOON, "C1", "a", "x", 22, 5)))
    before = running.findings()
    running.add("conn", conn((NOON, "C2", "a", "x", 22, 5)))

    after = running.findings()

    assert [each.id for each in before] == [each.id for each in after]
    assert [before[0].flow_count, after[0].flow_count] == [1, 2]
    assert running.findings() == after


def test_analyzers_do_not_disturb_one_another(engine):
    observes = two_tables()
    other = Analyzer("other", "Other", observes, (Count(),), say, ATTACK)
    running = engine([watching(say, Count()), other])
    running.add("conn", conn((NOON, "C1", "a", "x", 22, 5), (NOON, "C2", "a", "x", 443, 5)))

    assert sorted((each.analyzer, each.dest_port) for each in running.findings()) == [
        ("other", 22),
        ("other", 443),
        ("toy", 22),
    ]


def test_without_analyzers_or_rows_nothing_is_found(engine):
    assert engine([]).findings() == []
    running = engine([watching(say, Count())])
    running.add("conn", conn())
    running.add("dns", pl.DataFrame())
    assert running.findings() == []


def test_time_before_the_epoch_has_a_day_too(engine):
    heard = Heard()
    running = engine([watching(heard.judge, Count())])
    old = datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)

    running.add("conn", conn((old, "C1", "a", "x", 22, 5)))
    running.findings()

    assert heard.totals("first_seen") == [old]
