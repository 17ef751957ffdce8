"""Which remote service a flow is, how sure that is, and why: the columns `remote_service…`.

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
BY_ZEEK, BY_PARSER = "Zeek confirmed it", "a parser confirmed it"
BY_PORT, BY_SITE = "port only", "the site's own port"
DECLARED = 0.95  # how sure a service is on a port that the site gives to it
GUESSED = 0.5  # of a port's confidence, where it may as well be the client's
ONE_SIDED = r"^\^?(?:[A-GI-RT-Z]+|[a-gi-rt-z]+)$"
"""The history of a connection from the middle of which one side was seen: who serves is a guess."""
READ: dict[str, pl.DataType | type[pl.DataType]] = {
    "service": pl.String,
    "history": pl.String,
    "orig_head": pl.Binary,
    "resp_head": pl.Binary,
    "payload_sizes": pl.List(pl.Int32),
}
"""What content is read from; a table that lacks one of them has no such content."""
TOLD_COLUMNS = {"_told_service": pl.String, "_told_confidence": pl.Float64, "_told_why": pl.String}
TOLD = [pl.lit(None, dtype).alias(name) for name, dtype in TOLD_COLUMNS.items()]


def add_remote_services(
    flows: pl.DataFrame, site: Site, told: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Add the remote service of each flow, from its bytes, what was told of it, or its port.

    told: what rows of other tables told of each flow: service, confidence, why, null for nothing.
    Reads `proto`, `resp_p` and, where they are there, `service`, `history`, `orig_head`,
    `resp_head` and `payload_sizes`. Adds `remote_service` (String), a name of
    `parsers.services.SERVICES` or Zeek's `ssl`; `remote_service_by` (String), "content" or "port";
    `remote_service_sure` (Float64), from 0 to 1; and `remote_service_why` (String), in words for
    people. All are null for what is no remote service. A port of the site's own that content agrees
    with is "port", since the site knows of it; how sure it is and why, content says there too.
    """
    seen = flows.with_columns(
        pl.lit(None, dtype).alias(name) for name, dtype in READ.items() if name not in flows.columns
    )
    names, ports = _meant(seen["service"]), ports_meant(site)
    # Most rows have neither bytes, nor a service, nor a port that means one.
    seen = seen.with_columns(TOLD if told is None else told.rename(lambda name: f"_told_{name}"))
    speaks = pl.col("resp_head").is_not_null() | pl.col("service").is_in(list(names))
    speaks |= pl.col("_told_service").is_not_null()
    asked = seen.select(pl.arg_where(speaks | pl.col("resp_p").is_in(ports["resp_p"].implode())))
    found = _services(seen[asked.to_series()], names, ports)
    return flows.with_columns(
        pl.repeat(None, flows.height, dtype=column.dtype, eager=True)
        .scatter(asked.to_series(), column)
        .alias(column.name)
        for column in found
    )


def _services(flows: pl.DataFrame, names: dict[str, str], ports: pl.DataFrame) -> pl.DataFrame:
    """The columns that are added, of flows that may have a remote service."""
    found = (
        flows.with_row_index("_row")
        .with_columns(_content(flows, names))
        .join(ports, on=["resp_p", "proto"], how="left", maintain_order="left")
        .with_columns(_port_sure())
        .with_columns(pl.when(pl.col("_port_sure") >= ALONE).then("_port").alias("_port"))
    )
    stands = pl.col("_port").is_not_null() & ~pl.col("_row").is_in(_denied(found).implode())
    port, port_sure, own = (pl.when(stands).then(name) for name in ("_port", "_port_sure", "_own"))
    agreed = (pl.col("_content") == port).fill_null(value=False)
    proven = pl.col("_content").is_not_null() & ~(agreed & own)
    return found.select(
        pl.coalesce("_content", port).alias("remote_service"),
        pl.when(proven)
        .then(pl.lit(CONTENT))
        .when(stands)
        .then(pl.lit(PORT))
        .alias("remote_service_by"),
        pl.when(agreed)
        .then(pl.max_horizontal("_sure", port_sure))
        .otherwise(pl.coalesce("_sure", port_sure))
        .alias("remote_service_sure"),
        pl.coalesce(
            "_why",
            pl.when(own).then(pl.lit(BY_SITE)).when(stands).then(pl.lit(BY_PORT)),
        ).alias("remote_service_why"),
    )


def _content(flows: pl.DataFrame, names: dict[str, str]) -> pl.DataFrame:
    """What content shows, the first bytes before a parser: columns _content, _sure and _why."""
    shown, service = identify(flows), pl.col("service")
    confirmed = flows.select(
        *TOLD_COLUMNS,
        service.replace_strict(names, default=None, return_dtype=pl.String).alias("_confirmed"),
        heads=pl.any_horizontal(pl.col("orig_head", "resp_head").is_not_null()),
    )
    by = pl.when("heads").then(pl.lit(BY_PARSER)).otherwise(pl.lit(BY_ZEEK))
    read = pl.when(pl.col("_confirmed").is_not_null())
    return pl.concat([shown, confirmed], how="horizontal").select(
        pl.coalesce("service", "_told_service", "_confirmed").alias("_content"),
        pl.coalesce("confidence", "_told_confidence", read.then(1.0)).alias("_sure"),
        pl.coalesce("why", "_told_why", read.then(by)).alias("_why"),
    )


def _port_sure() -> pl.Expr:
    """How sure a port is; less where a connection from the middle shows one side alone."""
    guessed = (pl.col("proto") == "tcp") & pl.col("history").str.contains(ONE_SIDED)
    sure = pl.col("_port_sure")
    return pl.when(guessed).then(sure * GUESSED).otherwise(sure)


def _meant(services: pl.Series) -> dict[str, str]:
    """Each `service` ("rdp,ssl") that means a remote service, and which: the first that does."""
    several = {text: text.split(",") for text in services.unique().drop_nulls()}
    known = {text: [name for name in each if name in ZEEK_NAMES] for text, each in several.items()}
    return {text: ZEEK_NAMES[names[0]] for text, names in known.items() if names}


def ports_meant(site: Site) -> pl.DataFrame:
    """The ports that speak alone, and the site's own."""
    listed = {place: (row.service, row.confidence, False) for place, row in places().items()}
    own = {place: (service, DECLARED, True) for place, service in declared(site.services).items()}
    spoken = {place: told for place, told in (listed | own).items() if told[1] >= ALONE}
    return pl.DataFrame(
        [(*place, *told) for place, told in spoken.items()],
        schema={
            "resp_p": pl.Int32,
            "proto": pl.String,
            "_port": pl.String,
            "_port_sure": pl.Float64,
            "_own": pl.Boolean,
        },
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
