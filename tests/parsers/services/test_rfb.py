from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.services.parser import NOTHING, ORIG, RESP
from parsers.services.rfb import HELD_UNTIL_GREETED, LONGEST_TEXT, Rfb, begins
from parsers.services.vencrypt import Vencrypt
from tests.parsers.services.conversations import fed, without_logons

SECOND = 1_000_000_000
CHALLENGE, RESPONSE = bytes(range(16)), bytes(range(16, 32))
OK, REFUSED = bytes(4), b"\0\0\0\1"
SHARED, ALONE = b"\1", b"\0"

Said = list[tuple[int, bytes]]


def version(text: str) -> bytes:
    return f"RFB {text}\n".encode()


def desktop(name: bytes = b"office", width: int = 1280, height: int = 800) -> bytes:
    return struct.pack(">HH16xI", width, height, len(name)) + name


def greetings(server: str, client: str = "") -> Said:
    return [(RESP, version(server)), (ORIG, version(client or server))]


def replay(said: Said) -> Rfb:
    return without_logons(fed(Rfb(), said))


def row(said: Said) -> dict[str, object]:
    ((table, values),) = replay(said).rows
    assert table == "rfb"
    return {name: value for name, value in values.items() if "_version" not in name}


VNC_38: Said = [
    *greetings("003.008"),
    (RESP, b"\2\1\2"),
    (ORIG, b"\2"),
    (RESP, CHALLENGE),
    (ORIG, RESPONSE),
    (RESP, OK),
    (ORIG, SHARED),
    (RESP, desktop()),
]
APPLE: Said = [
    *greetings("003.889", "003.008"),
    (RESP, b"\2\x1e\x23"),
    (ORIG, b"\x1e"),
    (RESP, struct.pack(">HH", 2, 3) + b"prikey"),
    (ORIG, b"pubkey"),
    (RESP, OK),
    (ORIG, ALONE),
    (RESP, desktop(b"vmac")),
]
VNC_33: Said = [
    *greetings("003.008", "003.003"),
    (RESP, b"\0\0\0\2" + CHALLENGE),
    (ORIG, RESPONSE),
    (RESP, REFUSED + b"\0\0\0\2no"),
]


def test_the_row_of_a_session_has_every_column():
    assert replay(VNC_38).rows == [
        (
            "rfb",
            {
                "ts": 2 * SECOND,
                "server_major_version": "003",
                "server_minor_version": "008",
                "client_major_version": "003",
                "client_minor_version": "008",
                "authentication_method": "VNC",
                "auth": True,
                "share_flag": True,
                "desktop_name": "office",
                "width": 1280,
                "height": 800,
            },
        )
    ]


def test_its_time_is_that_of_the_second_greeting():
    late = [(RESP, version("003.008")), (ORIG, b"RF"), (ORIG, b"B 003"), (ORIG, b".008\n")]
    assert row(late)["ts"] == 3 * SECOND


def test_who_sends_nothing_has_not_spoken():
    assert replay([(ORIG, b""), *VNC_38]).rows[0][1]["desktop_name"] == "office"


def test_nothing_is_wanted_once_the_desktop_is_described():
    parser = Rfb()
    for side, octets in VNC_38:
        assert parser.wants[RESP] == 0
        parser.data(side, octets, 0)
    assert parser.wants == [NOTHING, NOTHING]
    assert [table for table, _ in parser.rows] == ["rfb", "logon"]
    parser.data(RESP, b"pixels", 0)
    parser.gap(RESP, 10, 0)
    parser.end(0)
    assert [table for table, _ in parser.rows] == ["rfb", "logon"]
    assert parser.confirmed
    assert not parser.failed


def test_a_refused_password_is_known_without_a_desktop():
    parser = replay(VNC_33)
    assert parser.rows[0][1]["auth"] is False
    assert parser.rows[0][1]["authentication_method"] == "VNC"
    assert parser.rows[0][1]["client_minor_version"] == "003"
    assert "width" not in parser.rows[0][1]
    assert parser.confirmed


def test_apples_key_exchange_is_passed_over():
    known = row(APPLE)
    assert known["authentication_method"] == "Apple Remote Desktop"
    assert (known["auth"], known["share_flag"]) == (True, False)
    assert known["desktop_name"] == "vmac"


