"""Enrichment: what is known of a row beside the wire, as columns that analyzers read."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

    from sensor.settings import Site


class Enrichment:
    """Adds the enrichment columns to tables, in the order in which they come.

    Every table with `orig_h` and `resp_h` gets `orig_inside`, `resp_inside` and `orig_allowed`
    (Boolean). `conn` gets `remote_service`, `remote_service_by`, `remote_service_sure`,
    `remote_service_why` and `client_certificate`; the tables of `parsers.schema.SPOKEN_TABLES` get
    the first two, with `proto`, `says` and `offers` (String) of the server.
    """

    def __init__(self, site: Site) -> None:
        from sensor.enrich.told import Told

        self._site = site
        self._told = Told()

    def add(self, table: str, rows: pl.DataFrame) -> pl.DataFrame:
        """Return the rows with their enrichment columns, and remember what they tell of others."""
        from parsers.schema import SPOKEN_TABLES
        from sensor.enrich.networks import add_networks
        from sensor.enrich.remote_services import add_remote_services
        from sensor.enrich.spoken import add_spoken, with_what_is_read

        if {"orig_h", "resp_h"} <= set(rows.columns):
            rows = add_networks(rows, self._site)
        if table in SPOKEN_TABLES:
            rows = with_what_is_read(table, rows)
        self._told.add(table, rows)
        if table in SPOKEN_TABLES:
            return add_spoken(table, rows, self._site, self._told)
        if table != "conn":
            return rows
        if "uid" not in rows.columns:
            return add_remote_services(rows, self._site)
        rows = rows.with_columns(self._told.client_certificates(rows["uid"]))
        return add_remote_services(rows, self._site, self._told.services(rows["uid"]))


def enrich(table: str, rows: pl.DataFrame, site: Site) -> pl.DataFrame:
    """Return rows of a table with their enrichment columns, by what these rows alone tell."""
    return Enrichment(site).add(table, rows)
