from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.services.gssapi import FORGIVEN_AFTER
from parsers.services.parser import NOTHING, ORIG, RESP
from parsers.services.smb import LONGEST_MESSAGE, Smb, begins
from parsers.services.smb_contents import MOST_PIPES
from tests.parsers.services import smb_messages as m

Said = list[tuple[int, bytes]]

SESSION_REQUEST = b"\x81\0\0\x44" + bytes(68)
SESSION_RESPONSE = b"\x82\0\0\0"
MORE_PROCESSING, LOGON_FAILURE = 0xC0000016, 0xC000006D

SMB2: Said = [
    (ORIG, m.smb2(0, bytes(36))),
    (RESP, m.smb2_negotiated(m.neg_init())),
    (ORIG, m.smb2_setup(m.neg_init(m.ntlm_negotiate()))),
    (RESP, m.smb2_was_set_up(m.neg_resp(1, m.ntlm_challenge()), MORE_PROCESSING)),
    (ORIG, m.smb2_setup(m.neg_resp(1, m.ntlm_authenticate()))),
    (RESP, m.smb2_was_set_up(m.neg_resp(0))),
]
SMB1: Said = [
    (ORIG, SESSION_REQUEST),
    (RESP, SESSION_RESPONSE),
    (ORIG, m.smb1_negotiate()),
    (RESP, m.smb1_negotiated(m.neg_init())),
    (ORIG, m.smb1_setup(m.ntlm_negotiate())),
    (RESP, m.smb1_was_set_up(m.ntlm_challenge())),
    (ORIG, m.smb1_setup(m.ntlm_authenticate())),
    (RESP, m.smb1(0x73, b"\0\0\0")),
]


def replay(said: Said) -> Smb:
    parser = Smb()
    for ts, (side, octets) in enumerate(said, 1):
        parser.data(side, octets, ts)
    if not parser.failed:
        parser.end(len(said) + 1)
    return parser


def test_a_session_of_smb_2_gives_the_row_and_the_names():
    parser = replay(SMB2)
    assert (parser.names, parser.confirmed) == (["gssapi", "ntlm", "smb"], True)
    assert parser.rows == [
        (
            "ntlm",
            {
                "ts": 3,
                "username": "ann",
                "hostname": "PC7",
                "domainname": "CORP",
                "server_nb_computer_name": "FILES",
                "server_dns_computer_name": "files.corp.example",
                "server_tree_name": "corp.example",
                "success": True,
            },
        )
    ]


def test_a_session_of_smb_1_over_netbios_gives_the_row_and_the_names():
    parser = replay(SMB1)
    assert parser.names == ["gssapi", "ntlm", "smb"]
    ((_, row),) = parser.rows
    assert (row["ts"], row["username"], "success" in row) == (5, "ann", False)


def test_a_refused_logon_has_no_outcome():
    refused = m.smb2_was_set_up(b"", LOGON_FAILURE)
    ((_, row),) = replay([*SMB2[:5], (RESP, refused)]).rows
    assert (row["username"], "success" in row) == ("ann", False)


def test_the_third_piece_confirms_smb():
    said = [
        (ORIG, m.smb1_negotiate()),
        (RESP, m.smb1(0x72, b"\0\0\0")),
        (ORIG, m.smb1(0x2B, b"\0")),
    ]
    assert replay(said[:2]).names == []
    assert replay(said).names == ["smb"]


def test_a_request_of_another_channel_is_read():
    logon = m.smb2(1, m.smb2_setup(m.neg_init(m.kerberos()))[68:], status=0x00010001)
    parser = replay([*SMB2[:2], (ORIG, logon)])
    assert parser.rows == [("kerberos", {"ts": 3})]


def test_kerberos_makes_its_row():
    parser = replay([*SMB2[:2], (ORIG, m.smb2_setup(m.neg_init(m.kerberos())))])
    assert parser.names == ["gssapi", "krb", "smb"]
    assert parser.rows == [("kerberos", {"ts": 3})]


