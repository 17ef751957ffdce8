"""What parsers made of connections becomes tables of the schema."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from parsers.schema import MADE, Column, polars_schema, polars_type

CONNECTION = ("uid", "orig_h", "orig_p", "resp_h", "resp_p", "community_id")
PROXIES = ("Tunnel::SOCKS", "Tunnel::HTTP")
NUMBERS = {"time": pl.Int64(), "interval": pl.Int64(), "port": pl.Int64()}


def record_table(
    table: str, records: Sequence[dict[str, Any]], flows: pl.DataFrame
) -> pl.DataFrame:
    """Rows of a table.

    Parameters
    ----------
    table
        A name of `parsers.schema.MADE`.
    records
        Values by column, one a row; what is left out is unset.
    flows
        conn rows of the connections that they were seen in, one a record.

    Returns
    -------
    The columns of the table, in the types of the schema.
    """
    columns = {
        column.name: flows[column.name]
        if column.name in CONNECTION
        else _column(column, [record.get(column.name) for record in records])
        for column in MADE[table]
    }
    if table == "ssh":
        columns["direction"] = flows.select(_direction()).to_series()
    elif table == "tunnel":  # of which a proxy is one for all connections
        proxied = columns["tunnel_type"].is_in(PROXIES)
        columns["uid"] = columns["uid"].set(proxied, None)
    return pl.DataFrame(columns).cast(polars_schema(MADE[table]))  # type: ignore[arg-type]


def _column(column: Column, values: list[Any]) -> pl.Series:
    held = NUMBERS.get(column.type, polars_type(column.type))
    return pl.Series(column.name, values, held)


def _direction() -> pl.Expr:
    """Zeek's `SSH::Info$direction`: of connections between one of ours and one that is not."""
    return (
        pl.when(pl.col("local_orig") & ~pl.col("local_resp"))
        .then(pl.lit("OUTBOUND"))
        .when(pl.col("local_resp") & ~pl.col("local_orig"))
        .then(pl.lit("INBOUND"))
        .alias("direction")
    )
