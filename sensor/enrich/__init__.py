"""Enrichment: what is known of a row beside the wire, as columns that analyzers read."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

    from sensor.settings import Site


def enrich(table: str, rows: pl.DataFrame, site: Site) -> pl.DataFrame:
    """Add the enrichment columns to rows of a table.

    Every table with `orig_h` and `resp_h` gets `orig_inside`, `resp_inside` and `orig_allowed`
    (Boolean); `conn` gets `remote_service` and `remote_service_by` (String) as well.
    """
    from sensor.enrich.networks import add_networks
    from sensor.enrich.remote_services import add_remote_services

    if {"orig_h", "resp_h"} <= set(rows.columns):
        rows = add_networks(rows, site)
    if table == "conn":
        rows = add_remote_services(rows, site)
    return rows