def test_without_extended_security_there_is_no_token_in_smb_1():
    said = [(ORIG, m.smb1_negotiate()), (RESP, m.smb1_negotiated(m.neg_init(), 0))]
    assert replay(said).names == []


def test_an_empty_message_of_smb_1_is_no_session_setup():
    assert replay([(ORIG, m.smb1(0x73, b"\0\0\0"))]).failed == ""


def test_a_token_of_a_few_bytes_is_not_looked_at():
    few = b"\5\4" + bytes(5)
    assert replay([(ORIG, m.smb2_setup(few))]).names == []
    assert replay([(ORIG, m.smb2_setup(few + b"\0"))]).names == ["gssapi"]


def test_a_refused_tree_is_none_of_pipes():
    refused = (RESP, m.smb2_tree(2, 5, 0xC0000022))
    assert "dce_rpc" not in replay([*SMB2, refused, (ORIG, m.smb2_write(m.BIND, 5))]).names


def test_of_many_pipes_the_oldest_is_given_up():
    for others, found in ((MOST_PIPES - 1, True), (MOST_PIPES, False)):
        said = [*SMB2, (RESP, m.smb2_tree(2, 5)), (ORIG, m.smb2_write(m.BIND[:20], 5))]
        said += [(ORIG, m.smb2_write(b"", 5, file)) for file in range(100, 100 + others)]
        said.append((ORIG, m.smb2_write(m.BIND[20:], 5)))
        assert ("dce_rpc" in replay(said).names) is found


def test_only_a_tree_of_pipes_carries_dce_rpc_in_smb_2():
    for share, found in ((1, False), (2, True)):
        said = [*SMB2, (RESP, m.smb2_tree(share, 5)), (ORIG, m.smb2_write(m.BIND, 5))]
        assert ("dce_rpc" in replay(said).names) is found


def test_a_response_to_a_read_is_read_by_its_request():
    said = [*SMB2, (RESP, m.smb2_tree(2, 5)), (ORIG, m.smb2_read(5, 77))]
    assert "dce_rpc" in replay([*said, (RESP, m.smb2_was_read(m.BIND_ACK, 77))]).names
    assert "dce_rpc" not in replay([*said, (RESP, m.smb2_was_read(m.BIND_ACK, 78, 5))]).names


def test_a_file_with_the_name_of_a_pipe_makes_a_tree_of_pipes():
    for name, found in (("srvsvc", True), ("report", False)):
        body = bytes(44) + (120).to_bytes(2, "little") + (12).to_bytes(2, "little") + bytes(8)
        create = m.smb2(5, body + m.utf16(name), tree=5)
        names = replay([*SMB2, (ORIG, create), (ORIG, m.smb2_write(m.BIND, 5))]).names
        assert ("dce_rpc" in names) is found


def test_a_disconnected_tree_is_none_of_pipes_any_more():
    gone = m.smb2(4, bytes(4), tree=5)
    said = [*SMB2, (RESP, m.smb2_tree(2, 5)), (RESP, gone), (ORIG, m.smb2_write(m.BIND, 5))]
    assert "dce_rpc" not in replay(said).names


def test_transceiving_in_a_pipe_is_read_and_other_controls_are_not():
    assert "dce_rpc" in replay([*SMB2, (ORIG, m.smb2_ioctl(m.BIND, 9))]).names
    assert "dce_rpc" not in replay([*SMB2, (ORIG, m.smb2_ioctl(m.BIND, 9, 0x00140204))]).names
    done = [(ORIG, m.smb2_ioctl(b"", 9)), (RESP, m.smb2_ioctl_done(m.BIND_ACK, 9))]
    assert "dce_rpc" in replay([*SMB2, *done]).names


