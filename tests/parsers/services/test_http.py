"""Whole connections that speak HTTP/1, and the rows that come of them."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parsers.services.http import VIOLATIONS_UNTIL, Http, begins
from parsers.services.http_lines import LINE_MAX
from parsers.services.http_pairs import PENDING_MAX
from parsers.services.mime import FIRST_BYTES
from parsers.services.parser import NOTHING, ORIG, RESP

GET = b"GET /a HTTP/1.1\r\nHost: h.example:80\r\nUser-Agent: curl\r\n\r\n"
POST = b"POST /p HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
SHORT = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
FIRST = b"x" * FIRST_BYTES
MULTIPART = b"POST / HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=b\r\n"


def talk(*sent, closed=()):
    """The parser at the end of a connection, fed piece by piece at 1, 2, 3 … seconds."""
    http = Http()
    for second, (side, octets) in enumerate(sent, 1):
        if not http.failed:
            http.data(side, octets, second * 10**9)
    for side in closed:
        http.closed(side, 50 * 10**9)
    if not http.failed:
        http.end(99 * 10**9)
    return http


def rows(*sent, closed=()):
    return [values for table, values in talk(*sent, closed=closed).rows if table == "http"]


def row(*sent, closed=()):
    (values,) = rows(*sent, closed=closed)
    return values


def response_length(*octets, request=GET, closed=()):
    return row((ORIG, request), *((RESP, each) for each in octets), closed=closed)[
        "response_body_len"
    ]


def test_request_and_response_make_a_row():
    assert talk((ORIG, GET), (RESP, OK)).rows == [
        (
            "http",
            {
                "ts": 10**9,
                "trans_depth": 1,
                "method": "GET",
                "host": "h.example:80",
                "uri": "/a",
                "version": "1.1",
                "user_agent": "curl",
                "request_body_len": 0,
                "response_body_len": 5,
                "status_code": 200,
                "status_msg": "OK",
                "tags": [],
            },
        )
    ]


def test_row_is_there_when_the_response_ends():
    http = Http()
    http.data(ORIG, GET, 1)
    http.data(RESP, OK[:-1], 2)
    assert not http.rows
    http.data(RESP, OK[-1:], 3)
    assert len(http.rows) == 1


def test_request_alone_confirms_as_in_zeek():
    http = Http()
    assert not http.confirmed
    http.data(ORIG, GET, 1)
    assert http.confirmed


def test_pipelined_requests_are_paired_in_order():
    found = rows((ORIG, GET + POST + GET), (RESP, OK + SHORT), (RESP, OK))
    assert [(r["trans_depth"], r["method"], r["ts"]) for r in found] == [
        (1, "GET", 10**9),
        (2, "POST", 10**9),
        (3, "GET", 10**9),
    ]
    assert [r["response_body_len"] for r in found] == [5, 0, 5]
    assert [r["request_body_len"] for r in found] == [0, 3, 0]


def test_request_without_response_is_a_row_at_the_end():
    found = row((ORIG, GET))
    assert "status_code" not in found
    assert "version" not in found


def test_responses_alone_are_rows():
    found = rows((RESP, OK), (RESP, SHORT))
    assert [(r["trans_depth"], r["ts"]) for r in found] == [(1, 10**9), (2, 2 * 10**9)]
    assert "method" not in found[0]


def test_request_behind_a_response_that_came_too_early_is_paired_with_the_next():
    found = rows((RESP, OK), (ORIG, GET), (RESP, SHORT))
    assert [(r["trans_depth"], r.get("method"), r["response_body_len"]) for r in found] == [
        (1, None, 5),
        (2, "GET", 0),
    ]


def test_too_many_requests_that_wait_are_written():
    http = Http()
    http.data(ORIG, GET * (PENDING_MAX + 2), 1)
    assert len(http.rows) == PENDING_MAX
    http.end(2)
    assert [r["trans_depth"] for _, r in http.rows] == list(range(1, PENDING_MAX + 3))


def test_interim_response_leaves_the_request_waiting():
    found = row((ORIG, POST), (RESP, b"HTTP/1.1 100 Continue\r\n\r\n" + OK))
    assert (found["info_code"], found["info_msg"]) == (100, "Continue")
    assert (found["status_code"], found["response_body_len"]) == (200, 5)


def test_response_before_the_end_of_the_request_leaves_a_row_for_the_rest():
    found = rows((ORIG, POST[:-1]), (RESP, OK), (ORIG, b"c"))
    assert [(r["trans_depth"], r["request_body_len"]) for r in found] == [(1, 0), (2, 3)]
    assert "method" not in found[1]


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
def test_status_without_body_has_none_whatever_its_length_says(status):
    head = b"HTTP/1.1 " + status + b"\r\nContent-Length: 5\r\n\r\n"
    assert [r["status_code"] for r in rows((ORIG, GET * 2), (RESP, head + OK))] == [
        int(status[:3]),
        200,
    ]


def test_response_to_head_has_no_body():
    found = rows((ORIG, GET.replace(b"GET", b"HEAD") + GET), (RESP, OK[:-5] + OK))
    assert [r["response_body_len"] for r in found] == [0, 5]


def test_response_without_length_lasts_until_the_close():
    assert response_length(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", b"a\nb", b"c") == 4


def test_lines_of_a_response_that_does_not_say_that_it_closes_end_in_two_bytes():
    head = b"HTTP/1.1 200 OK\r\n\r\n"
    assert response_length(head, b"a\nb\r\nc\rrest") == 9
    assert response_length(head, b"a\nb\r", b"\nc\r", b"rest", closed=[RESP]) == 15


def test_what_stands_behind_a_connection_closed_in_a_header_counts_as_its_last_line():
    assert row((ORIG, b"GET / HTTP/1.1\r\nHost: x"), closed=[ORIG])["host"] == "x"
    assert "host" not in row((ORIG, b"GET / HTTP/1.1\r\nHost: x"))


def test_chunks_are_summed():
    body = b"3\r\nabc\r\n0A ; ext\r\n0123456789\r\n0\r\nX: y\r\n\r\n"
    assert [r["response_body_len"] for r in rows((ORIG, GET * 2), (RESP, CHUNKED + body + OK))] == [
        13,
        5,
    ]


@pytest.mark.parametrize("size", [b"zz", b"-5", b"", b"f" * 17])
def test_bad_chunk_size_is_the_last_chunk(size):
    assert response_length(CHUNKED + size + b"\r\n\r\n") == 0


def test_data_behind_a_chunk_that_is_too_short_is_no_part_of_the_body():
    assert response_length(CHUNKED + b"3\r\nabcdef\r\n2\r\nxy\r\n0\r\n\r\n") == 5


def test_chunks_are_of_version_one_one_only():
    head = CHUNKED.replace(b"1.1", b"1.0")
    assert response_length(head, b"3\r\nabc\r\n0\r\n\r\n") == 13


def test_chunks_count_more_than_a_length():
    head = CHUNKED.replace(b"\r\n\r\n", b"\r\nContent-Length: 1\r\n\r\n")
    assert response_length(head + b"3\r\nabc\r\n0\r\n\r\n") == 3


@pytest.mark.parametrize("length", [b"-1", b"x", b"99999999999999999999"])
def test_bad_length_is_none(length):
    head = OK[:-5].replace(b" 5", b" " + length)
    assert response_length(head) == 0


def test_length_of_four_gigabytes_needs_no_memory():
    http = Http()
    http.data(ORIG, GET, 1)
    head = OK[:-5].replace(b" 5", b" 4294967296")
    http.data(RESP, head + FIRST, 1)
    assert http.wants[RESP] == len(head) + (1 << 32)
    http.skipped(RESP, (1 << 32) - FIRST_BYTES, 2)
    assert http.rows[0][1]["response_body_len"] == 1 << 32


def test_partial_content_is_as_long_as_the_longer_of_both_lengths():
    head = b"HTTP/1.1 206 P\r\nContent-Range: bytes 0-9/99\r\nContent-Length: 4\r\n\r\n"
    assert response_length(head + b"0123456789") == 10


def test_folded_header_is_one_field():
    folded = GET.replace(b"curl\r\n", b"curl\r\n /1\r\n\t(x)\r\n")
    assert row((ORIG, folded))["user_agent"] == "curl /1\t(x)"


def test_first_header_line_that_is_folded_is_a_field():
    assert row((ORIG, b"GET / HTTP/1.1\r\n  Host: x\r\n\r\n"))["host"] == "x"


@pytest.mark.parametrize("end", [b"\n", b"\r"])
def test_other_line_ends_are_taken(end):
    found = row((ORIG, GET.replace(b"\r\n", end)), (RESP, OK.replace(b"\r\n", end)))
    assert (found["host"], found["response_body_len"]) == ("h.example:80", 5)


def test_lf_in_the_next_piece_belongs_to_the_cr():
    assert response_length(OK[:-6], b"\nhello") == 5


def test_header_values_are_columns():
    fields = b"Referer: r\r\nOrigin: o\r\nVia: 1.1 a, b\r\nX-Forwarded-For: 1\r\nVIA: 1.1 a, b\r\n"
    found = row((ORIG, GET[:-2] + fields + b"\r\n"))
    assert (found["referrer"], found["origin"]) == ("r", "o")
    assert found["proxied"] == ["VIA -> 1.1 a, b", "X-FORWARDED-FOR -> 1"]


@pytest.mark.parametrize(
    ("value", "user"),
    [
        (b"Basic dXNlcjpwYXNz", "user"),
        (b"bAsIc  dXNlcjpwOmFzcw==", "user"),
        (b"Basic dXNlcg==", "<problem-decoding> (Basic dXNlcg==)"),
        (b"Basic !", "<problem-decoding> (Basic !)"),
        (b"Bearer dXNlcjpwYXNz", None),
    ],
)
def test_basic_authorization_names_the_user_and_keeps_no_password(value, user):
    found = row((ORIG, GET[:-2] + b"Authorization: " + value + b"\r\n\r\n"))
    assert found.get("username") == user
    assert "password" not in found


def test_upgrade_ends_the_reading_of_both_sides():
    head = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n"
    http = talk((ORIG, POST + b"raw"), (RESP, head + b"raw\n"), (ORIG, GET))
    assert http.wants == [NOTHING, NOTHING]
    (values,) = (values for _, values in http.rows)
    assert (values["status_code"], values["info_code"]) == (101, 101)
    assert not http.failed


def test_tunnel_ends_the_reading_and_passes_on_what_comes_in_it():
    connect = b"CONNECT h:443 HTTP/1.1\r\n\r\n"
    http = talk((ORIG, connect), (RESP, b"HTTP/1.1 200 OK\r\n\r\n220 hi"))
    assert http.passes_on
    assert http.rest == [b"", b"220 hi"]
    assert http.wants == [NOTHING, NOTHING]
    ((_, values),) = http.rows
    assert (values["method"], values["uri"]) == ("CONNECT", "h:443")
    assert (values["status_code"], values["response_body_len"]) == (200, 0)


def test_refused_tunnel_stays_http():
    connect = b"CONNECT h:443 HTTP/1.1\r\n\r\n"
    found = rows((ORIG, connect + GET), (RESP, OK.replace(b"200", b"407") + OK))
    assert [r["status_code"] for r in found] == [407, 200]
    assert not talk((ORIG, connect), (RESP, OK.replace(b"200", b"407"))).passes_on


def test_version_zero_nine_takes_all_that_comes():
    found = row((ORIG, b"GET /x\r\n"), (RESP, b"HTTP/1.1 200\n"), (RESP, b"\n\n"))
    assert (found["version"], found["status_code"], found["status_msg"]) == ("0.9", 0, "<empty>")
    assert found["response_body_len"] == 15


def test_empty_lines_between_requests_are_nothing():
    found = rows((ORIG, b"\r\n\r\n" + POST + b"\r\n" + GET))
    assert [r["method"] for r in found] == ["POST", "GET"]


def test_garbage_behind_a_request_ends_the_connection():
    http = talk((ORIG, GET + b"garbage\r\n"), (RESP, OK))
    assert http.failed == "not_a_request_line"
    assert not http.confirmed
    assert [r["method"] for _, r in http.rows] == ["GET"]


def test_garbage_late_in_a_connection_ends_its_side_only():
    long = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % VIOLATIONS_UNTIL
    http = talk(
        (ORIG, GET * 2), (RESP, long + b"x" * VIOLATIONS_UNTIL), (ORIG, b"no\n"), (RESP, OK)
    )
    assert not http.failed
    assert [r["response_body_len"] for _, r in http.rows] == [VIOLATIONS_UNTIL, 5]


def test_response_to_what_is_no_request_is_a_row():
    http = talk((ORIG, b"\x16\x03\x01\n"), (RESP, OK + OK))
    assert [r["response_body_len"] for _, r in http.rows] == [5]
    assert http.failed == "not_a_request_line"
    assert not http.confirmed


@pytest.mark.parametrize(
    "sent",
    [
        [(RESP, b"SSH-2.0-x\r\n"), (ORIG, b"SSH-2.0-y\r\n")],
        [(ORIG, b"SSH-2.0-y z\r\n"), (RESP, b"SSH-2.0-x\r\n")],
        [(RESP, b"220 smtp\r\n")],
        [(ORIG, b"\x16\x03\x01\x02\x00\x01"), (RESP, b"\x16\x03\x03")],
        [(ORIG, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), (RESP, b"\0\0\x12\x04")],
    ],
)
def test_other_protocols_fail_at_their_first_bytes_without_rows(sent):
    http = talk(*sent)
    assert http.failed
    assert not http.rows


def test_gap_within_a_body_counts():
    http = Http()
    http.data(ORIG, GET, 1)
    http.data(RESP, OK[:-4], 2)
    http.gap(RESP, 3, 3)
    http.data(RESP, b"o" + OK, 4)
    assert [r["response_body_len"] for _, r in http.rows] == [5, 5]


def test_gap_within_a_chunk_counts():
    http = Http()
    http.data(ORIG, GET, 1)
    http.data(RESP, CHUNKED + b"5\r\nh", 2)
    http.gap(RESP, 4, 3)
    http.data(RESP, b"\r\n0\r\n\r\n", 4)
    assert http.rows[0][1]["response_body_len"] == 5


@pytest.mark.parametrize("before", [OK[:10], OK[:-5], OK[:-2]])
def test_gap_elsewhere_ends_the_side(before):
    http = Http()
    http.data(ORIG, GET * 2, 1)
    http.data(RESP, before, 2)
    http.gap(RESP, 3, 3)
    assert http.wants == [len(GET) * 2, NOTHING]
    http.data(RESP, OK, 4)
    http.data(ORIG, GET, 5)
    http.end(6)
    assert not http.failed
    assert [r["trans_depth"] for _, r in http.rows] == [1, 2, 3]
    assert {r["response_body_len"] for _, r in http.rows} <= {0, 3}


def test_gap_of_the_client_ends_the_response_in_progress():
    http = Http()
    http.data(ORIG, GET * 2, 1)
    http.data(RESP, OK[:-1], 2)
    http.gap(ORIG, 1, 3)
    assert http.rows[0][1]["response_body_len"] == 4
    assert http.wants == [NOTHING, NOTHING]


def test_parts_are_read_to_the_closing_boundary():
    body = b"--b\r\nContent-Disposition: form-data\r\n\r\na\nb\rc\r\n--b--\r\n"
    head = MULTIPART + b"Content-Length: %d\r\n\r\n" % len(body)
    found = rows((ORIG, head + body + GET))
    assert [(r["method"], r["request_body_len"]) for r in found] == [
        ("POST", len(body)),
        ("GET", 0),
    ]


def test_last_line_of_parts_needs_no_end():
    body = b"--b\r\n\r\nx\r\n--b--"
    head = MULTIPART + b"Content-Length: %d\r\n\r\n" % len(body)
    found = rows((ORIG, head + body + GET))
    assert [r["request_body_len"] for r in found] == [len(body) + 2, 0]


def test_endless_line_fails():
    http = talk((ORIG, b"GET /" + b"a" * LINE_MAX))
    assert http.failed == "line_too_long"


@pytest.mark.parametrize("field", [b"X: y\r\n", b" y\r\n", b"y"])
def test_endless_header_fails(field):
    http = Http()
    http.data(ORIG, GET[:-2] + b"Z: z\r\n", 1)
    for _ in range(LINE_MAX // 2000 + 2):
        if not http.failed:
            http.data(ORIG, field * (2000 // len(field) + 1), 1)
    assert http.failed == "header_too_long"
    assert len(http.rows) == 1


def test_body_of_known_length_is_not_wanted():
    http = Http()
    http.data(ORIG, GET, 1)
    head = OK[:-5].replace(b" 5", b" 5000")
    http.data(RESP, head + FIRST[1:], 2)
    assert http.wants == [len(GET), len(head + FIRST) - 1]
    http.data(RESP, FIRST[:1], 2)
    assert http.wants == [len(GET), len(head) + 5000]


def test_body_until_the_close_is_not_wanted():
    http = Http()
    http.data(RESP, b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + FIRST, 2)
    assert http.wants == [0, NOTHING]
    http.skipped(RESP, 7, 3)
    http.end(4)
    assert http.rows[0][1]["response_body_len"] == FIRST_BYTES + 7


def test_body_that_is_compressed_is_wanted():
    http = Http()
    head = OK[:-5].replace(b"\r\n\r\n", b"\r\nContent-Encoding: gzip\r\n\r\n")
    http.data(RESP, head, 2)
    assert http.wants == [0, len(head)]


CONVERSATION = (
    (ORIG, b"\r\n" + GET + POST),
    (RESP, b"HTTP/1.1 100 Continue\r\n\r\n" + OK),
    (RESP, CHUNKED + b"3\r\nabc\r\n1\r\n\n\r\n0\r\nA: b\r\n\r\n"),
    (ORIG, MULTIPART + b"Content-Length: 15\r\n\r\n--b\r\n\r\nx\r\n--b--" + GET),
    (RESP, OK + b"HTTP/1.1 200 OK\n\na\r\nb\nc\rd"),
)


def timeless(http):
    return [{k: v for k, v in values.items() if k != "ts"} for _, values in http.rows]


@given(st.data())
@settings(max_examples=60)
def test_every_cut_gives_the_same_rows(data):
    pieces = []
    for side, octets in CONVERSATION:
        cuts = data.draw(st.lists(st.integers(0, len(octets)), max_size=12).map(sorted))
        pieces += [
            (side, octets[begin:end])
            for begin, end in zip([0, *cuts], [*cuts, len(octets)], strict=True)
        ]
    assert timeless(talk(*pieces)) == timeless(talk(*CONVERSATION))


def test_byte_by_byte_gives_the_same_rows():
    pieces = [(side, bytes([octet])) for side, octets in CONVERSATION for octet in octets]
    whole = talk(*CONVERSATION)
    assert timeless(talk(*pieces)) == timeless(whole)
    assert [r["response_body_len"] for _, r in whole.rows] == [5, 4, 5, 9]
    assert [r["request_body_len"] for _, r in whole.rows] == [0, 3, 17, 0]


@given(st.data())
@settings(max_examples=60)
def test_passing_over_what_is_not_wanted_gives_the_same_rows(data):
    http = Http()
    position = [0, 0]
    for side, octets in CONVERSATION:
        at = 0
        while at < len(octets):
            passed = min(max(http.wants[side] - position[side], 0), len(octets) - at)
            count = passed or data.draw(st.integers(1, len(octets) - at))
            if passed:
                http.skipped(side, count, 1)
            else:
                http.data(side, octets[at : at + count], 1)
            at += count
            position[side] += count
    http.end(2)
    assert timeless(http) == timeless(talk(*CONVERSATION))


def test_cut_at_every_length_never_raises():
    for side in (ORIG, RESP):
        stream = b"".join(octets for sent, octets in CONVERSATION if sent == side)
        for length in range(len(stream)):
            talk((side, stream[:length]), closed=[side])


def noisy(octets, seed):
    noise = random.Random(seed)
    changed = bytearray(octets)
    for _ in range(noise.randrange(1, 8)):
        changed[noise.randrange(len(changed))] ^= 1 << noise.randrange(8)
    return bytes(changed)


@pytest.mark.parametrize("seed", range(150))
def test_flipped_bits_never_raise(seed):
    http = Http()
    for side, octets in CONVERSATION:
        if not http.failed:
            http.data(side, noisy(octets, seed), 1)
    if not http.failed:
        http.gap(seed % 2, seed, 2)
        http.skipped(seed % 2, seed, 2)
        http.data(seed % 2, GET, 2)
    if not http.failed:
        http.end(3)


@given(st.lists(st.tuples(st.sampled_from([ORIG, RESP]), st.binary(max_size=60)), max_size=6))
@settings(max_examples=500)
def test_random_bytes_never_raise(sent):
    talk(*sent)


@pytest.mark.parametrize(
    ("orig", "resp"),
    [
        (GET, b""),
        (b"\r\n\r\nGET /", b""),
        (b"OPTIONS rtsp://h/ RTSP/1.0\r\n", b""),
        (b"RDG_OUT_DATA /remoteDesktopGateway/ HTTP/1.1\r\n", b""),
        (b"", b"HTTP/1.1 200 OK\r\n"),
        (b"", b"http/1"),
        (b"\x16\x03\x01", b"HTTP/1.0 400 Bad Request"),
    ],
)
def test_begins_with_http(orig, resp):
    assert begins(orig, resp) is True


@pytest.mark.parametrize(
    ("orig", "resp"), [(b"", b""), (b"GE", b""), (b"GET", b""), (b"FOO /x", b""), (b"", b"HTTP/")]
)
def test_too_few_bytes_do_not_tell(orig, resp):
    assert begins(orig, resp) is None


@pytest.mark.parametrize(
    ("orig", "resp"),
    [
        (b"GET\0/ HTTP/1.1\r\n", b"x"),
        (b"G@T / HTTP/1.1\r\n", b"x"),
        (b"GETS / HTTQ/1.1\r\n", b"x"),
        (b"FOO / HTTP/x\r\n", b"x"),
        (b"FOO /\r\nX: y HTTP/1.1\r\n", b"x"),
        (b"FOO /" + b"x" * 5000, b"x"),
        (b"PRI * HTTP/2.0\r\n", b"x"),
        (b"SSH-2.0-x\r\n", b"SSH-2.0-x\r\n"),
        (b"INVITE sip:a@b SIP/2.0\r\n", b"x"),
        (b"\x16\x03", b"HTTQ/1.1"),
        (b"\x16\x03", b"HTTP/x"),
        (b"\x16\x03", b" HTTP/1"),
    ],
)
def test_near_misses_are_refused(orig, resp):
    assert begins(orig, resp) is False


def test_what_is_upgraded_to_websocket_is_named_so():
    asks = b"GET /x HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    answers = b"HTTP/1.1 101 Ok\r\nConnection: Upgrade\r\nUpgrade: %s\r\n\r\n"
    http = talk((ORIG, asks), (RESP, answers % b"WebSocket"))
    assert http.confirmed_names() == ["http", "websocket"]
    assert talk((ORIG, asks), (RESP, answers % b"h2c")).confirmed_names() == ["http"]


def test_a_tunnel_is_told_once_it_is_granted():
    connect = b"CONNECT h:443 HTTP/1.1\r\n\r\n"
    assert [kind for _, kind in talk((ORIG, connect), (RESP, OK)).proxied] == ["HTTP"]
    assert talk((ORIG, connect), (RESP, OK.replace(b"200", b"403"))).proxied == []
    assert talk((ORIG, GET), (RESP, OK)).proxied == []
