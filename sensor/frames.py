"""Tables and findings as pandas frames, as zat's `LogToDataFrame` makes them of Zeek's logs.

So that what zat's users have (notebooks, `DataFrameToMatrix`, scikit-learn) goes on from here.
pandas is in the extra `zat`: it is imported only when a frame is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable
from os import PathLike
from typing import TYPE_CHECKING, Any

from parsers.schema import TABLES, Column
from sensor.findings import Finding

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

# Types of zat 0.4 by Zeek's; unset is <NA> or NaT. Zeek's int has 64 bits, zat's frames only 32.
DTYPES = {"count": "UInt64", "int": "Int64", "double": "float64", "port": "UInt16"}
TEXT = {True: "T", False: "F"}


def to_dataframe(
    what: pl.DataFrame | Iterable[Finding] | str | PathLike[str], table: str = "conn"
) -> pd.DataFrame:
    """Return a table, the findings of a report, or a Zeek log as a pandas frame.

    Parameters
    ----------
    what
        Rows of a table as `parsers.schema` has it; or findings; or the path of a Zeek log.
    table
        Which table rows are of; a log says so itself.

    Returns
    -------
    Of rows: indexed by `ts` (UTC without a zone), columns under Zeek's names (`id.orig_h`); counts
    UInt64, ports UInt16, times datetime64[ns], intervals timedelta64[ns], booleans T and F and text
    as categories, uids as objects, sets joined by commas. Of findings: one row each, indexed by
    `first_seen`, without the evidence.

    Raises
    ------
    ImportError
        pandas is not installed: the extra `zat` brings it.
    ParseError, OSError
        The log cannot be read.
    """
    try:
        import pandas  # noqa: ICN001, F401 (only whether it is there)
    except ImportError as error:
        raise ImportError("pandas is needed: install the extra zat, which brings it") from error
    import polars as pl

    if isinstance(what, pl.DataFrame):
        return of_table(what, table)
    if isinstance(what, str | PathLike):
        return of_log(str(what))
    return of_findings(list(what))


def of_log(path: str) -> pd.DataFrame:
    """All rows of a log of one table; of a log of several, those of the table that comes first."""
    import polars as pl

    from parsers.zeek.read import open_log

    with open_log(path) as log:
        parts = list(log)
    if not parts:
        return of_table(pl.DataFrame(), "conn")
    table = parts[0][0]
    return of_table(pl.concat([rows for name, rows in parts if name == table]), table)


def of_table(rows: pl.DataFrame, table: str) -> pd.DataFrame:
    """Rows of a table."""
    import pandas as pd

    columns = {column.name: column for column in TABLES[table]}
    found = {
        columns[series.name].zeek or series.name: of_column(series, columns[series.name])
        for series in rows
        if series.name in columns
    }
    frame = pd.DataFrame(found)
    return frame.set_index("ts") if "ts" in frame else frame


def of_column(values: pl.Series, column: Column) -> Any:
    """A column's values as pandas has them."""
    import pandas as pd
    import polars as pl

    if column.type == "time":
        return values.dt.replace_time_zone(None).to_numpy()
    if column.type == "interval":
        return values.to_numpy()
    if column.type in DTYPES:
        return pd.array(values.to_list(), dtype=DTYPES[column.type])
    if values.dtype == pl.List:
        values = values.cast(pl.List(pl.String)).list.join(",")
    elif column.type == "bool":
        values = values.replace_strict(TEXT, return_dtype=pl.String)
    elif column.type == "bytes":
        values = values.bin.encode("hex")
    as_object = pd.Series(values.to_list(), dtype="object")
    return as_object if "uid" in column.name else as_object.astype("category")


def of_findings(findings: list[Finding]) -> pd.DataFrame:
    """A row a finding."""
    import pandas as pd

    from sensor.outputs.csv import COLUMNS

    fields = (finding.to_dict() for finding in findings)
    frame = pd.DataFrame([each | each["attack"] for each in fields], columns=list(COLUMNS))
    for name in ("first_seen", "last_seen"):
        frame[name] = pd.to_datetime(frame[name], format="ISO8601", utc=True).dt.tz_localize(None)
    return frame.set_index("first_seen")
