"""The core as a whole: laws that hold for any packets, however they come and however it runs.

`mode` is how it runs: plain Python, compiled, or compiled with bounds checks.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parsers.addresses import Networks
from parsers.capture.source import open_capture
from parsers.kernel import checked, kernel
from parsers.zeek.write import LogWriter
from sensor.flows import tracker as module
from sensor.flows.tracker import FlowTracker
from tests.frames import (
    CLIENT,
    CLIENT6,
    LOCAL,
    RAW,
    SECOND,
    SERVER,
    SERVER6,
    START,
    TCP_ENDS,
    UDP_ENDS,
    Ends,
    Packet,
    Talk,
    back,
    blocks,
    conn,
    ethernet,
    icmp,
    ip,
    ipv4,
    ipv6,
    tcp,
    tcp_segment,
    track,
    udp,
    udp_datagram,
)

ROOT = Path(__file__).parents[3]
LAB = ROOT.parent / "shared" / "lab"
MODES: dict[str, dict[str, Any]] = {
    "plain": {},
    "compiled": {"fast": True},
    "checked": {"fast": True, "build": checked},
}


@pytest.fixture(params=MODES)
def mode(request: pytest.FixtureRequest) -> dict[str, Any]:
    return MODES[request.param]


def outcome(packets: Sequence[Packet], cuts: Iterable[int] = (), **options: Any) -> tuple[Any, ...]:
    """Everything that a run says: its rows, weirds and counts."""
    table, tracker = track(packets, cuts, **options)
    return table.to_dicts(), dict(tracker.weirds), tracker.frames, tracker.octets


# Packets of few flows, so that they meet; sequence numbers near each other and near the wrap.
HOSTS = ((CLIENT, SERVER), (SERVER, CLIENT), (CLIENT6, SERVER6), (CLIENT, CLIENT))
PORTS = ((40000, 9999), (40000, 80), (22, 40000), (53, 5353))
FLAGS = ("S", "SA", "A", "PA", "FA", "R", "RA", "F", "", "SF", "FR", "SFRPAU")
NUMBERS = (1000, 1001, 1005, 1500, 2**31, 2**32 - 2, 0, 3)
GAPS = (0, 1, 10**6, 10**9, 5 * 10**9, 6 * 10**9, 10**10, 60 * 10**9, 301 * 10**9, -(10**9))
ENDS = st.builds(
    lambda hosts, ports, turned: (
        back((hosts[0], ports[0], hosts[1], ports[1]))
        if turned
        else (hosts[0], ports[0], hosts[1], ports[1])
    ),
    st.sampled_from(HOSTS),
    st.sampled_from(PORTS),
    st.booleans(),
)
NUMBER = st.sampled_from(NUMBERS)
SIZE = st.sampled_from((0, 0, 1, 5, 12, 500))
SEGMENT = st.builds(
    lambda ends, flags, seq, ack, size, wrong, window: tcp(
        ends, flags, seq, ack, bytes(size), wrong=wrong, window=window
    ),
    ENDS, st.sampled_from(FLAGS), NUMBER, NUMBER, SIZE, st.sampled_from((0, 0, 0, 1)),
    st.sampled_from((0, 1024)),
)  # fmt: skip
DATAGRAM = st.builds(
    lambda ends, size, first, wrong: udp(ends, bytes([first]) * size, wrong=wrong),
    ENDS, SIZE, st.sampled_from((0, 4, 128, 132)), st.sampled_from((0, 0, 0, 1)),
)  # fmt: skip
MESSAGE = st.builds(
    lambda turned, kind, code, size: icmp(
        *((SERVER, CLIENT) if turned else (CLIENT, SERVER)), kind, code, bytes(size)
    ),
    st.booleans(), st.sampled_from((0, 3, 8, 13, 14)), st.integers(0, 2), SIZE,
)  # fmt: skip
UNKNOWN = st.builds(
    lambda size, protocol: ethernet(ipv4(bytes(size), protocol=protocol)),
    SIZE, st.sampled_from((50, 89, 132)),
)  # fmt: skip
FRAME = st.one_of(SEGMENT, SEGMENT, DATAGRAM, MESSAGE, UNKNOWN)


@st.composite
def captures(draw: Any, frame: st.SearchStrategy[bytes] = FRAME, most: int = 30) -> list[Packet]:
    """Packets with times that mostly go on, some of them cut."""
    now, packets = START, []
    for data in draw(st.lists(frame, max_size=most)):
        now = max(now + draw(st.sampled_from(GAPS)), 0)
        kept = draw(st.sampled_from((None, None, None, 54, 60)))
        packets.append(Packet(now, data[:kept], len(data)))
    return packets


@settings(max_examples=40)
@given(captures(), st.lists(st.integers(0, 30), max_size=6), st.booleans())
def test_any_cut_into_blocks_gives_the_same_table(
    packets: list[Packet], cuts: list[int], verify: bool
) -> None:
    places = [min(cut, len(packets)) for cut in cuts]
    assert outcome(packets, places, verify=verify) == outcome(packets, verify=verify)


@settings(max_examples=30)
@given(captures())
def test_bytes_around_a_packet_are_neither_read_nor_matter(packets: list[Packet]) -> None:
    expected = outcome(packets)
    # Each alone in its block: to read beyond it is an IndexError.
    assert outcome(packets, range(len(packets))) == expected
    for around in (bytes(70), b"\xff" * 70):
        assert outcome(packets, around=around) == expected


def conversations() -> list[list[Packet]]:
    """Independent flows, each shorter than any timer."""
    first = Talk().handshake().client("PA", b"12345").server("PA", b"123").client("FA").server("FA")
    second = Talk((CLIENT6, 1, SERVER6, 22)).handshake().server("PA", b"SSH").client("RA")
    third = Talk((CLIENT, 40001, SERVER, 9999)).client("S").server("RA", seq=0)
    lossy = Talk((CLIENT, 40002, SERVER, 9999)).handshake()
    lossy.client("PA", b"lost", lost=True).client("PA", b"seen").server("A")
    question = udp((CLIENT, 40000, SERVER, 53), bytes(12))
    answer = udp((SERVER, 53, CLIENT, 40000), bytes(12))
    names = [Packet(START, question), Packet(START + 5, answer)]
    pings = [Packet(START, icmp(CLIENT, SERVER, 8)), Packet(START + 9, icmp(SERVER, CLIENT, 0))]
    talks = [talk.packets for talk in (first, second, third, lossy)]
    return [*talks, names, pings]


@pytest.fixture(scope="module")
def alone() -> pl.DataFrame:
    """Each of them read by itself."""
    return pl.concat([conn(one) for one in conversations()])


def by_uid(table: pl.DataFrame) -> list[dict[str, Any]]:
    """The rows in an order that does not depend on when they came, without their place."""
    return table.drop("file", "frame").sort("uid").to_dicts()


@settings(max_examples=20)
@given(st.permutations([k for k, one in enumerate(conversations()) for _ in one]))
def test_any_interleaving_of_independent_flows_gives_the_same_records(
    alone: pl.DataFrame, turns: list[int]
) -> None:
    waiting = [iter(one) for one in conversations()]
    mixed = [next(waiting[turn]) for turn in turns]
    assert by_uid(conn(mixed)) == by_uid(alone)


@settings(max_examples=30)
@given(captures(), st.integers(0, 30))
def test_reading_it_as_two_files_changes_only_file_and_frame(
    packets: list[Packet], cut: int
) -> None:
    cut = min(cut, len(packets))
    tracker = FlowTracker(Networks(LOCAL))
    tables = []
    for path, block in zip(("a.pcap", "b.pcap"), blocks(packets, [cut]), strict=True):
        tracker.begin_file(path)
        tables += tracker.feed(block)
    tables += tracker.finish()
    expected = conn(packets)
    if not tables:
        assert len(expected) == 0
        return
    table = pl.concat(tables)
    assert table.drop("file", "frame").to_dicts() == expected.drop("file", "frame").to_dicts()
    for ordinal, path, frame in zip(expected["frame"], table["file"], table["frame"], strict=True):
        assert (path, frame) == (
            ("a.pcap", ordinal) if ordinal <= cut else ("b.pcap", ordinal - cut)
        )


def test_checksums_may_be_verified_from_a_file_on() -> None:
    bad = Packet(START, udp(UDP_ENDS, b"x", wrong=1))
    tracker = FlowTracker(Networks(LOCAL))
    (block,) = blocks([bad] * 3, [])
    tables = [*tracker.feed(block)]
    assert not tracker.verify
    tracker.verify = True
    tables += [*tracker.feed(block), *tracker.finish()]
    assert tracker.verify
    assert pl.concat(tables)["orig_pkts"].to_list() == [3]
    assert dict(tracker.weirds) == {"bad_UDP_checksum": 3}


def test_files_without_packets_are_passed_over_and_no_file_is_none() -> None:
    tracker = FlowTracker(Networks(LOCAL))
    for path in ("empty.pcap", "also empty.pcap", "full.pcap"):
        tracker.begin_file(path)
    block = blocks([Packet(START, udp(UDP_ENDS))], [])[0]
    tables = [*tracker.feed(block)]
    tracker.begin_file("after.pcap")
    tables += tracker.finish()
    assert pl.concat(tables).select("file", "frame").rows() == [("full.pcap", 1)]
    nameless = FlowTracker(Networks(LOCAL))
    tables = [*nameless.feed(block), *nameless.finish()]
    assert pl.concat(tables).select("file", "frame").rows() == [(None, 1)]


# Cut frames that come to nothing.
JUNK = [udp(UDP_ENDS, b"x")[:size] for size in (0, 13, 14, 20, 40)]
JUNK += [tcp(TCP_ENDS, "S")[:size] for size in (30, 53)]
JUNK += [ethernet(bytes(46), 0x0806), ethernet(b"\x45\0\0\x0a" + bytes(30))]


@settings(max_examples=30)
@given(captures(), st.lists(st.tuples(st.integers(0, 30), st.sampled_from(JUNK)), max_size=10))
def test_frames_that_come_to_nothing_change_nothing(
    packets: list[Packet], junk: list[tuple[int, bytes]]
) -> None:
    mixed = list(packets)
    for wanted, frame in junk:
        place = min(wanted, len(mixed))
        time = mixed[max(place - 1, 0)].time if mixed else START
        mixed.insert(place, Packet(time, frame))
    expected, table = conn(packets), conn(mixed)
    if len(expected):
        assert table.drop("frame").equals(expected.drop("frame"))
    else:
        assert len(table) == 0


def same_in_all_modes(packets: Sequence[Packet], **options: Any) -> None:
    plain, *others = (outcome(packets, **how, **options) for how in MODES.values())
    for other in others:
        assert other == plain


def test_the_checked_mode_does_check() -> None:
    """Numba's cache does not tell checked code from other: the equality might be worth nothing."""

    @kernel
    def beyond(array: Any) -> int:
        return array[len(array)]  # type: ignore[no-any-return]

    with pytest.raises(IndexError):
        checked(beyond)(np.zeros(3, np.int64))


