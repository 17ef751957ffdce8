"""Which remote service it is, from the first payload bytes of both sides, whatever the port.

Two questions to the tables: which service do the bytes show (`signatures`), and do they contradict
what the port stands for (`tells`).
"""

from __future__ import annotations

from functools import reduce
from operator import and_

import polars as pl

from parsers.services.patterns import in_hex, regex, shows
from parsers.services.signatures import SIGNATURES, Echo, Signature
from parsers.services.tells import BEGINNINGS, CLIENTS_TOO, TELLS, Tell

_ORIG, _RESP, _ORIG_SIZE, _RESP_SIZE, _FIRST = (
    "_orig",
    "_resp",
    "_orig_size",
    "_resp_size",
    "_first",
)
_ALONE = "|".join(regex(row.resp) for row in SIGNATURES if not row.orig)
_ASKED = "|".join(regex(row.orig) for row in SIGNATURES if row.orig)


_ANSWERS = pl.DataFrame(
    [(number, row.service, row.confidence, row.why) for number, row in enumerate(SIGNATURES)],
    schema={
        "signature": pl.UInt32,
        "service": pl.String,
        "confidence": pl.Float64,
        "why": pl.String,
    },
    orient="row",
)


def identify(flows: pl.DataFrame) -> pl.DataFrame:
    """Return the remote service that the first bytes of each flow show, how sure it is, and why.

    Parameters
    ----------
    flows
        n rows with `proto` (String), `orig_head` and `resp_head` (Binary), `payload_sizes`
        (List of Int32, positive from the originator).

    Returns
    -------
    pl.DataFrame
        n rows of `service` (String), a name of `parsers.services.SERVICES`, `confidence` (Float64,
        from 0 to 1) and `why` (String, in words for people); null where nothing is shown.
    """
    found = matched(flows).alias("signature").to_frame()
    return found.join(_ANSWERS, on="signature", how="left", maintain_order="left").drop("signature")


def matched(flows: pl.DataFrame) -> pl.Series:
    """Return which of `SIGNATURES` each flow is told by, as its number; flows as in `identify`."""
    if is_silent(flows):
        return pl.Series("signature", [None], pl.UInt32).new_from_index(0, flows.height)
    number = pl.coalesce(
        pl.when(_matches(row)).then(pl.lit(number, pl.UInt32))
        for number, row in enumerate(SIGNATURES)
    )
    alone, asked = pl.col(_RESP).str.contains(_ALONE), pl.col(_ORIG).str.contains(_ASKED)
    found = (
        _sides(flows)
        .filter(pl.col(_RESP) != "", alone | asked)  # few rows are left for the whole table
        .select("row", number.alias("signature"))
        .collect()
    )
    rows = pl.select(row=pl.int_range(flows.height, dtype=pl.UInt32))
    return rows.join(found, on="row", how="left", maintain_order="left")["signature"]


def contradicted(flows: pl.DataFrame, service: str) -> pl.Series:
    """Return where the first bytes show that a port is no evidence of the service in a column.

    The responder speaks another protocol, or begins as the service never does; or the *originator*
    sent what only a server sends, so that the two sides are mixed up and nothing can be said.

    Parameters
    ----------
    flows
        n rows as in `identify`, and with `history` (String) and a column of services (String).
    service
        The name of that column.

    Returns
    -------
    pl.Series
        n truth values (Boolean), none of them null.
    """
    if is_silent(flows):
        return pl.Series([False]).new_from_index(0, flows.height)
    told, fits = _told(_RESP, _ORIG), [row.protocol for row in TELLS]
    allowed = pl.col("_told").replace_strict(fits, [list(row.fits) for row in TELLS], default=None)
    return (
        _sides(flows, service, "history")
        .with_columns(told.alias("_told"), _told_by_originator().alias("_reversed"))
        .with_columns(allowed.list.contains(pl.col(service)).alias("_fits"))
        .select(
            pl.col("_reversed")
            | (pl.col("_told").is_not_null() & ~pl.col("_fits"))
            | _begins_otherwise(service)
        )
        .collect()
        .to_series()
    )


def is_silent(flows: pl.DataFrame) -> bool:
    """Whether no row has any first byte, as rows of Zeek's logs have none."""
    return all(flows[side].null_count() == flows.height for side in ("orig_head", "resp_head"))


def _sides(flows: pl.DataFrame, *more: str) -> pl.LazyFrame:
    """Both sides as hex text, "" where nothing was sent, and the sizes of their first packets."""
    sizes, sent = pl.col("payload_sizes"), pl.element()
    return (
        flows.lazy()
        .with_row_index("row")
        .select(
            *("row", "proto", *more),
            in_hex("orig_head").alias(_ORIG),
            in_hex("resp_head").alias(_RESP),
            sizes.list.eval(sent.filter(sent > 0)).list.first().alias(_ORIG_SIZE),
            sizes.list.eval(-sent.filter(sent < 0)).list.first().alias(_RESP_SIZE),
            sizes.list.first().alias(_FIRST),
        )
    )


def _matches(row: Signature) -> pl.Expr:
    conditions = [pl.col("proto") == row.transport, shows(row.resp, pl.col(_RESP))]
    if row.orig:
        conditions.append(shows(row.orig, pl.col(_ORIG)))
    if row.sizes:
        conditions.append(pl.any_horizontal([_sized(*pair) for pair in row.sizes]))
    if row.echo is not None:
        conditions.append(_given_back(row.echo))
    if row.greets:
        conditions.append(pl.col(_FIRST).fill_null(-1) < 0)
    return reduce(and_, conditions)


def _sized(orig: int, resp: int) -> pl.Expr:
    of_orig = pl.lit(value=True) if orig == 0 else pl.col(_ORIG_SIZE) == orig
    return of_orig & (pl.col(_RESP_SIZE) == resp)


def _given_back(echo: Echo) -> pl.Expr:
    sent = pl.col(_ORIG).str.slice(2 * echo.orig_at, 2 * echo.size)
    answered = pl.col(_RESP).str.slice(2 * echo.resp_at, 2 * echo.size)
    return sent == answered


def _told(server: str, client: str) -> pl.Expr:
    return pl.coalesce(
        pl.when(_says(row, server, client)).then(pl.lit(row.protocol)) for row in TELLS
    )


def _says(row: Tell, server: str, client: str) -> pl.Expr:
    said = shows(row.resp, pl.col(server))
    return said & shows(row.orig, pl.col(client)) if row.orig else said


def _told_by_originator() -> pl.Expr:
    told = _told(_ORIG, _RESP)
    # In reverse VNC the server connects, and greets: that it spoke first gives it away.
    answer = (told == "rfb") & (pl.col(_FIRST).fill_null(-1) < 0)
    return told.is_not_null() & ~told.is_in(CLIENTS_TOO) & ~answer


def _begins_otherwise(service: str) -> pl.Expr:
    """Whether the responder's first bytes, seen from the handshake on, cannot be the service's."""
    others = pl.any_horizontal(
        (pl.col(service) == row.service) & ~shows(row.resp, pl.col(_RESP)) for row in BEGINNINGS
    )
    from_the_start = pl.col("history").str.contains("[Hh]").fill_null(value=False)
    answered = (pl.col("proto") == "tcp") & (pl.col(_RESP) != "")
    return from_the_start & answered & others.fill_null(value=False)
