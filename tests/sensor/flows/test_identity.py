"""Names for flows: uids, SHA-1 and Community IDs."""

from __future__ import annotations

import base64
import hashlib
import re
import socket
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensor.flows.identity import community_ids, sha1, uids
from tests.frames import CLIENT, SERVER, Talk, back, conn, flow, packed, tcp, timed, udp

WORD = st.integers(-(2**63), 2**63 - 1)
END = st.tuples(st.one_of(st.ip_addresses().map(str)), st.integers(0, 65535))


def words(addresses: list[str]) -> tuple[np.ndarray, np.ndarray]:
    mapped = [
        octets if len(octets) == 16 else bytes(10) + b"\xff\xff" + octets
        for octets in map(packed, addresses)
    ]
    pairs = [struct.unpack(">qq", octets) for octets in mapped]
    high, low = zip(*pairs, strict=True)
    return np.array(high, np.int64), np.array(low, np.int64)


Row = tuple[str, int, str, int, int, bool]  # source, port, target, port, protocol, one way


def ids(rows: list[Row]) -> list[str]:
    source, source_port, target, target_port, protocol, one_way = zip(*rows, strict=True)
    ports = (np.array(source_port, np.int64), np.array(target_port, np.int64))
    return community_ids(
        words(list(source)), words(list(target)), ports, np.array(protocol, np.int64),
        np.array(one_way, bool),
    ).to_list()  # fmt: skip


def specified(row: Row) -> str:
    """Version 1 of the specification, with seed 0, written down as it reads."""
    source, source_port, target, target_port, protocol, one_way = row
    one = (packed(source), struct.pack(">H", source_port))
    other = (packed(target), struct.pack(">H", target_port))
    if not one_way and (len(one[0]), one) > (len(other[0]), other):
        one, other = other, one
    ports = one[1] + other[1] if protocol in (1, 6, 17, 58, 132) else b""
    data = b"\0\0" + one[0] + other[0] + bytes([protocol, 0]) + ports
    return "1:" + base64.b64encode(hashlib.sha1(data).digest()).decode()


@pytest.mark.parametrize("size", [0, 1, 39, 40, 55])
def test_sha1_is_that_of_hashlib(size: int) -> None:
    messages = [bytes((place * 7 + k) % 256 for k in range(size)) for place in range(5)]
    data = np.frombuffer(b"".join(messages), np.uint8).reshape(5, size)
    assert [bytes(one) for one in sha1(data)] == [hashlib.sha1(one).digest() for one in messages]


@given(
    st.integers(0, 55).flatmap(
        lambda n: st.lists(st.binary(min_size=n, max_size=n), min_size=1, max_size=4)
    )
)
def test_sha1_of_any_messages_is_that_of_hashlib(messages: list[bytes]) -> None:
    data = np.frombuffer(b"".join(messages), np.uint8).reshape(len(messages), -1)
    assert [bytes(one) for one in sha1(data)] == [hashlib.sha1(one).digest() for one in messages]


