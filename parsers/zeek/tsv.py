"""TSV logs: blocks of lines -> rows, as the header lines before them say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl

from parsers.schema import TABLES, Column, element_type
from parsers.zeek.header import Header
from parsers.zeek.lines import NEWLINE, Lines, Part, as_utf8, count_of
from parsers.zeek.marks import Marks
from parsers.zeek.names import table_of
from parsers.zeek.notes import count_unread
from parsers.zeek.rows import Rows
from parsers.zeek.values import DIRECT, held, wrapped

MOST_HEADERS = 1000  # different ones in a log; each costs some milliseconds
STAND_IN = "\x1f"  # a separator of one byte, for those of several: Zeek escapes it in values
Table = tuple[str, pl.DataFrame]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a header means. `places`: where the wanted columns are. `weird`: why none is read."""

    header: Header
    table: str = ""
    places: dict[int, Column] = field(default_factory=dict)
    weird: str = ""


class Tsv:
    """Reads TSV. `unread`: rows of logs that are not wanted, by their #path."""

    def __init__(self, path: str, rows: Rows, unread: Counter[str]) -> None:
        self._path, self._rows, self._unread = path, rows, unread
        self._header = Header()
        self._plans: dict[Header, Plan] = {}

    def read(self, lines: Lines) -> Iterator[Table]:
        """Yield the rows of a block, those of each header by themselves."""
        for header, part in self._by_header(lines):
            plan = self._plans.get(header) or self._planned(header)
            if self._rows.wants(plan.table) and not plan.weird:
                yield from self._rows_of(plan, part)
            else:
                self._passed_over(plan, part)

    def _by_header(self, lines: Lines) -> Iterator[tuple[Header, Part]]:
        """Take the header lines out.

        What stands under equal headers is read at once, so that thousands of them (concatenated
        logs, or malice) cost little.
        """
        data, line = as_utf8(lines.data, b"\\x"), lines.first
        under: dict[Header, list[tuple[bytes, int, int]]] = {}
        for part in _parts(data):
            if part.startswith(b"#"):
                self._header = self._header.with_line(part)
                line += 1
            else:
                count = lines.count if len(part) == len(data) else count_of(NEWLINE, part)
                under.setdefault(self._header, []).append((part, line, count))
                line += count
        for header, parts in under.items():
            joined = parts[0][0] if len(parts) == 1 else b"".join(part for part, _, _ in parts)
            firsts, counts = np.array([(first, count) for _, first, count in parts]).T
            before = np.cumsum(counts) - counts
            numbers = pl.Series(np.arange(counts.sum()) + np.repeat(firsts - before, counts))
            yield header, Part(joined, numbers, lines.cut)

    def _passed_over(self, plan: Plan, part: Part) -> None:
        """Count rows that are not read; blank lines are no rows."""
        count = len(part.numbers)
        if part.data.startswith(b"\n") or b"\n\n" in part.data:
            count = sum(1 for line in part.lines() if line)
        if plan.weird and count:
            self._rows.notes.passed_over(plan.weird, count, int(part.numbers[0]))
        elif count:
            count_unread(self._unread, plan.table, count)

    def _planned(self, header: Header) -> Plan:
        if len(self._plans) >= MOST_HEADERS:
            return Plan(header, weird="too_many_headers")
        plan = self._plans[header] = self._understood(header)
        return plan

    def _understood(self, header: Header) -> Plan:
        if not header.fields:
            return Plan(header, weird="row_without_header")
        table = header.path or table_of(self._path, header.fields, self._rows.notes)
        if table not in TABLES:
            return Plan(header, table)
        if len(set(header.fields)) < len(header.fields):
            return Plan(header, table, weird="duplicate_field")
        found = header.columns(table)
        self._rows.saw(table, {column.name for column in found.values()})
        if not self._rows.wants(table):
            return Plan(header, table)
        wanted = self._rows.columns(table)
        places = {place: column for place, column in found.items() if column in wanted}
        return Plan(header, table, places)

    def _rows_of(self, plan: Plan, part: Part) -> Iterator[Table]:
        separator = plan.header.separator
        if len(separator.encode()) != 1 or separator in "\r\n":
            data = part.data.replace(separator.encode(), STAND_IN.encode())
            part, separator = replace(part, data=data), STAND_IN
        fields = self._values(plan, part.data, separator)
        if not self._even(plan, fields, part, separator):
            part = self._sorted_out(plan, part, separator)
            if not len(part.numbers):
                return
            fields = self._values(plan, part.data, separator)
        marks = Marks.of(plan.header, part.data)
        texts = [
            self._text(fields[f"column_{place}"], place, column, marks).alias(column.name)
            for place, column in plan.places.items()
        ]
        rows = self._rows.made(plan.table, pl.DataFrame(texts), part.numbers, cut=part.cut)
        if len(rows):
            yield plan.table, rows

    def _values(self, plan: Plan, data: bytes, separator: str) -> pl.DataFrame:
        """Read the wanted columns and the last one, null where unset or missing.

        As values where a type allows, but all as text if one of them is none: the text is needed
        to say what is wrong with it.
        """
        last = len(plan.header.fields) - 1
        types = {
            f"column_{place}": column.type
            for place, column in plan.places.items()
            if column.type in DIRECT and place < last
        }
        try:
            fields = self._fields(plan, data, separator, types)
            return fields.with_columns(held(pl.col(name), type_) for name, type_ in types.items())
        except pl.exceptions.PolarsError:
            return self._fields(plan, data, separator, {})

    def _fields(
        self, plan: Plan, data: bytes, separator: str, types: dict[str, str]
    ) -> pl.DataFrame:
        last = len(plan.header.fields) - 1
        names = [f"column_{place}" for place in range(last + 1)]
        # The parser takes the number of columns from the first line. Where that is not the due
        # one, a line of names is put before it.
        first = data[: data.index(b"\n")]
        named = first.count(separator.encode()) != last
        return pl.read_csv(
            separator.join(names).encode() + b"\n" + data if named else data,
            has_header=named,
            separator=separator,
            schema={name: DIRECT[types[name]] if name in types else pl.String() for name in names},
            columns=[names[place] for place in sorted({*plan.places, last})],
            quote_char=None,
            truncate_ragged_lines=True,
            # The last column tells whether a row is whole: there, unset must not look missing.
            null_values={names[place]: plan.header.unset for place in plan.places if place < last},
            empty_string_is_null=plan.header.empty != "",
        )

    def _even(self, plan: Plan, fields: pl.DataFrame, part: Part, separator: str) -> bool:
        """Whether each row has as many columns as the header.

        It does if none lacks the last one and the separators of all together are as many.
        """
        last = len(plan.header.fields) - 1
        if fields.height != len(part.numbers) or fields[f"column_{last}"].null_count():
            return False
        return count_of(ord(separator), part.data) == len(part.numbers) * last

    def _sorted_out(self, plan: Plan, part: Part, separator: str) -> Part:
        """Count the rows with too few or too many columns; return those that are right."""
        octets = np.frombuffer(part.data, np.uint8)
        ends = np.flatnonzero(octets == NEWLINE)
        separators = np.flatnonzero(octets == ord(separator))
        columns = np.diff(np.searchsorted(separators, ends), prepend=0) + 1
        blank = np.diff(ends, prepend=-1) == 1
        due = len(plan.header.fields)
        for weird, found in (
            ("too_few_columns", (columns < due) & ~blank),
            ("too_many_columns", columns > due),
        ):
            if found.any():
                at = int(found.argmax())
                self._rows.notes.passed_over(
                    "cut_off_row" if part.cut else weird,
                    int(found.sum()),
                    int(part.numbers[at]),
                    f"{columns[at]} instead of {due}",
                )
        return part.only(pl.Series((columns == due) & ~blank))

    def _text(self, text: pl.Series, place: int, column: Column, marks: Marks) -> pl.Series:
        """Undo how Zeek writes a column."""
        header = marks.header
        if text.dtype != pl.String:
            return text
        if place == len(header.fields) - 1:
            text = text.set(text == header.unset, None)
        if column.type in DIRECT:
            # What the parser of files passes over before and after a number.
            return text.str.strip_chars_start(" ").str.strip_suffix("\r")
        if not element_type(column):
            return marks.text(text) if column.type in ("string", "enum") else text
        if header.is_list(place, column):
            return marks.lists(text)
        return wrapped(marks.text(text))


def _parts(data: bytes) -> Iterator[bytes]:
    """Cut a block into header lines, each by itself, and what is between them."""
    at = 0
    while at < len(data):
        if data.startswith(b"#", at):
            end = data.index(b"\n", at) + 1
        else:
            # Hardly any row holds a number sign: looking for it alone first is much faster.
            found = data.find(b"#", at)
            end = data.find(b"\n#", at) + 1 if found >= 0 else 0
            end = end or len(data)
        yield data if end - at == len(data) else data[at:end]
        at = end
