"""What every test gets: the folder of shared captures where there is one, hypothesis's rules."""

from __future__ import annotations

from pathlib import Path

import hypothesis
import pytest

SHARED = Path(__file__).resolve().parent.parent.parent / "shared"

# No deadline: the first call of a kernel compiles it. The same examples in every run, so that a
# failure is about the change at hand.
hypothesis.settings.register_profile("sensor", deadline=None, derandomize=True)
hypothesis.settings.load_profile("sensor")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if SHARED.is_dir():
        return
    for item in items:
        if item.get_closest_marker("shared"):
            item.add_marker(pytest.mark.skip(reason="the folder of shared captures is not here"))


@pytest.fixture
def shared() -> Path:
    """The folder of shared captures and logs; for tests marked `shared`."""
    return SHARED
