"""Logons that rows of other tables tell of: in Zeek's logs, and in what was read of a capture.

The table `logon` has a row for each run of like attempts. Of SSH, VNC and HTTP a capture's own
parser makes them; the rest is told here, from protocols that carry names and outcomes in the clear.
"""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
from polars import col

from parsers.schema import LOGON, polars_schema

SCHEMA = polars_schema(LOGON)
COUNT, TEXT = pl.Int64(), pl.String()
TYPES = {"auth_success": pl.Boolean(), "auth_attempts": COUNT, "auth": pl.Boolean()}
TYPES |= {"success": pl.Boolean(), "status_code": COUNT}
FROM_ROW = ("ts", "uid", "orig_h", "orig_p", "resp_h", "resp_p", "file", "line")
SUCCESS, FAILED, UNKNOWN = "success", "failed", "unknown"

# Where NTLM is spoken to: by port, else it is of no service that is known.
NTLM_SERVICES = {
    5985: "winrm",
    5986: "winrm",
    3389: "rdp",
    445: "smb",
    139: "smb",
    443: "http",
    80: "http",
}
KRB_FAILURES = ("KDC_ERR_PREAUTH_FAILED", "KDC_ERR_C_PRINCIPAL_UNKNOWN", "KDC_ERR_CLIENT_REVOKED")
"""Answers to a wrong password, to a name that nobody has, and to one that is locked.

Others say nothing of who asks: try otherwise, over TCP, another realm; or that a password has to be
changed.
"""


def logons(table: str, rows: pl.DataFrame, *, of_log: bool) -> pl.DataFrame | None:
    """Return the logons that rows of a table tell of, None where the table tells of none.

    of_log: whether the rows are of a Zeek log: then Zeek's word is taken for those, too.
    """
    found = SOURCES.get(table) if of_log else OF_CAPTURES.get(table)
    if found is None or rows.is_empty():
        return None
    lacking = [name for name in (*FROM_ROW, *READ[table]) if name not in rows.columns]
    given = rows.with_columns(
        pl.lit(None, SCHEMA.get(name, TYPES.get(name, TEXT))).alias(name) for name in lacking
    )
    told = found(given)
    return None if told.is_empty() else told


def _made(rows: pl.DataFrame, known_by: str, confidence: float, **columns: pl.Expr) -> pl.DataFrame:
    """Rows of `logon` with these columns; `outcome` that is null makes none."""
    outcome = columns["outcome"]
    values = {name: columns.get(name, pl.lit(None, dtype)) for name, dtype in SCHEMA.items()} | {
        "known_by": pl.lit(known_by),
        "confidence": pl.lit(confidence),
        "attempts": columns.get("attempts", pl.lit(1)),
        **{name: col(name) for name in FROM_ROW if name in rows.columns},
    }
    return rows.filter(outcome.is_not_null()).select(
        *(value.cast(SCHEMA[name]).alias(name) for name, value in values.items())
    )


def _truth(column: str) -> pl.Expr:
    """The outcome that a Boolean tells; null where it is."""
    return pl.when(col(column)).then(pl.lit(SUCCESS)).when(~col(column)).then(pl.lit(FAILED))


def _ssh(rows: pl.DataFrame) -> pl.DataFrame:
    """Zeek's guess: the last attempt's outcome, and how many there were."""
    told = {"service": pl.lit("ssh"), "software": col("client")}
    last = _made(rows, "Zeek's ssh log", 0.8, outcome=_truth("auth_success"), **told)
    before = col("auth_attempts").fill_null(1) - col("auth_success").cast(pl.Int64)
    failed = rows.filter(before > 0)
    tries = _made(failed, "Zeek's ssh log", 0.7, outcome=pl.lit(FAILED), attempts=before, **told)
    return pl.concat([last.filter(col("outcome") == SUCCESS), tries]).sort(
        "ts", maintain_order=True
    )


def _rfb(rows: pl.DataFrame) -> pl.DataFrame:
    method = pl.when(col("authentication_method") == "VNC").then(pl.lit("password"))
    told = {"service": pl.lit("vnc"), "method": method}
    return _made(rows, "RFB's security result", 1.0, outcome=_truth("auth"), **told)


