"""Requests to container APIs in Zeek's http log."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from parsers.schema import OBSERVED, polars_schema
from sensor.enrich.container_requests import container_requests

SCHEMA = polars_schema(OBSERVED["http"])
DOCKER = {"remote_service": "docker", "remote_service_by": "port", "resp_p": 2375}
OUTSIDE = {"orig_inside": False, "resp_inside": True}


def made(*rows: dict[str, Any]) -> list[dict[str, Any]]:
    frame = pl.DataFrame([{"uid": "C1", **OUTSIDE, **DOCKER, **row} for row in rows], SCHEMA)
    found = container_requests(frame)
    return [] if found is None else found.rows(named=True)


def request(method: str, uri: str, status: int | None = 200, **more: Any) -> dict[str, Any]:
    return {"method": method, "uri": uri, "status_code": status, **more}


def test_a_request_that_was_carried_out_is_a_row_without_its_body():
    (row,) = made(request("POST", "/v1.41/containers/create?name=x", 201, request_body_len=900))

    assert (row["api"], row["operation"], row["outcome"]) == ("docker", "create", "succeeded")
    assert (row["authentication"], row["unread"]) == ("open", "not_in_logs")
    assert (row["request_bytes"], row["command"], row["mounts"]) == (900, None, None)


@pytest.mark.parametrize(
    ("status", "more", "outcome", "authentication"),
    [
        (403, {}, "refused", "anonymous-refused"),
        (401, {"username": "a"}, "refused", "refused"),
        (500, {}, "failed", "open"),
        (200, {"username": "a"}, "succeeded", "credentials"),
    ],
)
def test_the_status_tells_what_became_of_it(status, more, outcome, authentication):
    (row,) = made(request("GET", "/containers/json", status, **more))

    assert (row["outcome"], row["authentication"]) == (outcome, authentication)


@pytest.mark.parametrize(
    "changes",
    [
        {"orig_inside": True},
        {"resp_inside": False},
        {"remote_service": None},
        {"remote_service": "winrm"},
        {"uri": "/index.html"},
        {"uri": None},
        {"method": None},
        {"method": "PUT"},
        {"resp_mime_types": ["text/html"]},
        {"status_code": 400},
        {"status_code": None},
    ],
)
def test_what_is_no_request_to_it_from_outside_is_no_row(changes):
    assert made(request("GET", "/containers/json") | changes) == []


def test_content_names_the_api_where_nothing_was_answered():
    (row,) = made(
        request("GET", "/containers/json", None, remote_service_by="content"),
    )

    assert row["outcome"] == "unknown"


def test_a_command_in_the_query_is_read():
    uri = "/api/v1/namespaces/default/pods/p/exec?command=chroot&command=/host"
    kubernetes = {"remote_service": "kubernetes", "remote_service_by": "content", "resp_p": 8001}
    (row,) = made(request("GET", uri, 101, **kubernetes))

    assert (row["operation"], row["command"]) == ("exec-start", "chroot /host")
    assert row["risks"] == ["escape"]


def test_a_log_may_lack_columns():
    rows = pl.DataFrame([{"ts": None, **OUTSIDE, **DOCKER, "method": "GET", "uri": "/info"}])

    assert container_requests(rows) is None
