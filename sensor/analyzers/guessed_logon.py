"""A logon that was guessed: failures, then success, from one source or as one user.

What it finds
-------------
Somebody failed to log on several times and was then let in: the same source at the same target, or
one user from several sources. What was guessed is to be changed, and what the session did is to be
looked at. One finding for a source (or a user), a target and a service.

How it decides
--------------
For each success the failures in the window before it are counted; with `failures` of them or more
it is told. High, medium from inside, info from where the site allows logons (`allowed`). A success
that is told only by sizes and times of what is encrypted has the confidence of that.

What it cannot see
------------------
As `failed-logons`. Where logs give no user, all users of a source are one: a shared address where
one person fails and another is let in looks the same.

False alarms
------------
People who do not remember a password: raise `failures`. Programs that try old passwords first.

Documented for
--------------
As `failed-logons`, and MITRE ATT&CK T1078, valid accounts.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Annotated, Any

import msgspec
import polars as pl
from polars import col

from sensor.analyzer import Analyzer, Bins, Count, Distinct, From, Min, Rows, Sum, Values
from sensor.analyzers.failed_logons import DAY, ROW, SLICE, in_words, place, without_nothing
from sensor.findings import Attack, Judgement, Severity, Verdict

KEPT = 64


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many failures make a success suspicious, and how shortly before."""

    failures: Annotated[
        int, msgspec.Meta(ge=1, description="Failures before a success from which it is told.")
    ] = 5
    window: Annotated[timedelta, msgspec.Meta(description="How long before; a day at most.")] = (
        timedelta(hours=1)
    )
    listed: Annotated[
        int, msgspec.Meta(ge=1, le=KEPT, description="Logons that a finding lists at most.")
    ] = 20

    def __post_init__(self) -> None:
        if not SLICE <= self.window <= DAY:
            raise ValueError(f"a window lasts from {SLICE} to {DAY}, not {self.window}")


def analyzer(settings: Settings) -> Analyzer:
    """Return the analyzer with its settings worked in."""
    ours = col("resp_inside").fill_null(value=True) & col("orig_h").is_not_null()
    known = col("outcome").is_in(["failed", "success"]) & (col("attempts") > 0)
    failed, success = col("outcome") == "failed", col("outcome") == "success"
    target = {
        "target": pl.coalesce("resp_h", "host"),
        "port": col("resp_p"),
        "protocol": col("proto"),
        "service": col("service"),
    }
    nobody = pl.lit(None, pl.String)
    return Analyzer(
        name="guessed-logon",
        title="Logon guessed",
        observes=(
            From("logon", ours & known, {"source": col("orig_h"), "user": nobody, **target}),
            From(
                "logon",
                ours & known & col("user").is_not_null(),
                {"source": nobody, "user": col("user"), **target},
            ),
        ),
        measures=(
            Sum("attempts", where=failed, name="failures"),
            Count(where=success, name="successes"),
            Bins(SLICE, of=Sum("attempts", where=failed)),
            Count(where=~col("orig_inside").fill_null(value=False), name="from_outside"),
            Count(where=~col("orig_allowed"), name="unexpected"),
            Distinct("orig_h", name="sources"),
            Distinct("uid", name="connections"),
            Values("user", 4, where=success, name="users"),
            Min((col("confidence") * 100).round(), name="sure"),
            Rows(ROW, keep=KEPT, where=failed, name="failed"),
            Rows(ROW, keep=KEPT, where=success, name="let_in"),
        ),
        judge=partial(_judge, settings),
        worth=(col("failures") >= settings.failures) & (col("successes") > 0),
        attack=Attack(
            technique=("T1110", "T1078", "T1133"),
            tactic=("TA0006", "TA0001", "TA0003"),
            mitigation=("M1032", "M1035", "M1036"),
        ),
        reads=("orig_inside", "resp_inside", "orig_allowed"),
        reach=settings.window,
    )


def _judge(
    settings: Settings, key: Mapping[str, Any], totals: Mapping[str, Any]
) -> Judgement | None:
    if key["source"] is None and totals["sources"].count < 2:
        return None  # the source's own finding tells it
    guessed = _guessed(settings, totals)
    if guessed is None:
        return None
    before, when = guessed
    who = key["source"] or f"{key['user']}, from {totals['sources']} sources,"
    name = f" as {totals['users'][0]}" if key["source"] and totals["users"] else ""
    rows = sorted((*totals["failed"], *totals["let_in"]), key=lambda row: (row["ts"], row["uid"]))
    severity = Severity.HIGH if totals["from_outside"] else Severity.MEDIUM
    return Judgement(
        severity=severity if totals["unexpected"] else Severity.INFO,
        verdict=Verdict.SUCCEEDED,
        message=f"{who} was let in to {place(key)}{name} at {when:%H:%M:%S}, after {before:,} "
        f"failures within {in_words(settings.window)}",
        confidence=(totals["sure"] if totals["sure"] is not None else 100) / 100,
        evidence=tuple(without_nothing(row) for row in _around(rows, when, settings.listed)),
        status="success",
        flow_count=totals["connections"].count,
    )


def _guessed(settings: Settings, totals: Mapping[str, Any]) -> tuple[int, datetime] | None:
    """The first success with enough failures before it, and how many these were."""
    for row in totals["let_in"]:
        when = row["ts"]
        before = _before(totals, when, settings.window)
        if before >= settings.failures:
            return before, when
    return None


def _before(totals: Mapping[str, Any], when: datetime, window: timedelta) -> int:
    """How many failures lie in the window before a moment: by slices, the last by its rows."""
    slices: list[int] = [
        figure for at, figure in totals["bins"] if when - window <= at and at + SLICE <= when
    ]
    last: list[int] = [
        row["attempts"] for row in totals["failed"] if when - SLICE < row["ts"] <= when
        and _slice(row["ts"]) + SLICE > when
    ]  # fmt: skip
    return sum(slices) + sum(last)


def _slice(when: datetime) -> datetime:
    return when.replace(second=0, microsecond=0)


def _around(rows: list[Mapping[str, Any]], when: datetime, most: int) -> list[Mapping[str, Any]]:
    """The last rows before a success, and it, at most so many."""
    until = [row for row in rows if row["ts"] <= when]
    return until[-most:]
