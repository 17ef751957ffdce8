"""zat as a second opinion on TSV logs of Zeek 2 to 8.

Compared is what zat represents rightly. It does not, so that it is left out or undone here:

* `zeek_log_reader` reads times as naive local `datetime`s and intervals as `timedelta`s, through
  floats: the last microsecond may differ. It yields 0, `-` or an empty text for unset, as the type
  has it, so unset is not told from such values; sets, vectors and escapes stay one text.
* `LogToPolars` has counts as UInt64, ports as UInt16 and truth values as the texts T and F, which
  is undone here. Times and intervals come through floats and lose all below a second and a
  millisecond; sets, vectors, `(empty)` and escapes stay text; a text `NA` counts as unset.
* Both stop, or go on for ever, at JSON, at a header that changes and at gzip (unpacked here).
* The reader takes a blank line for a row of one column, and makes what it can of a row with too few
  or too many columns and of values that are none: of such logs (`DAMAGED`) nothing is compared.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import warnings
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from parsers.schema import TABLES, element_type
from parsers.zeek.read import open_log

zat_reader = pytest.importorskip("zat.zeek_log_reader")
zat_polars = pytest.importorskip("zat.log_to_polars")

pytestmark = pytest.mark.shared
LOGS = (
    "zat/conn.log", "zat/http.log", "zat/ssl.log", "zat/dns.log", "zat/x509.log", "zat/files.log",
    "zat/notice.log", "bro23/bro-2.3.1/conn.log", "rita-proxy/conn.log",
    "rita-proxy/known_services.log", "rita-proxy/tunnel.log",
    "bro2/TRIDIUM/tridium-jace2/http.log", "../truth/12ec19149247/dns.log",
    "../truth/82f44e908c60/ssh.log", "../truth/25d5727033d2/conn.log",
)  # fmt: skip
UNSET: dict[str, Any] = {"count": 0, "int": 0, "port": 0, "double": 0.0, "bool": False}


@pytest.fixture(params=LOGS)
def path(request: pytest.FixtureRequest, shared: Path) -> str:
    return str(shared / "corpus" / "zeek-logs" / request.param)


def ours(path: str) -> tuple[str, pl.DataFrame]:
    log = open_log(path)
    frames = list(log)
    assert not log.weirds
    return frames[0][0], pl.concat([rows for _, rows in frames])


def plain_columns(table: str, names: Any) -> Iterator[tuple[str, str, str]]:
    """Zeek's name, ours and the type of columns that hold single values."""
    for column in TABLES[table]:
        if column.zeek in names and not element_type(column):
            yield column.zeek, column.name, column.type


def rows_of_zat(path: str) -> list[dict[str, Any]]:
    with contextlib.redirect_stdout(io.StringIO()):  # it says what it monitors
        return [row for row in zat_reader.ZeekLogReader(path).readrows() if len(row) > 1]


def agrees(type_: str, value: Any, theirs: Any) -> bool:
    """Whether what zat has is what we have, as far as zat represents it."""
    if type_ == "time":
        apart = 0 if value is None else value.timestamp() - theirs.timestamp()
        # The end of a certificate in the year 9999 is more than 64 bits of nanoseconds hold.
        return abs(apart) < 2e-6 or (theirs.year > 2262 and value.year == 2262)
    if type_ == "interval":
        return abs((value or timedelta(0)) - theirs) <= timedelta(microseconds=1)
    if value is None:
        return theirs in (UNSET.get(type_, "-"), "-")
    if type_ in ("string", "enum", "addr"):
        return "\\" in str(theirs) or theirs == (value or "(empty)")
    return bool(value == theirs)


def disagreements(table: str, rows: pl.DataFrame, theirs: list[dict[str, Any]]) -> list[Any]:
    return [
        (name, value, row[zeek])
        for zeek, name, type_ in plain_columns(table, theirs[0])
        for value, row in zip(rows[name].to_list(), theirs, strict=True)
        if not agrees(type_, value, row[zeek])
    ]


def unpacked(path: Path, folder: Path) -> str:
    if path.suffix != ".gz":
        return str(path)
    plain = folder / path.stem
    plain.write_bytes(gzip.decompress(path.read_bytes()))
    return str(plain)


# Where rows are cut or mixed up, and logs of tests whose times are blotted out.
DAMAGED = ("lab-2025/", "labelled/test10-mixed-zeek-dir/notice.log", "ipsec-package/tests/",
           "openvpn-package/tests/", "wireguard-package/testing/")  # fmt: skip


@pytest.mark.parametrize("folder", ["zeek-logs", "truth"])
def test_zats_rows_are_ours(folder: str, shared: Path, tmp_path: Path) -> None:
    found: dict[str, list[str]] = {"compared": [], "unread": [], "damaged": []}
    for log in sorted((shared / "corpus" / folder).rglob("*.log*")):
        path = unpacked(log, tmp_path)
        if not Path(path).read_bytes().startswith(b"#"):
            continue  # JSON
        reading = open_log(path)
        frames = [rows for _, rows in reading]
        if reading.weirds:
            found["damaged"].append(str(log.relative_to(shared / "corpus" / folder)))
        elif reading.unread:
            found["unread"].append(str(log))
        elif not frames:
            assert not rows_of_zat(path), path
        else:
            [table] = reading.columns_seen
            assert not disagreements(table, pl.concat(frames), rows_of_zat(path)), path
            found["compared"].append(str(log))
    assert all(name.startswith(DAMAGED) for name in found["damaged"])
    assert len(found["compared"]) > len(found["unread"])


def test_zats_polars_frame_is_ours(path: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = zat_polars.LogToPolars().create_dataframe(path)
    table, rows = ours(path)
    assert len(rows) == len(theirs)
    compared = 0
    for zeek, name, type_ in plain_columns(table, theirs.columns):
        if type_ not in ("count", "port", "addr", "bool", "double"):
            continue
        expected = theirs[zeek]
        if type_ == "bool":
            expected = expected.cast(pl.String) == "T"
        expected = expected.cast(rows[name].dtype)
        assert rows[name].to_list() == expected.to_list(), name
        compared += 1
    assert compared
