"""The conn table: what each column says of a flow that ended."""

from __future__ import annotations

import re
from datetime import timedelta
from itertools import product
from typing import Any

import numpy as np
import polars as pl
import pytest

from parsers.addresses import Networks
from parsers.schema import CONN, CONN_EXTRA, polars_schema
from sensor.flows.conn import conn_table
from sensor.flows.history import ALPHABET, RESPONDER, append
from sensor.flows.row import (
    FLAGS,
    KEY_REST,
    LAST,
    ORIGINATOR,
    PAYLOAD,
    SIDE,
    SIDES,
    START,
    STATE,
    WORDS,
)
from tests.frames import (
    CLIENT,
    CLIENT6,
    SERVER,
    SERVER6,
    UDP_ENDS,
    Packet,
    Talk,
    back,
    conn,
    ethernet,
    flow,
    flows,
    icmp,
    ipv4,
    tcp,
    timed,
    udp,
)
from tests.frames import (
    START as T0,
)

TCP, UDP = 6, 17
INACTIVE, SYN_SENT, SYN_ACK_SENT, PARTIAL, ESTABLISHED, CLOSED, RESET = range(7)
STATES = range(7)
HISTORIES = (
    "",
    "S",
    "Sr",
    "SR",
    "^SR",
    "SDR",
    "SAR",
    "ShR",
    "SaR",
    "ShADadFf",
    "^hADR",
    "R",
    "DR",
    "SCTWR",
)


def specified(o: int, r: int, sent: int, received: int, history: str) -> str:
    """The list of section 6 of how Zeek computes conn_state; the first that holds."""
    handshake, inactive = (SYN_SENT, SYN_ACK_SENT), (INACTIVE, PARTIAL)
    stealth = re.fullmatch(r"\^?S[^HAFGIQ]*R.*", history)
    if r == RESET and (o in handshake or (o == RESET and sent == received == 0)):
        return "REJ"
    if r == RESET:
        return "RSTRH" if o in inactive else "RSTR"
    if o == RESET and r in inactive:
        return "RSTOS0" if stealth else "OTH"
    if o == RESET:
        return "RSTO"
    if o == CLOSED:
        return "SF" if r == CLOSED else "SH" if r in inactive else "S2"
    if r == CLOSED:
        return "SHR" if o in inactive else "S3"
    if (o, r) == (SYN_SENT, INACTIVE):
        return "S0"
    return "S1" if (o, r) == (ESTABLISHED, ESTABLISHED) else "OTH"


def rows_of(cases: list[tuple[int, int, int, int, str]], protocol: int, swapped: int) -> np.ndarray:
    """Rows of flows in these states; `swapped`: whether side 1 is the originator."""
    rows = np.zeros((len(cases), WORDS), np.int64)
    orig, resp = SIDES + swapped * SIDE, SIDES + (1 - swapped) * SIDE
    for place, (o, r, sent, received, history) in enumerate(cases):
        rows[place, KEY_REST] = protocol * 2 << 32
        rows[place, FLAGS] = ORIGINATOR * swapped
        rows[place, [orig + STATE, resp + STATE]] = o, r
        rows[place, [orig + PAYLOAD, resp + PAYLOAD]] = sent, received
        for letter in history:
            number = ALPHABET.index(letter.upper()) + 1 + RESPONDER * letter.islower()
            append(rows.data, place, number)
    return rows


@pytest.mark.parametrize("swapped", [0, 1])
def test_the_state_of_a_tcp_connection_is_the_first_of_zeeks_list_that_holds(swapped: int) -> None:
    cases = list(product(STATES, STATES, (0, 1), (0, 1), HISTORIES))
    table = conn_table(rows_of(cases, TCP, swapped), Networks([]))
    assert table["conn_state"].to_list() == [specified(*case) for case in cases]
    assert table["history"].to_list() == [case[-1] or None for case in cases]


@pytest.mark.parametrize(
    ("sent", "received", "state", "octets"),
    [
        (-1, -1, "OTH", (0, 0)),
        (0, -1, "S0", (0, 0)),
        (-1, 0, "SHR", (0, 0)),
        (0, 0, "SF", (0, 0)),
        (5, 7, "SF", (5, 7)),
        (-4, 7, "SHR", (0, 7)),
    ],
)
def test_the_state_of_udp_says_who_spoke(
    sent: int, received: int, state: str, octets: tuple[int, int]
) -> None:
    rows = rows_of([(0, 0, sent, received, "")], UDP, 0)
    rows[0, [START, LAST]] = T0, T0 + 1
    (row,) = conn_table(rows, Networks([])).to_dicts()
    assert (row["conn_state"], row["orig_bytes"], row["resp_bytes"]) == (state, *octets)


@pytest.mark.parametrize("protocol", [1, 58, 50, 132])
def test_other_protocols_have_no_state(protocol: int) -> None:
    table = conn_table(rows_of([(0, 0, 5, 5, "")], protocol, 0), Networks([]))
    assert table["conn_state"].to_list() == ["OTH"]


def test_a_table_has_the_columns_and_types_of_the_schema() -> None:
    rows = rows_of([(0, 0, -1, -1, "")], TCP, 0)
    assert dict(conn_table(rows, Networks([])).schema) == polars_schema(CONN)


def test_no_flows_are_a_table_without_rows() -> None:
    table = conn_table(np.zeros((0, WORDS), np.int64), Networks(["10.0.0.0/8"]))
    assert dict(table.schema) == polars_schema(CONN)
    assert len(table) == 0


