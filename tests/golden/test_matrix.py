"""A golden matrix: what becomes of every kind of TCP conversation, however it is carried.

The expected records are composed of the tables; the rules of composition are in `expected`.
"""

from __future__ import annotations

from functools import cache
from itertools import product
from typing import Any, NamedTuple

import polars as pl
import pytest

from tests.frames import START, Packet, conn, in_order, tcp_segment
from tests.golden.builder import (
    CARRIAGES,
    CLIENT,
    EVERY,
    HEADER,
    MICROSECOND,
    MILLISECOND,
    OPTIONS,
    SERVER,
    Conversation,
    addresses,
    fragments,
    gateways,
    packets,
)
from tests.golden.tables import DATA, ENDINGS, EXCEPTIONS, HANDSHAKES, PORT, STATES

Combination = tuple[str, str, str]  # names of handshake, data, ending
COMBINATIONS: list[Combination] = list(product(HANDSHAKES, DATA, ENDINGS))
Parties = frozenset[tuple[str, int]]  # both ends of a connection


class Record(NamedTuple):
    """The columns that are compared; times and durations in nanoseconds."""

    proto: str
    orig_h: str
    orig_p: int
    resp_h: str
    resp_p: int
    ts: int
    duration: int | None
    conn_state: str
    history: str
    missed_bytes: int
    orig_bytes: int | None
    resp_bytes: int | None
    orig_pkts: int
    resp_pkts: int
    orig_ip_bytes: int
    resp_ip_bytes: int


def start(number: int) -> int:
    """When a conversation begins: they run beside each other, and end before any timer.

    No two of their segments are less than 100 µs apart.
    """
    return START + number * 1001 * MICROSECOND


def once(letters: str) -> str:
    """§7: A and D are written once per side, at their first packet."""
    kept = ""
    for letter in letters:
        kept += "" if letter in "AaDd" and letter in kept else letter
    return kept


def exceptions(combination: Combination) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for row in EXCEPTIONS:
        choices = zip((row.handshakes, row.data, row.endings), combination, strict=True)
        if all(name in names or not names for names, name in choices):
            fields |= row.fields
    return fields


def history(combination: Combination) -> str:
    """The letters of the parts, one after the other.

    §9: gaps are reported "only if both endpoints are ESTABLISHED, or CLOSED with previous state
    ESTABLISHED". §7: "upper case = originator".
    """
    handshake, data, ending = parts(combination)
    rest = data.letters + (ending.late if "late" in combination[1] else ending.letters)
    if not handshake.clean:
        rest = rest.replace("G", "").replace("g", "")
    return once(handshake.letters + (rest.swapcase() if handshake.originator == SERVER else rest))


def parts(combination: Combination) -> tuple[Any, Any, Any]:
    handshake, data, ending = combination
    return HANDSHAKES[handshake], DATA[data], ENDINGS[ending]


def counts(combination: Combination) -> tuple[list[int], list[int]]:
    """Packets, and payload in them, of client and server."""
    handshake, data, ending = parts(combination)
    sums = zip(handshake.packets, data.packets, ending.packets, strict=True)
    return [sum(one) for one in sums], list(data.payload)


def expected(number: int, combination: Combination, version: int, below: int) -> Record:
    """The record of a combination.

    Packets, payload and letters of the parts add up; conn_state is in the table; the duration
    ends before what comes after both have closed; every IP packet has the headers below TCP and
    TCP's; a hole is missed exactly where the history says so. Then the exceptions.
    """
    handshake, data, ending = parts(combination)
    number_of, payload = counts(combination)
    letters = history(combination)
    fields: dict[str, Any] = {
        "conn_state": STATES[handshake.ends].split()[list(ENDINGS).index(combination[2])],
        "duration": (sum(number_of) - ending.after - 1) * EVERY,
        "client_bytes": data.size[CLIENT],
        "server_bytes": data.size[SERVER],
    } | exceptions(combination)
    octets = [number_of[k] * (below + HEADER) + payload[k] for k in (CLIENT, SERVER)]
    orig, resp = handshake.originator, 1 - handshake.originator
    size = (fields["client_bytes"], fields["server_bytes"])
    hosts, ports = addresses(number, version), (40000, handshake.port)
    return Record(
        "tcp", hosts[orig], ports[orig], hosts[resp], ports[resp], start(number),
        fields["duration"], fields["conn_state"], letters,
        data.hole if "g" in letters.lower() else 0, size[orig], size[resp],
        number_of[orig], number_of[resp], octets[orig], octets[resp],
    )  # fmt: skip


def expected_tunnel(number: int, combination: Combination) -> Record:
    """The UDP flow of a VXLAN tunnel: each frame with an Ethernet header and one of VXLAN.

    §3: both ports are likely server ports, so the first sender is the originator. §6: S0 if only
    that side sent, SF if both. §8: UDP payload by header; unset for a single packet.
    """
    segments = HANDSHAKES[combination[0]].segments
    orig, resp = segments[0].side, 1 - segments[0].side
    number_of, payload = counts(combination)
    size = [number_of[k] * (8 + 14 + 20 + HEADER) + payload[k] for k in (CLIENT, SERVER)]
    ends = (gateways(number)[:2], gateways(number)[2:])
    total = sum(number_of)
    lasting = total > 1
    return Record(
        "udp", *ends[orig], *ends[resp], start(number), (total - 1) * EVERY if lasting else None,
        "SF" if number_of[resp] else "S0", "Dd" if number_of[resp] else "D", 0,
        size[orig] if lasting else None, size[resp] if lasting else None,
        number_of[orig], number_of[resp],
        size[orig] + 28 * number_of[orig], size[resp] + 28 * number_of[resp],
    )  # fmt: skip


