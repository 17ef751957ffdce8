"""What a host of ours does after somebody outside got into it, and had not done before.

What it finds
-------------
A host inside is entered from outside: a logon succeeds (SSH, RDP, VNC, WinRM, SMB), or an API that
runs containers obeys without credentials. In the `window` after it the host does what it had not
done on that day, nor in the six hours before it:

    new connection     to a peer and port outside, answered
    remote service     of another host inside, answered
    scan               connections to more than `scanned` peers and ports, none of them answered
    tunnel             connections to other hosts that the session over SSH carries on: it moved as
                       much, in both directions

One finding for a host names both ends of the chain. The verdict is used.

How it decides
--------------
High after an API that asked for no credentials, and after a logon that looks guessed: as many as
`guessed` failures of the same source on that day, the first of them before it. After such an entry
new connections to other hosts inside count as well, medium where there is nothing else. After any
other logon remote services, scans and tunnels are medium, new connections outside low. Where the
host had as many new peers in as long a time before, it is busy with them anyway: a level less, and
nothing where that was low. Info where the site allows the source (`allowed`).

Of a source that comes again to the same service, the first entry of the day counts; of 64 sources
that were forced in and 64 others, the first. New connections are counted for each minute of the
day, however many they are: a host that opens many before an entry hides none after it. The first
and the last 512 of them are kept, and only those can be named. Connections for names, time,
directories and logs (ports of DNS, NTP, Kerberos, LDAP, syslog) are passed over.

What it cannot see
------------------
What was done over connections that the host had before. Entries inside of TLS, and by services
whose logons cannot be read. Scans over UDP. Connections that do not pass the sensor. What the host
did before an input that begins with the entry: the finding says so.

False alarms
------------
People who log on and fetch updates, or log on to further hosts: name their addresses in `allowed`.
Hosts that are there to go on from (jump hosts). A first connection of the day that always is made.

Documented for
--------------
Hosts that did what this finds are not therefore any of these. MITRE ATT&CK, names: TeamTNT
(G0139), exposed Docker APIs, then T1105 (tools are fetched) and T1046 (scans); Kinsing (S0599),
T1133, then T1021.004 (SSH to other hosts); Sandworm Team (G0034), T1133, then T1572 (tunnels).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Annotated, Any, NamedTuple

import msgspec
import polars as pl
from polars import col

from parsers.services.answers import UNANSWERED_STATES, answered, trusted
from sensor.analyzer import CONNECTION, Analyzer, Bins, Count, From, Min, Rows, Stage, Sum
from sensor.analyzers.container_api_abuse import LISTS, QUESTIONS
from sensor.findings import Attack, Judgement, Severity, Verdict

MINUTE = timedelta(minutes=1)
BEFORE = timedelta(hours=6)  # before midnight: what counts for the next day too
SESSIONS = ("ssh", "rdp", "vnc", "winrm", "smb")
"""Services of which a logon is a session on the host itself."""
ROUTINE = (53, 88, 123, 389, 464, 514, 636, 853, 3268, 3269, 5353)
"""Ports of names, time, directories and logs, which hosts turn to at any time."""
OUT, SERVICE, INSIDE, UNANSWERED = "out", "service", "inside", "unanswered"
OPENED = (OUT, SERVICE, INSIDE)
KINDS = (*OPENED, UNANSWERED)
END = ("first_seen", "peer", "port", "protocol")  # what tells new connections apart
KEPT = 512  # new connections of a host that are kept, of the first and of the last
ENTRIES = 64  # sources that are kept of a host, ordinary and others
TUNNELLED = 1_000  # bytes from which a tunnel is told
NOT_BEFORE = 0.7  # how sure it is where the input does not show what the host did before
NAMED = 4  # connections that the message names
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long after, and how many are many."""

    window: Annotated[
        timedelta, msgspec.Meta(description="How long after an entry; six hours at most.")
    ] = timedelta(hours=1)
    scanned: Annotated[
        int, msgspec.Meta(ge=1, description="Peers and ports without an answer; more is a scan.")
    ] = 20
    guessed: Annotated[
        int, msgspec.Meta(ge=1, description="Failures of a source from which it has guessed.")
    ] = 5
    listed: Annotated[
        int, msgspec.Meta(ge=1, le=64, description="Connections that a finding lists at most.")
    ] = 20

    def __post_init__(self) -> None:
        if not MINUTE <= self.window <= BEFORE:
            raise ValueError(f"a window lasts from {MINUTE} to {BEFORE}, not {self.window}")


