from __future__ import annotations

import pytest

from parsers.logons.pairs import PAIRS_AT_MOST, cef, pairs


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('a=1 b="two words" c=', {"a": "1", "b": "two words", "c": ""}),
        ("a=1,b=2,c=three words", {"a": "1", "b": "2", "c": "three words"}),
        ("ivs=Default Network user=ann", {"ivs": "Default Network", "user": "ann"}),
        (r'a="say \"b=2\"" c=3', {"a": 'say "b=2"', "c": "3"}),
        ("a=1 a=2", {"a": "1"}),
        ('a="never closed b=2', {"a": '"never closed', "b": "2"}),
        ("url=/x?a=1&b=2 z=3", {"url": "/x?a=1&b=2", "z": "3"}),
        ("nothing here", {}),
    ],
)
def test_pairs(text, expected):
    assert pairs(text) == expected


def test_pairs_are_bounded():
    text = " ".join(f"k{number}=1" for number in range(2 * PAIRS_AT_MOST))
    assert len(pairs(text)) == PAIRS_AT_MOST


def test_cef_with_and_without_its_prefix():
    text = r"0|Acme|Wall|1|7|a \| b|5|src=192.0.2.1 msg=two words x=a\=b"
    for line in (text, f"CEF:{text}", f"CEF: {text}"):
        header, extension = cef(line)
        assert (header["vendor"], header["name"]) == ("Acme", "a | b")
        assert extension == {"src": "192.0.2.1", "msg": "two words", "x": "a=b"}


@pytest.mark.parametrize("text", ["", "CEF:0|a|b|c|d|e", "0,1,2", "CEF:x|a|b|c|d|e|f|"])
def test_what_is_no_cef(text):
    assert cef(text) is None
