"""Commands in channels that can be read: bare shells, Telnet, rlogin, FTP, container APIs.

What it finds
-------------
Somebody typed commands on a host of ours over a connection that is not encrypted: into a shell that
the host itself handed to the outside (a reverse shell), into one that listens (a bind shell), over
Telnet or rlogin, over FTP, or into a container through an open API. One finding for who typed, the
host, the port and the service has the commands, what each gives away, and what came back. The
source is who typed: in a reverse shell that is the host that was connected to.

How it decides
--------------
A shell is only told where both sides agree: a shell's own words or prompt from one, typed lines
from the other. What a command gives away is in a table of patterns (downloads that are run, escapes
from containers, shells to others, miners, keys, accounts, credentials, tunnels, and others). A
download and, in another command, a program that is started or made executable are the same.

    critical  downloads and executes, escapes, opens a shell or mines, in a bare shell or container
    high      a bare shell, or any command of that kind, of credentials, accounts, keys or tunnels
    medium    commands that give away something else
    low       ordinary commands, readable by whoever listens

One step lower where both hosts are inside, or where a container's API refused; info where the site
allows the source (`allowed`), which is never so for reverse shells. The verdict is `used` where
commands ran, `attempted` where each was refused; the status is success where output shows it.

What it cannot see
------------------
Anything encrypted (SSH, TLS). Commands of which the server completed the line and did not echo it.
Shells without a prompt in which nobody asks who he is (`id`, `uname -a`). Passwords are not kept.

Needs packets
-------------
All of it, but commands in requests to container APIs: Zeek's logs have no typed text.

False alarms
------------
Administrators of old devices on Telnet: name their addresses in `allowed`. Honeypots. Installation
scripts that are piped from a download into a shell.

Documented for
--------------
Hosts that did what this finds are not therefore any of these. MITRE ATT&CK T1059.004 and T1105;
Mirai and its kin (download over Telnet after guessed passwords); TeamTNT (G0139), Kinsing (S0599).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Annotated, Any

import msgspec
import polars as pl
from polars import col

from sensor.analyzer import Analyzer, Count, Distinct, From, Rows, Sum
from sensor.findings import Attack, Judgement, Severity, Verdict

GRAVE = ("download-execute", "escape", "shell", "miner")
TELLING = (*GRAVE, "keys", "account", "credentials", "tunnel")
OPERATIONS = ("exec-start", "exec-create", "run", "attach", "create")
STARTS = r"(?:^|[;&|]\s*)(?:\.{0,2}/\S|sh\s+\S)|chmod\s+(?:-R\s+)?(?:[ugoa]*\+\w*x|[0-7]*[1357]\b)"
"""Commands that start a program from a folder, or make one executable."""
FTP_RUNS = r"^SITE (?i:EXEC|CPFR|CPTO)\b"
COMMAND = ("ts", "uid", "typed_by", "command", "output", "tells", "unlisted", "file", "line")
REQUEST = (
    *("ts", "uid", "operation", "object", "container", "command", "input", "output"),
    *("risks", "outcome", "file", "line"),
)
SHOWN = 60  # characters of a command in the message
INTO = {"shell": "into a shell on", "telnet": "over Telnet on", "ftp": "over FTP on"}
INTO |= {"rlogin": "over rlogin on"}


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much is told of what was typed."""

    told: Annotated[
        int, msgspec.Meta(ge=1, le=64, description="Commands that the message tells at most.")
    ] = 5
    listed: Annotated[
        int, msgspec.Meta(ge=1, le=64, description="Commands that a finding lists at most.")
    ] = 48


def analyzer(settings: Settings) -> Analyzer:
    """Return the analyzer with its settings worked in."""
    by_resp = col("typed_by") == "resp"
    shell, ftp = col("service") == "shell", col("service") == "ftp"
    refused = ftp & ~col("output").str.contains(r"^[123]").fill_null(value=False)
    starts = col("command").str.contains(STARTS)
    runs_by_ftp = ftp & col("command").str.contains(FTP_RUNS) & ~refused
    tells, risks = partial(_any, "tells"), partial(_any, "risks")
    done = col("outcome") == "succeeded"
    shows = col("output").is_not_null()
    return Analyzer(
        name="cleartext-command",
        title="Commands in clear text",
        observes=(
            _typed("orig", "resp", ~by_resp),
            _typed("resp", "orig", by_resp),
            From(
                "container_api",
                where=col("resp_inside")
                & col("operation").is_in(OPERATIONS)
                & (col("command").is_not_null() | col("input").is_not_null() | shows),
                key=_key("orig", "resp", "api"),
            ),
        ),
        measures=(
            Count(where=col("command").is_not_null(), name="commands"),
            Count(where=col("command").is_null() & col("input").is_not_null(), name="inputs"),
            Count(where=shows, name="answered"),
            Count(where=col("typed_by").is_not_null() & ~refused, name="ran"),
            Count(where=done & col("operation").is_not_null(), name="done"),
            Count(where=by_resp, name="reverse"),
            Count(where=shell, name="in_shells"),
            Count(where=tells(GRAVE), name="grave"),
            Count(where=tells(TELLING) | runs_by_ftp, name="telling"),
            Count(where=tells(None), name="tell_tale"),
            Count(where=tells(("download",)), name="downloads"),
            Count(where=col("typed_by").is_not_null() & starts, name="starts"),
            Count(where=risks(GRAVE) & done, name="grave_done"),
            Count(where=risks(GRAVE), name="grave_asked"),
            Count(where=risks(TELLING) & done, name="telling_done"),
            Count(where=risks(TELLING), name="telling_asked"),
            Count(where=risks(None), name="risky"),
            Count(where=~_inside("typed_by"), name="typed_outside"),
            Count(where=col("operation").is_not_null() & ~col("orig_inside"), name="asked_outside"),
            Count(where=by_resp | ~col("orig_allowed"), name="typed_unexpected"),
            Count(where=col("operation").is_not_null() & ~col("orig_allowed"), name="asked_freely"),
            Distinct("uid", name="connections"),
            Sum("unlisted"),
            Rows(COMMAND, keep=settings.listed, where=tells(None) | starts, name="telling_rows"),
            Rows(COMMAND, keep=settings.listed, name="typed_rows"),
            Rows(REQUEST, keep=settings.listed, name="requests"),
        ),
        judge=partial(_judge, settings),
        attack=Attack(
            technique=("T1133", "T1059", "T1059.004", "T1105"),
            tactic=("TA0001", "TA0002", "TA0011"),
            mitigation=("M1035", "M1041", "M1042"),
        ),
        reads=("orig_inside", "resp_inside", "orig_allowed"),
    )


