"""Fragments: datagrams are put together to the byte, and what never becomes whole gives way.

The model keeps every byte of a datagram in a dictionary, where the table keeps intervals.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from itertools import pairwise, permutations
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.packets import fields
from parsers.packets.fragments import (
    FIRST_SEEN,
    HELD,
    LARGEST,
    LONGEST,
    SETS,
    SLOTS,
    TIMEOUT,
    WAYS,
    WORDS,
    put_together,
)
from parsers.packets.hashing import hash_of
from parsers.packets.intervals import BEHIND, FREE, USED
from parsers.packets.ip import FRAGMENT, OK, ip_header
from parsers.weirds import WEIRDS
from tests.frames import (
    CLIENT,
    CLIENT6,
    SECOND,
    SERVER,
    SERVER6,
    START,
    Packet,
    ethernet,
    flow,
    ipv4,
    ipv6,
    timed,
    track,
    udp_datagram,
)

Run = Callable[..., Any]
NAMES = list(WEIRDS)
TOO_LARGE, INCOMPLETE = "excessively_large_fragment", "incomplete_datagram"
MORE = True
NODES = 4096


class Answer(NamedTuple):
    """What came of a fragment; of a whole datagram, what its fields say and its bytes."""

    status: str
    data: bytes = b""
    protocol: int = 0
    octets: int = 0  # by the IP header
    transport: int = 0  # transport header and payload


def four(
    begin: int, data: bytes, more: bool = False, *, identifier: int = 7, protocol: int = 17,
    ends: tuple[str, str] = (CLIENT, SERVER), options: bytes = b"",
) -> bytes:  # fmt: skip
    """An IPv4 fragment; `begin` in bytes."""
    word = begin // 8 | (0x2000 if more else 0)
    return ipv4(data, *ends, protocol, identifier=identifier, fragment=word, options=options)


def six(
    begin: int, data: bytes, more: bool = False, *, identifier: int = 7, protocol: int = 17,
    ends: tuple[str, str] = (CLIENT6, SERVER6), before: Sequence[tuple[int, bytes]] = (),
) -> bytes:  # fmt: skip
    """An IPv6 fragment; `before`: extension headers in front of the fragment header."""
    header = (44, struct.pack(">BHI", 0, begin | more, identifier))
    return ipv6(data, *ends, protocol, headers=[*before, header])


VERSIONS: dict[str, Callable[..., bytes]] = {"IPv4": four, "IPv6": six}
HEADER = {"IPv4": 20, "IPv6": 40}
BOTH = pytest.mark.parametrize("version", VERSIONS)


class Table:
    """The datagrams in the making, and what was counted."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.datagrams = np.zeros((SLOTS, WORDS), np.int64)
        self.store = np.zeros(SLOTS * LARGEST, np.uint8)
        self.pool = np.zeros((NODES, 3), np.int64)
        self.counts = np.zeros(len(WEIRDS), np.int64)

    def add(self, packet: bytes, now: int = START, around: bytes = b"\xff" * 16) -> Answer:
        """Add a fragment, which lies between other bytes of a block."""
        block = np.array(bytearray(around + packet + around), np.uint8)
        p = np.zeros(fields.FIELDS, np.int64)
        begin, end = len(around), len(around) + len(packet)
        assert ip_header(block.data, begin, end, len(packet), 0, p.data) == FRAGMENT
        status = self.run(
            put_together, block, self.datagrams, self.store, self.pool, self.counts, p, now
        )
        if status != OK:
            return Answer("held" if status == HELD else NAMES[status])
        at, here = int(p[fields.TRANSPORT_AT]), int(p[fields.CAPTURED])
        return Answer(
            "ok", self.store[at : at + here].tobytes(), int(p[fields.PROTOCOL]),
            int(p[fields.IP_BYTES]), int(p[fields.TRANSPORT_BYTES]),
        )  # fmt: skip

    def add_all(self, packets: Sequence[bytes], now: int = START) -> list[Answer]:
        return [self.add(packet, now) for packet in packets]

    @property
    def weirds(self) -> dict[str, int]:
        return {NAMES[code]: int(self.counts[code]) for code in np.flatnonzero(self.counts)}

    @property
    def waiting(self) -> int:
        """Datagrams in the making."""
        return int(np.count_nonzero(self.datagrams[:, FIRST_SEEN]))

    @property
    def nodes(self) -> int:
        """Nodes of the pool that hold a part."""
        free, node = 0, int(self.pool[0, FREE])
        while node:
            free, node = free + 1, int(self.pool[node, BEHIND])
        return int(self.pool[0, USED]) - free


