"""Password spray: a few tries each over many users, targets or sources, low and slow.

What it finds
-------------
Failed logons of which each single user, target or source has few, and all together too many. One
finding for each of

    users    one source failed as many users at one target and service
    targets  one source failed at many targets
    network  sources of one network (IPv4 /24, IPv6 /64) did either, and none of them alone
    sources  many sources failed at one target and service, at a steady rate: one try every 30
             minutes from 500 addresses is told within a day, mostly after 11 hours

The verdict is attempted, or succeeded where one that failed so was let in later, from the same
source. High, medium from inside, info from where the site allows logons (`allowed`).

How it decides
--------------
Only those count that failed up to `tries` times and were never let in on that day (and in the six
hours before it): most people who mistype get in afterwards. More than `users` users, or more than
`targets` targets, are told.

Of many sources, a sequential test decides (CUSUM: Page, Continuous inspection schemes, Biometrika
41, 1954). For each half hour, the sources that fail for the first time are added up, and taken off
is what lies between the ordinary rate (`background`) and the one to be found (`rate`):
(rate - background) / ln(rate / background), the bound at which both are equally likely for Poisson
counts. Where the sum, which never falls below 0, exceeds `alarm`, it is told.

How often it is wrong
---------------------
`python bench/spray.py` (seeded) feeds 1,000 weeks of a model of a site: 300 people who log on from
home, some mistype, some give up, and a few strangers a day try once or more. With the defaults:

    strangers a day  weeks  false findings  one try every 30 minutes is told after
    4 (the default)  1,000  0               10.9 h (median), 17.0 h (99 %), 19.9 h (all)
    12               100    0               8.7 h, 12.5 h, 12.7 h
    20               100    5               5.9 h, 10.2 h, 12.5 h

So with 95 % confidence there are fewer than 3 false findings in 1,000 such weeks. The others are
`--weeks 100 --strangers 12` and `20`: it is strangers that count, not people.

What it cannot see
------------------
As `failed-logons`. Tries that are spread over many targets from many sources. Where the user is not
known (SSH on the wire), sources and targets alone count. A spray slower than `rate`.

False alarms
------------
A directory that is down: everybody fails. Many people behind one address. A service that strangers
of the whole internet try all day: raise `background` and `rate`. Who is let in after failures while
a spray goes on may have mistyped.

Documented for
--------------
Hosts that did what this finds are not therefore any of these. MITRE ATT&CK, technique T1110.003,
password spraying: APT28 (G0007), APT29 (G0016), APT33 (G0064), HAFNIUM (G0125), Lazarus (G0032).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Annotated, Any, Literal

import msgspec
import numpy as np
import polars as pl
from polars import col

from parsers.addresses import from_text, to_text
from sensor.analyzer import (
    Analyzer,
    Bins,
    Count,
    Distinct,
    From,
    Max,
    Min,
    Rows,
    Stage,
    Sum,
    Values,
)
from sensor.analyzers.failed_logons import place
from sensor.findings import Attack, Judgement, Severity, Verdict

SLICE = timedelta(minutes=30)
BEFORE = timedelta(hours=6)  # before midnight: what counts for the next day too
NAMES_MAX = 64  # users and targets that are told apart of one network
LET_IN_MAX = 4
V4_MAPPED = 0xFFFF  # the upper half of an IPv4 address' low word
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Way = Literal["users", "targets", "network", "sources"]


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many are too many, and how fast many sources are."""

    users: Annotated[
        int,
        msgspec.Meta(ge=1, lt=NAMES_MAX, description="Users of a source; more than this is told."),
    ] = 8
    targets: Annotated[
        int,
        msgspec.Meta(ge=1, lt=NAMES_MAX, description="Targets of a source; more is told."),
    ] = 8
    tries: Annotated[
        int, msgspec.Meta(ge=1, description="Failures that each may have to be counted.")
    ] = 3
    background: Annotated[
        float,
        msgspec.Meta(gt=0, description="Failing sources an hour that a service has anyway."),
    ] = 0.5
    rate: Annotated[
        float, msgspec.Meta(gt=0, description="Failing sources an hour that are a spray.")
    ] = 2.0
    alarm: Annotated[
        float, msgspec.Meta(gt=0, description="Sources beyond the ordinary; more is told.")
    ] = 12.0
    listed: Annotated[
        int, msgspec.Meta(ge=1, le=64, description="Rows that a finding lists at most.")
    ] = 20

    def __post_init__(self) -> None:
        if self.rate <= self.background:
            raise ValueError(f"a rate is more than the background, {self.background}")