@settings(max_examples=40)
@given(captures(), st.booleans(), st.booleans())
def test_generated_packets_are_the_same_in_all_modes(
    packets: list[Packet], verify: bool, zeek_compat: bool
) -> None:
    same_in_all_modes(packets, verify=verify, zeek_compat=zeek_compat)


def gre(inner: bytes, kind: int = 0x0800) -> bytes:
    return ethernet(ipv4(struct.pack(">HH", 0, kind) + inner, protocol=47))


def tunnel(port: int, inner: bytes) -> bytes:
    return udp((CLIENT, 40000, SERVER, port), inner)


def valid_frames() -> list[bytes]:
    """Frames of every kind that is read, so that changed bytes lead everywhere."""
    ends6: Ends = (CLIENT6, 40000, SERVER6, 9999)
    four = ipv4(udp_datagram(UDP_ENDS, b"inner"), protocol=17)
    six = ipv6(udp_datagram(ends6, b"inner"), protocol=17)
    segment = tcp_segment(TCP_ENDS, "PA", 1000, 1, b"hello", options=b"\x01" * 12)
    chain = [(0, bytes([0, 1, 4, 0, 0, 0, 0])), (43, bytes([2, 0, 1]) + bytes(20))]
    chain += [(60, bytes([2, 1, 2, 0, 0, 201, 16]) + bytes(16)), (51, bytes([1]) + bytes(10))]
    fragment = (44, struct.pack(">BHI", 0, 0, 7))
    parts = [ipv4(bytes(16), protocol=17, fragment=0x2000), ipv4(bytes(8), protocol=17, fragment=2)]
    return [
        ethernet(ipv4(segment)), ethernet(ipv4(segment, options=b"\x01" * 8)),
        tcp(TCP_ENDS, "S", 999), tcp(back(TCP_ENDS), "SA", 5, 1000), tcp(TCP_ENDS, "FA", 1005, 6),
        udp(UDP_ENDS, b"12345"), udp((SERVER, 53, CLIENT, 53), bytes([0, 1, 128]) + bytes(20)),
        udp((SERVER, 123, CLIENT, 123), bytes([36]) + bytes(47)),
        icmp(CLIENT, SERVER, 8, 0, b"ping"), icmp(SERVER, CLIENT, 3, 1, four),
        icmp(CLIENT6, SERVER6, 135, 0, bytes(16)), ethernet(ipv4(b"esp", protocol=50)),
        ethernet(six), ethernet(six, tags=[(0x8100, 7)] * 2),
        ethernet(ipv6(udp_datagram(ends6), protocol=17, headers=chain)),
        ethernet(ipv6(udp_datagram(ends6), protocol=17, headers=[fragment])),
        *(ethernet(part) for part in parts),
        ethernet(b"\0\x01\x01\x40" + four, 0x8847), ethernet(bytes(6) + b"\0\x21" + four, 0x8864),
        ethernet(b"\xaa\xaa\x03\0\0\0\x08\0" + four, 40),
        ethernet(bytes(2) + ethernet(four), 0x8903),
        ethernet(ipv4(four, protocol=4)), ethernet(ipv4(six, protocol=41)), gre(four),
        gre(ethernet(four), 0x6558), gre(six, 0x86DD), gre(b"\0\0" + ethernet(four), 0x88BE),
        tunnel(4789, b"\x08" + bytes(7) + ethernet(four)),
        tunnel(6081, b"\0\0\x65\x58" + bytes(4) + ethernet(four)), tunnel(3544, six),
        tunnel(2152, b"\x30\xff" + struct.pack(">HI", len(four), 1) + four),
        tunnel(5072, b"\x40\x52\x11\x29" + bytes(4) + bytes(16 + 20) + six),
    ]  # fmt: skip