HELD_BACK = Answer("held")
DATA = bytes(range(1, 101))


def split(version: str, data: bytes, *cuts: int, **options: Any) -> list[bytes]:
    """The fragments of a datagram that is cut at these places."""
    make, places = VERSIONS[version], [0, *cuts, len(data)]
    return [
        make(begin, data[begin:end], end < len(data), **options) for begin, end in pairwise(places)
    ]


def whole(version: str, data: bytes, protocol: int = 17) -> Answer:
    return Answer("ok", data, protocol, HEADER[version] + len(data), len(data))


@BOTH
def test_fragments_are_put_together_in_whatever_order_they_come(run: Run, version: str) -> None:
    parts = split(version, DATA, 16, 40, 96)
    table = Table(run)
    for order in permutations(parts):
        assert table.add_all(order) == [HELD_BACK] * 3 + [whole(version, DATA)]
        assert (table.waiting, table.nodes) == (0, 0)
    assert table.weirds == {}


@BOTH
def test_a_fragment_that_comes_again_changes_nothing(run: Run, version: str) -> None:
    parts = split(version, DATA, 16, 40)
    table = Table(run)
    assert table.add_all([parts[0]] * 3 + [parts[2]] * 2) == [HELD_BACK] * 5
    assert table.add(parts[1]) == whole(version, DATA)


@BOTH
def test_a_datagram_with_a_hole_is_held_until_it_is_filled(run: Run, version: str) -> None:
    parts = split(version, DATA, 16, 40, 64)
    for missing in range(4):
        table = Table(run)
        others = parts[:missing] + parts[missing + 1 :]
        assert table.add_all(others) == [HELD_BACK] * 3
        assert table.waiting == 1
        assert table.add(parts[missing]) == whole(version, DATA)


@BOTH
def test_a_hole_of_one_unit_is_a_hole(run: Run, version: str) -> None:
    make = VERSIONS[version]
    table = Table(run)
    answers = table.add_all([make(0, DATA[:32], MORE), make(40, DATA[40:])])
    assert answers == [HELD_BACK] * 2
    assert table.add(make(32, DATA[32:40], MORE)) == whole(version, DATA)


A, B, C = b"a" * 8, b"b" * 8, b"c" * 8
# Fragments of eight letters a place: (place, data, more follow); and what comes of the last.
OVERLAPS = {
    "the same place": ([(0, A, True), (0, B, True), (1, C, False)], A + C),
    "over the end": ([(0, A, True), (0, B * 2, True), (2, C, False)], A + B + C),
    "over the begin": ([(1, A, True), (2, C, False), (0, B * 2, True)], B + A + C),
    "over all": ([(1, A, True), (3, C, False), (0, B * 3, True)], B + A + B + C),
    "inside": ([(0, A * 3, True), (1, B, True), (3, C, False)], A * 3 + C),
    "over two and the hole between": (
        [(0, A, True), (2, A, True), (0, B * 4, True), (4, C, False)], A + B + A + B + C,
    ),
    "over three and both holes": (
        [(1, A, True), (3, A, True), (5, C, False), (0, B * 6, True)], B + A + B + A + B + C,
    ),
    "by the last": ([(0, A * 2, True), (1, C * 2, False)], A * 2 + C),
    "over the last": ([(1, C, False), (0, A * 2, True)], A + C),
}  # fmt: skip