def conversation(number: int, combination: Combination) -> Conversation:
    handshake, data, ending = parts(combination)
    segments = (*handshake.segments, *data.segments, *ending.segments)
    return Conversation(number, handshake.port, segments, data.first, start(number))


@cache
def capture(name: str) -> list[Packet]:
    """All conversations in one capture, carried the same way."""
    carriage, version, _ = CARRIAGES[name]
    return in_order(
        *(packets(conversation(*one), carriage, version) for one in enumerate(COMBINATIONS))
    )


@cache
def table(name: str) -> pl.DataFrame:
    """The conn table of the capture, read with checksums verified."""
    times = [pl.col("ts").cast(pl.Int64), pl.col("duration").cast(pl.Int64)]
    return conn(capture(name), verify=True).with_columns(times)


def parties(row: Any) -> Parties:
    return frozenset(((row[1], row[2]), (row[3], row[4])))


@cache
def records(name: str) -> dict[Parties, list[Record]]:
    found: dict[Parties, list[Record]] = {}
    for row in table(name).select(Record._fields).iter_rows():
        found.setdefault(parties(row), []).append(Record(*row))
    return found


def differences(wanted: Record, found: list[Record]) -> str:
    """In what the rows that were found differ from the one that is wanted; empty if in nothing."""
    if len(found) != 1:
        return f"{len(found)} records {[(one.conn_state, one.history) for one in found]}"
    pairs = zip(Record._fields, wanted, found[0], strict=True)
    return ", ".join(f"{name} {b!r} instead of {a!r}" for name, a, b in pairs if a != b)


def wrong(name: str, rows: dict[Combination, Record]) -> list[str]:
    compared = ((one, differences(row, records(name).get(parties(row), [])))
                for one, row in rows.items())  # fmt: skip
    return [f"{' | '.join(one)}: {text}" for one, text in compared if text]


@pytest.mark.parametrize("handshake", HANDSHAKES)
@pytest.mark.parametrize("name", CARRIAGES)
def test_every_conversation_has_the_record_of_the_tables(name: str, handshake: str) -> None:
    _, version, below = CARRIAGES[name]
    numbered = [one for one in enumerate(COMBINATIONS) if one[1][0] == handshake]
    rows = {one: expected(number, one, version, below) for number, one in numbered}
    assert wrong(name, rows) == []


def test_every_vxlan_tunnel_has_a_record_of_its_own() -> None:
    rows = {one: expected_tunnel(number, one) for number, one in enumerate(COMBINATIONS)}
    assert wrong("VXLAN", rows) == []


@pytest.mark.parametrize("name", CARRIAGES)
def test_there_are_no_other_records(name: str) -> None:
    assert len(table(name)) == len(COMBINATIONS) * (2 if name == "VXLAN" else 1)


@pytest.mark.parametrize("name", CARRIAGES)
def test_records_name_the_tunnel_that_they_came_through(name: str) -> None:
    rows = table(name)
    inner = rows.filter(proto="tcp")
    parents = inner["tunnel_parents"]
    if name == "GRE":
        (uids,) = set(map(tuple, parents.to_list()))  # one tunnel, which has no record
        assert len(uids) == 1
        assert uids[0] not in rows["uid"]
    elif name == "VXLAN":
        outer = {row[0]: row[1] for row in rows.filter(proto="udp").select("ts", "uid").iter_rows()}
        assert parents.to_list() == [[outer[ts]] for ts in inner["ts"]]
    else:
        assert parents.null_count() == len(inner)


@pytest.mark.parametrize("hosts", [9, 100])
def test_datagrams_of_many_hosts_are_put_together_at_the_same_time(hosts: int) -> None:
    """§13: a datagram waits five minutes for its fragments, whatever else arrives."""
    firsts, lasts = [], []
    for host in range(hosts):
        ends = (f"10.0.{host}.1", 40000, "192.0.2.1", PORT)
        segment = tcp_segment(ends, "PA", 1, 1, bytes(100), options=OPTIONS)
        (_, first), (_, last) = fragments(host, ends, segment, 7)
        firsts.append(Packet(START + host * MICROSECOND, first))
        lasts.append(Packet(START + MILLISECOND + host * MICROSECOND, last))
    rows = conn([*firsts, *lasts], verify=True)
    assert rows["orig_ip_bytes"].to_list() == [20 + HEADER + 100] * hosts


def test_the_matrix_is_large_and_its_parts_all_differ() -> None:
    assert len(COMBINATIONS) * len(CARRIAGES) >= 1500
    assert all(len(row.split()) == len(ENDINGS) for row in STATES.values())
    assert {one.ends for one in HANDSHAKES.values()} == set(STATES)
    said = {conversation(0, one) for one in COMBINATIONS}
    assert len(said) == len(COMBINATIONS)
