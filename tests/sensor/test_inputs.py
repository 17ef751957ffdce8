"""What an input is is told by its content."""

from __future__ import annotations

import gzip
import io
import os
from pathlib import Path

import pytest

from sensor import inputs as module
from sensor.inputs import Replayed, tell_apart
from tests.sensor.test_timeline import capture

TSV = b"#separator \\x09\n#path\tconn\n#fields\tts\tuid\n#types\ttime\tstring\n1.0\tC1\n"
JSON = b'{"_path":"conn","ts":1.0,"uid":"C1"}\n'


def file(path: Path, content: bytes) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return str(path)


@pytest.mark.parametrize("content", [TSV, JSON, gzip.compress(TSV), b"\xef\xbb\xbf" + JSON])
def test_logs_are_told_whatever_their_name(tmp_path: Path, content: bytes) -> None:
    path = file(tmp_path / "evil.pcap", content)
    found = tell_apart([path])
    assert (found.logs, found.captures, found.errors) == ([path], [], [])


def test_captures_are_told_whatever_their_name(tmp_path: Path) -> None:
    path = capture(tmp_path / "conn.log", 1)
    packed = file(tmp_path / "packed", gzip.compress(Path(path).read_bytes()))
    found = tell_apart([path, packed])
    assert (found.logs, found.captures, found.errors) == ([], [path, packed], [])


@pytest.mark.parametrize("content", [b"", b"text", b"\0" * 100, b"#!/bin/sh\n", b"[1]\n"])
def test_what_is_neither_is_an_error(tmp_path: Path, content: bytes) -> None:
    path = file(tmp_path / "conn.log", content)
    (error,) = tell_apart([path]).errors
    assert str(error).startswith(f"{path}: expected a capture (pcap or pcapng) or a Zeek log")


def test_conn_logs_come_last_and_certificates_first(tmp_path: Path) -> None:
    tsv = b"#separator \\x09\n#path\t%s\n#fields\tts\tuid\n#types\ttime\tstring\n1.0\tC1\n"
    contents = {
        "1": tsv % b"conn",
        "2": b'{"ts":1.0,"uid":"C1","conn_state":"SF"}\n',
        "3": tsv % b"ssh",
        "4": b'{"ts":1.0,"uid":"C1","ssl_history":"C"}\n',
        "5": gzip.compress(tsv % b"x509"),
        "6": tsv % b"conn_long",
    }
    for name, content in contents.items():
        file(tmp_path / name, content)

    assert [Path(path).name for path in tell_apart([str(tmp_path)]).logs] == list("543612")


def test_a_missing_file_is_an_error_and_the_others_are_read(tmp_path: Path) -> None:
    good = file(tmp_path / "a.log", TSV)
    found = tell_apart([str(tmp_path / "none"), good])
    assert found.logs == [good]
    assert [str(error) for error in found.errors] == [
        f"{tmp_path}/none: cannot be read: No such file or directory"
    ]


def test_a_folder_gives_what_it_has_and_says_what_else_lies_there(tmp_path: Path) -> None:
    log = file(tmp_path / "2026-11-01" / "conn.00:00:00-01:00:00.log.gz", gzip.compress(TSV))
    packets = capture(tmp_path / "trace.pcap", 1)
    for name in ("a.txt", "b.txt", "c.txt", "d.txt"):
        file(tmp_path / name, b"hello")
    found = tell_apart([str(tmp_path)])
    assert (found.logs, found.captures, found.errors) == ([log], [packets], [])
    assert found.warnings == [
        f"{tmp_path}: passed over, no captures or logs: a.txt, b.txt, c.txt and 1 more"
    ]


def test_a_folder_without_any_is_an_error(tmp_path: Path) -> None:
    file(tmp_path / "a.txt", b"hello")
    (error,) = tell_apart([str(tmp_path)]).errors
    assert str(error).endswith("found a folder that has none")


def test_a_file_that_is_given_twice_is_read_once(tmp_path: Path) -> None:
    path = file(tmp_path / "logs" / "a.log", TSV)
    other = tmp_path / "b.log"
    other.symlink_to(path)
    found = tell_apart([str(tmp_path / "logs"), str(other)])
    assert found.logs == [path]
    assert found.warnings == [f"{other}: given more than once, read once"]


@pytest.mark.parametrize("content", [TSV, JSON, gzip.compress(TSV)])
def test_standard_input_is_looked_at_and_read_from_its_beginning(
    monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    monkeypatch.setattr(module, "raw_file", lambda _: Pipe(content))
    found = tell_apart(["-"])
    assert found.logs == ["-"]
    assert found.stream is not None
    assert found.stream.readall() == content


def test_what_was_replayed_is_not_kept_any_longer() -> None:
    stream = Replayed(Pipe(b"abcdef"))
    assert stream.read(2) == b"ab"
    stream.replay()
    assert [stream.read(3), stream.read(9), stream.read(9)] == [b"ab", b"cdef", b""]
    assert stream._kept == b"ab"


def test_logs_are_errors_where_only_captures_are_of_use(tmp_path: Path) -> None:
    log, packets = file(tmp_path / "conn.log", TSV), capture(tmp_path / "a.pcap", 1)
    found = tell_apart([log, packets])
    found.leave_captures()
    found.refuse_nothing()
    assert (found.captures, found.logs) == ([packets], [])
    (error,) = found.errors
    assert str(error).startswith(f"{log}: expected a capture")
    assert str(error).endswith("found a Zeek log")
    found.captures.clear()
    with pytest.raises(ExceptionGroup):
        found.refuse_nothing()


class Pipe(io.RawIOBase):
    """A stream that gives a few bytes at a time and has no size."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self._rest = io.BytesIO(content)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        return self._rest.readinto(memoryview(buffer)[:7])


def test_a_name_that_is_no_text_is_escaped(tmp_path: Path) -> None:
    path = file(tmp_path / os.fsdecode(b"\xff.log"), b"text")
    (error,) = tell_apart([path]).errors
    str(error).encode()
