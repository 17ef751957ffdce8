"""Lines and how their ends are counted."""

from __future__ import annotations

import pytest

from parsers.services.http_lines import LINE_MAX, Lines


def cut_all(lines, *pieces):
    found = []
    for octets in pieces:
        start = lines.swallow(octets, 0)
        while start < len(octets):
            cut = lines.cut(octets, start, len(octets))
            if not cut:
                break
            found.append(cut[0])
            start = cut[2]
    return found


@pytest.mark.parametrize(
    "pieces", [[b"a\nb\rc\r\nd"], [b"a\nb\rc\r", b"\nd"], [b"a", b"\nb\r", b"c\r\n"]]
)
def test_each_end_ends_a_line(pieces):
    assert cut_all(Lines(), *pieces) == [b"a", b"b", b"c"]


def test_only_both_end_a_line_of_a_part():
    lines = Lines()
    lines.crlf_only = True
    assert cut_all(lines, b"a\nb\rc\r\nd\r", b"\ne\r", b"f\r", b"\n") == [b"a\nb\rc", b"d", b"e\rf"]


def test_long_line_is_kept_in_part_and_counted_whole():
    lines = Lines()
    octets = b"x" * (LINE_MAX + 5)
    assert lines.cut(octets, 0, len(octets)) is None
    cut = lines.cut(b"yz\n", 0, 3)
    assert cut == (b"x" * LINE_MAX, LINE_MAX + 7, 3)


def test_counting_is_the_same_however_it_is_cut():
    octets = b"a\nb\rc\r\n\r\nde"
    for at in range(len(octets)):
        lines = Lines()
        counted = 0
        for piece in (octets[:at], octets[at:]):
            start = lines.swallow(piece, 0) if piece else 0
            counted += lines.count(piece, start, len(piece)) if start < len(piece) else 0
        assert (counted, lines.length) == (11, 2)
