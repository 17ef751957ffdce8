from __future__ import annotations

import polars as pl

from sensor.enrich import enrich
from sensor.settings import Site


def test_conn_gets_networks_and_remote_services():
    rows = pl.DataFrame(
        {"orig_h": ["8.8.8.8"], "resp_h": ["10.0.0.1"], "resp_p": [22], "proto": ["tcp"]}
    )

    found = enrich("conn", rows.cast({"resp_p": pl.Int32}), Site()).row(0, named=True)

    assert found == {
        **rows.row(0, named=True),
        "orig_inside": False,
        "resp_inside": True,
        "orig_allowed": False,
        "remote_service": "ssh",
        "remote_service_by": "port",
        "remote_service_sure": 0.95,
        "remote_service_why": "port only",
    }


def test_other_tables_get_networks_if_they_have_hosts():
    hosts = pl.DataFrame({"orig_h": ["8.8.8.8"], "resp_h": ["10.0.0.1"]})

    assert enrich("dns", hosts, Site()).columns == [
        *("orig_h", "resp_h", "orig_inside", "resp_inside", "orig_allowed")
    ]
    assert enrich("weird", pl.DataFrame({"ts": [1]}), Site()).columns == ["ts"]


def test_a_table_of_a_server_gets_what_it_says_and_offers():
    rows = pl.DataFrame(
        {"uid": ["C1"], "orig_h": ["8.8.8.8"], "resp_h": ["10.0.0.1"], "resp_p": [2222]}
        | {"server": ["SSH-2.0-x"]}
    )

    found = enrich("ssh", rows.cast({"resp_p": pl.Int32}), Site()).row(0, named=True)

    assert found["remote_service"], found["remote_service_by"] == ("ssh", "content")
    assert (found["proto"], found["says"], found["offers"]) == ("tcp", "SSH-2.0-x", None)