def analyzer(settings: Settings) -> Analyzer:
    """Return the analyzer with its settings worked in."""
    ours = col("resp_inside").fill_null(value=True) & col("orig_h").is_not_null()
    known = col("outcome").is_in(["failed", "success"]) & (col("attempts") > 0)
    failed, success = col("outcome") == "failed", col("outcome") == "success"
    target, nobody = pl.coalesce("resp_h", "host"), pl.lit(None, pl.String)
    here = {"target": target, "port": col("resp_p")}
    anywhere = {"target": nobody, "port": pl.lit(None, pl.Int32)}

    def way(name: Way, part: pl.Expr, **key: pl.Expr) -> From:
        key = {"way": pl.lit(name), "source": nobody, "network": nobody, "part": part} | key
        what = {"protocol": col("proto"), "service": col("service")}
        return From("logon", where=ours & known & part.is_not_null(), key=key | what)

    # A source stands for all users and targets that it tried.
    pairs = pl.max_horizontal(col("users").list.len(), col("targets").list.len(), 1)
    seldom = (col("failures") <= settings.tries * pairs) | (col("way") == "targets")
    few = (col("failures") > 0) & seldom
    shut_out, let_in = few & (col("successes") == 0), few & (col("let_in") > col("failed"))
    return Analyzer(
        name="password-spray",
        title="Password spray",
        observes=(
            way("users", col("user"), source=col("orig_h"), **here),
            way("targets", target, source=col("orig_h"), **anywhere),
            way("network", col("orig_h"), network=network(col("orig_h")), **anywhere),
            way("sources", col("orig_h"), **here),
        ),
        measures=(
            Sum("attempts", where=failed, name="failures"),
            Count(where=success, name="successes"),
            Min("ts", where=failed, name="failed"),
            Max("ts", where=failed, name="last_failed"),
            Max("ts", where=success, name="let_in"),
            Count(where=failed & ~col("orig_inside").fill_null(value=False), name="from_outside"),
            Count(where=failed & ~col("orig_allowed"), name="unexpected"),
            Min((col("confidence") * 100).round(), where=failed, name="sure"),
            Values("user", NAMES_MAX, where=failed, name="users"),
            Values("resp_h", NAMES_MAX, where=failed, name="targets"),
            Values("known_by", 4, where=failed, name="known_by"),
            Distinct("uid", name="connections"),
        ),
        judge=None,
        then=Stage(
            ("way", "source", "network", "target", "port", "protocol", "service"),
            (
                Count(where=shut_out),
                Sum("failures", where=shut_out),
                Max("last_failed", where=shut_out, name="last_failed"),
                Bins(SLICE, where=shut_out),
                Max(col("users").list.len(), where=shut_out, name="most_users"),
                Max(col("targets").list.len(), where=shut_out, name="most_targets"),
                Values("users", NAMES_MAX, where=shut_out, name="users", lists=True),
                Values("targets", NAMES_MAX, where=shut_out, name="targets", lists=True),
                Values("known_by", 4, where=shut_out, name="known_by", lists=True),
                Sum("from_outside", where=shut_out, name="from_outside"),
                Sum("unexpected", where=shut_out, name="unexpected"),
                Min("sure", where=shut_out, name="sure"),
                Sum("connections", where=few, name="connections"),
                Count(where=let_in, name="let_in"),
                Rows(("part", "failures", "let_in"), LET_IN_MAX, where=let_in, name="in_after"),
                Rows(
                    ("part", "failures", "first_seen", "last_seen"),
                    keep=settings.listed,
                    where=shut_out,
                ),
            ),
            partial(_judge, settings),
            worth=col("count") > 0,
        ),
        attack=Attack(
            technique=("T1110.003", "T1133"),
            tactic=("TA0006", "TA0001"),
            mitigation=("M1027", "M1032", "M1036"),
        ),
        speaks="at close",
        reads=("orig_inside", "resp_inside", "orig_allowed"),
        reach=BEFORE,
    )


def network(addresses: pl.Expr) -> pl.Expr:
    """The network of each address: IPv4 /24, IPv6 /64; null for text that is no address."""
    return addresses.map_batches(_networks, return_dtype=pl.String, is_elementwise=True)


def _networks(texts: pl.Series) -> pl.Series:
    high, low, valid = from_text(texts)
    is_v4 = (high == 0) & (low >> 32 == V4_MAPPED)
    first = to_text(high, np.where(is_v4, low & ~0xFF, 0))
    length = pl.Series(np.where(is_v4, "/24", "/64"))
    return pl.select(pl.when(pl.Series(valid)).then(first + length)).to_series()


