"""Requests to container APIs in rows of Zeek's http log: rows of `container_api` without bodies.

A log has the method, the path, the status and the type of the answer. What they mean is in
`parsers.services.container_operations`; which API it is tells the connection (`remote_service`),
since the log does not have the header fields that prove it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl
from polars import col

from parsers.schema import OWN_TABLES, polars_schema
from parsers.services.command_tells import tells
from parsers.services.container_bodies import READ as HAVE_BODIES
from parsers.services.container_bodies import fields, of_query
from parsers.services.container_operations import ROUTES, asked
from parsers.services.container_proof import BEFORE_ASKED, NO_ANSWER, authentication, outcome
from sensor.enrich.remote_services import CONTENT

SCHEMA = polars_schema(OWN_TABLES["container_api"])
APIS = (*ROUTES, "kubernetes")
SAME = ("ts", "uid", "orig_h", "orig_p", "resp_h", "resp_p", "user_agent", "method", "status_code")
READ = (*SAME, "uri", "request_body_len", "response_body_len", "resp_mime_types", "username")
"""The columns of http that are read; a log may lack any."""
TEXT_MAX, COMMAND_MAX = 2048, 1024
PAGES = ("text/html", "application/xhtml+xml")


def container_requests(rows: pl.DataFrame) -> pl.DataFrame | None:
    """Return the requests from outside to container APIs inside; None where there are none.

    Reads the columns of READ, `orig_inside`, `resp_inside`, `remote_service` and
    `remote_service_by`.
    """
    asked_for = rows.filter(
        col("remote_service").is_in(APIS), col("resp_inside"), ~col("orig_inside")
    )
    if asked_for.is_empty():
        return None
    made = [found for row in asked_for.iter_rows(named=True) if (found := _made(row))]
    return pl.DataFrame(made, schema=SCHEMA) if made else None


def _made(row: Mapping[str, Any]) -> dict[str, Any] | None:
    """The row of a request; None where it is none of the API, or a page for people answered."""
    method, uri = row.get("method") or "", row.get("uri") or ""
    path, _, query = uri.partition("?")
    candidates = (each for each in asked(method, path) if each.api == row["remote_service"])
    found = next(candidates, None)
    status = row.get("status_code") or 0
    # By its port alone: any web server may listen there.
    proven = row["remote_service_by"] == CONTENT
    is_page = not set(row.get("resp_mime_types") or ()).isdisjoint(PAGES)
    if found is None or is_page or (not proven and status in (*NO_ANSWER, *BEFORE_ASKED)):
        return None
    found, facts = of_query(found, fields(query))
    result = outcome(found, status, b"")
    risks = facts.risks | set(tells(facts.command))
    values = {name: row.get(name) for name in (*SAME, "file", "line")}
    return values | {
        "api": found.api,
        "operation": found.operation,
        "uri": uri[:TEXT_MAX],
        "object": found.object or None,
        "container": found.container or None,
        "outcome": result,
        "authentication": authentication(
            result, status, credentials=row.get("username") is not None
        ),
        "risks": sorted(risks),
        "command": facts.command[:COMMAND_MAX] or None,
        "image": facts.image or None,
        "request_bytes": row.get("request_body_len"),
        "response_bytes": row.get("response_body_len"),
        "unread": "not_in_logs" if found.operation in HAVE_BODIES else None,
    }
