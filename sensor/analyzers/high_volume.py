"""High volume between a host inside and a host outside.

What it finds
-------------
Two hosts, one inside and one outside, moved more than a million bytes of payload one way on one
UTC day. This is ATT&CK's own query for T1133 (Network Traffic Flow, "High-Volume data transfers"):
bytes sent or received over 1,000,000, by source and destination. It does not ask what was spoken;
over a remote service the analyzer `large-transfer` says more.

How it decides
--------------
Payload bytes of all connections from the source to the target are added up for the day, each
direction for itself, and compared with the setting `bytes`. The source is the host that opened the
connections, inside or outside. The ten largest connections are the evidence, of those that moved at
least a hundredth of the limit; where none did, the first. A counter that cannot be true is left
out and counted: byte counts come from sequence numbers, and one odd reset makes gigabytes of a
scan. The verdict is used. Low; info where the source is allowed by the site.

What it cannot see
------------------
What was moved, and whether it was wanted. A transfer that is spread over many hosts or days. What
was sent while nothing was captured.

False alarms
------------
Most of what it finds is ordinary: downloads, backups, mail, video. It is a list to look through
beside other findings on the same hosts, not an alarm. Raise `bytes` until the list is short.

Documented for
--------------
Volume alone is documented for none of the groups behind T1133. MITRE ATT&CK names Play (G1040) for
the opposite, files split into chunks for exfiltration (T1030), which stays below limits like this.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any

import msgspec
import polars as pl
from polars import col

from parsers.services.answers import doubted, trusted
from sensor.analyzer import CONNECTION, Analyzer, Count, From, Rows, Sum
from sensor.findings import Attack, Judgement, Severity, Verdict

FLOW = (*CONNECTION, "resp_p", "proto", "orig_bytes", "resp_bytes")
KEPT = 10
KEPT_FROM = 100  # part of the limit that a connection must have moved to be evidence


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much is much."""

    bytes: Annotated[
        int,
        msgspec.Meta(ge=1, description="Payload bytes a day, one way; more than this is told."),
    ] = 1_000_000


def analyzer(settings: Settings) -> Analyzer:
    """Return the analyzer with its settings worked in."""
    # Of the many pairs that stay far below the limit hardly a row has to be kept.
    least = settings.bytes // KEPT_FROM

    def large(side: str) -> pl.Expr:
        return trusted() & (col(f"{side}_bytes") >= least)

    moved = (col("orig_bytes").fill_null(0) + col("resp_bytes").fill_null(0)) > 0
    return Analyzer(
        name="high-volume",
        title="High volume between inside and outside",
        observes=(
            From(
                "conn",
                where=(col("orig_inside") != col("resp_inside")) & moved,
                key={"source": col("orig_h"), "target": col("resp_h")},
            ),
        ),
        measures=(
            Count(where=trusted()),
            Count(where=doubted(), name="doubted"),
            Count(where=~col("orig_allowed"), name="unexpected"),
            Sum("orig_bytes", where=trusted(), name="sent"),
            Sum("resp_bytes", where=trusted(), name="received"),
            Rows(FLOW, keep=KEPT, largest="orig_bytes", where=large("orig"), name="most_sent"),
            Rows(FLOW, keep=KEPT, largest="resp_bytes", where=large("resp"), name="most_received"),
            Rows(("ts", "uid"), keep=1, name="first"),
        ),
        judge=partial(_judge, settings.bytes),
        worth=(col("sent") > settings.bytes) | (col("received") > settings.bytes),
        attack=Attack(technique=("T1133",), tactic=("TA0001", "TA0003"), mitigation=("M1035",)),
        reads=("orig_inside", "resp_inside", "orig_allowed"),
    )


def _judge(limit: int, key: Mapping[str, Any], totals: Mapping[str, Any]) -> Judgement | None:
    sent, received = totals["sent"], totals["received"]
    if max(sent, received) <= limit:
        return None
    more = "most_sent" if sent >= received else "most_received"
    in_doubt = f"counters of connections that claim more than was sent: {totals['doubted']:,}"
    return Judgement(
        severity=Severity.LOW if totals["unexpected"] else Severity.INFO,
        verdict=Verdict.USED,
        message=f"{key['source']} sent {sent:,} bytes to {key['target']} and received {received:,} "
        f"in {totals['count']:,} connection{'s' if totals['count'] > 1 else ''}; "
        f"the limit is {limit:,} one way",
        evidence=tuple(totals[more] or totals["first"]),
        not_seen=("what was moved", *((in_doubt,) if totals["doubted"] else ())),
        flow_count=totals["count"],
        bytes_sent=sent,
        bytes_received=received,
    )
