"""Text -> typed values, whole columns at once, with what is no such value told.

Times and intervals are read as decimals, so that nothing of them is lost. A time outside of what
64-bit nanoseconds hold (1677 to 2262), such as the end of a certificate in the year 9999, becomes
the nearest that they hold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from parsers.addresses import DOTTED, canonical
from parsers.schema import Column, element_type, polars_type

NANOSECONDS = pl.Decimal(38, 9)  # seconds with nine decimals
YEAR_1, YEAR_10000 = (
    pl.lit(seconds * 10**9, pl.Int128) for seconds in (-62135596800, 253402300800)
)
FIRST, LAST = (pl.lit(value, pl.Int128) for value in (-(2**63) + 1, 2**63 - 1))
AFTER_SECONDS = r"^(?:[.,]([0-9]+))?(Z|z|[+-][0-9]{2}:?[0-9]{2})?$"
TRUE, FALSE = ["T", "true"], ["F", "false"]


def _count(text: pl.Expr) -> pl.Expr:
    return text.cast(pl.UInt64, strict=False).cast(pl.Int64, strict=False)


def _int(text: pl.Expr) -> pl.Expr:
    return text.cast(pl.Int64, strict=False)


def _port(text: pl.Expr) -> pl.Expr:
    return text.cast(pl.UInt16, strict=False).cast(pl.Int32)


def _double(text: pl.Expr) -> pl.Expr:
    return text.cast(pl.Float64, strict=False)


def _bool(text: pl.Expr) -> pl.Expr:
    return pl.when(text.is_in(TRUE)).then(True).when(text.is_in(FALSE)).then(False)


def _is_ipv4(text: pl.Expr) -> pl.Expr:
    return text.str.contains(DOTTED)


def _interval(text: pl.Expr) -> pl.Expr:
    value = text.cast(NANOSECONDS, strict=False).to_physical()
    return value.cast(pl.Int64, strict=False).cast(pl.Duration("ns"))


def _epoch(text: pl.Expr) -> pl.Expr:
    value = text.cast(NANOSECONDS, strict=False).to_physical()
    return value.cast(pl.Int64, strict=False).cast(pl.Datetime("ns", "UTC"))


def _time(nanoseconds: pl.Expr) -> pl.Expr:
    """Int128 -> time. Before year 1 and after year 9999 there is none."""
    held = nanoseconds.clip(FIRST, LAST).cast(pl.Int64).cast(pl.Datetime("ns", "UTC"))
    return pl.when(nanoseconds.is_between(YEAR_1, YEAR_10000)).then(held)


def _iso(text: pl.Expr) -> pl.Expr:
    """`2026-11-01T00:00:00.123456789+01:00`; without a zone it is UTC."""
    shape = text.str.slice(19)
    seconds = (
        text.str.head(19)
        .str.replace(" ", "T", literal=True)
        .str.to_datetime("%Y-%m-%dT%H:%M:%S", time_unit="ms", strict=False)
        .to_physical()
        .cast(pl.Int128)
    )
    decimals = shape.str.extract(AFTER_SECONDS, 1).fill_null("")
    fraction = decimals.str.head(9).str.pad_end(9, "0").cast(pl.Int128, strict=False)
    zone = shape.str.extract(AFTER_SECONDS, 2).fill_null("Z")
    ahead = zone.str.slice(1, 2).cast(pl.Int64, strict=False) * 60 + zone.str.tail(2).cast(
        pl.Int64, strict=False
    )
    signed = pl.when(zone.str.starts_with("-")).then(-ahead).otherwise(ahead).fill_null(0)
    value = seconds * 1_000_000 + fraction - signed.cast(pl.Int128) * 60_000_000_000
    return pl.when(shape.str.contains(AFTER_SECONDS)).then(_time(value))


def _rare_times(text: pl.Series) -> pl.Series:
    """Times in ISO 8601, and seconds that are too many for 64 bits of nanoseconds."""
    seconds = _time(pl.col("text").cast(NANOSECONDS, strict=False).to_physical())
    times = text.to_frame("text").select(pl.coalesce(seconds, _iso(pl.col("text"))))
    return times.to_series()


def _addresses(text: pl.Series) -> pl.Series:
    """Addresses in canonical form, null where there is none. Each distinct text is read once."""
    distinct = text.unique()
    known = [canonical(address) for address in distinct]
    return text.replace_strict(distinct, pl.Series(known, dtype=pl.String), return_dtype=pl.String)


def _text(text: pl.Expr) -> pl.Expr:
    return text


@dataclass(frozen=True, slots=True)
class Form:
    """How a type is written.

    usual: gives the value, null where there is none; or, if `check`, whether the text is one.
    rare: what is tried where `usual` finds no value.
    """

    usual: Callable[[pl.Expr], pl.Expr]
    weird: str = ""
    rare: Callable[[pl.Series], pl.Series] | None = None
    check: bool = False


# The types that parsers of files read by themselves, much faster than from text that they made,
# and what is yet to be done then. They are strict enough; where they fail, text is read.
DIRECT: dict[str, pl.DataType] = {
    "time": NANOSECONDS,
    "interval": NANOSECONDS,
    "count": pl.UInt64(),
    "int": pl.Int64(),
    "port": pl.UInt16(),
    "double": pl.Float64(),
}
FORMS: dict[str, Form] = {
    "time": Form(_epoch, "bad_time", _rare_times),
    "interval": Form(_interval, "bad_time"),
    "count": Form(_count, "bad_number"),
    "int": Form(_int, "bad_number"),
    "port": Form(_port, "bad_number"),
    "double": Form(_double, "bad_number"),
    "bool": Form(_bool, "bad_bool"),
    "addr": Form(_is_ipv4, "bad_address", _addresses, check=True),
    "string": Form(_text),
    "enum": Form(_text),
}


@dataclass(frozen=True, slots=True)
class Bad:
    """Rows of which a column holds no value of its type: Boolean, one a row."""

    weird: str
    column: Column
    rows: pl.Series


def typed(texts: pl.DataFrame, columns: Sequence[Column]) -> tuple[pl.DataFrame, list[Bad]]:
    """Read columns of text.

    Parameters
    ----------
    texts
        The columns under their names, String or List(String), null where unset; or the
        values themselves.
    columns
        Which of them to read.

    Returns
    -------
    The columns in the types of the schema, null where there is no value; and, by column, the rows
    in which a value is none of its type.
    """
    values = {series.name: series for series in texts.select(_usual(texts, columns))}
    bad: list[Bad] = []
    for column in columns:
        text = texts[column.name]
        rows = None
        if inner := element_type(column):
            values[column.name], rows = _elements(text, inner)
        elif text.dtype == pl.String:
            values[column.name], rows = _completed(text, values[column.name], column.type)
        if rows is not None:
            bad.append(Bad(FORMS[inner or column.type].weird, column, rows))
    return pl.DataFrame([values[column.name].alias(column.name) for column in columns]), bad


def _usual(texts: pl.DataFrame, columns: Sequence[Column]) -> Iterator[pl.Expr]:
    for column in columns:
        value = pl.col(column.name)
        if texts.schema[column.name] == pl.String:
            yield FORMS[column.type].usual(value).alias(column.name)
        elif not element_type(column):
            yield value


def held(value: pl.Expr, type_: str) -> pl.Expr:
    """A value of a type of `DIRECT`, as the schema holds it; raises where it does not fit."""
    if DIRECT[type_] == NANOSECONDS:
        value = value.to_physical().cast(pl.Int64)
    return value.cast(polars_type(type_))


def wrapped(text: pl.Series) -> pl.Series:
    """Single values as lists of one; null stays null."""
    value = pl.col(text.name)
    lists = text.to_frame().select(pl.when(value.is_not_null()).then(pl.concat_list(value)))
    return lists.to_series()


def _completed(text: pl.Series, value: pl.Series, type_: str) -> tuple[pl.Series, pl.Series | None]:
    """Try the rare form where the usual one found nothing; what is left then is bad."""
    form = FORMS[type_]
    if form.check:
        return _checked(text, value, form)
    if value.null_count() == text.null_count():
        return value, None
    bad = value.is_null() & text.is_not_null()
    if form.rare:
        value = value.scatter(bad.arg_true(), form.rare(text.filter(bad)))
        bad = value.is_null() & text.is_not_null()
    return value, bad if value.null_count() > text.null_count() else None


def _checked(text: pl.Series, fine: pl.Series, form: Form) -> tuple[pl.Series, pl.Series | None]:
    """Text that is a value as it is, mostly: hardly ever has it to be made anew."""
    if fine.all() or not form.rare:
        return text, None
    others = ~fine.fill_null(value=True)
    rest = text.filter(others)
    found = form.rare(rest)
    if found.eq_missing(rest).all():
        return text, None
    value = text.clone().scatter(others.arg_true(), found)
    bad = value.is_null() & text.is_not_null()
    return value, bad if bad.any() else None


def _elements(lists: pl.Series, type_: str) -> tuple[pl.Series, pl.Series | None]:
    """Read the elements of lists."""
    form = FORMS[type_]
    if not form.weird:
        return lists, None
    held = pl.List(polars_type(type_))
    rows = pl.DataFrame({"row": pl.int_range(len(lists), eager=True), "text": lists})
    flat = rows.filter(pl.col("text").list.len() > 0).explode("text")
    usual = flat.select(form.usual(pl.col("text"))).to_series()
    values, bad = _completed(flat["text"], usual, type_)
    joined = (
        pl.DataFrame([flat["row"], values.alias("value")])
        .group_by("row", maintain_order=True)
        .agg("value")
    )
    whole = rows.join(joined, on="row", how="left", maintain_order="left").select(
        pl.when(pl.col("text").list.len() == 0)
        .then(pl.lit([], held))
        .otherwise(pl.col("value").cast(held))
        .alias(lists.name)
    )
    if bad is None:
        return whole.to_series(), None
    return whole.to_series(), rows["row"].is_in(flat["row"].filter(bad).unique().implode())


def first_of_each(bad: Sequence[Bad], height: int) -> Iterator[tuple[Bad, pl.Series]]:
    """Yield the bad rows column by column, each row once: under the first column that is bad."""
    seen = pl.repeat(False, height, eager=True)
    for found in bad:
        new = found.rows & ~seen
        seen = seen | new
        if new.any():
            yield found, new