def test_apples_version_speaks_as_3_7_and_later_do():
    said = [*greetings("003.889"), (RESP, b"\1\1"), (ORIG, b"\1"), (RESP, OK)]
    assert row(said)["auth"] is True


def test_no_password_has_a_result_from_3_8_on_only():
    chosen = [(RESP, b"\1\1"), (ORIG, b"\1" + SHARED)]
    assert row([*greetings("003.008"), *chosen, (RESP, OK + desktop())])["auth"] is True
    known = row([*greetings("003.007"), *chosen, (RESP, desktop())])
    assert "auth" not in known
    assert known["width"] == 1280


def test_a_server_of_3_3_chooses_no_password():
    known = row([*greetings("003.003"), (RESP, b"\0\0\0\1"), (ORIG, ALONE), (RESP, desktop())])
    assert (known["authentication_method"], known["desktop_name"]) == ("None", "office")


def test_a_server_of_3_3_refuses_with_a_reason():
    parser = replay([*greetings("003.003"), (RESP, bytes(4) + b"\0\0\0\4busy")])
    assert parser.rows[0][1]["authentication_method"] == "Invalid"
    assert not parser.failed


def test_a_server_of_3_8_refuses_with_a_reason():
    parser = replay([*greetings("003.008"), (RESP, b"\0\0\0\0\4busy")])
    assert "authentication_method" not in parser.rows[0][1]
    assert not parser.failed


@pytest.mark.parametrize(
    ("chosen", "name"),
    [
        (0, "Invalid"),
        (16, "Tight"),
        (17, "Ultra"),
        (18, "TLS"),
        (20, "GTK-VNC SASL"),
        (21, "MD5 hash authentication"),
        (22, "Colin Dean xvp"),
        (5, "RealVNC"),
        (129, "RealVNC"),
    ],
)
def test_a_type_that_is_not_read_ends_with_its_name(chosen, name):
    parser = replay([*greetings("003.008"), (RESP, bytes([1, chosen])), (ORIG, bytes([chosen]))])
    assert parser.failed == "unknown_security_type"
    assert not parser.confirmed
    assert parser.rows[0][1]["authentication_method"] == name


def test_vencrypt_is_left_to_its_own_reader_with_what_came_of_it():
    said = [*greetings("003.008"), (RESP, b"\1\x13"), (ORIG, b"\x13\0\2")]
    parser = replay(said)
    assert parser.passes_on
    assert isinstance(parser.successor, Vencrypt)
    assert parser.rest == [b"\0\2", b""]
    assert not parser.confirmed
    assert parser.rows[0][1]["authentication_method"] == "VeNCrypt"


def test_an_unknown_type_of_3_3_ends_too():
    parser = replay([*greetings("003.003"), (RESP, b"\0\0\0\x13")])
    assert parser.failed == "unknown_security_type"
    assert parser.rows[0][1]["authentication_method"] == "VeNCrypt"


def test_an_unknown_result_is_no_success():
    parser = replay([*VNC_38[:6], (RESP, b"\0\0\0\2")])
    assert parser.failed == "unknown_security_result"
    assert parser.rows[0][1]["auth"] is False


def test_a_server_that_greets_nobody_makes_no_row():
    assert replay([(RESP, version("003.008"))]).rows == []


def test_a_client_that_only_greets_makes_a_row():
    assert set(row(greetings("003.008"))) == {"ts"}


def test_bytes_that_are_no_utf_8_are_shown_in_hex():
    assert row([*VNC_38[:-1], (RESP, desktop("Büro \0".encode() + b"\xff"))])["desktop_name"] == (
        "Büro \0\\xff"
    )


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ([(RESP, b"SSH-2.0-x\r\n")], "not_rfb"),
        ([(RESP, version("003.008")), (ORIG, b"GET / HTTP")], "not_rfb"),
        ([(RESP, bytes(version("003.008")).ljust(HELD_UNTIL_GREETED + 1))], "greeting_missing"),
        ([(RESP, b"RFB_003.008\n"), (ORIG, version("003.008"))], "not_rfb"),
    ],
)
def test_what_does_not_greet_fails_without_a_row(said, reason):
    parser = replay(said)
    assert (parser.failed, parser.rows) == (reason, [])


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ([*greetings("003.003"), (ORIG, b"\1")], "spoke_too_early"),
        ([*greetings("003.008"), (RESP, b"\1\2"), (RESP, CHALLENGE)], "spoke_too_early"),
        ([*VNC_38[:-1], (RESP, bytes(20) + b"\0\1\0\0")], "text_too_long"),
        ([*VNC_38[:6], (RESP, REFUSED + b"\xff" * 4)], "text_too_long"),
    ],
)
def test_what_is_out_of_place_keeps_the_row_so_far(said, reason):
    parser = replay(said)
    assert parser.failed == reason
    assert len(parser.rows) == 1
    assert not parser.confirmed


