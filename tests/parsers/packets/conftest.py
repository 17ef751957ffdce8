"""Every test that asks for `run` runs twice: its kernels plain, and compiled with bounds checks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from parsers.kernel import checked


@pytest.fixture(scope="session", params=["plain", "checked"])
def run(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """Call a kernel: plain with memoryviews of the arrays given, compiled with the arrays."""
    if request.param == "checked":
        return lambda function, *given: checked(function)(*given)

    def plain(function: Callable[..., Any], *given: Any) -> Any:
        return function(*(one.data if isinstance(one, np.ndarray) else one for one in given))

    return plain
