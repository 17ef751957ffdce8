"""What parsers made becomes rows with Zeek's columns."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest

from parsers.schema import LOGS, polars_schema
from sensor.flows.records import record_table

SECOND = 1_000_000_000
FLOW = {
    "uid": "C1", "orig_h": "198.51.100.7", "orig_p": 4000, "resp_h": "10.0.0.1", "resp_p": 22,
    "community_id": "1:x", "local_orig": False, "local_resp": True,
}  # fmt: skip


def flows(*rows: dict) -> pl.DataFrame:
    return pl.DataFrame([FLOW | row for row in rows], schema_overrides={"orig_p": pl.Int32})


def test_a_row_has_its_connection_and_the_types_of_the_schema() -> None:
    table = record_table("ssh", [{"ts": 5 * SECOND, "version": 2}], flows({}))
    assert dict(table.schema) == polars_schema(LOGS["ssh"])
    (row,) = table.to_dicts()
    assert row["ts"] == datetime(1970, 1, 1, 0, 0, 5, tzinfo=UTC)
    assert (row["uid"], row["orig_h"], row["resp_p"], row["version"]) == (
        "C1",
        "198.51.100.7",
        22,
        2,
    )
    assert row["client"] is None


@pytest.mark.parametrize(
    ("local_orig", "local_resp", "direction"),
    [(False, True, "INBOUND"), (True, False, "OUTBOUND"), (True, True, None), (False, False, None)],
)
def test_the_direction_of_ssh_is_told_by_who_is_local(
    local_orig: bool, local_resp: bool, direction: str | None
) -> None:
    seen = flows({"local_orig": local_orig, "local_resp": local_resp})
    assert record_table("ssh", [{"ts": 0}], seen)["direction"].to_list() == [direction]


def test_sets_times_and_empty_text_are_kept() -> None:
    records = [{"ts": 0, "client_channels": ["rdpdr", "x,y"], "cookie": ""}, {"ts": 1}]
    table = record_table("rdp", records, flows({}, {}))
    assert table["client_channels"].to_list() == [["rdpdr", "x,y"], None]
    assert table["cookie"].to_list() == ["", None]