def test_a_run_gives_zeeks_columns_and_ours_in_the_types_of_the_schema() -> None:
    table = conn(timed(udp(UDP_ENDS, b"x")))
    assert dict(table.schema) == dict(polars_schema(CONN) | polars_schema(CONN_EXTRA))


def test_a_flow_of_one_instant_has_no_duration_and_no_bytes() -> None:
    for packets in (timed(udp(UDP_ENDS, b"x")), timed(*[udp(UDP_ENDS, b"x")] * 3, every=0)):
        row = flow(packets)
        assert (row["duration"], row["orig_bytes"], row["resp_bytes"]) == (None, None, None)
        assert (row["orig_pkts"], row["orig_ip_bytes"]) == (len(packets), 29 * len(packets))


def test_a_flow_of_a_nanosecond_has_a_duration() -> None:
    packets = [Packet(T0, udp(UDP_ENDS, b"x")), Packet(T0 + 1, udp(UDP_ENDS, b"y"))]
    table = conn(packets)
    assert table["duration"].cast(pl.Int64).to_list() == [1]
    assert table["orig_bytes"].to_list() == [2]


def test_times_are_nanoseconds_in_utc() -> None:
    ns = 1_700_000_000_123_456_789
    table = conn([Packet(ns, udp(UDP_ENDS, b"x")), Packet(ns + 1_000_000_007, udp(UDP_ENDS))])
    assert table["ts"].cast(pl.Int64).to_list() == [ns]
    assert table["duration"].cast(pl.Int64).to_list() == [1_000_000_007]


def test_the_start_is_the_first_packet_and_the_end_the_last_though_times_go_back() -> None:
    packets = [Packet(T0 + at * 1_000_000, udp(UDP_ENDS, b"x")) for at in (0, 500, 200)]
    assert flow(packets)["duration"] == timedelta(milliseconds=200)


def protocols() -> dict[str, tuple[bytes, dict[str, Any]]]:
    unknown = ethernet(ipv4(b"12345678", CLIENT, SERVER, 50))
    return {
        "tcp": (tcp(UDP_ENDS, "S"), {"proto": "tcp", "ip_proto": 6, "orig_p": 40000}),
        "udp": (udp(UDP_ENDS), {"proto": "udp", "ip_proto": 17, "resp_p": 9999}),
        "icmp": (icmp(CLIENT, SERVER, 8), {"proto": "icmp", "ip_proto": 1, "orig_p": 8}),
        "icmpv6": (icmp(CLIENT6, SERVER6, 128), {"proto": "icmp", "ip_proto": 58, "resp_p": 129}),
        "esp": (unknown, {"proto": "unknown_transport", "ip_proto": 50, "orig_p": 0, "resp_p": 0}),
    }


@pytest.mark.parametrize("name", protocols())
def test_a_protocol_has_its_name_number_and_ports(name: str) -> None:
    frame, expected = protocols()[name]
    row = flow(timed(frame))
    assert {column: row[column] for column in expected} == expected
    assert row["conn_state"] in ("OTH", "S0")
    assert (row["service"], row["tunnel_parents"]) == (None, None)


def test_local_addresses_are_those_of_the_networks_given() -> None:
    packets = timed(udp(("10.1.1.1", 1, "11.1.1.1", 2)), udp(("fd00::1", 1, "fe80::1", 2)))
    rows = flows(packets, local=["10.0.0.0/8", "fe80::/10"])
    assert [(row["local_orig"], row["local_resp"]) for row in rows] == [
        (True, False),
        (False, True),
    ]
    rows = flows(packets, local=[])
    assert {row[f"local_{side}"] for row in rows for side in ("orig", "resp")} == {False}


def test_addresses_are_written_in_canonical_form() -> None:
    ends = ("2001:db8:0:0:1:0:0:1", 1, "::", 2)
    row = flow(timed(udp(ends)))
    assert (row["orig_h"], row["resp_h"]) == ("2001:db8::1:0:0:1", "::")
    row = flow(timed(udp(("0.0.0.0", 68, "255.255.255.255", 67))))
    assert (row["orig_h"], row["resp_h"]) == ("0.0.0.0", "255.255.255.255")


def test_the_highest_address_is_side_1_and_may_be_the_originator() -> None:
    for ends in (UDP_ENDS, back(UDP_ENDS)):
        row = flow(timed(udp(ends, b"ab"), udp(back(ends), b"abc"), udp(ends, b"c")))
        assert (row["orig_h"], row["orig_p"], row["resp_h"], row["resp_p"]) == ends
        assert (row["orig_pkts"], row["resp_pkts"]) == (2, 1)
        assert (row["orig_bytes"], row["resp_bytes"]) == (3, 3)
        assert (row["orig_ip_bytes"], row["resp_ip_bytes"]) == (2 * 28 + 3, 28 + 3)


def test_a_conversation_is_described_as_zeek_describes_it() -> None:
    talk = Talk().handshake().client("PA", b"12345").server("A").server("PA", b"123")
    talk.client("A").client("FA").server("FA").client("A")
    row = flow(talk.packets)
    assert row["duration"] == timedelta(milliseconds=800)
    expected = {
        "orig_bytes": 5, "resp_bytes": 3, "conn_state": "SF", "missed_bytes": 0,
        "history": "ShADadFf", "orig_pkts": 6, "orig_ip_bytes": 6 * 40 + 5, "resp_pkts": 4,
        "resp_ip_bytes": 4 * 40 + 3, "local_orig": True, "local_resp": False, "frame": 1,
    }  # fmt: skip
    assert {name: row[name] for name in expected} == expected
