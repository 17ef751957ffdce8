"""TSV: what the header lines say, what values look like, and rows that are not as they should."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from parsers.zeek import tsv as module
from tests.zeek_logs import CONN, header, read_log, tsv

TS = 1_700_000_000_123_456_000


def test_a_row_is_read_in_its_types() -> None:
    result = read_log(tsv({"tunnel_parents": "C2,C3"}))
    (row,) = result.tables["conn"].to_dicts()
    assert result.column("ts") == [TS]
    assert (row["orig_h"], row["orig_p"], row["resp_h"], row["resp_p"]) == (
        "10.0.0.1", 40000, "2001:db8::1", 22,
    )  # fmt: skip
    assert row["duration"].total_seconds() == 1.5
    assert row["orig_bytes"] == 0
    assert row["local_orig"] is True
    assert row["tunnel_parents"] == ["C2", "C3"]
    assert row["file"] == "some.log"


def test_unset_is_null_and_never_zero() -> None:
    names = ("uid", "id.orig_h", "id.orig_p", "duration", "orig_bytes", "local_orig")
    result = read_log(tsv(dict.fromkeys(names, "-"), {}))
    for name in names:
        values = result.column(name.removeprefix("id."))
        assert values[0] is None
        assert values[1] is not None
    assert result.column("tunnel_parents") == [None, None]


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("-", None), ("(empty)", []), ("a", ["a"]), ("a,b", ["a", "b"]), ("a\\x2cb", ["a,b"]),
        ("a,-", ["a", None]), ("(empty),a", ["", "a"]), ("\\x2d", ["-"]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("last", [True, False])
def test_sets(field: str, expected: list[str | None] | None, last: bool) -> None:
    fields = ("ts", "tunnel_parents") if last else ("tunnel_parents", "ts")
    row = {"ts": "1.0", "tunnel_parents": field}
    text = header(*fields) + "\t".join(row[name] for name in fields) + "\n"
    assert read_log(text.encode()).column("tunnel_parents") == [expected]


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("-", None), ("(empty)", ""), ("\\x2d", "-"), ("a\\x09b", "a\tb"), ("\\\\x41", "\\x41"),
        ("\\xc3\\xa4", "ä"), ("ä", "ä"), ("\\xe2\\x82\\xac!", "€!"), ("\\xff", "\\xff"),
        ("a\\", "a\\"), ("\\\\", "\\"), ("\\xc3", "\\xc3"), ('"', '"'), ("'a b'", "'a b'"),
    ],
)  # fmt: skip
def test_escapes(field: str, expected: str | None) -> None:
    assert read_log(tsv({"uid": field})).column("uid") == [expected]


def test_bytes_that_are_no_utf8_stay_visible() -> None:
    data = tsv({"uid": "?"}, {"uid": "ä"}).replace(b"?", b"\xff\xc3")
    assert read_log(data).column("uid") == ["\\xff\\xc3", "ä"]


def test_an_address_in_a_vector_is_canonical_and_a_bad_one_is_told() -> None:
    text = header("ts", "san.ip", path="x509") + "1.0\t2001:DB8::0,10.0.0.1\n2.0\t(empty)\n3.0\tx\n"
    result = read_log(text.encode())
    assert result.column("san_ip", "x509") == [["2001:db8::", "10.0.0.1"], []]
    assert result.weirds == {"bad_address": 1}


def test_a_vector_of_intervals() -> None:
    text = (
        header("ts", "TTLs", "answers", path="dns") + "1.0\t60.000000,0.5\ta\\x2cb,c\n2.0\t-\t-\n"
    )
    result = read_log(text.encode())
    ttls = result.tables["dns"]["TTLs"].explode().dt.total_nanoseconds().to_list()
    assert ttls == [60 * 10**9, 5 * 10**8, None]
    assert result.column("answers", "dns") == [["a,b", "c"], None]


@pytest.mark.parametrize("separator", [",", "|", " ", "||", "\x01", "ä", ";"])
def test_other_separators(separator: str) -> None:
    changes = {"set_separator": "+", "unset_field": "NIL", "empty_field": "NONE"}
    rows = [{"uid": "NIL", "tunnel_parents": "a+b"}, {"uid": "NONE", "tunnel_parents": "NONE"}]
    result = read_log(tsv(*rows, separator=separator, close=False, **changes))
    assert not result.weirds
    assert result.column("uid") == [None, ""]
    assert result.column("tunnel_parents") == [["a", "b"], []]
    assert result.column("ts") == [TS, TS]


def test_empty_may_be_written_as_nothing() -> None:
    rows = [{"uid": "", "tunnel_parents": ""}, {"uid": "-", "tunnel_parents": "a"}]
    result = read_log(tsv(*rows, empty_field=""))
    assert not result.weirds
    assert result.column("uid") == ["", None]
    assert result.column("tunnel_parents") == [[], ["a"]]


def test_line_ends_and_a_byte_order_mark_of_windows() -> None:
    data = b"\xef\xbb\xbf" + tsv({"tunnel_parents": "a"}, {}).replace(b"\n", b"\r\n")
    result = read_log(data)
    assert not result.weirds
    assert result.column("tunnel_parents") == [["a"], None]


def test_empty_lines_are_no_rows_but_count_as_lines() -> None:
    data = tsv({}, {}, {}, close=False).replace(b"\n170", b"\n\n\n170")
    result = read_log(data, {"conn": ["line"]})
    assert not result.weirds
    assert result.column("line") == [11, 14, 17]


def test_columns_in_any_order_more_of_them_and_fewer() -> None:
    text = header("mine", "id.resp_p", "ts") + "what\t22\t1.5\n"
    result = read_log(text.encode(), {"conn": ["ts", "resp_p", "uid"]})
    assert result.tables["conn"].select("resp_p", "uid").rows() == [(22, None)]
    assert result.log.columns_seen == {"conn": {"ts", "resp_p"}}


def test_a_header_that_changes_in_the_middle() -> None:
    data = (
        tsv({}, {})
        + (header("id.resp_p", "ts") + "80\t1.0\n").encode()
        + (header("ts", "uid", "client", path="ssh") + "2.0\tC2\tSSH-2.0-x\n").encode()
        + tsv({"uid": "C9"}, separator=",")
    )
    result = read_log(data, {"conn": ["uid", "resp_p", "line"], "ssh": ["client", "line"]})
    assert not result.weirds
    assert result.tables["conn"].rows() == [
        ("C1", 22, 9), ("C1", 22, 10), (None, 80, 20), ("C9", 22, 37)
    ]  # fmt: skip
    assert result.tables["ssh"].rows() == [("SSH-2.0-x", 28)]


def test_old_names_are_read_as_todays() -> None:
    text = header("ts", "filename", path="http") + "1.0\ta,b.exe\n2.0\t-\n"
    result = read_log(text.encode())
    assert result.column("resp_filenames", "http") == [["a,b.exe"], None]


def test_todays_name_wins_over_the_old_one() -> None:
    text = header("ts", "resp_filenames", "filename", path="http") + "1.0\tnew\told\n"
    assert read_log(text.encode()).column("resp_filenames", "http") == [["new"]]


@pytest.mark.parametrize(
    ("change", "weird"),
    [
        ({"orig_bytes": "9223372036854775808"}, "bad_number"), ({"orig_bytes": "-1"}, "bad_number"),
        ({"orig_bytes": "1.5"}, "bad_number"), ({"orig_bytes": "(empty)"}, "bad_number"),
        ({"id.orig_p": "65536"}, "bad_number"), ({"id.orig_p": "-1"}, "bad_number"),
        ({"id.orig_p": "80/tcp"}, "bad_number"), ({"id.orig_h": "10.0.0.256"}, "bad_address"),
        ({"id.orig_h": "010.0.0.1"}, "bad_address"), ({"id.resp_h": ":::"}, "bad_address"),
        ({"ts": "yesterday"}, "bad_time"), ({"ts": "1e99"}, "bad_time"),
        ({"duration": "long"}, "bad_time"), ({"duration": "99999999999999"}, "bad_time"),
        ({"local_orig": "maybe"}, "bad_bool"), ({"ts": "x", "id.orig_h": "y"}, "bad_time"),
        ({"uid": "a\tb"}, "too_many_columns"),
    ],
)  # fmt: skip
def test_a_bad_row_is_passed_over_whole_counted_once_and_named(
    change: dict[str, str], weird: str
) -> None:
    result = read_log(
        tsv({}, {}, change, {}, change, {}),
        {"conn": ["line", *(name.removeprefix("id.") for name in CONN)]},
    )
    assert result.weirds == {weird: 2}
    assert result.column("line") == [9, 10, 12, 14]
    (warning,) = result.warnings
    assert warning.startswith("some.log, line 11: ")


def test_a_bad_value_in_a_column_that_is_not_read_does_no_harm() -> None:
    result = read_log(tsv({"orig_bytes": "x", "id.orig_h": "y"}), {"conn": ["ts"]})
    assert not result.weirds
    assert result.log.rows == 1


@pytest.mark.parametrize(
    ("line", "weird"),
    [
        ("1.0\tC1", "too_few_columns"), ("x", "too_few_columns"),
        ("1\t2\t3\t4", "too_many_columns"),
        ("1\t2\t3\t", "too_many_columns"), ("1\t2\t3\t4\t5", "too_many_columns"),
    ],
)  # fmt: skip
def test_rows_with_another_number_of_columns(line: str, weird: str) -> None:
    text = header("ts", "uid", "id.orig_h") + f"1.0\ta\t-\n{line}\n2.0\tb\t::1\n"
    result = read_log(text.encode(), {"conn": ["uid", "line"]})
    assert result.tables["conn"].rows() == [("a", 9), ("b", 11)]
    assert result.weirds == {weird: 1}
    assert "line 10" in result.warnings[0]


def test_a_last_line_without_its_end_is_a_row_if_it_is_whole() -> None:
    data = tsv({}, {}, close=False)
    whole = read_log(data[:-1])
    assert whole.log.rows == 2
    assert not whole.weirds
    cut = read_log(data[:-5])
    assert (cut.log.rows, cut.weirds) == (1, {"cut_off_row": 1})
    assert "line 10" in cut.warnings[0]


def test_a_close_line_that_is_cut_off_is_no_row() -> None:
    result = read_log(tsv({})[:-9])
    assert result.log.rows == 1
    assert not result.weirds


def test_a_header_that_names_a_column_twice_gives_no_rows() -> None:
    text = header("ts", "uid", "uid") + "1.0\ta\tb\n" * 2
    result = read_log(text.encode())
    assert result.weirds == {"duplicate_field": 2}
    assert "line 9" in result.warnings[0]


def test_rows_below_a_header_without_fields_are_counted() -> None:
    result = read_log(b"#separator \\x09\n#path\tconn\n1.0\ta\n\n" + tsv({}))
    assert result.weirds == {"row_without_header": 1}
    assert result.log.rows == 1


def test_a_log_without_its_path_is_told_by_its_name_or_its_columns() -> None:
    data = b"\n".join(line for line in tsv({}).split(b"\n") if not line.startswith(b"#path"))
    assert read_log(data, path="x/conn.log").column("uid") == ["C1"]
    result = read_log(data, path="x/what")
    assert result.column("uid") == ["C1"]
    assert "taken for conn" in result.warnings[0]


@pytest.fixture
def parsings(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often the parser of files was called: it costs milliseconds however little there is."""
    counted: Counter[str] = Counter()
    read_csv = module.pl.read_csv

    def counting(*given: Any, **named: Any) -> Any:
        counted["calls"] += 1
        return read_csv(*given, **named)

    monkeypatch.setattr(module.pl, "read_csv", counting)
    return counted


