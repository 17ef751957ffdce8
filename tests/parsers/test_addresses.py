from __future__ import annotations

import ipaddress

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.addresses import Networks, canonical, from_text, to_text

V4_LOW = 0xFFFF << 32

addresses = st.one_of(
    st.ip_addresses(v=4),
    st.ip_addresses(v=6),
    st.integers(0, 2**32 - 1).map(lambda low: ipaddress.ip_address((0xFFFF << 32) + low + 2**120)),
)


@st.composite
def networks(draw):
    address = draw(addresses)
    length = draw(st.integers(0, address.max_prefixlen))
    return ipaddress.ip_network((address, length), strict=False)


def words(*texts: str):
    return from_text(pl.Series(texts, dtype=pl.String))[:2]


def plain(address: ipaddress.IPv4Address | ipaddress.IPv6Address):
    """The address itself: IPv4 within IPv6 is IPv4 here."""
    return getattr(address, "ipv4_mapped", None) or address


@given(st.lists(addresses))
def test_addresses_become_the_text_that_they_came_from(given_addresses):
    texts = [str(plain(address)) for address in given_addresses]

    hi, lo, valid = from_text(pl.Series(texts, dtype=pl.String))

    assert valid.all()
    assert [ipaddress.ip_address(text) for text in to_text(hi, lo)] == [
        *map(plain, given_addresses)
    ]


def test_words_are_in_network_byte_order_with_the_high_word_first():
    hi, lo = words("2001:db8::5", "10.1.2.3")

    assert hi.tolist() == [0x2001_0DB8 << 32, 0]
    assert lo.tolist() == [5, V4_LOW + 0x0A010203]
    assert hi.dtype == lo.dtype == np.int64


@pytest.mark.parametrize(
    ("words_of_it", "text"),
    [
        ((0, V4_LOW + 0xFFFFFFFF), "255.255.255.255"),
        ((0, V4_LOW), "0.0.0.0"),
        ((0, 0), "::"),
        ((0, 1), "::1"),
        ((-1, -1), "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ((0xFE80 << 48) - 2**64, None),
    ],
)
def test_text_is_canonical(words_of_it, text):
    if text is None:
        words_of_it, text = (words_of_it, 1), "fe80::1"
    hi, lo = (np.array([word], dtype=np.int64) for word in words_of_it)

    assert to_text(hi, lo).to_list() == [text]


def test_mapped_ipv4_is_the_same_address_as_dotted_ipv4():
    hi, lo = words("::ffff:192.0.2.1", "192.0.2.1")

    assert to_text(hi, lo).to_list() == ["192.0.2.1", "192.0.2.1"]


def test_order_and_repetitions_are_kept():
    texts = ["::1", "1.2.3.4", "::1", "4.3.2.1", "1.2.3.4"]

    assert to_text(*words(*texts)).to_list() == texts


@pytest.mark.parametrize("text", [None, "", "-", "1.2.3", "1.2.3.256", "::1%eth0", "a\0b", "host"])
def test_what_is_no_address_is_not_valid_and_zero(text):
    hi, lo, valid = from_text(pl.Series(["1.1.1.1", text], dtype=pl.String))

    assert valid.tolist() == [True, False]
    assert (hi[1], lo[1]) == (0, 0)


def test_no_addresses_give_no_text():
    empty = np.array([], dtype=np.int64)

    assert to_text(empty, empty).to_list() == []
    assert from_text(pl.Series([], dtype=pl.String))[2].tolist() == []


@given(st.lists(networks(), max_size=8), st.lists(addresses, min_size=1))
def test_membership_is_that_of_the_standard_library(some_networks, some_addresses):
    # Its edges are where a search goes wrong.
    edges = [end for network in some_networks for end in (network[0], network[-1])]
    asked = [plain(address) for address in (*some_addresses, *edges)]
    kept = [str(network) for network in some_networks]

    inside = Networks(kept).contains(*words(*map(str, asked)))

    assert inside.tolist() == [
        any(holds(network, address) for network in some_networks) for address in asked
    ]


def holds(network, address) -> bool:
    if network.version == 6 and address.version == 4 and network.prefixlen >= 96:
        return ipaddress.IPv6Address(2**32 * 0xFFFF + int(address)) in network
    return address in network


def test_all_of_ipv6_is_none_of_ipv4():
    hi, lo = words("::1", "10.0.0.1", "ffff::", "::fffe:ffff:ffff", "::1:0:0:0")

    assert Networks(["::/0"]).contains(hi, lo).tolist() == [True, False, True, True, True]
    assert Networks(["::/0", "0.0.0.0/0"]).contains(hi, lo).all()


def test_addresses_with_the_high_bit_set_are_compared_without_a_sign():
    hi, lo = words("7fff::", "8000::", "ffff::")

    assert Networks(["8000::/1"]).contains(hi, lo).tolist() == [False, True, True]


def test_no_network_holds_nothing():
    assert Networks([]).contains(*words("1.2.3.4")).tolist() == [False]


def test_what_is_no_network_is_refused():
    with pytest.raises(ValueError, match=r"10\.0\.0\.0/33"):
        Networks(["10.0.0.0/33"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10.0.0.1", "10.0.0.1"), ("::ffff:10.0.0.1", "10.0.0.1"), ("2001:DB8:0::1", "2001:db8::1"),
        ("10.0.0.256", None), ("1.2.3", None), ("", None), ("a\0b", None), ("\ud800", None),
    ],
)  # fmt: skip
def test_one_address_in_canonical_form(text: str, expected: str | None) -> None:
    assert canonical(text) == expected
