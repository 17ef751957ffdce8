"""What lies between tables that are read and the engine: joined, enriched, with what they tell."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl
import pytest

from parsers.schema import TABLES, polars_schema
from sensor import analysis
from sensor.analysis import gathered, with_what_is_told
from sensor.enrich import Enrichment
from sensor.settings import Site

Frames = Iterator[tuple[str, pl.DataFrame]]
ENDS = {"uid": "C1", "orig_h": "198.51.100.7", "resp_h": "10.0.0.5", "resp_p": 5901}


def frame(*numbers: int) -> pl.DataFrame:
    return pl.DataFrame({"n": list(numbers)})


def numbers(tables: Frames) -> list[tuple[str, list[int]]]:
    return [(table, rows["n"].to_list()) for table, rows in tables]


def test_frames_of_a_table_are_joined_in_their_order():
    frames = [("ssh", frame(1)), ("rfb", frame(2)), ("ssh", frame(3, 4))]

    assert numbers(gathered(iter(frames))) == [("ssh", [1, 3, 4]), ("rfb", [2])]


def test_certificates_come_first_and_connections_last():
    frames = [(table, frame(1)) for table in ("conn", "http", "ssl", "x509", "logon")]

    assert [table for table, _ in gathered(iter(frames))] == [
        *("x509", "ssl", "http", "logon"),
        "conn",
    ]


@pytest.mark.parametrize("last", [["conn"], []])
def test_connections_come_last_of_every_part(monkeypatch, last):
    monkeypatch.setattr(analysis, "GATHERED", 3)
    frames = [(table, frame(1)) for table in ("conn", "ssh", "http", "conn", "rfb", *last)]

    order = [table for table, _ in gathered(iter(frames))]

    assert order == ["ssh", "http", "conn", "rfb", "conn"]


def test_no_more_is_held_than_is_worth_it(monkeypatch):
    monkeypatch.setattr(analysis, "GATHERED", 3)
    taken = []

    def frames() -> Frames:
        for number in range(6):
            taken.append(number)
            yield "conn", frame(number)

    first = next(gathered(frames()))

    assert (first[1]["n"].to_list(), taken) == ([0, 1, 2], [0, 1, 2])


@pytest.mark.parametrize("limit", [1, 2, 5, 100])
def test_no_row_is_lost_or_doubled(monkeypatch, limit):
    monkeypatch.setattr(analysis, "GATHERED", limit)
    frames = [(("conn", "ssh", "x509")[at % 3], frame(at)) for at in range(20)]

    told = numbers(gathered(iter(frames)))

    assert sorted(number for _, rows in told for number in rows) == list(range(20))


def test_nothing_gives_nothing():
    assert list(gathered(iter([]))) == []


def told(
    table: str, *rows: dict[str, Any], of_log: bool, local: str = "10.0.0.0/8"
) -> dict[str, pl.DataFrame]:
    added = {"orig_inside", "resp_inside", "orig_allowed", "proto", "says", "offers"}
    added |= {name for name in polars_schema(TABLES["conn"]) if name.startswith("remote_")}
    names = {name: kind for name, kind in polars_schema(TABLES[table]).items() if name not in added}
    given = pl.DataFrame([{name: (ENDS | row).get(name) for name in names} for row in rows], names)
    enrichment = Enrichment(Site(local=(local,)))
    return dict(with_what_is_told(iter([(table, given, of_log)]), enrichment))


def test_a_table_is_enriched_and_its_logons_come_behind_it():
    tables = told("rfb", {"authentication_method": "VNC", "auth": False}, of_log=True)

    assert list(tables) == ["rfb", "logon"]
    (row,) = tables["logon"].rows(named=True)
    assert (row["orig_inside"], row["resp_inside"], row["orig_allowed"]) == (False, True, False)
    assert (row["service"], row["remote_service"], row["outcome"]) == ("vnc", "vnc", "failed")
    assert {"file", "line"} <= row.keys()


def test_a_table_that_tells_of_no_logon_comes_alone():
    assert list(told("rfb", {"auth": None}, of_log=True)) == ["rfb"]
    assert list(told("tunnel", {"action": "Tunnel::CLOSE"}, of_log=True)) == ["tunnel"]


def test_zeeks_guess_at_ssh_is_taken_of_logs_alone():
    row = {"auth_success": False, "auth_attempts": 6, "resp_p": 22}

    assert list(told("ssh", row, of_log=True)) == ["ssh", "logon"]
    assert list(told("ssh", row, of_log=False)) == ["ssh"]


def test_requests_to_container_apis_are_taken_of_logs_alone():
    row = {"method": "POST", "uri": "/containers/create", "status_code": 201, "resp_p": 2375}

    assert list(told("http", row, of_log=True)) == ["http", "container_api"]
    assert list(told("http", row, of_log=False)) == ["http"]


def test_a_request_with_a_name_is_a_logon_and_a_request():
    row = {"method": "GET", "uri": "/containers/json", "status_code": 200, "resp_p": 2375}

    tables = told("http", row | {"username": "bob"}, of_log=True)

    assert list(tables) == ["http", "logon", "container_api"]
    assert tables["logon"]["user"].to_list() == ["bob"]
    assert tables["container_api"]["orig_allowed"].to_list() == [False]
