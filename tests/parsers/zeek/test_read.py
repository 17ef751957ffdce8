"""Logs of both formats, whole and broken, through the public API."""

from __future__ import annotations

import gzip
import io
import random
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parsers.errors import NotALog, ParseError
from parsers.schema import CONN, TABLES, polars_schema
from parsers.zeek.read import ZeekLog, kind_of, open_log
from parsers.zeek.write import LogWriter
from tests.zeek_logs import header, ndjson, read_log, row_json, tsv

SECOND = 1_000_000_000
TS = 1_700_000_000_123_456_000
KEY = ["ts", "uid", "orig_h", "resp_p"]


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (tsv({}), "tsv"),
        (b"\xef\xbb\xbf" + tsv({}), "tsv"),
        (b"### a comment\n\n" + tsv({}), "tsv"),
        (b"#fields\tts\tuid\n", "tsv"),
        (b"#separator", "tsv"),
        (ndjson(row_json()), "json"),
        (b'\n  {"ts": 1', "json"),
        (b'{broken\n{"ts": 1}\n', "json"),
        (b"{}\n", "json"),
        (b"1700000000.1\tC1\t10.0.0.1\n#fields\tts\n", None),
        (b"# just a comment\n", None),
        (b'{"a": \0}', None),
        (b"\x7fELF\x02", None),
        (b"hello\n", None),
        (b"", None),
    ],
)
def test_what_a_file_is_is_told_by_its_first_lines(head: bytes, kind: str | None) -> None:
    assert kind_of(head) == kind


@pytest.mark.parametrize("data", [b"", b"\0\x01\x02" * 99, b"1\tC1\t10.0.0.1\n", b"PK\x03\x04"])
def test_what_is_no_log_is_refused_whatever_it_is_called(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "conn.log"
    path.write_bytes(data)
    with pytest.raises(NotALog, match=r"conn\.log.*expected a Zeek log"):
        open_log(str(path))


def test_folders_and_missing_files_are_said_to_be_that(tmp_path: Path) -> None:
    with pytest.raises(NotALog, match="a directory"):
        open_log(str(tmp_path))
    with pytest.raises(FileNotFoundError, match="cannot be read"):
        open_log(str(tmp_path / "none.log"))


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstandard.compress])
@pytest.mark.parametrize("text", [tsv({}, {}), ndjson(row_json(), row_json())])
def test_a_log_is_read_whatever_it_is_packed_in(tmp_path: Path, pack: Any, text: bytes) -> None:
    path = tmp_path / "x"
    path.write_bytes(pack(text))
    log = open_log(str(path), {"conn": KEY})
    ((table, rows),) = list(log)
    assert (table, rows.height, log.rows) == ("conn", 2, 2)
    assert rows["ts"].dt.timestamp("ns").to_list() == [TS, TS]
    assert log.position == log.size == path.stat().st_size
    assert not log.weirds
    assert not log.warnings


def test_standard_input_is_read_as_it_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(tsv({}))))
    log = open_log("-", {"conn": ["file", "line", "uid"]})
    ((_, rows),) = list(log)
    assert log.path == "standard input"
    assert log.size is None
    assert rows.rows() == [("C1", "standard input", 9)]


def test_columns_are_the_wanted_ones_in_the_schemas_order_and_types() -> None:
    wanted = ["line", "resp_p", "tunnel_parents", "ts", "service", "orig_payload_mean", "file"]
    for data in (tsv({}), ndjson(row_json())):
        rows = read_log(data, {"conn": wanted}).tables["conn"]
        schema = polars_schema(TABLES["conn"]) | {"line": pl.Int64()}
        assert dict(rows.schema) == {name: schema[name] for name in schema if name in wanted}
        assert list(rows.schema)[-1] == "line"
        assert rows["service"].null_count() == rows["orig_payload_mean"].null_count() == 1


def test_all_columns_come_where_none_are_named() -> None:
    rows = read_log(tsv({})).tables["conn"]
    assert dict(rows.schema) == polars_schema(TABLES["conn"])


def test_the_rows_of_a_table_that_is_not_wanted_are_counted() -> None:
    for data in (tsv({}), ndjson(row_json())):
        result = read_log(data, {"ssh": ["ts"]})
        assert not result.tables
        assert not result.weirds
        assert result.log.unread == {"conn": 1}
        assert {"ts", "orig_h", "proto"} <= result.log.columns_seen["conn"]


def test_no_columns_wanted_still_count_rows() -> None:
    for data in (tsv({}, {}), ndjson(row_json(), row_json())):
        assert read_log(data, {"conn": []}).log.rows == 2
        assert read_log(data, {"conn": ["line"]}).column("line") in ([9, 10], [1, 2])


