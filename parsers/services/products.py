"""Tells of products behind TLS and HTTP: the table that `parsers.services.product_matching` walks.

TLS and HTTP carry many remote services, and their first bytes do not say which. Rows of Zeek's ssl,
x509 and http do: by whom a certificate was issued, which request a server answered and how.
"""

from __future__ import annotations

from parsers.services.product import Product
from parsers.services.products_http import HTTP
from parsers.services.products_tls import TLS

PRODUCTS: tuple[Product, ...] = (*TLS, *HTTP)
"""The likeliest that matches wins, the first among equals."""
