"""The page of tables says what the schema says."""

from __future__ import annotations

import runpy
from pathlib import Path

DOCS = Path(__file__).parent.parent / "docs"


def test_the_page_is_that_of_the_schema() -> None:
    made = runpy.run_path(str(DOCS / "make_tables.py"))["page"]()
    assert made == (DOCS / "tables.md").read_text(), "run: python docs/make_tables.py"
