"""Connections that were agreed upon in others: FTP's data connections have their name."""

from __future__ import annotations

from typing import Any

import pytest

from sensor.flows import expected
from sensor.flows.expected import WAITS, Expectations
from tests.frames import CLIENT, SECOND, SERVER, START, Packet, Talk, flows, in_order

PASV = b"227 Entering Passive Mode (%s,7,208)\r\n" % SERVER.replace(".", ",").encode()


def control(command: bytes, reply: bytes = b"200 ok\r\n") -> list[Packet]:
    talk = Talk((CLIENT, 4000, SERVER, 21)).handshake().server("PA", b"220 hello\r\n")
    return talk.client("PA", b"USER me\r\n").client("PA", command).server("PA", reply).packets


def opened(orig: str, resp: str, port: int, after: float) -> list[Packet]:
    talk = Talk((orig, 5000, resp, port), start=START + round(after * SECOND)).handshake()
    return talk.server("PA", b"data").packets


def services(*groups: list[Packet]) -> list[str | None]:
    """What the data connections are called."""
    rows = flows(in_order(*groups), streams=True)
    return [row["service"] for row in rows if 21 not in (row["orig_p"], row["resp_p"])]


@pytest.mark.parametrize(
    ("command", "reply", "orig", "resp"),
    [
        (b"PASV\r\n", PASV, CLIENT, SERVER),
        (b"EPSV\r\n", b"229 Extended (|||2000|)\r\n", CLIENT, SERVER),
        (b"PORT %s,7,208\r\n" % CLIENT.replace(".", ",").encode(), b"200\r\n", SERVER, CLIENT),
        (b"EPRT |1|%s|2000|\r\n" % CLIENT.encode(), b"200\r\n", SERVER, CLIENT),
    ],
)
def test_a_connection_to_where_it_was_agreed_is_one_of_data(
    command: bytes, reply: bytes, orig: str, resp: str
) -> None:
    said = control(command, reply)
    assert services(said, opened(orig, resp, 2000, 2)) == ["ftp-data"]
    assert services(said, opened(orig, resp, 2001, 2)) == [None]
    assert services(said, opened("10.7.7.7", resp, 2000, 2)) == [None]
    assert services(said, opened(orig, resp, 2000, 0)) == [None]


def test_what_was_not_asked_for_is_not_agreed() -> None:
    assert services(control(b"NOOP\r\n", PASV), opened(CLIENT, SERVER, 2000, 2)) == [None]


def test_after_five_minutes_it_is_not_expected_any_more() -> None:
    said, seconds = control(b"PASV\r\n", PASV), WAITS // SECOND
    agreed = (said[-1].time - START) / SECOND
    assert services(said, opened(CLIENT, SERVER, 2000, agreed + seconds)) == ["ftp-data"]
    assert services(said, opened(CLIENT, SERVER, 2000, agreed + seconds + 0.1)) == [None]


def flow(start: int, **words: int) -> Any:
    import numpy as np

    from parsers.packets.transport import TCP
    from sensor.flows.row import KEY_B_LOW, KEY_REST, WORDS
    from sensor.flows.row import START as BEGAN

    row = np.zeros(WORDS, np.int64)
    row[BEGAN], row[KEY_REST], row[KEY_B_LOW] = start, TCP << 33 | 2000, words.get("resp", 1)
    return row


def test_the_first_agreements_are_forgotten_beyond_the_limits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(expected, "EXPECTED_AT_MOST", 2)
    monkeypatch.setattr(expected, "TIMES_AT_MOST", 2)
    book = Expectations()
    assert not book
    for host in (1, 2, 3):
        book.add(flow(0, resp=host), expected.Expected("x", 5, 0, b"", 2000))
    assert [book.name(flow(5, resp=host)) for host in (1, 2, 3)] == [None, "x", "x"]
    for ts in (WAITS, 2 * WAITS):
        book.add(flow(0, resp=3), expected.Expected("x", ts, 0, b"", 2000))
    assert book.name(flow(5, resp=3)) is None
    assert book.name(flow(2 * WAITS, resp=3)) == "x"
