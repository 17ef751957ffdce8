"""zat as a second opinion on TSV logs of Zeek 2 to 8.

Compared is what zat represents rightly. It does not, so that it is left out or undone here:

* `zeek_log_reader` reads times as naive local `datetime`s and intervals as `timedelta`s, through
  floats: the last microsecond may differ. It yields 0, `-` or an empty text for unset, as the type
  has it, so unset is not told from such values; sets, vectors and escapes stay one text.
* `LogToPolars` has counts as UInt64, ports as UInt16 and truth values as the texts T and F, which
  is undone here. Times and intervals come through floats and lose all below a second and a
  millisecond; sets, vectors, `(empty)` and escapes stay text; a text `NA` counts as unset.
* Both stop, or go on for ever, at JSON, at a header that changes and at gzip.
"""

from __future__ import annotations

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


def test_zats_rows_are_ours(path: str) -> None:
    theirs = list(zat_reader.ZeekLogReader(path).readrows())
    table, rows = ours(path)
    assert len(rows) == len(theirs)
    for zeek, name, type_ in plain_columns(table, theirs[0]):
        held = rows[name].to_list()
        for value, expected in zip(held, (row[zeek] for row in theirs), strict=True):
            if type_ == "time":
                assert value is None or abs(value.timestamp() - expected.timestamp()) < 2e-6
            elif type_ == "interval":
                given = timedelta(0) if value is None else value
                assert abs(given - expected) <= timedelta(microseconds=1)
            elif value is None:
                assert expected in (UNSET.get(type_, "-"), "-")
            elif type_ in ("string", "enum", "addr"):
                assert "\\" in str(expected) or expected == (value or "(empty)")
            else:
                assert value == expected


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