VALID = valid_frames()
VALID_IP = [frame[14:] for frame in VALID if frame[12:14] in (b"\x08\0", b"\x86\xdd")]


@pytest.mark.parametrize("place", range(len(VALID)))
def test_a_frame_is_read_alike_whatever_was_read_before(place: int) -> None:
    def counted(frames: list[bytes]) -> list[tuple[Any, ...]]:
        table = conn([Packet(START, frame) for frame in frames])
        if table.is_empty():
            return []
        ends = table.select("orig_h", "orig_p", "resp_h", "resp_p", "proto")
        return list(zip(*ends, table["orig_pkts"] + table["resp_pkts"], strict=True))

    frame = VALID[place]
    assert counted([frame] * 3) == [(*ends, 3 * count) for *ends, count in counted([frame])]


@st.composite
def mutated(draw: Any) -> bytes:
    """A valid frame with some bytes changed, or cut, or both."""
    frame = bytearray(draw(st.sampled_from(VALID)))
    for _ in range(draw(st.sampled_from((0, 1, 1, 2, 5)))):
        place = draw(st.integers(0, len(frame) - 1))
        frame[place] = draw(st.sampled_from((0, 1, 4, 6, 17, 41, 47, 127, 128, 255)))
    return bytes(frame[: draw(st.one_of(st.none(), st.integers(0, len(frame))))])


