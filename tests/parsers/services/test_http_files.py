"""Names and types of the files that HTTP carries."""

from __future__ import annotations

import base64
import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.services.http import Http
from parsers.services.http_files import FILES_MAX, Base64, File, Files
from parsers.services.mime import FIRST_BYTES
from parsers.services.parser import ORIG, RESP

COLUMNS = ("orig_filenames", "orig_mime_types", "resp_filenames", "resp_mime_types")
TEXT = b"plain text"
GET = b"GET / HTTP/1.1\r\n\r\n"
PARTS = b"Content-Type: multipart/form-data; boundary=b"


def message(start, head, body, length=True):
    head += b"\r\nContent-Length: %d" % len(body) if length else b""
    return start + b"\r\n" + head.lstrip() + b"\r\n\r\n" + body


def request(head, body):
    return message(b"POST / HTTP/1.1", head, body)


def response(head, body, length=True, status=b"200"):
    return message(b"HTTP/1.1 " + status + b" OK", head, body, length)


def rows(*sent):
    http = Http()
    for side, octets in sent:
        if isinstance(octets, int):
            http.gap(side, octets, 1)
        else:
            http.data(side, octets, 1)
    http.end(2)
    return [values for _, values in http.rows]


def files(*sent):
    """Those columns of the only row that name files or their types."""
    (values,) = rows(*sent)
    return {name: values[name] for name in COLUMNS if name in values}


def response_types(*octets):
    return files((ORIG, GET), *((RESP, each) for each in octets)).get("resp_mime_types")


def parts(*bodies):
    return b"".join(b"--b\r\n" + each + b"\r\n" for each in bodies) + b"--b--\r\n"


def test_types_of_both_bodies_are_told():
    sent = request(b"", b"{'a':1}, or text"), response(b"", b"GIF89a")
    assert files((ORIG, sent[0]), (RESP, sent[1])) == {
        "orig_mime_types": ["text/plain"],
        "resp_mime_types": ["image/gif"],
    }


def test_body_that_tells_no_type_is_left_out():
    assert response_types(response(b"", b"\0\0")) is None
    assert response_types(response(b"", b"")) is None


def test_type_of_a_compressed_body_is_that_of_what_it_comes_to():
    assert response_types(response(b"Content-Encoding: gzip", gzip.compress(TEXT))) == [
        "text/plain"
    ]


def test_chunks_are_one_body():
    body = b"5\r\nplain\r\n5\r\n text\r\n0\r\n\r\n"
    assert response_types(response(b"Transfer-Encoding: chunked", body, length=False)) == [
        "text/plain"
    ]


def test_line_ends_of_a_body_without_length_count():
    assert response_types(response(b"A: b", b"a\nb\nc\nd\n", length=False)) == ["text/plain"]


def test_type_is_told_by_no_more_than_the_first_bytes():
    body = b"x" * FIRST_BYTES + b"<?php"
    assert response_types(response(b"", body)) == ["text/plain"]
    assert response_types(response(b"", body[9:])) == ["text/x-php"]


def test_body_that_is_cut_off_is_told_by_what_there_is():
    assert response_types(response(b"", TEXT + b"x")[:-1]) == ["text/plain"]


def test_gap_ends_what_the_type_is_told_by():
    whole = response(b"", TEXT + b" <?php")
    assert response_types(whole) == ["text/x-php"]
    assert response_types(whole[:-6], 1, whole[-5:]) == ["text/plain"]


def test_every_part_is_a_file():
    body = parts(
        b'Content-Disposition: form-data; name="a"\r\n\r\n' + TEXT,
        b'Content-Disposition: form-data; name="b"; filename="b.gif"\r\n\r\nGIF89a',
        b"\r\n\0",
        b'Content-Type: image/png; name="c.png"\r\n\r\n\x89PNG',
    )
    assert files((ORIG, request(PARTS, body))) == {
        "orig_filenames": ["b.gif", "c.png"],
        "orig_mime_types": ["text/plain", "image/gif", "image/png"],
    }


def test_parts_within_parts_are_files():
    inner = b"Content-Type: multipart/mixed; boundary=i\r\n\r\n--i\r\n\r\nGIF89a\r\n--i--"
    sent = request(PARTS, parts(inner, b"\r\n" + TEXT))
    assert files((ORIG, sent))["orig_mime_types"] == ["image/gif", "text/plain"]


