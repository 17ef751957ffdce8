from __future__ import annotations

from parsers.services.ftp import Ftp
from parsers.services.parser import ORIG, RESP
from tests.parsers.services.terminal_talk import commands, logons, read

GREETING = (RESP, b"220 ready\r\n")
LOGON = (
    GREETING,
    (ORIG, b"USER bob\r\n"),
    (RESP, b"331 password?\r\n"),
    (ORIG, b"PASS hunter2\r\n"),
)


def test_the_reply_to_the_password_decides():
    let_in = read(Ftp(), (*LOGON, (RESP, b"230-hello\r\n230 in\r\n")))
    refused = read(Ftp(), (*LOGON, (RESP, b"530 no\r\n")))

    assert logons(let_in.rows) == [("bob", "password", "success")]
    assert logons(refused.rows) == [("bob", "password", "failed")]
    assert refused.rows[0][1]["detail"] == "530 no"
    assert "hunter" not in str(let_in.rows + refused.rows)


def test_a_name_that_needs_no_password_is_let_in():
    parser = read(Ftp(), (GREETING, (ORIG, b"USER ftp\r\n"), (RESP, b"230 in\r\n")))
    assert logons(parser.rows) == [("ftp", "none", "success")]


def test_what_is_done_with_files_is_told_with_its_last_reply():
    said = (
        *LOGON,
        (RESP, b"230 in\r\n"),
        (ORIG, b"PASV\r\nSTOR shell.php\r\nsite exec id\r\nDELE a\r\n"),
        (RESP, b"227 (1,2,3,4,5,6)\r\n150 go\r\n226 done\r\n200 uid=0\r\n"),
    )
    assert commands(read(Ftp(), said).rows) == [
        ("STOR shell.php", "226 done"),
        ("SITE exec id", "200 uid=0"),
        ("DELE a", None),
    ]


def test_where_tls_begins_what_was_told_stays():
    said = (GREETING, (ORIG, b"LIST\r\nAUTH TLS\r\n"), (RESP, b"530 no\r\n234 go\r\n"))
    parser = Ftp()
    for side, octets in said:
        parser.data(side, octets, 1)

    assert parser.tls_begins
    assert commands(parser.rows) == [("LIST", "530 no")]
