"""JSON: spellings of keys, the logs that lines are of, values, and lines that are broken."""

from __future__ import annotations

import json
from typing import Any

import pytest

from parsers.zeek import ndjson as module
from tests.zeek_logs import ndjson, read_log, row_json

TS = 1_700_000_000_123_456_000
ENDPOINTS = {"id.orig_h": None, "id.orig_p": None, "id.resp_h": None, "id.resp_p": None}
NESTED = {"orig_h": "10.0.0.1", "orig_p": 40000, "resp_h": "2001:db8::1", "resp_p": 22}
SIDES = ["orig_h", "orig_p", "resp_h", "resp_p"]
READ = ["ts", *SIDES, "orig_bytes", "local_orig", "tunnel_parents", "line"]
FLAT = ("10.0.0.1", 40000, "2001:db8::1", 22)


def test_a_row_is_read_in_its_types() -> None:
    result = read_log(ndjson(row_json(tunnel_parents=["C2", "a,b"], service="ssh")))
    (row,) = result.tables["conn"].to_dicts()
    assert result.column("ts") == [TS]
    assert tuple(row[name] for name in SIDES) == FLAT
    assert row["duration"].total_seconds() == 1.5
    assert row["orig_bytes"] == 0
    assert row["local_orig"] is True
    assert row["tunnel_parents"] == ["C2", "a,b"]


def test_what_is_left_out_or_null_is_unset() -> None:
    left_out = row_json(uid=None, orig_bytes=None)
    null = '{"_path": "conn", "ts": 1.5, "uid": null, "orig_bytes": null, "tunnel_parents": null}'
    result = read_log(ndjson(left_out, null, row_json(tunnel_parents=[])))
    assert result.column("uid") == [None, None, "C1"]
    assert result.column("orig_bytes") == [None, None, 0]
    assert result.column("tunnel_parents") == [None, None, []]


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("1700000000.123456", TS),
        ("1700000000", 1_700_000_000_000_000_000),
        ('"1700000000.123456"', TS),
        ('"2023-11-14T22:13:20.123456Z"', TS),
        ('"2023-11-14T22:13:20.123456789Z"', TS + 789),
        ('"2023-11-14T22:13:20.1234567891Z"', TS + 789),
        ('"2023-11-14T22:13:20Z"', TS - 123_456_000),
        ('"2023-11-14T22:13:20.123456"', TS),
        ('"2023-11-14 22:13:20.123456"', TS),
        ('"2023-11-14T23:13:20.123456+0100"', TS),
        ('"2023-11-14T16:43:20.123456-05:30"', TS),
        ('"1969-12-31T23:59:59.5Z"', -500_000_000),
        ("-0.5", -500_000_000),
        ('"9999-12-31T23:59:59Z"', 2**63 - 1),
        ("253402300799", 2**63 - 1),
    ],
)
def test_times(text: str, nanoseconds: int) -> None:
    line = f'{{"_path": "conn", "ts": {text}}}'
    assert read_log(ndjson(line)).column("ts") == [nanoseconds]


@pytest.mark.parametrize(
    "text",
    [
        '"now"', '"2023-13-14T22:13:20Z"', '"2023-11-14T22:13:20+1"', "1e99", "true", "[1]",
        '"2023-11-14"', '"2023-02-30T00:00:00Z"', '""',
    ],
)  # fmt: skip
def test_a_time_that_is_none(text: str) -> None:
    result = read_log(ndjson(row_json(), f'{{"_path": "conn", "ts": {text}}}'))
    assert result.weirds == {"bad_time": 1}
    assert result.log.rows == 1


@pytest.mark.parametrize(
    ("value", "nanoseconds"),
    [(0.0015780925750732422, 1_578_093), (86400.123456, 86_400_123_456_000), (0, 0), (1e-6, 1000)],
)
def test_intervals(value: float, nanoseconds: int) -> None:
    rows = read_log(ndjson(row_json(duration=value))).tables["conn"]
    assert rows["duration"].dt.total_nanoseconds().to_list() == [nanoseconds]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        ENDPOINTS | {"id": NESTED},
        ENDPOINTS | {f"id_{name}": value for name, value in NESTED.items()},
    ],
)
def test_endpoints_flat_nested_or_without_dots(changes: dict[str, Any]) -> None:
    result = read_log(ndjson(row_json(**changes)))
    assert result.tables["conn"].select(SIDES).rows() == [FLAT]
    assert set(SIDES) <= result.log.columns_seen["conn"]


