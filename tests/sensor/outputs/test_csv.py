from __future__ import annotations

import csv
import io

import pytest

from sensor.outputs.csv import COLUMNS, write_csv


def table(*findings) -> list[dict[str, str]]:
    stream = io.StringIO()
    write_csv(findings, stream)
    stream.seek(0)
    return list(csv.DictReader(stream))


def test_a_finding_is_a_row(finding):
    (row,) = table(finding())
    assert tuple(row) == COLUMNS
    assert row["severity"] == "low"
    assert row["first_seen"] == "2026-10-01T12:00:03.000000Z"
    assert row["dest_port"] == "22"
    assert row["tactic"] == "TA0001; TA0003"
    assert row["not_seen"] == "the outcome of the logon (encrypted)"


def test_what_is_one_value_in_json_is_a_column(finding):
    fields = finding().to_dict()
    assert set(COLUMNS) == fields.keys() - {"evidence", "attack"} | fields["attack"].keys()


def test_unset_is_empty_and_not_zero(finding):
    (row,) = table(finding(bytes_sent=None, bytes_received=0))
    assert (row["bytes_sent"], row["bytes_received"]) == ("", "0")


@pytest.mark.parametrize("user", ["=1+1", "+1", "-1", "@sum", "\uff1d1"])
def test_no_cell_is_a_formula(finding, user: str):
    (row,) = table(finding(user=user))
    assert row["user"] == f"'{user}"


def test_hostile_text_stays_in_its_cell(finding):
    (row,) = table(finding(user='a",\n=1+1,"\x1b[31m'))
    assert row["user"] == r'a",\x0a=1+1,"\x1b[31m'


def test_no_findings_are_a_header_alone():
    stream = io.StringIO()
    write_csv([], stream)
    assert stream.getvalue() == ",".join(COLUMNS) + "\n"
