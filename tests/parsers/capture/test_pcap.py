"""Classic pcap: what each variant says, and what becomes of records that cannot be."""

from __future__ import annotations

import io
import struct
from typing import Any

import dpkt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.l2 import Ether
from scapy.utils import PcapReader, PcapWriter

from parsers.errors import NotACapture, ParseError

SECOND = 1_000_000_000
PACKETS = [b"first packet", b"", b"x" * 70, bytes(range(256))]


def header(
    order: str = "<", magic: int = 0xA1B2C3D4, link: int = 1, snap: int = 65535, minor: int = 4
) -> bytes:
    return struct.pack(order + "IHHiIII", magic, 2, minor, 0, 0, snap, link)


def record(
    data: bytes, wire: int | None = None, order: str = "<", time: tuple[int, int] = (5, 7)
) -> bytes:
    sizes = (len(data), len(data) if wire is None else wire)
    return struct.pack(order + "iiII", *time, *sizes) + data


CAPTURE = header() + b"".join(record(data, time=(n, n)) for n, data in enumerate(PACKETS))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("magic", "unit"), [(0xA1B2C3D4, 1000), (0xA1B23C4D, 1)])
def test_both_byte_orders_and_both_units_of_time_are_read(
    read: Any, order: str, magic: int, unit: int
) -> None:
    data = header(order, magic, link=113) + record(b"abc", 1500, order, (1_600_000_000, 999_999))
    (packet,) = read(data).packets
    assert packet == (1_600_000_000 * SECOND + 999_999 * unit, b"abc", 1500, 113)


@pytest.mark.parametrize("order", ["<", ">"])
def test_the_modified_format_has_longer_record_headers(read: Any, order: str) -> None:
    extra = b"interfac"
    one = struct.pack(order + "iiII", 1, 2, 3, 4) + extra + b"abc"
    result = read(header(order, 0xA1B2CD34) + one * 2)
    assert result.packets == [(SECOND + 2000, b"abc", 4, 1)] * 2


def test_seconds_and_fraction_are_signed(read: Any) -> None:
    times = [(1_614_582_000, -268_432), (-1, 0), (-(2**31), -(2**31)), (2**31 - 1, 2**31 - 1)]
    result = read(header() + b"".join(record(b"", time=time) for time in times))
    assert [packet.ts for packet in result.packets] == [s * SECOND + f * 1000 for s, f in times]


def test_an_announced_checksum_is_taken_off_packet_and_length(read: Any) -> None:
    ethernet_with_four_bytes = 2 << 28 | 1 << 26 | 1
    data = header(link=ethernet_with_four_bytes)
    data += record(b"whole frame" + b"FCS!") + record(b"cut", 1000) + record(b"FC", 2)
    assert [packet[1:] for packet in read(data).packets] == [
        (b"whole frame", 11, 1),
        (b"cut", 996, 1),
        (b"", 0, 1),
    ]


def test_a_checksum_length_without_its_flag_means_nothing(read: Any) -> None:
    (packet,) = read(header(link=3 << 28 | 132) + record(b"whole frame")).packets
    assert packet[1:] == (b"whole frame", 11, 132)


def test_old_versions_may_hold_the_two_lengths_in_either_order(read: Any) -> None:
    swapped = struct.pack("<iiII", 5, 7, 60, 3) + b"abc"
    result = read(header(minor=2) + swapped + record(b"abc", 60))
    assert [packet[1:] for packet in result.packets] == [(b"abc", 60, 1)] * 2


def test_a_captured_length_above_the_original_is_kept(read: Any) -> None:
    (packet,) = read(header() + record(b"abc", 0)).packets
    assert packet[1:] == (b"abc", 0, 1)


def test_no_packets_are_no_error(read: Any) -> None:
    assert read(header()) == ([], [], {})


def test_more_packets_than_the_index_holds_come_in_several_frames(read: Any) -> None:
    count = 40_000
    result = read(header() + b"".join(record(b"", time=(0, n)) for n in range(count)))
    assert [packet.ts for packet in result.packets] == [n * 1000 for n in range(count)]


def test_packets_across_the_ends_of_blocks_are_whole(read: Any) -> None:
    data = [bytes((n % 256,)) * (n % 1500) for n in range(4000)]
    result = read(header() + b"".join(map(record, data)))
    assert [packet.data for packet in result.packets] == data


