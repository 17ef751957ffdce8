"""Which protocol it is, and laws that every parser keeps whatever it is fed with."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.packets.transport import TCP, UDP
from parsers.schema import MADE
from parsers.services.parser import ORIG, RESP, Parser
from parsers.services.recognition import (
    DATAGRAMS,
    LOOKED_AT,
    PROTOCOLS,
    Protocol,
    may_begin,
    recognise,
)

HELLO = bytes.fromhex("16030100310100002d0303") + bytes(32) + bytes.fromhex("00000213010100")
SPOKEN = {
    "ssh": (b"SSH-2.0-OpenSSH_9.2\r\n", b"SSH-2.0-OpenSSH_9.6\r\n"),
    "ssl": (HELLO, b"\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03"),
    "http": (b"GET / HTTP/1.1\r\n", b"HTTP/1.1 200 OK\r\n"),
    "rfb": (b"RFB 003.008\n", b"RFB 003.008\n"),
    "rdp": (
        bytes.fromhex("0300002b26e00000000000") + b"Cookie: mstshash=admin\r\n\x01\0\x08\0\3\0\0\0",
        bytes.fromhex("030000130ed000001234000201080002000000"),
    ),
    "ldap_tcp": (
        bytes.fromhex("300c020101600702010304008000"),
        bytes.fromhex("300c02010161070a010004000400"),
    ),
}


@pytest.mark.parametrize("service", SPOKEN)
@pytest.mark.parametrize("port", [31337, 22, 443, 80])
def test_both_sides_tell_the_protocol_on_any_port(service: str, port: int) -> None:
    found, _ = recognise(*SPOKEN[service], TCP, port)
    assert found
    assert found.parser.service == service


@pytest.mark.parametrize(("service", "port"), [("ssh", 22), ("rdp", 3389), ("ldap_tcp", 3268)])
def test_one_side_is_enough_where_the_protocol_is_expected(service: str, port: int) -> None:
    for orig, resp in ((SPOKEN[service][0], b""), (b"", SPOKEN[service][1])):
        found, may_be = recognise(orig, resp, TCP, 31337)
        assert (found, may_be) == (None, True)
    found, _ = recognise(SPOKEN[service][0], b"", TCP, port)
    assert found
    assert found.parser.service == service


def test_a_request_with_its_first_letter_lost_is_http_where_it_is_expected() -> None:
    found, _ = recognise(b"ET /x\r\n", b"", TCP, 80)
    assert found
    assert found.parser.service == "http"
    assert recognise(b"ET /x\r\n", b"", TCP, 31337)[0] is None


@pytest.mark.parametrize(
    ("service", "said", "port"),
    [
        ("irc", b"NICK me\r\n", 6667),
        ("ftp", b"PASV\r\n", 21),
        ("mqtt", b"\x10\x0e\0\4MQTT\4\2\0\x3c\0\2me", 1883),
        ("dns", b"\0\x13\0\7\1\0\0\1\0\0\0\0\0\0\1a\0\0\1\0\1", 53),
    ],
)
def test_what_needs_no_beginning_is_read_from_the_middle_where_it_is_expected(
    service: str, said: bytes, port: int
) -> None:
    found, _ = recognise(said, b"", TCP, port, midstream=True)
    assert found
    assert found.parser.service == service
    assert recognise(said, b"", TCP, 31337, midstream=True)[0] is None
    assert recognise(SPOKEN["http"][0], b"", TCP, 80, midstream=True)[0] is None


def test_of_datagrams_who_speaks_first_may_say_what_is_expected() -> None:
    lax = b"\0\7\x80\0" + bytes(8)
    for orig, resp in ((lax, b""), (b"", lax)):
        found, _ = recognise(orig, resp, UDP, 53)
        assert found
        assert found.parser.service == "dns"
        assert recognise(orig, resp, UDP, 31337)[0] is None


def test_behind_stun_another_protocol_may_come() -> None:
    stun = bytes.fromhex("000100042112a442") + bytes(12) + b"\0\6\0\0"
    assert recognise(stun, b"", UDP, 31337) == (None, True)
    assert recognise(b"", stun, UDP, 31337) == (None, True)
    assert recognise(stun[:4] + b"!" + stun[4:], b"", UDP, 31337) == (None, False)


def test_what_is_of_no_protocol_is_over() -> None:
    assert recognise(b"\xf1\xf2\xf3\xf4" * 8, b"\xf1\xf2" * 8, TCP, 22) == (None, False)
    assert recognise(SPOKEN["http"][0], b"", UDP, 80)[0] is None


@pytest.mark.parametrize("service", SPOKEN)
def test_the_first_look_lets_both_sides_of_each_protocol_through(service: str) -> None:
    first = np.array([octets[0] * 256 + octets[1] for octets in SPOKEN[service]])
    assert may_begin(first, np.array([ORIG, RESP])).all()


def test_the_first_look_keeps_out_nearly_all_else() -> None:
    first = np.arange(65_536)
    for role in (ORIG, RESP):
        assert may_begin(first, np.full(65_536, role)).mean() < 0.11


EVERY = [*PROTOCOLS, *DATAGRAMS]
PIECES = st.lists(
    st.tuples(st.sampled_from((ORIG, RESP)), st.binary(max_size=80) | st.integers(1, 1 << 40)),
    max_size=12,
)


def fed(parser: Parser, pieces: list) -> Iterator[list[int]]:
    """Tell a parser of pieces, gaps and ends; yields what it wants after each."""
    tell = (parser.gap, lambda side, _, ts: parser.closed(side, ts))
    for number, (side, what) in enumerate(pieces):
        if parser.failed:
            return
        if isinstance(what, bytes):
            parser.data(side, what, number)
        else:
            tell[number % 2](side, what, number)
        yield list(parser.wants)
    parser.end(99)


@pytest.mark.parametrize("protocol", EVERY, ids=lambda each: each.parser.__name__)
@given(PIECES, st.booleans(), st.integers(0, 40))
def test_a_parser_meets_whatever_comes(
    protocol: Protocol, pieces: list, spoken: bool, flip: int
) -> None:
    parser = protocol.parser()
    if spoken:
        begins = [bytearray(octets) for octets in SPOKEN.get(parser.service, ())]
        for octets in begins:
            octets[flip % len(octets)] ^= 0x80
        pieces = [*((side, bytes(octets)) for side, octets in enumerate(begins)), *pieces]
    wanted = [[0, 0], *fed(parser, pieces)]
    assert all(now >= then for each in pairwise(wanted) for then, now in zip(*each, strict=True))
    for table, row in parser.rows:
        assert set(row) <= {column.name for column in MADE[table]}
        assert isinstance(row["ts"], int)


@pytest.mark.parametrize("protocol", EVERY, ids=lambda each: each.parser.__name__)
@given(st.binary(max_size=LOOKED_AT), st.binary(max_size=LOOKED_AT))
def test_any_first_bytes_are_judged(protocol: Protocol, orig: bytes, resp: bytes) -> None:
    assert protocol.begins(orig, resp) in (True, False, None)


@pytest.mark.parametrize("protocol", PROTOCOLS, ids=lambda each: each.parser.__name__)
@given(st.binary(min_size=2, max_size=LOOKED_AT), st.sampled_from((ORIG, RESP)))
def test_what_two_bytes_refuse_more_bytes_do_too(
    protocol: Protocol, octets: bytes, role: int
) -> None:
    def asked(octets: bytes) -> bool | None:
        return protocol.begins(*((octets, b"") if role == ORIG else (b"", octets)))

    for spoken in (octets, *(octets[:2] + each[role][2:] for each in SPOKEN.values())):
        if asked(spoken[:2]) is False:
            assert asked(spoken) is False