def _judge(
    settings: Settings, key: Mapping[str, Any], totals: Mapping[str, Any]
) -> Judgement | None:
    if not totals["count"]:
        return None
    day = totals["last_seen"].date()
    rise = risen(totals["bins"], settings, day) if key["way"] == "sources" else None
    told = _told(settings, key, totals, rise)
    # What lies in the hours before the day alone is the finding of the day before.
    if told is None or moment(totals["last_failed"]).date() != day:
        return None
    severity = Severity.HIGH if totals["from_outside"] else Severity.MEDIUM
    known_by, let_in = " and ".join(totals["known_by"]), totals["in_after"]
    return Judgement(
        severity=severity if totals["unexpected"] else Severity.INFO,
        verdict=Verdict.SUCCEEDED if let_in else Verdict.ATTEMPTED,
        message=f"{told}, {totals['sum_failures']:,} failures in all; known by {known_by}"
        f"{_after(totals)}",
        confidence=(totals["sure"] if totals["sure"] is not None else 100) / 100,
        evidence=(
            *([{"begun": rise[0], "alarm": rise[1]}] if rise else ()),
            *(row | {"let_in": moment(row["let_in"])} for row in let_in),
            *totals["rows"],
        ),
        not_seen=() if totals["users"] else ("as which users",),
        status="success" if let_in else "failed",
        flow_count=totals["connections"],
    )


def _told(
    settings: Settings,
    key: Mapping[str, Any],
    totals: Mapping[str, Any],
    rise: tuple[datetime, datetime] | None,
) -> str | None:
    """What is too many, as the beginning of the message; None where nothing is."""
    count, way, source = totals["count"], key["way"], key["source"]
    if way == "users" and count > settings.users:
        tries = f"{settings.tries} time{'' if settings.tries == 1 else 's'} each at most"
        return f"{source} failed to log on to {place(key)} as {count:,} users, {tries}"
    if way == "targets" and count > settings.targets:
        return f"{source} failed to log on to {key['service']} on {count:,} targets"
    if way == "network" and _of_network(settings, totals):
        users, targets = _some(totals["users"], "user"), _some(totals["targets"], "target")
        names = f" as {users}" if totals["users"] else ""
        return (
            f"{count:,} sources in {key['network']} failed to log on to {key['service']} on "
            f"{targets}{names}"
        )
    if rise is not None:
        return (
            f"{count:,} sources failed to log on to {place(key)}, few times each; from "
            f"{rise[0]:%H:%M} on they were more than is ordinary"
        )
    return None


def _of_network(settings: Settings, totals: Mapping[str, Any]) -> bool:
    """Whether all sources of a network have too many users or targets, and no single one has."""
    return any(
        len(totals[what]) > limit >= totals[f"most_{what}"]
        for what, limit in (("users", settings.users), ("targets", settings.targets))
    )


def risen(
    slices: Sequence[tuple[datetime, int]], settings: Settings, day: date
) -> tuple[datetime, datetime] | None:
    """When more sources began to come than are ordinary, and when that raises the alarm on a day.

    The second is the end of a slice; None where there is no alarm on the day.
    """
    bound = (settings.rate - settings.background) / math.log(settings.rate / settings.background)
    drop = bound * (SLICE / timedelta(hours=1))
    beyond, begun, before = 0.0, None, None
    for at, figure in slices:
        empty = (at - before) // SLICE - 1 if before is not None else 0
        beyond -= drop * empty
        if beyond <= 0 or begun is None:
            beyond, begun = 0.0, at
        beyond, before = beyond + figure - drop, at
        if beyond > settings.alarm and at.date() == day:
            return begun, at + SLICE
    return None


def moment(nanoseconds: int) -> datetime:
    """A time of a figure, in UTC."""
    return EPOCH + timedelta(microseconds=nanoseconds // 1000)


def _some(names: Sequence[str], what: str) -> str:
    """How many there are, as far as they were kept."""
    number = f"at least {NAMES_MAX}" if len(names) == NAMES_MAX else str(len(names))
    return f"{number} {what}{'' if len(names) == 1 else 's'}"


def _after(totals: Mapping[str, Any]) -> str:
    """Who was let in after failing."""
    if not totals["in_after"]:
        return ""
    first = totals["in_after"][0]
    more = f" and {totals['let_in'] - 1:,} more" if totals["let_in"] > 1 else ""
    when = moment(first["let_in"])
    return f"; {first['part']}{more}, which failed as well, was let in at {when:%H:%M:%S}"
