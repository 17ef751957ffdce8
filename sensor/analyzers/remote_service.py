"""Remote services reached from outside, and used inside.

What it finds
-------------
A host outside reached a remote-access service of ours: SSH, RDP, VNC, WinRM, a VPN, a container
API. The verdict is what the wire proves:

    exposed    it answered, and hardly anything was said (a port scan, a banner)
    probed     both sides sent payload, but less than a logon takes
    attempted  at least what a logon takes; how it ended is not seen
    used       clearly a session: more data, or more packets each way, than failed logons have

`exposed` and `probed` are one finding for a target, port and service, however many hosts touched
it: they are counted, and the ten that came most often are listed. `attempted` and `used` are one
finding for each source. Use of a remote service between two hosts inside is told at info, one
finding for a target, port and service.

How it decides
--------------
The service is told by its first bytes, whatever the port, or else by its port; the finding says
which (`not_seen` names what only the port says). A port that is closed or does not answer is
nothing to find. Payload bytes, and payload packets where the input has them, are compared with the
settings: the limits lie between the failed logons and the sessions of recordings with OpenSSH,
Dropbear, xrdp, FreeRDP, TigerVNC, OpenVPN, strongSwan, WireGuard, Docker and Kubernetes.

Low, or info where the source is allowed by the site (`allowed`) or inside. Medium where the content
shows a known protocol on a port that is not its own (ATT&CK T1571), where a service that takes
passwords in clear, or none, was shown by its content or was spoken with, and where the server
offers a weak way in (`weak`): VNC without a password, RDP without network level authentication,
SSH with passwords, HTTP Basic without TLS, IKE in aggressive mode. High where a service that asks
for no password was used; a session over SSH stays low, since that its server takes passwords, too,
makes no suspect of it. The finding says which of these it was, and what the server says of itself:
the version of an SSH or VNC server, a certificate's subject and issuer.

What it cannot see
------------------
Whether a logon succeeded. What is inside TLS: a VPN gateway on 443 is named only where its
certificate is in the clear (until TLS 1.2) and tells. A service on a foreign port in a log without
content. Anything that a capture or log that starts late has missed.

Needs packets
-------------
How many packets carried payload: from a log alone, a few large messages (a scanner that goes as far
as the key exchange) count as an attempt. The first bytes: a service on a foreign port is found in a
log where Zeek has named it in `service`, and OpenVPN over TCP, Kubernetes and Docker in clear text
are not named there.

False alarms
------------
A port that says another service than the one that listens there, where nothing shows its protocol;
the confidence is then that of the port (`parsers/services/ports.py`), and in any case that of the
flow whose service is surest (`remote_service_sure`). Own administrators: name
their addresses in `allowed`. A second port of a service that is meant to be there: name it in the
site file under [services].

Documented for
--------------
Hosts that did what this finds are not therefore any of these. MITRE ATT&CK, technique T1133,
procedure examples, names: Sea Turtle (G1041), external-facing SSH for initial access; Sandworm Team
(G0034), Dropbear SSH with a hardcoded password to persist; Kimsuky (G0094), RDP to persist; GOLD
SOUTHFIELD (G0115), publicly accessible RDP; Play (G1040), RDP and VPN for initial access; FIN5
(G0053), VPN, Citrix or VNC with legitimate credentials; Chimera (G0114), VPN, Citrix, SSH and
others with legitimate credentials; LAPSUS$ (G1004), internet-facing VPN, RDP and Citrix; TeamTNT
(G0139), exposed Docker API ports and kubelets. T1571: Sandworm Team, an SSH server on port 6789.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Annotated, Any

import msgspec
import polars as pl
from polars import col

from parsers.schema import SPOKEN_TABLES
from parsers.services import SERVICES, SSL_GATEWAY, sizes
from parsers.services.answers import answered
from parsers.services.ports import listed
from sensor.analyzer import (
    CONNECTION,
    Analyzer,
    Count,
    From,
    Max,
    Measure,
    Rows,
    Stage,
    Sum,
    Values,
)
from sensor.findings import Attack, Judgement, Severity, Verdict

Key = Mapping[str, Any]
Totals = Mapping[str, Any]

PASSWORDS = "password"
WEAK: dict[tuple[str, str], str] = {
    ("vnc", "None"): "it asks for no password",
    ("rdp", "RDP"): "it takes logons without TLS and without network level authentication",
    ("rdp", "SSL"): "it takes logons without network level authentication",
    ("ssh", PASSWORDS): "it takes passwords",
    ("ipsec", "aggressive mode"): "it answers in aggressive mode, from which a key can be guessed",
    ("winrm", "Basic"): "it takes passwords in clear text (HTTP Basic)",
}
"""What a server offers, and what is weak about it."""
SHOWN = ("says", "offers")
SAID, OFFERED = 4, 16  # different texts of a server that are kept
OPEN = ("vnc None",)  # of these: no password at all

LEVELS = ("exposed", "probed", "attempted", "used")  # of one flow, weakest first
UNREAD = "whether a logon succeeded: that is encrypted, or not read"


Size = Annotated[int, msgspec.Meta(ge=0)]


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What counts as an attempt and as a session. "other" is every service that is not named."""

    attempt_bytes: Annotated[
        dict[str, tuple[Size, Size]],
        msgspec.Meta(
            description="Payload bytes of client and server from which a flow is an attempt, by "
            "service. What is named replaces its default."
        ),
    ] = msgspec.field(default_factory=sizes.LOGON_BYTES.copy)
    attempt_packets: Annotated[
        dict[str, Size],
        msgspec.Meta(
            description="Packets with payload of the client from which a flow is an attempt, by "
            "service; used where the input has such figures."
        ),
    ] = msgspec.field(default_factory=sizes.LOGON_PACKETS.copy)
    session_bytes: Annotated[
        dict[str, Size],
        msgspec.Meta(
            description="Payload bytes of both sides together from which a flow is a session, by "
            "service."
        ),
    ] = msgspec.field(default_factory=sizes.SESSION_BYTES.copy)
    session_packets: Annotated[
        int,
        msgspec.Meta(
            ge=1,
            description="Packets with payload of each side from which a TCP connection is a "
            "session, however small they are: an interactive one.",
        ),
    ] = sizes.SESSION_PACKETS
    clear: Annotated[
        tuple[str, ...],
        msgspec.Meta(description="Services that take passwords in clear text, or none: medium."),
    ] = ("telnet", "rlogin", "x11")
    weak: Annotated[
        tuple[str, ...],
        msgspec.Meta(description="Weak ways in, a service and what it offers: medium, or high."),
    ] = tuple(" ".join(way) for way in WEAK)
    listed: Annotated[
        int,
        msgspec.Meta(ge=1, le=64, description="Sources, or flows, that a finding lists at most."),
    ] = 10

    def __post_init__(self) -> None:
        known = (*SERVICES, SSL_GATEWAY, sizes.OTHER)
        for name in (*self.attempt_bytes, *self.attempt_packets, *self.session_bytes, *self.clear):
            if name not in known:
                raise ValueError(f"{name!r} is no remote service: expected {', '.join(known)}")
        ways = [" ".join(way) for way in WEAK]
        for way in self.weak:
            if way not in ways:
                raise ValueError(f"{way!r} is no weak way in: expected {', '.join(ways)}")


