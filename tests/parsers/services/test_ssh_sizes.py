"""The sizes of SSH's packets, under ciphers and MACs."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.services.ssh_sizes import MAX_PACKET, Packets, Sizes, sizes

SUCCESS, SERVICE, FAILURE, ED25519, KEYSTROKE = 1, 17, 24, 71, 10
SUITES = [
    ("chacha20-poly1305@openssh.com", "umac-64-etm@openssh.com", (28, 44, 52, 100, 36)),
    ("aes256-gcm@openssh.com", "hmac-sha2-256", (36, 52, 52, 100, 36)),
    ("aes128-ctr", "hmac-sha2-256-etm@openssh.com", (52, 68, 68, 116, 52)),
    ("aes128-ctr", "umac-64-etm@openssh.com", (28, 44, 44, 92, 28)),
    ("aes128-ctr", "hmac-sha2-256", (48, 64, 80, 112, 64)),
    ("aes256-ctr", "hmac-sha2-512", (80, 96, 112, 144, 96)),
    ("aes128-cbc", "hmac-sha1", (36, 52, 68, 100, 52)),
    ("3des-cbc", "hmac-sha2-256", (48, 64, 72, 112, 56)),
    ("aes128-ctr", "umac-64@openssh.com", (24, 40, 56, 88, 40)),
    ("none", "umac-64-etm@openssh.com", (20, 36, 44, 92, 28)),
]


def known(cipher: str, mac: str) -> Sizes:
    found = sizes(cipher, mac)
    assert found is not None
    return found


@pytest.mark.parametrize(("cipher", "mac", "wire"), SUITES)
def test_payloads_have_these_sizes_on_the_wire(cipher, mac, wire):
    of = known(cipher, mac)
    payloads = (SUCCESS, SERVICE, FAILURE, ED25519, KEYSTROKE)
    assert tuple(of.wire(payload) for payload in payloads) == wire


@pytest.mark.parametrize(("cipher", "mac", "_"), SUITES)
def test_a_size_is_of_the_payloads_that_have_it(cipher, mac, _):
    of = known(cipher, mac)
    for wire in range(300):
        assert list(of.payload(wire)) == [n for n in range(300) if of.wire(n) == wire]


@pytest.mark.parametrize(
    ("cipher", "mac"),
    [("unheard-of", "hmac-sha1"), ("aes128-ctr", "unheard-of"), ("aes128-ctr", "")],
)
def test_what_is_not_known_has_no_sizes(cipher, mac):
    assert sizes(cipher, mac) is None


def test_an_aead_cipher_needs_no_mac():
    assert sizes("aes128-gcm@openssh.com", "Algorithm negotiation failed") is not None


def packet(body: int, mac: int) -> bytes:
    return body.to_bytes(4, "big") + bytes(body + mac)


@given(st.lists(st.integers(1, 40), max_size=8), st.lists(st.integers(0, 500), max_size=12))
def test_packets_end_where_their_lengths_say_however_they_are_cut(bodies, cuts):
    stream = b"".join(packet(body, 16) for body in bodies)
    places = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    packets = Packets(known("aes128-gcm@openssh.com", ""))
    pieces = [packets.end(stream[begin:end]) for begin, end in pairwise(places)]
    assert [size for piece in pieces for size in piece] == [4 + body + 16 for body in bodies]


@pytest.mark.parametrize("length", [0, MAX_PACKET + 1, 0xFFFFFFFF])
def test_a_length_that_cannot_be_ends_it(length):
    packets = Packets(known("aes128-gcm@openssh.com", ""))
    assert packets.end(packet(16, 16) + length.to_bytes(4, "big") + bytes(100)) == [36]
    assert packets.broken
    assert packets.end(packet(16, 16)) == []