def analyzer(settings: Settings) -> Analyzer:
    """Return the analyzer with its settings worked in."""
    entered, failed = col("entered").is_not_null(), col("outcome") == "failed"
    forced = (col("acts") > 0) | (col("failures") >= settings.guessed)
    success = col("outcome").is_in(["success", "succeeded"])  # of a logon, of a request
    opened, unanswered = col("kind").is_in(OPENED), col("kind") == UNANSWERED
    entry = ("peer", "port", "kind", "entered", "failed", "failures", "acts", "unexpected", "sure")
    session = ("sent", "received", "logon", "act")
    new = ("first_seen", "peer", "port", "protocol", "kind", "sent", "received", "flow")
    return Analyzer(
        name="follow-on",
        title="New connections after an entry",
        observes=tuple(_observes()),
        measures=(
            Min("ts", where=success, name="entered"),
            Min("ts", where=failed, name="failed"),
            Sum("attempts", where=failed, name="failures"),
            Count(where=col("operation").is_not_null(), name="acts"),
            Count(where=success & ~col("orig_allowed"), name="unexpected"),
            Min((col("confidence") * 100).round(), where=success, name="sure"),
            Sum("orig_bytes", where=trusted(), name="sent"),
            Sum("resp_bytes", where=trusted(), name="received"),
            Rows(("ts", "uid", "user", "method", "known_by"), 1, where=success, name="logon"),
            Rows(("ts", "uid", "operation", "object", "user_agent"), 1, name="act"),
            Rows((*CONNECTION, "conn_state", "remote_service"), 1, name="flow"),
        ),
        judge=None,
        then=Stage(
            ("source",),
            (
                Count(where=entered, name="ways_in"),
                Rows((*entry, *session), ENTRIES, where=entered & ~forced, name="entries"),
                Rows((*entry, *session), ENTRIES, where=entered & forced, name="forced"),
                Rows(new, KEPT, where=opened, name="first"),
                Rows(new, KEPT, largest="ts", where=opened, name="last"),
                Rows(new, settings.listed, largest="ts", where=unanswered, name="tried"),
                *(Bins(MINUTE, where=col("kind") == kind, name=kind) for kind in KINDS),
            ),
            partial(_judge, settings),
            worth=col("ways_in") > 0,
        ),
        attack=Attack(
            technique=("T1133", "T1021", "T1046", "T1105", "T1572"),
            tactic=("TA0001", "TA0007", "TA0008", "TA0011"),
            mitigation=("M1030", "M1035", "M1037"),
        ),
        speaks="at close",
        reads=("orig_inside", "resp_inside", "orig_allowed"),
        reach=BEFORE,
        after=("logon", "container_api"),
    )


def _observes() -> Iterator[From]:
    """What a host opens, and how it is entered."""
    out, inside = col("orig_inside"), col("resp_inside")
    tcp, udp = col("proto") == "tcp", col("proto") == "udp"
    others = (tcp | udp) & (col("orig_h") != col("resp_h")) & ~col("resp_p").is_in(ROUTINE)
    # Who began a connection that was seen from the middle is a guess.
    begun = answered() & (col("conn_state") != "OTH").fill_null(value=True)
    named = col("remote_service").is_not_null()
    of_host = {"source": "orig_h", "peer": "resp_h", "port": "resp_p", "protocol": "proto"}
    of_source = of_host | {"source": "resp_h", "peer": "orig_h"}

    def seen(table: str, where: pl.Expr, kind: pl.Expr, columns: Mapping[str, str]) -> From:
        key = {name: col(column) for name, column in columns.items()} | {"kind": kind}
        if table == "container_api":
            key["protocol"] = pl.lit("tcp")
        first = col("orig_inside") if columns is of_host else ~col("orig_inside") & inside
        return From(table, where=where, key=key, first=first)

    conn = partial(seen, "conn", columns=of_host)
    yield conn(out & ~inside & others & begun, pl.lit(OUT))
    yield conn(out & inside & others & begun & named, pl.lit(SERVICE))
    yield conn(out & inside & others & begun & ~named, pl.lit(INSIDE))
    yield conn(out & tcp & col("conn_state").is_in(UNANSWERED_STATES), pl.lit(UNANSWERED))
    ssh = col("remote_service") == "ssh"
    yield seen("conn", answered() & ssh, col("remote_service"), of_source)
    known = col("outcome").is_in(["failed", "success"]) & (col("attempts") > 0)
    yield seen("logon", known & col("service").is_in(SESSIONS), col("service"), of_source)
    obeyed = (col("outcome") == "succeeded") & (col("authentication") == "open")
    act = ~col("operation").is_in([*QUESTIONS, *LISTS])
    yield seen("container_api", obeyed & act, col("api"), of_source)


