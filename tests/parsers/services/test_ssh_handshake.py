"""Strings, lists and lines of what SSH sends in clear; conversations are in test_ssh."""

from __future__ import annotations

import pytest

from parsers.services.ssh_handshake import (
    NO_COMMON,
    Stream,
    Unreadable,
    first_common,
    name_lists,
    spoken,
    strings,
)


def string(value: bytes) -> bytes:
    return len(value).to_bytes(4, "big") + value


def test_strings_are_read_from_a_place_on():
    content = b"xx" + string(b"one") + string(b"") + b"rest"
    assert strings(content, 2, 2) == ([b"one", b""], 2 + 7 + 4)


@pytest.mark.parametrize("content", [b"", b"\0\0\0", b"\0\0\0\2x", b"\xff\xff\xff\xffx"])
def test_a_string_that_is_not_there_is_refused(content):
    with pytest.raises(Unreadable):
        strings(content, 0, 1)


def test_lists_are_read_without_the_languages():
    names = b"".join(string(b"a,b") for _ in range(8)) + string(b"en") + string(b"de")
    assert name_lists(bytes(16) + names + bytes(5)) == [["a", "b"]] * 8
    with pytest.raises(Unreadable):
        name_lists(bytes(16) + names + bytes(4))


def test_the_first_of_the_clients_that_the_server_has():
    assert first_common(["a", "b", "c"], ["c", "b"]) == "b"
    assert first_common(["a"], []) == NO_COMMON


@pytest.mark.parametrize(
    ("identification", "version"),
    [("SSH-2.0-x", "2"), ("SSH-1.99-x", "1.99"), ("SSH-1.5-x", "1"), ("", "")],
)
def test_versions(identification, version):
    assert spoken(identification) == version


def test_a_line_feed_that_comes_later_is_of_the_line_before():
    stream = Stream()
    stream.add(b"one\r")
    assert stream.line() == b"one"
    stream.add(b"\ntwo\n")
    assert stream.line() == b"two"
    assert stream.line() is None
