"""What the traffic means: opinions about facts, and how they are run."""

from __future__ import annotations

from typing import Any

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Import `to_dataframe` when it is asked for; nothing else needs what it needs."""
    if name == "to_dataframe":
        from sensor.frames import to_dataframe

        return to_dataframe
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