def test_writes_and_reads_of_a_tree_of_pipes_carry_dce_rpc_in_smb_1():
    for service, found in ((b"IPC", True), (b"A:", False)):
        tree = [*SMB1, (RESP, m.smb1_tree(service, 3))]
        written = replay([*tree, (ORIG, m.smb1_write(m.BIND, 3))])
        was_read = replay([*tree, (RESP, m.smb1_was_read(m.BIND_ACK, 3))])
        assert ("dce_rpc" in written.names, "dce_rpc" in was_read.names) == (found, found)


@pytest.mark.parametrize("unicode", [True, False])
@pytest.mark.parametrize(
    ("name", "found"), [("\\PIPE\\", True), ("\\PIPE\\LANMAN", False), ("\\MAILSLOT\\", False)]
)
def test_transactions_of_smb_1_name_the_pipe(name: str, found: bool, unicode: bool):
    asked = (ORIG, m.smb1_transaction(name, m.BIND, unicode))
    assert ("dce_rpc" in replay([*SMB1, asked]).names) is found
    answered = [
        (ORIG, m.smb1_transaction(name, b"", unicode)),
        (RESP, m.smb1_transacted(m.BIND_ACK)),
    ]
    assert ("dce_rpc" in replay([*SMB1, *answered]).names) is found


def test_an_early_message_that_cannot_be_read_takes_back_the_name():
    bad = m.smb1(0x73, b"\x0b" + bytes(30))
    parser = replay([*SMB2, (ORIG, bad)])
    assert (parser.failed, parser.names) == ("misread_message", ["gssapi", "ntlm"])
    assert parser.wants == [NOTHING, NOTHING]
    assert len(parser.rows) == 1


def test_a_late_message_that_cannot_be_read_makes_it_wait_for_the_next():
    echo = m.smb2(13, bytes(FORGIVEN_AFTER))
    bad = m.smb1(0x73, b"\x0b" + bytes(30))
    said = [*SMB2[:2], (ORIG, echo), (ORIG, bad), (ORIG, b"rest of it"), *SMB2[2:]]
    parser = replay(said)
    assert (parser.failed, parser.names) == ("", ["gssapi", "smb", "ntlm"])
    assert parser.rows[0][1]["success"] is True


def test_after_a_hole_it_waits_for_the_beginning_of_a_message():
    parser = Smb()
    for ts, (side, octets) in enumerate(SMB2[:2], 1):
        parser.data(side, octets, ts)
    parser.data(ORIG, SMB2[2][1][:50], 3)
    parser.gap(ORIG, 100, 4)
    parser.data(ORIG, b"\0\0\0\x10 what follows the hole", 5)
    for ts, (side, octets) in enumerate(SMB2[2:], 6):
        parser.data(side, octets, ts)
    assert parser.names == ["gssapi", "smb", "ntlm"]
    assert parser.rows[0][1]["success"] is True


def test_files_are_passed_over():
    parser = replay(SMB2)
    read = m.smb2_was_read(bytes(60_000), 9)
    before = sum(len(octets) for side, octets in SMB2 if side == RESP)
    parser.data(RESP, read[:100], 9)
    assert parser.wants == [0, before + len(read)]
    parser.skipped(RESP, len(read) - 200, 10)
    parser.gap(RESP, 100, 11)
    parser.data(RESP, m.smb2_tree(2, 5), 12)
    parser.data(ORIG, m.smb2_write(m.BIND, 5), 13)
    assert "dce_rpc" in parser.names


def test_a_hole_in_a_file_does_no_harm():
    parser = replay(SMB2)
    read = m.smb2_was_read(bytes(60_000), 9)
    parser.data(RESP, read[:100], 9)
    parser.gap(RESP, 1000, 10)
    parser.data(RESP, read[1100:] + m.smb2_tree(2, 5), 11)
    parser.data(ORIG, m.smb2_write(m.BIND, 5), 12)
    assert "dce_rpc" in parser.names


