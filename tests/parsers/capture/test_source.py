"""Opening captures: told by content, from files, pipes and standard input; refused in one line."""

from __future__ import annotations

import gc
import gzip
import io
import os
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from parsers.capture.source import Capture, open_capture
from parsers.errors import CutOff, NotACapture, ParseError
from parsers.kernel import compiled

HEADER = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
SECTION = struct.pack("<IIIHHqI", 0x0A0D0D0A, 28, 0x1A2B3C4D, 1, 0, -1, 28)


def record(second: int, data: bytes = b"data") -> bytes:
    return struct.pack("<iiII", second, 0, len(data), len(data)) + data


def many(count: int) -> bytes:
    return HEADER + b"".join(record(n, bytes(100)) for n in range(count))


def seconds(capture: Capture) -> list[int]:
    found = [int(ts) // 1_000_000_000 for part in capture for ts in part.ts]
    capture.close()
    return found


@pytest.fixture
def made(tmp_path: Path) -> Callable[[bytes], str]:
    """Write a file; its name says nothing of what it holds."""

    def make(data: bytes) -> str:
        path = tmp_path / "made"
        path.write_bytes(data)
        return str(path)

    return make


@pytest.mark.parametrize("compress", [bytes, gzip.compress, zstandard.ZstdCompressor().compress])
def test_a_capture_is_known_by_its_content(made: Any, compress: Any) -> None:
    data = many(3)
    capture = open_capture(made(compress(data)), compiled=False)
    assert (capture.format, capture.size) == ("pcap", len(compress(data)))
    assert seconds(capture) == [0, 1, 2]
    assert capture.position == capture.size
    assert capture.bytes_read == len(data)
    assert (capture.warnings, capture.weirds) == ([], {})


def test_a_section_makes_it_pcapng(made: Any) -> None:
    capture = open_capture(made(SECTION), compiled=False)
    assert capture.format == "pcapng"
    assert seconds(capture) == []


def test_the_position_grows_while_a_file_is_read(made: Any) -> None:
    path = made(many(30_000))
    capture = open_capture(path, compiled=False)
    positions = [capture.position for _ in capture]
    capture.close()
    assert positions == sorted(positions)
    assert 0 < positions[0] < positions[-1] == Path(path).stat().st_size == capture.size


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"", "nothing (it is empty)"),
        (b"#fields\tts\n", 'text "#fields\\tts\\n"'),
        (b"PK\x03\x04\x14\x00", "a zip archive (50 4b 03 04 14 00)"),
        (bytes(range(150, 250)), "the bytes 96 97 98 99 9a 9b 9c 9d"),
        (gzip.compress(b"PK\x03\x04"), "a zip archive (50 4b 03 04)"),
        (gzip.compress(gzip.compress(HEADER, mtime=0)), "gzip data (1f 8b 08 00 00 00 00 00)"),
    ],
)
def test_what_is_no_capture_is_refused_with_what_it_is(made: Any, data: bytes, found: str) -> None:
    path = made(data)
    with pytest.raises(NotACapture) as caught:
        open_capture(path, compiled=False)
    expected = "a capture (pcap or pcapng, plain or in gzip or zstd)"
    assert str(caught.value) == f"{path}: expected {expected}, found {found}"


@pytest.mark.parametrize("data", [HEADER[:4], HEADER[:23], SECTION[:23]])
def test_less_than_a_header_is_refused(made: Any, data: bytes) -> None:
    message = f"expected a header of 24 bytes, found {len(data)} bytes"
    with pytest.raises(NotACapture, match=message):
        open_capture(made(data), compiled=False)


def test_a_compressed_file_cut_in_the_header_is_refused(made: Any) -> None:
    with pytest.raises(CutOff, match="expected more gzip data, found the end of the file"):
        open_capture(made(gzip.compress(many(3))[:15]), compiled=False)


def test_a_folder_is_no_capture(tmp_path: Path) -> None:
    with pytest.raises(NotACapture, match=r"expected a capture .*, found a directory$"):
        open_capture(str(tmp_path), compiled=False)


def test_a_missing_file_is_said_in_one_line(tmp_path: Path) -> None:
    path = str(tmp_path / "missing\n.pcap")
    with pytest.raises(FileNotFoundError) as caught:
        open_capture(path, compiled=False)
    assert str(caught.value).endswith("missing\\n.pcap: cannot be read: No such file or directory")


def test_a_refused_file_is_closed_again(made: Any) -> None:
    path = made(b"no capture")
    with pytest.raises(NotACapture) as caught:
        open_capture(path, compiled=False)
    del caught
    # An unclosed file would be a ResourceWarning, which is an error here.
    gc.collect()


@pytest.mark.parametrize("compress", [gzip.compress, zstandard.ZstdCompressor().compress])
def test_a_cut_compressed_file_yields_the_packets_before(made: Any, compress: Any) -> None:
    data = HEADER + b"".join(record(n, os.urandom(1000)) for n in range(1000))
    path = made(compress(data)[:-300_000])
    capture = open_capture(path, compiled=False)
    found = seconds(capture)
    assert 500 < len(found) < 1000
    assert found == list(range(len(found)))
    assert capture.weirds == {"truncated_capture": 1}
    (warning,) = capture.warnings
    assert f"{path}, byte offset {capture.bytes_read}: cut off in the middle" in warning
    assert 24 + len(found) * 1016 <= capture.bytes_read < 24 + (len(found) + 1) * 1016


