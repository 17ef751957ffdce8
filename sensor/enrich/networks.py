"""Whose addresses they are: `orig_inside`, `resp_inside`, `orig_allowed`."""

from __future__ import annotations

from functools import lru_cache

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
KEPT = 65_536  # addresses that are remembered: most of a batch were in those before it


def add_networks(rows: pl.DataFrame, site: Site) -> pl.DataFrame:
    """Add whose addresses `orig_h` and `resp_h` (String) are.

    Adds `orig_inside` and `resp_inside` (Boolean): in one of the site's networks; null for an
    address of no host and for text that is no address. `orig_allowed` (Boolean, never null): in
    one of the networks whose use of remote services is expected.
    """
    addresses = pl.concat([rows["orig_h"], rows["resp_h"]]).drop_nulls().unique()
    known = hosts(site.local, site.allowed).known(addresses.alias("address"))
    return (
        rows.drop("orig_inside", "resp_inside", "orig_allowed", strict=False)
        .join(_of(known, "orig"), on="orig_h", how="left", maintain_order="left")
        .join(_of(known, "resp"), on="resp_h", how="left", maintain_order="left")
        .with_columns(pl.col("orig_allowed").fill_null(value=False))
        .drop("resp_allowed")
    )


@lru_cache(maxsize=4)
def hosts(local: tuple[str, ...], allowed: tuple[str, ...]) -> Hosts:
    """Return what is known of hosts under these settings."""
    return Hosts(local, allowed)


class Hosts:
    """Whose addresses they are; what was found is remembered."""

    def __init__(self, local: tuple[str, ...], allowed: tuple[str, ...]) -> None:
        self._local, self._allowed, self._neither = map(Networks, (local, allowed, NEITHER))
        self._known = self._looked_up(pl.Series("address", [], pl.String))

    def known(self, addresses: pl.Series) -> pl.DataFrame:
        """What is known of these distinct addresses, and of others; address, inside, allowed."""
        new = addresses.filter(~addresses.is_in(self._known["address"].implode()))
        known = pl.concat([self._known, self._looked_up(new)], rechunk=True)
        if len(known) <= KEPT:
            self._known = known
        return known

    def _looked_up(self, addresses: pl.Series) -> pl.DataFrame:
        hi, lo, valid = from_text(addresses)
        host = pl.Series(valid & ~self._neither.contains(hi, lo))
        inside = pl.select(pl.when(host).then(pl.Series(self._local.contains(hi, lo)))).to_series()
        allowed = host & pl.Series(self._allowed.contains(hi, lo))
        return pl.DataFrame([addresses, inside.alias("inside"), allowed.alias("allowed")])


def _of(known: pl.DataFrame, side: str) -> pl.DataFrame:
    names = {"address": f"{side}_h", "inside": f"{side}_inside", "allowed": f"{side}_allowed"}
    return known.rename(names)
