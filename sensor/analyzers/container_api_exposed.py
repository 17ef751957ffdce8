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
    low       every answer refuses: 401 or 403, or asks within TLS for a certificate that the client
              has or is refused for
    medium    it answered, and whether it asks for a logon is not seen: TLS, a bare port, a status
              that does not tell; what answers within TLS likely were is said, by their sizes

Requests that are read whole (from packets, or in Zeek's http log) decide as well, wherever in
their connection they are. Kubernetes answers /version, /healthz, /livez and /readyz to everybody,
and etcd /version, /health and /metrics also where a logon is asked for, so these prove nothing.
Where every source is allowed by the site it is info.

The verdict is used where what was asked is not seen, as inside TLS, and more was said than failed
requests come to; succeeded where a request was carried out that asked for more than what the API is
(/_ping, /version, /info); else probed where both sides sent payload, else exposed.

What it cannot see
------------------
What is said within TLS: an anonymous API server on 6443 is medium here. A kubelet by its content,
where nobody asked for its pods or statistics: its other answers name no product.

Needs packets
-------------
From a log of connections alone the port tells the service, and every answer is medium; with the
http log beside it, what was done is read there.

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

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Annotated, Any

import msgspec
import polars as pl
from polars import col

from parsers.services import sizes
from parsers.services.answers import answered, said
from parsers.services.patterns import in_hex, shows
from parsers.services.ports import listed
from parsers.services.signatures import HTTP
from sensor.analyzer import CONNECTION, Analyzer, Count, Distinct, From, Rows, Sum
from sensor.findings import Attack, Judgement, Severity, Verdict

APIS = ("docker", "kubernetes", "kubelet", "etcd", "kubernetes-dashboard")
OPENED = f"{HTTP} ( '2' | '101' | '100' * 'HTTP/1.1 2' )"
REFUSED = f"{HTTP} ( '400' | '401' | '403' )"  # 400: clear text to a port of TLS, or no request
TO_EVERYBODY = (
    "[4-5]?+ 20 ( '/version' | '/healthz' | '/livez' | '/readyz' | '/health' | '/metrics' | '/ ' )"
)
GREETING = (
    "( 'OPTIONS' | [4-5]?+ 20 '/ ' | "
    "[4-5]?+ 20 ( '/' | '/v1.' 3[0-9]+ '/' ) ( '_ping' | 'version' | 'info' ) )"
)
EVIDENCE = (*CONNECTION, "orig_h", "orig_head", "resp_head")
REQUEST = ("ts", "uid", "orig_h", "method", "uri", "status_code", "operation", "user_agent")
WITHIN_TLS = ("ts", "uid", "orig_h", "client_certificate", "answers", "data", "data_bytes", "exec")
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
    asked = col("client_certificate").str.contains("sent, |refused").fill_null(value=False)
    untold = ~opened & ~refused & ~asked
    api = col("remote_service").is_in(settings.services)
    sent = col("orig_bytes").fill_null(0) + col("resp_bytes").fill_null(0)
    session = untold & said("orig") & said("resp") & (sent >= sizes.SESSION_BYTES[sizes.OTHER])
    # Requests: to whom is what only a logon should give given?
    greeting = col("operation") == "discover"
    given = (col("outcome") == "succeeded") & (col("authentication") == "open")
    given &= ~greeting | (col("api") == "docker")
    nobody = col("client_certificate").is_in(["not asked", "asked, none sent"])
    nobody &= col("answers").is_not_null()
    told_by_size = (col("data") > 0) | col("exec")
    key = {"target": col("resp_h"), "port": col("resp_p")}
    return Analyzer(
        name="container-api-exposed",
        title="Container API answers the outside",
        observes=(
            From(
                "conn",
                first=api,
                where=col("resp_inside") & ~col("orig_inside") & answered(),
                key=key | {"protocol": col("proto"), "service": col("remote_service")},
            ),
            From(
                "container_api",
                where=col("resp_inside")
                & ~col("orig_inside")
                & col("api").is_in(settings.services),
                key=key | {"protocol": pl.lit("tcp"), "service": col("api")},
            ),
            From(
                "container_tls",
                where=col("resp_inside")
                & ~col("orig_inside")
                & col("service").is_in(settings.services),
                key=key | {"protocol": pl.lit("tcp"), "service": col("service")},
            ),
        ),
        measures=(
            Count(where=col("remote_service").is_not_null()),
            Count(where=opened, name="opened"),
            Count(where=opened & ~shows(GREETING, in_hex("orig_head")), name="carried_out"),
            Count(where=untold, name="untold"),
            Count(where=session, name="sessions"),
            Distinct("uid", where=given, name="given"),
            Count(where=given & ~greeting, name="done"),
            Rows(REQUEST, keep=settings.listed, where=given, name="requests"),
            Sum("data", where=nobody, name="likely_answers"),
            Sum("data_bytes", where=nobody, name="likely_bytes"),
            Count(where=nobody & col("exec"), name="likely_execs"),
            Rows(WITHIN_TLS, keep=settings.listed, where=nobody & told_by_size, name="within_tls"),
            Count(where=said("orig") & said("resp"), name="probed"),
            Count(where=proven, name="proven"),
            Count(where=~col("orig_allowed"), name="unexpected"),
            Distinct("orig_h", where=api, name="sources"),
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


def _judge(
    settings: Settings, key: Mapping[str, Any], totals: Mapping[str, Any]
) -> Judgement | None:
    if not totals["count"]:
        return None  # a request without its connection: a log that was not given
    rows = listed(key["service"], key["port"], key["protocol"])
    place = f"{key['service']} on {key['target']} port {key['port']}/{key['protocol']}"
    sources = totals["sources"]
    hosts = f"{sources} outside host{'s' if sources.count != 1 else ''}"
    severity, ending = _weighed(totals)
    told = totals["open_rows"]
    lines = [*told, *(row for row in totals["rows"] if row not in told)][: settings.listed]
    shown = [_shown(row) for row in lines] if told or not totals["requests"] else []
    return Judgement(
        severity=severity if totals["unexpected"] else Severity.INFO,
        verdict=_verdict(totals),
        message=f"{place} answered {hosts} in {totals['count']:,} "
        f"connection{'s' if totals['count'] > 1 else ''}; {ending}",
        confidence=1.0 if _is_proven(totals) or not rows else rows[0].confidence,
        evidence=(*totals["requests"], *totals["within_tls"], *shown)[: settings.listed],
        not_seen=_not_seen(totals),
        flow_count=totals["count"],
        bytes_sent=totals["sent"],
        bytes_received=totals["received"],
    )


def _weighed(totals: Mapping[str, Any]) -> tuple[Severity, str]:
    untold, count = totals["untold"], totals["count"]
    opened = max(totals["opened"], totals["given"].count)
    if opened:
        return Severity.CRITICAL, f"{opened:,} did what was asked, without a logon"
    if untold:
        do = "does" if untold == 1 else "do"
        ending = f"{untold:,} {do} not tell whether it asks for a logon"
        if sessions := totals["sessions"]:
            ending += f", {sessions:,} of which {'was' if sessions == 1 else 'were'} long"
        return Severity.MEDIUM, "; ".join((ending, *_likely(totals)))
    return Severity.LOW, f"{count:,} refused, or asked for a certificate; none was open"


def _likely(totals: Mapping[str, Any]) -> Iterator[str]:
    """What sizes tell of what is within TLS."""
    if answers := totals["likely_answers"]:
        yield (
            f"by their sizes {answers:,} answer{'s' if answers > 1 else ''} to clients without a "
            f"certificate likely handed out {totals['likely_bytes']:,} bytes"
        )
    if execs := totals["likely_execs"]:
        yield f"{execs:,} likely ran commands in containers"


def _verdict(totals: Mapping[str, Any]) -> Verdict:
    if totals["sessions"] or totals["likely_answers"] or totals["likely_execs"]:
        return Verdict.USED
    if totals["carried_out"] or totals["done"]:
        return Verdict.SUCCEEDED
    return Verdict.PROBED if totals["probed"] else Verdict.EXPOSED


def _not_seen(totals: Mapping[str, Any]) -> tuple[str, ...]:
    missing = []
    if totals["untold"] and not totals["opened"] and not totals["given"].count:
        missing.append("whether it asks for authentication: the first bytes do not tell")
    if totals["likely_answers"] or totals["likely_execs"]:
        missing.append("whether they had a token: that is within TLS")
    if totals["sessions"] or totals["likely_answers"] or totals["likely_execs"]:
        missing.append("requests and responses: they are not in the clear")
    if not _is_proven(totals):
        missing.append("which service it is: only its port says so")
    return tuple(missing)


def _is_proven(totals: Mapping[str, Any]) -> bool:
    return bool(totals["proven"] or totals["given"].count)


def _shown(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of evidence, with the first line of each side for its bytes."""
    shown = {name: value for name, value in row.items() if not name.endswith("_head")}
    lines = {"request": row["orig_head"], "answer": row["resp_head"]}
    return shown | {name: _first_line(head) for name, head in lines.items()}


def _first_line(head: bytes | None) -> str | None:
    if head is None or not head[:1].isalpha():  # TLS and other binary is not shown
        return None
    return head.split(b"\r\n", 1)[0].decode("ascii", "backslashreplace")[:LINE]