def test_spellings_may_change_from_line_to_line_and_from_block_to_block() -> None:
    nested, dotless = ENDPOINTS | {"id": NESTED}, {f"id_{name}": x for name, x in NESTED.items()}
    lines = [row_json(), row_json(**nested), row_json(**(ENDPOINTS | dotless)), row_json()] * 9
    for block in (100, 1 << 16):
        rows = read_log(ndjson(*lines), block=block).tables["conn"]
        assert rows.select(SIDES).rows() == [FLAT] * 36


def test_an_id_that_is_no_record_does_no_harm() -> None:
    lines = [
        '{"_path": "x509", "ts": 1, "id": "F1", "certificate.version": 3}',
        '{"_path": "x509", "ts": 1, "id": "F2", "certificate_version": 3, "san_dns": ["a"]}',
    ]
    result = read_log(ndjson(*lines))
    assert result.column("id", "x509") == ["F1", "F2"]
    assert result.column("certificate_version", "x509") == [3, 3]
    assert result.column("san_dns", "x509") == [None, ["a"]]


def test_old_names_are_read_as_todays() -> None:
    result = read_log(ndjson('{"_path": "http", "ts": 1, "filename": "a,b"}'))
    assert result.column("resp_filenames", "http") == [["a,b"]]


@pytest.mark.parametrize("block", [64, 1 << 16])
def test_lines_of_several_logs_in_any_mixture(block: int) -> None:
    ssh = '{"_path": "ssh", "ts": 2, "client": "SSH-2.0-x", "auth_attempts": 3}'
    known = '{"_path": "known_services", "ts": 3, "host": "10.0.0.1", "service": ["ssh", "rdp"]}'
    other = '{"_path": "dhcp", "ts": 4}'
    lines = [row_json(service="ssh"), ssh, known, other, row_json(), ssh] * 5
    result = read_log(
        ndjson(*lines),
        {
            "conn": ["line", "service"],
            "ssh": ["line", "client"],
            "known_services": ["service", "line"],
        },
        block=block,
    )
    assert not result.weirds
    assert result.log.unread == {"dhcp": 5}
    conn = result.tables["conn"].sort("line").rows()
    assert conn[:3] == [("ssh", 1), (None, 5), ("ssh", 7)]
    assert result.tables["ssh"].sort("line").rows()[:2] == [("SSH-2.0-x", 2), ("SSH-2.0-x", 6)]
    assert result.tables["known_services"].rows()[0] == (["ssh", "rdp"], 3)
    assert result.log.rows == 25


def test_the_log_may_be_named_by_its_stream() -> None:
    lines = [row_json(_path=None, **{"@stream": "conn"}), '{"@stream": "ssh", "ts": 2}']
    assert set(read_log(ndjson(*lines), path="x.log").tables) == {"conn", "ssh"}


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("conn.log", False), ("x/conn.00:00:00-01:00:00.log.gz", False),
        ("conn_20261101.json", False), ("conn.2026-11-01-00-00-00.log", False), ("data", True),
    ],
)  # fmt: skip
def test_a_log_that_does_not_name_itself(path: str, said: bool) -> None:
    result = read_log(ndjson(row_json(_path=None), row_json(_path=None)), path=path)
    assert result.column("uid") == ["C1", "C1"]
    assert [("taken for conn" in warning) for warning in result.warnings] == [True] * said


def test_the_name_counts_more_than_the_columns() -> None:
    assert set(read_log(ndjson(row_json(_path=None)), path="ssh.log").tables) == {"ssh"}


def test_what_fits_no_table_is_unknown() -> None:
    line = (
        '{"timestamp": "2026-11-01T00:00:00", "flow_id": 1, "event_type": "flow", "proto": "TCP"}'
    )
    result = read_log(ndjson(line, line), path="eve.json")
    assert result.log.unread == {"eve": 2}


