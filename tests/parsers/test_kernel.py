"""Kernels: one source, three forms that agree, and machine code that is never a stale one."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers import kernel as kernels
from parsers.kernel import checked, compiled, is_cached, kernel

SOURCE = """
from parsers.kernel import kernel
from limits import LIMIT

@kernel
def one(octets, at):
    return octets[at] * {factor} + octets[at + 1]

@kernel
def total(octets, count):
    sum = 0
    for at in range(count - 1):
        sum += min(one(octets, at), LIMIT)
    return sum

def no_kernel(octets):
    return 0
"""

Load = Callable[..., ModuleType]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    """Import a small module of kernels anew, with the constant and the callee asked for."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.syspath_prepend(str(tmp_path))

    def fresh(*, limit: int = 1 << 40, factor: int = 256) -> ModuleType:
        made = ModuleType("limits")
        made.LIMIT = limit  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "limits", made)
        path = tmp_path / "small_kernels.py"
        path.write_text(SOURCE.format(factor=factor))
        spec = importlib.util.spec_from_file_location("small_kernels", path)
        assert spec
        assert spec.loader
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, "small_kernels", module)
        monkeypatch.setattr(sys, "dont_write_bytecode", True)
        spec.loader.exec_module(module)
        return module

    return fresh


@kernel
def signed_sum(octets: memoryview, count: int) -> int:
    """Add up big-endian words of 32 bits, signed: all that goes wrong between the forms."""
    total = 0
    for at in range(0, count - 3, 4):
        word = octets[at] * 16777216 + octets[at + 1] * 65536
        word += octets[at + 2] * 256 + octets[at + 3]
        total += word - ((word & 0x80000000) << 1)
    return total


@given(data=st.binary(max_size=40))
def test_all_forms_give_the_same(data: bytes) -> None:
    array = np.frombuffer(data, np.uint8).copy()
    plain = signed_sum(array.data, len(data))
    assert plain == sum(
        int.from_bytes(data[at : at + 4], "big", signed=True) for at in range(0, len(data) - 3, 4)
    )
    for form in (compiled, checked):
        assert form(signed_sum)(array, len(data)) == plain  # type: ignore[arg-type]


def test_only_the_checked_form_sees_an_index_out_of_range(load: Load) -> None:
    octets = np.arange(100, dtype=np.uint8)
    function = load().total
    compiled(function)(octets, 3)  # machine code without checks is on disk now
    with pytest.raises(IndexError):
        checked(function)(octets[:4], 6)
    with pytest.raises(IndexError):
        function(octets[:4].data, 6)


def test_kernels_that_a_kernel_calls_are_compiled_too(load: Load) -> None:
    module = load()
    octets = np.arange(10, dtype=np.uint8)
    assert compiled(module.total)(octets, 10) == module.total(octets.data, 10)
    assert compiled(module.total).py_func.__globals__["one"] is compiled(module.one)


def test_only_kernels_can_be_compiled(load: Load) -> None:
    with pytest.raises(TypeError, match="no_kernel is not a kernel"):
        compiled(load().no_kernel)


@pytest.mark.parametrize("change", [{"limit": 300}, {"factor": 255}])
def test_a_changed_constant_or_callee_never_meets_old_machine_code(
    load: Load, change: dict[str, int]
) -> None:
    octets = np.full(10, 200, np.uint8)
    before = load().total
    compiled(before)(octets, 10)
    after = load(**change).total
    assert kernels._fingerprint(before) != kernels._fingerprint(after)
    assert not is_cached(after)
    new = compiled(after)(octets, 10)
    assert new == after(octets.data, 10) != before(octets.data, 10)


def test_an_unchanged_kernel_meets_its_machine_code_again(load: Load) -> None:
    octets = np.arange(10, dtype=np.uint8)
    before = load().total
    assert not is_cached(before)
    compiled(before)(octets, 10)
    after = load().total
    assert after is not before
    assert kernels._fingerprint(before) == kernels._fingerprint(after)
    assert is_cached(after)
    assert compiled(after)(octets, 10) == before(octets.data, 10)
    assert compiled(after).stats.cache_hits


@pytest.mark.parametrize("form", [compiled, checked])
def test_a_cache_folder_that_cannot_be_written_is_done_without(
    load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: Callable[..., object]
) -> None:
    (tmp_path / "file").write_text("no folder can be made in here")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    function = load().total
    octets = np.arange(10, dtype=np.uint8)
    built = form(function)
    assert callable(built)
    assert built(octets, 10) == function(octets.data, 10)
    assert not is_cached(function)


def test_machine_code_of_long_ago_is_removed_when_something_new_is_compiled(
    load: Load, tmp_path: Path
) -> None:
    kept, gone = (tmp_path / "cache" / "t1133-sensor" / "kernels" / name for name in "ab")
    for folder in (kept, gone):
        folder.mkdir(parents=True)
    os.utime(gone, (1, 1))
    is_cached(load().total)
    assert kept.is_dir()
    assert not gone.exists()
