"""The logs that `sensor logs` writes of a capture are those that Zeek wrote of it, row by row."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from sensor.analysis import Options, write_logs
from sensor.settings import Site
from tests.conftest import SHARED

LAB = SHARED / "lab"
TABLES = ("http", "ssl", "x509", "ssh", "rdp", "rfb")
CAPTURES = [
    path.name
    for path in (sorted((LAB / "zeek").iterdir()) if (LAB / "zeek").is_dir() else ())
    if any((path / f"{table}.log").exists() for table in TABLES)
]
IDS = ("uid", "orig_fuids", "resp_fuids")


@pytest.mark.shared
@pytest.mark.parametrize("name", CAPTURES)
def test_our_logs_are_zeeks(name: str, tmp_path: Path) -> None:
    (capture,) = (LAB / "pcaps").glob(f"{name}.pcap*")
    nobody = Site(local=("192.0.2.0/24",))  # Zeek was told of no local networks
    write_logs([str(capture)], tmp_path, nobody, Options(checksums="ignore", only=TABLES))
    for table in TABLES:
        theirs = rows(LAB / "zeek" / name / f"{table}.log", None)
        ours = rows(tmp_path / f"{table}.log", theirs[0] if theirs else None)
        missing = Counter(theirs[1:]) - Counter(ours[1:])
        assert not missing, table


def rows(path: Path, columns: tuple[str, ...] | None) -> list[tuple[str, ...]]:
    """The names of columns, and each row's values of them, without ids; nothing without the log."""
    if not path.exists():
        return []
    lines = path.read_text().splitlines()
    names = next(line for line in lines if line.startswith("#fields")).split("\t")[1:]
    wanted = columns or tuple(name for name in names if name not in IDS)
    places = [names.index(name) for name in wanted]
    found = [wanted]
    for line in lines:
        if not line.startswith("#"):
            values = line.split("\t")
            found.append(tuple(values[place] for place in places))
    return found
