"""How often is `password-spray` wrong of a benign site, and how late is it of a spray?

    python bench/spray.py [--weeks 1000] [--seed 1] [--strangers 4] [--setting NAME=VALUE]...

The site: 300 people who log on to one service from addresses of their own, 1.5 times on each of
five days a week, at hours like those of an office (most between 7 and 10 UTC, some in the evening),
and a fifth as often at the weekend. Of their logons 8 in 100 begin with one to three failures, and
of those one in ten is given up. Ten of them have a device with an old password, which fails every
ten minutes while they are away. Strangers pass by at any time, four a day (`--strangers`), and try
one to three times. User names are known.

The spray: one try every 30 minutes, each from another address and as another user, from a random
moment of the site's Tuesday on; told is how long after its first try the alarm could be raised.

Weeks are fed to the analyzer a hundred at once, each with a target of its own. Prints how many
findings there are without a spray and in how many weeks, and of the weeks with one the delays.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from msgspec import convert
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parent.parent))
from parsers.schema import OBSERVED, polars_schema
from sensor.analyzers.password_spray import Settings, analyzer
from sensor.engines.batch import Batch
from sensor.findings import Finding

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
DAY, HOUR, MINUTE = 86_400, 3_600, 60
PEOPLE, LOGONS, MISTYPED, GIVEN_UP, DEVICES = 300, 1.5, 0.08, 0.1, 10
TIMES = (1.0, 1.0, 1.0, 1.0, 1.0, 0.2, 0.2)  # of LOGONS, Monday to Sunday
HOURS = np.array([1, 1, 1, 1, 2, 6, 14, 30, 40, 25, 12, 10, 12, 14, 10, 8, 6, 5, 6, 8, 8, 5, 3, 2])
EVERY = 30 * MINUTE  # of the spray
SPRAYED = 4 * DAY // EVERY
TOGETHER = 100  # weeks that are fed at once
KINDS = ("person", "stranger", "device", "spray")


def week(
    random: np.random.Generator, number: int, strangers: float, *, sprayed: bool
) -> pl.DataFrame:
    """The logons of one week, at a target of its own, and of a spray its tries; in no order."""
    parts = [*_people(random), _strangers(random, strangers), _devices(random)]
    if sprayed:
        at = DAY + random.uniform(0, DAY) + np.arange(SPRAYED) * EVERY
        parts.append(_rows("spray", at, np.arange(SPRAYED)))
    # Addresses that nobody else has, neighbours of nobody: multiples of an odd number, in 32 bits.
    who = pl.lit(number * 2**12, pl.Int64) + pl.col("kind") * 2**10 + pl.col("who")
    octets = [who * 2_654_435_761 % 2**32 // 2**shift % 256 for shift in (24, 16, 8, 0)]
    return pl.concat(parts).select(
        ts=pl.lit(MONDAY) + pl.duration(milliseconds=(pl.col("at") * 1000).cast(pl.Int64)),
        orig_h=pl.concat_str(octets, separator="."),
        resp_h=pl.lit(address(number)),
        user=pl.format("{} {}", "kind", "who"),
        attempts="attempts",
        outcome="outcome",
    )


def address(number: int) -> str:
    """The target of a week."""
    return f"10.0.{number // 256}.{number % 256}"


def _people(random: np.random.Generator) -> Iterator[pl.DataFrame]:
    """Logons, failed before some of them, and given up after some of these."""
    counts = random.poisson(np.outer(TIMES, np.full(PEOPLE, LOGONS))).ravel()
    day = np.repeat(np.arange(len(TIMES)).repeat(PEOPLE), counts)
    person = np.repeat(np.tile(np.arange(PEOPLE), len(TIMES)), counts)
    hour = random.choice(24, size=len(day), p=HOURS / HOURS.sum())
    at = day * DAY + (hour + random.random(len(day))) * HOUR
    mistyped = random.random(len(day)) < MISTYPED
    let_in = ~(mistyped & (random.random(len(day)) < GIVEN_UP))
    tries = random.integers(1, 4, len(day))
    yield _rows("person", at[mistyped], person[mistyped], tries[mistyped])
    yield _rows("person", at[let_in] + MINUTE * mistyped[let_in], person[let_in], outcome="success")


def _strangers(random: np.random.Generator, a_day: float) -> pl.DataFrame:
    count = random.poisson(a_day * 7)
    at = random.uniform(0, 7 * DAY, count)
    return _rows("stranger", at, np.arange(count), random.integers(1, 4, count))


def _devices(random: np.random.Generator) -> pl.DataFrame:
    """Each fails all day long on one day of the week."""
    begins = random.integers(0, 7, DEVICES) * DAY
    steps = np.arange(0, DAY, 10 * MINUTE)
    at = (begins[:, None] + steps[None, :]).ravel()
    return _rows("device", at, np.repeat(np.arange(DEVICES), len(steps)))


def _rows(
    kind: str,
    at: NDArray[Any],
    who: NDArray[Any],
    attempts: NDArray[Any] | int = 1,
    outcome: str = "failed",
) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "kind": np.full(len(at), KINDS.index(kind)),
            "at": at.astype(np.float64),
            "who": who.astype(np.int64),
            "attempts": np.broadcast_to(attempts, at.shape).astype(np.int64),
            "outcome": [outcome] * len(at),
        }
    )


def found(weeks: pl.DataFrame, settings: Settings) -> list[Finding]:
    """What the analyzer says of many weeks, each with its own target."""
    schema = polars_schema(OBSERVED["logon"])
    given = weeks.with_columns(
        uid=pl.format("C{}", pl.int_range(pl.len())), resp_p=pl.lit(443), proto=pl.lit("tcp"),
        service=pl.lit("vpn"), known_by=pl.lit("server log"), confidence=pl.lit(1.0),
        orig_inside=pl.lit(value=False), resp_inside=pl.lit(value=True),
        orig_allowed=pl.lit(value=False),
    )  # fmt: skip
    rows = given.select(
        (pl.col(name) if name in given.columns else pl.lit(None)).cast(kind).alias(name)
        for name, kind in schema.items()
    )
    engine = Batch([analyzer(settings)])
    engine.add("logon", rows)
    return engine.findings()


def benign(weeks: int, seed: int, settings: Settings, strangers: float = 4) -> list[Finding]:
    """What is said of weeks without a spray."""
    random = np.random.default_rng(seed)
    made = (week(random, each, strangers, sprayed=False) for each in range(weeks))
    return [finding for rows in _together(made) for finding in found(rows, settings)]


def delays(weeks: int, seed: int, settings: Settings, strangers: float = 4) -> list[float]:
    """Hours from a spray's first try to the alarm, of the weeks in which it is told."""
    random = np.random.default_rng((seed, 1))
    made = (week(random, each, strangers, sprayed=True) for each in range(weeks))
    return [late for rows in _together(made) for late in _delays(rows, settings)]


