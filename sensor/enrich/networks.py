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
HOST = pl.col("inside").is_not_null()
KEPT = 65_536  # addresses that are remembered: most of a batch were in those before it


def add_networks(rows: pl.DataFrame, site: Site) -> pl.DataFrame:
    """Add whose addresses `orig_h` and `resp_h` (String) are.

    Adds `orig_inside` and `resp_inside` (Boolean): in one of the site's networks; null for an
    address of no host and for text that is no address. `orig_allowed` (Boolean, never null): in
    one of the networks whose use of remote services is expected.
    """
    known = hosts(site.local, site.allowed).known(pl.concat([rows["orig_h"], rows["resp_h"]]))
    inside, allowed, neither = (
        known.filter(which)["address"].implode() for which in ("inside", "allowed", ~HOST)
    )
    sides = {side: pl.col(f"{side}_h") for side in ("orig", "resp")}
    return rows.with_columns(
        *(
            pl.when(~address.is_in(neither)).then(address.is_in(inside)).alias(f"{side}_inside")
            for side, address in sides.items()
        ),
        sides["orig"].is_in(allowed).fill_null(value=False).alias("orig_allowed"),
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
        """What is known of these addresses, and of others; address, inside, allowed.

        `inside` is null for what is neither inside nor outside.
        """
        new = ~addresses.is_in(self._known["address"].implode()) & addresses.is_not_null()
        if not new.any():
            return self._known
        found = self._looked_up(addresses.filter(new).unique().alias("address"))
        known = pl.concat([self._known, found], rechunk=True)
        if len(known) <= KEPT:
            self._known = known
        return known

    def _looked_up(self, addresses: pl.Series) -> pl.DataFrame:
        hi, lo, valid = from_text(addresses)
        host = pl.Series(valid & ~self._neither.contains(hi, lo))
        inside = pl.select(pl.when(host).then(pl.Series(self._local.contains(hi, lo)))).to_series()
        allowed = host & pl.Series(self._allowed.contains(hi, lo))
        return pl.DataFrame([addresses, inside.alias("inside"), allowed.alias("allowed")])