@pytest.mark.parametrize(
    ("change", "weird"),
    [
        ({"orig_bytes": 2**63}, "bad_number"), ({"orig_bytes": "many"}, "bad_number"),
        ({"orig_bytes": -1}, "bad_number"), ({"id.resp_p": 65536}, "bad_number"),
        ({"id.resp_p": True}, "bad_number"), ({"id.orig_h": "nobody"}, "bad_address"),
        ({"id.orig_h": {"a": 1}}, "bad_address"), ({"local_orig": 1}, "bad_bool"),
        ({"tunnel_parents": "C2"}, "bad_list"), ({"tunnel_parents": {"a": 1}}, "bad_list"),
        ({"ts": "x", "orig_bytes": "y"}, "bad_time"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("block", [64, 1 << 16])
def test_a_bad_row_is_passed_over_whole_counted_once_and_named(
    change: dict[str, Any], weird: str, block: int
) -> None:
    lines = [row_json(), row_json(), row_json(**change), row_json(), row_json(**change)]
    result = read_log(ndjson(*lines), {"conn": READ}, block=block)
    assert result.weirds == {weird: 2}
    assert result.column("line") == [1, 2, 4]
    (warning,) = result.warnings
    assert warning.startswith("some.log, line 3: ")


@pytest.mark.parametrize(
    ("line", "weird"),
    [
        ('{"ts": 1,', "broken_json_line"), ("garbage", "broken_json_line"),
        ('{"ts": 1} {"ts": 2}', "broken_json_line"), ('{"ts": 1}x', "broken_json_line"),
        ('{"uid": "a\x01"}', "broken_json_line"), ("[1, 2]", "json_no_object"),
        ("5", "json_no_object"), ('"text"', "json_no_object"), ("null", "json_no_object"),
        ('{"ts": ' + "[" * 5000 + "]" * 5000 + "}", "broken_json_line"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("block", [64, 1 << 16])
def test_lines_that_are_no_objects(line: str, weird: str, block: int) -> None:
    data = ndjson(row_json(), line, "", "  ", row_json(), line, row_json())
    result = read_log(data, {"conn": ["line"]}, block=block)
    assert result.weirds == {weird: 2}
    assert result.column("line") == [1, 5, 7]
    assert result.warnings[0].startswith("some.log, line 2: ")


def test_a_last_line_without_its_end() -> None:
    data = ndjson(row_json(), row_json())
    assert read_log(data[:-1]).log.rows == 2
    cut = read_log(data[:-9])
    assert (cut.log.rows, cut.weirds) == (1, {"cut_off_row": 1})


def test_bytes_that_are_no_utf8_stay_visible() -> None:
    data = ndjson(row_json(uid="?"), row_json(uid="ä")).replace(b"?", b"\xff\xc3")
    assert read_log(data).column("uid") == ["\\xff\\xc3", "ä"]


def test_text_is_taken_as_it_is() -> None:
    texts = ["-", "(empty)", "", "\\x41", 'a"b', "\t\n", "😀", "\\"]
    assert read_log(ndjson(*(row_json(uid=text) for text in texts))).column("uid") == texts


def test_line_ends_of_windows_and_blank_lines() -> None:
    data = b"\xef\xbb\xbf\r\n" + ndjson(row_json(), "", row_json()).replace(b"\n", b"\r\n")
    assert read_log(data, {"conn": ["line"]}).column("line") == [2, 4]


def test_numbers_may_be_text() -> None:
    result = read_log(ndjson(row_json(orig_bytes="7", ts="1700000000.123456")))
    assert result.column("orig_bytes") == [7]
    assert result.column("ts") == [TS]


def test_many_broken_lines_are_told_apart_in_one_go() -> None:
    lines = [row_json(), "x", json.dumps({"_path": "ssh", "ts": 1}), "[]"] * 5000
    result = read_log(ndjson(*lines), {"conn": ["ts"], "ssh": ["ts"]}, block=1 << 20)
    assert result.weirds == {"broken_json_line": 5000, "json_no_object": 5000}
    assert {table: len(rows) for table, rows in result.tables.items()} == {
        "conn": 5000,
        "ssh": 5000,
    }


def test_the_names_of_logs_may_be_as_many_as_the_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [f'{{"_path":"{"n" * 100}{n}","ts":1}}' for n in range(50)]
    lines += [f'{{"_path":"n{n}","ts":1}}' for n in range(3000)]
    parsings: list[int] = []
    parsed = module.Ndjson._parsed
    monkeypatch.setattr(
        module.Ndjson, "_parsed", lambda *given: parsings.append(1) or parsed(*given)
    )
    result = read_log(ndjson(*lines, row_json()), block=1 << 20)
    assert result.log.rows == 1
    assert result.log.unread.total() == 3050
    assert result.log.unread["n" * 60] == 50
    assert len(result.log.unread) == 1001
    assert len(parsings) < 10
