from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.services.dialogue import (
    HELD_MAX,
    LINE_MAX,
    READ_MAX,
    VIOLATIONS_COUNT_UNTIL,
    Dialogue,
    begins_with_code,
    begins_with_word,
    code_of,
    first_word,
)
from parsers.services.ftp import Ftp
from parsers.services.imap import Imap
from parsers.services.irc import Irc
from parsers.services.parser import NOTHING, ORIG, RESP
from parsers.services.pop3 import Pop3
from parsers.services.smtp import Smtp

Said = list[tuple[int, bytes]]
HELLO = b"\x16\x03\x01\n\0\x05hello\n"
BEHIND = b"\x16\x03\x03behind"

CHANGES: dict[type[Dialogue], Said] = {
    # Until the client asks for TLS, and the server's answer to it.
    Smtp: [
        (RESP, b"220 mail\r\n"),
        (ORIG, b"EHLO me\r\n"),
        (RESP, b"250-mail\r\n250 STARTTLS\r\n"),
        (ORIG, b"STARTTLS\r\n"),
        (RESP, b"220 go ahead\r\n"),
    ],
    Ftp: [
        (RESP, b"220-hello\r\n there\r\n220 ready\r\n"),
        (ORIG, b"AUTH TLS\r\n"),
        (RESP, b"234 go ahead\r\n"),
    ],
    Pop3: [
        (RESP, b"+OK ready\r\n"),
        (ORIG, b"CAPA\r\n"),
        (RESP, b"+OK\r\nSTLS\r\n.\r\n"),
        (ORIG, b"STLS\r\n"),
        (RESP, b"+OK go ahead\r\n"),
    ],
    Imap: [
        (RESP, b"* OK [CAPABILITY IMAP4rev1 STARTTLS] ready\r\n"),
        (ORIG, b"a1 STARTTLS\r\n"),
        (RESP, b"a1 OK go ahead\r\n"),
    ],
    Irc: [
        (RESP, b":irc.example NOTICE AUTH :*** hello\r\n"),
        (ORIG, b"STARTTLS\r\n"),
        (RESP, b":irc.example 670 me :go ahead\r\n"),
    ],
}
REFUSALS = {
    Smtp: b"454 no\r\n",
    Ftp: b"534 no\r\n",
    Pop3: b"-ERR no\r\n",
    Imap: b"a1 NO no\r\n",
    Irc: b":irc.example 691 me :no\r\n",
}
EACH = pytest.mark.parametrize(("kind", "said"), CHANGES.items())


def replay(kind: type[Dialogue], said: Said) -> Dialogue:
    parser = kind()
    for side, octets in said:
        parser.data(side, octets, 0)
    if not parser.failed:
        parser.end(0)
    return parser


def state(parser: Dialogue) -> tuple[object, ...]:
    return parser.confirmed, parser.failed, parser.tls_begins, parser.wants, parser.rest


@EACH
def test_tls_begins_where_the_server_accepts_it(kind, said):
    assert not replay(kind, said[:-1]).tls_begins
    parser = replay(kind, said)
    assert parser.tls_begins
    assert parser.confirmed
    assert parser.wants == [NOTHING, NOTHING]
    assert parser.rest == [b"", b""]
    assert parser.rows == []


@EACH
def test_what_came_too_early_of_tls_is_at_rest(kind, said):
    *before, (_, asks), (_, accepts) = said
    parser = replay(kind, [*before, (ORIG, asks + HELLO), (RESP, accepts + BEHIND)])
    assert parser.rest == [HELLO, BEHIND]


@EACH
def test_a_refusal_makes_commands_of_what_waited(kind, said):
    *before, (_, asks), (_, accepts) = said
    refusal = REFUSALS[kind]
    parser = replay(kind, [*before, (ORIG, asks + asks), (RESP, refusal)])
    assert not parser.tls_begins
    parser.data(RESP, accepts + BEHIND, 0)
    assert parser.tls_begins
    assert parser.rest == [b"", BEHIND]