@BOTH
@pytest.mark.parametrize("name", OVERLAPS)
def test_where_fragments_overlap_the_first_data_wins(run: Run, version: str, name: str) -> None:
    parts, expected = OVERLAPS[name]
    table = Table(run)
    answers = table.add_all([VERSIONS[version](8 * at, *rest) for at, *rest in parts])
    assert answers == [HELD_BACK] * (len(parts) - 1) + [whole(version, expected)]
    assert table.nodes == 0


# Fragments that contradict each other about the length (Zeek: the longest that was said).
LENGTHS = {
    "a longer last one": ([(1, B, False), (2, C, False), (0, A, True)], A + B + C),
    "a shorter last one": ([(2, C, False), (0, A, True), (1, B, False)], A + B + C),
    "more behind the last one": ([(1, B, False), (2, C, True), (0, A, True)], A + B + C),
    "more behind the last one, before it": ([(2, C, True), (1, B, False), (0, A, True)], A + B + C),
    "more beyond a hole, before the last": ([(3, C, True), (1, B, False), (0, A, True)], A + B),
    "a last one without data": ([(0, A, True), (1, b"", False)], A),
}


@BOTH
@pytest.mark.parametrize("name", LENGTHS)
def test_of_lengths_that_contradict_each_other_the_longest_counts(
    run: Run, version: str, name: str
) -> None:
    parts, expected = LENGTHS[name]
    table = Table(run)
    answers = table.add_all([VERSIONS[version](8 * at, *rest) for at, *rest in parts])
    assert answers == [HELD_BACK] * (len(parts) - 1) + [whole(version, expected)]
    assert table.nodes == 0


@BOTH
def test_more_beyond_a_hole_behind_the_last_one_is_waited_for(run: Run, version: str) -> None:
    make = VERSIONS[version]
    table = Table(run)
    parts = [make(8, B), make(24, C, MORE), make(0, A, MORE)]
    assert table.add_all(parts) == [HELD_BACK] * 3
    assert table.add(make(16, b"d" * 8, MORE)) == whole(version, A + B + b"d" * 8 + C)


class Model:
    """One datagram in the making, byte by byte."""

    def __init__(self) -> None:
        self.begin_anew()

    def begin_anew(self) -> None:
        self.octets: dict[int, int] = {}
        self.length = 0

    def add(self, begin: int, data: bytes, more: bool) -> bytes | None:
        """Return the datagram if it is whole now."""
        end = begin + len(data)
        for place, octet in enumerate(data, begin):
            self.octets.setdefault(place, octet)
        if not more or self.length:
            self.length = max(self.length, end)
        reached = 0
        while reached in self.octets:
            reached += 1
        if not reached or not self.length or reached < self.length:
            return None
        found = bytes(self.octets[place] for place in range(reached))
        self.begin_anew()
        return found


PIECES = st.tuples(
    st.sampled_from([7, 7, 7, 8]),  # which datagram
    st.integers(0, 6),
    st.integers(0, 30),
    st.booleans(),
)


@BOTH
@given(pieces=st.lists(PIECES, max_size=30))
def test_whatever_fragments_come_the_bytes_are_those_of_the_model(
    run: Run, version: str, pieces: list[tuple[int, int, int, bool]]
) -> None:
    table, models = Table(run), {7: Model(), 8: Model()}
    for number, (which, place, length, follow) in enumerate(pieces):
        more = follow or (version == "IPv4" and place == 0)  # else it is no fragment
        data = bytes([number + 1]) * length
        expected = models[which].add(8 * place, data, more)
        answer = table.add(VERSIONS[version](8 * place, data, more, identifier=which))
        assert answer == (HELD_BACK if expected is None else whole(version, expected))
    assert table.weirds == {}
    assert table.nodes == sum(
        sum(place - 1 not in model.octets for place in model.octets) for model in models.values()
    )


