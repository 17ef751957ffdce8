from __future__ import annotations

import pytest

from sensor.setting_places import Origin

TEXT = """\
local = [
    "10.0.0.0/8",
]

[ analyzers . "large-transfer" ]
bytes = 1
'ports' = [22]
inline = { deep = 1 }
"""


@pytest.mark.parametrize(
    ("key", "line"),
    [
        (("local",), 1),
        (("analyzers", "large-transfer"), 5),
        (("analyzers", "large-transfer", "bytes"), 6),
        (("analyzers", "large-transfer", "ports"), 7),
        (("analyzers", "large-transfer", "inline", "deep"), 8),
        (("analyzers", "large-transfer", "elsewhere"), 5),
    ],
)
def test_an_error_names_the_line_of_its_key(key, line: int):
    assert str(Origin("site.toml", TEXT).error(key, "is odd")).startswith(f"site.toml:{line}: ")


def test_an_error_names_the_line_of_an_element():
    error = Origin("site.toml", TEXT).error(("local",), "is odd", element=(0, "10.0.0.0/8"))
    assert str(error) == "site.toml:2: local[0] is odd"


def test_a_key_that_stands_nowhere_has_no_line():
    assert str(Origin("site.toml", TEXT).error(("a b",), "is odd")) == 'site.toml: "a b" is odd'


def test_without_a_file_there_is_no_place():
    assert str(Origin().error(("local",), "is odd")) == "local is odd"
