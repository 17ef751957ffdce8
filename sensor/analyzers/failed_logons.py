"""Failed logons: more than a few by one source for one user, or over many users.

What it finds
-------------
Failed attempts to log on from one source to one target and service (ATT&CK T1133, the third of its
analytics: failed attempts on VPN, RDP and Citrix, more than 5). One finding for a source, target,
service and user; one more over all users where there are several, or where some have no name.

How it decides
--------------
Failures are counted in a window that slides by the minute and ends in the day: the most that it
holds is compared with the limit. Where the input shows a number of attempts and no more (SSH on the
wire), that number counts. Medium from outside, low from inside, info from where the site allows
logons (`allowed`). Confidence is the least of those with which failures are known.

What it cannot see
------------------
Failures that neither a log nor the wire shows: in RDP without network level authentication, in a
VPN's tunnel of TLS. On the wire the user's name is mostly encrypted: all users of a source are then
one.

False alarms
------------
A program with an old password; people who share an address; monitoring that logs on to fail.

Documented for
--------------
Hosts that did what this finds are not therefore any of these. MITRE ATT&CK, technique T1110, brute
force, and T1133: APT28 (G0007) and Dragonfly (G0035), brute force against services that are open to
the internet; OilRig (G0049), brute force for credentials.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Annotated, Any

import msgspec
import polars as pl
from polars import col

from sensor.analyzer import (
    Analyzer,
    Bins,
    Count,
    Distinct,
    From,
    Min,
    Rows,
    Sum,
    Values,
)
from sensor.findings import Attack, Judgement, Severity, Verdict

SLICE = timedelta(minutes=1)
DAY = timedelta(days=1)
ROW = (
    *("ts", "uid", "orig_p", "user", "method", "outcome", "attempts", "known_by", "detail"),
    *("software", "file", "line"),
)


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many are too many, and in how long."""

    failures: Annotated[
        int, msgspec.Meta(ge=1, description="Failures in a window; more than this is told.")
    ] = 5
    window: Annotated[
        timedelta, msgspec.Meta(description="How long the window is; a day at most.")
    ] = DAY
    listed: Annotated[
        int, msgspec.Meta(ge=1, le=64, description="Failures that a finding lists at most.")
    ] = 20

    def __post_init__(self) -> None:
        if not SLICE <= self.window <= DAY:
            raise ValueError(f"a window lasts from {SLICE} to {DAY}, not {self.window}")


def analyzer(settings: Settings) -> Analyzer:
    """Return the analyzer with its settings worked in."""
    ours = col("resp_inside").fill_null(value=True)  # a server's own log does not give its address
    failed = (col("outcome") == "failed") & (col("attempts") > 0)
    given = failed & ours & col("orig_h").is_not_null()
    named = col("user").is_not_null()
    key = {
        "source": col("orig_h"),
        "target": pl.coalesce("resp_h", "host"),
        "port": col("resp_p"),
        "protocol": col("proto"),
        "service": col("service"),
    }
    return Analyzer(
        name="failed-logons",
        title="Failed logons",
        observes=(
            From("logon", given & named, key | {"user": col("user")}),
            From("logon", given, key | {"user": pl.lit(None, pl.String)}),
        ),
        measures=(
            Sum("attempts", name="failures"),
            Bins(SLICE, of=Sum("attempts")),
            Distinct("user", name="users"),
            Count(where=~named, name="unnamed"),
            Count(where=~col("orig_inside").fill_null(value=False), name="from_outside"),
            Count(where=~col("orig_allowed"), name="unexpected"),
            Min((col("confidence") * 100).round(), name="sure"),
            Values("known_by", 4, name="known_by"),
            Distinct("uid", name="connections"),
            Rows(ROW, keep=settings.listed),
        ),
        judge=partial(_judge, settings),
        worth=col("failures") > settings.failures,
        attack=Attack(
            technique=("T1110", "T1133"),
            tactic=("TA0006", "TA0001"),
            mitigation=("M1032", "M1035", "M1036"),
        ),
        reads=("orig_inside", "resp_inside", "orig_allowed"),
        reach=settings.window,
    )


def _judge(
    settings: Settings, key: Mapping[str, Any], totals: Mapping[str, Any]
) -> Judgement | None:
    several = totals["users"].count > 1
    if key["user"] is None and not several and not totals["unnamed"]:
        return None  # the user's own finding tells it
    most, begun = densest(totals["bins"], settings.window, midnight(totals))
    if most <= settings.failures:
        return None
    user = f"{totals['users']} users" if several else key["user"]
    severity = Severity.MEDIUM if totals["from_outside"] else Severity.LOW
    return Judgement(
        severity=severity if totals["unexpected"] else Severity.INFO,
        verdict=Verdict.ATTEMPTED,
        message=f"{key['source']} failed to log on to {place(key)}{f' as {user}' if user else ''} "
        f"{most:,} times within {in_words(settings.window)} from {begun:%H:%M}; "
        f"known by {' and '.join(totals['known_by'])}",
        confidence=(totals["sure"] if totals["sure"] is not None else 100) / 100,
        evidence=tuple(without_nothing(row) for row in totals["rows"]),
        status="failed",
        flow_count=totals["connections"].count,
    )


def midnight(totals: Mapping[str, Any]) -> datetime:
    """When the day began that the totals are of; rows within reach may lie before it."""
    last: datetime = totals["last_seen"]
    return last.replace(hour=0, minute=0, second=0, microsecond=0)


def densest(
    slices: Sequence[tuple[datetime, int]], window: timedelta, since: datetime
) -> tuple[int, datetime]:
    """The most that a window holds that ends `since` or later, and the slice it begins with."""
    most, begun, held, first = 0, since, 0, 0
    for at, figure in slices:
        held += figure
        while at - slices[first][0] >= window:
            held -= slices[first][1]
            first += 1
        if held > most and at >= since:
            most, begun = held, slices[first][0]
    return most, begun


def place(key: Mapping[str, Any]) -> str:
    """The service and where it is, as a part of a sentence."""
    port = f" port {key['port']}" if key["port"] else ""
    return f"{key['service']} on {key['target'] or 'a server'}{port}"


def in_words(window: timedelta) -> str:
    """A length of time for people."""
    minutes = window // timedelta(minutes=1)
    if minutes % 60:
        return f"{minutes} minute{'s' if minutes > 1 else ''}"
    return "a day" if window == DAY else f"{minutes // 60} hour{'s' if minutes > 60 else ''}"


def without_nothing(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of evidence without what is not there."""
    return {name: value for name, value in row.items() if value is not None}