def _together(weeks: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """Weeks that are fed at once."""
    while some := list(islice(weeks, TOGETHER)):
        yield pl.concat(some)


def _delays(rows: pl.DataFrame, settings: Settings) -> list[float]:
    tries = rows.filter(pl.col("user").str.starts_with(f"{KINDS.index('spray')} "))
    begun: dict[str, datetime] = dict(tries.group_by("resp_h").agg(pl.col("ts").min()).iter_rows())
    late: dict[str, float] = {}
    for finding in found(rows, settings):
        target, alarm = finding.dest_ip or "", finding.evidence[0].get("alarm")
        if alarm is not None and alarm >= begun[target]:
            hours = (alarm - begun[target]) / timedelta(hours=1)
            late[target] = min(hours, late.get(target, hours))
    return list(late.values())


def main() -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--weeks", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--strangers", type=float, default=4)
    parser.add_argument("--setting", action="append", default=[], metavar="NAME=VALUE")
    given = parser.parse_args()
    named = (text.partition("=") for text in given.setting)
    settings = convert({name: json.loads(value) for name, _, value in named}, Settings)
    wrong = benign(given.weeks, given.seed, settings, given.strangers)
    with_any = len({finding.dest_ip for finding in wrong})
    print(f"benign: {len(wrong)} findings in {with_any} of {given.weeks} weeks")
    late = delays(given.weeks, given.seed, settings, given.strangers)
    print(f"spray: told in {len(late)} of {given.weeks} weeks")
    if late:
        middle, most = np.quantile(late, [0.5, 0.99])
        print(f"after {middle:.1f} h (median), {most:.1f} h (99 %), {max(late):.1f} h (all)")


if __name__ == "__main__":
    main()
