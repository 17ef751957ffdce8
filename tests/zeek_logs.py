"""Zeek logs made in a test, and what reading them gives."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from parsers.zeek.read import ZeekLog

Wanted = Mapping[str, Collection[str]] | None


@dataclass
class Result:
    """What was read. `tables`: all rows by table."""

    tables: dict[str, pl.DataFrame]
    log: ZeekLog

    @property
    def weirds(self) -> Counter[str]:
        return self.log.weirds

    @property
    def warnings(self) -> list[str]:
        return self.log.warnings

    def column(self, name: str, table: str = "conn") -> list[Any]:
        series = self.tables[table][name]
        return series.dt.timestamp("ns").to_list() if name == "ts" else series.to_list()


class Dripping(io.RawIOBase):
    """A file that delivers a few bytes at a time."""

    def __init__(self, data: bytes, size: int) -> None:
        self._data, self._size = io.BytesIO(data), size

    def readable(self) -> bool:
        return True

    def readinto(self, view: Any) -> int:
        piece = self._data.read(min(len(view), self._size))
        view[: len(piece)] = piece
        return len(piece)


def read_log(
    data: bytes,
    wanted: Wanted = None,
    *,
    path: str = "some.log",
    block: int = 1 << 16,
    drip: int = 1 << 16,
) -> Result:
    log = ZeekLog(path, Dripping(data, drip), wanted, block=block)
    frames: dict[str, list[pl.DataFrame]] = {}
    for table, rows in log:
        assert 0 < rows.height <= 65_536
        frames.setdefault(table, []).append(rows)
    tables = {table: pl.concat(parts) for table, parts in frames.items()}
    assert log.rows == sum(rows.height for rows in tables.values())
    return Result(tables, log)


CONN = {
    "ts": "1700000000.123456", "uid": "C1", "id.orig_h": "10.0.0.1", "id.orig_p": "40000",
    "id.resp_h": "2001:db8::1", "id.resp_p": "22", "proto": "tcp", "duration": "1.5",
    "orig_bytes": "0", "local_orig": "T", "tunnel_parents": "-",
}  # fmt: skip
TYPES = {
    "ts": "time", "uid": "string", "id.orig_h": "addr", "id.orig_p": "port",
    "id.resp_h": "addr", "id.resp_p": "port", "proto": "enum", "duration": "interval",
    "orig_bytes": "count", "local_orig": "bool", "tunnel_parents": "set[string]",
}  # fmt: skip
NUMBERS = {"ts", "id.orig_p", "id.resp_p", "duration", "orig_bytes"}


def header(*fields: str, path: str = "conn", separator: str = "\t", **changes: str) -> str:
    """Header lines. `changes`: other values of the single ones."""
    values = {"set_separator": ",", "empty_field": "(empty)", "unset_field": "-", "path": path}
    escaped = "".join(f"\\x{byte:02x}" for byte in separator.encode())
    lines = [f"#separator {escaped}"]
    lines += [f"#{name}{separator}{value}" for name, value in (values | changes).items()]
    lines += [f"#open{separator}2026-11-01-00-00-00", separator.join(["#fields", *fields])]
    if all(name in TYPES for name in fields):
        lines += [separator.join(["#types", *(TYPES[name] for name in fields)])]
    return "\n".join(lines) + "\n"


def tsv(*rows: dict[str, str], close: bool = True, separator: str = "\t", **changes: str) -> bytes:
    """A conn.log; each row says how it differs from `CONN`."""
    lines = [separator.join((CONN | row).values()) for row in rows]
    end = "#close\t2026-11-01-00-00-00\n" if close else ""
    text = header(*CONN, separator=separator, **changes) + "".join(f"{x}\n" for x in lines) + end
    return text.encode()


def row_json(**changes: Any) -> str:
    """One object of a conn log, with Zeek's types; None takes a key out."""
    values: dict[str, Any] = {
        name: float(value)
        if name in ("ts", "duration")
        else int(value)
        if name in NUMBERS
        else value
        for name, value in CONN.items()
        if value != "-"
    }
    values |= {"local_orig": True, "_path": "conn"} | changes
    return json.dumps({name: value for name, value in values.items() if value is not None})


def ndjson(*rows: str) -> bytes:
    return "".join(f"{row}\n" for row in rows).encode()
