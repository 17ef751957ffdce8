"""Container APIs made to act by a host outside: the requests in order, and what came of them.

What it finds
-------------
A host outside asked an API of ours that runs containers (Docker Engine, Kubernetes, kubelet, etcd,
the Kubernetes dashboard) for more than its version, in requests that can be read. One finding for
an attacker, a target and an API tells the story in the order of time: what was asked, what a new
container was to be given (privileges, folders of the host), which commands ran, what they wrote,
how much was copied. The verdict is what the answers prove:

    probed     it was asked what it is, or for lists, and gave nothing away
    attempted  a step was tried, and was refused, failed, or has no answer in the input
    succeeded  the API did what was asked: data was handed out, or a step was taken

How it decides
--------------
Each request is named by its method and path once its answer proves the API; the answer's status
says whether it obeyed. Steps are what changes something or hands out more than lists: containers
made, started, entered, copied; images built or brought in; secrets, tokens, roles, certificates;
keys of etcd. Critical where a step succeeded without credentials, high where lists were handed out
so or a step has no answer, medium where steps were refused or were allowed with credentials, low
for questions alone. Info where the source is allowed by the site (`allowed`).

What it cannot see
------------------
Anything inside TLS: the finding is then `container-api-exposed`. Who asks behind a proxy. Whether
credentials were stolen.

Needs packets
-------------
Bodies: what a container was given, commands and their output, typed text. Zeek's http log has the
requests and their status; what they asked for in their bodies is then said not to be seen.

False alarms
------------
Deployment from outside without TLS by those who may: name their addresses in `allowed`. Honeypots.

Documented for
--------------
Hosts that did what this finds are not therefore any of these. MITRE ATT&CK, names: TeamTNT
(G0139), exposed Docker APIs and kubelets, T1133, T1610 and T1609; Kinsing (S0599), T1133 and
T1609; Doki (S0600), T1133 and T1611; Hildegard (S0601), kubelets that allow anonymous access,
T1133 and T1609.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby
from typing import Annotated, Any

import msgspec
import polars as pl
from polars import col

from sensor.analyzer import Analyzer, Count, Distinct, From, Rows, Sum, Values
from sensor.findings import Attack, Judgement, Severity, Verdict

QUESTIONS = ("discover", "login", "login-skip", "dry-run", "other", "wait", "resize")
LISTS = ("list", "inspect", "pods", "logs", "access-review")
"""What is no step: questions, and lists. All other operations are steps."""
COPIES = ("archive-in", "archive-out", "export", "checkpoint", "keys-read")
ROW = (
    *("ts", "uid", "operation", "method", "uri", "object", "container", "status_code", "outcome"),
    *("authentication", "user_agent", "risks", "command", "mounts", "image"),
    *("request_bytes", "response_bytes", "output", "input", "unread", "file", "line"),
)
SHOWN = 60  # characters of a command or folder in the message
GIVEN = 8  # what a container is given, in the message
PAUSE = timedelta(seconds=1)  # after which the message tells the time again


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much of the story is told."""

    told: Annotated[
        int, msgspec.Meta(ge=1, le=64, description="Steps that the message tells at most.")
    ] = 8
    listed: Annotated[
        int, msgspec.Meta(ge=1, le=64, description="Steps that a finding lists at most.")
    ] = 48


def analyzer(settings: Settings) -> Analyzer:
    """Return the analyzer with its settings worked in."""
    operation, done = col("operation"), col("outcome") == "succeeded"
    question, listing = operation.is_in(QUESTIONS), operation.is_in(LISTS)
    step = ~question & ~listing
    freely = (col("authentication") != "credentials").fill_null(value=True)
    return Analyzer(
        name="container-api-abuse",
        title="Container API made to act",
        observes=(
            From(
                "container_api",
                where=col("resp_inside") & ~col("orig_inside"),
                key={
                    "source": col("orig_h"),
                    "target": col("resp_h"),
                    "port": col("resp_p"),
                    "protocol": pl.lit("tcp"),
                    "service": col("api"),
                },
            ),
        ),
        measures=(
            Count(),
            Count(where=step, name="steps"),
            Count(where=step & done, name="taken"),
            Count(where=step & done & freely, name="taken_freely"),
            Count(where=step & (col("outcome") == "unknown"), name="unanswered"),
            Count(where=listing & done & freely, name="listed_freely"),
            Count(where=listing & done, name="listed"),
            Count(where=~col("orig_allowed"), name="unexpected"),
            Count(where=col("unread").is_not_null(), name="unread"),
            Distinct("uid", name="connections"),
            Sum("request_bytes", name="sent"),
            Sum("response_bytes", name="received"),
            Values("user_agent", 4, name="user_agents"),
            Rows(ROW, keep=1, name="first"),
            Rows(ROW, keep=settings.listed, where=step, name="acts"),
        ),
        judge=partial(_judge, settings),
        attack=Attack(
            technique=("T1133", "T1609", "T1610", "T1611", "T1613"),
            tactic=("TA0001", "TA0002", "TA0003", "TA0004", "TA0007"),
            mitigation=("M1030", "M1035", "M1042"),
        ),
        reads=("orig_inside", "resp_inside", "orig_allowed"),
    )