def test_a_corrupt_compressed_file_yields_the_packets_before(made: Any) -> None:
    data = bytearray(gzip.compress(many(20_000)))
    data[-8:-4] = b"\0\0\0\0"  # the checksum
    capture = open_capture(made(bytes(data)), compiled=False)
    assert seconds(capture) == list(range(20_000))
    assert capture.weirds == {"damaged_capture": 1}
    assert "found Error -3 while decompressing data: incorrect data check" in capture.warnings[0]


def test_the_first_time_is_known_ahead_and_nothing_is_lost(made: Any) -> None:
    capture = open_capture(made(HEADER + record(7) + record(3)), compiled=False)
    assert capture.first_ts() == capture.first_ts() == 7_000_000_000
    assert seconds(capture) == [7, 3]
    assert capture.first_ts() == 7_000_000_000


def test_the_first_time_stays_that_of_the_first_packet(made: Any) -> None:
    capture = open_capture(made(many(40_000)), compiled=False)
    assert seconds(capture)[-1] == 39_999
    assert capture.first_ts() == 0


def test_a_capture_without_packets_has_no_first_time(made: Any) -> None:
    capture = open_capture(made(HEADER), compiled=False)
    assert capture.first_ts() is None
    assert seconds(capture) == []


def test_reading_may_go_on_compiled_in_the_middle(
    made: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def noted(walk: Any) -> Any:
        asked.append(walk.__module__)
        return compiled(walk)

    monkeypatch.setattr("parsers.capture.frames.compiled", noted)
    capture = open_capture(made(many(40_000)), compiled=False)
    found = []
    for part in capture:
        found += (part.ts // 1_000_000_000).tolist()
        assert bool(asked) == capture.compiled
        capture.compiled = len(found) > 10_000 or capture.compiled
        asked.clear()
    capture.close()
    assert capture.compiled
    assert found == list(range(40_000))


def test_a_closed_capture_ends(made: Any) -> None:
    capture = open_capture(made(many(40_000)), compiled=False)
    for _ in capture:
        capture.close()
    assert list(capture) == []
    assert capture.warnings == []


PROGRAM = """
import sys
from parsers.capture.source import open_capture
capture = open_capture(sys.argv[1], compiled=False)
for part in capture:
    print(capture.path, capture.size, *(part.ts // 1_000_000_000), flush=True)
print(*capture.warnings)
"""


def start(path: str = "-", **options: Any) -> subprocess.Popen[bytes]:
    root = Path(__file__).parents[3]
    command = [sys.executable, "-c", PROGRAM, path]
    return subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, **options)


@pytest.mark.parametrize("blocking", [True, False])
def test_packets_of_standard_input_come_while_it_is_still_open(blocking: bool) -> None:
    reading, writing = os.pipe()
    os.set_blocking(reading, blocking)
    with start(stdin=reading) as process, os.fdopen(writing, "wb", buffering=0) as pipe:
        os.close(reading)
        assert process.stdout
        for n in range(3):
            pipe.write((HEADER if n == 0 else b"") + record(n))
            pipe.write(record(9)[:-1])
            assert process.stdout.readline() == b"standard input None %d\n" % n
            pipe.write(b"a")
            assert process.stdout.readline() == b"standard input None 9\n"
        pipe.write(record(4)[:-1])
        pipe.close()
        assert process.stdout.readline().startswith(b"standard input, byte offset 144: cut off")


def test_a_named_pipe_is_a_stream(tmp_path: Path) -> None:
    path = tmp_path / "fifo"
    os.mkfifo(path)
    with start(str(path)) as process, path.open("wb", buffering=0) as pipe:
        pipe.write(HEADER + record(5))
        assert process.stdout
        assert process.stdout.readline() == f"{path} None 5\n".encode()


def test_standard_input_may_be_replaced_by_what_has_no_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(many(2))))
    assert seconds(open_capture("-", compiled=False)) == [0, 1]


def test_closed_standard_input_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(OSError, match=r"^standard input: cannot be read: it is closed$"):
        open_capture("-", compiled=False)


def test_memory_stays_bounded_for_a_bomb(made: Any) -> None:
    tracemalloc = pytest.importorskip("tracemalloc")
    path = made(gzip.compress(HEADER + bytes(60_000_000)))
    tracemalloc.start()
    capture = open_capture(path, compiled=True)
    began = time.monotonic()
    count = sum(len(part.at) for part in capture)
    capture.close()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 60_000_000 // 16
    assert peak < 40_000_000
    assert time.monotonic() - began < 30


@given(data=st.binary(max_size=100), magic=st.sampled_from((b"", b"\x1f\x8b\x08", b"(\xb5/\xfd")))
def test_random_bytes_raise_nothing_but_parse_errors(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, magic: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "random"
    path.write_bytes(magic + data)
    with pytest.raises(ParseError) as caught:
        open_capture(str(path), compiled=False)
    assert str(caught.value).isprintable()
