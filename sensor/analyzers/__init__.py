"""The analyzers: one file, one analyzer. Being in this folder registers it.

`large_transfer.py` is the analyzer `large-transfer`: its docstring is the manual page, `Settings`
its settings, `analyzer(settings)` the analyzer itself.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from difflib import get_close_matches
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sensor.analyzer import Analyzer


def names() -> tuple[str, ...]:
    """Return the names of all analyzers, in alphabetical order, without importing any."""
    return tuple(sorted(found.name.replace("_", "-") for found in pkgutil.iter_modules(__path__)))


def module(name: str) -> ModuleType:
    """Import the module of one analyzer; LookupError with the closest names where there is none."""
    if name not in names():
        close = get_close_matches(name, names(), cutoff=0.5) or names()
        raise LookupError(f"no analyzer is called {name!r}: there is {', '.join(close)}")
    return import_module(f"{__name__}.{name.replace('-', '_')}")


def load(settings: Mapping[str, Any]) -> tuple[Analyzer, ...]:
    """Return every analyzer with its settings worked in.

    Parameters
    ----------
    settings
        Analyzer name -> its Settings, or a mapping of those that differ from the defaults.

    Raises
    ------
    LookupError
        A name that no analyzer has.
    msgspec.ValidationError
        A setting that its analyzer does not have, or a value that it does not allow.
    """
    for name in settings:
        module(name)
    return tuple(_loaded(name, settings.get(name, {})) for name in names())


def _loaded(name: str, settings: Any) -> Analyzer:
    import msgspec

    found = module(name)
    made = msgspec.convert(settings, found.Settings, from_attributes=True)
    analyzer: Analyzer = found.analyzer(made)
    return analyzer
