"""A container API that answers the outside.

What it finds
-------------
The Docker Engine API, a Kubernetes API server, a kubelet, etcd or the Kubernetes dashboard of ours
answered a host outside. Whoever may use one of these without a logon runs code on the host or reads
the cluster's secrets. One finding for a target, port and service; the hosts that asked are counted.

How it decides
--------------
The service is told by its first bytes in clear text (Docker, Kubernetes and etcd have telling
header fields), or else by its port. The first answer of each connection decides:

    critical  the content names the service, and it did what a host outside asked: status 2xx, or
              101 for a stream, to a request that is not open to everybody by default
    low       every answer that can be read refuses: 401 or 403
    medium    it answered, and whether it asks for a logon is not seen: TLS, a bare port, a status
              that does not tell

Kubernetes answers /version, /healthz, /livez and /readyz to everybody, and etcd /version, /health
and /metrics also where a logon is asked for, so these prove nothing. Where every source is allowed
by the site it is info.

The verdict is succeeded where a request was carried out that asked for more than what the API is
(/_ping, /version, /info), else probed where both sides sent payload, else exposed.

What it cannot see
------------------
What is said within TLS: an anonymous API server on 6443 is medium here. A kubelet by its content,
where nobody asked for its pods or statistics: its other answers name no product. Later answers on
a connection: the first 128 bytes are read.

Needs packets
-------------
What was asked and answered. From a log of connections alone the port tells the service, and every
answer is medium.

False alarms
------------
A port that another program took (2379, 6443 and 10250 are rarely used for something else). A Docker
API that is proxied, with its own logon on other paths. Medium on a managed cluster whose API server
is meant to be public: name those who may use it in `allowed`.

Documented for
--------------
A host that does this is not therefore one of these. MITRE ATT&CK, technique T1133, procedure
examples: TeamTNT (G0139) targeted exposed Docker API ports to gain initial access, and exposed
kubelets of Kubernetes environments.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any

import msgspec
from polars import col

from parsers.services.answers import answered, said
from parsers.services.patterns import in_hex, shows
from parsers.services.ports import listed
from parsers.services.signatures import HTTP
from sensor.analyzer import CONNECTION, Analyzer, Count, Distinct, From, Rows, Sum
from sensor.findings import Attack, Judgement, Severity, Verdict

APIS = ("docker", "kubernetes", "kubelet", "etcd", "kubernetes-dashboard")
OPENED = f"{HTTP} ( '2' | '101' | '100' * 'HTTP/1.1 2' )"
REFUSED = f"{HTTP} ( '401' | '403' )"
TO_EVERYBODY = (
    "[4-5]?+ 20 ( '/version' | '/healthz' | '/livez' | '/readyz' | '/health' | '/metrics' | '/ ' )"
)
GREETING = (
    "( 'OPTIONS' | [4-5]?+ 20 '/ ' | "
    "[4-5]?+ 20 ( '/' | '/v1.' 3[0-9]+ '/' ) ( '_ping' | 'version' | 'info' ) )"
)
EVIDENCE = (*CONNECTION, "orig_h", "orig_head", "resp_head")
LINE = 120  # characters of a request or status line that are shown


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which services count, and how much is listed."""

    services: Annotated[
        tuple[str, ...], msgspec.Meta(description="The services that are container APIs.")
    ] = APIS
    listed: Annotated[
        int, msgspec.Meta(ge=1, le=64, description="Connections that a finding lists at most.")
    ] = 10

    def __post_init__(self) -> None:
        for name in self.services:
            if name not in APIS:
                raise ValueError(f"{name!r} is no container API: expected {', '.join(APIS)}")