def test_line_end_before_a_boundary_is_not_of_the_part():
    assert files((ORIG, request(PARTS, parts(b"\r\n" + TEXT[:-1])))) == {}
    types = files((ORIG, request(PARTS, parts(b"\r\n" + TEXT[:4] + b"\r\n" + TEXT[:4]))))
    assert types == {"orig_mime_types": ["text/plain"]}


def test_files_count_to_a_limit():
    part = b"Content-Disposition: x; filename=f\r\n\r\n" + TEXT
    found = files((ORIG, request(PARTS, parts(*[part] * (FILES_MAX + 1)))))
    assert found == {
        "orig_filenames": ["f"] * FILES_MAX,
        "orig_mime_types": ["text/plain"] * FILES_MAX,
    }


def test_name_counts_with_the_first_byte():
    named = b"Content-Disposition: attachment; filename=a"
    assert files((ORIG, GET), (RESP, response(named, b"\0"))) == {"resp_filenames": ["a"]}
    assert files((ORIG, GET), (RESP, response(named, b""))) == {}


def test_base64_is_decoded():
    head = b"Content-Transfer-Encoding: base64"
    assert response_types(response(head, base64.b64encode(b"GIF89a"))) == ["image/gif"]
    part = head + b"\r\n\r\n" + base64.encodebytes(b"GIF89a" * 99).replace(b"\n", b"\r\n")
    assert files((ORIG, request(PARTS, parts(part)))) == {"orig_mime_types": ["image/gif"]}


@pytest.mark.parametrize(
    ("letters", "octets"),
    [(b"YWJj\nZGVm", b"abcdef"), (b"YWI=ZGVm", b"ab"), (b"YWI", b"ab"), (b"YWJjZ", b"abc")],
)
@pytest.mark.parametrize("size", [1, 3, 99])
def test_base64_however_it_is_cut(letters, octets, size):
    decoder = Base64()
    pieces = [letters[at : at + size] for at in range(0, len(letters), size)]
    assert b"".join(map(decoder.more, pieces)) + decoder.rest() == octets


@pytest.mark.parametrize(
    ("head", "types"),
    [
        (b"Content-Range: bytes 0-9/10", ["text/plain"]),
        (b"Content-Range: bytes 0-9/11", None),
        (b"Content-Range: bytes 0-9/*", None),
        (b"Content-Range: bytes 1-10/10", None),
        (b"Content-Range: nonsense", ["text/plain"]),
    ],
)
def test_type_of_a_part_of_a_file_is_told_if_the_file_is_complete(head, types):
    assert response_types(response(head, TEXT, status=b"206")) == types


def test_type_of_a_part_of_a_file_is_told_by_its_first_bytes():
    body = b"x" * FIRST_BYTES
    head = b"Content-Range: bytes 0-4095/9999"
    assert response_types(response(head, body, status=b"206")) == ["text/plain"]
    head = b"Content-Range: bytes 1-4096/9999"
    assert response_types(response(head, body, status=b"206")) is None


def test_what_a_client_sends_after_the_answer_does_not_change_the_row():
    late = request(b"", TEXT)
    first, *_ = rows((ORIG, late[:-5]), (RESP, response(b"", b"")), (ORIG, late[-5:]))
    assert "orig_mime_types" not in first


def test_every_cut_tells_the_same():
    sent = request(PARTS, parts(b"\r\n" + TEXT, b"\r\na\r\n\nb\r\r\nc....")) + GET
    answer = response(b"A: b", b"a\r\n\nb\rc\r\nd\ne", length=False)
    whole = rows((ORIG, sent), (RESP, answer))
    assert [each.get("orig_mime_types") for each in whole] == [["text/plain"] * 2, None]
    single = [(side, bytes([each])) for side, octets in ((0, sent), (1, answer)) for each in octets]
    assert rows(*single) == whole


@given(st.lists(st.binary(max_size=9)), st.binary(max_size=3))
def test_a_file_keeps_no_more_than_its_first_bytes(pieces, line_end):
    found = Files()
    file = File(lambda: found)
    for piece in [*pieces, b"x" * FIRST_BYTES * 2, *pieces]:
        file.more(piece, line_end)
    assert file.told
    assert len(found.types) <= 1
