"""pcapng: sections, interfaces, the three packet blocks, and blocks that cannot be."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Any

import dpkt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.l2 import Ether
from scapy.utils import PcapNgWriter, RawPcapNgReader

from parsers.capture.frames import LARGEST
from parsers.errors import NotACapture, ParseError

SECOND = 1_000_000_000


def block(kind: int, body: bytes, order: str = "<") -> bytes:
    body += bytes(-len(body) % 4)
    size = struct.pack(order + "I", len(body) + 12)
    return struct.pack(order + "I", kind) + size + body + size


def section(order: str = "<", major: int = 1, minor: int = 0) -> bytes:
    return block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, major, minor, -1), order)


def interface(order: str = "<", link: int = 1, snap: int = 0, tail: bytes = b"") -> bytes:
    return block(1, struct.pack(order + "HHI", link, 0, snap) + tail, order)


def enhanced(
    data: bytes, order: str = "<", number: int = 0, time: int = 0, wire: int | None = None
) -> bytes:
    wire = len(data) if wire is None else wire
    head = struct.pack(order + "5I", number, time >> 32, time & 0xFFFFFFFF, len(data), wire)
    return block(6, head + data, order)


def old(data: bytes, order: str = "<", number: int = 0, time: int = 0) -> bytes:
    words = (number, 0xFFFF, time >> 32, time & 0xFFFFFFFF, len(data), len(data))
    return block(2, struct.pack(order + "HH4I", *words) + data, order)


def simple(data: bytes, order: str = "<", wire: int | None = None) -> bytes:
    return block(3, struct.pack(order + "I", len(data) if wire is None else wire) + data, order)


def tsresol(value: int, order: str = "<") -> bytes:
    return struct.pack(order + "HHB3x", 9, 1, value)


BLOCKS = [
    section(),
    interface(),
    interface(link=101, tail=tsresol(9)),
    enhanced(b"one", time=1_000_000),
    enhanced(b"twotwo", number=1, time=2 * SECOND, wire=60),
    block(4, b"names"),
    old(b"three", time=3_000_000),
    simple(b"four"),
    section(">"),
    interface(">"),
    enhanced(b"five5", ">", time=5_000_000),
]
CAPTURE = b"".join(BLOCKS)
EXPECTED = [
    (SECOND, b"one", 3, 1),
    (2 * SECOND, b"twotwo", 60, 101),
    (3 * SECOND, b"three", 5, 1),
    (3 * SECOND, b"four", 4, 1),
    (5 * SECOND, b"five5", 5, 1),
]


def test_sections_interfaces_and_all_packet_blocks_are_read(read: Any) -> None:
    assert read(CAPTURE) == (EXPECTED, [], {})


@pytest.mark.parametrize("order", ["<", ">"])
def test_every_packet_block_is_read_in_both_byte_orders(read: Any, order: str) -> None:
    second = interface(order, 228, 0, tsresol(0x80 | 1, order))
    data = section(order) + interface(order) + second
    data += old(b"a", order, 1, 3) + enhanced(b"b", order, 1, 5, 99) + simple(b"c", order)
    assert read(data).packets == [
        (SECOND * 3 // 2, b"a", 1, 228),
        (SECOND * 5 // 2, b"b", 99, 228),
        (SECOND * 5 // 2, b"c", 1, 1),
    ]


def test_a_simple_packet_before_any_time_has_none(read: Any) -> None:
    assert read(section() + interface() + simple(b"a")).packets == [(0, b"a", 1, 1)]


def test_a_simple_packet_is_cut_at_the_first_interfaces_snap_length(read: Any) -> None:
    data = section() + interface(snap=5) + interface(snap=1)
    data += simple(b"12345", wire=900) + simple(b"123")
    assert [packet[1:3] for packet in read(data).packets] == [(b"12345", 900), (b"123", 3)]


def test_the_interfaces_checksum_is_taken_off(read: Any) -> None:
    data = section() + interface(tail=struct.pack("<HHB3x", 13, 1, 4)) + enhanced(b"frameFCS!")
    assert [packet[1:3] for packet in read(data).packets] == [(b"frame", 5)]


def test_options_of_packets_are_no_part_of_them(read: Any) -> None:
    head = struct.pack("<5I", 0, 0, 0, 3, 3)
    comment = struct.pack("<HH4sHH", 1, 4, b"note", 0, 0)
    data = section() + interface() + block(6, head + b"abc\0" + comment) + enhanced(b"next")
    assert [packet.data for packet in read(data).packets] == [b"abc", b"next"]


def test_blocks_that_may_hold_packets_are_counted_and_others_passed_in_silence(read: Any) -> None:
    silent = b"".join(block(kind, b"some") for kind in (4, 5, 9, 10, 0xBAD, 0x40000BAD))
    unknown = block(0x0BADF00D, b"what") + block(0x80000002, b"")
    result = read(section() + interface() + silent + unknown + enhanced(b"a"))
    assert [packet.data for packet in result.packets] == [b"a"]
    assert (result.warnings, result.weirds) == ([], {"unknown_block_type": 2})


def test_the_smallest_block_may_be_the_last(read: Any) -> None:
    result = read(section() + interface() + enhanced(b"a") + block(5, b""))
    assert (len(result.packets), result.warnings, result.weirds) == (1, [], {})


def test_packets_of_undeclared_interfaces_are_counted_and_passed_over(read: Any) -> None:
    lost = simple(b"a", wire=900) + enhanced(b"b") + old(b"c")
    rest = interface() + enhanced(b"d", number=1) + enhanced(b"e") + section() + enhanced(b"f")
    result = read(section() + lost + rest)
    assert [packet.data for packet in result.packets] == [b"e"]
    assert (result.warnings, result.weirds) == ([], {"unknown_interface": 5})


BAD_BLOCKS = {
    "length of zero": struct.pack("<II", 6, 0),
    "packet of a length not in fours": struct.pack("<II25xI", 6, 37, 37),
    "block of a length not in fours": struct.pack("<II1xI", 5, 13, 13),
    "less than a packet": block(6, bytes(16)),
    "less than a frame": struct.pack("<III", 0xAAAA, 8, 8),
    "four gigabytes": struct.pack("<II", 6, 0xFFFFFFFC) + bytes(40),
    "four gigabytes of names, all but": struct.pack("<II", 1, 0xFFFFFFFC) + bytes(40),
    "another length at its end": enhanced(b"abc")[:-4] + struct.pack("<I", 44),
    "another length at the end of no packet": block(5, b"abc")[:-4] + struct.pack("<I", 44),
    "packet larger than its block": block(6, struct.pack("<5I", 0, 0, 0, 9, 9) + bytes(8)),
    "old packet larger than its block": block(2, struct.pack("<5I", 0, 0, 0, 9, 9) + bytes(8)),
    "simple packet larger than its block": block(3, struct.pack("<I", 9) + bytes(8)),
    "options that do not fit": interface(tail=struct.pack("<HH", 2, 100)),
    "section of no byte order": block(0x0A0D0D0A, bytes(16)),
}


@pytest.mark.parametrize("bad", BAD_BLOCKS.values(), ids=BAD_BLOCKS.keys())
def test_a_block_that_cannot_be_ends_the_reading_there(read: Any, bad: bytes) -> None:
    before = section() + interface() + enhanced(b"before")
    result = read(before + bad + enhanced(b"after") + bytes(100))
    assert [packet.data for packet in result.packets] == [b"before"]
    assert result.weirds == {"damaged_capture": 1}
    (warning,) = result.warnings
    start = f"made.pcap, byte offset {len(before)}: damaged, not read any further: expected "
    assert warning.startswith(start)


def test_a_huge_unknown_block_is_read_through(read: Any) -> None:
    huge = block(0xAAAA, bytes(LARGEST + 4))
    result = read(section() + interface() + huge + enhanced(b"after"))
    assert [packet.data for packet in result.packets] == [b"after"]
    assert result.weirds == {"unknown_block_type": 1}


def test_a_huge_block_that_is_cut_is_said_with_what_is_missing(read: Any) -> None:
    result = read(section() + struct.pack("<II", 5, 0xFFFFFFFC) + bytes(92))
    assert result.packets == []
    assert result.weirds == {"truncated_capture": 1}
    (warning,) = result.warnings
    assert warning == (
        "made.pcap, byte offset 128: cut off in the middle: "
        f"expected {0xFFFFFFFC - 100} more bytes of a block, found the end of the file"
    )


def test_large_packets_and_those_across_blocks_are_whole(read: Any) -> None:
    data = [b"x" * 3_000_000, *(bytes((n % 256,)) * n for n in range(0, 5000, 3))]
    result = read(section() + interface() + b"".join(map(enhanced, data)))
    assert [packet.data for packet in result.packets] == data


@pytest.mark.parametrize("kind", [simple, enhanced])
def test_more_packets_than_the_index_holds_come_in_several_frames(read: Any, kind: Any) -> None:
    data = section() + interface() + kind(b"") * 33_000
    assert len(read(data).packets) == 33_000


def test_no_packets_are_no_error(read: Any) -> None:
    assert read(section()) == ([], [], {})


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (block(0x0A0D0D0A, bytes(16)), "expected a pcapng section .* found 00 00 00 00"),
    ],
)
def test_a_first_section_that_is_none_is_no_capture(reader: Any, data: bytes, found: str) -> None:
    with pytest.raises(NotACapture, match=found):
        reader(data)


@given(cut=st.integers(28, len(CAPTURE)))
def test_a_cut_anywhere_loses_no_whole_packet(reader: Any, cut: int) -> None:
    ends = [sum(map(len, BLOCKS[: n + 1])) for n in range(len(BLOCKS))]
    packets = [n for n, data in enumerate(BLOCKS) if n in (3, 4, 6, 7, 10)]
    result = reader(CAPTURE[:cut])
    assert result.packets == EXPECTED[: sum(ends[n] <= cut for n in packets)]
    if cut in ends:
        assert (result.warnings, result.weirds) == ([], {})
    else:
        last = max(end for end in ends if end <= cut)
        assert f"byte offset {last}: cut off in the middle" in result.warnings[0]
        assert result.weirds == {"truncated_capture": 1}


@given(sizes=st.lists(st.integers(1, 60), min_size=1, max_size=20))
def test_any_split_into_reads_gives_the_same_packets(reader: Any, sizes: list[int]) -> None:
    assert reader(CAPTURE, sizes).packets == EXPECTED


@given(data=st.binary(max_size=300), order=st.sampled_from("<>"))
def test_random_blocks_never_raise_and_all_forms_agree(
    all_forms: Any, data: bytes, order: str
) -> None:
    all_forms(section(order) + data)


@given(at=st.integers(28, len(CAPTURE) - 1), value=st.integers(0, 255))
def test_a_changed_byte_never_raises_and_all_forms_agree(
    all_forms: Any, at: int, value: int
) -> None:
    data = bytearray(CAPTURE)
    data[at] = value
    all_forms(bytes(data))


@given(
    kind=st.sampled_from((1, 2, 3, 6, 0x0A0D0D0A, 7777)),
    body=st.lists(st.sampled_from((0, 1, 3, 9, 2**31, 2**32 - 1, 0x1A2B3C4D)), max_size=9),
    order=st.sampled_from("<>"),
)
def test_well_framed_nonsense_never_raises_and_all_forms_agree(
    all_forms: Any, kind: int, body: list[int], order: str
) -> None:
    words = struct.pack(f"{order}{len(body)}I", *body)
    all_forms(section(order) + interface(order) + block(kind, words, order) + CAPTURE)


def test_what_dpkt_writes_is_read_as_dpkt_reads_it(read: Any) -> None:
    file = io.BytesIO()
    writer = dpkt.pcapng.Writer(file)
    for n, data in enumerate((b"one", b"", b"x" * 99)):
        writer.writepkt(data, ts=1_700_000_000 + n / 4)
    theirs = list(dpkt.pcapng.Reader(io.BytesIO(file.getvalue())))
    ours = read(file.getvalue()).packets
    assert [(packet.ts / SECOND, packet.data) for packet in ours] == [
        (float(ts), data) for ts, data in theirs
    ]


def test_what_scapy_writes_is_read_as_scapy_reads_it(read: Any, tmp_path: Path) -> None:
    path = tmp_path / "made.pcapng"
    writer = PcapNgWriter(str(path))
    for n in range(3):
        packet = Ether(bytes(range(40 + n)))
        packet.time = 1_700_000_000 + n / 4
        writer.write(packet)
    writer.close()
    with RawPcapNgReader(str(path)) as reader:
        theirs = [
            ((meta.tshigh << 32 | meta.tslow) * SECOND // meta.tsresol, data, meta.wirelen, 1)
            for data, meta in reader
        ]
    assert len(theirs) == 3
    assert read(path.read_bytes()).packets == theirs


@given(data=st.binary(max_size=60))
def test_random_bytes_behind_the_magic_raise_nothing_but_parse_errors(
    reader: Any, data: bytes
) -> None:
    with pytest.raises(ParseError):
        reader(b"\n\r\r\n" + data)


def test_the_version_of_a_section_is_not_looked_at(read: Any) -> None:
    # A capture of the libpcap project says 0.1, and Zeek and Wireshark read it.
    data = section(major=0, minor=1) + interface() + enhanced(b"packet")
    assert [packet.data for packet in read(data).packets] == [b"packet"]