@EACH
def test_a_client_that_never_waits_is_given_up(kind, said):
    parser = replay(kind, said[:-1])
    for _ in range(HELD_MAX // 1024 + 1):
        parser.data(ORIG, bytes(1024), 0)
    assert parser.failed == "spoke_too_early"


@pytest.mark.parametrize(("kind", "said"), [each for each in CHANGES.items() if each[0] is not Ftp])
def test_reading_ends(kind, said):
    parser = replay(kind, said[:-2])
    parser.data(ORIG, b"x" * READ_MAX, 0)
    assert parser.wants == [NOTHING, NOTHING]
    assert not parser.failed
    parser.gap(RESP, 9, 0)
    assert not parser.failed


@EACH
def test_a_gap_ends_it(kind, said):
    parser = replay(kind, said[:-1])
    parser.gap(RESP, 9, 0)
    assert parser.failed == "content_gap"


@EACH
def test_a_line_is_kept_as_far_as_it_may_be_long(kind, said):
    parser = replay(kind, [(ORIG, b"x" * LINE_MAX), (ORIG, b"x" * LINE_MAX)])
    assert len(parser._lines[ORIG]) == LINE_MAX


@EACH
@given(data=st.data())
def test_pieces_do_not_matter(kind, said, data):
    *before, (_, asks), (_, accepts) = said
    said = [*before, (ORIG, asks + HELLO), (RESP, accepts)]
    parser, whole = kind(), kind()
    for side, octets in said:
        whole.data(side, octets, 0)
        cuts = data.draw(st.lists(st.integers(0, len(octets)), max_size=4).map(sorted))
        for start, stop in zip([0, *cuts], [*cuts, len(octets)], strict=True):
            parser.data(side, octets[start:stop], 0)
    assert state(parser) == state(whole)


@EACH
def test_no_truncation_is_an_exception(kind, said):
    for at, (side, octets) in enumerate(said):
        for length in range(len(octets)):
            assert not replay(kind, [*said[:at], (side, octets[:length])]).tls_begins


@EACH
@given(at=st.integers(0, 8), bit=st.integers(0, 1 << 10))
def test_no_flipped_bit_is_an_exception(kind, said, at, bit):
    side, octets = said[at % len(said)]
    flipped = bytearray(octets)
    flipped[bit // 8 % len(octets)] ^= 1 << bit % 8
    said = list(said)
    said[at % len(said)] = (side, bytes(flipped))
    replay(kind, said)


@EACH
@given(
    st.lists(
        st.tuples(
            st.sampled_from([ORIG, RESP]),
            st.one_of(st.binary(max_size=64), st.text("+-:. \r\n0123OKASTLU").map(str.encode)),
        ),
        max_size=12,
    )
)
def test_no_bytes_are_an_exception(kind, said, more):
    replay(kind, more)
    replay(kind, [*said[:-1], *more])


@pytest.mark.parametrize("kind", [Smtp, Ftp, Pop3])
def test_what_is_misread_late_keeps_its_name(kind):
    said = CHANGES[kind][:-2] or [(ORIG, b"USER me\r\n")]
    early = replay(kind, [*said, (RESP, b"what?\r\n")])
    assert early.failed == "unknown_reply"
    assert not early.confirmed
    talk = [(ORIG, b"\n" * VIOLATIONS_COUNT_UNTIL)]
    late = replay(kind, [*said, (ORIG, b"NOOP\r\n"), *talk, (RESP, b"what?\r\n")])
    assert not late.failed


def test_words_and_codes():
    assert first_word(b"  ehlo me") == b"EHLO"
    assert first_word(b" ") == b""
    assert [code_of(line) for line in (b"220 a", b"220", b"22", b"22a", b"\xb2\xb2\xb2")] == [
        *(220, 220),
        *(0, 0, 0),
    ]


def test_a_stream_begins_with_a_word_or_a_code():
    assert begins_with_word(b"\r\n ehlo me", (b"EHLO",)) is True
    assert begins_with_word(b"EHL", (b"EHLO",)) is None
    assert begins_with_word(b"", (b"EHLO",)) is None
    assert begins_with_word(b"EHLO", (b"EHLO",)) is None
    assert begins_with_word(b"EHLOX", (b"EHLO",)) is False
    assert begins_with_word(b"EHL me", (b"EHLO",)) is False
    assert begins_with_code(b"220-a", (b"220",)) is True
    assert begins_with_code(b"22", (b"220",)) is None
    assert begins_with_code(b"220x", (b"220",)) is False
    assert begins_with_code(b"221 ", (b"220",)) is False