def _judge(settings: Settings, key: Mapping[str, Any], totals: Mapping[str, Any]) -> Judgement:
    rows = _rows(totals)
    untold = totals["steps"] - len(totals["acts"])
    severity, verdict, verb = _weighed(totals)
    place = f"{key['service']} on {key['target']} port {key['port']}/{key['protocol']}"
    return Judgement(
        severity=severity if totals["unexpected"] else Severity.INFO,
        verdict=verdict,
        message=f"{key['source']} {verb} {place} in {_counted(totals['count'], 'request')}: "
        f"{_story(rows, settings.told, untold)}",
        evidence=tuple(_shown(row) for row in rows),
        not_seen=_not_seen(totals),
        status={Verdict.SUCCEEDED: "success", Verdict.ATTEMPTED: "failed"}.get(verdict, "unknown")
        if not totals["unanswered"] or verdict is Verdict.SUCCEEDED
        else "unknown",
        flow_count=totals["connections"].count,
        bytes_sent=totals["sent"],
        bytes_received=totals["received"],
    )


WEIGHED = (
    ("taken_freely", Severity.CRITICAL, Verdict.SUCCEEDED, "made use of"),
    ("taken", Severity.MEDIUM, Verdict.SUCCEEDED, "made use of, with credentials,"),
    ("listed_freely", Severity.HIGH, Verdict.SUCCEEDED, "read lists from"),
    ("unanswered", Severity.HIGH, Verdict.ATTEMPTED, "tried to make use of"),
    ("steps", Severity.MEDIUM, Verdict.ATTEMPTED, "tried to make use of"),
    ("listed", Severity.LOW, Verdict.SUCCEEDED, "read lists from, with credentials,"),
    ("count", Severity.LOW, Verdict.PROBED, "asked"),
)
"""What each kind of request weighs and proves; the first kind that there is gives the verb."""


def _weighed(totals: Mapping[str, Any]) -> tuple[Severity, Verdict, str]:
    """How bad it is, what the answers prove, and the verb for it."""
    severities, verdicts, verbs = zip(*(row for kind, *row in WEIGHED if totals[kind]), strict=True)
    return max(severities), max(verdicts), verbs[0]


def _rows(totals: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The first request, and every step, in order."""
    first = [row for row in totals["first"] if row not in totals["acts"]]
    return [*first, *totals["acts"]]


def _story(rows: Sequence[Mapping[str, Any]], told: int, untold: int) -> str:
    """What happened, in the order of time, with the time where some has passed.

    untold: steps that are not among the rows.
    """
    parts: list[str] = []
    last: datetime | None = None
    steps = list(_steps(rows))
    for when, times, text in steps[:told]:
        shows = last is None or when - last >= PAUSE
        often = f"{times} times " if times > 1 else ""
        parts.append(f"{often}{text}" + (f" {when:%H:%M:%S}" if shows else ""))
        last = when if shows else last
    more = untold + sum(times for _, times, _ in steps[told:])
    return " → ".join([*parts, f"{more:,} more"] if more else parts)


def _steps(rows: Sequence[Mapping[str, Any]]) -> Iterator[tuple[datetime, int, str]]:
    """Each step's time, how often it was taken (like ones that follow are one), and its words."""
    for text, alike in groupby(rows, _step):
        first, *others = alike
        yield first["ts"], 1 + len(others), text


def _step(row: Mapping[str, Any]) -> str:
    """One request in a few words."""
    name = row["operation"].replace("-", " ")
    words = ["probe" if row["operation"] == "discover" else name]
    if row["command"]:
        words.append(f'"{_short(row["command"])}"')
    if row["operation"] in COPIES and row["outcome"] == "succeeded":
        size = row["request_bytes" if row["operation"].endswith("in") else "response_bytes"]
        words.append(f"{size or 0:,} bytes")
    given = [risk for risk in row["risks"] or () if risk != "host-mount"]
    given += [f"{_short(mount)} mounted" for mount in row["mounts"] or ()]
    if given:
        others = [f"{len(given) - GIVEN} more"] if len(given) > GIVEN else []
        words.append(f"({', '.join(given[:GIVEN] + others)})")
    if row["outcome"] != "succeeded" and row["operation"] not in QUESTIONS:
        words.append({"unknown": "(no answer)"}.get(row["outcome"], f"({row['outcome']})"))
    return " ".join(words)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= SHOWN else f"{line[:SHOWN]}…"


def _shown(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of evidence without what is not there."""
    return {name: value for name, value in row.items() if value not in (None, [])}


def _not_seen(totals: Mapping[str, Any]) -> tuple[str, ...]:
    missing = []
    if totals["unread"]:
        missing.append(f"the bodies of {_counted(totals['unread'], 'request')}")
    if totals["unanswered"]:
        missing.append(f"the answers to {_counted(totals['unanswered'], 'step')}")
    return tuple(missing)


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