def test_columns_that_the_file_has_are_told() -> None:
    expected = {
        "ts", "uid", "orig_h", "orig_p", "resp_h", "resp_p", "proto", "duration", "orig_bytes",
        "local_orig",
    }  # fmt: skip
    for wanted in (None, {"conn": KEY}):
        assert read_log(tsv({}), wanted).log.columns_seen["conn"] == expected | {"tunnel_parents"}
        assert read_log(ndjson(row_json()), wanted).log.columns_seen["conn"] == expected


@pytest.mark.parametrize(
    ("data", "name", "rows"),
    [
        (header("ts", "uid", path="dhcp").encode() + b"1\ta\n\n2\tb\n", "dhcp", 2),
        (ndjson(row_json(_path="dhcp"), row_json(_path="dhcp")), "dhcp", 2),
        (header("name", path="loaded_scripts").encode() + b"a\n\nb\n", "loaded_scripts", 2),
    ],
)
def test_the_rows_of_an_unknown_log_are_counted(data: bytes, name: str, rows: int) -> None:
    result = read_log(data)
    assert result.log.unread == {name: rows}
    assert result.log.rows == 0
    assert result.warnings == []


def test_a_cut_gzip_gives_its_rows_and_says_that_it_is_cut(tmp_path: Path) -> None:
    rng = random.Random(3)
    rows = [
        {"uid": f"C{rng.getrandbits(64):x}", "orig_bytes": str(rng.getrandbits(30))}
        for _ in range(4000)
    ]
    for text in (tsv(*rows), ndjson(*(row_json(uid=row["uid"]) for row in rows))):
        packed = gzip.compress(text)
        path = tmp_path / "conn.log.gz"
        path.write_bytes(packed[: len(packed) // 2])
        log = open_log(str(path), {"conn": KEY})
        read = pl.concat([frame for _, frame in log])
        assert 1000 < len(read) < 3000
        assert read["uid"].to_list() == [row["uid"] for row in rows[: len(read)]]
        assert any("cut off" in warning for warning in log.warnings)
        assert log.weirds in ({}, {"cut_off_row": 1})


def test_frames_hold_65536_rows_at_most() -> None:
    data = header("ts", "host", path="known_hosts").encode() + b"1.5\t10.0.0.1\n" * 150_000
    sizes = [len(rows) for _, rows in ZeekLog("x", io.BytesIO(data))]  # type: ignore[arg-type]
    assert max(sizes) == 65_536
    assert sum(sizes) == 150_000


def test_reading_takes_bounded_memory(tmp_path: Path) -> None:
    """200 MB of one row over and over in a gzip; the peak is measured in a process of its own."""
    import subprocess

    path = tmp_path / "conn.log.gz"
    row = tsv({}, close=False).split(b"\n")[-2] + b"\n"
    with gzip.open(path, "wb", 1) as file:
        file.write(tsv(close=False))
        for _ in range(200):
            file.write(row * ((1 << 20) // len(row)))
    code = (
        "import sys, resource\n"
        "from parsers.zeek.read import open_log\n"
        "def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024\n"
        "log = iter(open_log(sys.argv[1], {'conn': ['ts', 'orig_h']}))\n"
        "for _ in range(4): next(log)\n"
        "early = peak()\n"
        "for _ in log: pass\n"
        "print(peak() - early)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, check=True, text=True
    )
    assert int(done.stdout) < 60


# Rows as a log can hold them: microseconds, addresses in canonical form.
TEXT = st.one_of(
    st.sampled_from(["-", "(empty)", "", "\\", "\\x41", "a,b", "ä\t\n", "\x00", "#", '"', "\\\\x"]),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=6),
)
MICROS = st.integers(0, 2**33 * 10**6).map(lambda value: value * 1000)
BIG = st.integers(0, 2**63 - 1)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "time": MICROS, "interval": st.integers(-(10**12), 10**12).map(lambda value: value * 1000),
    "count": BIG, "port": st.integers(0, 65535), "bool": st.booleans(), "enum": st.just("tcp"),
    "addr": st.sampled_from(["10.0.0.1", "255.255.255.255", "::1", "2001:db8::1", "0.0.0.0"]),
    "string": TEXT, "set[string]": st.lists(TEXT.filter(bool), max_size=3),
}  # fmt: skip


@st.composite
def conn_tables(draw: Any) -> pl.DataFrame:
    row = st.fixed_dictionaries(
        {
            column.name: VALUES[column.type]
            if column.name == "ts"
            else st.none() | VALUES[column.type]
            for column in CONN
        }
    )
    return pl.DataFrame(draw(st.lists(row, max_size=6)), schema=polars_schema(CONN))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    table=conn_tables(), as_json=st.booleans(), block=st.integers(1, 700), drip=st.integers(1, 700)
)
def test_what_is_written_is_read_back_whatever_the_size_of_the_reads(
    tmp_path: Path, table: pl.DataFrame, as_json: bool, block: int, drip: int
) -> None:
    with LogWriter(tmp_path, "conn", json=as_json) as log:
        log.write(table)
    data = log.path.read_bytes()
    if not data:
        return
    result = read_log(
        data, {"conn": [column.name for column in CONN]}, path="conn.log", block=block, drip=drip
    )
    assert not result.weirds
    if len(table):
        assert result.tables["conn"].to_dicts() == table.to_dicts()
    else:
        assert not result.tables


def damaged(data: bytes, seed: int) -> bytes:
    """A log with some bytes changed, doubled or taken out."""
    rng = random.Random(seed)
    octets = bytearray(data)
    for _ in range(rng.randint(1, 12)):
        at = rng.randrange(len(octets))
        match rng.randrange(4):
            case 0:
                octets[at] = rng.randrange(256)
            case 1:
                del octets[at : at + rng.randrange(40)]
            case 2:
                octets[at:at] = octets[at : at + rng.randrange(40)]
            case _:
                octets[at] = rng.choice(b'\t\n\r,#\\"{}[]:-\0\xff')
        octets = octets or bytearray(b"\n")
    return bytes(octets)


def lines_of(data: bytes) -> int:
    """Lines that a reader has to account for, at least, and at most."""
    return sum(1 for line in data.split(b"\n") if line.strip(b" \t\r"))


@pytest.mark.parametrize("seed", range(250))
def test_damage_is_counted_and_raises_nothing_else(seed: int) -> None:
    some = {"uid": "C\\x09", "tunnel_parents": "a,b"}
    logs = [
        tsv({}, some, {}, {}) * 2,
        ndjson(*(row_json(tunnel_parents=["a"], id={"orig_h": "10.0.0.1"}) for _ in range(9))),
        ndjson(row_json(), row_json(_path="ssh"), row_json(_path="known_services", service=["a"])),
        header("ts", "filename", path="http").encode() + b"1\ta\n2\tb\n",
    ]
    data = damaged(logs[seed % len(logs)], seed)
    for packed in (data, damaged(gzip.compress(data), seed)):
        try:
            result = read_log(packed, path="conn.log", block=100)
        except ParseError:
            continue
        log = result.log
        accounted = log.rows + sum(log.weirds.values()) + sum(log.unread.values())
        if packed is data and not data.startswith(b"#") and seed % 4 in (1, 2):
            assert accounted == lines_of(data)
        assert len(log.warnings) <= len(log.weirds) + len(log.unread) + 3


@pytest.mark.parametrize("seed", range(1000, 1200))
def test_damage_is_the_same_whatever_the_size_of_the_reads(seed: int) -> None:
    rows = [{"orig_bytes": " 7"}, {"ts": "2026-11-01T00:00:00Z"}, {"uid": "\\xff"}, {}] * 3
    nested = row_json(**{"id.orig_h": None, "id": {"orig_h": "10.0.0.1"}})
    logs = [tsv(*rows), ndjson(*[row_json(tunnel_parents=["a"]), nested, row_json()] * 4)]
    data = damaged(logs[seed % 2], seed)
    found = []
    for block in (50, 1 << 16):
        try:
            result = read_log(data, path="conn.log", block=block)
        except ParseError as error:
            found.append(str(error))
        else:
            tables = {table: rows.to_dicts() for table, rows in result.tables.items()}
            found.append(str((sorted(tables.items()), result.weirds, result.log.unread)))
    assert found[0] == found[1]


@pytest.mark.parametrize("seed", range(60))
def test_rows_in_are_rows_out_and_weirds(seed: int) -> None:
    rng = random.Random(seed)
    bad = [
        {"orig_bytes": str(2**63)}, {"orig_bytes": "-1"}, {"id.orig_p": "65536"}, {"ts": "now"},
        {"id.orig_h": "10.0.0.256"}, {"duration": "x"}, {"local_orig": "yes"}, {"uid": "a\tb"}, {},
        {"id.orig_h": "nobody", "ts": "never"},
    ]  # fmt: skip
    rows = [rng.choice(bad) for _ in range(rng.randrange(30))]
    result = read_log(tsv(*rows), block=rng.randint(1, 2000))
    assert result.log.rows == sum(not row for row in rows)
    assert result.log.rows + result.weirds.total() == len(rows)


def test_position_goes_up_to_the_size(tmp_path: Path) -> None:
    path = tmp_path / "conn.log"
    path.write_bytes(tsv(*[{}] * 300_000))
    log = open_log(str(path), {"conn": ["ts"]})
    positions = [log.position for _ in log]
    assert positions == sorted(positions)
    assert positions[0] < (log.size or 0)
    assert positions[-1] == log.size
