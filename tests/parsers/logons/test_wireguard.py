"""WireGuard, where its debug log is on."""

from __future__ import annotations

import pytest

from tests.parsers.logons.lines import brief, rows

HEAD = "Jun 20 08:%s:15 workshop kernel: [82508.100168] wireguard: wg0: "
BEGUN = "Receiving handshake initiation from peer 18 (203.0.113.66:%d)\n"


def test_a_handshake_that_is_renewed_is_one_logon():
    text = "".join(HEAD % minute + BEGUN % 61795 for minute in ("00", "02", "04"))
    assert brief(text, "outcome", "user", "orig_h", "orig_p", "method") == [
        ("success", "wg0 peer 18", "203.0.113.66", 61795, "publickey")
    ]


def test_another_address_or_a_long_while_is_another_logon():
    text = HEAD % "00" + BEGUN % 1 + HEAD % "01" + (BEGUN % 1).replace("203.0.113.66", "192.0.2.1")
    assert len(rows(text)) == 2
    assert len(rows(HEAD % "00" + BEGUN % 1 + HEAD % "10" + BEGUN % 1)) == 2


def test_keys_that_expire_are_the_end():
    text = HEAD % "00" + (
        "Zeroing out all keys for peer 18 (203.0.113.66:5), since we haven't received a new one"
        " in 540 seconds\n"
    )
    assert brief(text, "event", "user", "orig_h") == [("logoff", "wg0 peer 18", "203.0.113.66")]


@pytest.mark.parametrize(
    "why", ["Invalid handshake initiation", "Invalid MAC of handshake, dropping packet"]
)
def test_a_handshake_that_is_refused(why):
    text = HEAD % "00" + f"{why} from [2001:db8::1]:51820\n"
    assert brief(text, "outcome", "orig_h", "orig_p", "detail") == [
        ("failed", "2001:db8::1", 51820, why)
    ]


def test_the_ring_buffer_and_the_program_in_user_space():
    text = "[6305964.569633] wireguard: wg-fire: " + BEGUN % 5
    assert brief(text, "user") == [("wg-fire peer 18",)]
    text = "DEBUG: (wg0) 2026/11/24 06:02:04 peer(RM0x…chT4) - Received handshake initiation\n"
    assert brief(text, "outcome", "orig_h", "method") == [("success", None, "publickey")]


def test_other_lines_tell_of_no_logon():
    said = "Packet has unallowed src IP (10.0.0.3) from peer 1 (192.168.1.2:51820)\n"
    assert rows(HEAD % "00" + said) == []