@pytest.mark.parametrize("size", [262_145, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF])
def test_an_impossible_length_ends_the_reading_there(read: Any, size: int) -> None:
    bad = struct.pack("<iiII", 1, 1, size, size)
    result = read(header() + record(b"abc") + bad + record(b"lost"))
    assert [packet.data for packet in result.packets] == [b"abc"]
    assert result.weirds == {"damaged_capture": 1}
    (warning,) = result.warnings
    assert warning == (
        "made.pcap, byte offset 43: damaged, not read any further: "
        f"expected a packet of at most 262144 bytes, found a record of {size} bytes"
    )


def test_a_declared_snap_length_allows_larger_packets(read: Any) -> None:
    data = header(snap=5_000_000) + record(b"x" * 4_000_000) + record(b"after")
    assert [len(packet.data) for packet in read(data).packets] == [4_000_000, 5]


def test_a_version_that_is_none_is_refused() -> None:
    from parsers.capture.pcap import Pcap

    with pytest.raises(NotACapture, match=r"expected pcap version 2.0 to 2.4, found version 2.7"):
        Pcap("x", header(minor=7))


@given(cut=st.integers(24, len(CAPTURE)))
def test_a_cut_anywhere_loses_no_whole_packet(reader: Any, cut: int) -> None:
    ends = [24]
    for data in PACKETS:
        ends.append(ends[-1] + 16 + len(data))
    whole = sum(end <= cut for end in ends) - 1
    result = reader(CAPTURE[:cut])
    assert [packet.data for packet in result.packets] == PACKETS[:whole]
    if cut in ends:
        assert (result.warnings, result.weirds) == ([], {})
    else:
        assert f"byte offset {ends[whole]}: cut off in the middle" in result.warnings[0]
        assert result.weirds == {"truncated_capture": 1}


@given(sizes=st.lists(st.integers(1, 60), min_size=1, max_size=20))
def test_any_split_into_reads_gives_the_same_packets(reader: Any, sizes: list[int]) -> None:
    assert reader(CAPTURE, sizes) == reader(CAPTURE)


@given(data=st.binary(max_size=300))
def test_random_bytes_raise_nothing_but_parse_errors(reader: Any, data: bytes) -> None:
    with pytest.raises(ParseError):
        reader(data)


@given(data=st.binary(max_size=300), order=st.sampled_from("<>"))
def test_random_records_never_raise_and_all_forms_agree(
    all_forms: Any, data: bytes, order: str
) -> None:
    all_forms(header(order) + data)


@given(
    at=st.integers(4, len(CAPTURE) - 1), value=st.integers(0, 255), minor=st.sampled_from((2, 4))
)
def test_a_changed_byte_never_raises_and_all_forms_agree(
    all_forms: Any, at: int, value: int, minor: int
) -> None:
    data = bytearray(header(minor=minor) + CAPTURE[24:])
    if at not in range(4, 8):  # the version
        data[at] = value
    all_forms(bytes(data))


def test_what_dpkt_writes_is_read_as_dpkt_reads_it(read: Any) -> None:
    file = io.BytesIO()
    writer = dpkt.pcap.Writer(file, nano=True)
    for n, data in enumerate(PACKETS):
        writer.writepkt(data, ts=1_700_000_000 + n / 4)
    theirs = list(dpkt.pcap.Reader(io.BytesIO(file.getvalue())))
    ours = read(file.getvalue()).packets
    assert [(packet.ts / SECOND, packet.data) for packet in ours] == [
        (float(ts), data) for ts, data in theirs
    ]


def test_what_scapy_writes_is_read_as_scapy_reads_it(read: Any) -> None:
    file = io.BytesIO()
    writer = PcapWriter(file, linktype=1, endianness=">")
    writer.write_header(None)
    for n, data in enumerate(PACKETS[2:]):
        writer.write_packet(Ether(data), sec=1_700_000_000 + n, usec=n, wirelen=2000)
    writer.flush()
    theirs = [
        (int(packet.time * 1_000_000) * 1000, bytes(packet), packet.wirelen, 1)
        for packet in PcapReader(io.BytesIO(file.getvalue()))
    ]
    assert read(file.getvalue()).packets == theirs
