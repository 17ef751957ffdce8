"""Start lines of HTTP/1."""

from __future__ import annotations

import pytest

from parsers.services.http_start import first_request, request_line, status_line


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        (b"GET / HTTP/1.1", (b"GET", b"/", "1.1")),
        (b"GET\t  /a \t HTTP/1.0 x", (b"GET", b"/a", "1.0")),
        (b"get / http/1.1", (b"get", b"/", "1.1")),
        (b"GET /a b HTTP/1.1", (b"GET", b"/a b", "1.1")),
        (b'GET /"x" HTTP/1.1', (b"GET", b'/"x"', "1.1")),
        (b"GET HTTP/1.1", (b"GET", b"", "1.1")),
        (b"GET / HTTP/x.y", (b"GET", b"/", "0.0")),
        (b"GET / HTTP/1", (b"GET", b"/", "")),
        (b"GET /", (b"GET", b"/", "0.9")),
        (b"GET /a  ", (b"GET", b"/a", "0.9")),
        (b"OPTIONS rtsp://h/ RTSP/1.0", (b"OPTIONS", b"rtsp://h/ RTSP/1.", "0.9")),
    ],
)
def test_request_line(line, parts):
    assert request_line(line) == parts


@pytest.mark.parametrize("line", [b"", b"GET", b"GE /", b" GET /", b"G@T / HTTP/1.1", b"GET  "])
def test_what_is_no_request_line(line):
    assert request_line(line) is None


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        (b"HTTP/1.1 200 OK", ("1.1", 200, b"OK")),
        (b"http/1.0\t404  Not \xff Found ", ("1.0", 404, b"Not \xff Found ")),
        (b"HTTP/1.1 200", ("1.1", 200, None)),
        (b"HTTP/1.1 200 ", ("1.1", 200, b"")),
        (b"HTTP/1.1 2000 OK", ("1.1", 200, b"OK")),
        (b"HTTP/1.1 2x0 OK", ("1.1", 0, b"OK")),
        (b"HTTP/two 200 OK", ("0.0", 200, b"OK")),
    ],
)
def test_status_line(line, parts):
    assert status_line(line) == parts


@pytest.mark.parametrize(
    "line", [b"", b"HTTP/1.1", b"HTTP/1.1 20", b"HTTX/1.1 200 OK", b" HTTP/1.1 200"]
)
def test_what_is_no_status_line(line):
    assert status_line(line) is None


@pytest.mark.parametrize("line", [b"GET /", b"PUTT / HTTP/1.1", b"CONN / HTTP/x"])
def test_first_request_may_be_any_with_a_version_or_of_a_known_method(line):
    assert first_request(line) == request_line(line) is not None


@pytest.mark.parametrize(
    "line", [b"SSH-2.0-x y", b"REGISTER sip:x SIP/2.0", b"PRI * HTTP/2.0", b"x"]
)
def test_first_request_of_another_protocol_is_none(line):
    assert first_request(line) is None