def analyzer(settings: Settings) -> Analyzer:
    """Return the analyzer with its settings worked in."""
    origin = pl.when("orig_inside").then(pl.lit("inside")).otherwise(pl.lit("outside"))
    ours = col("resp_inside") & col("orig_inside").is_not_null()
    named = col("remote_service").is_not_null()
    key = {
        "origin": origin,
        "source": col("orig_h"),
        "target": col("resp_h"),
        "port": col("resp_p"),
        "protocol": col("proto"),
        "service": col("remote_service"),
    }
    return Analyzer(
        name="remote-service",
        title="Remote service reached",
        observes=(
            From("conn", first=named, where=ours & answered(), key=key),
            *(From(table, first=named, where=ours, key=key) for table in SPOKEN_TABLES),
        ),
        measures=_by_source(settings),
        judge=partial(_judge_source, settings),
        worth=(col("origin") == "outside") & (col("attempted") + col("used") > 0),
        then=Stage(
            ("origin", "target", "port", "protocol", "service"),
            _by_target(settings),
            partial(_judge_target, settings),
        ),
        attack=Attack(
            technique=("T1133",),
            tactic=("TA0001", "TA0003"),
            mitigation=("M1030", "M1032", "M1035", "M1042"),
        ),
        reads=(
            *("orig_inside", "resp_inside", "orig_allowed"),
            *("remote_service", "remote_service_by", "remote_service_sure"),
        ),
    )