def _ntlm(rows: pl.DataFrame) -> pl.DataFrame:
    service = col("resp_p").replace_strict(NTLM_SERVICES, default="ntlm", return_dtype=pl.String)
    domain = pl.when(col("domainname") != "").then(col("domainname"))
    user = pl.concat_str([domain, "username"], separator="\\", ignore_nulls=True)
    return _made(
        rows.filter(col("username").is_not_null()),
        "the answer to NTLM",
        0.9,
        outcome=_truth("success"),
        service=service,
        user=user,
        method=pl.lit("ntlm"),
        software=col("hostname"),
    )


def _kerberos(rows: pl.DataFrame) -> pl.DataFrame:
    asked = (col("request_type") == "AS") & col("client").is_not_null()
    real = col("success") | col("error_msg").is_in(KRB_FAILURES)
    return _made(
        rows.filter(asked & real),
        "the answer of the KDC",
        0.9,
        outcome=_truth("success"),
        service=pl.lit("kerberos"),
        user=col("client"),
        method=pl.lit("kerberos"),
        detail=col("error_msg"),
    )


def _radius(rows: pl.DataFrame) -> pl.DataFrame:
    outcome = col("result").replace_strict(
        {"success": SUCCESS, "failed": FAILED}, default=None, return_dtype=pl.String
    )
    told = {"service": pl.lit("radius"), "user": col("username"), "detail": col("reply_msg")}
    return _made(rows, "the answer of the RADIUS server", 1.0, outcome=outcome, **told)


def _socks(rows: pl.DataFrame) -> pl.DataFrame:
    done = (col("status") == "succeeded").fill_null(value=False)
    return _made(
        rows.filter(col("user").is_not_null()),
        "the answer of the proxy",
        0.9,
        outcome=pl.when(done).then(pl.lit(SUCCESS)).otherwise(pl.lit(UNKNOWN)),
        service=pl.lit("socks"),
        user=col("user"),
        method=pl.lit("password"),
    )


def _ldap(rows: pl.DataFrame) -> pl.DataFrame:
    outcome = (
        pl.when(col("result") == "success")
        .then(pl.lit(SUCCESS))
        .when(col("result") == "invalid credentials")
        .then(pl.lit(FAILED))
    )
    simple = col("opcode") == "bind simple"
    named = col("object").is_not_null() & (col("object") != "")
    return _made(
        rows.filter(col("opcode").str.starts_with("bind") & (named | ~simple)),
        "the answer to a bind",
        1.0,
        outcome=outcome,
        service=pl.lit("ldap"),
        user=col("object"),
        method=pl.when(simple).then(pl.lit("password")).otherwise(col("argument")),
        detail=col("diagnostic_message"),
    )


def _http(rows: pl.DataFrame) -> pl.DataFrame:
    """HTTP Basic: who sends a name is let in or not."""
    status = col("status_code")
    outcome = (
        pl.when(status.is_in([401, 407]))
        .then(pl.lit(FAILED))
        .when(status < 400)
        .then(pl.lit(SUCCESS))
    )
    return _made(
        rows.filter(col("username").is_not_null()),
        "the status of the answer",
        0.9,
        outcome=outcome,
        service=pl.coalesce(col("remote_service"), pl.lit("http")),
        user=col("username"),
        method=pl.lit("basic"),
        software=col("user_agent").str.slice(0, 160),
    )


OF_CAPTURES: dict[str, Callable[[pl.DataFrame], pl.DataFrame]] = {
    "ntlm": _ntlm,
    "kerberos": _kerberos,
    "radius": _radius,
    "socks": _socks,
    "ldap": _ldap,
}
SOURCES = OF_CAPTURES | {"ssh": _ssh, "rfb": _rfb, "http": _http}
READ: dict[str, tuple[str, ...]] = {
    "ssh": ("client", "auth_success", "auth_attempts"),
    "rfb": ("authentication_method", "auth"),
    "ntlm": ("username", "hostname", "domainname", "success"),
    "kerberos": ("request_type", "client", "success", "error_msg"),
    "radius": ("username", "reply_msg", "result"),
    "socks": ("user", "status"),
    "ldap": ("opcode", "result", "diagnostic_message", "object", "argument"),
    "http": ("username", "status_code", "user_agent", "remote_service"),
}
"""The columns that are read of each table; a log may lack any."""
