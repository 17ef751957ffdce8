from __future__ import annotations

from itertools import pairwise, permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parsers.services.dtls import (
    LONGEST_HANDSHAKE,
    LONGEST_MESSAGE,
    MOST_FRAGMENTS,
    MOST_STRANGERS,
    Dtls,
    begins,
)
from parsers.services.parser import NOTHING
from parsers.services.tls_hello import RETRY
from tests.parsers.services.tls_messages import (
    ALERT,
    APPLICATION_DATA,
    CERTIFICATE,
    CERTIFICATES,
    CHANGE_CIPHER_SPEC,
    CLIENT_HELLO,
    CLIENT_KEY_EXCHANGE,
    FINGERPRINT,
    HANDSHAKE,
    HEARTBEAT,
    ORIG,
    RESP,
    SERVER_HELLO,
    SERVER_HELLO_DONE,
    SERVER_KEY_EXCHANGE,
    TICKET,
    Flights,
    certificates,
    curve_key_exchange,
    extension,
    flipped,
    number,
    numbers,
    server_hello,
    server_name,
    vector,
    versions,
)

TS = 1_700_000_000_000_000_000
DTLS10, DTLS12, DTLS13 = 0xFEFF, 0xFEFD, 0xFEFC
VERIFY_REQUEST = 3
Message = tuple[int, int, bytes]
"""A handshake message: its kind, its number, its body."""


def record(
    kind: int, content: bytes, sequence: int = 0, *, epoch: int = 0, version: int = DTLS12
) -> bytes:
    head = number(kind, 1) + number(version, 2) + number(epoch, 2) + number(sequence, 6)
    return head + vector(content, 2)


def fragment(message: Message, start: int, end: int) -> bytes:
    kind, order, body = message
    head = number(kind, 1) + number(len(body), 3) + number(order, 2)
    return head + number(start, 3) + vector(body[start:end], 3)


def handshake(kind: int, body: bytes = b"", sequence: int = 0) -> bytes:
    return record(HANDSHAKE, fragment((kind, sequence, body), 0, len(body)), sequence)


def client_hello(*extensions: bytes, cookie: bytes = b"", version: int = DTLS12) -> bytes:
    return (
        number(version, 2)
        + bytes(range(32))
        + vector(b"", 1)
        + vector(cookie, 1)
        + vector(numbers(0xC02F, 0x1301), 2)
        + vector(b"\0", 1)
        + (vector(b"".join(extensions), 2) if extensions else b"")
    )


def change(sequence: int = 9) -> bytes:
    return record(CHANGE_CIPHER_SPEC, b"\1", sequence)


FIRST = client_hello(server_name())
HELLO = handshake(CLIENT_HELLO, FIRST)
FINISHED = record(HANDSHAKE, bytes(40), epoch=1)
DATA = record(APPLICATION_DATA, bytes(40), 1, epoch=1)
STUN = bytes.fromhex("000100082112a442") + bytes(12) + bytes.fromhex("0006000461623a63")
UNIFIED = b"\x2e" + bytes(30)
UNIFIED_WITH_ID = b"\x3e" + b"I am a server" + bytes(30)


def usual(version: int = DTLS12) -> Flights:
    """A cookie is asked for, then a handshake with a certificate, each flight in a datagram."""
    answer = [
        (SERVER_HELLO, server_hello(version=version)),
        (CERTIFICATES, certificates(CERTIFICATE)),
        (SERVER_KEY_EXCHANGE, curve_key_exchange()),
        (SERVER_HELLO_DONE, b""),
    ]
    first = {"version": version}
    return [
        (ORIG, handshake(CLIENT_HELLO, client_hello(server_name(), **first))),
        (RESP, handshake(VERIFY_REQUEST, number(version, 2) + vector(b"cookie", 1))),
        (ORIG, handshake(CLIENT_HELLO, client_hello(server_name(), cookie=b"cookie", **first), 1)),
        (RESP, b"".join(handshake(*each, index + 1) for index, each in enumerate(answer))),
        (ORIG, handshake(CLIENT_KEY_EXCHANGE, bytes(33), 2) + change() + FINISHED),
        (RESP, handshake(TICKET, bytes(20), 5) + change() + FINISHED),
        (ORIG, DATA),
    ]


