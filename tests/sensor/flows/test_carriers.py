"""`tunnel_parents`: which tunnels a flow came through, whatever became of them meanwhile."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from sensor.flows import carriers
from sensor.flows.carriers import REMEMBERED, Carriers, flow_uids
from sensor.flows.row import (
    CARRIER,
    FIRST_SEQ,
    FLAGS,
    IS_CARRIER,
    KEY_A_HIGH,
    KEY_REST,
    PACKETS,
    SERIAL,
    SIDE,
    SIDES,
    START,
    TUNNEL_NOW,
    WORDS,
)
from sensor.flows.row import LAST as LAST_SEEN
from sensor.flows.walk import MAX_CHANGES
from tests.frames import (
    CLIENT,
    SECOND,
    SERVER,
    UDP_ENDS,
    Ends,
    Packet,
    Talk,
    back,
    conn,
    ethernet,
    flows,
    in_order,
    ip,
    ipv4,
    timed,
    udp,
    udp_datagram,
)
from tests.frames import START as BEGIN

DAY = 86_400 * SECOND


def rows_of(*given: dict[int, int]) -> Any:
    """Rows of flows: word by word, the rest zero."""
    rows = np.zeros((len(given), WORDS), np.int64)
    for place, words in enumerate(given):
        for word, value in words.items():
            rows[place, word] = value
    return rows


def tunnel(serial: int, **more: int) -> dict[int, int]:
    """A tunnel; its key is made of its serial number."""
    return {SERIAL: serial, FLAGS: IS_CARRIER, KEY_REST: serial, START: 100}


def inside(serial: int, carrier: int, place: int, changes: int = 0) -> dict[int, int]:
    """A flow that began in the tunnel with this serial number, which was in row `place` then."""
    words = {SERIAL: serial, SIDES + CARRIER: carrier, SIDES + SIDE + CARRIER: place}
    return words | {SIDES + SIDE + TUNNEL_NOW: changes}


def uid(serial: int) -> str:
    return str(flow_uids(rows_of(tunnel(serial)))[0])


def parents(book: Carriers, rows: Any, table: Any) -> list[list[str] | None]:
    found = book.parents(rows, table)
    assert found.dtype == pl.List(pl.String)
    return found.to_list()


def test_a_uid_is_made_of_what_does_not_change_in_the_life_of_a_flow() -> None:
    fixed = [*range(KEY_A_HIGH, KEY_REST + 1), START, SIDES + FIRST_SEQ, SIDES + SIDE + FIRST_SEQ]
    moving = [SERIAL, LAST_SEEN, FLAGS, SIDES + PACKETS, SIDES + CARRIER, SIDES + TUNNEL_NOW]
    base = {word: word + 1000 for word in range(WORDS)}
    rows = rows_of(base, *({**base, word: 7} for word in fixed + moving))
    found = flow_uids(rows).to_list()
    assert found[0] not in found[1 : 1 + len(fixed)]
    assert len(set(found)) == 1 + len(fixed)
    assert found[1 + len(fixed) :] == [found[0]] * len(moving)


def test_flows_outside_of_tunnels_have_no_parents() -> None:
    table = rows_of({}, {SERIAL: 1}, {SERIAL: 2})
    assert parents(Carriers(), table[1:], table) == [None, None]
    assert parents(Carriers(), table[:0], table) == []


def test_an_open_tunnel_is_named_by_its_row() -> None:
    table = rows_of({}, tunnel(1), inside(2, 1, 1), {SERIAL: 3}, tunnel(4), inside(5, 4, 4))
    found = parents(Carriers(), table[[2, 3, 5, 2]], table)
    assert found == [[uid(1)], None, [uid(4)], [uid(1)]]


def test_a_tunnel_that_ended_is_named_from_memory_whoever_has_its_row_now() -> None:
    book = Carriers()
    book.remember(rows_of(tunnel(1)))
    for successor in ({SERIAL: 9}, tunnel(9), {}):
        table = rows_of({}, successor, inside(2, 1, 1))
        assert parents(book, table[2:], table) == [[uid(1)]]


def test_a_tunnel_of_which_nothing_is_known_any_more_is_not_named_by_its_successor() -> None:
    table = rows_of({}, tunnel(9), inside(2, 1, 1), inside(3, 9, 1))
    assert parents(Carriers(), table[2:], table) == [None, [uid(9)]]


def test_only_tunnels_are_remembered() -> None:
    book = Carriers()
    flow = tunnel(1) | {FLAGS: ~IS_CARRIER & 0xFFF}
    book.remember(rows_of(flow, tunnel(2)))
    table = rows_of({}, inside(5, 1, 0), inside(6, 2, 0))
    assert parents(book, table[1:], table) == [None, [uid(2)]]


def test_beyond_the_limit_the_tunnels_that_ended_first_are_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert REMEMBERED >= 10_000
    monkeypatch.setattr(carriers, "REMEMBERED", 3)
    table = rows_of({}, *(inside(10 + serial, serial, 0) for serial in range(1, 8)))

    def known(book: Carriers) -> list[int]:
        named = parents(book, table[1:], table)
        expected = [None if one is None else [uid(serial)] for serial, one in enumerate(named, 1)]
        assert named == expected
        return [serial for serial, one in enumerate(named, 1) if one is not None]

    book = Carriers()
    book.remember(rows_of(tunnel(5), tunnel(2), tunnel(7)))
    assert known(book) == [2, 5, 7]
    book.remember(rows_of())
    assert known(book) == [2, 5, 7]
    book.remember(rows_of(tunnel(1)))
    assert known(book) == [1, 2, 7]
    book.remember(rows_of(tunnel(3), tunnel(4)))
    assert known(book) == [1, 3, 4]
    at_once = Carriers()
    at_once.remember(rows_of(*(tunnel(serial) for serial in range(1, 8))))
    assert known(at_once) == [5, 6, 7]


def change(book: Carriers, table: Any, *changes: tuple[int, int, int]) -> None:
    rows = [(*change, 0) for change in changes] + [(0, 1, 1, 0)]  # and a new flow in a tunnel
    book.change(np.array(rows, np.int64), table)


def test_further_tunnels_follow_the_first_in_their_order_and_each_once() -> None:
    book = Carriers()
    tunnels = [tunnel(serial) for serial in (1, 2, 3)]
    table = rows_of({}, *tunnels, inside(7, 2, 2, 4), inside(8, 2, 2))
    change(book, table, (7, 3, 3), (7, 2, 2), (7, 1, 1), (7, 3, 3))
    assert parents(book, table[4:], table) == [[uid(2), uid(3), uid(1)], [uid(2)]]


def test_a_flow_that_began_outside_has_the_tunnels_that_it_came_through_later() -> None:
    book = Carriers()
    table = rows_of({}, tunnel(1), {SERIAL: 7, SIDES + SIDE + TUNNEL_NOW: 1})
    change(book, table, (7, 1, 1))
    assert parents(book, table[2:], table) == [[uid(1)]]


def test_a_flow_that_only_left_its_tunnel_keeps_it() -> None:
    table = rows_of({}, tunnel(1), inside(7, 1, 1, 1))
    assert parents(Carriers(), table[2:], table) == [[uid(1)]]


def test_changes_of_several_batches_are_added_up() -> None:
    book = Carriers()
    table = rows_of({}, tunnel(1), tunnel(2), tunnel(3), inside(7, 1, 1, 2))
    change(book, table, (7, 2, 2))
    change(book, table)
    change(book, table, (7, 3, 3))
    assert parents(book, table[4:], table) == [[uid(1), uid(2), uid(3)]]


def test_a_change_names_the_tunnel_even_when_it_ended_and_nothing_when_it_is_unknown() -> None:
    book = Carriers()
    book.remember(rows_of(tunnel(2)))
    table = rows_of({}, tunnel(1), {SERIAL: 9}, inside(7, 1, 1, 2), inside(8, 0, 0, 1))
    change(book, table, (7, 2, 2), (7, 3, 2), (8, 3, 2))
    assert parents(book, table[3:], table) == [[uid(1), uid(2)], None]


def test_changes_of_a_flow_that_was_handed_out_are_not_kept() -> None:
    book = Carriers()
    table = rows_of({}, tunnel(1), tunnel(2), inside(7, 1, 1, 1))
    change(book, table, (7, 2, 2))
    assert parents(book, table[3:], table) == [[uid(1), uid(2)]]
    assert not book._later


# From here on by packets.

GATES = ("10.9.0.1", "10.9.0.2")
INNER = ipv4(udp_datagram(UDP_ENDS, b"12345"), protocol=17)


def gre(inner: bytes, ends: tuple[str, str] = GATES) -> bytes:
    return ip(b"\0\0\x08\0" + inner, *ends, 47)


def vxlan(inner: bytes, number: int = 1) -> bytes:
    """VXLAN between two gateways; each number is a tunnel of its own."""
    ends: Ends = (f"10.8.0.{number}", 50_000, "10.8.1.1", 4789)
    return ip(udp_datagram(ends, b"\x08" + bytes(7) + ethernet(inner)), ends[0], ends[2], 17)


def by_source(rows: list[dict[str, Any]], source: str = CLIENT) -> dict[str, Any]:
    (row,) = [row for row in rows if row["orig_h"] == source]
    return row


def carried(packets: list[Packet], number: int | None) -> list[Packet]:
    """The packets inside VXLAN, or as they are."""
    if number is None:
        return packets
    return [one._replace(data=ethernet(vxlan(one.data[14:], number))) for one in packets]


def through(*numbers: int | None, every: int = 1) -> list[Packet]:
    """Datagrams of one flow, each through the tunnel of this number, None: through none."""
    found = []
    for place, number in enumerate(numbers):
        one = Packet(BEGIN + place * every * SECOND, ethernet(INNER))
        found += carried([one], number)
    return found


def named(rows: list[dict[str, Any]]) -> list[int] | None:
    """The numbers of the tunnels that the one inner flow came through."""
    uids = {row["uid"]: int(row["orig_h"].split(".")[3]) for row in rows if row["resp_p"] == 4789}
    of_flow = by_source(rows)["tunnel_parents"]
    return None if of_flow is None else [uids[one] for one in of_flow]


def test_the_parent_of_a_flow_in_vxlan_is_the_record_of_its_datagrams() -> None:
    rows = flows(through(1))
    assert named(rows) == [1]
    assert [row["tunnel_parents"] for row in rows if row["resp_p"] == 4789] == [None]


def test_the_tunnel_of_a_flow_in_gre_has_no_record_and_one_uid_for_both_directions() -> None:
    answer = ipv4(udp_datagram(back(UDP_ENDS), b"1"), SERVER, CLIENT, 17)
    other = ipv4(udp_datagram((SERVER, 1, CLIENT, 2), b"1"), SERVER, CLIENT, 17)
    away = (GATES[0], "10.9.0.3")
    packets = timed(*map(ethernet, [gre(INNER), gre(answer, GATES[::-1]), gre(other, GATES[::-1])]))
    packets += timed(ethernet(gre(ipv4(b"", "10.3.0.1", protocol=99), away)), start=BEGIN + SECOND)
    first, second, third = flows(packets)
    assert first["tunnel_parents"] == second["tunnel_parents"]
    assert len(first["tunnel_parents"]) == len(third["tunnel_parents"]) == 1
    assert first["tunnel_parents"] != third["tunnel_parents"]
    assert not {*first["tunnel_parents"]} & {first["uid"], second["uid"], third["uid"]}


def test_gre_in_udp_is_the_tunnel_of_its_hosts_and_not_the_flow_of_its_datagrams() -> None:
    ends: Ends = (GATES[0], 50_000, GATES[1], 4754)
    packet = ip(udp_datagram(ends, b"\0\0\x08\0" + INNER), *GATES, 17)
    rows = flows(timed(ethernet(packet), ethernet(gre(INNER))))
    (parent,) = by_source(rows)["tunnel_parents"]
    assert parent not in [row["uid"] for row in rows]


def test_only_the_innermost_tunnel_is_the_parent() -> None:
    rows = flows(timed(ethernet(vxlan(vxlan(INNER, 1), 2))))
    assert named(rows) == [1]
    outer = by_source(rows, "10.8.0.2")
    assert by_source(rows, "10.8.0.1")["tunnel_parents"] == [outer["uid"]]
    assert outer["tunnel_parents"] is None
    mixed = flows(timed(ethernet(vxlan(gre(INNER), 2))))
    assert by_source(mixed)["tunnel_parents"] != [mixed[0]["uid"]]


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ((1, 1), [1]),
        ((1, 2), [1, 2]),
        ((2, 1), [2, 1]),
        ((1, 2, 1, 2), [1, 2]),
        ((None, 1), [1]),
        ((None, 2, 1), [2, 1]),
        ((1, None), [1]),
        ((1, None, 1), [1]),
        ((1, None, 2), [1, 2]),
        ((None, None), None),
        ((1, 2, 3, 4, 5, 6), [1, 2, 3, 4, 5, 6]),
    ],
)
def test_the_tunnels_of_a_flow_are_named_in_the_order_in_which_it_came_through_them(
    numbers: tuple[int | None, ...], expected: list[int] | None
) -> None:
    rows = flows(through(*numbers))
    assert named(rows) == expected
    row = by_source(rows)
    assert (row["orig_pkts"], row["history"]) == (len(numbers), "D")


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ((1, 2, 3, 4, 5, 6, 7, 8), [1, 2, 3, 4, 5, 6]),
        ((1, 2, 1, 2, 1, 2, 3), [1, 2]),
        ((1, None, 1, None, 1, None, 2), [1]),
        ((None, 1, 2, 3, 4, 5, 6), [1, 2, 3, 4, 5]),
    ],
)
def test_after_five_changes_no_tunnel_is_added_and_the_history_says_so_once(
    numbers: tuple[int | None, ...], expected: list[int]
) -> None:
    assert MAX_CHANGES == 5
    rows = flows(through(*numbers))
    assert named(rows) == expected
    row = by_source(rows)
    assert (row["orig_pkts"], row["history"]) == (len(numbers), "DX")


def others(count: int, start: int) -> list[Packet]:
    """So many flows of a datagram each, between other hosts."""
    return [
        Packet(start + k, udp((f"10.7.{k >> 8}.{k & 255}", 1, SERVER, 9999), b"x"))
        for k in range(count)
    ]


def positions(table: pl.DataFrame, column: str, value: Any) -> list[int]:
    return [place for place, one in enumerate(table[column]) if one == value]


MANY = 4200  # more flows than are handed out at once, so that some are while others are open


def test_a_tunnel_that_ended_and_was_handed_out_before_its_flow_is_still_its_parent() -> None:
    # Without datagrams VXLAN ends after a minute, what it carries after five.
    talk = Talk().handshake()
    crowd = others(MANY, BEGIN + SECOND) + others(MANY, BEGIN + 100 * SECOND)
    last = [Packet(BEGIN + 250 * SECOND, udp((SERVER, 1, CLIENT, 2), b"x"))]
    table = conn(in_order(carried(talk.packets, 3), crowd, last))
    (outer,), (inner,) = positions(table, "resp_p", 4789), positions(table, "proto", "tcp")
    assert outer < inner
    assert table["tunnel_parents"][inner].to_list() == [table["uid"][outer]]
    assert table["tunnel_parents"].is_null().sum() == len(table) - 1


def test_a_tunnel_with_the_same_ends_as_one_that_ended_is_another_parent() -> None:
    talk = Talk().handshake().client("PA", b"x", after=100)
    crowd = others(MANY, BEGIN + SECOND)
    table = conn(in_order(carried(talk.packets, 3), crowd))
    outer, (inner,) = positions(table, "resp_p", 4789), positions(table, "proto", "tcp")
    uids = [table["uid"][place] for place in outer]
    assert len(set(uids)) == 2
    assert table["tunnel_parents"][inner].to_list() == uids


def test_a_change_to_a_tunnel_that_ended_before_the_flow_is_remembered() -> None:
    talk = Talk().handshake()
    first, second = carried(talk.packets[:2], 3), carried(talk.packets[2:], 4)
    crowd = others(MANY, BEGIN + SECOND) + others(MANY, BEGIN + 100 * SECOND)
    table = conn(in_order(first, second, crowd))
    outer, (inner,) = positions(table, "resp_p", 4789), positions(table, "proto", "tcp")
    sources = {table["orig_h"][place]: table["uid"][place] for place in outer}
    assert table["tunnel_parents"][inner].to_list() == [sources["10.8.0.3"], sources["10.8.0.4"]]


def test_a_tunnel_of_two_hosts_lives_a_day_without_packets_and_then_is_another() -> None:
    """It ends by its own time, whatever its flows do; it never has a record."""
    found = []
    for wait in (DAY - SECOND, DAY):
        pings = [Packet(BEGIN + wait, ethernet(gre(INNER)))]
        table = conn([Packet(BEGIN, ethernet(gre(INNER))), *pings])
        assert table["orig_h"].to_list() == [CLIENT] * 2
        found.append(table["tunnel_parents"].explode().n_unique())
    assert found == [1, 2]


def test_a_flow_that_outlives_the_tunnel_of_two_hosts_keeps_its_name() -> None:
    begin = [Packet(BEGIN, ethernet(gre(INNER)))]
    # It goes on outside of the tunnel, for longer than the tunnel lives.
    beats = [Packet(BEGIN + k * 50 * SECOND, ethernet(INNER)) for k in range(1, 1800)]
    crowd = others(MANY, BEGIN + DAY + 60 * SECOND)
    row = conn(in_order(begin, beats, crowd)).filter(pl.col("orig_h") == CLIENT)
    assert row["orig_pkts"].to_list() == [1800]
    short = by_source(flows(begin))
    assert row["tunnel_parents"].to_list() == [short["tunnel_parents"]]


def test_the_same_capture_gives_the_same_parents_wherever_it_is_cut_into_blocks() -> None:
    packets = through(1, 2, None, 1) + timed(ethernet(gre(INNER)), start=BEGIN + 10 * SECOND)
    expected = by_source(flows(packets))["tunnel_parents"]
    assert len(expected) == 3
    for cut in range(1, len(packets)):
        assert by_source(flows(packets, cuts=[cut]))["tunnel_parents"] == expected


def test_parents_are_named_without_payload_columns_too() -> None:
    assert named(flows(through(1, 2), payloads=False)) == [1, 2]


def test_the_fields_of_a_carrier_are_not_those_of_the_packet_that_it_carries() -> None:
    """Its own hosts and ports, and the length of the outer packet."""
    rows = flows(through(1))
    outer = by_source(rows, "10.8.0.1")
    inner = by_source(rows)
    assert (outer["orig_p"], outer["resp_h"], outer["resp_p"]) == (50_000, "10.8.1.1", 4789)
    assert outer["orig_ip_bytes"] == inner["orig_ip_bytes"] + 20 + 8 + 8 + 14
