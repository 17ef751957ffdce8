from __future__ import annotations

import pytest

from parsers.services.tls_wire import Malformed, Reader


def test_numbers_and_vectors_are_read_from_left_to_right() -> None:
    reader = Reader(b"\1\0\2ab\0\3\4c")
    assert (reader.number(1), reader.vector(2), reader.number(2)) == (1, b"ab", 3)
    assert (bool(reader), reader.rest(), bool(reader)) == (True, b"\4c", False)


def test_all_that_is_left_is_read_as_numbers_or_vectors() -> None:
    assert Reader(b"\0\1\0\2").numbers(2) == [1, 2]
    assert list(Reader(b"\1a\0\2bc").vectors(1)) == [b"a", b"", b"bc"]


@pytest.mark.parametrize("octets", [b"", b"\0", b"\0\3ab"])
def test_asking_for_more_than_there_is_is_malformed(octets: bytes) -> None:
    with pytest.raises(Malformed, match="message_too_short"):
        Reader(octets).vector(2)