def analyzer(settings: Settings) -> Analyzer:
    """Return the analyzer with its settings worked in."""
    to_all = shows(TO_EVERYBODY, in_hex("orig_head")) & (col("remote_service") != "docker")
    proven = col("remote_service_by") == "content"
    opened = proven & shows(OPENED, in_hex("resp_head")) & ~to_all
    refused = shows(REFUSED, in_hex("resp_head"))
    api = col("remote_service").is_in(settings.services)
    return Analyzer(
        name="container-api-exposed",
        title="Container API answers the outside",
        observes=(
            From(
                "conn",
                first=api,
                where=col("resp_inside") & ~col("orig_inside") & answered(),
                key={
                    "target": col("resp_h"),
                    "port": col("resp_p"),
                    "protocol": col("proto"),
                    "service": col("remote_service"),
                },
            ),
        ),
        measures=(
            Count(),
            Count(where=opened, name="opened"),
            Count(where=opened & ~shows(GREETING, in_hex("orig_head")), name="carried_out"),
            Count(where=~opened & ~refused, name="untold"),
            Count(where=said("orig") & said("resp"), name="probed"),
            Count(where=proven, name="proven"),
            Count(where=~col("orig_allowed"), name="unexpected"),
            Distinct("orig_h", name="sources"),
            Sum("orig_bytes", name="sent"),
            Sum("resp_bytes", name="received"),
            Rows(EVIDENCE, keep=settings.listed, where=opened, name="open_rows"),
            Rows(EVIDENCE, keep=settings.listed, largest="resp_bytes"),
        ),
        judge=partial(_judge, settings),
        attack=Attack(
            technique=("T1133",),
            tactic=("TA0001", "TA0003"),
            mitigation=("M1030", "M1035", "M1042"),
        ),
        reads=("orig_inside", "resp_inside", "orig_allowed", "remote_service", "remote_service_by"),
    )


def _judge(settings: Settings, key: Mapping[str, Any], totals: Mapping[str, Any]) -> Judgement:
    rows = listed(key["service"], key["port"], key["protocol"])
    place = f"{key['service']} on {key['target']} port {key['port']}/{key['protocol']}"
    sources = totals["sources"]
    hosts = f"{sources} outside host{'s' if sources.count != 1 else ''}"
    severity, ending = _weighed(totals)
    told = totals["open_rows"]
    lines = [*told, *(row for row in totals["rows"] if row not in told)][: settings.listed]
    return Judgement(
        severity=severity if totals["unexpected"] else Severity.INFO,
        verdict=_verdict(totals),
        message=f"{place} answered {hosts} in {totals['count']:,} "
        f"connection{'s' if totals['count'] > 1 else ''}; {ending}",
        confidence=1.0 if totals["proven"] or not rows else rows[0].confidence,
        evidence=tuple(_shown(row) for row in lines),
        not_seen=_not_seen(totals),
        flow_count=totals["count"],
        bytes_sent=totals["sent"],
        bytes_received=totals["received"],
    )


def _weighed(totals: Mapping[str, Any]) -> tuple[Severity, str]:
    opened, untold, count = totals["opened"], totals["untold"], totals["count"]
    if opened:
        return Severity.CRITICAL, f"{opened:,} did what was asked, without a logon"
    if untold:
        do = "does" if untold == 1 else "do"
        return Severity.MEDIUM, f"{untold:,} {do} not tell whether it asks for a logon"
    return Severity.LOW, f"{count:,} refused what was asked, none did it"


def _verdict(totals: Mapping[str, Any]) -> Verdict:
    if totals["carried_out"]:
        return Verdict.SUCCEEDED
    return Verdict.PROBED if totals["probed"] else Verdict.EXPOSED


def _not_seen(totals: Mapping[str, Any]) -> tuple[str, ...]:
    missing = []
    if totals["untold"] and not totals["opened"]:
        missing.append("whether it asks for authentication: the first bytes do not tell")
    if not totals["proven"]:
        missing.append("which service it is: only its port says so")
    return tuple(missing)


def _shown(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of evidence, with the first line of each side for its bytes."""
    shown = {name: value for name, value in row.items() if not name.endswith("_head")}
    lines = {"request": row["orig_head"], "answer": row["resp_head"]}
    return shown | {name: _first_line(head) for name, head in lines.items()}


def _first_line(head: bytes | None) -> str | None:
    if head is None or not head[:1].isalpha():  # TLS and other binary is not shown
        return None
    return head.split(b"\r\n", 1)[0].decode("ascii", "backslashreplace")[:LINE]