def test_rows_between_comments_are_parsed_at_once(parsings: Counter[str]) -> None:
    data = header("ts", "uid") + "".join(f"#{n}\n{n}.0\tC{n}\n" for n in range(500))
    result = read_log(data.encode(), {"conn": ["uid", "line"]})
    assert result.column("uid") == [f"C{n}" for n in range(500)]
    first = header("ts", "uid").count("\n") + 2
    assert result.column("line") == [first + 2 * n for n in range(500)]
    assert parsings["calls"] <= 2


def test_rows_under_headers_that_come_again_are_parsed_at_once(parsings: Counter[str]) -> None:
    one, other = header("ts", "uid") + "1.0\tC\n", header("uid", "ts") + "D\t2.0\n"
    result = read_log((one + other).encode() * 100, {"conn": ["uid", "ts"]})
    assert Counter(result.column("uid")) == {"C": 100, "D": 100}
    assert parsings["calls"] <= 4


def test_headers_beyond_a_thousand_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_HEADERS", 3)
    parts = [header("ts", "uid", *["x"] * n) + "1.0\tC" + "\tx" * n + "\n" for n in range(2)]
    parts += [header("ts", "uid", f"x{n}") + "1.0\tC\tx\n" for n in range(4)] + parts[:1]
    result = read_log("".join(parts).encode(), {"conn": ["uid"]})
    assert len(result.column("uid")) == 4
    assert result.weirds == {"too_many_headers": 3}
