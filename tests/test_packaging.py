from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from configparser import ConfigParser
from pathlib import Path

import pytest

from sensor import __version__

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ("parsers", "sensor", "setup.cfg", "pyproject.toml", "README.md", "LICENSE")


def pip(*arguments: object) -> None:
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*command, *map(str, arguments)], check=True, capture_output=True)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy: a build leaves its traces beside the sources."""
    folder = tmp_path_factory.mktemp("wheel")
    for name in SOURCES:
        source = ROOT / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, folder / name)
    pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder / "dist", folder)
    (found,) = (folder / "dist").glob("*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder outside of the checkout into which the wheel is installed."""
    folder = tmp_path_factory.mktemp("installed")
    pip("install", "--no-deps", "--target", folder, wheel)
    return folder


def in_folder(installed: Path, tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(installed)}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )


def test_the_wheel_holds_both_packages_and_nothing_else(wheel: Path):
    assert wheel.name == f"t1133_sensor-{__version__}-py3-none-any.whl"
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    assert tops == {"parsers", "sensor", f"t1133_sensor-{__version__}.dist-info"}
    assert {"parsers/py.typed", "sensor/py.typed"} <= set(names)


def test_every_module_of_the_checkout_is_in_the_wheel(wheel: Path):
    modules = {
        path.relative_to(ROOT).as_posix()
        for package in ("parsers", "sensor")
        for path in (ROOT / package).rglob("*.py")
    }
    assert modules <= set(zipfile.ZipFile(wheel).namelist())


def test_the_command_works_from_the_wheel(installed: Path, tmp_path: Path):
    ended = in_folder(installed, tmp_path, "-m", "sensor", "--version")
    assert ended.stdout == f"sensor {__version__}\n"
    assert (installed / "bin" / "sensor").is_file()


def test_both_packages_are_imported_from_the_wheel(installed: Path, tmp_path: Path):
    code = "import parsers, sensor; print(parsers.__file__, sensor.__file__)"
    places = in_folder(installed, tmp_path, "-c", code).stdout.split()
    assert places == [str(installed / name / "__init__.py") for name in ("parsers", "sensor")]


def test_the_analyzers_are_found_in_the_wheel(installed: Path, tmp_path: Path):
    listed = in_folder(installed, tmp_path, "-m", "sensor", "analyzers").stdout
    for path in (ROOT / "sensor" / "analyzers").glob("[a-z]*.py"):
        assert f"{path.stem.replace('_', '-')} " in listed


def test_every_package_has_an_init(wheel: Path):
    folders = {
        path.parent for package in ("parsers", "sensor") for path in (ROOT / package).rglob("*.py")
    }
    assert not [folder for folder in folders if not (folder / "__init__.py").is_file()]


def test_the_core_depends_on_nothing_under_the_gpl():
    setup = ConfigParser()
    setup.read(ROOT / "setup.cfg")
    core = setup["options"]["install_requires"]
    assert not [name for name in ("scapy", "zat", "pandas", "pyspark") if name in core]


def test_no_registry_is_named():
    texts = [(ROOT / name).read_text() for name in ("setup.cfg", "pyproject.toml", "Makefile")]
    assert not [text for text in texts if "index-url" in text or "pypi.org" in text]
    assert tomllib.loads(texts[1])["build-system"]["build-backend"] == "setuptools.build_meta"