# From the baselines of https://github.com/corelight/community-id-spec, seed 0.
PUBLISHED: dict[str, Row] = {
    "1:LQU9qZlK+B5F3KDmev6m5PMibrg=": ("128.232.110.120", 34855, "66.35.250.204", 80, 6, False),
    "1:d/FP5EW3wiY1vCndhwleRRKHowQ=": ("192.168.1.52", 54585, "8.8.8.8", 53, 17, False),
    "1:X0snYXpgwiv9TZtqg64sgzUn6Dk=": ("192.168.0.89", 8, "192.168.0.1", 0, 1, False),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_examples(name: str) -> None:
    row = PUBLISHED[name]
    assert specified(row) == name  # the specification as this test has it
    assert ids([row]) == [name]
    source, source_port, target, target_port, *rest = row
    assert ids([(target, target_port, source, source_port, *rest)]) == [name]  # type: ignore[list-item]


@given(
    st.lists(
        st.tuples(END, END, st.sampled_from([1, 6, 17, 50, 58, 89, 132]), st.booleans()),
        min_size=1,
        max_size=6,
    )
)
def test_community_ids_are_those_of_the_specification(rows: list) -> None:
    flat = [(*one, *other, *rest) for one, other, *rest in rows]
    same_family = [row for row in flat if (":" in row[0]) == (":" in row[2]) and row[0] != row[2]]
    if same_family:
        assert ids(same_family) == [specified(row) for row in same_family]


def test_protocols_without_ports_leave_them_out() -> None:
    ends = ("10.0.0.1", 5, "10.0.0.2", 6)
    assert ids([(*ends, 89, False)]) == ids([("10.0.0.1", 0, "10.0.0.2", 0, 89, False)])
    assert ids([(*ends, 132, False)]) != ids([("10.0.0.1", 0, "10.0.0.2", 0, 132, False)])


def test_one_way_messages_keep_their_order() -> None:
    there = ("10.0.0.2", 3, "10.0.0.1", 1, 1, True)
    back_again = ("10.0.0.1", 3, "10.0.0.2", 1, 1, True)
    assert ids([there, back_again]) == [specified(there), specified(back_again)]
    assert len(set(ids([there, back_again]))) == 2


def test_between_equal_addresses_ports_are_ordered_by_their_low_byte_first_as_in_zeek() -> None:
    # 0x0200 before 0x0101, for 0x00 is below 0x01.
    for row in (
        ("127.0.0.1", 0x0200, "127.0.0.1", 0x0101),
        ("127.0.0.1", 0x0101, "127.0.0.1", 0x0200),
    ):
        kept = specified(("127.0.0.1", 0x0200, "127.0.0.1", 0x0101, 6, True))
        assert ids([(*row, 6, False)]) == [kept]


def test_the_community_id_of_a_flow_is_one_for_both_directions() -> None:
    ends = ("128.232.110.120", 34855, "66.35.250.204", 80)
    for first in (ends, back(ends)):
        row = flow(timed(tcp(first, "S", 1)))
        assert row["community_id"] == "1:LQU9qZlK+B5F3KDmev6m5PMibrg="


def test_a_uid_is_a_c_and_17_digits_to_the_base_of_62() -> None:
    made = uids([np.arange(100), np.arange(100) * 7]).to_list()
    assert all(re.fullmatch("C[0-9A-Za-z]{17}", uid) for uid in made)
    assert len(set(made)) == 100
    assert set("".join(uid[1:] for uid in made)) >= set("09AZaz")


@given(st.lists(st.tuples(WORD, WORD, WORD), unique=True, max_size=20))
def test_different_columns_have_different_uids_and_equal_ones_the_same(rows: list) -> None:
    columns = [np.array([row[k] for row in rows], np.int64) for k in range(3)]
    made = uids(columns).to_list()
    assert len(set(made)) == len(rows)
    assert uids(columns).to_list() == made
    for place, row in enumerate(rows):
        (alone,) = uids([np.array([word], np.int64) for word in row])
        assert alone == made[place]


def test_columns_are_not_interchangeable() -> None:
    one, two = np.array([1]), np.array([2])
    assert uids([one, two]).to_list() != uids([two, one]).to_list()


def test_a_run_gives_the_same_uids_again() -> None:
    packets = [*Talk().handshake().packets, *timed(udp((CLIENT, 1, SERVER, 2), b"x"))]
    assert conn(packets)["uid"].to_list() == conn(packets)["uid"].to_list()


def test_flows_that_differ_in_time_port_or_address_have_different_uids() -> None:
    ends = [(CLIENT, 1, SERVER, 2), (CLIENT, 2, SERVER, 1), (CLIENT, 1, "192.0.2.2", 2)]
    packets = timed(*(udp(one) for one in ends), *(tcp(one, "S") for one in ends), every=0)
    packets += [one._replace(time=one.time + 90_000_000_000) for one in packets]
    made = conn(packets)["uid"]
    assert made.n_unique() == len(made) == 12


@pytest.mark.parametrize("ends", [(CLIENT, 1, SERVER, 2), (SERVER, 1, CLIENT, 2)])
def test_connections_of_one_key_and_one_instant_have_different_uids(ends: tuple) -> None:
    """A SYN with another sequence number is a new connection, even in the same nanosecond."""
    made = conn(timed(*(tcp(ends, "S", seq) for seq in (100, 200, 300)), every=0))["uid"]
    assert made.n_unique() == len(made) == 3


def test_no_rows_have_no_names() -> None:
    empty = np.empty(0, np.int64)
    assert uids([empty]).to_list() == []
    pair = (empty, empty)
    assert community_ids(pair, pair, pair, empty, empty.astype(bool)).to_list() == []


def test_an_address_as_text_is_what_the_words_say() -> None:
    high, low = words(["2001:db8::1"])
    assert socket.inet_ntop(socket.AF_INET6, struct.pack(">qq", high[0], low[0])) == "2001:db8::1"
