"""Bodies of messages: with parts, compressed, of unknown length."""

from __future__ import annotations

import gzip

import pytest

from parsers.services.http_entity import DEPTH_MAX, Body, Exchange
from parsers.services.http_files import Files
from parsers.services.http_lines import FOREVER, Lines
from parsers.services.http_message import Message
from parsers.services.mime import FIRST_BYTES


def message(head, *pieces, body=Body.EXPECTED, exchange=None):
    """A message fed with a header and pieces; and where its length comes when it has ended."""
    ended = []
    exchange = exchange or Exchange("1.1", "1.1")
    read = Message(Lines(), exchange, body, lambda *_: None, ended.append, Files)
    for octets in (head + b"\r\n\r\n", *pieces):
        start = 0
        while start < len(octets) and not read.done:
            start = read.feed(octets, start)
    return read, ended


def length(head, *pieces, body=Body.EXPECTED):
    read, _ = message(head, *pieces, body=body)
    read.end()
    return read.top.length


PARTS = b"Content-Type: multipart/mixed; boundary=b"


def test_request_without_length_has_no_body():
    assert message(b"A: b", body=Body.MAYBE)[1] == [0]


def test_compressed_body_counts_as_what_it_comes_to():
    packed = gzip.compress(b"x" * 9999)
    head = b"Content-Encoding: gzip\r\nContent-Length: %d" % len(packed)
    assert message(head, packed[:9], packed[9:])[1] == [9999]


def test_compressed_chunks_are_one_body():
    packed = gzip.compress(b"x" * 9999)
    chunks = b"".join(b"1\r\n%c\r\n" % octet for octet in packed) + b"0\r\n\r\n"
    head = b"Transfer-Encoding: chunked\r\nContent-Encoding: x-gzip"
    assert message(head, chunks)[1] == [9999]


def test_compressed_body_without_length_lasts_until_the_close():
    read, ended = message(b"Content-Encoding: deflate", b"\n\n", body=Body.MAYBE)
    assert read.lines.plain > FOREVER >> 1
    assert not ended


def test_parts_in_a_response_end_at_the_closing_boundary():
    assert message(PARTS, b"--b\r\nX: y\r\n\r\na\nb\r\n--bx\r\n--b--\r\nz")[1] == [31]


def test_part_with_length_is_not_searched_for_boundaries():
    body = b"--b\r\nContent-Length: 7\r\n\r\n--b--\r\n\r\n--b--\r\n"
    assert message(PARTS, body)[1] == [len(body)]


def test_parts_within_parts():
    inner = b"Content-Type: multipart/mixed; boundary=i\r\n\r\n--i\r\n\r\nx\r\n--i--\r\n"
    body = b"--b\r\n" + inner + b"--b\r\n\r\ny\r\n--b--\r\n"
    assert message(PARTS, body)[1] == [len(body)]


def test_lines_within_a_part_end_in_both_bytes_and_outside_in_any():
    assert length(PARTS, b"\n--b\n\na\nb\r\n--b\r\n") == 19


def test_message_within_a_message():
    head = b"Content-Type: message/http\r\nContent-Length: 8"
    assert message(head, b"A: b\r\n\r\n")[1] == [8]


@pytest.mark.parametrize(
    "value", [b"multipart/mixed", b"multipart/mixed; boundary=", b"text/plain"]
)
def test_without_a_boundary_there_are_no_parts(value):
    assert message(b"Content-Length: 4\r\nContent-Type: " + value, b"--\n-")[1] == [4]


def test_deep_parts_are_read_to_a_limit():
    part = b"Content-Type: message/x\r\n\r\n"
    read, _ = message(part[:-4], part * (3 * DEPTH_MAX))
    deepest = read.top
    while deepest.child:
        deepest = deepest.child
    assert deepest.depth == DEPTH_MAX


def test_nul_ends_a_header():
    assert length(b"A: b\r\n\0rest", b"abc\n") == len(b"\r\nabc\r\n")


def test_gap_before_the_first_byte_of_a_body_ends_it():
    read, _ = message(b"Content-Length: 5")
    assert not read.gap(1)


def test_gap_that_is_longer_than_the_body_ends_it():
    read, _ = message(b"Content-Length: 5", b"a")
    assert not read.gap(5)
    assert read.gap(4)
    assert read.done


FIRST = b"x" * FIRST_BYTES


def passes(head, *pieces, exchange=None):
    return message(head, *pieces, exchange=exchange)[0].passes


def test_only_plain_bytes_of_known_number_need_not_be_seen():
    assert passes(b"Content-Length: 4101", FIRST) == 5
    assert passes(b"Transfer-Encoding: chunked", b"1005\r\n", FIRST) == 5
    assert passes(b"Transfer-Encoding: chunked", b"1000\r\n", FIRST) == 0
    assert passes(b"Content-Length: 4101\r\nContent-Encoding: gzip", FIRST) == 0
    assert passes(b"A: b", FIRST + b"\n") == 0
    assert passes(b"A: b", FIRST, exchange=Exchange(closes=True)) == FOREVER - FIRST_BYTES


def test_the_first_bytes_of_a_body_need_be_seen():
    assert passes(b"Content-Length: 4101", FIRST[1:]) == 0
    assert passes(b"A: b", exchange=Exchange(closes=True)) == 0
    parts = PARTS, b"--b\r\nContent-Length: 4101\r\n\r\n"
    assert passes(*parts, FIRST[1:]) == 0
    assert passes(*parts, FIRST) == 5