def usual13() -> Flights:
    """DTLS 1.3, that first asks for another key."""
    share, chosen = (
        extension(51, numbers(29) + vector(bytes(32), 2)),
        extension(43, numbers(DTLS13)),
    )
    first = client_hello(server_name(), versions(DTLS13))
    retry = server_hello(extension(51, numbers(29)), chosen, version=DTLS12, random=RETRY)
    answer = server_hello(share, chosen, version=DTLS12, suite=0x1301)
    return [
        (ORIG, handshake(CLIENT_HELLO, first)),
        (RESP, handshake(SERVER_HELLO, retry)),
        (ORIG, handshake(CLIENT_HELLO, first, 1)),
        (RESP, handshake(SERVER_HELLO, answer, 1) + UNIFIED),
        (ORIG, UNIFIED),
        (RESP, UNIFIED),
    ]


def read(flights: Flights, *, end: bool = True) -> Dtls:
    """Feed datagrams, a second apart."""
    parser = Dtls()
    for index, (side, octets) in enumerate(flights):
        parser.data(side, octets, TS + index * 10**9)
    if end and not parser.failed:
        parser.end(TS)
    return parser


def ssl(flights: Flights) -> dict:
    (row,) = [row for table, row in read(flights).rows if table == "ssl"]
    return row


def history(*flights: tuple[int, bytes]) -> str:
    return ssl(list(flights))["ssl_history"]


def test_a_usual_connection_gives_its_row() -> None:
    parser = read(usual())
    (row,) = [row for table, row in parser.rows if table == "ssl"]
    fingerprints = {name: row.pop(name) for name in ("ja3", "ja3s", "ja4")}
    assert row == {
        "ts": TS,
        "version": "DTLSv12",
        "cipher": "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        "curve": "x25519",
        "server_name": "www.example.test",
        "resumed": False,
        "established": True,
        "ssl_history": "CvCsxknGIti",
        "cert_chain_fps": [FINGERPRINT],
        "client_cert_chain_fps": [],
        "sni_matches_cert": True,
    }
    assert all(fingerprints.values())
    assert fingerprints["ja4"].startswith("dd2d")
    assert (parser.confirmed, parser.failed, parser.wants) == (True, "", [NOTHING, NOTHING])


def test_a_certificate_gives_its_row_with_the_time_of_its_datagram() -> None:
    (row,) = [row for table, row in read(usual()).rows if table == "x509"]
    assert (row["fingerprint"], row["ts"]) == (FINGERPRINT, TS + 3 * 10**9)
    assert (row["host_cert"], row["client_cert"]) == (True, False)


def test_dtls_1_0_is_named() -> None:
    assert ssl(usual(DTLS10))["version"] == "DTLSv10"


@pytest.mark.parametrize("encrypted", [UNIFIED, UNIFIED_WITH_ID, b"\x20"])
def test_dtls_1_3_is_established_when_both_sides_sent_unified_headers(encrypted: bytes) -> None:
    flights = usual13()
    flights[4] = (ORIG, encrypted)
    row = ssl(flights)
    assert (row["version"], row["cipher"]) == ("DTLSv13", "TLS_AES_128_GCM_SHA256")
    assert (row["established"], row["ssl_history"]) == (True, "CjCs")
    assert row["ja4"].startswith("dd3")
    assert ssl(flights[:4])["established"] is False


def test_a_unified_header_is_of_dtls_1_3_alone() -> None:
    parser = read([*usual()[:4], (RESP, UNIFIED)])
    assert (parser.failed, parser.confirmed) == ("bad_record_version", False)
    assert [row["ssl_history"] for table, row in parser.rows if table == "ssl"] == ["CvCsxkn"]


def test_encrypted_records_establish_only_after_both_sides_changed_keys() -> None:
    both = [*usual()[:5], (RESP, FINISHED)]
    assert ssl(both)["established"] is False
    assert ssl([*both, (RESP, change() + FINISHED)])["established"] is True


def test_the_row_is_made_at_the_first_encrypted_record_and_once() -> None:
    assert [table for table, _ in read(usual()[:6], end=False).rows] == ["x509", "ssl"]
    assert [table for table, _ in read(usual() * 2).rows] == ["x509", "ssl"]


