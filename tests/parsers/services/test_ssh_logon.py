"""Conversations of SSH authentication, in all kinds of suites, become rows of `logon`."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parsers.schema import OWN_TABLES
from parsers.services.parser import ORIG, RESP
from parsers.services.ssh_logon import Logon
from parsers.services.ssh_sizes import Sizes, sizes

MS = 1_000_000
OPENSSH, PARAMIKO, LIBSSH2 = (
    "SSH-2.0-OpenSSH_9.2",
    "SSH-2.0-paramiko_3.4.0",
    "SSH-2.0-libssh2_1.11.0",
)
DEBIAN, RED_HAT = "SSH-2.0-OpenSSH_9.2p1 Debian-2", "SSH-2.0-OpenSSH_8.7"
SUITES = [
    ("chacha20-poly1305@openssh.com", "none"),
    ("aes128-gcm@openssh.com", "none"),
    ("aes128-ctr", "hmac-sha2-256-etm@openssh.com"),
    ("aes128-ctr", "umac-64-etm@openssh.com"),
    ("aes128-ctr", "hmac-sha2-256"),
    ("aes256-ctr", "hmac-sha2-512"),
    ("aes128-ctr", "hmac-sha1"),
    ("3des-cbc", "hmac-sha2-256"),
]
CHACHA, GCM = SUITES[:2]
EVERY_SUITE = pytest.mark.parametrize("suite", SUITES, ids="/".join)

# Payloads; of a user with four letters.
SERVICE, SUCCESS, NONE, CHALLENGE, QUERY, SIGNED = 17, 1, 35, 59, 111, 278
RSA_QUERY, RSA_SIGNED = 468, 956
PADDED = -1
"""A password or a reply as OpenSSH sends it: the body a multiple of 64 bytes."""

FAILURE, KEYS_ONLY, ALL_THREE, WITH_PROMPTS, PROMPT, NO_PROMPT, PK_OK = 24, 15, 45, 36, 32, 17, 71
SLOW, QUICK = 2000, 5

Said = tuple[int, int, int]  # side, payload, milliseconds since what was said before
OPENING: list[Said] = [(RESP, 280, 0), (ORIG, SERVICE, 5), (RESP, SERVICE, 1)]


def asks(payload: int, answer: int, late: int = QUICK, thought: int = 5) -> list[Said]:
    return [(ORIG, payload, thought), (RESP, answer, late)]


def size(of: Sizes, payload: int) -> int:
    if payload != PADDED:
        return of.wire(payload)
    return next(n for n in range(80, 400) if of.payload(n) and not of.body(n) % 64)


def segments(suite: tuple[str, str], said: list[Said]) -> list[tuple[int, bytes, int]]:
    of = sizes(*suite)
    assert of is not None
    made, ts = [], 0
    for side, payload, pause in said:
        ts += pause * MS
        wire = size(of, payload)
        head = (wire - 4 - of.mac).to_bytes(4, "big") if of.readable else bytes(4)
        made.append((side, head + bytes(wire - 4), ts))
    return made


def followed(
    suite: tuple[str, str],
    pieces: list[tuple[int, bytes, int]],
    client: str = OPENSSH,
    server: str = DEBIAN,
) -> list[dict[str, Any]]:
    cipher, mac = suite
    logon = Logon()
    logon.negotiated(cipher, cipher, mac, mac, "none", "none")
    for side, octets, ts in pieces:
        if not logon.over:
            logon.add(side, octets, ts)
    return logon.rows(client, server)


def told(
    suite: tuple[str, str], said: list[Said], client: str = OPENSSH, server: str = DEBIAN
) -> list[tuple[str, str | None, int]]:
    return brief(followed(suite, segments(suite, [*OPENING, *said]), client, server))


def brief(rows: list[dict[str, Any]]) -> list[tuple[str, str | None, int]]:
    return [(row["outcome"], row.get("method"), row["attempts"]) for row in rows]


NO_METHOD = asks(NONE, FAILURE)
WRONG = asks(PADDED, FAILURE, SLOW, 900)
RIGHT = [*asks(PADDED, SUCCESS, 50, 900), (ORIG, 24, 1)]
REFUSED_KEY = asks(QUERY, FAILURE)
KEY = [*asks(QUERY, PK_OK), *asks(SIGNED, SUCCESS), (ORIG, 24, 1)]


def test_a_row_has_the_columns_of_the_schema():
    first, second = followed(
        CHACHA, segments(CHACHA, [*OPENING, *NO_METHOD, *WRONG, *WRONG, *RIGHT])
    )
    assert set(first) <= {column.name for column in OWN_TABLES["logon"]}
    assert first == {
        "ts": (5 + 1 + 5 + 5 + 900) * MS,
        "service": "ssh",
        "known_by": "sizes and timing",
        "software": OPENSSH,
        "outcome": "failed",
        "method": "password",
        "attempts": 2,
        "confidence": 0.95,
        "detail": None,
        "offered": ["publickey", "password"],
    }
    assert (second["outcome"], second["attempts"]) == ("success", 1)
    assert second["ts"] > first["ts"]


@EVERY_SUITE
def test_passwords(suite):
    assert told(suite, [*NO_METHOD, *WRONG]) == [("failed", "password", 1)]
    assert told(suite, [*NO_METHOD, *RIGHT]) == [("success", "password", 1)]
    assert told(suite, [*NO_METHOD, *WRONG, *WRONG, *RIGHT]) == [
        ("failed", "password", 2),
        ("success", "password", 1),
    ]


@EVERY_SUITE
def test_a_key(suite):
    assert told(suite, [*NO_METHOD, *KEY]) == [("success", "publickey", 1)]


@EVERY_SUITE
def test_keys_that_are_refused_before_passwords(suite):
    said = [*NO_METHOD, *REFUSED_KEY, *asks(RSA_QUERY, FAILURE), *WRONG, *RIGHT]
    assert told(suite, said) == [
        ("failed", "publickey", 2),
        ("failed", "password", 1),
        ("success", "password", 1),
    ]


@EVERY_SUITE
def test_keyboard_interactive(suite):
    wrong = [*asks(CHALLENGE, PROMPT), *asks(PADDED, WITH_PROMPTS, SLOW, 900)]
    right = [*asks(CHALLENGE, PROMPT), *asks(PADDED, NO_PROMPT, 50, 900), *asks(PADDED, SUCCESS)]
    said = [*asks(NONE, WITH_PROMPTS), *wrong, *right, (ORIG, 24, 1)]
    assert told(suite, said) == [
        ("failed", "keyboard-interactive", 1),
        ("success", "keyboard-interactive", 1),
    ]


@EVERY_SUITE
def test_a_key_that_is_not_enough(suite):
    said = [
        *asks(NONE, KEYS_ONLY),
        *asks(QUERY, PK_OK),
        *asks(SIGNED, 14),
        *asks(PADDED, 14, 5, 900),
    ]
    rows = followed(suite, segments(suite, [*OPENING, *said, *RIGHT]))
    assert brief(rows) == [
        ("unknown", "publickey", 1),
        ("failed", "password", 1),
        ("success", "password", 1),
    ]
    assert rows[0]["detail"] == "partial success"


@EVERY_SUITE
def test_the_last_failure_of_too_many_is_a_disconnect(suite):
    said = [*NO_METHOD, *asks(47, FAILURE, SLOW) * 5, *asks(47, ALL_THREE, SLOW)]
    assert told(suite, said, LIBSSH2) == [("failed", "password", 6)]


@EVERY_SUITE
def test_none_is_no_attempt_however_often_it_is_asked(suite):
    said = [*NO_METHOD, *asks(48, FAILURE, SLOW)] * 3
    assert told(suite, [*said, *asks(NONE, ALL_THREE)], LIBSSH2) == [("failed", "password", 3)]


@EVERY_SUITE
def test_a_client_that_asks_for_the_service_again_and_never_with_none(suite):
    again = asks(SERVICE, SERVICE)
    said = [*asks(48, FAILURE, SLOW), *again, *asks(48, FAILURE, SLOW), *again, *asks(48, SUCCESS)]
    assert told(suite, said, PARAMIKO) == [
        ("failed", "password", 2),
        ("success", "password", 1),
    ]


@EVERY_SUITE
def test_a_signature_without_a_question(suite):
    assert told(suite, asks(198, SUCCESS), PARAMIKO) == [("success", "publickey", 1)]
    assert told(suite, asks(198, FAILURE), PARAMIKO) == [("failed", "publickey", 1)]


@EVERY_SUITE
def test_a_server_that_needs_no_password(suite):
    assert told(suite, [*asks(NONE, SUCCESS), (ORIG, 24, 1)]) == [("success", "none", 1)]


@pytest.mark.parametrize(
    ("answer", "suite", "offered"),
    [
        (KEYS_ONLY, CHACHA, ["publickey"]),
        (FAILURE, CHACHA, ["publickey", "password"]),
        (WITH_PROMPTS, CHACHA, ["publickey", "keyboard-interactive"]),
        (ALL_THREE, GCM, ["publickey", "password", "keyboard-interactive"]),
        (FAILURE, GCM, None),  # "publickey" alone has the same size
        (100, CHACHA, None),
    ],
)
def test_a_scan_is_told_with_what_the_server_offers(answer, suite, offered):
    (row,) = followed(suite, segments(suite, [*OPENING, *asks(NONE, answer)]))
    assert (row["outcome"], row["attempts"], row["detail"]) == ("unknown", 0, None)
    assert row["offered"] == offered


def test_what_a_server_with_gssapi_offers_is_not_mistaken():
    (row,) = followed(CHACHA, segments(CHACHA, [*OPENING, *asks(NONE, ALL_THREE)]), server=RED_HAT)
    assert row["offered"] is None


@EVERY_SUITE
def test_a_banner_before_the_first_failure(suite):
    said = [(ORIG, NONE, 5), (RESP, 40, 5), (RESP, FAILURE, 0), *WRONG, *RIGHT]
    assert told(suite, said) == [("failed", "password", 1), ("success", "password", 1)]


@EVERY_SUITE
def test_a_question_along_with_that_for_the_service(suite):
    hasty = [(ORIG, SERVICE, 5), (ORIG, NONE, 0), (RESP, SERVICE, 1), (RESP, FAILURE, 0)]
    said = [*hasty, *asks(48, FAILURE, SLOW), *asks(48, SUCCESS)]
    rows = followed(suite, segments(suite, said), "SSH-2.0-dropbear_2022.83")
    assert brief(rows) == [("failed", "password", 1), ("success", "password", 1)]


@EVERY_SUITE
def test_what_the_server_says_after_success_before_the_client_goes_on(suite):
    said = [*NO_METHOD, *asks(PADDED, SUCCESS, 50, 900), (RESP, 600, 10), (ORIG, 24, 50)]
    assert told(suite, said) == [("success", "password", 1)]
    glued = [*said[:-2], (RESP, 600, 0), (ORIG, 24, 50)]
    assert told(suite, glued) == [("success", "password", 1)]


@EVERY_SUITE
def test_fast_failures_where_the_server_does_not_wait(suite):
    said = [*NO_METHOD, *asks(PADDED, FAILURE, 5, 900) * 2, *RIGHT]
    assert told(suite, said) == [("failed", "password", 2), ("success", "password", 1)]


def test_kerberos_that_comes_to_nothing_is_no_attempt():
    said = [*NO_METHOD, *asks(65, 16), *asks(24, FAILURE), *RIGHT]
    assert told(CHACHA, said) == [("success", "password", 1)]


CONVERSATION = [*NO_METHOD, *REFUSED_KEY, *WRONG, *WRONG, *RIGHT]


@given(st.sampled_from(SUITES), st.data())
@settings(max_examples=80)
def test_every_cut_gives_the_same_rows(suite, data):
    whole = segments(suite, [*OPENING, *CONVERSATION])
    pieces = []
    for side, octets, ts in whole:
        cuts = data.draw(st.lists(st.integers(0, len(octets)), max_size=3))
        places = sorted({0, len(octets), *cuts})
        pieces += [(side, octets[begin:end], ts) for begin, end in pairwise(places)]
    assert followed(suite, pieces) == followed(suite, whole)


@EVERY_SUITE
def test_every_truncation_is_met(suite):
    whole = segments(suite, [*OPENING, *CONVERSATION])
    for number, (side, octets, ts) in enumerate(whole):
        for length in range(0, len(octets), 7):
            rows = followed(suite, [*whole[:number], (side, octets[:length], ts)])
            assert all(row["attempts"] >= 0 for row in rows)


@given(
    st.sampled_from(SUITES),
    st.lists(st.tuples(st.sampled_from((ORIG, RESP)), st.binary(max_size=300)), max_size=30),
)
@settings(max_examples=200)
def test_random_bytes_are_met(suite, noise):
    pieces = [(side, octets, number * MS) for number, (side, octets) in enumerate(noise)]
    opening = segments(suite, OPENING)
    for row in followed(suite, [*opening, *pieces]):
        assert row["outcome"] in ("success", "failed", "unknown")


def test_nothing_encrypted_of_one_side_is_no_row():
    assert followed(CHACHA, segments(CHACHA, OPENING[:1])) == []
    assert followed(CHACHA, []) == []


@pytest.mark.parametrize(
    ("said", "detail"),
    [
        (OPENING, "no question was answered"),
        ([*OPENING, (ORIG, NONE, 5)], "no question was answered"),
        ([(ORIG, SERVICE, 5), (RESP, 3000, 5)] * 70, "more bytes than a logon has"),
        (
            [(ORIG, SERVICE, 5), (RESP, 1, 5), (ORIG, NONE, 5)],
            "no answer as long as a SERVICE_ACCEPT",
        ),
        ([*OPENING, *NO_METHOD, *asks(700, 300)], "sizes fit no known messages"),
    ],
)
def test_it_says_why_it_abstains(said, detail):
    row = followed(CHACHA, segments(CHACHA, said))[-1]
    assert (row["outcome"], row["attempts"], row["detail"]) == ("unknown", 0, detail)


def test_more_attempts_than_are_looked_at_are_said():
    rows = followed(
        CHACHA, segments(CHACHA, [*OPENING, *NO_METHOD, *asks(PADDED, FAILURE, SLOW) * 90])
    )
    assert [row["outcome"] for row in rows] == ["failed", "unknown"]
    assert rows[0]["attempts"] == 39
    assert rows[1]["detail"] == "more exchanges than are looked at"


@pytest.mark.parametrize(
    ("cipher", "compression", "detail"),
    [
        ("unheard-of", "none", "cipher or MAC not known"),
        ("aes128-ctr", "zlib", "compression hides sizes"),
    ],
)
def test_what_hides_sizes_is_said_once_both_sides_encrypt(cipher, compression, detail):
    logon = Logon()
    logon.negotiated(cipher, cipher, "hmac-sha1", "hmac-sha1", compression, compression)
    logon.add(RESP, bytes(300), 5)
    assert not logon.over
    logon.add(ORIG, bytes(64), 6)
    assert logon.over
    (row,) = logon.rows(OPENSSH, DEBIAN)
    assert (row["outcome"], row["detail"], row["ts"]) == ("unknown", detail, 5)


def test_each_direction_has_its_own_sizes():
    logon = Logon()
    logon.negotiated(CHACHA[0], "aes128-ctr", "none", "hmac-sha2-256", "none", "none")
    to_server, to_client = sizes(*CHACHA), sizes("aes128-ctr", "hmac-sha2-256")
    assert to_server is not None
    assert to_client is not None
    for number, (side, payload, _) in enumerate([*OPENING, *NO_METHOD, *KEY]):
        of = to_server if side == ORIG else to_client
        logon.add(side, bytes(of.wire(payload)), number * 10 * MS)
    assert brief(logon.rows(OPENSSH, DEBIAN)) == [("success", "publickey", 1)]