class Chain(NamedTuple):
    """An entry and what the host did after it."""

    severity: Severity
    entry: Mapping[str, Any]
    rows: Sequence[Mapping[str, Any]]  # of new connections those that were kept
    new: int  # connections
    tried: int  # without an answer, where that is a scan
    tunnel: bool


def _judge(
    settings: Settings, key: Mapping[str, Any], totals: Mapping[str, Any]
) -> Judgement | None:
    entries = [*totals["forced"], *totals["entries"]]
    chains = [chain for each in entries if (chain := _chain(settings, totals, each))]
    if not chains:
        return None
    chain = max(chains, key=lambda each: (each.severity, each.new + each.tried))
    entry, at = chain.entry, moment(chain.entry["entered"])
    before = at - totals["first_seen"] >= settings.window
    sure = (entry["sure"] if entry["sure"] is not None else 100) / 100
    tried = [
        row
        for row in totals["tried"]
        if chain.tried and at < row["first_seen"] <= at + settings.window
    ]
    others = f" ({len(chains) - 1} more came so)" if len(chains) > 1 else ""
    return Judgement(
        severity=chain.severity,
        verdict=Verdict.USED,
        message=f"{key['source']} was entered by {entry['peer']} ({_how(entry)}) at "
        f"{at:%H:%M:%S}{others} and then {_did(chain)}",
        confidence=round(sure * (1.0 if before else NOT_BEFORE), 2),
        evidence=(
            _entered(entry),
            *(_shown(row) for row in [*chain.rows, *tried][: settings.listed]),
        ),
        not_seen=() if before else ("what the host did before",),
        flow_count=chain.new + chain.tried,
        bytes_sent=sum(row["sent"] for row in chain.rows),
        bytes_received=sum(row["received"] for row in chain.rows),
    )


def _chain(settings: Settings, totals: Mapping[str, Any], entry: Mapping[str, Any]) -> Chain | None:
    """What followed one entry, and how bad that is; None where it is nothing."""
    at = moment(entry["entered"])
    until, day = at + settings.window, totals["last_seen"].date()
    kept = {tuple(row[name] for name in END): row for row in (*totals["first"], *totals["last"])}
    after = [
        row for row in kept.values()
        if at < row["first_seen"] <= until and row["first_seen"].date() == day
    ]  # fmt: skip
    forced = entry["acts"] > 0 or _guessed(settings, entry)
    tunnel = _is_tunnel(entry, after)
    told = OPENED if forced or tunnel else (OUT, SERVICE)
    rows = sorted((row for row in after if row["kind"] in told), key=_by_time)
    # What was kept is exact; slices count the rest, but not in the minute of the entry itself.
    counts = {
        kind: max(
            sum(row["kind"] == kind for row in rows),
            _sum(totals[kind], at + MINUTE, until, day=day),
        )
        for kind in told
    }
    unanswered = _sum(totals[UNANSWERED], at, until, day=day)
    scan = unanswered > settings.scanned
    new, tried = sum(counts.values()), unanswered if scan else 0
    beyond = scan or tunnel or counts[SERVICE] > 0
    if not new and not tried:
        return None
    severity = _severity(forced=forced, beyond=beyond, out=counts[OUT] > 0)
    usual = sum(_sum(totals[kind], at - settings.window, at) for kind in (*told, UNANSWERED))
    if severity and usual >= new + tried:
        severity = Severity(severity - 1)
    if not severity:
        return None
    if not entry["unexpected"]:
        severity = Severity.INFO
    return Chain(severity, entry, rows, new, tried, tunnel)