def test_files_may_be_given_all_the_same():
    said = [*SMB2, (RESP, m.smb2_was_read(bytes(60_000), 9) + m.smb2_tree(2, 5))]
    assert "dce_rpc" in replay([*said, (ORIG, m.smb2_write(m.BIND, 5))]).names


def test_an_endless_message_is_not_held():
    parser = replay(SMB2)
    start = m.smb2_setup(m.neg_init())
    parser.data(ORIG, b"\0" + (LONGEST_MESSAGE + 1).to_bytes(3) + start[4:], 9)
    assert parser.wants[ORIG] > LONGEST_MESSAGE
    assert parser.failed == ""


def test_encrypted_messages_are_passed_over():
    sealed = m.frame(b"\xfdSMB" + bytes(80))
    assert replay([*SMB2, (ORIG, sealed), (RESP, sealed)]).failed == ""


@pytest.mark.parametrize(
    "octets",
    [b"GET / HTTP/1.1\r\n\r\n", b"\0\0\0\x20\xfeSMC" + bytes(40), b"\x81\0\x44\0" + bytes(70)],
)
def test_another_protocol_is_given_up(octets: bytes):
    parser = replay([(ORIG, octets)])
    assert (parser.failed, parser.names, parser.rows) == ("not_smb", [], [])


def test_smb_is_told_by_the_first_bytes_of_either_side():
    hello = m.smb1_negotiate()
    assert begins(hello, b"") is True
    assert begins(b"", m.smb2(0, bytes(64))) is True
    assert begins(SESSION_REQUEST, SESSION_RESPONSE) is None
    assert begins(SESSION_REQUEST + hello, SESSION_RESPONSE) is True
    assert begins(b"", b"") is None
    assert all(begins(hello[:size], b"") is None for size in range(8))
    assert begins(hello, b"SSH-2.0-x\r\n") is False


@pytest.mark.parametrize("at", [0, 4, 5, 6, 7])
def test_a_byte_that_is_another_is_refused(at: int):
    hello = bytearray(m.smb1_negotiate())
    hello[at] ^= 2
    assert begins(bytes(hello), b"") is False


@given(st.lists(st.integers(1, 90), min_size=1, max_size=20))
def test_every_cut_into_pieces_gives_the_same_row(sizes: list[int]):
    for said in (SMB1, SMB2):
        pieces: Said = []
        for side, octets in said:
            at = 0
            for size in sizes:
                pieces.append((side, octets[at : at + size]))
                at += size
            pieces.append((side, octets[at:]))
        cut, whole = replay(pieces), replay(said)
        assert set(cut.names) == set(whole.names)
        assert [r | {"ts": 0} for _, r in cut.rows] == [r | {"ts": 0} for _, r in whole.rows]


@pytest.mark.parametrize("said", [SMB1, SMB2], ids=["smb1", "smb2"])
def test_a_stream_may_end_anywhere(said: Said):
    for index, (side, octets) in enumerate(said):
        for size in range(len(octets)):
            assert len(replay([*said[:index], (side, octets[:size])]).rows) <= 1


@given(st.sampled_from([SMB1, SMB2]), st.data())
def test_cut_and_flipped_streams_never_raise(said: Said, data: st.DataObject):
    index = data.draw(st.integers(0, len(said) - 1))
    side, octets = said[index]
    changed = bytearray(octets)
    changed[data.draw(st.integers(0, len(changed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    kept = bytes(changed[: data.draw(st.integers(0, len(changed)))])
    replay([*said[:index], (side, kept), *said[index + 1 :]])


@given(st.binary(max_size=200), st.integers(0, 255))
def test_random_messages_never_raise(octets: bytes, command: int):
    begins(octets, b"")
    replay([(ORIG, octets)])
    tree = [(RESP, m.smb2_tree(2, 0)), (RESP, m.smb1_tree(b"IPC", 0))]
    for side in (ORIG, RESP):
        replay([*tree, (side, m.smb1(command, octets))])
        replay([*tree, (side, m.smb2(command % 20, octets))])