def carry(ends: tuple[str, str], port: int, header: bytes, inner: bytes) -> bytes:
    return ip(udp_datagram((ends[0], 40000, ends[1], port), header + inner), *ends, 17)


# An IP packet inside another; the hosts are those of the outer one.
CARRIERS = (
    lambda inner, ends: ip(inner, *ends, 41 if inner[0] >> 4 == 6 else 4),
    lambda inner, ends: ip(b"\0\0\x86\xdd" + inner, *ends, 47),
    lambda inner, ends: ip(b"\0\0\x65\x58" + ethernet(inner), *ends, 47),
    lambda inner, ends: ip(b"\x10\0\x88\xbe" + bytes(12) + ethernet(inner), *ends, 47),
    lambda inner, ends: carry(ends, 4789, b"\x08" + bytes(7), ethernet(inner)),
    lambda inner, ends: carry(ends, 6081, b"\0\0\x08\0" + bytes(4), inner),
    lambda inner, ends: carry(ends, 4754, b"\0\0\x08\0", inner),
    lambda inner, ends: carry(ends, 3544, b"", inner),
    lambda inner, ends: carry(ends, 2152, b"\x30\xff" + struct.pack(">HI", len(inner), 1), inner),
)


@st.composite
def nested(draw: Any) -> bytes:
    """A packet inside up to seven tunnels, in a fragment or whole, perhaps with a byte changed."""
    hosts = st.sampled_from(HOSTS)
    packet = draw(st.sampled_from(VALID_IP))
    for _ in range(draw(st.integers(0, 7))):
        packet = draw(st.sampled_from(CARRIERS))(packet, draw(hosts))
        size, more = draw(st.sampled_from([(0, 0), (0, 0), (8, 0), (8, 1), (48, 0), (48, 1)]))
        if size and packet[0] >> 4 == 4:
            part = packet[20 + size :] if not more else packet[20 : 20 + size]
            word = 0x2000 if more else size // 8
            packet = ipv4(part, protocol=packet[9], fragment=word)
    frame = bytearray(ethernet(packet))
    if draw(st.booleans()):
        frame[draw(st.integers(14, len(frame) - 1))] = draw(st.integers(0, 255))
    return bytes(frame)


