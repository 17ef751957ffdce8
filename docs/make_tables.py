"""Write docs/tables.md from `parsers.schema`: every table and column that is read, made or written.

python docs/make_tables.py
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
from parsers.schema import LOGS, OBSERVED, OWN_TABLES, TABLES, Column

PAGE = Path(__file__).parent / "tables.md"
HEAD = """# Tables

Made from `parsers/schema.py` by `docs/make_tables.py`. Columns have Zeek's names without the prefix
`id.`, and Zeek's types: times and intervals are held as nanoseconds, counts as 64-bit integers,
addresses as text in canonical form; what is unset is null and never zero. Logs may lack columns.
"""
ALL = OBSERVED
OTHER_NAMES = (("Zeek", "zeek"), ("ECS", "ecs"), ("CIM", "cim"))


def page() -> str:
    """The page's text."""
    return HEAD + "".join(section for table in sorted(ALL) for section in sections(table))


def sections(table: str) -> Iterator[str]:
    """A table's heading and its columns."""
    sources = ["read from Zeek's logs"] * (table in TABLES)
    sources += ["made of captures"] * (table in LOGS or table in OWN_TABLES)
    written = " and ".join(sources)
    yield f"\n## {table}\n\n{written[0].upper()}{written[1:]}.\n\n"
    columns = ALL[table]
    names = [(title, field) for title, field in OTHER_NAMES if is_told(columns, field)]
    titles = ["column", "type", "meaning", *(title for title, _ in names)]
    yield f"| {' | '.join(titles)} |\n|{'---|' * len(titles)}\n"
    for column in columns:
        meaning = f"{column.meaning} ({column.unit})" if column.unit else column.meaning
        cells = [f"`{column.name}`", column.type, meaning]
        others = (getattr(column, field) for _, field in names)
        cells += [f"`{other}`" if other else "" for other in others]
        yield f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |\n"


def is_told(columns: tuple[Column, ...], field: str) -> bool:
    """Whether another name says more than the column's own."""
    return any(getattr(column, field) not in ("", column.name) for column in columns)


if __name__ == "__main__":
    PAGE.write_text(page())