def set_of(packet: bytes) -> int:
    """The set of slots in which a fragment's datagram is looked for."""
    p = np.zeros(fields.FIELDS, np.int64)
    assert ip_header(memoryview(packet), 0, len(packet), len(packet), 0, p.data) == FRAGMENT
    words = p[fields.SOURCE_HIGH : fields.TARGET_LOW + 1].tolist()
    return hash_of(*words, int(p[fields.DATAGRAM_ID])) & (SETS - 1)


# What one datagram may differ in from another: options of a fragment, made of a number.
OTHERS: dict[str, tuple[str, Callable[[int], dict[str, Any]]]] = {
    "id": ("IPv4", lambda n: {"identifier": 8 + n}),
    "source": ("IPv4", lambda n: {"ends": (f"10.1.{n >> 8}.{n & 255}", SERVER)}),
    "target": ("IPv4", lambda n: {"ends": (CLIENT, f"192.1.{n >> 8}.{n & 255}")}),
    "id of IPv6": ("IPv6", lambda n: {"identifier": 7 + (n + 1) * 2**16}),
    "source of IPv6": ("IPv6", lambda n: {"ends": (f"fd00::9:{n:x}", SERVER6)}),
    "source's network": ("IPv6", lambda n: {"ends": (f"fd01:{n:x}::1", SERVER6)}),
    "target of IPv6": ("IPv6", lambda n: {"ends": (CLIENT6, f"2001:db8::9:{n:x}")}),
    "target's network": ("IPv6", lambda n: {"ends": (CLIENT6, f"2001:db9:{n:x}::2")}),
}


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize("same_set", [True, False])
def test_fragments_of_another_datagram_complete_nothing(
    run: Run, name: str, same_set: bool
) -> None:
    version, options = OTHERS[name]
    make, table = VERSIONS[version], Table(run)
    here = set_of(make(0, A, MORE))
    other = next(
        options(n)
        for n in range(2**12)
        if (set_of(make(0, A, MORE, **options(n))) == here) == same_set
    )
    one, two = split(version, DATA, 40), split(version, DATA[::-1], 40, **other)
    assert table.add_all([one[0], two[1]]) == [HELD_BACK] * 2
    assert table.waiting == 2
    assert table.add_all([one[1], two[0]]) == [whole(version, DATA), whole(version, DATA[::-1])]


@BOTH
def test_the_two_directions_are_two_datagrams(run: Run, version: str) -> None:
    make, table = VERSIONS[version], Table(run)
    ends = {"IPv4": (SERVER, CLIENT), "IPv6": (SERVER6, CLIENT6)}[version]
    assert table.add_all([make(0, A, MORE), make(8, B, ends=ends)]) == [HELD_BACK] * 2


@BOTH
def test_of_a_datagram_without_a_byte_yet_nothing_is_there(run: Run, version: str) -> None:
    make, table = VERSIONS[version], Table(run)
    for identifier in range(100, 120):  # parts of others, in the same pool
        assert table.add(make(8, A, MORE, identifier=identifier)) == HELD_BACK
    assert table.add(make(8, b"")) == HELD_BACK
    assert table.add(make(0, A, MORE)) == whole(version, A)


def test_ipv4_and_an_ipv6_address_that_stands_for_the_same_are_kept_apart(run: Run) -> None:
    table = Table(run)
    ends = (f"::ffff:{CLIENT}", f"::ffff:{SERVER}")
    assert table.add(four(0, A, MORE)) == HELD_BACK
    assert table.add(six(8, B, ends=ends)) == HELD_BACK
    assert table.add(four(8, C)) == whole("IPv4", A + C)


