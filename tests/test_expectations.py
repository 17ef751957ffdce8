"""The captures that are shipped: each is analysed alone and compared with its expectation file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from sensor.analysis import Options, analyze
from sensor.expectations import Expectation, load_expectation
from sensor.settings import Site, network

PCAPS = Path(__file__).resolve().parent.parent / "pcaps"
FILES = sorted(PCAPS.glob("*.expect.toml"))


def site_of(expectation: Expectation) -> Site:
    """The site that the options of an expectation describe; only --local is read here."""
    options = list(expectation.options)
    local = [options[at + 1] for at, option in enumerate(options) if option == "--local"]
    assert len(options) == 2 * len(local), f"options that this test does not know: {options}"
    return Site(local=tuple(network(text) for text in local)) if local else Site()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name.removesuffix(".expect.toml"))
def test_a_capture_gives_what_is_expected_of_it(path: Path) -> None:
    expectation = load_expectation(path)
    capture = path.with_name(path.name.replace(".expect.toml", ".pcap"))

    report = analyze([str(capture)], site_of(expectation), Options())

    assert expectation.differences(report.findings) == []


def test_every_capture_has_an_expectation_and_a_line_of_provenance() -> None:
    captures = {path.stem for path in PCAPS.glob("*.pcap")}
    readme = (PCAPS / "README.md").read_text(encoding="utf-8")

    assert {path.name.removesuffix(".expect.toml") for path in FILES} == captures
    assert [name for name in sorted(captures) if f"| {name} |" not in readme] == []


def test_captures_are_small() -> None:
    assert [path.name for path in PCAPS.glob("*.pcap") if path.stat().st_size >= 60_000] == []


def test_the_recipe_makes_the_capture_again_byte_for_byte(tmp_path: Path) -> None:
    pytest.importorskip("scapy")
    recipe = tmp_path / "make_large_transfer.py"
    recipe.write_bytes((PCAPS / "make_large_transfer.py").read_bytes())

    subprocess.run([sys.executable, str(recipe)], check=True)

    made = tmp_path / "large_transfer.pcap"
    assert made.read_bytes() == (PCAPS / "large_transfer.pcap").read_bytes()
