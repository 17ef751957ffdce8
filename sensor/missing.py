"""What could not be checked, because the input lacks it, and which Zeek script would provide it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from parsers.errors import printable
from parsers.schema import OWN_TABLES, TABLES
from sensor.analyzer import Analyzer, columns_read

# The script that writes a log, where it is not base/protocols/NAME.
SCRIPTS = {
    "x509": "base/files/x509",
    "kerberos": "base/protocols/krb",
    "smb_files": "base/protocols/smb",
    "smb_mapping": "base/protocols/smb",
    "ldap_search": "base/protocols/ldap",
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
OF_EVIDENCE = {"community_id"}  # said once, of the table that an analyzer observes first
NAMED = 8  # logs that are named of those that were not read
OF_THE_ROW = {"file", "frame", "line"}  # where a row comes from: evidence, nothing to check


@dataclass(slots=True)
class Gaps:
    """What is missing, each with the names of the analyzers that read it.

    tables: by name; columns: by table and name; packets: columns that only packets have.
    """

    tables: dict[str, list[str]] = field(default_factory=dict)
    columns: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    packets: dict[str, list[str]] = field(default_factory=dict)


def gaps(analyzers: Iterable[Analyzer], seen: Mapping[str, Collection[str]]) -> Gaps:
    """Compare what analyzers read with the columns that were seen, by table."""
    found = Gaps()
    for analyzer in analyzers:
        for table, names in columns_read([analyzer]).items():
            # What an analyzer observes first it cannot do without; the rest tells it more.
            is_first = table == analyzer.observes[0].table
            if table not in seen and is_first and table not in OWN_TABLES:
                found.tables.setdefault(table, []).append(analyzer.name)
            wanted = names if is_first else names - OF_EVIDENCE
            columns, packets = missing(table, wanted, seen[table]) if table in seen else ([], [])
            for name in columns:
                found.columns.setdefault((table, name), []).append(analyzer.name)
            for name in packets:
                found.packets.setdefault(name, []).append(analyzer.name)
    return found


def notes(analyzers: Iterable[Analyzer], seen: Mapping[str, Collection[str]]) -> Iterator[str]:
    """Say what the logs lack of what analyzers read, and what only packets hold; once each."""
    found = gaps(analyzers, seen)
    for table, who in found.tables.items():
        yield f"There is no {table} log ({script(table)}): {told(who)} checked nothing."
    for (table, name), who in found.columns.items():
        where = COLUMN_SCRIPTS.get(name, script(table))
        yield f"The {table} log has no {name} ({where}): {told(who)} did without."
    if found.packets:
        who = sorted({name for names in found.packets.values() for name in names})
        yield f"Logs hold no payload: {told(who)} did without {told(list(found.packets))}."


def unread(rows: Mapping[str, int]) -> Iterator[str]:
    """Say which logs were not read; `rows`: how many they have, by the name of the log."""
    by_size = sorted(rows.items(), key=lambda each: (-each[1], each[0]))
    names = [
        f"{printable(name)} ({count:,} row{'' if count == 1 else 's'})"
        for name, count in by_size[:NAMED]
    ]
    if len(by_size) > NAMED:
        names.append(f"{len(by_size) - NAMED} more")
    if names:
        yield f"Not read, since no analyzer asks for them: {told(names)}."


def told(names: list[str]) -> str:
    """Names as in a sentence."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


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