def test_the_protocol_is_no_part_of_the_key_and_that_of_the_first_fragment_counts(
    run: Run,
) -> None:
    for version, make in VERSIONS.items():
        for order in ([0, 1, 2], [2, 1, 0], [1, 2, 0]):
            parts = [make(0, A, MORE, protocol=99)]
            parts += [make(8, B, MORE, protocol=98), make(16, C, protocol=97)]
            answers = Table(run).add_all([parts[place] for place in order])
            assert answers[-1] == whole(version, A + B + C, 99)


def test_the_header_of_the_fragment_that_came_first_gives_the_length(run: Run) -> None:
    long, short = four(0, A, MORE, options=b"\x01" * 12), four(8, B)
    assert Table(run).add_all([long, short])[1].octets == 32 + 16
    assert Table(run).add_all([short, long])[1].octets == 20 + 16


EMPTY = bytes([0, 1, 4, 0, 0, 0, 0])  # an extension header of 8 bytes: length, then PadN


def test_extension_headers_before_the_fragment_header_count_and_it_does_not(run: Run) -> None:
    parts = [six(0, A, MORE, before=[(0, EMPTY)]), six(8, B, before=[(0, EMPTY)])]
    assert Table(run).add_all(parts)[1] == Answer("ok", A + B, 17, 48 + 16, 16)


def test_extension_headers_inside_the_datagram_are_followed(run: Run) -> None:
    data = bytes([60]) + EMPTY + bytes([99]) + EMPTY + A + B
    parts = split("IPv6", data, 8, 24, protocol=60)
    assert Table(run).add_all(parts)[2] == Answer("ok", A + B, 99, 40 + 32, 16)


def test_an_ipv4_datagram_has_no_extension_headers(run: Run) -> None:
    data = bytes([60]) + EMPTY + A + B
    assert Table(run).add_all(split("IPv4", data, 8, protocol=60))[1] == whole("IPv4", data, 60)


def test_of_fragment_headers_inside_the_datagram_only_atomic_ones_are_passed_over(
    run: Run,
) -> None:
    for begin, more, atomic in ((0, 0, True), (8, 0, False), (0, 1, False)):
        header = struct.pack(">BBHI", 99, 0, begin | more, 5)
        answer = Table(run).add_all(split("IPv6", header + A + B, 16, protocol=44))[1]
        if atomic:
            assert answer == Answer("ok", A + B, 99, 40 + 24, 16)
        else:
            assert answer == Answer("ok", header + A + B, 44, 40 + 24, 24)


def test_a_chain_of_atomic_fragment_headers_is_followed_to_its_end(run: Run) -> None:
    headers = struct.pack(">BBHI", 44, 0, 0, 5) * 9 + struct.pack(">BBHI", 99, 0, 0, 5)
    answer = Table(run).add_all(split("IPv6", headers + A, 16, protocol=44))[1]
    assert answer == Answer("ok", A, 99, 40 + 88, 8)


@pytest.mark.parametrize(("protocol", "name"), [(59, "ipv6_no_next_header"), (50, "ipv6_ESP")])
def test_what_hides_the_rest_of_a_datagram_is_said(run: Run, protocol: int, name: str) -> None:
    table = Table(run)
    assert table.add_all(split("IPv6", DATA, 40, protocol=protocol))[1] == Answer(name)
    assert (table.waiting, table.nodes) == (0, 0)


def test_an_atomic_fragment_is_a_whole_datagram(run: Run) -> None:
    table = Table(run)
    assert table.add(six(0, DATA)) == whole("IPv6", DATA)
    assert table.waiting == 0


@BOTH
def test_the_longest_datagram_is_whole_and_one_byte_more_is_too_large(
    run: Run, version: str
) -> None:
    most = LONGEST - (20 if version == "IPv4" else 0)
    cuts = (30_000, 60_000)
    for data, expected in (
        (bytes(most - 1), whole(version, bytes(most - 1))),
        (bytes(most), whole(version, bytes(most))),
        (bytes(most + 1), Answer(TOO_LARGE)),
    ):
        table = Table(run)
        assert table.add_all(split(version, data, *cuts))[2] == expected
        assert (table.waiting, table.nodes) == (0, 0)


