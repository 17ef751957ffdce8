"""Which remote service a flow is: `remote_service`, and `remote_service_by` what it shows.

Content comes first, whatever the port: the first payload bytes; what rows of other tables told of
the connection; or the service that Zeek, or a parser, has confirmed. Without it the responder's
port speaks, if it can stand for a service alone, and unless content denies it: an HTTP answer on
port 22 is no SSH.
"""

from __future__ import annotations

import polars as pl

from parsers.services import ZEEK_NAMES
from parsers.services.first_bytes import contradicted, identify
from parsers.services.ports import ALONE, declared, places
from parsers.services.tells import ZEEK_TELLS
from sensor.settings import Site

CONTENT, PORT = "content", "port"
READ: dict[str, pl.DataType | type[pl.DataType]] = {
    "service": pl.String,
    "orig_head": pl.Binary,
    "resp_head": pl.Binary,
    "payload_sizes": pl.List(pl.Int32),
}
"""What content is read from; a table that lacks one of them has no such content."""


def add_remote_services(
    flows: pl.DataFrame, site: Site, told: pl.Series | None = None
) -> pl.DataFrame:
    """Add the remote service of each flow, from its bytes, what was told of it, or its port.

    told: what rows of other tables told of each flow, a service or null.
    Reads `proto`, `resp_p` and, where they are there, `service`, `orig_head`, `resp_head` and
    `payload_sizes`. Adds `remote_service` (String), a name of `parsers.services.SERVICES` or
    Zeek's `ssl`, and `remote_service_by` (String): "content" or "port"; both null for what is no
    remote service. A port of the site's own that content agrees with is "port": the site knows.
    """
    seen = flows.with_columns(
        pl.lit(None, dtype).alias(name) for name, dtype in READ.items() if name not in flows.columns
    )
    names, ports = _meant(seen["service"]), ports_meant(site)
    # Most rows have neither bytes, nor a service, nor a port that means one.
    unknown = pl.lit(None, pl.String) if told is None else told
    seen = seen.with_columns(unknown.alias("_told"))
    speaks = pl.col("resp_head").is_not_null() | pl.col("service").is_in(list(names))
    speaks |= pl.col("_told").is_not_null()
    asked = seen.select(pl.arg_where(speaks | pl.col("resp_p").is_in(ports["resp_p"].implode())))
    found = _services(seen[asked.to_series()], names, ports)
    return flows.with_columns(
        pl.repeat(None, flows.height, dtype=pl.String, eager=True)
        .scatter(asked.to_series(), found[name])
        .alias(name)
        for name in found.columns
    )


def _services(flows: pl.DataFrame, names: dict[str, str], ports: pl.DataFrame) -> pl.DataFrame:
    """The columns `remote_service` and `remote_service_by` of flows that may have them."""
    by_zeek = flows["service"].replace_strict(names, default=None, return_dtype=pl.String)
    found = (
        flows.with_row_index("_row")
        .with_columns(pl.coalesce(identify(flows), "_told", by_zeek).alias("_content"))
        .join(ports, on=["resp_p", "proto"], how="left", maintain_order="left")
    )
    denied = pl.col("_row").is_in(_denied(found).implode())
    port = pl.when(~denied).then(pl.col("_port"))
    agreed = pl.col("_own") & (pl.col("_content") == pl.col("_port"))
    proven = pl.col("_content").is_not_null() & ~agreed.fill_null(value=False)
    by = pl.when(proven).then(pl.lit(CONTENT)).when(port.is_not_null()).then(pl.lit(PORT))
    service = pl.coalesce("_content", port).alias("remote_service")
    return found.select(service, by.alias("remote_service_by"))


def _meant(services: pl.Series) -> dict[str, str]:
    """Each `service` ("rdp,ssl") that means a remote service, and which: the first that does."""
    several = {text: text.split(",") for text in services.unique().drop_nulls()}
    known = {text: [name for name in each if name in ZEEK_NAMES] for text, each in several.items()}
    return {text: ZEEK_NAMES[names[0]] for text, names in known.items() if names}


def ports_meant(site: Site) -> pl.DataFrame:
    """The ports that speak alone, and the site's own; columns resp_p, proto, _port, _own."""
    listed = {place: row.service for place, row in places().items() if row.confidence >= ALONE}
    own = declared(site.services)
    return pl.DataFrame(
        [(*place, service, place in own) for place, service in (listed | own).items()],
        schema={"resp_p": pl.Int32, "proto": pl.String, "_port": pl.String, "_own": pl.Boolean},
        orient="row",
    )


def _denied(found: pl.DataFrame) -> pl.Series:
    """The rows for which only a port speaks and content denies it, by their number."""
    asked = found.filter(pl.col("_content").is_null(), pl.col("_port").is_not_null())
    if asked.is_empty():
        return asked["_row"]
    known = pl.element().filter(pl.element().is_in(list(ZEEK_TELLS)))
    told = pl.col("service").str.split(",").list.eval(known).list.first()
    fits = told.replace_strict(ZEEK_TELLS, default=None, return_dtype=pl.List(pl.String))
    by_zeek = told.is_not_null() & ~fits.list.contains(pl.col("_port"))
    return asked.filter(contradicted(asked, "_port") | asked.select(by_zeek).to_series())["_row"]
