"""Which remote service rows of ssl, x509 and http tell of, by `parsers.services.products`.

Names in certificates are RFC 2253 texts, which whoever made the certificate chose: an attribute is
compared as a whole, between separators that no backslash escapes, so that a common name which
contains `,O=Fortinet` is no organization. In ssl such names stand only in logs of old versions;
elsewhere its rows name certificates by fingerprint, and `certificates` tells what those are.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from parsers.services.product import ISSUER, SUBJECT, Product
from parsers.services.products import PRODUCTS

COLUMNS: dict[str, pl.DataType] = {
    "service": pl.String(),
    "confidence": pl.Float64(),
    "why": pl.String(),
    "confirmed": pl.Boolean(),
}
NAMES = {"subject": SUBJECT, "issuer": ISSUER}  # as ssl and as x509 call them
ATTRIBUTE = (r"^(?:(?:[^,+\\]|\\.)*[,+])*(?:", ")(?:[,+]|$)")
ADDRESS = ("^(?:", r")(?:\?.*)?$")
VALUE = ("^(?:", ")$")
WHOLE = {SUBJECT: ATTRIBUTE, ISSUER: ATTRIBUTE, "uri": ADDRESS}
"""What stands around a pattern, so that it is compared with a whole value: by column."""


def named(table: str, rows: pl.DataFrame) -> pl.DataFrame:
    """Return which remote service each row of ssl, x509 or http tells of.

    Parameters
    ----------
    table
        The name of the table.
    rows
        n rows with the table's columns of `parsers.schema`, any of which may be missing.

    Returns
    -------
    pl.DataFrame
        n rows: `service` (String, of `parsers.services.SERVICES`), `confidence` (Float64), `why`
        (String, for people; nothing of what the row holds), `confirmed` (Boolean); null where
        nothing is told.
    """
    tables = ("ssl", "x509") if table == "ssl" else (table,)
    seen = rows.rename(NAMES, strict=False) if table == "ssl" else rows
    products = [
        product
        for product in sorted(PRODUCTS, key=lambda product: -product.confidence)
        if product.table in tables
        # Where an exception cannot be looked at, nothing is told.
        and {*product.conditions, *product.unless} <= set(seen.columns)
    ]
    told = _told(seen, products)
    return told.join(_listed(products), on="product", how="left", maintain_order="left").select(
        list(COLUMNS)
    )


def certificates(x509: pl.DataFrame) -> pl.DataFrame:
    """Return what certificates tell, for joining to ssl by the first of `cert_chain_fps`.

    Parameters
    ----------
    x509
        Rows of x509. Where `fingerprint` is missing, as in old versions, nothing can be joined.

    Returns
    -------
    pl.DataFrame
        A row for each certificate that tells something: `fingerprint` (String), and the columns
        of `named`.
    """
    if "fingerprint" not in x509.columns:
        return pl.DataFrame(schema={"fingerprint": pl.String(), **COLUMNS})
    fingerprints = x509.select(pl.col("fingerprint").cast(pl.String))
    return (
        pl.concat([fingerprints, named("x509", x509)], how="horizontal")
        .drop_nulls(["fingerprint", "service"])
        .unique("fingerprint", keep="first", maintain_order=True)
    )


def _told(rows: pl.DataFrame, products: list[Product]) -> pl.DataFrame:
    """For each row the place of the first product that it tells of; the column `product`."""
    every = pl.select(row=pl.int_range(rows.height, dtype=pl.UInt32))
    if not products:
        return every.with_columns(product=pl.lit(None, pl.UInt32)).select("product")
    schema = rows.schema
    columns = sorted({column for each in products for column in (*each.conditions, *each.unless)})
    place = pl.coalesce(
        pl.when(_holds(product, schema)).then(pl.lit(number, pl.UInt32))
        for number, product in enumerate(products)
    )
    found = (
        rows.lazy()
        .select(columns)
        .with_row_index("row")
        .filter(_may_hold(products, schema))  # few rows are left for the whole table
        .select("row", place.alias("product"))
        .collect()
    )
    return every.join(found, on="row", how="left", maintain_order="left").select("product")


def _listed(products: list[Product]) -> pl.DataFrame:
    """The products as rows, with their places in the column `product`."""
    return pl.DataFrame(
        {name: [getattr(product, name) for product in products] for name in COLUMNS}, COLUMNS
    ).with_row_index("product")


def _may_hold(products: list[Product], schema: pl.Schema) -> pl.Expr:
    """Whether the first condition of some product holds, a look at each column for all of them."""
    first: dict[str, list[str]] = {}
    for product in products:
        column, pattern = next(_patterns(product))
        first.setdefault(column, []).append(f"(?:{pattern})")
    return pl.any_horizontal(
        [_matches(column, "|".join(patterns), schema) for column, patterns in first.items()]
    )


def _holds(product: Product, schema: pl.Schema) -> pl.Expr:
    conditions = [_matches(column, pattern, schema) for column, pattern in _patterns(product)]
    exceptions = [~_matches(column, pattern, schema) for column, pattern in product.unless.items()]
    return pl.all_horizontal(conditions + exceptions)


def _patterns(product: Product) -> Iterator[tuple[str, str]]:
    for column, patterns in product.conditions.items():
        for pattern in (patterns,) if isinstance(patterns, str) else patterns:
            yield column, pattern


def _matches(column: str, pattern: str, schema: pl.Schema) -> pl.Expr:
    """Whether a column has the pattern; never null."""
    before, after = WHOLE.get(column, VALUE)
    regex = f"{before}{pattern}{after}"
    if isinstance(schema[column], pl.List):
        elements = pl.element().cast(pl.String).str.contains(regex)
        return pl.col(column).list.eval(elements).list.any().fill_null(value=False)
    return pl.col(column).cast(pl.String).str.contains(regex).fill_null(value=False)