def _by_source(settings: Settings) -> tuple[Measure, ...]:
    level = sizes.reached(
        sizes.LOGON_BYTES | settings.attempt_bytes,
        sizes.LOGON_PACKETS | settings.attempt_packets,
        sizes.SESSION_BYTES | settings.session_bytes,
        settings.session_packets,
    )
    touch, session = level <= LEVELS.index("probed"), level >= LEVELS.index("attempted")
    flow = touch | session  # of conn alone: what rows of other tables tell is no further contact
    return (
        Count(where=flow, name="flows"),
        *(Count(where=level == place, name=name) for place, name in enumerate(LEVELS)),
        Count(where=flow & (col("remote_service_by") == "content"), name="proven"),
        Max((col("remote_service_sure") * 100).round(), where=flow, name="sure"),  # in percent
        Count(where=flow & ~col("orig_allowed"), name="unexpected"),
        *(Sum(f"{side}_bytes", where=touch, name=f"touch_{side}") for side in ("orig", "resp")),
        *(Sum(f"{side}_bytes", where=session, name=f"session_{side}") for side in ("orig", "resp")),
        Rows(
            (*CONNECTION, "orig_p", "orig_bytes", "resp_bytes"), keep=settings.listed, where=session
        ),
        Values("says", SAID),
        Values("offers", OFFERED),
        Rows(
            CONNECTION, keep=1, where=flow, name="flow"
        ),  # shown as the source's evidence by the second stage
    )


def _by_target(settings: Settings) -> tuple[Measure, ...]:
    sessions = col("attempted") + col("used")
    inside = col("origin") == "inside"
    told = col("probed") + pl.when(inside).then(sessions).otherwise(col("exposed")) > 0
    figures = ("proven", "touch_orig", "touch_resp", "session_orig", "session_resp")
    return (
        Count(where=told, name="sources"),
        Count(where=told & (col("unexpected") > 0), name="unexpected"),
        *(Sum(name, where=told, name=name) for name in (*LEVELS, *figures)),
        Values("values_says", SAID, name="values_says", lists=True),
        Values("values_offers", OFFERED, name="values_offers", lists=True),
        Max("sure", where=told, name="sure"),
        Rows(
            ("source", "flows", *LEVELS, "first_seen", "last_seen", "flow"),
            keep=settings.listed,
            largest="flows",
            where=told,
        ),
    )


def _judge_source(settings: Settings, key: Key, totals: Totals) -> Judgement | None:
    attempted, used = totals["attempted"], totals["used"]
    flows = attempted + used
    if key["origin"] == "inside" or not flows:
        return None
    verb = "used" if used else "tried"
    sent, received = totals["session_orig"], totals["session_resp"]
    return _judgement(
        settings,
        key,
        totals,
        title=f"Remote service {verb} from outside",
        verdict=Verdict.USED if used else Verdict.ATTEMPTED,
        message=f"{key['source']} {verb} {_place(key)} in {_counted(flows, 'connection')} "
        f"{_sessions(used)}, {sent:,} bytes sent and {received:,} received",
        evidence=tuple(totals["rows"]),
        not_seen=(UNREAD,),
        status="unknown",
        flow_count=flows,
        bytes_sent=sent,
        bytes_received=received,
    )


def _judge_target(settings: Settings, key: Key, totals: Totals) -> Judgement | None:
    if not totals["sources"]:
        return None
    told = _told_inside if key["origin"] == "inside" else _told_outside
    return _judgement(settings, key, totals, evidence=_sources(totals), **told(key, totals))


