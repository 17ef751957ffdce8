"""What earlier rows told of a connection: the product behind TLS or HTTP, and its certificate.

Rows of `x509` come before those of `ssl`, and these before the `conn` row of their connection; of
both a bounded number is remembered, the newest.
"""

from __future__ import annotations

import polars as pl
from polars import col

from parsers.services.product_matching import certificates, named

CONNECTIONS_KEPT = 1_000_000  # of which a product is known
CERTIFICATES_KEPT = 200_000
SURE = 0.5  # with less a product is not named

FIRST = col("cert_chain_fps").list.first().alias("fingerprint")
X509 = ("fingerprint", "certificate_subject", "certificate_issuer", "san_dns")
"""The columns of x509 that are read."""
PRODUCT = {"service": pl.String, "confidence": pl.Float64, "why": pl.String}
ASKED = {"uid": pl.String, "client_certificate": pl.String}
PRODUCT_TABLES = ("ssl", "http")
"""Tables whose rows tell products."""


class Told:
    """What is known so far of certificates, by fingerprint, and of connections, by uid."""

    def __init__(self) -> None:
        texts = {"_subject": pl.String, "_issuer": pl.String}
        self._certificates = pl.DataFrame(schema={"fingerprint": pl.String, **texts, **PRODUCT})
        self._connections = pl.DataFrame(schema={"uid": pl.String, **PRODUCT})
        self._asked = pl.DataFrame(schema=ASKED)

    def add(self, table: str, rows: pl.DataFrame) -> None:
        """Remember what rows of a table tell."""
        if table == "x509":
            self._add_x509(rows)
        elif table == "container_tls":
            self._asked = _newest(self._asked, rows.select(*ASKED), "uid", CONNECTIONS_KEPT)
        elif table in PRODUCT_TABLES:
            self._add_products(table, rows)

    def _add_x509(self, rows: pl.DataFrame) -> None:
        """Remember what the certificates of these rows say, and of which product they are."""
        names = {"certificate_subject": "_subject", "certificate_issuer": "_issuer"}
        told = certificates(rows).select("fingerprint", *PRODUCT)
        shown = rows.select("fingerprint", *names).rename(names)
        shown = shown.join(told.unique("fingerprint"), on="fingerprint", how="left")
        self._certificates = _newest(self._certificates, shown, "fingerprint", CERTIFICATES_KEPT)

    def add_certificates(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Add to rows of ssl `_subject` and `_issuer` (String) of the server's certificate."""
        known = rows.select(FIRST).join(
            self._certificates, on="fingerprint", how="left", maintain_order="left"
        )
        shown = (rows[name].fill_null(known[f"_{name}"]) for name in ("subject", "issuer"))
        return rows.with_columns(each.alias(f"_{each.name}") for each in shown)

    def _add_products(self, table: str, rows: pl.DataFrame) -> None:
        """Remember the products that rows of PRODUCT_TABLES tell of; only servers inside count."""
        inside = rows.filter(col("resp_inside").fill_null(value=False))
        if inside.is_empty():
            return
        found = [inside.select("uid").hstack(named(table, inside).select(*PRODUCT))]
        if table == "ssl":
            by_certificate = inside.select("uid", FIRST).join(
                self._certificates, on="fingerprint", how="left", maintain_order="left"
            )
            found.append(by_certificate.select("uid", *PRODUCT))
        sure = pl.concat(found).filter(col("service").is_not_null(), col("confidence") >= SURE)
        if len(sure):
            best = sure.sort("confidence").unique("uid", keep="last")
            self._connections = _newest(self._connections, best, "uid", CONNECTIONS_KEPT)

    def client_certificates(self, uids: pl.Series) -> pl.Series:
        """What is told of the client's certificate in connections; null for nothing."""
        if self._asked.is_empty():
            return pl.Series("client_certificate", [None], pl.String).new_from_index(0, len(uids))
        asked = pl.DataFrame({"uid": uids})
        found = asked.join(self._asked, on="uid", how="left", maintain_order="left")
        return found["client_certificate"]

    def services(self, uids: pl.Series) -> pl.DataFrame:
        """What is told of connections: service, confidence, why (all null for nothing)."""
        if self._connections.is_empty():
            return pl.DataFrame(schema=PRODUCT).clear(len(uids))
        asked = pl.DataFrame({"uid": uids})
        return asked.join(self._connections, on="uid", how="left", maintain_order="left").drop(
            "uid"
        )


def _newest(kept: pl.DataFrame, fresh: pl.DataFrame, key: str, limit: int) -> pl.DataFrame:
    """Both, one row a key, at most `limit`; what was told last is kept, unless it tells less."""
    known = fresh.filter(col(key).is_not_null()).unique(key, keep="last", maintain_order=True)
    rest = kept.join(known, on=key, how="anti", maintain_order="left")
    return pl.concat([rest, known.select(kept.columns)], rechunk=True).tail(limit)
