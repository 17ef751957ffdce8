"""A logon that was guessed: failures, then success, from one source or as one user.

What it finds
-------------
Somebody failed to log on several times and was then let in: the same source at the same target, or
one user from several sources. What was guessed is to be changed, and what the session did is to be
looked at. One finding for a source (or a user), a target and a service.

How it decides
--------------
For each success the failures in the window before it are counted, by the minute; with `failures` of
them or more it is told. High, medium where all that were let in are inside, info where the site
allows them (`allowed`). A success that is told only by sizes and times of what is encrypted has the
confidence of that. After many rows the order within a minute is not known: all its failures count.

What it cannot see
------------------
As `failed-logons`. Where logs give no user, all users of a source are one: a shared address where
one person fails and another is let in looks the same.

False alarms
------------
People who do not remember a password: raise `failures`. Programs that try old passwords first. A
name that all the world guesses (root), when its owner logs on: name the owner's addresses in
`allowed`.

Documented for
--------------
As `failed-logons`, and MITRE ATT&CK T1078, valid accounts.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from itertools import accumulate
from typing import Annotated, Any

import msgspec
import polars as pl
from polars import col

from sensor.analyzer import Analyzer, Bins, Count, Distinct, From, Min, Rows, Sum
from sensor.analyzers.failed_logons import (
    DAY,
    ROW,
    SLICE,
    in_words,
    midnight,
    place,
    without_nothing,
)
from sensor.findings import Attack, Judgement, Severity, Verdict

KEPT = 64  # rows of either kind, for the order within a minute


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
            Bins(SLICE, of=Count(where=success), name="entered"),
            Count(where=success & ~col("orig_inside").fill_null(value=False), name="from_outside"),
            Count(where=success & ~col("orig_allowed"), name="unexpected"),
            Distinct("orig_h", name="sources"),
            Distinct("uid", name="connections"),
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
    before, minute, success = guessed
    when = f"{success['ts']:%H:%M:%S}" if success else f"{minute:%H:%M}"
    user = success["user"] if success else None
    who = key["source"] or f"{key['user']}, from {totals['sources']} sources,"
    name = f" as {user}" if key["source"] and user else ""
    severity = Severity.HIGH if totals["from_outside"] else Severity.MEDIUM
    until = success["ts"] if success else minute + SLICE
    return Judgement(
        severity=severity if totals["unexpected"] else Severity.INFO,
        verdict=Verdict.SUCCEEDED,
        message=f"{who} was let in to {place(key)}{name} at {when}, after {before:,} "
        f"failure{'' if before == 1 else 's'} within {in_words(settings.window)}",
        confidence=(totals["sure"] if totals["sure"] is not None else 100) / 100,
        evidence=tuple(without_nothing(row) for row in _before(totals, until)[-settings.listed :]),
        status="success",
        flow_count=totals["connections"].count,
    )


def _guessed(
    settings: Settings, totals: Mapping[str, Any]
) -> tuple[int, datetime, Mapping[str, Any] | None] | None:
    """The failures before the first success of the day that has enough, its minute, and its row.

    Where more rows came than are kept, the order within the minute is lost: then its last success
    is meant, without a row where that is not kept either.
    """
    starts = [at for at, _ in totals["bins"]]
    sums: list[int] = [0, *accumulate(figure for _, figure in totals["bins"])]

    def failures(first: datetime, end: datetime) -> int:
        return sums[bisect_left(starts, end)] - sums[bisect_left(starts, first)]

    for at, _ in totals["entered"]:
        end = at + SLICE
        before, within = failures(at - settings.window, at), failures(at, end)
        if at < midnight(totals) or before + within < settings.failures:
            continue
        tried, let_in = (
            [row for row in totals[name] if at <= row["ts"] < end] for name in ("failed", "let_in")
        )
        if not all(_is_known(totals[name], end) for name in ("failed", "let_in")):
            return before + within, at, let_in[-1] if let_in else None
        for success in let_in:
            earlier = before + sum(r["attempts"] for r in tried if r["ts"] <= success["ts"])
            if earlier >= settings.failures:
                return earlier, at, success
    return None


def _is_known(rows: list[Mapping[str, Any]], end: datetime) -> bool:
    """Whether every row before a moment is among those that are kept, which are the first."""
    return len(rows) < KEPT or rows[-1]["ts"] >= end


def _before(totals: Mapping[str, Any], until: datetime) -> list[Mapping[str, Any]]:
    """The rows that are kept up to a moment, in order."""
    rows = [row for row in (*totals["failed"], *totals["let_in"]) if row["ts"] <= until]
    return sorted(rows, key=lambda row: (row["ts"], row["uid"] or ""))
