"""Every engine, asked for by the fixture `engine`, so that a test of one is a test of all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import pytest

from sensor.analyzer import Analyzer
from sensor.engines import Engine
from sensor.engines.batch import Batch

ENGINES: dict[str, Callable[[Sequence[Analyzer]], Engine]] = {
    "batch": Batch,
    "batches of two rows": partial(Batch, batch_rows=2),
}


@pytest.fixture(params=ENGINES.values(), ids=ENGINES.keys())
def engine(request: pytest.FixtureRequest) -> Callable[[Sequence[Analyzer]], Engine]:
    """A function from analyzers to a new engine that runs them."""
    return request.param
