"""The page of services says what the tables that tell them say."""

from __future__ import annotations

import runpy
from pathlib import Path

from parsers.services.signatures import SIGNATURES

DOCS = Path(__file__).parent.parent / "docs"


def test_the_page_is_that_of_the_tables() -> None:
    made = runpy.run_path(str(DOCS / "make_services.py"))["page"]()
    assert made == (DOCS / "services.md").read_text(), "run: python docs/make_services.py"


def test_the_page_says_what_no_recording_confirms() -> None:
    rows = [
        line for line in (DOCS / "services.md").read_text().splitlines() if "responder `" in line
    ]
    unconfirmed = [line for line in rows if "| unconfirmed |" in line]

    assert len(rows) == len(SIGNATURES)
    assert len(unconfirmed) == sum(not row.confirmed for row in SIGNATURES)