def test_the_length_counts_with_options_and_extension_headers(run: Run) -> None:
    most = bytes(LONGEST - 20)
    parts = split("IPv4", most, 30_000, 60_000, options=b"\x01" * 4)
    assert Table(run).add_all(parts)[2] == Answer(TOO_LARGE)
    parts = split("IPv6", bytes(LONGEST), 30_000, 60_000, before=[(0, EMPTY)])
    assert Table(run).add_all(parts)[2] == Answer(TOO_LARGE)


@BOTH
def test_a_fragment_beyond_the_largest_datagram_takes_no_slot(run: Run, version: str) -> None:
    make = VERSIONS[version]
    last = LARGEST - 8
    table = Table(run)
    assert table.add(make(last, bytes(9), MORE)) == Answer(TOO_LARGE)
    assert (table.waiting, table.nodes) == (0, 0)
    assert table.add(make(last, bytes(8), MORE)) == HELD_BACK
    assert table.waiting == 1


def test_a_fragment_shorter_than_its_headers_takes_no_slot(run: Run) -> None:
    packet = bytearray(six(0, b"", MORE))
    packet[4:6] = (7).to_bytes(2)  # the fragment header alone has 8 bytes
    table = Table(run)
    assert table.add(bytes(packet)) == Answer(TOO_LARGE)
    assert table.waiting == 0