def test_a_handshake_that_stops_gives_its_row_at_the_end() -> None:
    parser = read(usual()[:2], end=False)
    assert (parser.rows, parser.confirmed) == ([], True)
    parser.end(TS)
    ((_, row),) = parser.rows
    assert (row["ssl_history"], row["established"]) == ("Cv", False)


def test_who_opened_the_connection_may_be_the_server() -> None:
    flipped = [(1 - side, octets) for side, octets in usual()]
    assert ssl(flipped)["ssl_history"] == "^CvCsxknGIti"


def test_stun_is_passed_over_at_any_time() -> None:
    mixed = [(side, STUN) for side in (ORIG, RESP)]
    for flight in usual():
        mixed += [flight, (ORIG, STUN)]
    row = ssl(mixed)
    assert (row["ssl_history"], row["ts"]) == ("CvCsxknGIti", TS + 2 * 10**9)


def test_stun_without_attributes_is_not_told_from_other_protocols() -> None:
    assert read([(ORIG, HELLO), (RESP, STUN[:20])]).failed == "bad_record_version"


def test_few_datagrams_of_other_protocols_may_come_before_the_hello() -> None:
    stranger = (ORIG, b"\x80" + bytes(40))
    assert history(*[stranger] * MOST_STRANGERS, (ORIG, HELLO)) == "C"
    assert read([*[stranger] * (MOST_STRANGERS + 1), (ORIG, HELLO)]).rows == []


def test_what_is_not_dtls_gives_no_rows() -> None:
    for octets in (b"GET / HTTP/1.1\r\n\r\n", b"\xc3" + bytes(1199), b"\x17"):
        parser = read([(ORIG, octets), (RESP, octets)])
        assert (parser.rows, parser.confirmed) == ([], False)


def test_encrypted_records_alone_give_no_row() -> None:
    assert read([(ORIG, DATA), (RESP, DATA)]).rows == []


def test_alerts_and_heartbeats_that_are_plain_are_told() -> None:
    alerts = record(ALERT, b"\1\x5a\2\x28")
    row = ssl([(ORIG, HELLO), (RESP, alerts), (ORIG, record(HEARTBEAT, b"\1\0\4data"))])
    assert (row["ssl_history"], row["last_alert"]) == ("CllB", "handshake_failure")


def test_plain_data_begins_the_row_and_is_not_told() -> None:
    row = ssl([(ORIG, record(APPLICATION_DATA, b"data")), (ORIG, HELLO)])
    assert (row["ts"], row["ssl_history"]) == (TS, "C")


def test_empty_records_tell_nothing() -> None:
    assert read([(ORIG, record(ALERT, b"") + record(HANDSHAKE, b"", epoch=1))]).rows == []


def test_a_message_sent_again_counts_again() -> None:
    again = handshake(CLIENT_HELLO, FIRST, 1)
    assert history((ORIG, HELLO), (ORIG, again), (ORIG, HELLO)) == "CCC"


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_fragments_are_joined_in_any_order(order: tuple[int, ...]) -> None:
    body = client_hello(server_name(), cookie=b"cookie")
    cuts = [(0, 20), (20, 50), (50, len(body))]
    pieces = [
        record(HANDSHAKE, fragment((CLIENT_HELLO, 1, body), *cut), 7 + index)
        for index, cut in enumerate(cuts)
    ]
    row = ssl([(ORIG, pieces[index]) for index in order])
    assert (row["ssl_history"], row["server_name"]) == ("C", "www.example.test")


def halves(message: Message, sequence: int) -> list[bytes]:
    middle = len(message[2]) // 2
    cuts = ((0, middle), (middle, len(message[2])))
    return [
        record(HANDSHAKE, fragment(message, *cut), sequence + index)
        for index, cut in enumerate(cuts)
    ]


def test_the_same_record_again_is_no_new_fragment() -> None:
    first, second = halves((CLIENT_HELLO, 0, FIRST), 4)
    assert history((ORIG, first), (ORIG, first)) == ""
    assert history(*[(ORIG, each) for each in (first, first, second, second, first)]) == "C"


def test_a_message_is_whole_again_with_each_fragment_sent_again() -> None:
    message = (CLIENT_HELLO, 0, FIRST)
    assert history(*[(ORIG, each) for each in halves(message, 4) + halves(message, 6)]) == "CCC"


