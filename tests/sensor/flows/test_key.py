"""Which packets are one flow, and the hash table that finds it."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.packets import fields
from sensor.flows.begin import write_key
from sensor.flows.key import (
    find,
    hash_of,
    insert,
    key_rest,
    packet_hash,
    rebuild,
    remove,
    row_hash,
    source_side,
)
from sensor.flows.row import WORDS
from tests.frames import (
    CLIENT,
    CLIENT6,
    SERVER,
    SERVER6,
    Ends,
    back,
    flows,
    icmp,
    packed,
    tcp,
    timed,
    udp,
)

ADDRESSES = ("0.0.0.1", "255.0.0.1", "255.0.0.2", "::1", "7fff::1", "8000::1", "ffff::", "ffff::1")


def words(address: str) -> tuple[int, int]:
    octets = packed(address)
    return struct.unpack(">qq", octets if len(octets) == 16 else bytes(10) + b"\xff\xff" + octets)


def packet(ends: Ends, protocol: int = 6, one_way: int = 0) -> list[int]:
    """The fields of a packet as far as the key reads them."""
    p = [0] * fields.FIELDS
    p[fields.SOURCE_HIGH], p[fields.SOURCE_LOW] = words(ends[0])
    p[fields.TARGET_HIGH], p[fields.TARGET_LOW] = words(ends[2])
    p[fields.SOURCE_PORT], p[fields.TARGET_PORT] = ends[1], ends[3]
    p[fields.PROTOCOL], p[fields.ONE_WAY] = protocol, one_way
    return p


def key(p: list[int]) -> tuple[int, int, int]:
    """Side of the source, fifth word of the key, and hash."""
    side = source_side(p)
    rest = key_rest(p, side)
    return side, rest, packet_hash(p, side, rest)


NO_ATTEMPTS = np.zeros((1, WORDS), np.int64).data


class Table:
    """A hash table of few slots, and rows for it."""

    def __init__(self, slots: int, rows: int = 64) -> None:
        self.slots = np.zeros(slots, np.int64)
        self.rows = np.zeros((rows, WORDS), np.int64)

    def add(self, p: list[int], row: int) -> None:
        side, rest, tag = key(p)
        write_key(self.rows.data, row, p, side, rest)
        assert row_hash(self.rows.data, row) == tag
        insert(self.slots.data, row, tag)

    def find(self, p: list[int]) -> int:
        return find(self.slots.data, self.rows.data, NO_ATTEMPTS, p, *key(p))

    def remove(self, row: int) -> None:
        remove(self.slots.data, self.rows.data, row)


ENDS = st.tuples(
    st.sampled_from(ADDRESSES),
    st.sampled_from([0, 1, 80, 65535]),
    st.sampled_from(ADDRESSES),
    st.sampled_from([0, 1, 80, 65535]),
)
PROTOCOLS = st.sampled_from([1, 6, 17, 255])


@given(ENDS, PROTOCOLS, ENDS, PROTOCOLS)
def test_packets_are_one_flow_if_they_have_the_same_two_ends_and_protocol(
    one: Ends, protocol: int, other: Ends, other_protocol: int
) -> None:
    table = Table(8)
    table.add(packet(one, protocol), 3)
    same = {one, back(one)} & {other} and protocol == other_protocol
    assert table.find(packet(other, other_protocol)) == (3 if same else 0)


@given(ENDS)
def test_the_source_is_one_side_in_one_direction_and_the_other_in_the_other(ends: Ends) -> None:
    sides = source_side(packet(ends)), source_side(packet(back(ends)))
    assert sides in ((0, 1), (1, 0)) or (ends[:2] == ends[2:] and sides == (0, 0))


@given(ENDS, PROTOCOLS)
def test_both_directions_have_one_key(ends: Ends, protocol: int) -> None:
    assert key(packet(ends, protocol))[1:] == key(packet(back(ends), protocol))[1:]


def test_one_way_messages_are_a_flow_for_each_direction() -> None:
    ends: Ends = ("0.0.0.1", 3, "255.0.0.1", 3)
    table = Table(8)
    table.add(packet(ends, 1, one_way=1), 1)
    table.add(packet(back(ends), 1, one_way=1), 2)
    assert table.find(packet(ends, 1, one_way=1)) == 1
    assert table.find(packet(back(ends), 1, one_way=1)) == 2
    assert table.find(packet(ends, 1)) == 0
    assert source_side(packet(back(ends), 1, one_way=1)) == 0


@given(*[st.integers(-(2**63), 2**63 - 1)] * 5)
def test_a_hash_has_31_bits(a: int, b: int, c: int, d: int, e: int) -> None:
    assert 0 <= hash_of(a, b, c, d, e) < 2**31


def test_the_hash_reads_every_word() -> None:
    base = [5, 6, 7, 8, 9]
    seen = {hash_of(*base)}
    for place in range(5):
        for bit in range(0, 63, 7):
            changed = list(base)
            changed[place] ^= 1 << bit
            seen.add(hash_of(*changed))
    assert len(seen) == 1 + 5 * 9


def test_hashes_of_neighbours_are_spread_over_the_slots() -> None:
    taken = {key(packet(("0.0.0.1", port, "255.0.0.1", 80)))[2] & 1023 for port in range(1024)}
    assert len(taken) > 550  # of 1024 at random: 647


STEPS = st.lists(
    st.tuples(st.sampled_from(["add", "remove", "find"]), st.integers(0, 29)), max_size=80
)


@given(STEPS, st.sampled_from([8, 16, 32]))
def test_the_table_finds_what_a_dictionary_finds(steps: list[tuple[str, int]], slots: int) -> None:
    """A table of few slots is filled to the last but one: runs are long and go round its end."""
    table, expected = Table(slots), dict[int, int]()
    packets = [packet(("0.0.0.1", port, "255.0.0.1", 80)) for port in range(30)]
    for what, name in steps:
        if what == "add" and name not in expected and len(expected) < slots - 1:
            table.add(packets[name], name + 1)
            expected[name] = name + 1
        elif what == "remove" and name in expected:
            table.remove(expected.pop(name))
        for port, one in enumerate(packets):
            assert table.find(one) == expected.get(port, 0)
    assert np.count_nonzero(table.slots) == len(expected)


@given(st.sets(st.integers(0, 40), max_size=15), st.data())
def test_a_larger_table_is_filled_with_all_that_is_left(
    ports: set[int], draw: st.DataObject
) -> None:
    table = Table(16)
    packets = {port: packet(("0.0.0.1", port, "255.0.0.1", 80)) for port in range(41)}
    for port in ports:
        table.add(packets[port], port + 1)
    gone = draw.draw(st.sets(st.sampled_from(sorted(ports)))) if ports else set()
    for port in gone:
        table.remove(port + 1)
    old, table.slots = table.slots, np.zeros(32, np.int64)
    rebuild(table.slots.data, old.data)
    for port, one in packets.items():
        assert table.find(one) == (port + 1 if port in ports - gone else 0)


def test_rows_of_one_hash_are_told_apart_by_their_keys() -> None:
    table = Table(8)
    one, other = packet(("0.0.0.1", 1, "255.0.0.1", 80)), packet(("0.0.0.1", 2, "255.0.0.1", 80))
    table.add(one, 1)
    side, rest, _ = key(other)
    assert find(table.slots.data, table.rows.data, NO_ATTEMPTS, other, side, rest, key(one)[2]) == 0


@pytest.mark.parametrize("make", [tcp, udp])
@pytest.mark.parametrize(("client", "server"), [(CLIENT, SERVER), (SERVER6, CLIENT6)])
def test_both_directions_are_one_row(make: Any, client: str, server: str) -> None:
    ends: Ends = (client, 40000, server, 9999)
    arguments = ["A"] if make is tcp else []
    (row,) = flows(timed(make(ends, *arguments), make(back(ends), *arguments)))
    assert (row["orig_h"], row["orig_p"], row["resp_h"], row["resp_p"]) == ends
    assert (row["orig_pkts"], row["resp_pkts"]) == (1, 1)


def test_another_port_address_or_protocol_is_another_row() -> None:
    ends = [(CLIENT, 1, SERVER, 2), (CLIENT, 2, SERVER, 1), (CLIENT, 1, SERVER, 3)]
    ends += [("10.0.0.2", 1, SERVER, 2), (CLIENT, 1, "192.0.2.2", 2)]
    packets = timed(*(udp(one) for one in ends), *(tcp(one, "A") for one in ends))
    rows = flows(packets)
    assert [
        (row["orig_h"], row["orig_p"], row["resp_h"], row["resp_p"]) for row in rows
    ] == ends * 2
    assert [row["proto"] for row in rows] == ["udp"] * 5 + ["tcp"] * 5


def test_an_ipv4_address_and_the_same_mapped_into_ipv6_are_one_as_for_zeek() -> None:
    mapped = (f"::ffff:{CLIENT}", 1, f"::ffff:{SERVER}", 2)
    (row,) = flows(timed(udp((CLIENT, 1, SERVER, 2), b"1"), udp(mapped, b"1")))
    assert (row["orig_h"], row["orig_pkts"], row["orig_ip_bytes"]) == (CLIENT, 2, 29 + 49)


def test_an_echo_and_its_reply_are_one_row_and_errors_are_one_for_each_direction() -> None:
    rows = flows(timed(icmp(SERVER, CLIENT, 8), icmp(CLIENT, SERVER, 0)))
    assert [(row["orig_h"], row["orig_p"], row["resp_p"]) for row in rows] == [(SERVER, 8, 0)]
    rows = flows(timed(icmp(SERVER, CLIENT, 3, 1), icmp(CLIENT, SERVER, 3, 1)))
    assert [(row["orig_h"], row["orig_p"], row["resp_p"]) for row in rows] == [
        (SERVER, 3, 1),
        (CLIENT, 3, 1),
    ]
