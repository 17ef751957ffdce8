"""What compressed bodies come to."""

from __future__ import annotations

import gzip
import zlib

import pytest

from parsers.services import http_inflated
from parsers.services.http_inflated import Inflated

PLAIN = b"hello " * 3000
BARE = zlib.compressobj(wbits=-zlib.MAX_WBITS)


@pytest.mark.parametrize(
    "packed",
    [gzip.compress(PLAIN), zlib.compress(PLAIN), BARE.compress(PLAIN) + BARE.flush()],
    ids=["gzip", "zlib", "bare"],
)
@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_every_container_is_measured_however_it_is_cut(packed, size):
    inflated = Inflated(lambda _: None)
    pieces = (packed[at : at + size] for at in range(0, len(packed), size))
    assert sum(map(inflated.more, pieces)) == len(PLAIN)


def test_what_stands_behind_the_end_does_not_count():
    assert Inflated(lambda _: None).more(zlib.compress(b"abc") * 2) == 3


def test_what_is_not_compressed_counts_nothing_from_the_error_on():
    inflated = Inflated(lambda _: None)
    assert inflated.more(b"<html>") == 0
    assert inflated.more(zlib.compress(b"abc")) == 0


def test_a_bomb_is_not_inflated_to_its_end(monkeypatch):
    monkeypatch.setattr(http_inflated, "INFLATED_MAX", 10_000)
    inflated = Inflated(lambda _: None)
    assert 10_000 <= inflated.more(zlib.compress(b"\0" * 1_000_000)) < 20_000
    assert inflated.more(b"x") == 0


def test_what_it_comes_to_is_passed_on():
    found = []
    Inflated(found.append).more(gzip.compress(PLAIN))
    assert b"".join(found) == PLAIN
