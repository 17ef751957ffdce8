"""The table `tunnel`: when tunnels are discovered, when they close, and when they expire."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

import pytest

from parsers.addresses import Networks
from parsers.kernel import checked
from parsers.weirds import WEIRDS
from sensor.flows import tunnels
from sensor.flows.tracker import FlowTracker
from tests.frames import (
    CLIENT,
    LOCAL,
    SECOND,
    SERVER,
    START,
    Packet,
    Talk,
    back,
    blocks,
    ethernet,
    flows,
    ip,
    ipv4,
    ipv6,
    udp_datagram,
)

GATES = ("10.9.0.1", "10.9.0.2")
HOUR = 3600


def inner(port: int = 40_000, source: str = CLIENT) -> bytes:
    return ip(udp_datagram((source, port, SERVER, 7), b"12345"), source, SERVER, 17)


def over_udp(payload: bytes, port: int, ends: tuple[str, str] = GATES) -> bytes:
    return ip(udp_datagram((ends[0], 5000, ends[1], port), payload), *ends, 17)


def vxlan(packet: bytes) -> bytes:
    return over_udp(b"\x08" + bytes(7) + ethernet(packet), 4789)


def gre(packet: bytes, ends: tuple[str, str] = GATES) -> bytes:
    return ip(b"\0\0\x08\0" + packet, *ends, 47)


def gtp(packet: bytes) -> bytes:
    return over_udp(b"\x30\xff" + struct.pack(">HI", len(packet), 1) + packet, 2152)


def seen(*timed: tuple[float, bytes]) -> list[Packet]:
    return [Packet(START + round(at * SECOND), ethernet(packet)) for at, packet in timed]


def rows(packets: Sequence[Packet], cuts: Sequence[int] = (), **options: Any) -> list[tuple]:
    """What the table says: seconds, action, type and endpoints of each row, and its uid."""
    tracker = FlowTracker(Networks(LOCAL), streams=True, payloads=False, **options)
    batches = [batch for block in blocks(packets, cuts) for batch in tracker.follow(block)]
    batches += tracker.end()
    made = [
        row
        for batch in batches
        for table, found in tracker.tables.others(batch)
        if table == "tunnel"
        for row in found.iter_rows(named=True)
    ]
    return [
        (
            (row["ts"].timestamp() - START / SECOND),
            *(row[name].removeprefix("Tunnel::") for name in ("action", "tunnel_type")),
            row["orig_h"],
            row["orig_p"],
            row["resp_h"],
            row["resp_p"],
            row["uid"],
        )
        for row in made
    ]


def short(packets: Sequence[Packet], cuts: Sequence[int] = (), **options: Any) -> list[tuple]:
    return [row[:3] for row in rows(packets, cuts, **options)]


def test_a_tunnel_is_discovered_once_and_closes_with_its_connection() -> None:
    packets = seen((0, vxlan(inner())), (1, vxlan(inner(40_001))), (2, vxlan(inner())))
    found = rows(packets)
    (uid,) = (row["uid"] for row in flows(packets) if row["resp_p"] == 4789)
    ends = (GATES[0], 5000, GATES[1], 4789, uid)
    assert found == [(0, "DISCOVER", "VXLAN", *ends), (2, "CLOSE", "VXLAN", *ends)]


def test_a_tunnel_without_a_connection_has_no_ports_and_does_not_close() -> None:
    packets = seen((0, gre(inner())), (1, gre(inner(40_001))))
    ((*told, uid),) = rows(packets)
    assert told == [0, "DISCOVER", "GRE", GATES[0], 0, GATES[1], 0]
    assert {row["tunnel_parents"][0] for row in flows(packets)} == {uid}


@pytest.mark.parametrize(
    ("packet", "kind"),
    [
        (gtp(inner()), "GTPv1"),
        (over_udp(b"\0\0\x08\0" + bytes(4) + inner(), 6081), "GENEVE"),
        (over_udp(b"\x41\x52\x11\x29" + bytes(4 + 16 + 20) + inner(), 5072), "AYIYA"),
        (over_udp(ipv6(b"12345", "2001::1", "2001:db8::1", protocol=99), 3544), "TEREDO"),
        (ip(inner(), *GATES, 4), "IP"),
        (over_udp(b"\0\0\x08\0" + inner(), 4754), "GRE"),
    ],
)
def test_every_kind_of_tunnel_has_zeeks_name(packet: bytes, kind: str) -> None:
    assert {row[2] for row in rows(seen((0, packet)))} == {kind}


def test_a_connection_ends_at_its_timeout_and_the_tunnel_with_it() -> None:
    packets = seen((0, vxlan(inner())), (100, inner(1)), (200, vxlan(inner())))
    assert short(packets) == [
        (0, "DISCOVER", "VXLAN"),
        (100, "CLOSE", "VXLAN"),
        (200, "DISCOVER", "VXLAN"),
        (200, "CLOSE", "VXLAN"),
    ]


def test_the_tunnels_around_a_tunnel_are_discovered_with_it() -> None:
    found = short(seen((0, vxlan(gre(inner(), ("10.9.1.1", "10.9.1.2"))))))
    assert sorted(found[:2]) == [(0, "DISCOVER", "GRE"), (0, "DISCOVER", "VXLAN")]
    assert found[2:] == [(0, "CLOSE", "VXLAN")]


def test_a_tunnel_that_a_connection_changes_to_is_discovered() -> None:
    packets = seen((0, inner()), (1, gre(inner())))
    assert short(packets) == [(1, "DISCOVER", "GRE")]


def test_without_anything_new_for_an_hour_a_tunnel_expires_at_the_next_packet() -> None:
    later = inner(1)
    packets = seen((0, gre(inner())), (HOUR, later), (HOUR + 5, later), (HOUR + 9, gre(inner())))
    assert short(packets) == [
        (0, "DISCOVER", "GRE"),
        (HOUR + 5, "EXPIRE", "GRE"),
        (HOUR + 9, "DISCOVER", "GRE"),
    ]


def test_a_new_connection_puts_the_expiry_off() -> None:
    packets = seen((0, gre(inner())), (3000, gre(inner(1))), (6000, gre(inner(2))))
    assert short(packets) == [(0, "DISCOVER", "GRE")]


def test_how_a_capture_is_cut_changes_nothing() -> None:
    packets = seen(
        *((at, gre(inner(at))) for at in (1, 2)),
        (3, vxlan(inner(9))),
        (HOUR + 3, inner(1)),
        (HOUR + 4, gtp(inner(5))),
        (3 * HOUR, inner(2)),
    )
    whole = sorted(rows(packets))
    assert len(whole) == 6
    for cut in range(1, len(packets)):
        assert sorted(rows(packets, [cut])) == whole


def test_compiled_code_tells_the_same() -> None:
    packets = seen((0, vxlan(gre(inner()))), (100, gtp(inner())), (HOUR + 200, inner(1)))
    assert rows(packets, fast=True, build=checked) == rows(packets)


def proxied(port: int, start: int) -> list[Packet]:
    """A client asks a SOCKS proxy for a connection."""
    talk = Talk((CLIENT, port, SERVER, 1080), start=start).handshake()
    talk.client("PA", b"\x05\x01\0").server("PA", b"\x05\0")
    talk.client("PA", b"\x05\x01\0\x01\xc0\0\2\1\0\x50").server("PA", b"\x05\0\0\x01" + bytes(6))
    return talk.client("FA").server("FA").client("A").packets


def test_a_proxy_is_one_tunnel_for_all_connections_of_a_client_and_has_no_uid() -> None:
    packets = proxied(4000, START) + proxied(4001, START + 10 * SECOND)
    ((when, *told),) = rows(packets)
    assert told == ["DISCOVER", "SOCKS", CLIENT, 0, SERVER, 1080, None]
    assert when == pytest.approx(0.5)


def test_a_proxy_expires_too() -> None:
    packets = proxied(4000, START) + proxied(4001, START + 2 * HOUR * SECOND)
    first, expired, second = short(packets)
    assert (first[1], expired[1], second[1]) == ("DISCOVER", "EXPIRE", "DISCOVER")
    assert (first[0], expired[0], second[0]) == pytest.approx((0.5, 2 * HOUR, 2 * HOUR + 0.5))


def test_a_request_through_a_proxy_of_the_web_is_a_tunnel_once_it_is_granted() -> None:
    talk = Talk((CLIENT, 4000, SERVER, 8080)).handshake()
    talk.client("PA", b"CONNECT h:443 HTTP/1.1\r\n\r\n").server("PA", b"HTTP/1.1 200 OK\r\n\r\n")
    assert [row[2:7] for row in rows(talk.packets)] == [("HTTP", CLIENT, 0, SERVER, 8080)]
    talk = Talk((CLIENT, 4000, SERVER, 8080)).handshake()
    talk.client("PA", b"CONNECT h:443 HTTP/1.1\r\n\r\n").server("PA", b"HTTP/1.1 407 No\r\n\r\n")
    assert rows(talk.packets) == []


def test_beyond_the_limit_the_tunnel_that_was_used_least_recently_is_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert tunnels.GIVEN_UP in WEIRDS
    monkeypatch.setattr(tunnels, "OPEN_AT_MOST", 1)
    ways = [(GATES[0], f"10.9.0.{host}") for host in (2, 3)]
    packets = seen((0, gre(inner(1), ways[0])), (1, gre(inner(2), ways[1])), (2, gre(inner(3))))
    assert [row[0] for row in rows(packets)] == [0, 1, 2]


def test_only_conn_asks_for_nothing() -> None:
    tracker = FlowTracker(Networks(LOCAL))
    batches = [
        one for block in blocks(seen((0, gre(inner()))), ()) for one in tracker.follow(block)
    ]
    batches += tracker.end()
    assert [batch.records[0] for batch in batches if batch.records[0]] == []


def test_teredo_on_another_port_is_named_once_both_sides_have_sent_it() -> None:
    """Its own headers tell it; Zeek's Teredo.cc waits for both sides."""
    ends = (GATES[0], 5000, GATES[1], 9999)
    carried = ipv6(b"12345", "2001::1", "2001:db8::1", protocol=99)
    there = ip(udp_datagram(ends, carried), *GATES, 17)
    answer = ip(udp_datagram(back(ends), carried), *GATES[::-1], 17)
    silly = ip(udp_datagram(back(ends), b"no"), *GATES[::-1], 17)
    for said, name in (([there], None), ([there, answer], "teredo"), ([there, silly], None)):
        found = flows(seen(*enumerate(said)))
        assert [row["service"] for row in found if row["resp_p"] == 9999] == [name]


def test_no_cut_packet_is_an_exception() -> None:
    for whole in (vxlan(gre(inner())), gtp(inner()), ipv4(gre(inner()), *GATES, 4)):
        for length in range(len(whole)):
            rows(seen((0, whole[:length]), (1, inner(1))))