def _told_outside(key: Key, totals: Totals) -> dict[str, Any]:
    flows, hosts = totals["exposed"] + totals["probed"], _counted(totals["sources"], "outside host")
    return {
        "title": "Remote service reachable from outside",
        "verdict": Verdict.PROBED if totals["probed"] else Verdict.EXPOSED,
        "message": f"{_place(key)} answered {hosts} in {_counted(flows, 'connection')} without a "
        f"session, {totals['probed']:,} of which carried data both ways",
        "flow_count": flows,
        "bytes_sent": totals["touch_orig"],
        "bytes_received": totals["touch_resp"],
    }


def _told_inside(key: Key, totals: Totals) -> dict[str, Any]:
    flows = totals["probed"] + totals["attempted"] + totals["used"]
    hosts = _counted(totals["sources"], "inside host")
    verdicts = {"used": Verdict.USED, "attempted": Verdict.ATTEMPTED}
    reached = (verdict for name, verdict in verdicts.items() if totals[name])
    return {
        "title": "Remote service used inside",
        "verdict": next(reached, Verdict.PROBED),
        "message": f"{_place(key)} was reached by {hosts} in {_counted(flows, 'connection')} "
        f"{_sessions(totals['used'])}",
        "flow_count": flows,
        "bytes_sent": totals["touch_orig"] + totals["session_orig"],
        "bytes_received": totals["touch_resp"] + totals["session_resp"],
        "not_seen": (UNREAD,),
    }


def _judgement(
    settings: Settings,
    key: Key,
    totals: Totals,
    *,
    message: str,
    evidence: tuple[Mapping[str, Any], ...],
    not_seen: tuple[str, ...] = (),
    **said: Any,
) -> Judgement:
    """Add to what is said of a key its severity, with the reasons, and how sure the service is."""
    rows = listed(key["service"], key["port"], key["protocol"])
    foreign = totals["proven"] and not any(row.own for row in rows)
    spoken = totals["proven"] or totals["probed"] or totals["attempted"] or totals["used"]
    reasons = []
    if foreign:
        reasons.append(f"{key['port']}/{key['protocol']} is not a port of {key['service']}")
    if key["service"] in settings.clear and spoken:
        reasons.append(f"{key['service']} takes passwords in clear text or none")
    ways = [way for way in totals["values_offers"] if f"{key['service']} {way}" in settings.weak]
    reasons += [WEAK[key["service"], way] for way in ways]
    # That others may try passwords makes no suspect of who was let in.
    harmless = totals["used"] and len(reasons) == 1 and ways == [PASSWORDS]
    severity = Severity.MEDIUM if reasons and not harmless else Severity.LOW
    if totals["used"] and any(f"{key['service']} {way}" in OPEN for way in ways):
        severity = Severity.HIGH
    if key["origin"] == "inside" or not totals["unexpected"]:
        severity = Severity.INFO
    by_port = () if totals["proven"] else ("which service it is: only its port says so",)
    return Judgement(
        severity=severity,
        message="; ".join((message, *reasons, *_says(totals))),
        evidence=(*evidence, *_shown(totals)),
        confidence=(totals["sure"] or 0) / 100,
        not_seen=(*not_seen, *by_port),
        **said,
    )


def _says(totals: Totals) -> Iterator[str]:
    """What the server says of itself, as a part of the message."""
    if said := totals["values_says"]:
        more = f" and {len(said) - 1} more" if len(said) > 1 else ""
        yield f'it says "{said[0]}"{more}'


def _shown(totals: Totals) -> Iterator[Mapping[str, Any]]:
    """What the server says and offers, as evidence."""
    shown = {name: totals[f"values_{name}"] for name in SHOWN}
    if any(shown.values()):
        yield {name: texts for name, texts in shown.items() if texts}


def _sources(totals: Totals) -> tuple[Mapping[str, Any], ...]:
    """The rows of the sources, each with the flow that it began with."""
    flows = (
        {name: row["flow"][name] for name in CONNECTION if name != "ts"} for row in totals["rows"]
    )
    rows = ({name: row[name] for name in row if name != "flow"} for row in totals["rows"])
    return tuple({**row, **flow} for row, flow in zip(rows, flows, strict=True))


def _place(key: Key) -> str:
    return f"{key['service']} on {key['target']} port {key['port']}/{key['protocol']}"


def _sessions(used: int) -> str:
    return f"with {_counted(used, 'clear session')}" if used else "with no clear session"


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
