"""What could not be checked, because the input lacks it, and which Zeek script would provide it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from parsers.schema import TABLES
from sensor.analyzer import Analyzer, columns_read

if TYPE_CHECKING:
    from sensor.zeek_logs import LogReading

# The script that writes a log, where it is not base/protocols/NAME.
SCRIPTS = {
    "x509": "base/files/x509",
    "kerberos": "base/protocols/krb",
    "smb_files": "policy/protocols/smb",
    "smb_mapping": "policy/protocols/smb",
    "dce_rpc": "base/protocols/dce-rpc",
    "files": "base/frameworks/files",
    "notice": "base/frameworks/notice",
    "weird": "base/frameworks/notice/weird",
    "tunnel": "base/frameworks/tunnels",
    "software": "base/frameworks/software",
    "known_services": "policy/protocols/conn/known-services",
    "known_hosts": "policy/protocols/conn/known-hosts",
    "openvpn": "the package spicy-openvpn",
    "wireguard": "the package spicy-wireguard",
    "ipsec": "the package spicy-ipsec",
}
COLUMN_SCRIPTS = {
    "community_id": "policy/protocols/conn/community-id-logging",
    "ip_proto": "base/protocols/conn, since Zeek 7.1",
}
OF_THE_ROW = {"file", "frame", "line"}  # where a row comes from: evidence, nothing to check


def notes(analyzers: Iterable[Analyzer], reading: LogReading) -> Iterator[str]:
    """Say for each analyzer what the logs lack of what it reads, and what only packets hold."""
    need_packets: dict[str, list[str]] = {}
    for analyzer in analyzers:
        for table, names in columns_read([analyzer]).items():
            if table not in reading.columns:
                yield f"{analyzer.name} checked nothing: there is no {table} log ({script(table)})."
                continue
            lacking, packets = missing(table, names, reading.columns[table])
            for name in lacking:
                what = COLUMN_SCRIPTS.get(name, script(table))
                yield f"{analyzer.name}: the {table} log has no {name} ({what})."
            for name in packets:
                need_packets.setdefault(name, []).append(analyzer.name)
    if need_packets:
        told = ", ".join(sorted({name for names in need_packets.values() for name in names}))
        yield (
            f"Logs hold no payload. What needs packets was not checked for their rows: "
            f"{', '.join(need_packets)} (of {told})."
        )


def missing(table: str, names: Iterable[str], seen: Iterable[str]) -> tuple[list[str], list[str]]:
    """Which of the names a log could have and has not, and which only packets have."""
    wanted = set(names)
    columns = [column for column in TABLES[table] if column.name in wanted - OF_THE_ROW]
    lacking = [column.name for column in columns if column.zeek and column.name not in set(seen)]
    packets = [column.name for column in columns if not column.zeek and is_of_packets(column.name)]
    return lacking, packets


def is_of_packets(name: str) -> bool:
    """Tell whether a column is made of packets' payloads (and not by enrichment)."""
    return "payload" in name or name.endswith("_head")


def script(table: str) -> str:
    """Return the Zeek script that writes a log."""
    return f"Zeek: {SCRIPTS.get(table, f'base/protocols/{table}')}"
