from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.services.parser import NOTHING
from parsers.services.tls import Tls
from parsers.services.tls_names import TLS10, TLS12, TLS13
from parsers.services.tls_records import (
    ALERT,
    APPLICATION_DATA,
    CLOSED,
    HANDSHAKE,
    Asks,
    Record,
    Records,
    Seen,
    turns,
)
from tests.parsers.services.tls_messages import (
    ALERT as ALERT_RECORD,
)
from tests.parsers.services.tls_messages import (
    ORIG,
    RESP,
    Flights,
    record,
    usual,
    usual13,
)

SECOND = 1_000_000_000


def asked(most: int = 50) -> tuple[Tls, list[Seen]]:
    """A parser whose records somebody asks for, and what that one got."""
    got: list[Seen] = []

    def tell(seen: Seen) -> list[tuple[str, dict[str, object]]]:
        got.append(seen)
        return [("logon", {"ts": 1})]

    return Tls(Asks(tell, most)), got


def sizes(seen: Seen) -> list[tuple[int, int]]:
    return [(each.side, each.length) for each in seen.records if each.kind == APPLICATION_DATA]


def data(length: int) -> bytes:
    return record(APPLICATION_DATA, bytes(length))


SESSION: Flights = [*usual(), (RESP, data(300) + data(20)), (ORIG, data(70))]


def test_records_behind_the_handshake_are_told_with_side_and_length() -> None:
    parser, got = asked()
    for second, (side, octets) in enumerate(SESSION):
        parser.data(side, octets, second * SECOND)
    parser.closed(ORIG, 9 * SECOND)
    parser.end(10 * SECOND)
    (seen,) = got
    assert sizes(seen) == [(ORIG, 40), (RESP, 300), (RESP, 20), (ORIG, 70)]
    assert seen.records[-1] == Record(ORIG, CLOSED, 0, 9 * SECOND)
    assert (seen.version, seen.whole, seen.established["established"]) == (TLS12, True, True)
    assert [table for table, _ in parser.rows] == ["x509", "ssl", "logon"]


def test_who_does_not_ask_gets_nothing_more() -> None:
    parser = Tls()
    for side, octets in SESSION:
        parser.data(side, octets, 0)
    assert parser.wants == [NOTHING, NOTHING]
    assert [table for table, _ in parser.rows] == ["x509", "ssl"]


def test_who_does_not_want_this_connection_gets_nothing_more() -> None:
    parser = Tls(Asks(lambda _: [("logon", {})], 50, lambda row: row["version"] == "TLSv13"))
    for side, octets in SESSION:
        parser.data(side, octets, 0)
    assert parser.wants == [NOTHING, NOTHING]
    assert [table for table, _ in parser.rows] == ["x509", "ssl"]


def test_bodies_may_be_passed_over() -> None:
    parser, got = asked()
    position = [0, 0]
    for side, octets in [*usual(), (RESP, data(60_000)), (RESP, data(9)), (ORIG, data(8))]:
        end = position[side] + len(octets)
        pass_to = min(parser.wants[side], end)
        if pass_to > position[side]:
            parser.skipped(side, pass_to - position[side], 0)
        parser.data(side, octets[max(pass_to - position[side], 0) :], 0)
        position[side] = end
    parser.data(RESP, data(60_000)[:100], 0)
    assert parser.wants[RESP] == position[RESP] + 5 + 60_000
    parser.end(0)
    assert sizes(got[0])[-4:] == [(RESP, 60_000), (RESP, 9), (ORIG, 8), (RESP, 60_000)]


def test_no_more_than_asked_for_is_followed() -> None:
    parser, got = asked(most=14)
    for side, octets in SESSION:
        parser.data(side, octets, 0)
    for _ in range(100):
        parser.data(RESP, data(1), 0)
    assert len(got) == 1
    assert len(got[0].records) == 14
    assert not got[0].whole
    assert parser.wants == [NOTHING, NOTHING]


def test_an_endless_handshake_keeps_no_more_records_either() -> None:
    parser, _ = asked(most=10)
    for _ in range(1000):
        parser.data(ORIG, record(HANDSHAKE, b"\0"), 0)
    assert parser._records is not None
    assert len(parser._records.records) == 10


def test_a_gap_tells_what_was_seen() -> None:
    parser, got = asked()
    for side, octets in SESSION:
        parser.data(side, octets, 0)
    parser.gap(RESP, 10, 0)
    assert not got[0].whole
    assert not parser.failed
    assert parser.wants == [NOTHING, NOTHING]


