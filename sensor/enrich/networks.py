"""Whose addresses they are: `orig_inside`, `resp_inside`, `orig_allowed`."""

from __future__ import annotations

import polars as pl

from parsers.addresses import Networks, from_text
from sensor.settings import Site

NEITHER = (
    "224.0.0.0/4",  # multicast, RFC 5771
    "ff00::/8",  # multicast, RFC 4291 section 2.7
    "255.255.255.255/32",  # limited broadcast, RFC 919
    "0.0.0.0/32",  # unspecified, RFC 1122 section 3.2.1.3
    "::/128",  # unspecified, RFC 4291 section 2.5.2
)
"""Addresses of no host: they are neither inside nor outside."""


def add_networks(rows: pl.DataFrame, site: Site) -> pl.DataFrame:
    """Add whose addresses `orig_h` and `resp_h` (String) are.

    Adds `orig_inside` and `resp_inside` (Boolean): in one of the site's networks; null for an
    address of no host and for text that is no address. `orig_allowed` (Boolean, never null): in
    one of the networks whose use of remote services is expected.
    """
    known = _known(pl.concat([rows["orig_h"], rows["resp_h"]]).drop_nulls().unique(), site)
    return (
        rows.drop("orig_inside", "resp_inside", "orig_allowed", strict=False)
        .join(_of(known, "orig"), on="orig_h", how="left", maintain_order="left")
        .join(_of(known, "resp"), on="resp_h", how="left", maintain_order="left")
        .with_columns(pl.col("orig_allowed").fill_null(value=False))
        .drop("resp_allowed")
    )


def _known(addresses: pl.Series, site: Site) -> pl.DataFrame:
    """What is known of each distinct address; columns address, inside, allowed."""
    hi, lo, valid = from_text(addresses)
    host = valid & ~Networks(NEITHER).contains(hi, lo)
    inside = Networks(site.local).contains(hi, lo)
    allowed = Networks(site.allowed).contains(hi, lo)
    told = pl.DataFrame({"address": addresses, "host": host, "inside": inside, "allowed": allowed})
    return told.select(
        "address",
        pl.when("host").then("inside").alias("inside"),
        (pl.col("host") & pl.col("allowed")).alias("allowed"),
    )


def _of(known: pl.DataFrame, side: str) -> pl.DataFrame:
    names = {"address": f"{side}_h", "inside": f"{side}_inside", "allowed": f"{side}_allowed"}
    return known.rename(names)