def _typed(typist: str, host: str, where: pl.Expr) -> From:
    return From("command", where & col(f"{host}_inside"), _key(typist, host, "service"))


def _key(typist: str, host: str, service: str) -> dict[str, pl.Expr]:
    return {
        "source": col(f"{typist}_h"),
        "target": col(f"{host}_h"),
        "port": col("resp_p"),
        "protocol": pl.lit("tcp"),
        "service": col(service),
    }


def _any(column: str, names: Sequence[str] | None) -> pl.Expr:
    """Whether a set has one of the names; without names, whether it has any."""
    if names is None:
        return (col(column).list.len() > 0).fill_null(value=False)
    found = col(column).list.eval(pl.element().is_in(names)).list.any()
    return found.fill_null(value=False)


def _inside(typed_by: str) -> pl.Expr:
    """Whether who typed is inside."""
    return pl.when(col(typed_by) == "resp").then("resp_inside").otherwise("orig_inside")


def _judge(settings: Settings, key: Mapping[str, Any], totals: Mapping[str, Any]) -> Judgement:
    severity = _severity(totals)
    if not (totals["typed_outside"] or totals["asked_outside"]):
        severity = Severity(max(severity - 1, Severity.INFO))
    if not (totals["typed_unexpected"] or totals["asked_freely"]):
        severity = Severity.INFO
    ran = totals["ran"] or totals["done"]
    rows = _rows(totals)[: settings.listed]
    return Judgement(
        severity=severity,
        verdict=Verdict.USED if ran else Verdict.ATTEMPTED,
        message=_message(settings, key, totals, rows),
        evidence=tuple(_shown(row) for row in rows),
        not_seen=_not_seen(totals),
        status="success" if ran and totals["answered"] else "unknown",
        flow_count=totals["connections"].count,
    )


def _severity(totals: Mapping[str, Any]) -> Severity:
    """How bad it is between an outside and an inside host."""
    loads = totals["downloads"] and totals["starts"]
    decided = (
        (totals["in_shells"] and (totals["grave"] or loads), Severity.CRITICAL),
        (totals["grave_done"], Severity.CRITICAL),
        (totals["in_shells"] or totals["telling"] or loads, Severity.HIGH),
        (totals["telling_done"] or totals["grave_asked"], Severity.HIGH),
        (totals["tell_tale"] or totals["risky"] or totals["telling_asked"], Severity.MEDIUM),
    )
    return next((severity for holds, severity in decided if holds), Severity.LOW)


def _message(
    settings: Settings,
    key: Mapping[str, Any],
    totals: Mapping[str, Any],
    rows: Sequence[Mapping[str, Any]],
) -> str:
    count = totals["commands"] + totals["inputs"] + totals["sum_unlisted"]
    commands = f"{count:,} command{'' if count == 1 else 's'}"
    into = INTO.get(key["service"], f"into containers of {key['service']} on")
    where = f"{into} {key['target']} port {key['port']}/{key['protocol']}"
    if totals["reverse"]:
        where = f"into a shell that {key['target']} opened to its port {key['port']}/tcp"
    told = list(dict.fromkeys(map(_told, _first(rows) or _with_text(rows))))
    more = f", {len(told) - settings.told} more" if len(told) > settings.told else ""
    return (
        f"{key['source']} typed {commands} in clear text {where}: "
        f"{', '.join(told[: settings.told])}{more}"
    )


def _rows(totals: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What gives something away, then the rest; each in order of time."""
    rest = [row for row in totals["typed_rows"] if row not in totals["telling_rows"]]
    return [*totals["telling_rows"], *totals["requests"], *rest]


def _first(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The rows that give something away."""
    return [row for row in rows if row.get("tells") or row.get("risks")]


def _with_text(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The rows that say what was typed, and not only what came back."""
    return [row for row in rows if row["command"] or row.get("input")]


def _told(row: Mapping[str, Any]) -> str:
    line = " ".join((row["command"] or row.get("input") or "").split())
    text = f'"{line[:SHOWN]}{"…" if len(line) > SHOWN else ""}"'
    names = row.get("tells") or row.get("risks")
    return f"{text} ({', '.join(names)})" if names else text


def _shown(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of evidence without what is not there."""
    return {name: value for name, value in row.items() if value not in (None, [])}


def _not_seen(totals: Mapping[str, Any]) -> tuple[str, ...]:
    def missing() -> Iterator[str]:
        if totals["sum_unlisted"]:
            yield f"what {totals['sum_unlisted']:,} commands were, beyond those that are kept"
        if not totals["answered"]:
            yield "what came back"

    return tuple(missing())
