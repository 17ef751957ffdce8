from __future__ import annotations

import subprocess
import sys

import msgspec
import pytest

from sensor import analyzers

NAMES = ("container-api-exposed", "high-volume", "large-transfer", "remote-service")


def test_being_in_the_folder_registers_an_analyzer():
    assert analyzers.names() == tuple(sorted(analyzers.names()))
    assert set(NAMES) <= set(analyzers.names())


def test_names_are_listed_without_importing_any_analyzer():
    code = """
import sys
from sensor import analyzers
analyzers.names()
print([name for name in sys.modules if name.startswith(("sensor.analyzers.", "polars", "numpy"))])
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert run.stdout.strip() == "[]"


@pytest.mark.parametrize("name", analyzers.names())
def test_an_analyzer_loads_under_its_own_name_with_its_default_settings(name):
    found = analyzers.module(name)

    assert found.analyzer(found.Settings()).name == name


@pytest.mark.parametrize("name", analyzers.names())
def test_every_setting_is_described(name):
    for field in msgspec.structs.fields(analyzers.module(name).Settings):
        (meta,) = (note for note in field.type.__metadata__ if isinstance(note, msgspec.Meta))
        assert meta.description, field.name


def test_settings_are_taken_as_a_table_or_as_a_struct():
    large = analyzers.module("large-transfer")

    for given in ({"bytes": 5}, large.Settings(bytes=5)):
        assert [each.name for each in analyzers.load({"large-transfer": given})] == list(
            analyzers.names()
        )


@pytest.mark.parametrize(
    "given",
    [{"byte": 5}, {"bytes": "5"}, {"bytes": 0}, {"bytes": None}],
)
def test_a_setting_that_there_is_not_is_refused(given):
    with pytest.raises(msgspec.ValidationError):
        analyzers.load({"large-transfer": given})


def test_an_unknown_analyzer_is_refused_with_the_closest_name():
    with pytest.raises(
        LookupError, match="no analyzer is called 'large-transfers': there is large-transfer"
    ):
        analyzers.load({"large-transfers": {}})
    with pytest.raises(LookupError, match="high-volume"):
        analyzers.module("xyz")