def test_a_lost_fragment_leaves_the_message_untold() -> None:
    assert history((ORIG, halves((CLIENT_HELLO, 0, FIRST), 4)[1])) == ""


def test_fragments_of_another_message_take_the_place_of_what_waits() -> None:
    old, new = halves((CLIENT_HELLO, 0, FIRST), 4), halves((CLIENT_HELLO, 1, FIRST), 5)
    flights = [(ORIG, each) for each in (old[0], *new, old[1])]
    assert history(*flights) == "C"


def test_each_side_has_fragments_of_its_own() -> None:
    orig, resp = halves((CLIENT_HELLO, 0, FIRST), 4), halves((SERVER_HELLO, 0, server_hello()), 4)
    mixed = [(ORIG, orig[0]), (RESP, resp[0]), (ORIG, orig[1]), (RESP, resp[1])]
    assert history(*mixed) == "Cs"


BODY = bytes(90)
BEGINNING, MIDDLE = (fragment((CLIENT_HELLO, 0, BODY), *cut) for cut in ((0, 30), (30, 60)))
FAULTS = {
    "fragments_too_far_apart": [(BEGINNING, 0), (MIDDLE, MOST_FRAGMENTS)],
    "second_beginning_of_message": [(BEGINNING, 5), (BEGINNING, 4)],
    "bad_fragment": [(BEGINNING, 0), (MIDDLE[:-1], 1)],
    "message_too_short": [(BEGINNING[:11], 0)],
    "message_too_long": [(number(1, 1) + number(LONGEST_MESSAGE + 1, 3) + BEGINNING[4:], 0)],
    "unknown_handshake_message": [(fragment((99, 0, b""), 0, 0), 0)],
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_end_the_reading_and_leave_the_row(fault: str) -> None:
    flights = [(ORIG, record(HANDSHAKE, *each)) for each in FAULTS[fault]]
    parser = read([(ORIG, HELLO), *flights, (RESP, handshake(SERVER_HELLO, server_hello()))])
    assert (parser.failed, parser.confirmed) == (fault, False)
    assert [row["ssl_history"] for _, row in parser.rows] == ["C"]


def test_fragments_too_far_apart_backwards_are_a_fault() -> None:
    flights = [record(HANDSHAKE, MIDDLE, MOST_FRAGMENTS), record(HANDSHAKE, BEGINNING, 0)]
    assert read([(ORIG, each) for each in flights]).failed == "fragments_too_far_apart"


def test_a_fragment_past_the_end_of_its_message_is_a_fault() -> None:
    past = MIDDLE[:6] + number(61, 3) + MIDDLE[9:]
    assert read([(ORIG, record(HANDSHAKE, past))]).failed == "bad_fragment"


def test_an_unknown_kind_of_record_is_a_fault() -> None:
    assert read([(ORIG, HELLO), (ORIG, record(26, b"ack"))]).failed == "unknown_record_type"


def test_what_precedes_a_fault_in_a_datagram_counts() -> None:
    parser = read([(ORIG, HELLO + b"\x16")])
    assert (parser.failed, parser.confirmed) == ("message_too_short", False)
    assert [row["ssl_history"] for _, row in parser.rows] == ["C"]


def test_a_second_message_in_a_record_is_not_read_as_one() -> None:
    answer = [(SERVER_HELLO, 0, server_hello()), (CERTIFICATES, 1, certificates(CERTIFICATE))]
    packed = b"".join(fragment(each, 0, len(each[2])) for each in answer)
    parser = read([(ORIG, HELLO), (RESP, record(HANDSHAKE, packed))])
    assert parser.failed == "message_too_short"
    assert [row["ssl_history"] for _, row in parser.rows] == ["Cs"]


def test_a_handshake_without_end_is_given_up_and_stays_dtls() -> None:
    parser = read([(ORIG, HELLO)] * (LONGEST_HANDSHAKE // len(FIRST)), end=False)
    assert (parser.failed, parser.confirmed, parser.wants) == ("", True, [NOTHING, NOTHING])
    assert [row["ssl_history"] for _, row in parser.rows] == ["C" * 100]


def test_bytes_that_wait_are_bounded() -> None:
    parser = Dtls()
    for sequence in range(1000):
        waits = number(1, 1) + number(LONGEST_MESSAGE, 3) + number(sequence, 2) + bytes(6)
        parser.data(ORIG, record(HANDSHAKE, waits, sequence), TS)
    kept = [message for message in parser._fragmented if message]
    assert [len(message.octets) for message in kept] == [LONGEST_MESSAGE]


@given(st.data())
def test_every_cut_into_fragments_and_datagrams_gives_the_same_row(data: st.DataObject) -> None:
    hello, answer = FIRST, server_hello(extension(43, numbers(DTLS12)))
    cut: Flights = []
    for side, message in ((ORIG, (CLIENT_HELLO, 0, hello)), (RESP, (SERVER_HELLO, 0, answer))):
        size = len(message[2])
        marks = [0, *sorted(data.draw(st.sets(st.integers(1, size - 1), max_size=6))), size]
        pieces = [
            record(HANDSHAKE, fragment(message, start, end), sequence)
            for sequence, (start, end) in enumerate(pairwise(marks))
        ]
        split = data.draw(st.integers(0, len(pieces)))
        cut += [(side, b"".join(part)) for part in (pieces[:split], pieces[split:]) if part]
    whole = ssl([(ORIG, HELLO), (RESP, handshake(SERVER_HELLO, answer))])
    assert ssl(cut) == whole


@pytest.mark.parametrize("flights", [usual(), usual13()])
def test_datagrams_cut_at_any_length_never_raise(flights: Flights) -> None:
    for index, (side, octets) in enumerate(flights):
        for size in range(len(octets)):
            parser = Dtls()
            for other, whole in flights[max(index - 1, 0) : index]:
                parser.data(other, whole, TS)
            parser.data(side, octets[:size], TS)
            if not parser.failed:
                parser.end(TS)


@settings(max_examples=150)
@given(st.sampled_from([usual(), usual13()]), st.data())
def test_flipped_bits_never_raise(flights: Flights, data: st.DataObject) -> None:
    parser = Dtls()
    for side, octets in flights:
        parser.data(side, flipped(octets, data), TS)
    if not parser.failed:
        parser.end(TS)
    assert len([table for table, _ in parser.rows if table == "ssl"]) <= 1


@settings(max_examples=300)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([ORIG, RESP]),
            st.sampled_from([b"", HELLO, HELLO[:13], HELLO[:25], BEGINNING, change(), UNIFIED]),
            st.binary(max_size=80),
        ),
        max_size=6,
    )
)
def test_random_bytes_never_raise(pieces: list[tuple[int, bytes, bytes]]) -> None:
    read([(side, start + rest) for side, start, rest in pieces])
    read([(side, record(HANDSHAKE, rest, len(rest) % 7)) for side, _, rest in pieces])


