from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.services.parser import NOTHING, ORIG, RESP
from parsers.services.xmpp import Xmpp, begins

HEAD = b"<?xml version='1.0' ?>"
OPENS = b"<stream:stream to='example.com' xmlns='jabber:client' version='1.0'>"
STREAM = (ORIG, HEAD + OPENS)


def replay(*said: tuple[int, bytes]) -> Xmpp:
    parser = Xmpp()
    for side, octets in said:
        parser.data(side, octets, 0)
    return parser


def test_the_stream_of_the_client_confirms_it():
    assert not replay((RESP, HEAD + OPENS)).confirmed
    assert not replay((ORIG, HEAD)).confirmed
    assert not replay((ORIG, b"</stream:stream>")).confirmed
    assert replay(STREAM).confirmed


@pytest.mark.parametrize("name", [b"success", b"message", b"presence", b"db:result", b"db:verify"])
def test_nothing_is_wanted_once_tls_cannot_follow(name):
    parser = replay(STREAM, (RESP, b"<" + name + b" xmlns='x'/>"))
    assert parser.wants == [NOTHING, NOTHING]
    assert parser.confirmed


@pytest.mark.parametrize("asks", [b"<starttls xmlns='x'/>", b"<starttls xmlns='x'></starttls>"])
@pytest.mark.parametrize("goes", [b"<proceed xmlns='x'/>", b"<proceed xmlns='x'>\n</proceed>"])
def test_an_element_that_ends_in_one_tag_or_two_makes_tls_begin(asks, goes):
    parser = replay(STREAM, (ORIG, asks + b"\x16hello>"), (RESP, goes + b"\x16"))
    assert parser.tls_begins
    assert parser.rest == [b"\x16hello>", b"\x16"]


def test_pieces_do_not_matter():
    accepts = b"<proceed xmlns='x'/>\x16"
    for at in range(len(accepts)):
        said = (STREAM, (ORIG, b"<starttls/>"), (RESP, accepts[:at]), (RESP, accepts[at:-1]))
        assert replay(*said).tls_begins


def test_who_does_not_ask_gets_no_tls():
    assert not replay(STREAM, (RESP, b"<proceed/>")).tls_begins


def test_a_failure_refuses():
    parser = replay(STREAM, (ORIG, b"<starttls/><starttls/>"), (RESP, b"<failure xmlns='x'/>"))
    assert not parser.tls_begins
    parser.data(RESP, b"<proceed/>", 0)
    assert parser.tls_begins


@pytest.mark.parametrize("octets", [b">>>", b"<>", b"< >", b"</>", b"<a", b"\xff\0>", b"<<<<>"])
def test_what_is_no_tag_is_passed_over(octets):
    parser = replay((ORIG, octets), (RESP, octets))
    assert (parser.confirmed, parser.failed) == (False, "")


@given(
    st.lists(st.tuples(st.sampled_from([ORIG, RESP]), st.binary(max_size=64)), max_size=8),
    st.lists(st.sampled_from([b"<", b">", b"/", b" ", b"starttls", b"proceed", b"?"])).map(
        b"".join
    ),
)
def test_no_bytes_are_an_exception(said, text):
    replay(*said)
    replay(STREAM, (ORIG, text), *said, (RESP, text))


def test_it_begins_with_a_stream():
    assert begins(HEAD + OPENS, b"") is True
    assert begins(OPENS, HEAD) is True
    assert begins(b"\n" + OPENS, b"") is True
    assert begins(b"", b"") is None
    for length in range(len(HEAD) + 20):
        assert begins((HEAD + OPENS)[:length], b"") is None


@pytest.mark.parametrize(
    ("orig", "resp"),
    [
        (b"<stream:streams xmlns='jabber:client'>", b""),
        (b"<stream:stream xmlns='jabbed:client'>", b""),
        (b"<html>", b""),
        (b"GET / HTTP/1.1", b""),
        (OPENS, b"HTTP/1.1 400"),
    ],
)
def test_near_misses_are_refused(orig, resp):
    assert begins(orig, resp) is False
