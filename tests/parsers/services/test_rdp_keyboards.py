from __future__ import annotations

import pytest

from parsers.services.rdp_keyboards import KEYBOARD_LAYOUTS, keyboard_layout


@pytest.mark.parametrize(
    ("number", "name"),
    [
        (1033, "English - United States"),
        (66568, "Uyghur"),  # the later of the two that Zeek has
        (263198, "Thai (Best Guess for 263198)"),
        (0, "keyboard-0"),
        (65535, "keyboard-65535"),
    ],
)
def test_a_layout_is_named_or_guessed_by_its_language(number, name):
    assert keyboard_layout(number) == name


def test_no_layout_is_listed_twice():
    assert len(KEYBOARD_LAYOUTS) == 345
