from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensor.outputs.escape import escape


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text", "plain text"),
        ("Zoë → 東京", "Zoë → 東京"),
        ("\x1b[31mred\x07", r"\x1b[31mred\x07"),
        ("two\nlines\r\t", r"two\x0alines\x0d\x09"),
        ("\x7f\x85\x9b31m", r"\x7f\x85\x9b31m"),
        ("exe.\u202etxt\u2066", r"exe.\u202etxt\u2066"),
        ("pay\u200bpal\ufeff", r"pay\u200bpal\ufeff"),
        ("a\u2028b\u2029c", r"a\u2028b\u2029c"),
        ("name\udcff", r"name\udcff"),
        ("tag\U000e0041", r"tag\ue0041"),
        ("[bold]not markup[/]", "[bold]not markup[/]"),
    ],
)
def test_what_does_not_show_itself_is_written_out(text: str, shown: str):
    assert escape(text) == shown


@given(st.text())
def test_nothing_in_the_result_acts_on_a_terminal(text: str):
    categories = {unicodedata.category(character) for character in escape(text)}
    assert not categories & {"Cc", "Cf", "Cs", "Zl", "Zp"}


@given(st.text(st.characters(categories=["L", "N", "P", "S"])))
def test_text_that_shows_itself_is_left_alone(text: str):
    assert escape(text) == text
