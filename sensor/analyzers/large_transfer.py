"""Large transfer over a remote service.

What it finds
-------------
More than a million bytes of payload, both directions together, went over one remote service between
a source and a target on one UTC day. This is ATT&CK's own query for T1133 (Network Traffic Content,
"Large data transfers over remote service connections"): a data size over 1,000,000, by source,
destination and protocol.

How it decides
--------------
Payload bytes of all flows of the source to that port and service of the target are added up for the
day and compared with the setting `bytes`, so that many small transfers count like a large one. At
least one of the two hosts is inside. The service is told by its first bytes, or else by its port. A
counter that cannot be true is left out and counted (see `high-volume`). The verdict is used. Low;
info where the source is allowed by the site, or where both hosts are inside.

What it cannot see
------------------
What was moved, and whether it was wanted: the bytes of a screen that is watched count like those of
a file. A transfer over a service that is not known as one, such as a VPN within TLS on port 443.

False alarms
------------
A remote desktop session of some length is over the limit; so is a VPN in ordinary use, a backup
over SSH, an image pulled through a Docker API. Raise `bytes`, or name the sources in `allowed`.

Documented for
--------------
A host that does this is not therefore any of these. MITRE ATT&CK names Play (G1040): WinSCP, which
copies over SSH and FTP, to exfiltrate data (T1048), in chunks (T1030).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any

import msgspec
from polars import col

from parsers.services.answers import doubted, trusted
from parsers.services.ports import listed
from sensor.analyzer import CONNECTION, Analyzer, Count, From, Rows, Sum
from sensor.findings import Attack, Judgement, Severity, Verdict

FLOW = (*CONNECTION, "orig_p", "orig_bytes", "resp_bytes")
KEPT = 10


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much is large."""

    bytes: Annotated[
        int,
        msgspec.Meta(ge=1, description="Payload bytes a day, both ways; more than this is told."),
    ] = 1_000_000


def analyzer(settings: Settings) -> Analyzer:
    """Return the analyzer with its settings worked in."""
    ours = col("orig_inside") | col("resp_inside")
    moved = (col("orig_bytes").fill_null(0) + col("resp_bytes").fill_null(0)) > 0
    unexpected = ~col("orig_allowed") & ~(col("orig_inside") & col("resp_inside"))
    return Analyzer(
        name="large-transfer",
        title="Large transfer over a remote service",
        observes=(
            From(
                "conn",
                first=col("remote_service").is_not_null(),
                where=ours & moved,
                key={
                    "source": col("orig_h"),
                    "target": col("resp_h"),
                    "port": col("resp_p"),
                    "protocol": col("proto"),
                    "service": col("remote_service"),
                },
            ),
        ),
        measures=(
            Count(where=trusted()),
            Count(where=doubted(), name="doubted"),
            Count(where=unexpected, name="unexpected"),
            Count(where=col("remote_service_by") == "content", name="proven"),
            Sum("orig_bytes", where=trusted(), name="sent"),
            Sum("resp_bytes", where=trusted(), name="received"),
            Rows(FLOW, keep=KEPT, largest="orig_bytes", where=trusted(), name="most_sent"),
            Rows(FLOW, keep=KEPT, largest="resp_bytes", where=trusted(), name="most_received"),
        ),
        judge=partial(_judge, settings.bytes),
        worth=col("sent") + col("received") > settings.bytes,
        attack=Attack(technique=("T1133",), tactic=("TA0001", "TA0003"), mitigation=("M1035",)),
        reads=("orig_inside", "resp_inside", "orig_allowed", "remote_service", "remote_service_by"),
    )


def _judge(limit: int, key: Mapping[str, Any], totals: Mapping[str, Any]) -> Judgement | None:
    sent, received = totals["sent"], totals["received"]
    if sent + received <= limit:
        return None
    rows = listed(key["service"], key["port"], key["protocol"])
    more = "most_sent" if sent >= received else "most_received"
    return Judgement(
        severity=Severity.LOW if totals["unexpected"] else Severity.INFO,
        verdict=Verdict.USED,
        message=f"{key['source']} moved {sent + received:,} bytes over {key['service']} on "
        f"{key['target']} port {key['port']}/{key['protocol']}, {sent:,} sent and {received:,} "
        f"received in {totals['count']:,} connection{'s' if totals['count'] > 1 else ''}; "
        f"the limit is {limit:,}",
        confidence=1.0 if totals["proven"] or not rows else rows[0].confidence,
        evidence=tuple(totals[more]),
        not_seen=("what was moved", *_doubts(totals)),
        status="unknown",
        flow_count=totals["count"],
        bytes_sent=sent,
        bytes_received=received,
    )


def _doubts(totals: Mapping[str, Any]) -> tuple[str, ...]:
    """What the finding does not rest on."""
    doubts = []
    if not totals["proven"]:
        doubts.append("which service it is: only its port says so")
    if totals["doubted"]:
        doubts.append(
            f"counters of connections that claim more than was sent: {totals['doubted']:,}"
        )
    return tuple(doubts)
