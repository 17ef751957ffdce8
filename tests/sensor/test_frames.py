"""pandas frames as zat's users know them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

import sensor
from parsers.schema import CONN, polars_schema
from sensor.analysis import Options, analyze
from sensor.settings import Site
from tests.sensor.test_zeek_logs import tsv

pandas = pytest.importorskip("pandas")
PCAP = Path(__file__).parents[2] / "pcaps" / "ssh_02_publickey_interactive.pcap"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "conn.log"
    path.write_text(tsv({}, {"orig_bytes": None, "duration": None, "service": None}))
    return path


def test_a_log_is_the_frame_that_zat_makes_of_it(log: Path) -> None:
    zat = pytest.importorskip("zat.log_to_dataframe")
    theirs = zat.LogToDataFrame().create_dataframe(str(log))
    ours = sensor.to_dataframe(str(log))
    assert ours.index.name == "ts"
    for name in theirs.columns:
        assert ours[name].isna().tolist() == theirs[name].isna().tolist(), name
        assert ours[name].dropna().tolist() == theirs[name].dropna().tolist(), name
        if name != "duration":
            assert str(ours[name].dtype) == str(theirs[name].dtype), name
    # zat keeps intervals and times as binary fractions of a second.
    assert (abs(ours.index - theirs.index) < pandas.Timedelta("1us")).all()


@pytest.mark.filterwarnings("ignore::FutureWarning")  # of zat's own
def test_zat_makes_a_matrix_of_it(log: Path) -> None:
    zat = pytest.importorskip("zat.dataframe_to_matrix")
    frame = sensor.to_dataframe(log)[["orig_bytes", "resp_bytes", "service"]]
    matrix = zat.DataFrameToMatrix().fit_transform(frame.dropna())
    assert matrix.shape[0] == 1


def test_unset_is_missing_and_no_zero() -> None:
    when = datetime(2026, 1, 1, tzinfo=UTC)
    rows = pl.DataFrame(
        [{"ts": when, "local_orig": True}, {"ts": when}], schema=polars_schema(CONN)
    )
    frame = sensor.to_dataframe(rows)
    assert frame["orig_bytes"].isna().all()
    assert frame["local_orig"].tolist()[0] == "T"
    assert frame["local_orig"].isna().tolist() == [False, True]


def test_findings_are_a_row_each() -> None:
    findings = analyze([str(PCAP)], Site(), Options()).findings
    frame = sensor.to_dataframe(findings)
    assert frame["id"].tolist() == [finding.id for finding in findings]
    assert str(frame.index.dtype) == "datetime64[ns]"
    assert sensor.to_dataframe([]).empty


def test_another_name_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        sensor.nothing  # noqa: B018
