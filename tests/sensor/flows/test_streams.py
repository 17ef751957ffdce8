"""Streams as a parser gets them, from packets on: in order, once, with what is missing told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.addresses import Networks
from parsers.kernel import checked, compiled
from parsers.services import recognition
from parsers.services.parser import NOTHING, ORIG, RESP, Parser
from parsers.services.recognition import Protocol
from sensor.flows import streams
from sensor.flows.pieces import FIRST_LOOK, SLACK
from tests.frames import (
    CLIENT,
    SERVER,
    START,
    TCP_ENDS,
    UDP_ENDS,
    Packet,
    Talk,
    back,
    conn,
    flow,
    timed,
    track,
    udp,
)

HELLO = b"SS hello"


class Toy(Parser):
    """Writes down what it is told."""

    service = "toy"
    made: list[Toy] = []  # noqa: RUF012
    wanted = (0, 0)

    def __init__(self) -> None:
        super().__init__()
        self.told: list[tuple[str, int, Any]] = []
        self.times: list[int] = []
        self.ended = False
        self.wants = list(self.wanted)
        self.made.append(self)

    def data(self, side: int, octets: bytes, ts: int) -> None:
        self.times.append(ts)
        self.confirmed = True
        if self.told and self.told[-1][:2] == ("data", side):
            octets = self.told.pop()[2] + octets
        self.told.append(("data", side, octets))
        if b"FAIL" in octets:
            self.failed = "no_toy"

    def skipped(self, side: int, count: int, ts: int) -> None:
        self.told.append(("skipped", side, count))

    def gap(self, side: int, count: int, ts: int) -> None:
        self.told.append(("gap", side, count))

    def end(self, ts: int) -> None:
        self.ended = True

    def stream(self, side: int) -> bytes:
        return b"".join(what for kind, whose, what in self.told if (kind, whose) == ("data", side))


@pytest.fixture(autouse=True)
def toys(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Toy]]:
    def begins(orig: bytes, resp: bytes) -> bool | None:
        known = (orig[:2], resp[:2])
        if any(not b"SS".startswith(octets) for octets in known):
            return False
        return True if b"SS" in known else None

    recognition._begin_so.cache_clear()
    monkeypatch.setattr(recognition, "PROTOCOLS", (Protocol(begins, Toy, alone=True),))
    monkeypatch.setattr(Toy, "made", [])
    monkeypatch.setattr(Toy, "wanted", (0, 0))
    yield Toy.made
    recognition._begin_so.cache_clear()


def read(talk: Talk, **options: Any) -> Toy:
    Toy.made.clear()
    conn(talk.packets, streams=True, **options)
    (toy,) = Toy.made
    return toy


def test_both_sides_are_read_in_the_order_in_which_they_spoke() -> None:
    talk = Talk().handshake().client("PA", HELLO).server("PA", b"SS you").client("PA", b"bye")
    toy = read(talk)
    assert toy.told == [
        ("data", ORIG, HELLO), ("data", RESP, b"SS you"), ("data", ORIG, b"bye"),
    ]  # fmt: skip
    assert toy.times == [packet.time for packet in talk.packets[3:]]
    assert toy.ended


def test_what_was_confirmed_is_the_service_of_the_connection() -> None:
    talk = Talk().handshake().client("PA", HELLO)
    assert flow(talk.packets, streams=True)["service"] == "toy"
    assert flow(talk.packets)["service"] is None


def test_what_nobody_reads_is_over_after_a_look() -> None:
    talk = Talk().handshake().client("PA", b"xx hello").client("PA", HELLO)
    assert flow(talk.packets, streams=True)["service"] is None
    assert Toy.made == []


def test_a_parser_that_gave_up_is_told_nothing_more() -> None:
    talk = Talk().handshake().client("PA", HELLO).client("PA", b"FAIL").client("PA", b"more")
    toy = read(talk)
    assert toy.stream(ORIG) == HELLO + b"FAIL"
    assert not toy.ended


STREAM = HELLO + bytes(range(256)) * 2


@given(
    st.lists(st.tuples(st.integers(0, len(STREAM) - 1), st.integers(1, 200)), max_size=12),
    st.lists(st.integers(1, 120), min_size=1, max_size=8),
    st.randoms(use_true_random=False),
)
def test_segments_in_any_order_and_sent_again_give_the_stream(
    again: list[tuple[int, int]], sizes: list[int], random: Any
) -> None:
    pieces, at = list(again), 0
    while at < len(STREAM):
        size = sizes[len(pieces) % len(sizes)]
        pieces.append((at, size))
        at += size
    random.shuffle(pieces)
    talk = Talk().handshake()
    for begin, size in pieces:
        # No acknowledgement: what is missing may still come.
        talk.client("P", STREAM[begin : begin + size], seq=1001 + begin, after=0.001)
    toy = read(talk)
    assert toy.stream(ORIG) == STREAM
    assert {kind for kind, _, _ in toy.told} == {"data"}


def test_of_two_that_overlap_the_first_wins() -> None:
    talk = Talk().handshake()
    talk.client("P", b"2222", seq=1001 + 12).client("P", b"333333", seq=1001 + 11)
    toy = read(talk.client("P", HELLO + b"111", seq=1001))
    assert toy.stream(ORIG) == HELLO + b"111" + b"3222233"[:1] + b"2222" + b"3"


def test_what_the_peer_acknowledged_and_nobody_saw_is_a_gap() -> None:
    talk = Talk().handshake().client("PA", HELLO).client("PA", b"lost", lost=True)
    talk.client("PA", b"there").server("A").client("PA", b"!")
    toy = read(talk)
    assert toy.told == [("data", ORIG, HELLO), ("gap", ORIG, 4), ("data", ORIG, b"there!")]


def test_a_stream_whose_beginning_is_lost_is_not_recognised() -> None:
    talk = Talk().handshake().client("PA", b"lost", lost=True).client("PA", HELLO).server("A")
    conn(talk.client("PA", HELLO).packets, streams=True)
    assert Toy.made == []


def test_a_side_without_its_beginning_leaves_it_to_the_other_to_tell() -> None:
    talk = Talk().handshake().client("PA", b"lost", lost=True).client("PA", HELLO).server("A")
    toy = read(talk.server("PA", b"SS you"))
    assert toy.told == [("gap", ORIG, 4), ("data", ORIG, HELLO), ("data", RESP, b"SS you")]


def test_a_gap_is_told_before_what_its_sender_is_answered() -> None:
    talk = Talk().handshake().client("PA", HELLO).server("PA", b"SS you", lost=True)
    talk.server("PA", b"!").client("PA", b"all").server("A")
    toy = read(talk)
    assert toy.told == [
        ("data", ORIG, HELLO),
        ("gap", RESP, 6),
        ("data", RESP, b"!"),
        ("data", ORIG, b"all"),
    ]


def block(number: int) -> bytes:
    return bytes([83 + number % 100]) * 1000


def long_talk(count: int) -> Talk:
    talk = Talk(gap=0.001).handshake().client("PA", HELLO)
    for number in range(count):
        talk.server("PA", block(number))
    return talk.client("PA", b"end")


def test_bytes_that_are_not_wanted_are_told_by_their_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Toy, "wanted", (0, 300_000))
    toy = read(long_talk(301))
    skipped = sum(what for kind, _, what in toy.told if kind == "skipped")
    assert skipped + len(toy.stream(RESP)) == 301_000
    assert toy.stream(RESP).endswith(block(300))
    assert len(toy.stream(RESP)) < 2 * (FIRST_LOOK + SLACK)
    assert toy.stream(ORIG) == HELLO + b"end"


def test_all_of_a_side_is_read_however_long_it_is() -> None:
    toy = read(long_talk(300))
    assert toy.stream(RESP) == b"".join(block(number) for number in range(300))


def test_of_what_nobody_wants_hardly_anything_is_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Toy, "wanted", (NOTHING, NOTHING))
    talk = long_talk(300)
    toy = read(talk)
    assert toy.told[0] == ("data", ORIG, HELLO)
    assert len(toy.stream(RESP)) < 2 * (FIRST_LOOK + SLACK)


def test_the_oldest_of_too_many_connections_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "MOST_READ", 2)
    packets = []
    for number in range(3):
        source, _, *rest = TCP_ENDS
        ends = (source, 4000 + number, *rest)
        talk = Talk(ends).handshake().client("PA", HELLO)
        packets += talk.packets
    table, tracker = track(packets, (), streams=True)
    assert tracker.weirds[streams.GIVEN_UP] == 1
    assert table["service"].to_list() == ["toy"] * 3
    assert [toy.ended for toy in Toy.made] == [True] * 3


@pytest.mark.parametrize("build", [compiled, checked])
def test_compiled_streams_are_the_same(build: Any) -> None:
    talk = long_talk(200).client("PA", b"lost", lost=True).client("PA", b"x").server("A")
    plain = read(talk).told
    assert read(talk, fast=True, build=build).told == plain


@given(st.lists(st.integers(0, 200), max_size=6))
def test_any_cut_into_blocks_gives_the_same_streams(cuts: list[int]) -> None:
    talk = long_talk(80)
    assert read(talk, cuts=cuts).told == read(talk).told


def test_datagrams_are_read_one_by_one_as_they_came(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recognition, "DATAGRAMS", recognition.PROTOCOLS)
    there, again = UDP_ENDS, back(UDP_ENDS)
    packets = timed(udp(there, HELLO), udp(again, b"SS you"), udp(there, b"b"), udp(there, b"b"))
    conn(packets, streams=True)
    (toy,) = Toy.made
    assert toy.told == [("data", ORIG, HELLO), ("data", RESP, b"SS you"), ("data", ORIG, b"bb")]
    assert toy.times == [packet.time for packet in packets]


def test_a_datagram_that_exchanges_the_roles_is_read() -> None:
    ends = (UDP_ENDS[0], 53, UDP_ENDS[2], 53)
    answer = b"\0\7\x84\0\0\0\0\1\0\0\0\0\1a\0\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\1"
    row = conn(timed(udp(ends, answer)), streams=True).row(0, named=True)
    assert (row["history"], row["service"]) == ("D^", "dns")


def test_a_datagram_is_as_long_as_the_ip_header_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recognition, "DATAGRAMS", recognition.PROTOCOLS)
    packets = timed(udp(UDP_ENDS, HELLO, length=11), udp(back(UDP_ENDS), b"SS you"))
    conn(packets, streams=True)
    assert Toy.made[0].stream(ORIG) == HELLO


def test_of_a_datagram_that_was_cut_the_rest_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recognition, "DATAGRAMS", recognition.PROTOCOLS)
    whole = udp(UDP_ENDS, HELLO + b" and more")
    cut = Packet(START, whole[: -len(b" and more")], len(whole))
    conn([cut, *timed(udp(back(UDP_ENDS), b"SS you"))], streams=True)
    assert Toy.made[0].stream(ORIG) == HELLO


def test_behind_stun_the_next_datagram_tells_the_protocol(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recognition, "DATAGRAMS", recognition.PROTOCOLS)
    stun = bytes.fromhex("000100042112a442") + bytes(12) + b"\0\6\0\0"
    there, again = UDP_ENDS, back(UDP_ENDS)
    packets = timed(udp(there, stun), udp(again, stun), udp(there, HELLO), udp(again, b"SS you"))
    conn(packets, streams=True)
    assert Toy.made[-1].stream(ORIG) == stun + HELLO


class Proxy(Toy):
    """Lets another protocol through after its first words."""

    service = "proxy"
    made: list[Toy] = []  # noqa: RUF012

    def data(self, side: int, octets: bytes, ts: int) -> None:
        super().data(side, octets, ts)
        self.passes_on = side == RESP
        self.rest[RESP] = octets.partition(b"|")[2]


def test_what_a_proxy_lets_through_is_recognised_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    def begins(orig: bytes, resp: bytes) -> bool | None:
        if len(orig) < 7:
            return None if b"SSproxy".startswith(orig) else False
        return orig.startswith(b"SSproxy")

    proxy = Protocol(begins, Proxy, alone=True)
    monkeypatch.setattr(recognition, "PROTOCOLS", (proxy, *recognition.PROTOCOLS))
    recognition._begin_so.cache_clear()
    monkeypatch.setattr(Proxy, "made", [])
    talk = Talk().handshake().client("PA", b"SSproxy").server("PA", b"SSyes|SS")
    talk.client("PA", HELLO).server("PA", b" you")
    assert flow(talk.packets, streams=True)["service"] == "proxy,toy"
    assert Proxy.made[0].told == [("data", ORIG, b"SSproxy"), ("data", RESP, b"SSyes|SS")]
    assert Toy.made[-1].stream(RESP) == b"SS you"
    assert Toy.made[-1].stream(ORIG) == HELLO


def test_what_was_seen_from_the_middle_is_read_only_where_zeek_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    talk = Talk().client("PA", HELLO).server("PA", b"SS you")
    conn(talk.packets, streams=True)
    assert Toy.made == []
    (toy,) = recognition.PROTOCOLS
    monkeypatch.setattr(recognition, "PROTOCOLS", (replace(toy, midstream=True),))
    recognition._begin_so.cache_clear()
    assert read(talk).stream(ORIG) == HELLO


@pytest.mark.parametrize(
    ("network", "whole", "middle"), [(SERVER, 1, 1), (CLIENT, 0, 1), ("203.0.113.0/24", 0, 0)]
)
def test_only_connections_to_the_servers_that_are_asked_for_are_read(
    network: str, whole: int, middle: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    (toy,) = recognition.PROTOCOLS
    monkeypatch.setattr(recognition, "PROTOCOLS", (replace(toy, midstream=True),))
    for talk, read in (Talk().handshake(), whole), (Talk(), middle):
        Toy.made.clear()
        recognition._begin_so.cache_clear()
        conn(talk.client("PA", HELLO).packets, streams=True, servers=Networks((network,)))

        assert len(Toy.made) == read
