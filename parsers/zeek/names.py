"""Which table a log is of, where the log does not say: by its file's name, else by its columns."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import PurePath

from parsers.schema import TABLES
from parsers.zeek.header import spellings
from parsers.zeek.notes import Notes

# conn, conn.00:00:00-01:00:00.log.gz, conn.2026-11-01-00-00-00.log, conn_20261101.json
NAME = re.compile(r"([a-z][a-z0-9_]*?)(?:[-_.][-_.:\d]*)?(?:\.(?:log|json|ndjson|jsonl|gz|zst))*")
# Logs that Zeek writes besides, so that none of them is taken for one that looks like it.
LISTED = """analyzer analyzer_debug broker capture_loss cluster config conn_long dhcp dnp3 dpd enip
ftp intel irc known_certs known_modbus loaded_scripts modbus mqtt_connect mqtt_publish
mqtt_subscribe mysql netcontrol notice_alarm ntp ocsp openflow packet_filter pe postgresql print
prof quic redis reporter sip smtp snmp stats syslog telemetry traceroute traffic unknown_protocols
weird_stats websocket"""
OTHERS = frozenset(LISTED.split())
# Columns that say nothing of a table, because most have them.
ENDPOINTS = "id.orig_h id.orig_p id.resp_h id.resp_p"
ANYWHERE = frozenset(f"ts uid id {ENDPOINTS} {ENDPOINTS.replace('.', '_')}".split())


def table_of(path: str, keys: Collection[str], notes: Notes) -> str:
    """The name of the log that `path` is, which has the columns `keys`.

    One that is not in the schema where neither tells.
    """
    name = PurePath(path).name
    match = NAME.fullmatch(name)
    if match and match[1] in (TABLES.keys() | OTHERS):
        return match[1]
    table = fitting(keys)
    if table:
        notes.once(f"table {table}", f"line 1: taken for {table}, by its columns")
        return table
    return match[1] if match else name


def fitting(keys: Collection[str]) -> str:
    """The table whose columns fit best; "" if none does.

    More than half of the columns must be the table's, without those that most tables have.
    """
    own = set(keys)
    telling = own - ANYWHERE
    scores = {}
    for table in TABLES:
        known = spellings(table).keys()
        hits = len(telling & known)
        if "ts" in own and 2 * hits > len(telling):
            scores[table] = (hits, len(own & known), -len(known))
    return max(scores, key=lambda table: scores[table], default="")
