from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import Annotated, Any

import msgspec
import pytest

import sensor
from sensor.findings import Attack

PAGE = """First line.

    What it finds
        Transfers.
    """


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    bytes: Annotated[int, msgspec.Meta(ge=1, description="Sent and received. " * 6)] = 1_000_000


@pytest.fixture
def _one_analyzer(monkeypatch: pytest.MonkeyPatch) -> None:
    module: Any = ModuleType("large_transfer")
    module.__doc__ = PAGE
    module.Settings = Settings
    module.analyzer = lambda settings: SimpleNamespace(
        name="large-transfer",
        title="Large transfer over a remote service",
        attack=Attack(("T1133",), ("TA0001", "TA0010"), ()),
    )
    package: Any = ModuleType("sensor.analyzers")
    package.names = lambda: ("large-transfer",)
    package.module = {"large-transfer": module}.__getitem__
    monkeypatch.setitem(sys.modules, "sensor.analyzers", package)
    monkeypatch.setattr(sensor, "analyzers", package, raising=False)


@pytest.mark.usefixtures("_one_analyzer")
def test_analyzers_are_listed_with_their_title(command):
    ended = command("analyzers")
    assert ended.code == 0
    assert ended.out.splitlines()[0] == "large-transfer  Large transfer over a remote service"


@pytest.mark.usefixtures("_one_analyzer")
def test_an_analyzer_is_explained(command):
    ended = command("analyzers", "large-transfer")
    assert ended.code == 0
    assert ended.out == (
        "large-transfer: Large transfer over a remote service\n"
        "\n"
        "First line.\n"
        "\n"
        "What it finds\n"
        "    Transfers.\n"
        "\n"
        "Settings\n"
        "--------\n"
        "In the site file, under [analyzers.large-transfer]:\n"
        "\n"
        "bytes: integer, at least 1\n"
        "    Sent and received. Sent and received. Sent and received. Sent and received.\n"
        "    Sent and received. Sent and received.\n"
        "    Default: 1_000_000\n"
        "\n"
        "ATT&CK\n"
        "------\n"
        "technique   T1133\n"
        "tactic      TA0001, TA0010\n"
        "mitigation  none\n"
    )


@pytest.mark.usefixtures("_one_analyzer")
def test_an_unknown_analyzer_is_one_line_with_the_closest(command):
    ended = command("analyzers", "big-transfer")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == (
        "sensor: no analyzer is called 'big-transfer': did you mean large-transfer?\n"
    )


def test_every_analyzer_there_is_has_a_page(command):
    from sensor import analyzers

    listed = command("analyzers").out
    for name in analyzers.names():
        assert f"{name} " in listed
        page = command("analyzers", name)
        assert page.code == 0, page.err
        assert f"[analyzers.{name}]" in page.out