def test_begins_with_a_client_hello_of_either_side() -> None:
    assert begins(HELLO, b"") is True
    assert begins(b"", HELLO) is True
    assert begins(STUN, HELLO) is True
    assert begins(usual(DTLS10)[0][1], b"") is True
    assert begins(record(HANDSHAKE, BEGINNING[:12] + FIRST[:18]), b"") is True


def test_begins_cannot_tell_from_too_few_bytes() -> None:
    assert begins(b"", b"") is None
    for size in range(1, 27):
        assert begins(HELLO[:size], b"") is None
        assert begins(STUN, HELLO[:size]) is None
    assert begins(HELLO[:27], b"") is True


def test_begins_refuses_what_is_one_byte_away() -> None:
    for at in (*range(10), 13, 25, 26):
        assert begins(HELLO[:at] + b"\x7f" + HELLO[at + 1 :], b"") is False


@pytest.mark.parametrize(
    "octets",
    [
        STUN,
        STUN[:20],
        bytes.fromhex("c300000001") + bytes(1195),  # QUIC
        bytes.fromhex("16030100c8010000c40303") + bytes(32),  # TLS
        record(HANDSHAKE, fragment((SERVER_HELLO, 0, server_hello()), 0, 38)),
        DATA,
        UNIFIED,
        bytes.fromhex("8060000100000000") + bytes(40),  # RTP
    ],
)
def test_begins_refuses_neighbours(octets: bytes) -> None:
    assert begins(octets, b"") is False
    assert begins(b"", octets) is False
    assert begins(octets, octets) is False
