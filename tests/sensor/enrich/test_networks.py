from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensor.enrich.networks import add_networks
from sensor.settings import Site


def enriched(orig: str | None, resp: str | None = "10.0.0.1", **site) -> dict:
    rows = pl.DataFrame(
        {"orig_h": [orig], "resp_h": [resp]},
        schema_overrides={"orig_h": pl.String, "resp_h": pl.String},
    )
    return add_networks(rows, Site(**site)).row(0, named=True)


@pytest.mark.parametrize(
    "address",
    [
        "10.9.8.7",
        "172.31.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "fd12::1",
        "fe80::1",
        "127.0.0.1",
        "::1",
    ],
)
def test_private_addresses_are_inside_by_default(address):
    assert enriched(address)["orig_inside"] is True


@pytest.mark.parametrize(
    "address", ["203.0.113.7", "8.8.8.8", "2001:db8::1", "172.32.0.1", "11.0.0.1"]
)
def test_all_other_hosts_are_outside(address):
    assert enriched("10.0.0.1", address) == {
        "orig_h": "10.0.0.1",
        "resp_h": address,
        "orig_inside": True,
        "orig_allowed": False,
        "resp_inside": False,
    }


@pytest.mark.parametrize(
    "address", ["224.0.0.251", "239.255.255.250", "ff02::fb", "255.255.255.255", "0.0.0.0", "::"]
)
def test_multicast_broadcast_and_unspecified_are_neither(address):
    site = {"local": ("0.0.0.0/0", "::/0"), "allowed": ("0.0.0.0/0", "::/0")}

    assert enriched(address, address, **site)["orig_inside"] is None
    assert enriched(address, address, **site)["resp_inside"] is None
    assert enriched(address, address, **site)["orig_allowed"] is False


@pytest.mark.parametrize("text", [None, "", "no address"])
def test_what_is_no_address_is_neither(text):
    row = enriched(text, text, local=("0.0.0.0/0",))

    assert (row["orig_inside"], row["resp_inside"], row["orig_allowed"]) == (None, None, False)


def test_inside_is_what_the_site_says():
    row = enriched("10.0.0.1", "203.0.113.5", local=("203.0.113.0/24",))

    assert (row["orig_inside"], row["resp_inside"]) == (False, True)


def test_an_allowed_originator_is_marked():
    assert enriched("198.51.100.7", allowed=("198.51.100.0/24",))["orig_allowed"] is True
    assert (
        enriched("10.0.0.1", "198.51.100.7", allowed=("198.51.100.0/24",))["orig_allowed"] is False
    )


addresses = st.sampled_from(("10.0.0.1", "8.8.8.8", "224.0.0.1", None, "x"))


@given(st.lists(st.tuples(addresses, addresses)))
def test_rows_keep_their_order_and_other_columns(pairs):
    rows = pl.DataFrame(pairs, schema={"orig_h": pl.String, "resp_h": pl.String}, orient="row")
    rows = rows.with_row_index("n")

    once = add_networks(rows, Site())

    assert once.select("n", "orig_h", "resp_h").equals(rows.select("n", "orig_h", "resp_h"))
    assert add_networks(once, Site()).equals(once)
    assert once["orig_allowed"].null_count() == 0
