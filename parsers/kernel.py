"""Kernels: functions that are written once and run plain or compiled, by the amount of work.

A kernel is what is sequential by nature (walking records, following a connection's state) and
therefore cannot be a NumPy expression. It is an ordinary Python function behind `@kernel`:

* called as it is, it runs as plain Python, at about 20 µs a packet and without importing Numba
  (whose import alone takes longer than analysing a small capture);
* `compiled(function)` gives its compiled form, in which every kernel that it calls is compiled
  too, and `checked(function)` the same with bounds checks, for tests and fuzzing: an unchecked
  index on hostile input would be memory corruption.

The two forms differ unless the source is written with care, so every kernel keeps these rules:
plain runs get memoryviews (elements are Python integers, which never wrap), compiled runs get
the NumPy arrays; everything is computed in int64 (`a * 256 + b`, since `uint8 << n` is uint64
in Numba and uint64 with int64 is float64); fields that wrap are masked where they wrap; arrays
are indexed element by element and nothing is allocated.

Machine code is cached under the user's cache folder, in a folder named after a fingerprint of
the kernels' code and constants: Numba's own key knows neither a changed callee, nor a changed
constant, nor whether bounds are checked.
"""

from __future__ import annotations

import dis
import hashlib
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any, Protocol, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


class Words(Protocol):
    """What a kernel works on: a memoryview when it runs plain, a NumPy array when compiled.

    int64 words or bytes, of one or two dimensions; an element is a Python integer or an int64.
    """

    def __len__(self) -> int:
        """Elements, or rows."""

    def __getitem__(self, place: int | tuple[int, int], /) -> int:
        """One element."""

    def __setitem__(self, place: int | tuple[int, int], value: int, /) -> None:
        """Set one element."""


# Kernels allocate nothing, so arrays need no reference counts: without them (`_nrt`) the packet
# pass is seven times as fast, since each count is an atomic operation. A call passes each array
# as seven numbers or more; inlining every call makes the pass twice as fast again.
OPTIONS: dict[str, Any] = {"nogil": True, "_nrt": False, "forceinline": True}

KEPT = 60 * 86_400  # seconds that machine code is kept

_REGISTERED: dict[Callable[..., Any], Any] = {}  # what is called -> what is compiled


def kernel(function: F) -> F:
    """Register `function` as a kernel; it stays the plain Python function that it is."""
    _REGISTERED[function] = function
    return function


def in_place_of(compiled_form: Callable[..., Any]) -> Callable[[F], F]:
    """Register a kernel that runs plain as it is, and compiled as another function does the same.

    For what plain Python does a hundred times as fast with means that compiled code has not.
    """

    def register(function: F) -> F:
        _REGISTERED[function] = compiled_form
        return function

    return register


def compiled(function: F) -> F:
    """Return the compiled form of a kernel; the first call with new argument types compiles it."""
    built: F = _build(function, False)
    return built


def checked(function: F) -> F:
    """Return the compiled form whose indices are checked: out of range raises IndexError."""
    built: F = _build(function, True)
    return built


def is_cached(function: Callable[..., Any]) -> bool:
    """Tell whether machine code of this very kernel is on disk, so that no compilation awaits."""
    folder = _cache_folder(function, False)
    return folder is not None and any(folder.glob("**/*.nbc"))


@cache
def _build(function: Any, bounds: bool) -> Any:
    import numba

    if function not in _REGISTERED:
        raise TypeError(f"{function.__name__} is not a kernel")
    function = _REGISTERED[function]
    scope = dict(function.__globals__)
    scope.update({name: _build(callee, bounds) for name, callee in _callees(function)})
    twin = FunctionType(function.__code__, scope, function.__name__, function.__defaults__)
    twin.__module__, twin.__qualname__ = function.__module__, function.__qualname__
    folder = _cache_folder(function, bounds)
    with _numba_cache(folder):
        return numba.njit(boundscheck=bounds, cache=folder is not None, **OPTIONS)(twin)


def _globals_read(function: Any) -> dict[str, Any]:
    """What a function reads of its module, by name (attributes of the same name are not meant)."""
    read = (step.argval for step in dis.get_instructions(function) if step.opname == "LOAD_GLOBAL")
    scope = function.__globals__
    return {name: scope[name] for name in sorted(set(read)) if name in scope}


def _callees(function: Any) -> list[tuple[str, Any]]:
    """The kernels that a kernel calls, by the names it calls them."""
    read = _globals_read(function).items()
    return [(name, f) for name, f in read if isinstance(f, FunctionType) and f in _REGISTERED]


@contextmanager
def _numba_cache(folder: Path | None) -> Iterator[None]:
    """Let Numba place the cache of what is decorated inside this block into `folder`."""
    import numba

    config: Any = numba.config
    before = config.CACHE_DIR
    config.CACHE_DIR = str(folder) if folder else before
    try:
        yield
    finally:
        config.CACHE_DIR = before


@cache
def _forget_old(kernels: Path) -> None:
    """Remove machine code that is older than KEPT: most of it is of versions that are gone.

    Done once in a process, and only when something new is compiled; what is still needed is made
    again.
    """
    for folder in kernels.iterdir():
        with suppress(OSError):
            if time.time() - folder.stat().st_mtime > KEPT:
                shutil.rmtree(folder, ignore_errors=True)


@cache
def _cache_folder(function: Any, bounds: bool) -> Path | None:
    """A folder of our own for this kernel's machine code, or None where none can be written."""
    root = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    name = _fingerprint(function)[:16] + ("-checked" if bounds else "")
    folder = Path(root) / "t1133-sensor" / "kernels" / name
    try:
        if not folder.is_dir():
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            _forget_old(folder.parent)
    except OSError:
        return None
    return folder if os.access(folder, os.W_OK) else None


@cache
def _fingerprint(function: Any) -> str:
    """SHA-256 over what decides the machine code: code, constants, those of all callees, Python."""
    function = _REGISTERED.get(function, function)
    digest = hashlib.sha256(f"{sys.version}\n{OPTIONS}\n{function.__qualname__}".encode())
    for callee in sorted(_fingerprint(callee) for _, callee in _callees(function)):
        digest.update(callee.encode())
    code: CodeType = function.__code__
    digest.update(code.co_code)
    digest.update(repr((code.co_consts, code.co_names, code.co_varnames)).encode())
    for name, value in _globals_read(function).items():
        if isinstance(value, int | tuple):
            digest.update(f"{name}={value!r}".encode())
    return digest.hexdigest()