@settings(max_examples=40)
@given(captures(nested(), 12))
def test_packets_in_tunnels_are_the_same_in_all_modes(packets: list[Packet]) -> None:
    same_in_all_modes(packets)
    assert outcome(packets, range(len(packets))) == outcome(packets)


@settings(max_examples=40)
@given(captures(mutated(), 12), st.booleans(), st.sampled_from([1, 1, 1, RAW, 0, 9, 113, 276]))
def test_changed_and_cut_frames_are_the_same_in_all_modes(
    packets: list[Packet], verify: bool, link: int
) -> None:
    packets = [packet._replace(link=link) for packet in packets]
    same_in_all_modes(packets, verify=verify)
    assert outcome(packets, range(len(packets)), verify=verify) == outcome(packets, verify=verify)


@pytest.mark.parametrize("place", range(len(VALID)))
def test_frames_cut_at_every_length_are_read_without_looking_beyond(place: int) -> None:
    whole = VALID[place]
    packets = [Packet(START + size, whole[:size], len(whole)) for size in range(len(whole) + 1)]
    expected = outcome(packets)
    assert outcome(packets, range(len(packets))) == expected
    assert outcome(packets, around=b"\xff" * 80) == expected
    assert outcome(packets, around=b"\xff" * 80, **MODES["checked"]) == expected


@settings(max_examples=25)
@given(captures(), st.integers(1, 20))
def test_a_run_that_goes_on_compiled_in_the_middle_gives_the_same(
    packets: list[Packet], after: int
) -> None:
    expected = outcome(packets)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "WORTH_COMPILING", after)
        table, tracker = track(packets)
        assert (table.to_dicts(), dict(tracker.weirds)) == expected[:2]
        assert tracker.fast == (len(packets) > after)
        assert outcome(packets, range(len(packets)), build=checked) == expected


def test_it_is_known_beforehand_whether_a_block_is_run_compiled() -> None:
    tracker = FlowTracker(Networks(LOCAL))
    (small,) = blocks([Packet(START, b"")] * 10, [])
    assert not tracker.will_compile(small)
    (large,) = blocks([Packet(START, b"")] * (module.WORTH_COMPILING + 1), [])
    assert tracker.will_compile(large)
    assert FlowTracker(Networks(LOCAL), fast=True).will_compile(small)


def test_more_flows_than_there_is_room_for_at_first(mode: dict[str, Any]) -> None:
    packets = [
        Packet(START + place, udp((f"10.1.{place >> 8}.{place & 255}", 7, SERVER, 9999), b"x"))
        for place in range(1500)
    ]
    packets += [one._replace(time=one.time + SECOND) for one in packets]
    table, tracker = track(packets, [700], **mode)
    assert table["orig_pkts"].to_list() == [2] * 1500
    assert table["payload_sizes"].to_list() == [[1, 1]] * 1500
    assert table["frame"].to_list() == list(range(1, 1501))
    assert tracker.frames == 3000


def test_more_flows_ending_at_once_than_are_handed_out_at_once(mode: dict[str, Any]) -> None:
    packets = [
        Packet(START + place, tcp((f"10.1.{place >> 8}.{place & 255}", 7, SERVER, 80), "S"))
        for place in range(4500)
    ]
    late = Packet(START + 100 * SECOND, udp(UDP_ENDS))
    tracker = FlowTracker(Networks(LOCAL), **mode)
    first, last = blocks([*packets, late], [4500])
    assert sum(len(table) for table in tracker.feed(first)) == 0
    during = [*tracker.feed(last)]
    after = [*tracker.finish()]
    assert {table["conn_state"].to_list()[0] for table in during} == {"S0"}
    assert max(len(table) for table in during + after) <= 4096
    assert sum(len(table) for table in during + after) == 4501