def _severity(*, forced: bool, beyond: bool, out: bool) -> Severity:
    """How bad it is, of an entry that was forced or not.

    beyond: to other hosts, or to many; out: to the outside.
    """
    if forced:
        return Severity.HIGH if beyond or out else Severity.MEDIUM
    return Severity.MEDIUM if beyond else Severity.LOW


def _guessed(settings: Settings, entry: Mapping[str, Any]) -> bool:
    many: bool = entry["failures"] >= settings.guessed
    return many and entry["failed"] < entry["entered"]


def _is_tunnel(entry: Mapping[str, Any], after: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a session over SSH carried what the host's new connections moved.

    It moved as much in both directions, and not much more was received than is explained so.
    """
    sent, received = (sum(row[side] for row in after) for side in ("sent", "received"))
    fits: bool = sent <= entry["sent"] and received <= entry["received"] <= received * 10
    return fits and sent + received >= TUNNELLED and entry["kind"] == "ssh"


def _sum(
    slices: Sequence[tuple[datetime, int]],
    begin: datetime,
    end: datetime,
    day: date | None = None,
) -> int:
    """How many fall into the minutes from that of `begin` to the one before `end`."""
    first = begin.replace(second=0, microsecond=0)
    return sum(
        figure
        for at, figure in slices
        if first <= at and at + MINUTE <= end and day in (None, at.date())
    )


def _how(entry: Mapping[str, Any]) -> str:
    """How the host was entered."""
    if entry["acts"]:
        return f"{entry['kind']} {entry['act']['operation']}"
    user = f" as {entry['logon']['user']}" if entry["logon"]["user"] else ""
    began_before = entry["failures"] and entry["failed"] < entry["entered"]
    failures = entry["failures"] if began_before else 0
    after = f" after {failures:,} failure{'' if failures == 1 else 's'}" if failures else ""
    return f"{entry['kind']} logon{user}{after}"


def _did(chain: Chain) -> str:
    """What the host did, in the order of time."""
    parts = []
    if chain.new:
        named = [_named(row) for row in chain.rows[:NAMED]]
        more = ", …" if chain.new > len(named) else ""
        listed = f": {', '.join(named)}{more}" if named else ""
        through = " through a tunnel" if chain.tunnel else ""
        plural = "" if chain.new == 1 else "s"
        parts.append(f"opened {chain.new:,} new connection{plural}{through}{listed}")
    if chain.tried:
        parts.append(f"tried {chain.tried:,} peers and ports that did not answer")
    return " and ".join(parts)


def _named(row: Mapping[str, Any]) -> str:
    """One new connection in a few words."""
    service = row["flow"]["remote_service"] if row["kind"] == SERVICE else None
    name = f"{service} on " if service else ""
    return (
        f"{name}{row['peer']}:{row['port']}/{row['protocol']} at {row['first_seen']:%H:%M:%S} "
        f"({row['sent']:,} bytes out, {row['received']:,} in)"
    )


def _entered(entry: Mapping[str, Any]) -> dict[str, Any]:
    """The entry as evidence: its first request or logon."""
    row = entry["act"] if entry["acts"] else entry["logon"]
    place = {name: entry[name] for name in ("peer", "port", "kind")}
    return place | {name: value for name, value in row.items() if value is not None}


def _shown(row: Mapping[str, Any]) -> dict[str, Any]:
    """A new connection as evidence."""
    flow = {name: value for name, value in row["flow"].items() if value is not None}
    return flow | {name: value for name, value in row.items() if name not in ("flow", "first_seen")}


def _by_time(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in END)


def moment(nanoseconds: int) -> datetime:
    """A time of a figure, in UTC."""
    return EPOCH + timedelta(microseconds=nanoseconds // 1000)
