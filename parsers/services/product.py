"""What tells of a product behind TLS or HTTP: a row of `parsers.services.products`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

UNSEEN = 0.7
"""The highest confidence of a tell that was never met on a recording of the product."""

GUESS = 0.4
"""The confidence of a path that a page for everything answers like the product."""

SUBJECT, ISSUER = "certificate_subject", "certificate_issuer"
"""Columns that hold names: RFC 2253 texts of several attributes."""


class Product(NamedTuple):
    """What tells of a remote service in one row of Zeek's `table`.

    conditions: patterns by column, all of which hold; the first is the most telling.
    unless: patterns by column, none of which holds.
    confirmed: whether it was met on a recording of the product.

    A pattern is a regular expression for the whole of a value: of a text or a number, of one of a
    list's elements, of one attribute of a name (`CN=localhost`), of an address up to its query.
    Two attributes of one name are a tuple.
    """

    service: str
    table: str
    why: str
    conditions: Mapping[str, str | tuple[str, ...]]
    confidence: float
    source: str
    confirmed: bool = False
    unless: Mapping[str, str] = {}