@settings(max_examples=40)
@given(captures())
def test_every_frame_is_in_a_row_or_a_weird(packets: list[Packet]) -> None:
    # But for cut ICMP: Zeek counts its payload, and no packet.
    packets = [one for one in packets if one.data[23] != 1 or len(one.data) == one.wire]
    table, tracker = track(packets, verify=True)
    weirds = sum(tracker.weirds.values())
    counted = 0 if table.is_empty() else int((table["orig_pkts"] + table["resp_pkts"]).sum())
    assert counted + weirds == len(packets)
    assert tracker.frames == len(packets)
    assert tracker.octets == sum(packet.wire or 0 for packet in packets)


def test_a_flow_goes_on_over_blocks_and_files() -> None:
    packets = Talk().handshake().client("PA", b"12345").client("FA").server("FA").packets
    tracker = FlowTracker(Networks(LOCAL))
    tables = []
    for place, block in enumerate(blocks(packets, range(1, len(packets)))):
        tracker.begin_file(f"{place}.pcap")
        tables += tracker.feed(block)
    tables += tracker.finish()
    (row,) = pl.concat(tables).to_dicts()
    assert (row["conn_state"], row["orig_bytes"], row["file"], row["frame"]) == (
        "SF",
        5,
        "0.pcap",
        1,
    )


# What a Zeek that was told no networks takes for local (Site::private_address_space, in IPv4).
PRIVATE = (
    "0.0.0.0/32", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
    "192.0.0.0/24", "192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24",
    "203.0.113.0/24", "224.0.0.0/24", "240.0.0.0/4", "255.255.255.255/32",
)  # fmt: skip


def run_capture(path: Path, **how: Any) -> tuple[pl.DataFrame, FlowTracker]:
    tracker = FlowTracker(Networks(PRIVATE), **how)
    capture = open_capture(str(path), compiled=tracker.fast)
    tables = [table for block in capture for table in tracker.feed(block)]
    capture.close()
    tables += tracker.finish()
    return pl.concat(tables) if tables else pl.DataFrame(), tracker


@pytest.mark.parametrize(
    "path", sorted((ROOT / "pcaps").glob("*.pcap")), ids=lambda path: path.name
)
def test_captures_are_the_same_in_all_modes(path: Path) -> None:
    plain, *others = (run_capture(path, **how) for how in MODES.values())
    assert plain[1].frames > 0
    for table, tracker in others:
        assert table.equals(plain[0])
        assert tracker.weirds == plain[1].weirds


NOT_COMPARED = {"ts", "uid", "service", "tunnel_parents", "duration"}


def records(path: Path) -> tuple[Counter[tuple[str, ...]], list[tuple[str, str, timedelta | None]]]:
    """A conn log as a multiset of rows, and its times, which may differ by rounding."""
    rows: Counter[tuple[str, ...]] = Counter()
    times, names = [], []
    for line in path.read_text().splitlines():
        if line.startswith("#fields"):
            names = line.split("\t")[1:]
        elif not line.startswith("#"):
            row = dict(zip(names, line.split("\t"), strict=True))
            fields = [value for name, value in row.items() if name not in NOT_COMPARED]
            rows[(*fields, row["ts"])] += 1
            lasted = None if row["duration"] == "-" else timedelta(seconds=float(row["duration"]))
            times.append((row["ts"], row["community_id"], lasted))
    return rows, sorted(times, key=str)


def recorded() -> list[str]:
    logs = sorted(LAB.glob("zeek/*/conn.log"))
    return [log.parent.name for log in logs if (LAB / f"pcaps/{log.parent.name}.pcap").exists()]


@pytest.mark.shared
@pytest.mark.parametrize("name", recorded())
def test_rows_are_zeeks(name: str, shared: Path, tmp_path: Path) -> None:
    table, _ = run_capture(shared / f"lab/pcaps/{name}.pcap", fast=True, payloads=False)
    with LogWriter(tmp_path, "conn") as log:
        log.write(table)
    ours, our_times = records(tmp_path / "conn.log")
    zeeks, zeeks_times = records(shared / f"lab/zeek/{name}/conn.log")
    assert ours == zeeks
    for (_, _, one), (_, _, other) in zip(our_times, zeeks_times, strict=True):
        assert (one is None) == (other is None)
        assert one is None or other is None or abs(one - other) <= timedelta(microseconds=2)
