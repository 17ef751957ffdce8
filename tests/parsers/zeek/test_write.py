"""Zeek logs: what is written, character by character, and that others read it.

Expected texts are what Zeek's Ascii.cc, JSON.cc and Desc.cc write of such values.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parsers.schema import CONN, LOGS, polars_schema
from parsers.zeek.write import Logs, LogWriter

SCHEMA = polars_schema(CONN)
NAMES = [column.zeek for column in CONN]
MICROSECOND = 1000
SECOND = 1_000_000_000
ROW: dict[str, Any] = {
    "ts": 1_700_000_000 * SECOND + 123_456_789, "uid": "CnPcNd1JoQ7cSGUJ1", "orig_h": "10.0.0.1",
    "orig_p": 40000, "resp_h": "2001:db8::1", "resp_p": 22, "proto": "tcp", "service": None,
    "duration": 61 * SECOND + 5 * MICROSECOND, "orig_bytes": 0, "resp_bytes": 2**40,
    "conn_state": "SF", "local_orig": True, "local_resp": False, "missed_bytes": 0,
    "history": "ShADadFf", "orig_pkts": 1, "orig_ip_bytes": 60, "resp_pkts": 2,
    "resp_ip_bytes": 120, "tunnel_parents": None, "ip_proto": 6,
    "community_id": "1:LQU9qZlK+B5F3KDmev6m5PMibrg=",
}  # fmt: skip
UNSET = dict.fromkeys(SCHEMA)


def table(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=SCHEMA)


def lines(folder: Path, *batches: pl.DataFrame, as_json: bool = False) -> list[str]:
    """The lines of a log of these batches."""
    with LogWriter(folder, "conn", json=as_json) as log:
        for batch in batches:
            log.write(batch)
    text = log.path.read_bytes().decode()
    assert text == "" or text.endswith("\n")
    return text[:-1].split("\n") if text else []


def fields(folder: Path, **changes: Any) -> dict[str, str]:
    """The fields of the one row of a TSV log."""
    (row,) = lines(folder, table(ROW | changes))[8:-1]
    return dict(zip(NAMES, row.split("\t"), strict=True))


def member(folder: Path, **changes: Any) -> dict[str, Any]:
    """The one object of a JSON log."""
    (row,) = lines(folder, table(ROW | changes), as_json=True)
    return json.loads(row)  # type: ignore[no-any-return]


def test_a_log_begins_with_zeeks_header_lines(tmp_path: Path) -> None:
    written = lines(tmp_path, table(ROW))
    assert written[:5] == [
        "#separator \\x09",
        "#set_separator\t,",
        "#empty_field\t(empty)",
        "#unset_field\t-",
        "#path\tconn",
    ]
    assert re.fullmatch(r"#open\t\d{4}(-\d\d){5}", written[5])
    assert written[6] == "\t".join(["#fields", *NAMES])
    assert written[7] == "\t".join(["#types", *(column.type for column in CONN)])
    assert written[-1].startswith("#close\t")
    assert re.fullmatch(r"#close\t\d{4}(-\d\d){5}", written[-1])


def test_the_file_is_named_after_the_table(tmp_path: Path) -> None:
    lines(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["conn.log"]


def test_the_time_of_opening_is_that_of_the_clock(tmp_path: Path) -> None:
    before = datetime.now(UTC).replace(microsecond=0, tzinfo=None)
    opened = lines(tmp_path)[5].split("\t")[1]
    after = datetime.now(UTC).replace(tzinfo=None)
    assert before <= datetime.strptime(opened, "%Y-%m-%d-%H-%M-%S") <= after  # noqa: DTZ007


def test_a_row_is_written_as_zeek_writes_it(tmp_path: Path) -> None:
    assert list(fields(tmp_path).values()) == [
        "1700000000.123456", "CnPcNd1JoQ7cSGUJ1", "10.0.0.1", "40000", "2001:db8::1", "22", "tcp",
        "-", "61.000005", "0", "1099511627776", "SF", "T", "F", "0", "ShADadFf", "1", "60", "2",
        "120", "-", "6", "1:LQU9qZlK+B5F3KDmev6m5PMibrg=",
    ]  # fmt: skip


def test_everything_unset_is_a_dash_in_every_field(tmp_path: Path) -> None:
    (row,) = lines(tmp_path, table(UNSET))[8:-1]
    assert row == "\t".join(["-"] * len(NAMES))


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (0, "0.000000"),
        (999, "0.000000"),
        (1000, "0.000001"),
        (SECOND - 1, "0.999999"),
        (SECOND, "1.000000"),
        (2**62, "4611686018.427387"),
        (-1, "-0.000001"),
        (-SECOND, "-1.000000"),
        (-1_500_000_000, "-1.500000"),
    ],
)
def test_times_have_six_decimals_rounded_down(tmp_path: Path, ns: int, text: str) -> None:
    assert fields(tmp_path, ts=ns)["ts"] == text
    assert fields(tmp_path, duration=ns)["duration"] == text


def test_a_set_is_joined_by_commas_and_an_empty_one_says_so(tmp_path: Path) -> None:
    assert fields(tmp_path, tunnel_parents=["C1", "C2"])["tunnel_parents"] == "C1,C2"
    assert fields(tmp_path, tunnel_parents=["C1"])["tunnel_parents"] == "C1"
    assert fields(tmp_path, tunnel_parents=[])["tunnel_parents"] == "(empty)"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a\tb", "a\\x09b"),
        ("a\nb\r", "a\\x0ab\\x0d"),
        ("\0\x1b[2J\x7f", "\\x00\\x1b[2J\\x7f"),
        ("plain, with comma", "plain, with comma"),
        ('"quoted"', '"quoted"'),
        ("grüße", "grüße"),
        ("\\x09", "\\\\x09"),
        ("back\\slash", "back\\\\slash"),
        ("", "(empty)"),
        ("-", "\\x2d"),
        ("(empty)", "\\x28empty)"),
    ],
)
def test_strings_are_escaped_as_zeek_escapes_them(tmp_path: Path, text: str, written: str) -> None:
    assert fields(tmp_path, service=text)["service"] == written


def test_a_comma_in_an_element_of_a_set_is_escaped(tmp_path: Path) -> None:
    assert fields(tmp_path, tunnel_parents=["a,b", "c\td"])["tunnel_parents"] == "a\\x2cb,c\\x09d"


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(), st.lists(st.text(min_size=1), max_size=3))
def test_no_text_breaks_a_line_or_a_field(tmp_path: Path, text: str, parents: list[str]) -> None:
    row = fields(tmp_path, service=text, tunnel_parents=parents)
    assert row["history"] == "ShADadFf"
    assert not re.search(r"[\x00-\x1f\x7f]", row["service"])


def test_batches_follow_each_other(tmp_path: Path) -> None:
    empty = table()
    written = lines(tmp_path, table(ROW), empty, table(ROW, UNSET))
    assert len(written) == 8 + 3 + 1


def test_columns_that_zeek_does_not_have_are_left_out_and_order_does_not_matter(
    tmp_path: Path,
) -> None:
    whole = table(ROW)
    wide = whole.with_columns(orig_head=pl.lit(b"\x00"), frame=pl.lit(1)).select(
        [*reversed(whole.columns), "frame", "orig_head"]
    )
    assert lines(tmp_path, wide)[8:-1] == lines(tmp_path, whole)[8:-1]


def test_json_has_zeeks_names_numbers_and_no_unset_members(tmp_path: Path) -> None:
    (row,) = lines(tmp_path, table(ROW), as_json=True)
    assert '"ts":1700000000.123456,' in row
    assert '"duration":61.000005,' in row
    assert json.loads(row) == {
        "ts": 1_700_000_000.123456, "uid": "CnPcNd1JoQ7cSGUJ1", "id.orig_h": "10.0.0.1",
        "id.orig_p": 40000, "id.resp_h": "2001:db8::1", "id.resp_p": 22, "proto": "tcp",
        "duration": 61.000005, "orig_bytes": 0, "resp_bytes": 2**40, "conn_state": "SF",
        "local_orig": True, "local_resp": False, "missed_bytes": 0, "history": "ShADadFf",
        "orig_pkts": 1, "orig_ip_bytes": 60, "resp_pkts": 2, "resp_ip_bytes": 120, "ip_proto": 6,
        "community_id": "1:LQU9qZlK+B5F3KDmev6m5PMibrg=",
    }  # fmt: skip


def test_json_has_no_header_and_no_end(tmp_path: Path) -> None:
    assert lines(tmp_path, as_json=True) == []
    assert lines(tmp_path, table(UNSET), table(UNSET), as_json=True) == ["{}", "{}"]


def test_json_sets_are_arrays(tmp_path: Path) -> None:
    for parents in ([], ["C1"], ["C1", "C2"], ['a"b', "\\"]):
        assert member(tmp_path, tunnel_parents=parents)["tunnel_parents"] == parents


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(), st.lists(st.text(), max_size=3))
def test_hostile_text_stays_valid_json_on_one_line(
    tmp_path: Path, text: str, parents: list[str]
) -> None:
    row = member(tmp_path, service=text, tunnel_parents=parents)
    assert (row["service"], row["tunnel_parents"]) == (text, parents)


def test_control_characters_are_escaped_in_json(tmp_path: Path) -> None:
    (row,) = lines(tmp_path, table(ROW | {"service": '\x1b"\\\x7f\n'}), as_json=True)
    assert '"service":"\\u001b\\"\\\\\\u007f\\u000a"' in row


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.integers(0, 2**62),
    st.one_of(st.none(), st.integers(0, 2**50)),
    st.one_of(st.none(), st.integers(0, 2**63 - 1)),
)
def test_both_formats_say_the_same(
    tmp_path: Path, ts: int, duration: int | None, octets: int | None
) -> None:
    changes = {"ts": ts, "duration": duration, "orig_bytes": octets}
    row, json_row = fields(tmp_path, **changes), member(tmp_path, **changes)
    for name in ("ts", "duration", "orig_bytes"):
        assert row[name] == "-" if name not in json_row else float(row[name]) == json_row[name]


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"missing.conn\.log"):
        LogWriter(tmp_path / "missing", "conn")


def test_a_log_that_does_not_come_to_an_end_is_not_left_behind(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), LogWriter(tmp_path, "conn"):
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_zat_reads_what_is_written(tmp_path: Path) -> None:
    log_to_dataframe = pytest.importorskip("zat.log_to_dataframe")
    rows = [
        ROW,
        ROW | {"service": "ssl,http", "tunnel_parents": ["C1", "C2"], "orig_h": "fe80::1"},
        ROW | {"duration": None, "orig_bytes": None, "resp_bytes": None, "history": None},
    ]
    lines(tmp_path, table(*rows))
    frame = log_to_dataframe.LogToDataFrame().create_dataframe(str(tmp_path / "conn.log"), True)
    frame = frame.reset_index()
    assert list(frame["id.orig_h"]) == ["10.0.0.1", "fe80::1", "10.0.0.1"]
    assert list(frame["id.resp_p"].astype(int)) == [22] * 3
    assert list(frame["resp_bytes"].isna()) == [False, False, True]
    assert list(frame["resp_bytes"].dropna().astype(int)) == [2**40] * 2
    assert list(frame["duration"].isna()) == [False, False, True]
    assert [span.total_seconds() for span in frame["duration"].dropna()] == [61.000005] * 2
    # zat reads times as floats, which do not hold nanoseconds.
    assert {str(time)[:26] for time in frame["ts"]} == {"2023-11-14 22:13:20.123456"}
    assert list(frame["local_orig"]) == ["T"] * 3
    assert list(frame["community_id"]) == [ROW["community_id"]] * 3


def test_of_several_logs_those_without_rows_are_not_made_but_for_conn(tmp_path: Path) -> None:
    with Logs(tmp_path, ("conn", "ssh", "rfb")) as logs:
        logs.write("ssh", pl.DataFrame(schema=polars_schema(LOGS["ssh"])))
        logs.write("http", pl.DataFrame(schema=polars_schema(LOGS["http"])))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["conn.log", "ssh.log"]
    assert "#path\tssh\n" in (tmp_path / "ssh.log").read_text()


def test_none_of_several_logs_is_left_behind_when_something_fails(tmp_path: Path) -> None:
    def fail() -> None:
        with Logs(tmp_path, ("conn", "ssh")) as logs:
            logs.write("ssh", pl.DataFrame(schema=polars_schema(LOGS["ssh"])))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_bytes_that_are_no_utf8_are_written_as_zeek_writes_them(tmp_path: Path) -> None:
    rows = pl.DataFrame({"desktop_name": ["Jos\\xc9", "a\\x41", "é"], "orig_h": [None] * 3})
    rows = rows.with_columns(
        pl.lit(None, dtype).alias(name)
        for name, dtype in polars_schema(LOGS["rfb"]).items()
        if name != "desktop_name"
    )
    with LogWriter(tmp_path, "rfb") as log:
        log.write(rows)
    with log.path.open() as lines:
        place = next(line for line in lines if line.startswith("#fields")).split("\t").index
        at = place("desktop_name") - 1
    rows_written = [line for line in log.path.read_text().splitlines() if line[0] != "#"]
    names = [line.split("\t")[at] for line in rows_written]
    assert names == ["Jos\\xc9", "a\\\\x41", "é"]


def test_vectors_of_numbers_are_written_in_both_formats(tmp_path: Path) -> None:
    rows = pl.DataFrame({"proposals": [[1, 2], [], None]}, schema={"proposals": pl.List(pl.Int64)})
    rows = rows.with_columns(
        pl.lit(None, dtype).alias(name)
        for name, dtype in polars_schema(LOGS["ipsec"]).items()
        if name != "proposals"
    )
    for as_json, expected in ((False, ("1,2", "(empty)", "-")), (True, ("[1,2]", "[]", None))):
        folder = tmp_path / str(as_json)
        folder.mkdir()
        with LogWriter(folder, "ipsec", json=as_json) as log:
            log.write(rows)
        text = log.path.read_text()
        for value in expected:
            assert value is None or value in text