@BOTH
def test_a_datagram_is_completed_within_its_time_and_not_after(run: Run, version: str) -> None:
    parts = split(version, DATA, 16, 40)
    for late, expected in ((TIMEOUT - 1, whole(version, DATA)), (TIMEOUT, HELD_BACK)):
        table = Table(run)
        table.add(parts[0], START)
        table.add(parts[1], START + TIMEOUT // 2)  # does not prolong it
        assert table.add(parts[2], START + late) == expected
        assert table.weirds == ({} if expected.status == "ok" else {INCOMPLETE: 1})
        assert (table.waiting, table.nodes) == ((0, 0) if expected.status == "ok" else (1, 1))


@BOTH
def test_a_datagram_that_timed_out_begins_anew_with_nothing_of_the_old(
    run: Run, version: str
) -> None:
    make = VERSIONS[version]
    table = Table(run)
    late = START + TIMEOUT
    table.add(make(8, b"x" * 16), START)  # says that the datagram has 24 bytes
    assert table.add(make(0, A, MORE, protocol=99), late) == HELD_BACK
    assert table.add(make(8, B, protocol=98), late + TIMEOUT - 1) == whole(version, A + B, 99)


def test_the_timeout_is_that_of_zeek() -> None:
    assert TIMEOUT == 300 * SECOND


def test_the_first_instant_of_1970_is_a_time(run: Run) -> None:
    table = Table(run)
    parts = split("IPv4", DATA, 40)
    assert table.add(parts[0], 0) == HELD_BACK
    assert table.waiting == 1
    assert table.add(parts[1], 0) == whole("IPv4", DATA)


def ids_of_one_set(version: str, count: int) -> list[int]:
    """Ids of datagrams between the same hosts that share a set of slots."""
    places: dict[int, list[int]] = {}
    for identifier in range(2**16):
        place = set_of(VERSIONS[version](0, A, MORE, identifier=identifier))
        found = places.setdefault(place, [])
        found.append(identifier)
        if len(found) == count:
            return found
    raise AssertionError("no set is hit so often")


@BOTH
def test_when_all_places_of_a_set_are_taken_the_oldest_gives_way(run: Run, version: str) -> None:
    make, table = VERSIONS[version], Table(run)
    ids = ids_of_one_set(version, WAYS + 2)
    # The third is the oldest, then the first; where they lie makes no difference.
    ages = [2, 3, 1, *range(4, WAYS + 1)]
    for identifier, age in zip(ids, ages, strict=False):
        table.add(make(0, A, MORE, identifier=identifier), START + age)
    assert (table.waiting, table.weirds) == (WAYS, {})
    table.add(make(0, B, MORE, identifier=ids[WAYS]), START + 100)
    assert (table.waiting, table.weirds) == (WAYS, {INCOMPLETE: 1})
    table.add(make(0, B, MORE, identifier=ids[WAYS + 1]), START + 101)
    assert (table.waiting, table.weirds) == (WAYS, {INCOMPLETE: 2})
    assert table.nodes == WAYS
    # The others are all still there and so are the new ones.
    for place in (1, *range(3, WAYS)):
        answer = table.add(make(8, C, identifier=ids[place]), START + 102)
        assert answer == whole(version, A + C)
    for place in (WAYS, WAYS + 1):
        answer = table.add(make(8, C, identifier=ids[place]), START + 102)
        assert answer == whole(version, B + C)
    assert (table.waiting, table.nodes) == (0, 0)


@BOTH
def test_a_datagram_that_timed_out_gives_way_before_an_older_one_must(
    run: Run, version: str
) -> None:
    make, table = VERSIONS[version], Table(run)
    ids = ids_of_one_set(version, WAYS + 1)
    for place, identifier in enumerate(ids[:WAYS]):
        table.add(make(0, A, MORE, identifier=identifier), START + (0 if place < 3 else SECOND))
    assert table.add(make(0, A, MORE, identifier=ids[WAYS]), START + TIMEOUT) == HELD_BACK
    assert (table.waiting, table.weirds) == (WAYS - 2, {INCOMPLETE: 3})
    assert table.nodes == WAYS - 2


def test_a_flood_of_fragments_takes_no_more_than_the_slots(run: Run) -> None:
    table = Table(run)
    count = SLOTS + SLOTS // 2
    for identifier in range(count):
        assert table.add(four(8, A, MORE, identifier=identifier), START + identifier) == HELD_BACK
    assert 0.9 * SLOTS < table.waiting == table.nodes <= SLOTS
    assert table.weirds == {INCOMPLETE: count - table.waiting}
    assert table.pool[0, USED] <= SLOTS + 1


def test_a_slot_that_is_used_again_has_nothing_of_the_datagram_before(run: Run) -> None:
    table = Table(run)
    for filler in (b"x", b"y"):
        data = filler * 64
        assert table.add_all(split("IPv4", data, 24)) == [HELD_BACK, whole("IPv4", data)]
    # The length of the one before does not count: with it, this would not be whole.
    assert table.add_all(split("IPv4", b"z" * 16, 8))[1] == whole("IPv4", b"z" * 16)


@BOTH
def test_neighbours_in_the_table_keep_their_bytes(run: Run, version: str) -> None:
    make, table = VERSIONS[version], Table(run)
    ids = ids_of_one_set(version, WAYS)
    for identifier in ids:
        table.add(make(8, bytes([identifier % 251]) * 60_000, identifier=identifier))
    for identifier in ids:
        data = bytes([identifier % 251]) * 60_000
        assert table.add(make(0, A, MORE, identifier=identifier)).data == A + data


@pytest.mark.parametrize(
    "inner_id",
    [
        8,
        7,
    ],
)
def test_a_fragment_inside_fragments_keeps_its_bytes(inner_id: int) -> None:
    """Both between the same hosts: with one id they share a slot."""
    datagram = udp_datagram((CLIENT, 40000, SERVER, 9999), DATA)
    first, second = split("IPv4", datagram, 24, identifier=inner_id)
    outer = split("IPv4", second, 40, protocol=4)
    packets = [ethernet(one) for one in (*outer, first)]
    assert flow(timed(*packets))["orig_head"] == DATA


def test_a_datagram_that_is_still_incomplete_at_the_end_is_counted() -> None:
    _, tracker = track([Packet(START, ethernet(ipv4(bytes(16), protocol=17, fragment=0x2000)))])
    assert tracker.weirds == {"incomplete_datagram": 1}
