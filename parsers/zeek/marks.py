"""How Zeek writes a value in TSV, undone: unset, empty, sets and vectors, escapes."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from parsers.zeek.header import ESCAPED, Header, plain

NO_ELEMENTS = pl.Series([[]], dtype=pl.List(pl.String))


@dataclass(frozen=True, slots=True)
class Marks:
    """What stands for something else. `empty`, `escaped`: whether it occurs in a block at all."""

    header: Header
    empty: bool
    escaped: bool

    @classmethod
    def of(cls, header: Header, data: bytes) -> Marks:
        """What occurs in `data`. A mark's first octet is looked for first: that is fast."""
        empty = header.empty.encode()
        return cls(header, bool(empty) and empty[:1] in data and empty in data, b"\\" in data)

    def text(self, text: pl.Series) -> pl.Series:
        """Single values, null where unset already."""
        if self.empty:
            text = text.set(text == self.header.empty, "")
        return _unescaped(text) if self.escaped else text

    def lists(self, text: pl.Series) -> pl.Series:
        """Sets and vectors: lists of their elements, null where unset."""
        empty = (text == self.header.empty).fill_null(value=False)
        lists = text.str.split(self.header.set_separator)
        rows = pl.DataFrame({"row": pl.int_range(len(text), eager=True), "text": lists})
        flat = rows.filter(lists.is_not_null() & ~empty).explode("text")
        elements = self.text(flat["text"].set(flat["text"] == self.header.unset, None))
        whole = (
            pl.DataFrame([flat["row"], elements.alias("text")])
            .group_by("row", maintain_order=True)
            .agg("text")
        )
        joined = rows.select("row").join(whole, on="row", how="left", maintain_order="left")
        return joined["text"].zip_with(~empty, NO_ELEMENTS)


def _unescaped(text: pl.Series) -> pl.Series:
    """Undo escapes. Each distinct text that has one is looked at once."""
    found = text.filter(text.str.contains("\\", literal=True)).unique()
    changed = {value: plain(value) for value in found if ESCAPED.search(value)}
    return text.replace(list(changed), list(changed.values())) if changed else text