def test_a_handshake_that_fails_tells_nothing() -> None:
    parser, got = asked()
    parser.data(*usual()[0], 0)
    parser.data(RESP, record(ALERT_RECORD, b"\2\x28"), 0)
    parser.end(0)
    assert got == []


def test_what_is_no_record_ends_the_following() -> None:
    parser, got = asked()
    for side, octets in SESSION:
        parser.data(side, octets, 0)
    parser.data(RESP, b"HTTP/1.1 200 OK\r\n", 0)
    assert len(got) == 1
    assert not parser.failed


@given(st.sampled_from([SESSION, [*usual13(), *SESSION[-2:]]]), st.lists(st.integers(1, 90)))
def test_pieces_do_not_matter(flights: Flights, cuts: list[int]) -> None:
    whole, pieces = asked(), asked()
    for side, octets in flights:
        whole[0].data(side, octets, 0)
        at = 0
        for size in [*cuts, len(octets)]:
            pieces[0].data(side, octets[at : at + size], 0)
            at += size
    whole[0].end(0)
    pieces[0].end(0)
    assert whole[1] == pieces[1]


@given(st.lists(st.tuples(st.sampled_from([ORIG, RESP]), st.binary(max_size=40)), max_size=20))
def test_any_bytes_may_follow(pieces: list[tuple[int, bytes]]) -> None:
    records = Records(10)
    records.follow([3, 7])
    position = [3, 7]
    for side, octets in pieces:
        before = records.wants[side]
        records.add(side, position[side], octets, 0)
        position[side] += len(octets)
        assert records.wants[side] >= before
    assert len(records.records) <= 10


def seen13(*records: tuple[int, int], cipher: str = "TLS_AES_128_GCM_SHA256") -> Seen:
    each = [Record(side, APPLICATION_DATA, length, 0) for side, length in records]
    return Seen(TLS13, {"cipher": cipher}, each, True)


def test_in_tls13_the_conversation_begins_behind_the_clients_finished() -> None:
    seen = seen13((RESP, 32), (RESP, 53), (ORIG, 25), (ORIG, 53), (RESP, 250), (ORIG, 60))
    assert (seen.handshake(ORIG), seen.handshake(RESP)) == ([25, 53], [32, 53])
    assert [each.length for each in seen.conversation()] == [250, 60]
    assert [[each.length for each in turn] for turn in turns(seen.conversation())] == [[60]]


def test_a_draft_of_tls13_is_read_as_such() -> None:
    seen = seen13((ORIG, 53), (ORIG, 60))._replace(version=0x7F1C)
    assert [each.length for each in seen.conversation()] == [60]


def test_in_older_versions_it_begins_behind_the_change_of_both_sides() -> None:
    kinds = (RESP, ALERT), (ORIG, 20), (ORIG, 22), (RESP, 20), (RESP, 22), (ORIG, 23), (ORIG, 20)
    said = [Record(side, kind, 40, 0) for side, kind in kinds]
    assert Seen(TLS12, {}, said, True).conversation() == [Record(ORIG, 23, 40, 0)]


def test_the_hash_of_the_cipher_tells_how_long_a_finished_is() -> None:
    records = (ORIG, 53), (ORIG, 69), (ORIG, 9)
    assert len(seen13(*records).conversation()) == 2
    assert len(seen13(*records, cipher="TLS_AES_256_GCM_SHA384").conversation()) == 1


def test_without_a_finished_in_sight_nothing_is_told() -> None:
    assert seen13(*[(ORIG, 40)] * 9, (ORIG, 53)).conversation() == []
    assert seen13((ORIG, 40)).handshake(ORIG) == []


def test_hidden_alerts_are_no_data() -> None:
    seen = seen13((ORIG, 53), (RESP, 19))
    assert [each.kind for each in seen.conversation()] == [ALERT]


@pytest.mark.parametrize(
    ("version", "cipher", "overhead"),
    [
        (TLS13, "TLS_AES_128_GCM_SHA256", 17),
        (TLS12, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", 24),
        (TLS12, "TLS_ECDHE_RSA_WITH_AES_128_CCM_8", 16),
        (TLS12, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", 16),
        (TLS12, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384", 65),
        (TLS12, "TLS_RSA_WITH_3DES_EDE_CBC_SHA", 29),
        (TLS10, "TLS_RSA_WITH_AES_128_CBC_SHA", 21),
        (TLS12, "TLS_RSA_WITH_RC4_128_SHA", None),
    ],
)
def test_what_a_cipher_adds(version: int, cipher: str, overhead: int | None) -> None:
    assert Seen(version, {"cipher": cipher}, [], True).overhead() == overhead