def test_the_longest_name_is_read():
    assert len(row([*VNC_38[:-1], (RESP, desktop(b"x" * LONGEST_TEXT))])["desktop_name"]) == (
        LONGEST_TEXT
    )


def test_a_gap_keeps_the_row_so_far():
    parser = Rfb()
    for side, octets in VNC_38[:4]:
        parser.data(side, octets, 0)
    parser.gap(RESP, 10, 0)
    assert parser.failed == "content_gap"
    assert parser.rows[0][1]["authentication_method"] == "VNC"
    assert parser.confirmed


def test_what_the_client_sends_before_the_desktop_is_not_held():
    parser = Rfb()
    for side, octets in VNC_38[:-1]:
        parser.data(side, octets, 0)
    assert parser.wants == [NOTHING, 0]
    parser.data(ORIG, bytes(100_000), 0)
    parser.data(RESP, desktop(), 0)
    assert parser.rows[0][1]["desktop_name"] == "office"


def test_a_connection_of_the_server_to_the_viewer_is_read_as_zeek_reads_it():
    parser = replay([(ORIG, version("003.008")), (RESP, version("003.008"))])
    assert parser.rows[0][1].keys() == {"ts", "client_major_version", "client_minor_version"}


@pytest.mark.parametrize("said", [VNC_38, VNC_33, APPLE])
@given(data=st.data())
def test_pieces_do_not_matter(said, data):
    parser, whole = Rfb(), Rfb()
    for side, octets in said:
        whole.data(side, octets, 0)
        cuts = data.draw(st.lists(st.integers(0, len(octets)), max_size=4).map(sorted))
        for start, stop in zip([0, *cuts], [*cuts, len(octets)], strict=True):
            parser.data(side, octets[start:stop], 0)
    whole.end(0)
    parser.end(0)
    assert parser.rows == whole.rows
    assert parser.wants == whole.wants


@pytest.mark.parametrize("said", [VNC_38, VNC_33, APPLE])
def test_every_truncation_ends_with_at_most_a_row(said):
    for at, (side, octets) in enumerate(said):
        for length in range(len(octets)):
            assert len(replay([*said[:at], (side, octets[:length])]).rows) <= 1


@given(
    said=st.sampled_from([VNC_38, VNC_33, APPLE]), at=st.integers(0, 8), bit=st.integers(0, 1 << 12)
)
def test_no_flipped_bit_is_an_exception(said, at, bit):
    side, octets = said[at % len(said)]
    flipped = bytearray(octets)
    flipped[bit // 8 % len(octets)] ^= 1 << bit % 8
    said = list(said)
    said[at % len(said)] = (side, bytes(flipped))
    assert len(replay(said).rows) <= 1


@given(st.lists(st.tuples(st.sampled_from([ORIG, RESP]), st.binary(max_size=64)), max_size=12))
def test_no_bytes_are_an_exception(said):
    assert len(replay([*greetings("003.008"), *said]).rows) == 1
    assert len(replay(said).rows) <= 1


def test_it_begins_with_the_greeting_of_the_server():
    greeting = version("003.008")
    assert begins(b"", greeting) is True
    assert begins(greeting, greeting + b"\1\2") is True
    assert begins(b"", version("004.001")) is True
    for length in range(12):
        assert begins(b"", greeting[:length]) is None
        assert begins(greeting[:length], b"") is None
    assert begins(greeting, b"") is None


@pytest.mark.parametrize("at", range(12))
def test_a_byte_away_is_refused(at):
    greeting = bytearray(version("003.008"))
    greeting[at] ^= 0x82  # of a digit, ² or ³ among others
    assert begins(b"", bytes(greeting)) is False
    assert begins(bytes(greeting), version("003.008")) is False
    assert begins(b"", bytes(greeting[: at + 1])) is False
